//! Pages of a class: one of it all, and of each submission one for the instructor and one for the student.
//!
//! Pages are made of the lines of `results.jsonl` and of nothing else, and anew by every run.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use ipclab_report::{Audience, Class, Member, Outcome, SourceFile, Standing, csv, html};

use super::results::{Line, Results, StoredResult};
use crate::results_folder::ResultsFolder;
use ipclab_intake::failure::Failure;

/// The page of the class.
pub(super) const CLASS: &str = "report.html";
/// Pages for the instructor.
pub(super) const SUBMISSIONS: &str = "submissions";
/// Pages for students: without what they may not see, and without a way to others' results.
const FEEDBACK: &str = "feedback";

/// Writes the pages of all submissions, and the table.
///
/// # Errors
/// The disk's.
pub(super) fn write(out: &ResultsFolder, results: &Results, class: &Class) -> Result<(), Failure> {
    let lines: Vec<&StoredResult> = results.all().map(|(_, kept)| kept).collect();
    let mut names = write_each(out, results, &lines, class)?;
    for member in &class.submissions {
        if let (Standing::NotGraded(why), None) = (&member.standing, results.get(&member.who.id)) {
            let outcome = Outcome::NotGraded(why.clone());
            names.insert(write_both(out, class, member, outcome, &[])?);
        }
    }
    for folder in [SUBMISSIONS, FEEDBACK] {
        clear(out, folder, &names);
    }
    out.write("class.csv", &csv::class(class))
}

/// The pages of each submission, as many at a time as there are processors: nothing else is left to do. Gives their names.
fn write_each(
    out: &ResultsFolder,
    results: &Results,
    lines: &[&StoredResult],
    class: &Class,
) -> Result<BTreeSet<String>, Failure> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = lines.len().div_ceil(processors).max(1);
    thread::scope(|scope| {
        let writers: Vec<_> = lines
            .chunks(share)
            .map(|lines| {
                scope.spawn(|| {
                    let names = lines.iter().map(|kept| {
                        let Line { entry, code, .. } = results.line(kept)?;
                        let known = class
                            .submissions
                            .binary_search_by(|member| member.who.id.cmp(&entry.who.id));
                        let member = match known {
                            Ok(at) => class.submissions[at].clone(),
                            Err(_) => entry.member(),
                        };
                        write_both(out, class, &member, entry.outcome, &code)
                    });
                    names.collect::<Result<Vec<String>, Failure>>()
                })
            })
            .collect();
        let mut names = BTreeSet::new();
        for writer in writers {
            names.extend(writer.join().unwrap_or_else(|why| resume_unwind(why))?);
        }
        Ok(names)
    })
}

/// The two pages of one submission. Gives their name.
fn write_both(
    out: &ResultsFolder,
    class: &Class,
    member: &Member,
    outcome: Outcome,
    code: &[SourceFile],
) -> Result<String, Failure> {
    let name = format!("{}.html", member.who.page);
    let whole = html::submission(
        class,
        member,
        &outcome,
        html::Reader::Staff {
            class_page: &format!("../{CLASS}"),
            code,
        },
    );
    out.write_page(&format!("{SUBMISSIONS}/{name}"), &whole)?;
    let report = match outcome {
        Outcome::Report(report) => Outcome::Report(Box::new(report.seen_by(Audience::Students))),
        not_graded @ Outcome::NotGraded(_) => not_graded,
    };
    let own = html::submission(class, member, &report, html::Reader::Student);
    out.write_page(&format!("{FEEDBACK}/{name}"), &own)?;
    Ok(name)
}

/// Removes pages of submissions that have gone; no page links one that cannot be removed.
fn clear(out: &ResultsFolder, folder: &str, names: &BTreeSet<String>) {
    for entry in fs::read_dir(out.path(folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") && !names.contains(&name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
