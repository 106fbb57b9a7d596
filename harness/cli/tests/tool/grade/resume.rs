//! A run that ends early, however it ends, is gone on with.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;

use super::class::{but_for_times, class, grade};
use crate::common::Workdir;

/// Starts a run, waits until so many submissions are done, and does something to the tool's process. Gives how it ended
/// and what it said.
fn disturbed(workdir: &Workdir, after: usize, disturb: impl FnOnce(Pid)) -> (Option<i32>, String) {
    let mut tool = Command::new(assert_cmd::cargo::cargo_bin!("ipclab"))
        .current_dir(workdir.path(""))
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
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
    disturb(pid);
    for line in lines.map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
    }
    (tool.wait().expect("its end").code(), said)
}

/// The same with a signal that ends it.
fn interrupted(workdir: &Workdir, signal: Signal, after: usize) -> (Option<i32>, String) {
    disturbed(workdir, after, |pid| kill(pid, signal).expect("a signal"))
}

/// Children of a process.
fn children(of: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let child = |entry: fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // pid (name) state parent
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?;
        (parent == of.to_string()).then(|| Pid::from_raw(pid))
    };
    processes.filter_map(child).collect()
}

#[test]
fn a_sandbox_that_is_killed_costs_nobody_but_who_was_in_it() {
    let workdir = class();
    grade(&workdir, "whole").assert().code(0);
    let (code, said) = disturbed(&workdir, 2, |tool| {
        let keeper = children(tool).into_iter().next().expect("a keeper");
        kill(keeper, Signal::SIGKILL).expect("a signal");
    });
    // It may have been between two submissions.
    assert!(matches!(code, Some(0 | 3)), "{said}");
    let graded = super::class::marks(&workdir, "out");
    assert_eq!(graded.len(), 12, "{said}");
    let lines = fs::read_to_string(workdir.path("out/results.jsonl")).expect("results");
    assert!(
        lines.matches("\"graded\":false,\"took_ms\"").count() <= 1,
        "{said}"
    );
    grade(&workdir, "out").assert().code(0);
    assert_eq!(
        but_for_times(&workdir, "out"),
        but_for_times(&workdir, "whole")
    );
}

#[test]
fn a_class_that_was_killed_again_and_again_comes_out_as_one_that_was_not() {
    let workdir = class();
    grade(&workdir, "whole").assert().code(0);
    let mut before = 0;
    for after in [1, 3, 2] {
        let (_, said) = interrupted(&workdir, Signal::SIGKILL, after);
        let lines = fs::read_to_string(workdir.path("out/results.jsonl")).expect("results");
        let kept = lines.matches('\n').count();
        // What was said to be done is kept, but for what was being written at that moment.
        assert!(kept + 2 >= before + after, "{kept} {before} {said}");
        before = kept;
    }
    // The last line torn in the middle, as a full disk leaves it.
    let text = fs::read(workdir.path("out/results.jsonl")).expect("results");
    fs::write(workdir.path("out/results.jsonl"), &text[..text.len() - 7]).expect("torn");
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stderr(contains("1 line is damaged"));
    assert_eq!(
        but_for_times(&workdir, "out"),
        but_for_times(&workdir, "whole")
    );
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_signal_ends_it_also_when_nobody_reads_what_it_says() {
    let workdir = class();
    let mut tool = Command::new(assert_cmd::cargo::cargo_bin!("ipclab"))
        .current_dir(workdir.path(""))
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .args([
            "grade",
            "class",
            "--spec",
            "greet.toml",
            "-o",
            "out",
            "--jobs",
            "1",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut stderr = BufReader::new(tool.stderr.take().expect("stderr"));
    stderr.read_line(&mut String::new()).expect("a line");
    drop(stderr);
    let pid = Pid::from_raw(i32::try_from(tool.id()).expect("a pid"));
    kill(pid, Signal::SIGTERM).expect("a signal");
    // The harness of this test would wait for ever for a tool that only hangs.
    let ended = wait_timeout::ChildExt::wait_timeout(&mut tool, Duration::from_secs(60));
    let ended = ended.expect("a wait");
    if ended.is_none() {
        tool.kill().expect("its end");
        tool.wait().expect("its end");
    }
    assert_eq!(ended.expect("it ends").code(), Some(143));
}

#[test]
fn ctrl_c_says_that_what_was_graded_is_kept() {
    let workdir = class();
    let (code, said) = interrupted(&workdir, Signal::SIGINT, 1);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("what was graded is kept"), "{said}");
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
    // The folder of a run that was killed is called unfinished, and not one that no run wrote.
    for command in [
        ["export", "csv", "out"].as_slice(),
        &["refresh", "out"],
        &["verify", "out"],
    ] {
        workdir.ipclab().args(command).assert().code(2).stderr(
            contains("out is not finished").and(contains("run the same `ipclab grade` again")),
        );
    }
    grade(&workdir, "out").assert().code(0);
}
