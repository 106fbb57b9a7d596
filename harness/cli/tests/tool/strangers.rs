//! Strangers' programs where they would have the rights of the user who grades them: that user says so, or it is refused.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use nix::unistd::{Gid, Uid, chown, geteuid};

use crate::common::{GOOD, SPEC, install};

/// A class, and the tool, where a user other than root has them. Programs can write to /tmp, so it is not there.
fn place(parent: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir_in(parent).unwrap();
    fs::create_dir_all(place.path().join("class/ada")).unwrap();
    fs::write(place.path().join("class/ada/hello.c"), GOOD).unwrap();
    fs::write(place.path().join("greet.toml"), SPEC).unwrap();
    // The build folder may be closed to others.
    install(
        assert_cmd::cargo::cargo_bin!("ipclab"),
        &place.path().join("ipclab"),
    );
    if geteuid().is_root() {
        give_away(place.path());
    }
    place
}

fn give_away(path: &Path) {
    chown(path, Some(Uid::from_raw(65534)), Some(Gid::from_raw(65534))).unwrap();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        give_away(&entry.path());
    }
}

/// As that user; `root`: as root, where the tests run as root.
fn ipclab(place: &Path, root: bool, line: &str) -> (Option<i32>, String) {
    let mut command = Command::new(place.join("ipclab"));
    command
        .args(line.split_whitespace())
        .args(["--isolation", "shared"])
        .current_dir(place)
        .env("HOME", place)
        .env(
            "XDG_CACHE_HOME",
            place.join(if root { "root-cache" } else { "cache" }),
        );
    if geteuid().is_root() && !root {
        command.uid(65534).gid(65534);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code(), text.concat())
}

#[test]
fn a_user_says_that_strangers_are_trusted() {
    let place = place("/var/tmp");
    for line in [
        "grade class -o out --spec greet.toml",
        "interop class -o out --lab tcp-echo",
    ] {
        let (code, text) = ipclab(place.path(), false, line);
        assert_eq!(code, Some(2), "{text}");
        for remedy in [
            "your own rights",
            "as root",
            "ipclab doctor",
            "--trust-submissions",
        ] {
            assert!(text.contains(remedy), "{remedy}: {text}");
        }
        assert!(!place.path().join("out").exists());
    }
    let (code, text) = ipclab(
        place.path(),
        false,
        "grade class -o out --trust-submissions --spec greet.toml",
    );
    assert_eq!(code, Some(0), "{text}");
    assert!(place.path().join("out/class.json").exists());
    // To look at a class runs nothing.
    let (code, text) = ipclab(place.path(), false, "grade class --list --spec greet.toml");
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn one_checks_ones_own_folder_and_is_told_what_that_means() {
    let place = place("/var/tmp");
    let (code, text) = ipclab(place.path(), false, "check class/ada --spec greet.toml");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.matches("this user's own rights").count(), 1, "{text}");
    if geteuid().is_root() {
        let (code, text) = ipclab(place.path(), true, "check class/ada --spec greet.toml");
        assert_eq!(code, Some(0), "{text}");
        assert!(!text.contains("this user's own rights"), "{text}");
    }
}

#[test]
fn what_the_grader_keeps_is_not_where_programs_can_write() {
    let place = place("/tmp");
    let (code, text) = ipclab(
        place.path(),
        false,
        "grade class -o out --trust-submissions --spec greet.toml",
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("they may write to /tmp"), "{text}");
    if geteuid().is_root() {
        let (code, text) = ipclab(place.path(), true, "grade class -o out --spec greet.toml");
        assert_eq!(code, Some(0), "{text}");
        fs::create_dir(place.path().join("open")).unwrap();
        let all = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777);
        fs::set_permissions(place.path().join("open"), all).unwrap();
        let (code, text) = ipclab(
            place.path(),
            true,
            "grade class -o open/out --spec greet.toml",
        );
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("choose a folder elsewhere: -o DIR"), "{text}");
    }
}
