//! `ipclab golden`: what every submission of a lab gets, written down and compared.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::{GOOD, Workdir};

const SPEC: &str = r#"
format = 1
lab    = "greet"
title  = "A greeting"
unit   = ["Q1"]
limit  = "10s"

[program.hello]
source    = ["hello.c"]
reference = { source = ["ref.c"] }

[[case]]
id     = "greets"
title  = "your program says Hello"
tier   = "core"
points = 1
covers = ["Q1"]
[case.actor.greeter]
student = "hello"
stdout.lines = ["Hello, world!"]
"#;

/// Two labs: one that is graded at once, and one whose reference computes until its limit.
fn labs() -> Workdir {
    let workdir = Workdir::with(&[]);
    for (lab, reference) in [("quick", GOOD), ("slow", "int main(void) { for (;;) ; }\n")] {
        workdir.write(
            &format!("{lab}/spec.toml"),
            SPEC.replace("\"greet\"", &format!("\"{lab}\"")),
        );
        workdir.write(&format!("{lab}/ref.c"), reference);
        for name in ["quick", "slow"] {
            let folder = format!("{lab}/submissions/accepted/{name}");
            workdir.write(&format!("{folder}/hello.c"), GOOD);
            workdir.write(&format!("{folder}/expected.toml"), "about = \"greets\"\n");
        }
    }
    workdir
}

#[test]
fn an_interrupted_record_keeps_the_labs_that_are_done() {
    let workdir = labs();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("ipclab"))
        .args(["golden", "--record", "quick/spec.toml", "slow/spec.toml"])
        .current_dir(workdir.path("."))
        .env("HOME", workdir.path("."))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert!(said.contains("golden.jsonl: "), "{said}");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let last = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        last.contains("the labs that are named above are done"),
        "{last}"
    );
    let recorded = fs::read_to_string(workdir.path("quick/golden.jsonl")).unwrap();
    assert!(recorded.contains("accepted/quick"), "{recorded}");
    assert!(!workdir.path("slow/golden.jsonl").exists());

    workdir
        .ipclab()
        .args(["golden", "quick/spec.toml"])
        .assert()
        .code(0)
        .stdout(predicates::str::starts_with("quick: 0 differences"));
}
