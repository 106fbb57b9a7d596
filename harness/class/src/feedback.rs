//! `ipclab export canvas-feedback|moodle-feedback`: a zip that a course system gives back to its students, each file under the
//! name that the system knows the submission by.
//!
//! Canvas reads the numbers of the student and of a file that was handed in out of a name (`doejane_101_5001_iserver.c`), and
//! shows the feedback under the name of that file, whatever it is: so it is plain text. Moodle reads the folder's name (`Jane
//! Doe_17_assignsubmission_file`) and keeps the names of files: so it is a page.

use std::io::{self, Cursor, Write};
use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_report::terminal::{self, Style};
use ipclab_report::{Audience, Class, Member, Outcome, called, html};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::batch::manifest::Run;
use crate::batch::results::Results;

/// Systems that take feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Canvas: "Upload Submissions".
    Canvas,
    /// Moodle: "Upload multiple feedback files in a zip".
    Moodle,
}

/// A zip, and what is to be known about it.
pub(crate) struct Feedback {
    pub(crate) bytes: Vec<u8>,
    pub(crate) notes: Vec<String>,
}

/// The feedback of a class that lies in a folder of results.
///
/// # Errors
/// The class came from another system, or a result cannot be read.
pub(crate) fn feedback(folder: &Path, class: &Class, system: System) -> Result<Feedback, Failure> {
    let run = Run::read(folder)?;
    let name = match system {
        System::Canvas => "Canvas",
        System::Moodle => "Moodle",
    };
    if let Some(run) = run.as_ref().filter(|run| run.system != name) {
        return Err(Failure::usage(format!(
            "this class came from {}, and {name} would not know its submissions",
            run.system
        ))
        .remedy(format!(
            "grade what {name} lets you download, or send the pages in feedback/ in another way"
        )));
    }
    let results = Results::read_only(folder, run.as_ref().map_or("", |run| run.settings.as_str()))?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let (mut written, mut nameless, mut ungraded) = (0, Vec::new(), Vec::new());
    for member in &class.submissions {
        let Some(returns_as) = &member.who.returns_as else {
            nameless.push(member.who.id.to_string());
            continue;
        };
        let Some(stored) = results.stored(&member.who.id) else {
            ungraded.push(member.who.id.to_string());
            continue;
        };
        let outcome = match results.line(&stored)?.entry.outcome {
            Outcome::Report(report) => {
                Outcome::Report(Box::new(report.seen_by(Audience::Students)))
            }
            // Trouble of ours is no feedback for anybody.
            Outcome::NotGraded(why) if why.ours => {
                ungraded.push(member.who.id.to_string());
                continue;
            }
            not_graded @ Outcome::NotGraded(_) => not_graded,
        };
        let (path, text) = match system {
            System::Canvas => (
                format!("{returns_as}-feedback.txt"),
                text(class, member, &outcome),
            ),
            System::Moodle => (
                format!("{returns_as}/feedback-{}.html", class.lab),
                html::submission(class, member, &outcome, html::Reader::Student),
            ),
        };
        add(&mut archive, &path, &text)
            .map_err(|error| Failure::unable(format!("making the zip: {error}")))?;
        written += 1;
    }
    let archive = archive
        .finish()
        .map_err(|error| Failure::unable(format!("making the zip: {error}")))?;
    let mut notes = vec![format!("feedback of {written} submissions")];
    for (who, why) in [
        (
            nameless,
            "without a file that the system would know them by",
        ),
        (ungraded, "not graded, and left out"),
    ] {
        if !who.is_empty() {
            notes.push(format!("{why}: {}", who.join(", ")));
        }
    }
    Ok(Feedback {
        bytes: archive.into_inner(),
        notes,
    })
}

fn add(archive: &mut ZipWriter<Cursor<Vec<u8>>>, path: &str, text: &str) -> io::Result<()> {
    archive.start_file(path, SimpleFileOptions::default())?;
    archive.write_all(text.as_bytes())
}

/// The report as text, with what stands beside it.
fn text(class: &Class, member: &Member, outcome: &Outcome) -> String {
    let mut text = format!("{}\n", called(&member.who));
    let said = member.said_to_students(class);
    for line in &said {
        text.push_str(&format!("{line}\n"));
    }
    text.push('\n');
    match outcome {
        Outcome::Report(report) => text.push_str(&terminal::render(
            report,
            &Style {
                width: 100,
                ..Style::default()
            },
        )),
        Outcome::NotGraded(why) => text.push_str(&format!(
            "{}\nHand it in again as the lab's text says.\n",
            why.why
        )),
    }
    text
}
