//! What the README says of the architecture, kept by reading the source itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::modules::Modules;

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
                if !path.ends_with("target") {
                    folders.push(path);
                }
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

/// The crates of the harness, lowest first, and which of our own each of them imports.
const CRATES: [(&str, &[&str]); 15] = [
    ("evidence", &[]),
    ("spec", &["evidence"]),
    ("kernel", &[]),
    ("schedule", &["evidence"]),
    ("plan", &["evidence", "spec"]),
    ("judge", &["evidence", "spec"]),
    ("report", &["evidence", "judge", "spec"]),
    ("verdict", &["evidence", "judge", "plan", "report", "spec"]),
    ("sandbox", &["evidence", "kernel", "schedule"]),
    ("peer", &["reference", "spec"]),
    ("intake", &["report", "spec"]),
    (
        "grade",
        &[
            "evidence", "intake", "judge", "plan", "report", "sandbox", "schedule", "spec",
            "verdict",
        ],
    ),
    (
        "class",
        &[
            "evidence", "grade", "intake", "judge", "plan", "report", "sandbox", "spec", "verdict",
        ],
    ),
    (
        "prove",
        &[
            "evidence", "grade", "intake", "judge", "plan", "report", "sandbox", "spec", "verdict",
        ],
    ),
    (
        "cli",
        &[
            "class",
            "evidence",
            "grade",
            "intake",
            "peer",
            "plan",
            "prove",
            "reference",
            "report",
            "sandbox",
            "spec",
            "verdict",
        ],
    ),
];

#[test]
fn imports_run_one_way() {
    for (krate, may) in CRATES {
        let may: Vec<String> = may.iter().map(|name| format!("ipclab-{name}")).collect();
        let own = own_dependencies(&format!("harness/{krate}"));
        assert_eq!(own, may, "what {krate} imports of our own");
    }
    assert_eq!(own_dependencies("reference"), [""; 0]);
    let folders = fs::read_dir(root().join("harness")).unwrap().flatten();
    let mut crates: Vec<String> = folders
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "fuzz")
        .collect();
    crates.sort();
    let mut known = CRATES.map(|(krate, _)| krate);
    known.sort_unstable();
    assert_eq!(crates, known);
}

#[test]
fn no_module_imports_itself_by_way_of_another() {
    let mut circles = Vec::new();
    let folders = CRATES.map(|(krate, _)| format!("harness/{krate}"));
    for krate in folders.into_iter().chain(["reference".to_owned()]) {
        let src = format!("{krate}/src");
        let files: Vec<(String, String)> = sources(&src)
            .into_iter()
            .map(|(name, text)| (name.rsplit_once("/src/").unwrap().1.to_owned(), text))
            .collect();
        for circle in Modules::of(&files).circles() {
            circles.push(format!("{src}: {circle:?}"));
        }
    }
    assert!(circles.is_empty(), "circles:\n{}", circles.join("\n"));
}

#[test]
fn every_file_has_its_place() {
    // Put together, so that this file is not found.
    let attribute = ["#[pa", "th"].concat();
    for folder in ["harness", "reference"] {
        for (name, text) in sources(folder) {
            assert!(
                !text.contains(&attribute),
                "{name} takes a module from elsewhere"
            );
        }
    }
}

/// Processes of a box that talk to the tool through their standard streams, which are pipes.
const PIPES: [&str; 2] = [
    "harness/sandbox/src/keeper.rs",
    "harness/sandbox/src/level.rs",
];

#[test]
fn only_the_command_line_prints() {
    for (krate, _) in CRATES.into_iter().filter(|(krate, _)| *krate != "cli") {
        for (name, text) in sources(&format!("harness/{krate}/src")) {
            for printing in [
                "println!",
                "eprintln!",
                "print!(",
                "eprint!(",
                "stdout()",
                "stderr()",
                "clap::",
                "indicatif::",
            ] {
                let uses = code(&text).any(|line| line.contains(printing));
                assert!(
                    !uses || PIPES.contains(&name.as_str()),
                    "{name} uses {printing}"
                );
            }
        }
    }
}

