//! A folder with a folder, an archive or C files for each student.

use std::collections::BTreeMap;

use ipclab_report::Line;

use super::archive;
use super::found::{ExpectedFiles, Found, From};
use super::listing::Listing;
use crate::failure::Failure;
use crate::show;

/// Finds the submissions.
///
/// # Errors
/// It looks like the work of one student.
pub(super) fn find(
    listing: &Listing,
    expected: &ExpectedFiles<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    let one = |name: &str, from: From| {
        let mut one = Found::new(name, from);
        one.names.push(name.to_owned());
        one
    };
    for (name, path) in listing.folder_names() {
        found.push(one(&name, From::Folder(path.clone())));
    }
    let mut sources: BTreeMap<String, Vec<(std::path::PathBuf, String)>> = BTreeMap::new();
    let mut whole: Vec<String> = Vec::new();
    for (name, path) in listing.file_names() {
        if archive::kind(&name).is_some() {
            let from = From::Files(vec![(path.clone(), name.clone())]);
            found.push(one(archive::stem(&name), from));
        } else if archive::is_foreign(&name) {
            found.push(one(&name, From::Nothing(foreign(&name))));
        } else if name.to_lowercase().ends_with(".c") {
            match student_and_source(&name, expected) {
                Some((student, source)) => sources
                    .entry(student)
                    .or_default()
                    .push((path.clone(), source)),
                None => whole.push(name),
            }
        } else {
            notes.push(format!("{} was left out", Line::new(&name)));
        }
    }
    if found.is_empty() && sources.is_empty() && !whole.is_empty() {
        return Err(Failure::usage(format!(
            "{} looks like the work of one student: {}",
            show::path(&listing.folder),
            whole.iter().map(|name| Line::new(name).to_string()).collect::<Vec<_>>().join(", ")
        ))
        .remedy(format!(
            "grade it alone with: ipclab check {}; single files of many students are called STUDENT_{}",
            show::path(&listing.folder),
            expected.sources.first().map_or("PROGRAM.c", String::as_str)
        )));
    }
    for name in whole {
        notes.push(format!(
            "{} was left out: nothing in its name says whose it is",
            Line::new(&name)
        ));
    }
    found.extend(
        sources
            .into_iter()
            .map(|(student, files)| one(&student, From::Files(files))),
    );
    Ok(found)
}

/// What is said of an archive that this tool does not open.
pub(super) fn foreign(name: &str) -> String {
    format!(
        "{} is not a kind of archive that can be opened here: hand in a zip or a tar.gz",
        Line::new(name)
    )
}

/// `ada_iserver.c` is Ada's `iserver.c`; where the lab has one program, `ada.c` is it.
fn student_and_source(name: &str, expected: &ExpectedFiles<'_>) -> Option<(String, String)> {
    let lower = name.to_lowercase();
    let mut best: Option<(String, String)> = None;
    for source in expected.sources {
        let Some(before) = lower.strip_suffix(&source.to_lowercase()) else {
            continue;
        };
        if before.is_empty() {
            return None;
        }
        let student = before.strip_suffix(['_', '-', '.', ' ']);
        // The longest source's name that fits: uc_server.c and not server.c.
        if let Some(student) = student.filter(|student| !student.is_empty())
            && best
                .as_ref()
                .is_none_or(|(_, other)| other.len() < source.len())
        {
            best = Some((name.get(..student.len())?.to_owned(), source.clone()));
        }
    }
    if best.is_some() {
        return best;
    }
    let stem = name.get(..name.len() - 2)?;
    let single = expected.single?;
    (!stem.is_empty()).then(|| (stem.to_owned(), single.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_files_name_says_whose_it_is() {
        let check = |name: &str, single: Option<&str>, expect: Option<(&str, &str)>| {
            let sources = ["uc_server.c", "server.c"].map(str::to_owned);
            let expected = ExpectedFiles {
                sources: &sources,
                single,
            };
            let expect = expect.map(|(student, source)| (student.to_owned(), source.to_owned()));
            assert_eq!(student_and_source(name, &expected), expect, "{name}");
        };
        check("ada_server.c", None, Some(("ada", "server.c")));
        check(
            "Ada Lovelace-UC_Server.C",
            None,
            Some(("Ada Lovelace", "uc_server.c")),
        );
        check("server.c", None, None);
        check("adaserver.c", None, None);
        check("ada.c", None, None);
        check("ada.c", Some("server.c"), Some(("ada", "server.c")));
        check(".c", Some("server.c"), None);
        check("_server.c", None, None);
    }
}
