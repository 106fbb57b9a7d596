//! Names of any bytes: in archives, of files and folders that were downloaded. Nothing leads out of the folder that it is
//! unpacked into, and each file there belongs to a student's submission or a note mentions it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::archive::names;
use super::archive::unpack::Unpacker;
use super::archive::{Entry, Limits, What};
use super::listing::Listing;
use super::{ExpectedFiles, Found, From, Roster, canvas, github, moodle, plain, tell_apart};
use crate::submission::Submission;

/// The same ones every time: what these find once they find always.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x1bc),
        ..ProptestConfig::default()
    }
}

/// A name as the entry of an archive has it.
fn name() -> impl Strategy<Value = Result<String, Vec<u8>>> {
    let part = prop::sample::select(vec![
        "..",
        ".",
        "",
        "a",
        "b",
        "A",
        "é",
        "É",
        "C:",
        "C:\\x",
        "..\\..\\x",
        "a\0b",
        "x\n::error::y",
        "\u{1b}[31m",
        ".git",
        "__MACOSX",
        "con",
        "...",
        " ",
        "-rf",
        "~",
        "a.c",
        "\u{202e}c.exe",
        "ipclab.toml",
    ]);
    let long = (1..5_000_usize).prop_map(|length| "x".repeat(length));
    let deep = (1..60_usize).prop_map(|depth| "d/".repeat(depth));
    let path = (
        any::<bool>(),
        prop::collection::vec(part, 0..5),
        any::<bool>(),
    )
        .prop_map(|(rooted, parts, folder)| {
            let (start, end) = (if rooted { "/" } else { "" }, if folder { "/" } else { "" });
            format!("{start}{}{end}", parts.join("/"))
        });
    prop_oneof![
        6 => path.prop_map(Ok),
        1 => any::<String>().prop_map(Ok),
        1 => long.prop_map(Ok),
        1 => deep.prop_map(Ok),
        1 => prop::collection::vec(128_u8.., 1..9).prop_map(Err),
    ]
}

/// Something in an archive: few names, so that they meet.
#[derive(Clone, Debug)]
struct Thing {
    path: String,
    kind: u8,
    target: String,
}

fn thing() -> impl Strategy<Value = Thing> {
    let path = |parts: std::ops::Range<usize>| {
        let part = prop::sample::select(vec!["a", "b", "c", "A", ".."]);
        prop::collection::vec(part, parts).prop_map(|parts| parts.join("/"))
    };
    let rooted = prop::sample::select(vec!["/secret.c", "../secret.c", "../../secret.c"]);
    let target = prop_oneof![4 => path(1..6), 1 => rooted.prop_map(str::to_owned)];
    (path(1..4), 0..6_u8, target).prop_map(|(path, kind, target)| Thing { path, kind, target })
}

const SECRET: &[u8] = b"int secret;";

/// Every file below a folder, links not followed.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("our folder").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// A name of a file that was downloaded, made of what course systems put into names.
fn downloaded() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"_"[..],
        b"-",
        b"17",
        b"4",
        b"007",
        b"ada",
        b"Ada Lovelace",
        b"lab-1",
        b"_assignsubmission_",
        b"file",
        b"_file_",
        b"onlinetext",
        b"LATE",
        b"_LATE_",
        b"anon",
        b"Participant",
        b"text.html",
        b"server.c",
        b"hello.c",
        b".c",
        b".zip",
        b".tar.gz",
        b".rar",
        b"-1",
        b" ",
        b"\xff\xfe",
        b"\xe2\x80\xae",
        b"\n",
        b"\x1b[31m",
        b"'",
        b"::error::",
        "é".as_bytes(),
    ]);
    let any = prop::collection::vec(any::<u8>(), 1..4);
    let piece = prop_oneof![9 => piece.prop_map(<[u8]>::to_vec), 1 => any];
    let any = prop::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat());
    let who = prop::sample::select(vec!["Ada", "A_B", "Participant", "anon", "ada"]);
    let end = prop::sample::select(vec!["", "_", "_server.c", "_server-1.c", "_x.zip"]);
    let plugin = prop::sample::select(vec!["file", "onlinetext", "comments"]);
    let moodle = (who.clone(), 1..3_u8, plugin, end.clone()).prop_map(|(who, id, plugin, end)| {
        format!("{who}_{id}_assignsubmission_{plugin}{end}").into_bytes()
    });
    let late = prop::sample::select(vec!["", "LATE_"]);
    let canvas = (who, late, 1..3_u8, 1..4_u8, end).prop_map(|(who, late, user, upload, end)| {
        format!("{who}_{late}{user}_{upload}{end}").into_bytes()
    });
    prop_oneof![any, moodle, canvas].prop_map(|name: Vec<u8>| {
        // What no file is called, and what a listing leaves out.
        name.into_iter()
            .filter(|byte| !matches!(byte, 0 | b'/'))
            .collect()
    })
}

