//! A processor that is not supported gets one sentence at compile time, and no error in the middle of the code beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a source says behind each of these words, up to the first sign that is none of a name.
fn names_behind<'a>(text: &'a str, words: &str) -> BTreeSet<&'a str> {
    let ends = |rest: &'a str| rest.find(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
    text.split(words)
        .skip(1)
        .map(|rest| &rest[..ends(rest).unwrap_or(rest.len())])
        .collect()
}

fn source(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)).unwrap()
}

#[test]
fn the_sentence_names_the_processors_that_have_a_folder() {
    let arch = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/arch");
    let entries = fs::read_dir(arch).unwrap().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<&str> = folders.iter().map(String::as_str).collect();
    for name in ["lib.rs", "arch/mod.rs"] {
        assert_eq!(
            names_behind(&source(name), "target_arch = \""),
            known,
            "{name}"
        );
    }
    let library = source("lib.rs");
    let (_, behind) = library
        .split_once("#[cfg(not(any(")
        .expect("one place for all others");
    assert_eq!(names_behind(behind, "target_arch = \""), known);
    assert!(behind.contains("compile_error!"));
}

/// What is left out there is named by nothing that is not left out with it: else the compiler complains about names that are not
/// there, beside the sentence.
#[test]
fn nothing_else_is_wrong_on_other_processors() {
    let library = source("lib.rs");
    let modules = |left_out: bool| {
        let lines: Vec<&str> = library.lines().collect();
        let is_left_out = |at: usize| at > 0 && lines[at - 1].starts_with("#[cfg(");
        let found = lines.iter().enumerate().filter_map(|(at, line)| {
            let name = line.strip_prefix("pub mod ")?.strip_suffix(';')?;
            (is_left_out(at) == left_out).then(|| name.to_owned())
        });
        found.collect::<BTreeSet<String>>()
    };
    let (there, absent) = (modules(false), modules(true));
    assert!(absent.contains("arch") && there.contains("procfs"));
    for module in there {
        let text = source(&format!("{module}.rs"));
        let named = names_behind(&text, "crate::");
        let missing: Vec<_> = named.iter().filter(|it| absent.contains(**it)).collect();
        assert!(missing.is_empty(), "{module} needs {missing:?}");
    }
}
