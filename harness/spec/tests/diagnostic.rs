//! Broken specs: what is said of each, exactly, and that it points at the right lines.
//!
//! In `broken/NAME.toml`, `#~` marks a line that must be pointed at, `#~ @1` says it of line 1 from anywhere else. What
//! is said stands in `broken/NAME.stderr`; `SNAPSHOTS=overwrite cargo test` writes it anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ipclab_spec::{Diagnostics, Files};
use snapbox::{Assert, Data};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// Every broken file by name, with its text and what is said of it.
fn broken() -> Vec<(String, String, Diagnostics)> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let file = format!("{name}.toml");
            let said = if name.starts_with("submission-") {
                ipclab_spec::submission(&file, &text).expect_err(&name)
            } else if name.starts_with("patch-") {
                said_of_patch(&file, &text)
            } else if name.starts_with("warning-") {
                ipclab_spec::parse(&file, &text).expect(&name).warnings
            } else {
                ipclab_spec::parse(&file, &text).expect_err(&name)
            };
            (name, text, said)
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
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
    let files = broken();
    assert!(files.len() >= 35, "{}", files.len());
    for (name, _, said) in files {
        let expected = Data::read_from(&folder().join(format!("{name}.stderr")), None);
        Assert::new()
            .action_env("SNAPSHOTS")
            .eq(said.render(false), expected.raw());
    }
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
