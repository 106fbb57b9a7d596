//! Importing: from what a course system gives to download to the submissions in it.
//!
//! A class is looked at once ([`look`]): its names tell the system that it came from, the submissions and the students.
//! Nothing of a student's is opened then but for archives of a whole class, which are unpacked ([`class_archive`]). The
//! files of a submission are gathered when its turn comes ([`take_in`]), so that a hostile one is no trouble for the
//! others.

pub mod archive;
mod canvas;
mod class_archive;
mod fetch;
mod found;
mod github;
mod gradescope;
mod listing;
mod moodle;
mod plain;
mod roster;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ipclab_report::{Line, Student};

use crate::failure::Failure;
use crate::show;
use crate::store::Store;
pub use fetch::{Nothing, closed_archive, take_in};
pub use found::{ExpectedFiles, Found, From};
use listing::Listing;
pub use roster::Roster;

/// Where a class can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Canvas: "Download Submissions"
    Canvas,
    /// Moodle: "Download all submissions"
    Moodle,
    /// Gradescope: "Export Submissions"
    Gradescope,
    /// Clones of GitHub Classroom or Classroom 50
    Github,
    /// A folder with a folder, an archive or a .c file for each student
    Folders,
}

impl System {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Canvas => "Canvas",
            Self::Moodle => "Moodle",
            Self::Gradescope => "Gradescope",
            Self::Github => "GitHub",
            Self::Folders => "folders",
        }
    }
}

/// The submissions of a class.
#[derive(Debug)]
pub struct Class {
    /// Where it came from.
    pub system: System,
    /// Its submissions, by id.
    pub found: Vec<Found>,
    /// What is to be known of the class as a whole.
    pub notes: Vec<String>,
    /// Students of the roster of whom there is nothing.
    pub missing: Vec<Student>,
}

/// Finds the submissions of a class.
///
/// # Errors
/// There is nothing at that path, it cannot be read, or there is no submission in it.
pub fn look(
    path: &Path,
    system: Option<System>,
    expected: &ExpectedFiles<'_>,
    roster: Option<&Roster>,
    store: &Store,
) -> Result<Class, Failure> {
    let mut notes = Vec::new();
    let mut refused = BTreeMap::new();
    let mut folder = path.to_owned();
    if path.is_file() {
        let unpacked = class_archive::unpack(path, store)?;
        folder = unpacked.folder;
        notes.extend(unpacked.notes);
        refused = unpacked.refused;
    }
    let mut listing = Listing::of(&folder)?;
    // An archive of a folder, or a folder that was unpacked into a folder of the same name.
    while let Some(only) = listing.only_folder().filter(|_| system.is_none()) {
        let below = Listing::of(&only)?;
        if !is_class(&below) {
            break;
        }
        listing = below;
    }
    let stranger = |name: &String| {
        let name = Line::new(name);
        format!("{name} is a link or something stranger, and was left out")
    };
    notes.extend(listing.others.iter().map(stranger));
    let system = system.unwrap_or_else(|| system_by_names(&listing));
    let mut found = match system {
        System::Canvas => canvas::find(&listing, &mut notes),
        System::Moodle => moodle::find(&listing, &mut notes),
        System::Gradescope => gradescope::find(&listing, &mut notes)?,
        System::Github => github::find(&listing, &mut notes),
        System::Folders => plain::find(&listing, expected, &mut notes)?,
    };
    refuse(&mut found, refused, &listing, &mut notes);
    found.sort_by(|a, b| a.who.id.cmp(&b.who.id));
    tell_apart(&mut found);
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "there is no submission in {}",
            show::path(path)
        ))
        .remedy("name the folder that holds a folder for each student, or a download of Canvas, Moodle or Gradescope"));
    }
    let missing = match roster {
        Some(roster) => roster.join(&mut found, &mut notes),
        None => Vec::new(),
    };
    Ok(Class {
        system,
        found,
        notes,
        missing,
    })
}

/// Whether it looks like a class and not like one student's work: several folders or archives, or the names of a
/// course system.
fn is_class(listing: &Listing) -> bool {
    let archives = listing
        .file_names()
        .filter(|(name, _)| archive::kind(name).is_some());
    let sources = listing.file_names().any(|(name, _)| {
        let name = name.to_lowercase();
        name.ends_with(".c") || name.ends_with(".h") || name == "makefile"
    });
    listing.has_file(gradescope::METADATA)
        || moodle::is_likely(listing)
        || canvas::is_likely(listing)
        || (!sources && listing.folders.len() + archives.count() >= 2)
}

fn system_by_names(listing: &Listing) -> System {
    if listing.has_file(gradescope::METADATA) {
        System::Gradescope
    } else if moodle::is_likely(listing) {
        System::Moodle
    } else if canvas::is_likely(listing) {
        System::Canvas
    } else if github::is_likely(listing) {
        System::Github
    } else {
        System::Folders
    }
}

/// Submissions with an entry in the archive of the class that is not harmless are not graded: the instructor has to look.
fn refuse(
    found: &mut Vec<Found>,
    mut refused: BTreeMap<PathBuf, String>,
    listing: &Listing,
    notes: &mut Vec<String>,
) {
    let top = |path: &Path| {
        let below = path.strip_prefix(&listing.folder).ok()?;
        Some(listing.folder.join(below.components().next()?))
    };
    for one in found.iter_mut() {
        let tops: Vec<PathBuf> = match &one.from {
            From::Folder(path) => top(path).into_iter().collect(),
            From::Files(files) => files.iter().filter_map(|(path, _)| top(path)).collect(),
            From::Nothing(_) => Vec::new(),
        };
        let why: Vec<String> = tops.iter().filter_map(|top| refused.remove(top)).collect();
        if let Some(first) = why.into_iter().next() {
            one.from = From::Nothing(first);
        }
    }
    // Of these not even a file is there.
    for (path, why) in refused {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        notes.push(format!("{}: {why}", Line::new(&name)));
        found.push(Found::new(&name, From::Nothing(why)));
    }
}

/// Gives every submission an id and a name for files unlike any other's.
fn tell_apart(found: &mut [Found]) {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut pages: BTreeSet<String> = BTreeSet::new();
    for one in found {
        let mut id = one.who.id.to_string();
        let mut n = 2;
        while !ids.insert(id.clone()) {
            id = format!("{} ({n})", one.who.id);
            n += 1;
        }
        let page = page(&id);
        // A name that had to be changed may have become another's: a digest of the id tells them apart.
        let page = if page == id && pages.insert(page.to_lowercase()) {
            page
        } else {
            let digest = blake3::hash(id.as_bytes()).to_hex();
            let page = format!("{page}-{}", &digest.as_str()[..8]);
            pages.insert(page.to_lowercase());
            page
        };
        one.who.id = Line::new(&id);
        one.who.page = Line::new(&page);
    }
}

/// The id as a name that every file system takes.
fn page(id: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = id.chars().map(plain).take(80).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() {
        "submission".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod any;