fn listing() -> impl Strategy<Value = Listing> {
    let names = prop::collection::vec((downloaded(), any::<bool>()), 0..8);
    names.prop_map(|names| {
        let folder = PathBuf::from("/class");
        let mut names_so_far = BTreeSet::new();
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for (name, is_folder) in names {
            if name.is_empty() || name.starts_with(b".") || !names_so_far.insert(name.clone()) {
                continue;
            }
            let path = folder.join(OsString::from_vec(name));
            if is_folder { &mut folders } else { &mut files }.push(path);
        }
        folders.sort();
        files.sort();
        Listing {
            folder,
            folders,
            files,
            others: Vec::new(),
        }
    })
}

/// The submissions that each system finds, of those systems that go by names alone.
fn by_each(listing: &Listing) -> Vec<(&'static str, Vec<Found>, Vec<String>)> {
    let sources = ["my_server.c".to_owned(), "server.c".to_owned()];
    let expected = ExpectedFiles {
        sources: &sources,
        single: None,
    };
    let mut notes: [Vec<String>; 4] = Default::default();
    let found = [
        canvas::find(listing, &mut notes[0]),
        moodle::find(listing, &mut notes[1]),
        github::find(listing, &mut notes[2]),
        plain::find(listing, &expected, &mut notes[3]).unwrap_or_default(),
    ];
    ["canvas", "moodle", "github", "folders"]
        .into_iter()
        .zip(found.into_iter().zip(notes))
        .map(|(system, (found, notes))| (system, found, notes))
        .collect()
}

