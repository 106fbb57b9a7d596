//! `ipclab validate --mutants`: it reports a change that no case notices, unless an entry explains it, and an entry that
//! explains no change.

use crate::common::{Desk, json};
use serde_json::Value;

/// The reference: says Hello, and keeps its folder clean.
const HELLO: &str = "#include <stdio.h>
int main(void) { puts(\"Hello\"); puts(\"and 1 more\"); return 0; }
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
points = { output = 2, exit = 1, cleanup = 1 }
covers = [\"Q1\"]
hint   = \"puts\"
[case.actor.greeter]
student = \"hello\"
exit    = 0
stdout.lines = [\"Hello\", \"and 1 more\"]
";

fn desk(spec: &str) -> Desk {
    let desk = Desk::with(&[]);
    desk.write("greet.toml", spec);
    desk.write("ref/hello.c", HELLO);
    desk.write("submissions/accepted/one/hello.c", HELLO);
    desk.write(
        "submissions/accepted/one/expected.toml",
        "about = \"says Hello\"\n",
    );
    desk
}

fn mutants(desk: &Desk) -> (Option<i32>, Value) {
    let output = desk
        .ipclab()
        .args(["validate", "./greet.toml", "--mutants", "--format", "json"])
        .output()
        .expect("it runs");
    (output.status.code(), json(&output)["labs"][0].clone())
}

/// What survived: `change: of whom`.
fn told(found: &Value, which: &str) -> Vec<String> {
    let survivors = found[which].as_array().expect("a list");
    let mut told: Vec<String> = survivors
        .iter()
        .map(|survivor| {
            let of = survivor["of"].as_array().expect("a list");
            let of: Vec<&str> = of.iter().filter_map(Value::as_str).collect();
            format!(
                "{}: {}",
                survivor["change"].as_str().expect("a text"),
                of.join(", ")
            )
        })
        .collect();
    told.sort();
    told
}

#[test]
fn a_spec_without_holes_notices_every_change() {
    let (code, found) = mutants(&desk(SPEC));
    assert_eq!(code, Some(0), "{found:#}");
    // Of each program set: status, child, file, and both lines lost and altered.
    assert_eq!(
        (&found["changes"], &found["killed"]),
        (&14.into(), &14.into())
    );
    assert_eq!(
        found["programs"],
        serde_json::json!(["reference", "accepted/one"])
    );
    assert_eq!(found["cases"][0]["killed"], 14);
}

#[test]
fn what_a_spec_does_not_ask_survives() {
    for (spec, survives) in [
        (
            SPEC.replace(", \"and 1 more\"", ""),
            &[
                "stdout \"and # more\" altered by a character: accepted/one, reference",
                "stdout \"and # more\" lost: accepted/one, reference",
            ][..],
        ),
        (
            SPEC.replace("exit    = 0\n", "").replace(", exit = 1", ""),
            &["exit status 1 instead of 0: accepted/one, reference"],
        ),
        (
            format!("{SPEC}\n[case.leaves]\nmay = [\"/tmp/*\"]\n"),
            &["a file left in /tmp: accepted/one, reference"],
        ),
    ] {
        assert_ne!(spec, SPEC);
        let (code, found) = mutants(&desk(&spec));
        assert_eq!(code, Some(1), "{found:#}");
        assert_eq!(told(&found, "survivors"), survives, "{found:#}");
    }
}

#[test]
fn a_line_that_is_another_in_every_run_is_not_taken_for_the_one_that_was_changed() {
    const CLOCK: &str = "#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf(\"at %ld.%09ld\\n\", (long)now.tv_sec, now.tv_nsec);
    puts(\"Hello\");
    puts(\"and 1 more\");
    puts(\"7\");
    return 0;
}
";
    let desk = desk(&SPEC.replace(", \"and 1 more\"", ""));
    for file in ["ref/hello.c", "submissions/accepted/one/hello.c"] {
        desk.write(file, CLOCK);
    }
    let (code, found) = mutants(&desk);
    assert_eq!(code, Some(1), "{found:#}");
    let lines = ["#", "and # more", "at #.#"];
    let survives: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            ["altered by a character", "lost"]
                .map(|what| format!("stdout \"{line}\" {what}: accepted/one, reference"))
        })
        .collect();
    assert_eq!(told(&found, "survivors"), survives, "{found:#}");
}

#[test]
fn a_survivor_with_its_reason_is_no_hole_and_a_reason_for_nothing_is_one() {
    let desk = desk(&SPEC.replace(", \"and 1 more\"", ""));
    let list = "
[[equivalent]]
program = \"hello\"
change  = 'stdout \"and # more\" *'
reason  = \"nobody asked for more\"
";
    desk.write("submissions/equivalent.toml", list);
    let (code, found) = mutants(&desk);
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(told(&found, "survivors"), [""; 0]);
    assert_eq!(told(&found, "equivalent").len(), 2);
    assert_eq!(found["equivalent"][0]["reason"], "nobody asked for more");

    desk.write("greet.toml", SPEC);
    let (code, found) = mutants(&desk);
    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(
        found["stale"],
        serde_json::json!(["hello: stdout \"and # more\" *"])
    );
}

#[test]
fn a_list_that_is_not_understood_is_told_with_its_place() {
    for (list, words) in [
        (
            "[[equivalent]]\nprogram = \"hello\"\nchange = \"x\"\n",
            "missing field `reason`",
        ),
        (
            "[[equivalent]]\nprogram = \"hello\"\nchange = \"x\"\nreason = \" \"\n",
            "\"x\" has no reason",
        ),
        ("[[equivalents]]\n", "unknown field `equivalents`"),
    ] {
        let desk = desk(SPEC);
        desk.write("submissions/equivalent.toml", list);
        let output = desk
            .ipclab()
            .args(["validate", "./greet.toml", "--mutants"])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(words) && said.contains("equivalent.toml"),
            "{said}"
        );
    }
}
