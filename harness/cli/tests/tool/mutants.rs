//! `ipclab validate --mutants`: it reports a change that no case notices, unless an entry explains it, and an entry that
//! explains no change.

use crate::common::{Workdir, json};
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

fn workdir(spec: &str) -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("greet.toml", spec);
    workdir.write("ref/hello.c", HELLO);
    workdir.write("submissions/accepted/one/hello.c", HELLO);
    workdir.write(
        "submissions/accepted/one/expected.toml",
        "about = \"says Hello\"\n",
    );
    workdir
}

fn mutants(workdir: &Workdir) -> (Option<i32>, Value) {
    let output = workdir
        .ipclab()
        .args(["validate", "./greet.toml", "--mutants", "--format", "json"])
        .output()
        .expect("it runs");
    (output.status.code(), json(&output)["labs"][0].clone())
}

/// What survived: `change: of whom`.
fn survivor_texts(found: &Value, which: &str) -> Vec<String> {
    let survivors = found[which].as_array().expect("a list");
    let mut survivor_texts: Vec<String> = survivors
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
    survivor_texts.sort();
    survivor_texts
}

#[test]
fn a_spec_without_holes_notices_every_change() {
    let (code, found) = mutants(&workdir(SPEC));
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
        let (code, found) = mutants(&workdir(&spec));
        assert_eq!(code, Some(1), "{found:#}");
        assert_eq!(survivor_texts(&found, "survivors"), survives, "{found:#}");
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
    let workdir = workdir(&SPEC.replace(", \"and 1 more\"", ""));
    for file in ["ref/hello.c", "submissions/accepted/one/hello.c"] {
        workdir.write(file, CLOCK);
    }
    let (code, found) = mutants(&workdir);
    assert_eq!(code, Some(1), "{found:#}");
    let lines = ["#", "and # more", "at #.#"];
    let survives: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            ["altered by a character", "lost"]
                .map(|what| format!("stdout \"{line}\" {what}: accepted/one, reference"))
        })
        .collect();
    assert_eq!(survivor_texts(&found, "survivors"), survives, "{found:#}");
}

#[test]
fn a_survivor_with_its_reason_is_no_hole_and_a_reason_for_nothing_is_one() {
    let workdir = workdir(&SPEC.replace(", \"and 1 more\"", ""));
    let list = "
[[equivalent]]
program = \"hello\"
change  = 'stdout \"and # more\" *'
reason  = \"nobody asked for more\"
";
    workdir.write("submissions/equivalent.toml", list);
    let (code, found) = mutants(&workdir);
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(survivor_texts(&found, "survivors"), [""; 0]);
    assert_eq!(survivor_texts(&found, "equivalent").len(), 2);
    assert_eq!(found["equivalent"][0]["reason"], "nobody asked for more");

    workdir.write("greet.toml", SPEC);
    let (code, found) = mutants(&workdir);
    assert_eq!(code, Some(1), "{found:#}");
    assert_eq!(
        found["stale"],
        serde_json::json!(["hello: stdout \"and # more\" *"])
    );
}

#[test]
fn a_malformed_list_is_reported_with_its_place() {
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
        let workdir = workdir(SPEC);
        workdir.write("submissions/equivalent.toml", list);
        let output = workdir
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
