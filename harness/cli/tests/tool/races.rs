//! What does not fail every time, what the reference fails too, and that a kept check is judged to the same report.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Workdir, submission};
use serde_json::Value;

const SPEC: &str = r#"
format = 1
lab    = "word"
title  = "Says a word"
unit   = ["Q1"]
limit  = "10s"

[program.word]
source    = ["word.c"]
reference = { source = ["ref/word.c"] }

[[case]]
id     = "says-it"
title  = "the word is good"
tier   = "core"
points = 2
covers = ["Q1"]
hint   = "good"
[case.actor.speaker]
student = "word"
stdout.lines = ["good"]

[[case]]
id     = "says-it-often"
title  = "whatever it is told"
tier   = "robust"
points = 2
covers = ["Q1"]
hint   = "good"
runs   = 200
vary.n = { int = "0..1000000" }
[case.actor.speaker]
student = "word {{n}}"
stdout.lines = ["good"]
"#;

fn program(what: &str) -> String {
    format!(
        "#include <stdio.h>\n#include <sys/random.h>\nint main(void) {{\n  unsigned char c = 0;\n  {what}\n  return 0;\n}}\n"
    )
}

const GOOD: &str = "puts(\"good\");";
const BAD: &str = "puts(\"bad\");";
/// As chance has it: one time in eight.
const CHANCE: &str = "if (getrandom(&c, 1, 0) != 1) return 1;\n  puts(c % 8 ? \"good\" : \"bad\");";

fn workdir(word: &str, reference: &str) -> Workdir {
    let workdir = Workdir::with(&[("word.c", &program(word))]);
    workdir.write("word.toml", SPEC);
    workdir.write("ref/word.c", program(reference));
    workdir
}

/// Checks and keeps; gives the exit status and the report.
fn check(workdir: &Workdir, folder: &str, case: &str) -> (Option<i32>, Value) {
    let output = workdir
        .ipclab()
        .args(["check", "work", "--spec", "word.toml", "--format", "json"])
        .args(["--case", case, "--keep", folder])
        .output()
        .unwrap();
    (output.status.code(), read(&output.stdout))
}

fn judge(workdir: &Workdir, folder: &str) -> (Option<i32>, Value) {
    let output = workdir
        .ipclab()
        .args(["judge", folder, "--format", "json"])
        .output()
        .unwrap();
    (output.status.code(), read(&output.stdout))
}

#[track_caller]
fn read(report: &[u8]) -> Value {
    serde_json::from_slice(report)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(report)))
}

/// What a kept run printed.
fn printed(folder: &Path) -> String {
    let evidence: Value =
        serde_json::from_slice(&fs::read(folder.join("evidence.json")).unwrap()).unwrap();
    let stdout = &evidence["actors"][0]["stdout"];
    stdout["head"].as_str().unwrap().to_owned()
}

/// The folder of a case's last run: one that fails at once has no other.
fn last_run(case: &Path) -> PathBuf {
    let runs = (1..).map(|n| case.join(format!("run-{n}")));
    let last = runs.take_while(|run| run.exists()).last();
    last.unwrap_or_else(|| case.to_owned())
}

/// The message of the one finding that cost points.
#[track_caller]
fn blame(report: &Value) -> &str {
    let findings = report["cases"][0]["findings"].as_array().unwrap().iter();
    let mut failed = findings.filter(|finding| finding["verdict"] == "fail");
    let finding = failed.next().unwrap_or_else(|| panic!("{report:#}"));
    finding["message"].as_str().unwrap()
}

#[test]
fn a_program_that_fails_by_chance_is_failed_as_a_race_and_counted() {
    let workdir = workdir(CHANCE, GOOD);
    let (code, report) = check(&workdir, "kept", "says-it-often");
    // Of 200 runs, one fails but with a chance of (7/8)^200: never.
    assert_eq!(code, Some(1), "{report:#}");
    let case = &report["cases"][0];
    assert_eq!(
        (&case["verdict"], &case["earned"]),
        (&"fail".into(), &0.into())
    );
    // The evidence says how often it failed when it was repeated, and the report must say the same.
    let failing = last_run(&workdir.path("kept/says-it-often"));
    assert_eq!(printed(&failing), "bad\\n");
    let again: Vec<String> = (1..)
        .map(|n| failing.join(format!("again-{n}")))
        .take_while(|folder| folder.exists())
        .map(|folder| printed(&folder))
        .collect();
    assert!(again.len() >= 3, "{again:?}");
    let runs = 1 + again.len();
    let failed = 1 + again.iter().filter(|text| *text == "bad\\n").count();
    let said = blame(&report).contains(&format!("(a race: {failed} of {runs} runs)"));
    assert_eq!(said, failed < runs, "{again:?}: {}", blame(&report));
    assert_eq!(judge(&workdir, "kept"), (code, report));
}

