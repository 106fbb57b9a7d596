//! `ipclab merge`: parts of a class that were graded apart, brought together.
//!
//! The result is what one machine would have written, but for the times. Where two parts say different things about one
//! submission, nothing is merged: the instructor has to look.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ipclab_report::{Changes, Class, Regrade};

use super::finish;
use super::manifest::{CLASS, RUN, Role, Run};
use super::marks::{Marks, SHOWN};
use super::results::{self, Line, Results, StoredResult};
use super::settling::Settling;
use super::summary::Summary;
use super::unfinished::unfinished;
use crate::finished::Finished;
use crate::results_folder::ResultsFolder;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;

const REMEDY: &str = "name folders that `ipclab grade` wrote and finished";

/// One part.
struct Part {
    folder: PathBuf,
    run: Run,
    class: Class,
    results: Results,
}

/// Merges folders of results. `replace`: marks that are in `into` already may change.
///
/// # Errors
/// One of them is none, they do not belong together, they contradict each other, or a mark in `into` would change.
pub fn merge(folders: &[PathBuf], into: &Path, replace: bool) -> Result<Finished, Failure> {
    let parts = folders
        .iter()
        .map(|folder| Part::read(folder))
        .collect::<Result<Vec<Part>, Failure>>()?;
    let [first, rest @ ..] = parts.as_slice() else {
        return Err(Failure::usage("there is nothing to merge"));
    };
    for part in rest {
        first.belongs_with(part)?;
    }
    let chosen = choose(&parts)?;
    for folder in folders {
        if folder.canonicalize().ok() == into.canonicalize().ok() {
            return Err(Failure::usage(format!(
                "{} is one of what is to be merged",
                display(folder)
            ))
            .remedy("name another folder with -o"));
        }
    }
    let out = ResultsFolder::open(into, Path::new("/nowhere"))?;
    let settling = Settling::read(&out.path(""))?;
    let changes = keep_marks(&out, &parts, &chosen, &settling, replace)?;
    out.write_by(results::NAME, |file| {
        for (part, kept) in chosen.values() {
            file.write_all(&parts[*part].results.bytes(kept)?)?;
        }
        Ok(())
    })?;
    let results = Results::read_only(&out.path(""), &first.run.settings)?;
    let mut class = first.class.clone();
    class.submissions.clear();
    class.regrade = changes.map(|changes| Regrade {
        by: "merged parts".into(),
        taken: true,
        changes,
    });
    let about = Run {
        shard: None,
        ..first.run.clone()
    };
    let mut notes = finish::write(&out, &results, &mut class, &about, &settling)?;
    notes.extend(overlaps(&parts));
    let absent = about.submissions.saturating_sub(class.submissions.len());
    if absent > 0 {
        notes.push(format!(
            "ipclab: {absent} of {} submissions are in none of these parts: {}",
            about.submissions,
            missing(&parts, &chosen)
        ));
    }
    let summary = Summary {
        out: &out,
        class: &class,
        expected: about.submissions,
        yet: absent,
        kept: 0,
        spared: 0,
    };
    Ok(Finished {
        notes,
        text: summary.text(),
        exit_code: summary.exit_code(),
    })
}

/// Says which submissions are in several parts: no mistake as long as the parts say the same of them.
fn overlaps(parts: &[Part]) -> Option<String> {
    let mut in_parts: BTreeMap<&String, usize> = BTreeMap::new();
    for (id, _) in parts.iter().flat_map(|part| part.results.all()) {
        *in_parts.entry(id).or_default() += 1;
    }
    let several = in_parts.iter().filter(|(_, parts)| **parts > 1);
    let several: Vec<&str> = several.map(|(id, _)| id.as_str()).collect();
    (!several.is_empty()).then(|| {
        format!(
            "note: {} submissions are in several of these parts, with the same marks: {}",
            several.len(),
            some(&several)
        )
    })
}

/// What no part holds: the parts of the class that are missing, else the submissions.
fn missing(parts: &[Part], chosen: &BTreeMap<String, (usize, StoredResult)>) -> String {
    let there: Vec<&str> = parts
        .iter()
        .filter_map(|part| part.run.shard.as_deref())
        .collect();
    let of = there.first().and_then(|shard| shard.split_once('/'));
    let of: u16 = of.and_then(|(_, of)| of.parse().ok()).unwrap_or(0);
    let absent = (1..=of).map(|number| format!("{number}/{of}"));
    let absent: Vec<String> = absent
        .filter(|shard| !there.contains(&shard.as_str()))
        .collect();
    let ids = parts.iter().flat_map(|part| &part.run.ids);
    let mut ids: Vec<&str> = ids
        .filter(|id| !chosen.contains_key(*id))
        .map(String::as_str)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let named = match ids.is_empty() {
        true => String::new(),
        false => some(&ids),
    };
    match (absent.is_empty(), named.is_empty()) {
        (true, true) => format!("these parts are {}", there.join(", ")),
        (true, false) => named,
        (false, true) => format!("--shard {} is missing", absent.join(" and ")),
        (false, false) => format!("--shard {} is missing ({named})", absent.join(" and ")),
    }
}

/// The first of some names.
fn some(all: &[&str]) -> String {
    let more = match all.len().saturating_sub(10) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", all[..all.len().min(10)].join(", "))
}

