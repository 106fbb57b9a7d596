//! A class spread over machines, and brought together.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use super::class::{WRONG, but_for_times, class, grade};
use crate::common::{GOOD, Workdir};

fn merge(workdir: &Workdir, parts: &[&str], out: &str) -> assert_cmd::assert::Assert {
    let mut command = workdir.ipclab();
    command.arg("merge").args(parts).args(["-o", out]).assert()
}

fn in_parts(workdir: &Workdir) {
    for part in ["1", "2", "3"] {
        let shard = format!("{part}/3");
        grade(workdir, &format!("part{part}"))
            .args(["--shard", &shard])
            .assert()
            .code(0);
    }
}

#[test]
fn three_parts_make_what_one_machine_makes() {
    let workdir = class();
    grade(&workdir, "whole").assert().code(0);
    in_parts(&workdir);
    merge(&workdir, &["part3", "part1", "part2"], "merged")
        .code(0)
        .stdout(contains("graded      12 of 12"));
    assert_eq!(
        but_for_times(&workdir, "merged"),
        but_for_times(&workdir, "whole")
    );
}

#[test]
fn a_missing_part_is_reported() {
    let workdir = class();
    in_parts(&workdir);
    merge(&workdir, &["part1", "part2"], "merged")
        .code(3)
        .stderr(contains(
            "are in none of these parts: --shard 3/3 is missing (",
        ));
    // The rows of the others were called those of students without a submission.
    workdir
        .ipclab()
        .args(["export", "csv", "part1"])
        .assert()
        .code(0)
        .stderr(contains("this is the part 1/3 of the class"));
}

#[test]
fn what_several_parts_hold_is_named_and_counted_once() {
    let workdir = class();
    grade(&workdir, "whole").assert().code(0);
    grade(&workdir, "part1")
        .args(["--shard", "1/3"])
        .assert()
        .code(0);
    merge(&workdir, &["whole", "part1"], "merged")
        .code(0)
        .stdout(contains("graded      12 of 12"))
        .stderr(contains(
            "submissions are in several of these parts, with the same marks: ",
        ));
    // Another class of as many is another class.
    fs::rename(workdir.path("class/jon"), workdir.path("class/jim")).expect("a folder");
    grade(&workdir, "other")
        .args(["--shard", "2/3"])
        .assert()
        .code(0);
    merge(&workdir, &["part1", "other"], "mixed")
        .code(2)
        .stderr(contains("jim is in one of the classes only"));
}

#[test]
fn contradictions_are_named_and_nothing_is_merged() {
    let workdir = class();
    grade(&workdir, "one").assert().code(0);
    workdir.write("class/ada/hello.c", WRONG);
    grade(&workdir, "two").assert().code(0);
    merge(&workdir, &["one", "two"], "merged").code(2).stderr(
        contains("ada: what was handed in differs in one and two").and(contains("bob").not()),
    );
    assert!(!workdir.path("merged/results.jsonl").exists());
    // The same, but for a mark that an instructor wrote in.
    workdir.write("class/ada/hello.c", GOOD);
    grade(&workdir, "two").assert().code(0);
    merge(&workdir, &["one", "two"], "merged").code(0);
    let path = workdir.path("two/results.jsonl");
    let text = fs::read_to_string(&path).expect("results");
    fs::write(&path, text.replacen("\"earned\":3", "\"earned\":2", 3)).expect("changed");
    merge(&workdir, &["one", "two"], "again")
        .code(2)
        .stderr(contains("the marks differ in one and two"));
    // Other cases were graded, so these are no parts of one class.
    grade(&workdir, "core")
        .args(["--tier", "core"])
        .assert()
        .code(0);
    merge(&workdir, &["one", "core"], "again").code(2).stderr(
        contains("do not belong together").and(contains("tiers core instead of core, robust")),
    );
    merge(&workdir, &["one", "class"], "again")
        .code(2)
        .stderr(contains("run.json"));
}

/// A stand-in for Slurm on the path: runs every part of an array, one after another, then what waits for it.
const SBATCH: &str = r#"#!/bin/bash
array= ; after= ; log=/dev/null ; words=()
for word in "$@"; do
  case "$word" in
    --array=*) array=${word#*=} ;;
    --dependency=*) after=${word#*=} ;;
    --output=*) log=${word#*=} ;;
    --*) ;;
    *) words+=("$word") ;;
  esac
done
[ -n "$array" ] || array=$(sed -n 's/^#SBATCH --array=//p' "${words[0]}")
echo "$array $after $log" >> sbatch.log
for n in $(seq "${array%-*}" "${array#*-}"); do
  SLURM_ARRAY_TASK_ID=$n SLURM_CPUS_PER_TASK=1 bash "${words[@]}" > "${log//%a/$n}" 2>&1
done
echo "7;cluster"
"#;

#[test]
fn the_script_for_slurm_grades_in_parts_and_merges() {
    let workdir = class();
    grade(&workdir, "whole").assert().code(0);
    workdir.script("bin/sbatch", SBATCH);
    let mut command = workdir.ipclab();
    let script = command
        .args(["package", "slurm", "class", "--lab", "./greet.toml"])
        .args(["-o", "it's out", "--parts", "3"])
        .output()
        .expect("a script");
    assert!(script.status.success(), "{script:?}");
    workdir.write("grade.sh", script.stdout);
    let path = format!(
        "{}:{}",
        workdir.path("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let mut bash = std::process::Command::new("bash");
    let run = bash
        .arg("grade.sh")
        .current_dir(workdir.path(""))
        .env("PATH", path)
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .output()
        .expect("a run");
    assert!(run.status.success(), "{run:?}");
    let merged = fs::read_to_string(workdir.path("it's out/merge.log")).expect("its log");
    assert!(merged.contains("graded      12 of 12"), "{merged}");
    let handed_in = fs::read_to_string(workdir.path("sbatch.log")).expect("what was handed in");
    assert!(handed_in.contains("1-1 afterany:7 "), "{handed_in}");
    // The spec was named in another way, which reports repeat; the marks are the same.
    assert_eq!(
        super::class::marks(&workdir, "it's out/class"),
        super::class::marks(&workdir, "whole")
    );
}

#[test]
fn what_the_class_is_graded_by_is_handed_on_to_slurm() {
    let workdir = class();
    let asked = |more: &[&str]| {
        let mut command = workdir.ipclab();
        command
            .args([
                "package",
                "slurm",
                "class",
                "--lab",
                "./greet.toml",
                "-o",
                "out",
            ])
            .args(more);
        command.assert()
    };
    workdir.write("who's who.csv", "name,id\nAda,1\n");
    let roster = workdir.path("who's who.csv").display().to_string();
    let quoted = format!("--roster '{}'", roster.replace('\'', r"'\''"));
    asked(&[
        "--roster",
        "who's who.csv",
        "--tier",
        "core",
        "--tier",
        "robust",
    ])
    .code(0)
    .stdout(predicates::str::contains(quoted))
    .stdout(predicates::str::contains(" --tier core --tier robust\n"));
    asked(&["--from", "folders"])
        .code(0)
        .stdout(predicates::str::contains(" --from folders\n"));
    asked(&["--trust-submissions"])
        .code(0)
        .stdout(predicates::str::contains(" --trust-submissions\n"));
    asked(&["--roster", "nobody.csv"])
        .code(2)
        .stderr(predicates::str::contains("nobody.csv"));
}
