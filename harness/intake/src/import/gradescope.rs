//! Gradescope: `submission_metadata.yml` beside a folder for each submission.
//!
//! The metadata has keys as Ruby writes symbols: `:submitters`, each with `:name` and `:sid`.

use std::collections::BTreeMap;
use std::fs;

use ipclab_report::{Line, Student};
use serde::Deserialize;

use super::found::{Found, From};
use super::listing::Listing;
use crate::failure::{Failure, reason};
use crate::show;

/// What the metadata is called.
pub(super) const METADATA: &str = "submission_metadata.yml";
/// Metadata repeats what was graded before, so that of a large class has some megabytes.
const METADATA_MAX: u64 = 256 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct About {
    #[serde(rename = ":submitters")]
    submitters: Vec<Submitter>,
    #[serde(rename = ":created_at")]
    created_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Submitter {
    #[serde(rename = ":name")]
    name: Option<String>,
    #[serde(rename = ":sid")]
    sid: Option<String>,
    #[serde(rename = ":email")]
    email: Option<String>,
}

/// Finds the submissions.
///
/// # Errors
/// The metadata cannot be read, or is none.
pub(super) fn find(listing: &Listing, notes: &mut Vec<String>) -> Result<Vec<Found>, Failure> {
    let path = listing.folder.join(METADATA);
    let display = show::path(&path);
    let failed = |why: &str| Failure::usage(format!("reading {display}: {why}"));
    let size = fs::symlink_metadata(&path).map_or(0, |about| about.len());
    if size > METADATA_MAX {
        return Err(failed("it is larger than any class's"));
    }
    let text = fs::read(&path).map_err(|error| failed(&reason(&error)))?;
    let text = String::from_utf8_lossy(&text);
    let mut about = read(&text).map_err(|error| {
        failed(&error)
            .remedy("export the submissions again, or grade the folders alone: --from folders")
    })?;
    let mut found = Vec::new();
    for (name, path) in listing.folder_names() {
        let mut one = Found::new(&name, From::Folder(path.clone()));
        match about.remove(&name) {
            Some(about) => describe(&mut one, &about),
            None => notes.push(format!("{METADATA} says nothing of {}", Line::new(&name))),
        }
        found.push(one);
    }
    for (name, about) in about {
        let mut one = Found::new(
            &name,
            From::Nothing(format!("{METADATA} names it, and there is no such folder")),
        );
        describe(&mut one, &about);
        found.push(one);
    }
    Ok(found)
}

fn describe(one: &mut Found, about: &About) {
    for submitter in &about.submitters {
        let id = |id: &Option<String>| id.clone().unwrap_or_default();
        *one = std::mem::take(one).by(
            submitter.name.as_deref(),
            &[
                (Student::NUMBER, id(&submitter.sid).as_str()),
                (Student::EMAIL, id(&submitter.email).as_str()),
            ],
        );
    }
    if let Some(at) = &about.created_at {
        one.who.about.insert(Line::new("handed in"), Line::new(at));
        one.who.timing.handed_in = Some(Line::new(at));
    }
}

fn read(text: &str) -> Result<BTreeMap<String, About>, String> {
    serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| error.to_string().lines().next().unwrap_or("").to_owned())
}

fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    // The size is bounded by the file's, which is the instructor's own download.
    options.budget = None;
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_whatever_else_stands_in_it() {
        let text = "---\nsubmission_11:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: 0042\n    :email: ada@example.edu\n  \
            - :name: \"Bob: B.\"\n    :sid: null\n  :created_at: 2026-03-01 10:00:00.000000000 -08:00\n  :score: 5.0\n  \
            :status: processed\n  :results: &r\n    tests:\n    - name: a\n  :history:\n  - :results: *r\nsubmission_12:\n  :submitters: []\n";
        let about = read(text).unwrap();
        let first = &about["submission_11"];
        assert_eq!(first.submitters[0].name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(first.submitters[0].sid.as_deref(), Some("0042"));
        assert_eq!(first.submitters[1].name.as_deref(), Some("Bob: B."));
        assert_eq!(first.submitters[1].sid, None);
        assert!(
            first
                .created_at
                .as_deref()
                .unwrap()
                .starts_with("2026-03-01")
        );
        assert!(about["submission_12"].submitters.is_empty());
    }

    #[test]
    fn what_is_no_metadata_is_said_in_one_line() {
        let error = read("- a\n- b\n").unwrap_err();
        assert!(!error.is_empty() && !error.contains('\n'), "{error:?}");
        assert!(read("submission_1: [").is_err());
    }
}
