//! The end of a run: from the lines of `results.jsonl` to what people and other systems read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};

use ipclab_report::{
    Class, ClassCase, ClassSchema, Line, Member, NotGraded, Settled, Standing, html,
};
use serde::Serialize;

use super::alike;
use super::key::Settings;
use super::manifest::{self, CLASS, How, Origin, Role, Run, read_class};
use super::pages;
use super::results::{self, Results, StoredResult};
use super::settling::Settling;
use super::shard::Shard;
use super::summary::{NOT_YET, Summary};
use crate::results_folder::ResultsFolder;
use ipclab_grade::grade::Grader;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::import;
use ipclab_intake::show::path as display;

/// Results of submissions that are no longer there.
const LEFT_OUT: &str = "left-out.jsonl";

/// What there is to finish.
pub(super) struct Finish<'a> {
    pub(super) out: &'a ResultsFolder,
    pub(super) grader: &'a Grader<'a>,
    pub(super) settings: &'a Settings,
    pub(super) class: &'a import::Class,
    pub(super) shard: Option<Shard>,
    pub(super) settling: &'a Settling,
    pub(super) origin: Option<Origin>,
    pub(super) role: Role,
    /// Whether results of submissions that are no longer there are left out.
    pub(super) leave_out: bool,
    pub(super) kept: usize,
    pub(super) spared: usize,
}

/// The result of a run over a class.
pub(super) struct Outcome {
    pub(super) notes: Vec<String>,
    pub(super) class: Class,
    pub(super) about: Run,
    pub(super) text: String,
    pub(super) exit_code: u8,
}

/// Writes everything, and says what came of it.
///
/// # Errors
/// The disk's.
pub(super) fn finish(run: &Finish<'_>) -> Result<Outcome, Failure> {
    let out = run.out;
    let lab = run.grader.lab;
    let settings = run.settings.as_str();
    let mut notes = Vec::new();
    let results = Results::read_only(&out.path(""), settings)?;
    let there: BTreeSet<&str> = run
        .class
        .found
        .iter()
        .map(|found| found.who.id.as_str())
        .collect();
    let (present, gone): (Vec<_>, Vec<_>) = results
        .all()
        .partition(|(id, _)| there.contains(id.as_str()));
    // A mark stays until the instructor says otherwise: the class may lie elsewhere now, or only a part of it.
    let (stays, goes): (Vec<_>, Vec<_>) = gone
        .into_iter()
        .partition(|(_, kept)| kept.graded && !run.leave_out);
    notes.extend(leave_out(out, &results, &goes)?);
    let stay: Vec<&str> = stays.iter().map(|(id, _)| id.as_str()).collect();
    let stay = (!stay.is_empty()).then(|| {
        format!(
            "marks of submissions that are no longer there stay as they are: {}",
            names(&stay)
        )
    });
    notes.extend(
        stay.iter()
            .map(|stay| format!("note: {stay} (--replace leaves them out)")),
    );
    set_apart(out, &results)?;
    let mut lines: Vec<_> = present.into_iter().chain(stays).collect();
    lines.sort_by_key(|(id, _)| *id);
    out.write_by(results::NAME, |file| copy(&results, &lines, file))?;

    let results = Results::read_only(&out.path(""), settings)?;
    let cases = run.grader.cases()?;
    let class_notes = run.class.notes.iter().map(|note| Line::new(note));
    let mut class = Class {
        schema: ClassSchema,
        lab: Line::new(&lab.spec.lab),
        title: Line::new(&lab.spec.title),
        unit: lab.spec.unit.iter().map(|text| Line::new(text)).collect(),
        max: cases.iter().map(|case| case.points.max()).sum(),
        cases: cases.iter().map(|case| ClassCase::of(case)).collect(),
        submissions: Vec::new(),
        missing: run.class.missing.clone(),
        not_handed_in: run.settling.rules.not_handed_in,
        notes: class_notes
            .chain(stay.iter().map(|stay| Line::new(stay)))
            .collect(),
        alike: None,
        // The changes of the last regrade stay on the page until the next one.
        regrade: match run.role {
            Role::Marks => read_class(&out.path(""))
                .ok()
                .and_then(|class| class.regrade),
            Role::Look | Role::Proposal | Role::Replaced => None,
        },
    };
    let about = Run {
        schema: manifest::SCHEMA.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        lab: lab.spec.lab.clone(),
        settings: settings.to_owned(),
        system: run.class.system.name().to_owned(),
        submissions: run.class.found.len(),
        ids: run
            .class
            .found
            .iter()
            .map(|found| found.who.id.to_string())
            .collect(),
        origin: run.origin.clone(),
        shard: run.shard.map(|shard| shard.to_string()),
        how: Some(How {
            role: run.role,
            ..run.settings.how.clone()
        }),
    };
    let mine = |found: &&import::Found| run.shard.is_none_or(|shard| shard.has(&found.who.id));
    let mine: Vec<&import::Found> = run.class.found.iter().filter(mine).collect();
    let tried = mine
        .iter()
        .filter(|found| results.get(&found.who.id).is_some());
    let (expected, yet) = match run.role {
        // A look is at those that were asked for.
        Role::Look => (tried.count(), 0),
        Role::Marks | Role::Proposal | Role::Replaced => {
            let yet = mine.len() - tried.count();
            let untried = mine
                .iter()
                .filter(|found| results.get(&found.who.id).is_none());
            class.submissions.extend(untried.map(|found| Member {
                who: found.who.clone(),
                standing: Standing::NotGraded(NotGraded {
                    why: Line::new(NOT_YET),
                    ours: true,
                }),
                settled: Settled::default(),
            }));
            (mine.len(), yet)
        }
    };
    notes.extend(write(out, &results, &mut class, &about, run.settling)?);
    let summary = Summary {
        out,
        class: &class,
        expected,
        yet,
        kept: run.kept,
        spared: run.spared,
    };
    let (text, exit_code) = (summary.text(), summary.exit_code());
    Ok(Outcome {
        notes,
        text,
        exit_code,
        class,
        about,
    })
}

