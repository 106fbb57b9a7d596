//! Says what the tool is built from, so that `ipclab --version` can name it: the commit, and how it is built.

use std::env;
use std::path::Path;
use std::process::Command;

/// The folders and files that the executable is made of; a change of any of them may be one that no commit has.
const SOURCES: [&str; 5] = ["Cargo.lock", "Cargo.toml", "labs", "reference", "specs"];

fn main() {
    let top = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let set = |name: &str, value: &str| println!("cargo::rustc-env={name}={value}");
    // For those who build from an archive of the sources, which has no history.
    println!("cargo::rerun-if-env-changed=IPCLAB_COMMIT");
    let commit = env::var("IPCLAB_COMMIT").ok();
    let commit = commit.filter(|commit| !commit.is_empty());
    let commit = commit.or_else(|| last_commit(&top)).unwrap_or_default();
    set("IPCLAB_COMMIT", &commit);
    set("IPCLAB_TARGET", &env::var("TARGET").expect("cargo sets it"));
    if starts_at_a_fixed_address() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    set(
        "IPCLAB_PROFILE",
        &env::var("PROFILE").expect("cargo sets it"),
    );
}

/// Whether the executable is linked for the address that it runs at.
///
/// The tool starts itself for each keeper, reference and peer. Wherever else it is put, the loader must first write each of its
/// hundred thousand addresses anew and so copy two or three hundred pages, which takes longer than all else that a start does:
/// 3.4 ms of processor time instead of 1.5, of which `/bin/true` takes 0.7. A static executable moves itself, by a start-up code of
/// its own.
fn starts_at_a_fixed_address() -> bool {
    let set = |name: &str| env::var(name).unwrap_or_default();
    let features = set("CARGO_CFG_TARGET_FEATURE");
    set("CARGO_CFG_TARGET_OS") == "linux"
        && set("CARGO_CFG_TARGET_ENV") == "gnu"
        && !features.split(',').any(|feature| feature == "crt-static")
}

/// `1b1ee06 2026-11-29`, with a `+` where the sources are not those of the commit; `None`: there is no history here.
fn last_commit(top: &Path) -> Option<String> {
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(top).args(words);
        // Cargo may be building for another user's editor at the same time.
        command.env("GIT_OPTIONAL_LOCKS", "0");
        let output = command.output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // Sources that were unpacked into another project's repository have no commit of that one.
    let inside = git(&["rev-parse", "--show-prefix"])?;
    let commit = inside
        .is_empty()
        .then(|| git(&["log", "-1", "--format=%h %cs", "--abbrev=10"]))??;
    let watch = |path: &Path| println!("cargo::rerun-if-changed={}", path.display());
    // The log of HEAD has a line more after each commit, and after each change to another branch.
    for name in ["HEAD", "logs/HEAD"] {
        let file = top.join(git(&["rev-parse", "--git-path", name])?);
        if file.exists() {
            watch(&file);
        }
    }
    for name in SOURCES {
        watch(&top.join(name));
    }
    for folder in std::fs::read_dir(top.join("harness")).ok()?.flatten() {
        let sources = folder.path().join("src");
        if sources.exists() {
            watch(&sources);
        }
    }
    let mut look = vec!["status", "--porcelain", "--untracked-files=no", "--"];
    look.extend(SOURCES);
    look.push("harness/*/src");
    let changed = !git(&look)?.is_empty();
    Some(match (changed, commit.split_once(' ')) {
        (true, Some((id, day))) => format!("{id}+ {day}"),
        (_, _) => commit,
    })
}
