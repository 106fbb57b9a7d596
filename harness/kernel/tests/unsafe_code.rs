//! Where unsafe code may be: in this crate, and in one file of the reference programs, which share nothing with the
//! harness.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder of the repository with one of these endings, by its name in the repository.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if endings
                .iter()
                .any(|ending| path.extension() == Some(ending.as_ref()))
            {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file in {folder}");
    found
}

#[test]
fn one_crate_and_one_file_lift_the_workspace_lint() {
    // Put together, so that this file is not found.
    let lint = ["unsafe", "_code"].concat();
    let mut lifted = Vec::new();
    for folder in ["harness", "reference"] {
        for (name, text) in files(folder, &["rs"]) {
            if text.contains(&format!("({lint})")) {
                lifted.push(name);
            }
        }
    }
    assert_eq!(
        lifted,
        ["harness/kernel/src/lib.rs", "reference/src/sysv.rs"]
    );
}

#[test]
fn no_crate_has_lints_of_its_own() {
    for folder in ["harness", "reference"] {
        for (name, text) in files(folder, &["toml"]) {
            if !name.ends_with("/Cargo.toml") || name.starts_with("harness/fuzz/") {
                continue;
            }
            assert!(
                text.contains("[lints]\nworkspace = true\n") && !text.contains("[lints."),
                "{name} does not take the lints of the workspace"
            );
        }
    }
}
