//! Moodle: `FULL NAME_ID_assignsubmission_file`, as a folder of files or before the name of every file.
//!
//! With blind marking the name is `Participant`; for a team the group's name stands before the student's, or alone. Names
//! may hold underscores, so everything is taken from the right.

use std::collections::BTreeMap;

use ipclab_report::{Line, Student};

use super::found::{Found, From, text};
use super::listing::Listing;

const MARK: &str = "_assignsubmission_";

/// A name, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    name: &'a str,
    id: &'a str,
    /// `file`, `onlinetext`
    plugin: &'a str,
    /// What follows, in the form without folders.
    file: &'a str,
}

/// Whether anything is called like this.
pub(super) fn is_likely(listing: &Listing) -> bool {
    let mut names = listing
        .folder_names()
        .chain(listing.file_names())
        .map(|(name, _)| name);
    names.any(|name| parts(&name).is_some())
}

/// Finds the submissions.
pub(super) fn find(listing: &Listing, notes: &mut Vec<String>) -> Vec<Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let folders = listing.folder_names().map(|entry| (entry, true));
    let files = listing.file_names().map(|entry| (entry, false));
    for ((name, path), is_folder) in folders.chain(files) {
        let Some(parts) = parts(&name) else {
            notes.push(format!(
                "{} is not called like a submission of Moodle and was left out",
                Line::new(&name)
            ));
            continue;
        };
        let id = format!("{}_{}", parts.name, parts.id);
        let one = found.entry(id.clone()).or_insert_with(|| {
            let nothing = From::Nothing("online text was handed in, and no file".to_owned());
            let blind = parts.name == "Participant";
            let mut one = Found::new(&id, nothing).by(
                (!blind).then_some(parts.name),
                &[(Student::MOODLE, parts.id)],
            );
            let prefix = format!("{}_{}{MARK}file", parts.name, parts.id);
            one.who.returns_as = Some(Line::new(&prefix));
            // A team's: GROUP-NAME. A hyphen may be the student's own, so a roster is asked about either.
            if let Some((_, rest)) = parts.name.split_once('-') {
                one.names.push(rest.to_owned());
            }
            one
        });
        if parts.plugin != "file" {
            one.who.notes.push(Line::new(&format!(
                "there is {} beside what is graded",
                parts.plugin
            )));
        } else if let From::Folder(first) = &one.from {
            // Moodle never does this: the instructor put two downloads together.
            let first = text(first.file_name().unwrap_or_default());
            let name = Line::new(&name);
            one.who.notes.push(Line::new(&format!(
                "{name} was left out: {first} is graded"
            )));
        } else if is_folder {
            one.from = From::Folder(path.clone());
        } else if let From::Files(files) = &mut one.from {
            files.push((path.clone(), parts.file.to_owned()));
        } else {
            one.from = From::Files(vec![(path.clone(), parts.file.to_owned())]);
        }
    }
    found.into_values().collect()
}

fn parts(whole: &str) -> Option<Parts<'_>> {
    let at = whole.find(MARK)?;
    let (name, id) = whole[..at].rsplit_once('_')?;
    let rest = &whole[at + MARK.len()..];
    let (plugin, file) = rest.split_once('_').unwrap_or((rest, ""));
    let number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    (number && !name.is_empty() && !plugin.is_empty()).then_some(Parts {
        name,
        id,
        plugin,
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_from_the_right() {
        let check = |name: &str, expect: Option<(&str, &str, &str, &str)>| {
            let expect = expect.map(|(name, id, plugin, file)| Parts {
                name,
                id,
                plugin,
                file,
            });
            assert_eq!(parts(name), expect, "{name}");
        };
        check(
            "Jane Doe_17_assignsubmission_file",
            Some(("Jane Doe", "17", "file", "")),
        );
        check(
            "Jane Doe_17_assignsubmission_file_",
            Some(("Jane Doe", "17", "file", "")),
        );
        check(
            "Participant_99_assignsubmission_file_",
            Some(("Participant", "99", "file", "")),
        );
        check(
            "Team_A-Ann_B_3_assignsubmission_file",
            Some(("Team_A-Ann_B", "3", "file", "")),
        );
        check(
            "Jörg Müller_5_assignsubmission_file_my_server.c",
            Some(("Jörg Müller", "5", "file", "my_server.c")),
        );
        check(
            "Jane Doe_17_assignsubmission_onlinetext_onlinetext.html",
            Some(("Jane Doe", "17", "onlinetext", "onlinetext.html")),
        );
        check("Jane Doe_assignsubmission_file", None);
        check("Jane Doe_x_assignsubmission_file", None);
        check("Jane Doe_17", None);
    }
}
