//! Broken specs: what is said of each, exactly, and that it points at the right lines.
//!
//! In the files of `broken`, `#= NAME` begins a spec, which messages call `NAME.toml`. `#~` marks a line that must be pointed
//! at, `#~ @1` says it of line 1 from anywhere else. The lines at the end of a spec that begin with `#>` are what is said; they
//! are no part of it. `SNAPSHOTS=overwrite cargo test` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ipclab_spec::{Diagnostics, Files};
use snapbox::{IntoData, assert_data_eq};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// Marks a line of what is said.
const SAID: &str = "#>";

/// A file taken apart: the spec, and what must be said of it.
fn taken_apart(file: &str) -> (String, String) {
    let end = if file.starts_with(SAID) {
        0
    } else {
        file.find(&format!("\n{SAID}"))
            .map_or(file.len(), |at| at + 1)
    };
    let (text, said) = file.split_at(end);
    let said = said.lines().map(|line| {
        let line = line.strip_prefix(SAID).unwrap_or(line);
        format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
    });
    (text.to_owned(), said.collect())
}

/// The file that says this of the spec.
fn put_together(text: &str, said: &str) -> String {
    let said = said.lines().map(|line| match line {
        "" => format!("{SAID}\n"),
        line => format!("{SAID} {line}\n"),
    });
    text.to_owned() + &said.collect::<String>()
}

/// Begins a spec.
const BEGIN: &str = "#= ";

/// The files, each with its specs by name, in order.
fn files() -> Vec<(PathBuf, Vec<(String, String)>)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let specs = |path: &PathBuf| {
        let mut specs: Vec<(String, String)> = Vec::new();
        for line in std::fs::read_to_string(path).unwrap().split_inclusive('\n') {
            match (line.strip_prefix(BEGIN), specs.last_mut()) {
                (Some(name), _) => specs.push((name.trim_end().to_owned(), String::new())),
                (None, Some((_, text))) => text.push_str(line),
                (None, None) => panic!("{}: a line before the first spec", path.display()),
            }
        }
        specs
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), specs(&path)))
        .collect()
}

/// Every broken spec by name, with its text and what is said of it.
fn broken() -> Vec<(String, String, Diagnostics)> {
    let specs = files().into_iter().flat_map(|(_, specs)| specs);
    specs
        .map(|(name, file)| {
            let (text, _) = taken_apart(&file);
            let said = said_of(&name, &text);
            (name, text, said)
        })
        .collect()
}

fn said_of(name: &str, text: &str) -> Diagnostics {
    let file = format!("{name}.toml");
    if name.starts_with("submission-") {
        ipclab_spec::submission(&file, text).expect_err(name)
    } else if name.starts_with("patch-") {
        said_of_patch(&file, text)
    } else if name.starts_with("warning-") {
        ipclab_spec::parse(&file, text).expect(name).warnings
    } else {
        ipclab_spec::parse(&file, text).expect_err(name)
    }
}

/// What is wrong with a patch by itself, else with its base, else with its changes.
fn said_of_patch(file: &str, text: &str) -> Diagnostics {
    let files: Files = [
        ("hello.c", HELLO),
        ("notes.txt", b"first\r\nsecond\r\n"),
        ("raw.bin", b"\xff\n\no\nx\n\no\n"),
        ("src/words.h", b""),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
    .into();
    let spec = ipclab_spec::parse("greet.toml", include_str!("common/greet.toml"))
        .expect("the spec is right")
        .spec;
    let known = ["careful", "whole"].map(str::to_owned);
    match ipclab_spec::patch_expecting(file, text, &spec) {
        Err(said) => said,
        Ok((patch, _)) if known.iter().all(|name| name != patch.base()) => {
            patch.unknown_base(&known)
        }
        Ok((patch, _)) => patch.apply(&files).expect_err(file),
    }
}

const HELLO: &[u8] = b"\
#include <stdio.h>

int main(void)
{
    puts(\"Hello\");
    if (early)
        return 1;
    return 0;
}
";

#[test]
fn each_says_exactly_what_is_wrong() {
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite");
    let mut count = 0;
    for (path, specs) in files() {
        let mut written = String::new();
        for (name, file) in &specs {
            let (text, expected) = taken_apart(file);
            let said = said_of(name, &text).render(false);
            if overwrite {
                written += &format!("{BEGIN}{name}\n{}", put_together(&text, &said));
                continue;
            }
            assert!(
                !expected.is_empty(),
                "{name} does not say what is said of it"
            );
            assert_data_eq!(said, expected.raw());
        }
        if overwrite {
            std::fs::write(&path, written).unwrap();
        }
        count += specs.len();
    }
    assert!(count >= 80, "{count}");
}

#[test]
fn each_points_at_the_right_lines() {
    let mut wrong = String::new();
    for (name, text, said) in broken() {
        let mut marked = BTreeSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some((_, mark)) = line.rsplit_once("#~") {
                let at = mark
                    .trim()
                    .strip_prefix('@')
                    .map_or(number, |at| at.parse().unwrap());
                marked.insert(at);
            }
        }
        let pointed: BTreeSet<usize> = said.iter().map(|one| said.line(one)).collect();
        if pointed != marked {
            let said = said.render(false);
            wrong.push_str(&format!(
                "{name}: points at {pointed:?}, not {marked:?}\n{said}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn colours_only_when_asked() {
    for (name, _, said) in broken() {
        assert!(!said.render(false).contains('\u{1b}'), "{name}");
        assert!(said.render(true).contains('\u{1b}'), "{name}");
    }
}

#[test]
fn ten_mistakes_are_ten_diagnostics() {
    let (_, _, said) = broken()
        .into_iter()
        .find(|(name, ..)| name == "ten-mistakes")
        .unwrap();
    assert!(said.len() >= 10, "{}", said.render(false));
}
