//! `ipclab golden`: what every submission of a lab gets, written down and compared.

use std::fs;
use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::{GOOD, SPEC, Workdir};

/// Two labs: one that is graded at once, and one whose reference computes until its limit.
fn labs() -> Workdir {
    let workdir = Workdir::with(&[]);
    for (lab, reference) in [("quick", GOOD), ("slow", "int main(void) { for (;;) ; }\n")] {
        let spec = SPEC.replace("\"greet\"", &format!("\"{lab}\"")).replace(
            "[program.hello]\n",
            "[program.hello]\nreference = { source = [\"ref.c\"] }\n",
        );
        workdir.write(&format!("{lab}/spec.toml"), spec);
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
    let mut child = workdir
        .beside(&["golden", "--record", "quick/spec.toml", "slow/spec.toml"])
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