/// The first of some names.
fn names(all: &[&str]) -> String {
    let more = if all.len() > 5 { ", ..." } else { "" };
    let first: Vec<&str> = all.iter().copied().take(5).collect();
    format!("{}{more}", first.join(", "))
}

/// Puts results by other settings into folders of their own, before the file is written anew: they are not of this
/// grading, and each can be gone on with.
pub(super) fn set_apart(out: &ResultsFolder, results: &Results) -> Result<(), Failure> {
    for (settings, lines) in results.others() {
        let apart = out.part(&grading(settings))?;
        append(&apart, results::NAME, results, &lines)?;
    }
    Ok(())
}

/// Where the results by some settings stand that are not those of the class.
pub(super) fn grading(settings: &str) -> String {
    format!("gradings/{settings}")
}

/// Gathers the members of a class from its lines, one after another since whole reports are large, puts the instructor's word
/// beside them, and writes everything that is made of the lines. Gives what is to be known.
///
/// # Errors
/// The disk's.
pub(super) fn write(
    out: &ResultsFolder,
    results: &Results,
    class: &mut Class,
    about: &Run,
    settling: &Settling,
) -> Result<Vec<String>, Failure> {
    let mut prints = Vec::new();
    for (_, kept) in results.all() {
        let line = results.line(kept)?;
        prints.push((line.entry.who.id.clone(), line.print));
        class.submissions.push(line.entry.member());
    }
    class.submissions.sort_by(|a, b| a.who.id.cmp(&b.who.id));
    class.alike = alike::among(&prints);
    drop(prints);
    let told = settling.settle(class);
    write_json(out, CLASS, class)?;
    pages::write(out, results, class)?;
    out.write(pages::CLASS, &html::class(class, pages::SUBMISSIONS))?;
    write_json(out, manifest::RUN, about)?;
    Ok(told
        .into_iter()
        .map(|told| format!("note: {told}"))
        .collect())
}

/// Writes the class in short and its page anew.
pub(super) fn write_class(out: &ResultsFolder, class: &Class) -> Result<(), Failure> {
    write_json(out, CLASS, class)?;
    out.write(pages::CLASS, &html::class(class, pages::SUBMISSIONS))
}

/// Piece by piece: as one text, a large class's would be several times as large as the class.
fn write_json(out: &ResultsFolder, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    out.write_by(name, |mut file| {
        serde_json::to_writer_pretty(&mut file, value)?;
        file.write_all(b"\n")
    })
}

/// Writes lines, in this order.
pub(super) fn copy(
    results: &Results,
    kept: &[(&String, &StoredResult)],
    file: &mut dyn Write,
) -> io::Result<()> {
    for (_, kept) in kept {
        file.write_all(&results.bytes(kept)?)?;
    }
    Ok(())
}

/// Puts results aside whose submissions are no longer there: nothing that was graded is thrown away. Gives what is to be
/// said about it.
fn leave_out(
    out: &ResultsFolder,
    results: &Results,
    gone: &[(&String, &StoredResult)],
) -> Result<Option<String>, Failure> {
    if gone.is_empty() {
        return Ok(None);
    }
    append(out, LEFT_OUT, results, gone)?;
    let ids: Vec<&str> = gone.iter().map(|(id, _)| id.as_str()).collect();
    Ok(Some(format!(
        "note: results of submissions that are no longer there were moved to {}: {}",
        out.display(LEFT_OUT),
        names(&ids)
    )))
}

/// Adds lines to a file.
fn append(
    out: &ResultsFolder,
    name: &str,
    results: &Results,
    lines: &[(&String, &StoredResult)],
) -> Result<(), Failure> {
    let path = out.path(name);
    let file = File::options().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| {
        copy(results, lines, &mut file)?;
        file.sync_data()
    });
    written
        .map_err(|error| Failure::unable(format!("writing {}: {}", display(&path), reason(&error))))
}
