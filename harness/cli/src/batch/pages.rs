//! What people read of a class: a page of it, and of each submission one for whoever set the lab and one for the student.
//!
//! Pages are made of the lines of `results.jsonl` and of nothing else, one after another, and anew by every run.

use std::collections::BTreeSet;
use std::fs;

use ipclab_report::{Audience, Class, Entry, Outcome, csv, html};

use super::key::made_by;
use super::results::Results;
use crate::failure::Failure;
use crate::out::Out;

/// The page of the class.
pub(super) const CLASS: &str = "report.html";
/// Pages for whoever set the lab.
const SUBMISSIONS: &str = "submissions";
/// Pages for students: without what they may not see, and without a way to others' results.
const FEEDBACK: &str = "feedback";

/// Writes all pages. `settings` are those by which a line was made that counts.
///
/// # Errors
/// The disk's.
pub(super) fn write(
    out: &Out,
    results: &Results,
    class: &Class,
    settings: &str,
) -> Result<(), Failure> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (_, kept) in results
        .all()
        .filter(|(_, kept)| made_by(settings, &kept.key))
    {
        let Entry { who, outcome } = results.line(kept)?.entry;
        let name = format!("{}.html", who.page);
        let whole = html::submission(&who, &outcome, Some(&format!("../{CLASS}")));
        out.write_page(&format!("{SUBMISSIONS}/{name}"), &whole)?;
        let seen = match outcome {
            Outcome::Report(report) => {
                Outcome::Report(Box::new(report.seen_by(Audience::Students)))
            }
            not_graded @ Outcome::NotGraded(_) => not_graded,
        };
        let own = html::submission(&who, &seen, None);
        out.write_page(&format!("{FEEDBACK}/{name}"), &own)?;
        names.insert(name);
    }
    for folder in [SUBMISSIONS, FEEDBACK] {
        clear(out, folder, &names);
    }
    out.write("class.csv", &csv::class(class))?;
    out.write(CLASS, &html::class(class, SUBMISSIONS))
}

/// Removes pages of submissions that have gone; one that cannot be removed is linked by nobody.
fn clear(out: &Out, folder: &str, names: &BTreeSet<String>) {
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