/// What is judged has every measure; only a benchmark leaves one out.
#[test]
fn no_case_that_is_judged_lacks_a_measure() {
    let mut users = Vec::new();
    for folder in ["harness", "reference"] {
        for (name, text) in sources(folder) {
            if code(&text).any(|line| has_word(line, "start_without")) {
                users.push(name);
            }
        }
    }
    users.sort();
    let may = [
        "harness/bench/case/measures.rs",
        "harness/cli/tests/repository/architecture.rs",
        "harness/sandbox/src/sandbox.rs",
        "harness/sandbox/tests/sandbox/measures.rs",
    ];
    assert_eq!(users, may);
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
fn what_is_pure_touches_nothing_outside() {
    for folder in [
        "harness/spec/src",
        "harness/evidence/src",
        "harness/plan/src",
        "harness/judge/src",
        "harness/verdict/src",
        "harness/schedule/src",
        "harness/report/src",
    ] {
        for (name, text) in sources(folder) {
            for outside in [
                "std::fs",
                "std::env",
                "std::net::Tcp",
                "std::net::Udp",
                "std::process",
                "std::thread",
                "Instant",
                "SystemTime",
                "std::io::stdin",
            ] {
                let uses = code(&text).any(|line| line.contains(outside));
                assert!(!uses, "{name} uses {outside}");
            }
        }
    }
}

/// `lookup`, and not `shm-hello`, `udp_server` or `12345`.
fn is_plain(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

/// `copy_file` is not in `copy_file_range`.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on =
        |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
    text.match_indices(word).any(|(at, _)| {
        !goes_on(text[..at].chars().next_back()) && !goes_on(text[at + word.len()..].chars().next())
    })
}

/// A new lab is data. Examples in the help and in comments may name one; code may not.
#[test]
fn no_code_of_the_harness_knows_a_lab() {
    let specs = fs::read_dir(root().join("specs")).unwrap().flatten();
    let mut words = vec!["12345".to_owned(), "uc_srv".to_owned(), "uc_cli".to_owned()];
    for spec in specs {
        let path = spec.path();
        if path.extension().is_none_or(|ending| ending != "toml")
            || path.to_string_lossy().ends_with("unit.toml")
        {
            continue;
        }
        let lab = path.file_stem().unwrap().to_string_lossy().into_owned();
        // This one has the kernel's own word for a kind of socket as its name.
        if lab != "seqpacket" {
            words.push(lab);
        }
        let spec: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        if let Some(programs) = spec.get("program").and_then(toml::Value::as_table) {
            words.extend(programs.keys().cloned());
        }
        if let Some(hosts) = spec.get("hosts").and_then(toml::Value::as_table) {
            words.extend(hosts.keys().cloned());
        }
    }
    assert!(
        words.len() > 10 && words.iter().any(|word| word == "bakawali"),
        "the labs' words: {words:?}"
    );
    for (name, text) in sources("harness") {
        let help_or_test = name.ends_with("src/args/examples.rs")
            // Messages about the language teach by example.
            || name.starts_with("harness/spec/")
            || name.starts_with("harness/fuzz/")
            || name.starts_with("harness/report/src/testing/")
            || name.contains("/tests/") || name.ends_with("/tests.rs") || name.contains("/examples/");
        for (number, line) in code(&text).enumerate() {
            // A plain word may be the name of anything; in a text it is the lab's.
            let texts: String = line.split('"').skip(1).step_by(2).collect();
            let known = words.iter().find(|word| match is_plain(word) {
                true => has_word(&texts, word),
                false => has_word(line, word),
            });
            assert!(
                known.is_none() || help_or_test,
                "{name}:{}: {line}",
                number + 1
            );
        }
    }
}