/// A failing run with repetitions of which some went well, put together from what both programs really did.
#[test]
fn k_of_n_is_counted_and_no_repetition_turns_a_fail_into_a_pass() {
    let workdir = workdir(BAD, GOOD);
    let (code, report) = check(&workdir, "kept", "says-it-often");
    assert_eq!(code, Some(1));
    assert!(!blame(&report).contains("a race"), "{report:#}");
    workdir.write("work/word.c", program(GOOD));
    assert_eq!(check(&workdir, "good", "says-it").0, Some(0));

    for passed in 1..=3 {
        let again = format!("kept/says-it-often/again-{passed}/evidence.json");
        assert!(workdir.path(&again).exists(), "{again}");
        fs::copy(
            workdir.path("good/says-it/evidence.json"),
            workdir.path(&again),
        )
        .unwrap();
        let (code, report) = judge(&workdir, "kept");
        assert_eq!((code, &report["cases"][0]["earned"]), (Some(1), &0.into()));
        let words = format!("(a race: {} of 4 runs)", 4 - passed);
        assert!(blame(&report).ends_with(&words), "{}", blame(&report));
    }
}

/// A spec with a host and no line for it: "the reference program in the student's place fails, too", which names no remedy.
#[test]
fn a_host_that_no_hosts_file_has_is_the_specs_mistake() {
    let look_up = "#include <netdb.h>\n#include <stdio.h>\nint main(int argc, char **argv) {\n  struct addrinfo *found;\n  \
                   int error = getaddrinfo(argv[argc - 1], NULL, NULL, &found);\n  if (error) { fprintf(stderr, \"word: %s\\n\", \
                   gai_strerror(error)); return 1; }\n  puts(\"good\");\n  return 0;\n}\n";
    let workdir = Workdir::with(&[("word.c", look_up)]);
    workdir.write("ref/word.c", look_up);
    let check = |host: &str, hosts: &str, says: Option<&str>| {
        let spec = SPEC.replace("student = \"word\"", &format!("student = \"word {host}\""));
        let spec = spec.replace("limit  = ", &format!("{hosts}\nlimit  = "));
        workdir.write("word.toml", spec);
        let (code, report) = check(&workdir, "kept", "says-it");
        let message = report["cases"][0]["findings"][0]["message"].as_str();
        match says {
            Some(says) => assert!(message.unwrap_or_default().starts_with(says), "{report:#}"),
            None => assert_eq!(code, Some(0), "{report:#}"),
        }
        fs::remove_dir_all(workdir.path("kept")).expect("what was kept");
    };
    let missing = "the spec is wrong here: no hosts file of the case has the host printer. Add it to the spec: \
                   hosts.printer = \"127.0.0.1\"";
    check("printer", "", Some(missing));
    check("printer", "hosts.plotter = \"127.0.0.1\"", Some(missing));
    check("printer", "hosts.\"plotter printer\" = \"127.0.0.1\"", None);
    check("127.0.0.1", "", None);
}

#[test]
fn what_the_reference_fails_too_costs_nobody_a_point() {
    let workdir = workdir(BAD, BAD);
    for case in ["says-it", "says-it-often"] {
        let (code, report) = check(&workdir, case, case);
        assert_eq!(code, Some(3), "{report:#}");
        assert_eq!(report["cases"][0]["verdict"], "unknown");
        let message = report["cases"][0]["findings"][0]["message"]
            .as_str()
            .unwrap();
        assert!(message.contains("the reference program in the student's place fails, too"));
        assert_eq!(judge(&workdir, case), (code, report));
    }
    // And where the student's program does better than ours, it has done what was asked.
    workdir.write("work/word.c", program(GOOD));
    assert_eq!(check(&workdir, "better", "says-it").0, Some(0));
}

/// Everything at once: oracle, shrunk input, memory errors, faults, each call failing, copies.
#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn what_is_kept_of_our_labs_is_judged_to_the_identical_report() {
    for (lab, name, cases, failing) in [
        (
            "tcp-echo",
            "rejected/server-room-for-nul",
            &["any-message", "longest-message", "server-interrupted"][..],
            2,
        ),
        (
            "udp-datagram",
            "rejected/server-nul-behind-buffer",
            &["full-buffer", "server-checks-returns", "any-text"],
            1,
        ),
    ] {
        let workdir = Workdir::with(&[]);
        let folder = submission(lab, name);
        let mut command = workdir.ipclab();
        command.args([
            "check",
            folder.to_str().unwrap(),
            "--lab",
            lab,
            "--keep",
            "kept",
            "--all",
        ]);
        for case in cases {
            command.args(["--case", case]);
        }
        let seen = command.output().unwrap();
        assert_eq!(seen.status.code(), Some(1));
        let again = workdir
            .ipclab()
            .args(["judge", "kept", "--all"])
            .output()
            .unwrap();
        let text =
            |output: &std::process::Output| String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(text(&seen), text(&again));
        assert!(
            text(&seen).contains(&format!("{failing} failed")),
            "{}",
            text(&seen)
        );
    }
}
