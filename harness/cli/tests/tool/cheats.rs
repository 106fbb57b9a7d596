//! `ipclab validate --cheats`: it reports a case that a program has whole which does not do the task.

use crate::common::{Workdir, json};
use serde_json::Value;

/// The reference: greets as often as it is told, and stays where it is told to.
const HELLO: &str = "#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, \"usage: hello N\\n\");
        return 1;
    }
    printf(\"Hello %s\\n\", argv[1]);
    if (strcmp(argv[1], \"stay\") == 0)
        pause();
    return 0;
}
";

const SPEC: &str = "
format = 1
lab    = \"greet\"
title  = \"A greeting\"
unit   = [\"Q1\"]
limit  = \"10s\"

[program.hello]
source    = [\"hello.c\"]
reference = { source = [\"ref/hello.c\"] }

[[case]]
id     = \"greets\"
title  = \"your program says Hello\"
tier   = \"core\"
points = { output = 2, exit = 1 }
covers = [\"Q1\"]
hint   = \"puts\"
[case.actor.greeter]
student = \"hello 3\"
exit    = 0
stdout.lines = [\"Hello 3\"]
";

/// The greeting cannot be known before the program runs.
const VARIED: &str = "
[[case]]
id     = \"greets\"
title  = \"your program says Hello\"
tier   = \"core\"
points = { output = 2, exit = 1 }
covers = [\"Q1\"]
hint   = \"puts\"
runs   = 2
vary.n = { one_of = [\"3\", \"4\"] }
[case.actor.greeter]
student = \"hello {{n}}\"
exit    = 0
stdout.lines = [\"Hello {{n}}\"]
";

/// Nothing but an exit status is asked.
const USAGE: &str = "
[[case]]
id     = \"usage\"
title  = \"your program wants an argument\"
tier   = \"core\"
points = { exit = 1 }
covers = [\"Q1\"]
hint   = \"argc\"
[case.actor.greeter]
student = \"hello\"
exit    = \"failure\"
";

/// A peer that a program obeys which only waits; one number for all.
const STAYS: &str = "
[[case]]
id     = \"stays\"
title  = \"your program stays until it is ended\"
tier   = \"core\"
points = 1
covers = [\"Q1\"]
hint   = \"pause\"
[case.actor.greeter]
student = \"hello stay\"
exit    = \"any\"
stdout.lines = [\"Hello stay\"]
[case.calls]
greeter = [\"pause()\"]
[case.actor.end]
peer = [\"until greeter waits\", \"signal greeter SIGTERM\"]
";

/// The exit code, and what was found in the lab.
fn cheats(spec: &str) -> (Option<i32>, Value) {
    let workdir = Workdir::with(&[]);
    workdir.write("greet.toml", spec);
    workdir.write("ref/hello.c", HELLO);
    workdir.write("submissions/accepted/one/hello.c", HELLO);
    workdir.write(
        "submissions/accepted/one/expected.toml",
        "about = \"says Hello\"\n",
    );
    let output = workdir
        .ipclab()
        .args(["validate", "./greet.toml", "--cheats", "--format", "json"])
        .output()
        .expect("it runs");
    let found = json(&output);
    assert_eq!(found["schema"], "ipclab/cheats/v1");
    (output.status.code(), found["labs"][0].clone())
}

/// `case: cheat what`.
fn holes(found: &Value) -> Vec<String> {
    let holes = found["holes"].as_array().expect("a list").iter();
    let text = |hole: &Value, key: &str| hole[key].as_str().expect("a text").to_owned();
    holes
        .map(|hole| {
            let [case, cheat, what] = ["case", "cheat", "what"].map(|key| text(hole, key));
            format!("{case}: {cheat} {what}")
        })
        .collect()
}

fn varied() -> String {
    let head = SPEC.split("[[case]]").next().expect("the lab's own table");
    format!("{head}{VARIED}")
}

#[test]
fn a_case_that_a_transcript_has_whole_is_reported() {
    let (code, found) = cheats(SPEC);
    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(
        holes(&found),
        [
            "greets: prints-transcript has the whole case",
            "greets: types-into-terminals has the whole case",
            "greets: floods has the whole case",
        ],
        "{found:#}"
    );
}

#[test]
fn a_case_whose_input_varies_is_no_hole() {
    let (code, found) = cheats(&varied());
    assert_eq!((code, holes(&found)), (Some(0), vec![]), "{found:#}");
    // What is left to cheats is said with its reason.
    let allowed = found["allowed"].as_array().expect("a list");
    assert!(
        allowed.iter().all(|one| one["reason"].is_string()),
        "{found:#}"
    );
}

// It said that a program which only waits has the peer's part of the case, which earns nothing alone.
#[test]
fn what_earns_nothing_alone_is_no_hole() {
    let head = SPEC.split("[[case]]").next().expect("the lab's own table");
    let (code, found) = cheats(&format!("{head}{STAYS}"));
    assert_eq!((code, holes(&found)), (Some(0), vec![]), "{found:#}");
}

#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn an_exit_status_alone_is_a_hole_unless_the_case_requires_a_working_program() {
    let (code, found) = cheats(&format!("{}{USAGE}", varied()));
    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(holes(&found), ["usage: fails has the whole case"]);

    let required = USAGE.replace("hint ", "requires = [\"greets\"]\nhint ");
    let (code, found) = cheats(&format!("{}{required}", varied()));
    assert_eq!((code, holes(&found)), (Some(0), vec![]), "{found:#}");
}
