//! What the README says of the architecture, kept by reading the source itself.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust file below a folder of the repository.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

/// The code of a file: without comments, and without the tests at its end.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn own_dependencies(krate: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let own = dependencies
        .keys()
        .filter(|name| name.starts_with("ipclab-"));
    own.cloned().collect()
}

#[test]
fn imports_run_one_way() {
    let check = |krate: &str, may: &[&str]| {
        let own = own_dependencies(krate);
        assert_eq!(own, may, "what {krate} imports of our own");
    };
    check("reference", &[]);
    check("harness/evidence", &[]);
    check("harness/spec", &[]);
    check("harness/kernel", &[]);
    check("harness/sandbox", &["ipclab-evidence", "ipclab-kernel"]);
    check("harness/judge", &["ipclab-evidence", "ipclab-spec"]);
    check(
        "harness/report",
        &["ipclab-evidence", "ipclab-judge", "ipclab-spec"],
    );
}

#[test]
fn unsafe_stays_in_the_files_named_for_it() {
    // Put together, so that this file is not found.
    let words = [["un", "safe "].concat(), ["un", "safe{"].concat()];
    for folder in ["harness", "reference"] {
        for (name, text) in sources(folder) {
            let allowed =
                name.starts_with("harness/kernel/src/") || name == "reference/src/sysv.rs";
            let uses = code(&text).any(|line| words.iter().any(|word| line.contains(word)));
            assert!(
                allowed || !uses,
                "{name} has code that the compiler cannot check"
            );
        }
    }
}

#[test]
fn judging_and_reporting_touch_nothing_outside() {
    for folder in [
        "harness/spec/src",
        "harness/judge/src",
        "harness/report/src",
        "harness/evidence/src",
    ] {
        for (name, text) in sources(folder) {
            for outside in [
                "std::fs",
                "std::env",
                "std::process",
                "std::time::Instant",
                "SystemTime",
                "std::io::stdin",
            ] {
                let uses = code(&text).any(|line| line.contains(outside));
                assert!(!uses, "{name} uses {outside}");
            }
        }
    }
}

/// A new lab is data. Examples in the help and in comments may name one; code may not.
#[test]
fn no_code_of_the_harness_knows_a_lab() {
    let specs = fs::read_dir(root().join("specs")).unwrap().flatten();
    let mut words = vec!["12345".to_owned(), "uc_srv".to_owned(), "uc_cli".to_owned()];
    for spec in specs {
        let path = spec.path();
        if path.extension().is_none_or(|ending| ending != "toml") || path.ends_with("unit.toml") {
            continue;
        }
        words.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        let spec: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        if let Some(programs) = spec.get("program").and_then(toml::Value::as_table) {
            words.extend(programs.keys().cloned());
        }
    }
    assert!(words.len() > 10, "the labs' words: {words:?}");
    for (name, text) in sources("harness") {
        let help_or_test = name.ends_with("src/args/examples.rs")
            // Messages about the language teach by example.
            || name.starts_with("harness/spec/")
            || name.starts_with("harness/fuzz/")
            || name.contains("/tests") || name.contains("/examples/");
        for (number, line) in code(&text).enumerate() {
            let known = words.iter().find(|word| line.contains(word.as_str()));
            assert!(
                known.is_none() || help_or_test,
                "{name}:{}: {line}",
                number + 1
            );
        }
    }
}