proptest! {
    #![proptest_config(config(1_000))]

    /// A name that is taken is a plain path below, and means itself.
    #[test]
    fn a_name_of_an_archive_stays_below(name in name()) {
        match names::path(&name) {
            Ok(path) => {
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{:?}", path);
                let text = path.to_str().expect("it was text");
                prop_assert!(!text.chars().any(char::is_control));
                prop_assert!(text.len() <= 1_000 && path.components().count() <= 32);
                prop_assert_eq!(names::path(&Ok(text.to_owned())), Ok(path.clone()));
            }
            Err(why) => prop_assert!(!why.chars().any(char::is_control), "{:?}", why),
        }
        let printable = names::printable(&name);
        prop_assert!(!printable.chars().any(char::is_control) && printable.chars().count() <= 83, "{:?}", printable);
    }

    /// Nothing that was downloaded is lost without a word, and each submission has a name of its own for the pages.
    #[test]
    fn whatever_is_there_is_found_or_spoken_of(listing in listing()) {
        let all: BTreeSet<&PathBuf> = listing.folders.iter().chain(&listing.files).collect();
        for (system, mut found, notes) in by_each(&listing) {
            let mut had = BTreeSet::new();
            let mut about = notes.len();
            for one in &found {
                match &one.from {
                    From::Folder(path) => { had.insert(path.clone()); }
                    From::Files(files) => had.extend(files.iter().map(|(path, _)| path.clone())),
                    From::Nothing(_) => about += 1,
                }
                about += one.who.notes.len();
            }
            prop_assert!(had.iter().all(|path| all.contains(path)));
            let refused = system == "folders" && found.is_empty();
            prop_assert!(refused || had.len() + about >= all.len(), "{}: {:?} of {:?}, {:?}", system, had, all, notes);
            for note in &notes {
                prop_assert!(!note.chars().any(char::is_control), "{:?}", note);
            }
            tell_apart(&mut found);
            let ids: BTreeSet<&str> = found.iter().map(|one| one.who.id.as_str()).collect();
            let pages: BTreeSet<String> = found.iter().map(|one| one.who.page.to_lowercase()).collect();
            prop_assert_eq!((ids.len(), pages.len()), (found.len(), found.len()));
            for page in pages {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                prop_assert!(page.chars().all(plain) && !page.starts_with(['.', '-']) && (1..100).contains(&page.len()), "{:?}", page);
            }
        }
    }

    /// A roster adds no submission and loses none.
    #[test]
    fn a_roster_only_adds_what_it_knows(listing in listing(), rows in prop::collection::vec("[ -~]{0,30}", 0..6), head in "(name|number|login|email),(name|canvas|section|x)") {
        let text = format!("{head}\n{}\n", rows.join("\n"));
        let Ok(roster) = Roster::parse(&text) else { return Ok(()) };
        let (_, mut found, mut notes) = by_each(&listing).swap_remove(1);
        let before: Vec<String> = found.iter().map(|one| one.who.id.to_string()).collect();
        let missing = roster.join(&mut found, &mut notes);
        let after: Vec<String> = found.iter().map(|one| one.who.id.to_string()).collect();
        prop_assert_eq!(before, after);
        prop_assert!(missing.len() <= rows.len());
    }
}

proptest! {
    // Each makes files.
    #![proptest_config(config(100))]

    /// Whatever an archive holds, nothing is made beside the folder, and nothing from beside it is ever graded.
    #[test]
    fn an_archive_of_anything_stays_below(things in prop::collection::vec(thing(), 1..12)) {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join("secret.c"), SECRET).expect("a file");
        let (out, staged) = (place.path().join("out"), place.path().join("staged"));
        fs::create_dir(&out).expect("a folder");
        fs::create_dir(&staged).expect("a folder");
        let mut unpacker = Unpacker::into(&out, Path::new(""), Limits::STUDENT);
        for thing in &things {
            let mut content = thing.path.as_bytes();
            let what = match thing.kind {
                0 => What::Folder,
                1 | 2 => What::File { content: &mut content, executable: thing.kind == 2 },
                3 => What::Symlink(thing.target.clone().into_bytes()),
                4 => What::Hardlink(thing.target.clone().into_bytes()),
                _ => What::Other("a pipe"),
            };
            // One that is refused ends an archive; here the rest follows, which is worse.
            let _ = unpacker.take(Entry { name: Ok(thing.path.clone()), what });
        }
        let _ = unpacker.finish();
        let beside: BTreeSet<OsString> = fs::read_dir(place.path()).expect("our folder").flatten().map(|entry| entry.file_name()).collect();
        prop_assert_eq!(beside.len(), 3, "{:?}", beside);
        prop_assert_eq!(fs::read(place.path().join("secret.c")).expect("it is there"), SECRET);
        if let Ok(submission) = Submission::take_in(&out, staged.clone()) {
            for file in &submission.files {
                let about = fs::symlink_metadata(staged.join(file)).expect("it was staged");
                prop_assert!(about.is_file(), "{}", file.display());
            }
        }
        for file in below(&staged) {
            prop_assert!(fs::read(&file).is_ok_and(|text| text != SECRET), "{}", file.display());
        }
    }
}