/// Sees to it that no mark that stands in the folder is replaced in silence. Gives what the parts change.
fn keep_marks(
    out: &ResultsFolder,
    parts: &[Part],
    chosen: &BTreeMap<String, (usize, StoredResult)>,
    settling: &Settling,
    replace: bool,
) -> Result<Option<Changes>, Failure> {
    let Some(marks) = Marks::read(&out.path(""))? else {
        return Ok(None);
    };
    let mut merged = parts[0].class.clone();
    merged.submissions.clear();
    for (part, kept) in chosen.values() {
        let line = parts[*part].results.line(kept)?;
        merged.submissions.push(line.entry.member());
    }
    settling.settle(&mut merged);
    let changes = Changes::between(&marks.settled(settling), &merged);
    if changes.of_marks().next().is_some() && !replace {
        return Err(Failure::usage(format!(
            "{} has marks that these parts would change or take away:\n{}",
            out.name(),
            changes.text(SHOWN)
        ))
        .remedy("name another folder with -o, or let these take the place of the marks there with --replace"));
    }
    if marks.settings != parts[0].run.settings {
        marks.keep_apart(out, settling)?;
    }
    Ok((!changes.is_empty()).then_some(changes))
}

/// For every submission, the part that says it.
fn choose(parts: &[Part]) -> Result<BTreeMap<String, (usize, StoredResult)>, Failure> {
    let mut chosen: BTreeMap<String, (usize, StoredResult)> = BTreeMap::new();
    let mut conflicts: Vec<String> = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        for (id, kept) in part.results.all() {
            let Some((m, other)) = chosen.get(id) else {
                chosen.insert(id.clone(), (n, kept.clone()));
                continue;
            };
            match (other.graded, kept.graded) {
                // What one machine could not grade, another could.
                (false, true) => {
                    chosen.insert(id.clone(), (n, kept.clone()));
                }
                (true, false) | (false, false) => {}
                (true, true) => {
                    let one = parts[*m].results.line(other)?;
                    let two = part.results.line(kept)?;
                    if let Some(why) = contradiction(&one, &two) {
                        conflicts.push(format!(
                            "{id}: {why} in {} and {}",
                            display(&parts[*m].folder),
                            display(&part.folder)
                        ));
                    }
                }
            }
        }
    }
    if conflicts.is_empty() {
        return Ok(chosen);
    }
    let more = conflicts.len().saturating_sub(10);
    conflicts.truncate(10);
    let more = if more > 0 {
        format!("\n  ... and {more} more")
    } else {
        String::new()
    };
    Err(Failure::usage(format!(
        "these parts contradict each other:\n  {}{more}",
        conflicts.join("\n  ")
    ))
    .remedy("grade those anew with --regrade --only, or leave one of the folders out"))
}

/// Whether two results of one submission differ in what matters.
fn contradiction(one: &Line, two: &Line) -> Option<&'static str> {
    if one.key != two.key {
        return Some("what was handed in differs");
    }
    let marks = |line: &Line| match line.entry.member().standing {
        ipclab_report::Standing::Graded(summary) => {
            let cells = summary.cases.into_iter();
            Some(
                cells
                    .map(|cell| (cell.id, cell.verdict, cell.earned))
                    .collect::<Vec<_>>(),
            )
        }
        ipclab_report::Standing::NotGraded(_) => None,
    };
    (marks(one) != marks(two)).then_some("the marks differ")
}

impl Part {
    fn read(folder: &Path) -> Result<Self, Failure> {
        if let Some(failure) = unfinished(folder) {
            return Err(failure);
        }
        let run = Run::read(folder)?.ok_or_else(|| {
            Failure::usage(format!(
                "reading {}: no such file",
                display(&folder.join(RUN))
            ))
            .remedy(REMEDY)
        })?;
        if run.how.as_ref().is_some_and(|how| how.role != Role::Marks) {
            return Err(Failure::usage(format!(
                "{} has no marks of a class: it is a look at some of it, or another grading beside the marks",
                display(folder)
            ))
            .remedy(REMEDY));
        }
        Ok(Self {
            folder: folder.to_owned(),
            class: read(&folder.join(CLASS))?,
            results: Results::read_only(folder, &run.settings)?,
            run,
        })
    }

    /// Whether another part is of the same class, graded in the same way.
    fn belongs_with(&self, other: &Self) -> Result<(), Failure> {
        let (a, b) = (&self.run, &other.run);
        let differs = if a.lab != b.lab {
            format!("one is of the lab {}, the other of {}", a.lab, b.lab)
        } else if a.settings != b.settings {
            match (&a.how, &b.how) {
                (Some(a), Some(b)) => {
                    format!("the second was graded by {}", a.differs(b).join(", "))
                }
                _ => "they were graded with another version of the tool, another spec or other options"
                    .to_owned(),
            }
        } else if a.submissions != b.submissions {
            format!(
                "one is of a class of {}, the other of {}",
                a.submissions, b.submissions
            )
        } else if let Some(only) = only_in_one(&a.ids, &b.ids) {
            format!("{only} is in one of the classes only")
        } else {
            return Ok(());
        };
        Err(Failure::usage(format!(
            "{} and {} do not belong together: {differs}",
            display(&self.folder),
            display(&other.folder)
        ))
        .remedy("grade every part of one class with the same tool and the same options"))
    }
}

/// A submission that only one of two classes has, where both say what they have.
fn only_in_one<'a>(a: &'a [String], b: &'a [String]) -> Option<&'a String> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (one, two): (BTreeSet<&String>, BTreeSet<&String>) =
        (a.iter().collect(), b.iter().collect());
    one.symmetric_difference(&two).next().copied()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read(path).map_err(|error| {
        Failure::usage(format!("reading {}: {}", display(path), reason(&error))).remedy(REMEDY)
    })?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::usage(format!("reading {}: {error}", display(path))))
}
