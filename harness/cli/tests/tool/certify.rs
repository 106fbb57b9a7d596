//! `ipclab certify`: programs that are the same every time are seen to be, one that is not is found out, and no load
//! outlives the tool.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{GOOD, Workdir, json};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Says Hello in about half of its runs.
const FICKLE: &str = "#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* Bits of a clock that no two runs agree on, mixed. */
    unsigned long mixed = now.tv_nsec * 0x9e3779b97f4a7c15UL;
    puts(mixed >> 63 ? \"Hello\" : \"Goodbye\");
    return 0;
}
";

fn workdir(program: &str) -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("submissions/accepted/one/hello.c", program);
    workdir.write(
        "submissions/accepted/one/expected.toml",
        "about = \"says Hello\"\n",
    );
    workdir
}

fn certify(workdir: &Workdir, args: &[&str]) -> (Option<i32>, Value) {
    let output = workdir
        .ipclab()
        .args([
            "certify",
            "./greet.toml",
            "--case",
            "greets",
            "--format",
            "json",
        ])
        .args(args)
        .output()
        .expect("it runs");
    (output.status.code(), json(&output))
}

#[test]
fn what_is_the_same_every_time_is_certified_in_every_way() {
    let workdir = workdir(GOOD);
    let (code, found) = certify(&workdir, &["--runs", "41", "--seed", "5"]);
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(
        (&found["runs"], &found["differing"]),
        (&41.into(), &0.into())
    );
    assert_eq!(found["bound"], 3.0 / 41.0);
    let ways: Vec<(&str, u64)> = found["ways"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|way| {
            (
                way["name"].as_str().expect("a name"),
                way["runs"].as_u64().expect("a number"),
            )
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("idle", 11),
            ("loaded", 10),
            ("one core", 10),
            ("delays", 10)
        ]
    );
    assert!(!workdir.path("ipclab-differing").exists());
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_verdict_that_differs_is_reported_with_both_traces() {
    let workdir = workdir(FICKLE);
    // All alike with probability 2^-59.
    let (code, found) = certify(
        &workdir,
        &["--runs", "60", "--way", "idle", "--keep", "seen"],
    );
    assert_eq!(code, Some(1), "{found:#}");
    assert!(found["differing"].as_u64() > Some(0), "{found:#}");
    assert!(found.get("bound").is_none(), "{found:#}");
    let [disagreement] = &found["disagreements"].as_array().expect("a list")[..] else {
        panic!("one site: {found:#}")
    };
    assert_eq!(disagreement["place"]["case"], "greets");
    let verdicts = disagreement["verdicts"].as_array().expect("a list");
    let mut named: Vec<&str> = verdicts
        .iter()
        .filter_map(|seen| seen["verdict"].as_str())
        .collect();
    named.sort_unstable();
    assert_eq!(named, ["fail on output of greeter", "pass"]);
    let folder = workdir.path(disagreement["folder"].as_str().expect("a folder"));
    let mut kept = Vec::new();
    for run in fs::read_dir(folder).expect("it was made") {
        let run = run.expect("a folder").path();
        let evidence = fs::read_to_string(run.join("evidence.json")).expect("the evidence");
        assert!(run.join("plan.json").exists());
        kept.push(evidence);
    }
    kept.sort();
    assert!(kept.len() == 2 && kept[0].contains("Goodbye") != kept[1].contains("Goodbye"));
}

#[test]
fn no_load_outlives_a_tool_that_is_killed() {
    let workdir = workdir(GOOD);
    let mut tool = Command::new(env!("CARGO_BIN_EXE_ipclab"))
        .args(["certify", "./greet.toml", "--case", "greets"])
        .args(["--runs", "100000000", "--way", "loaded"])
        .current_dir(workdir.path(""))
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let net = Instant::now() + Duration::from_secs(120);
    let load = loop {
        if let Some(load) = children(tool.id()).into_iter().find(|pid| is_load(*pid)) {
            break load;
        }
        assert!(Instant::now() < net, "it never puts a load on");
        std::thread::yield_now();
    };
    kill(Pid::from_raw(tool.id() as i32), Signal::SIGKILL).expect("it lives");
    tool.wait().expect("it ends");
    while is_load(load) {
        assert!(Instant::now() < net, "{load} outlives the tool");
        std::thread::yield_now();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    list.flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|children| {
            let numbers = children
                .split_whitespace()
                .filter_map(|pid| pid.parse().ok());
            numbers.collect::<Vec<u32>>()
        })
        .collect()
}

/// A process that has ended has no command line any more, whether anybody has asked for its status or not.
fn is_load(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == b"__load"))
}
