//! A run that ends early, however it ends, is gone on with.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::str::contains;

use crate::class::{but_for_times, class, grade};
use crate::common::Desk;

/// Starts a run and ends it by a signal once so many submissions are done. Gives what it still said.
fn interrupted(desk: &Desk, signal: Signal, after: usize) -> (Option<i32>, String) {
    let mut tool = Command::new(assert_cmd::cargo::cargo_bin!("ipclab"))
        .current_dir(desk.path(""))
        .env("HOME", desk.path(""))
        .env("XDG_CACHE_HOME", desk.path("cache"))
        .args([
            "grade",
            "class",
            "--spec",
            "greet.toml",
            "-o",
            "out",
            "--jobs",
            "2",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let pid = Pid::from_raw(i32::try_from(tool.id()).expect("a pid"));
    let mut said = String::new();
    let mut lines = BufReader::new(tool.stderr.take().expect("stderr")).lines();
    for line in lines.by_ref().map_while(Result::ok).take(after) {
        said.push_str(&line);
        said.push('\n');
    }
    kill(pid, signal).expect("a signal");
    for line in lines.map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
    }
    (tool.wait().expect("its end").code(), said)
}

#[test]
fn a_class_that_was_killed_again_and_again_comes_out_as_one_that_was_not() {
    let desk = class();
    grade(&desk, "whole").assert().code(0);
    let mut before = 0;
    for after in [1, 3, 2] {
        let (_, said) = interrupted(&desk, Signal::SIGKILL, after);
        let lines = fs::read_to_string(desk.path("out/results.jsonl")).expect("results");
        let kept = lines.matches('\n').count();
        // What was said to be done is kept, but for what was being written at that moment.
        assert!(kept + 2 >= before + after, "{kept} {before} {said}");
        before = kept;
    }
    // The last line torn in the middle, as a full disk leaves it.
    let text = fs::read(desk.path("out/results.jsonl")).expect("results");
    fs::write(desk.path("out/results.jsonl"), &text[..text.len() - 7]).expect("torn");
    grade(&desk, "out")
        .assert()
        .code(0)
        .stderr(contains("1 line is damaged"));
    assert_eq!(but_for_times(&desk, "out"), but_for_times(&desk, "whole"));
    assert_eq!(desk.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn ctrl_c_says_that_what_was_graded_is_kept() {
    let desk = class();
    let (code, said) = interrupted(&desk, Signal::SIGINT, 1);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("what was graded is kept"), "{said}");
    assert_eq!(desk.scratch(), Vec::<std::path::PathBuf>::new());
    grade(&desk, "out").assert().code(0);
}
