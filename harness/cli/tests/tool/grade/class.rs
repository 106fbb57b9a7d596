//! A made class, and what the tests ask of it.

use std::collections::BTreeMap;
use std::fs;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::common::archives::{file, gz, tar, tar_entry, zip};
use crate::common::{GOOD, Workdir};

/// Says the wrong thing.
pub(crate) const WRONG: &str = "#include <stdio.h>\nint main(void) { puts(\"Bye\"); return 1; }\n";
/// Does not compile.
pub(crate) const BROKEN: &str = "int main(void) { return 0 }\n";
/// Never ends.
pub(crate) const HANGS: &str = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n";

/// A class of twelve in the folder `class`, in every form that a submission has.
pub(crate) fn class() -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob/hello.c", WRONG);
    workdir.write("class/cem/hello.c", BROKEN);
    workdir.write("class/dan/notes.txt", "I did not get to it");
    workdir.write("class/eva/src/deep/Hello.C", GOOD);
    workdir.write("class/fay.c", GOOD);
    workdir.write("class/gus.zip", zip(&[file("work/hello.c", GOOD)]));
    let packed = tar(&[tar_entry(b"hello.c", b'0', GOOD.as_bytes(), "")]);
    workdir.write("class/hal.tar.gz", gz(&packed));
    workdir.write("class/ida/hello.zip", zip(&[file("hello.c", WRONG)]));
    workdir.write("class/jon/hello.c", GOOD);
    workdir.write("class/kim_hello.c", HANGS);
    workdir.write("class/leo (2)/hello.c", BROKEN);
    workdir
}

/// Points of each submission; `None`: not graded.
pub(crate) fn marks(workdir: &Workdir, out: &str) -> BTreeMap<String, Option<u64>> {
    let text = fs::read(workdir.path(out).join("class.json")).expect("class.json");
    let class: Value = serde_json::from_slice(&text).expect("JSON");
    let members = class["submissions"].as_array().expect("submissions");
    members
        .iter()
        .map(|member| {
            let id = member["who"]["id"].as_str().expect("an id").to_owned();
            let points = &member["standing"]["graded"]["score"]["earned"];
            (id, points.as_u64())
        })
        .collect()
}

/// Every file of a folder of results, with the times taken out.
pub(crate) fn but_for_times(workdir: &Workdir, out: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let below = ["", "submissions", "feedback"].map(|name| workdir.path(out).join(name));
    let entries = below
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("results").flatten());
    for entry in entries.filter(|entry| entry.path().is_file()) {
        let path = entry.path();
        let name = path.strip_prefix(workdir.path(out)).expect("below it");
        let name = name.to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("text");
        let text = match name.as_str() {
            "results.jsonl" => text.lines().map(without_time).collect(),
            _ => text,
        };
        files.insert(name, text);
    }
    files
}

fn without_time(line: &str) -> String {
    let at = line.find("\"took_ms\":").expect("a time");
    let rest = line[at..].find(',').expect("what follows");
    format!("{}{}\n", &line[..at], &line[at + rest..])
}

/// `ipclab grade class --spec greet.toml -o OUT`
pub(crate) fn grade(workdir: &Workdir, out: &str) -> assert_cmd::Command {
    let mut command = workdir.ipclab();
    command.args(["grade", "class", "--spec", "greet.toml", "-o", out]);
    command
}

#[test]
fn a_class_is_graded_twice_with_the_same_result() {
    let workdir = class();
    grade(&workdir, "one")
        .assert()
        .code(0)
        .stdout(contains("graded      12 of 12").and(contains("results in  one")))
        .stderr(contains("[12/12]"));
    let expect: BTreeMap<String, Option<u64>> = [
        ("ada", 4),
        ("bob", 0),
        ("cem", 0),
        ("dan", 0),
        ("eva", 4),
        ("fay", 4),
        ("gus", 4),
        ("hal", 4),
        ("ida", 0),
        ("jon", 4),
        ("kim", 0),
        ("leo (2)", 0),
    ]
    .map(|(id, points)| (id.to_owned(), Some(points)))
    .into();
    assert_eq!(marks(&workdir, "one"), expect);
    // Another order of work, another number of hands, nothing from the cache.
    grade(&workdir, "two")
        .args(["--jobs", "5", "--no-cache"])
        .assert()
        .code(0)
        .stdout(contains("alike").not());
    assert_eq!(
        but_for_times(&workdir, "one"),
        but_for_times(&workdir, "two")
    );
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_listing_that_many_hand_in_is_run_once() {
    let workdir = Workdir::with(&[]);
    let write = |who: &str, text: &str| workdir.write(&format!("class/{who}/hello.c"), text);
    write("ada", GOOD);
    write("bob", GOOD);
    write("cem", WRONG);
    // The program is the same, but it could read its source and do otherwise.
    write("dan", &format!("/* My own work: Dan. */\n\n{GOOD}"));
    grade(&workdir, "out")
        .args(["--jobs", "1"])
        .assert()
        .code(0)
        .stdout(contains(
            "alike       2 runs of programs that another student",
        ));
    let marks = marks(&workdir, "out");
    assert_eq!(marks["bob"], marks["ada"]);
    assert_ne!(marks["cem"], marks["ada"]);
    assert_eq!(marks["dan"], marks["ada"]);
    // Each keeps a report of its own.
    let report = fs::read_to_string(workdir.path("out/submissions/bob.html")).expect("a page");
    assert!(
        report.contains("bob: A greeting") && !report.contains("ada: A greeting"),
        "{report}"
    );
}

#[test]
fn the_same_command_again_grades_what_has_changed_and_nothing_else() {
    let workdir = class();
    grade(&workdir, "out").assert().code(0);
    let again_with = |args: &[&str], code: i32| {
        let output = grade(&workdir, "out").args(args).output().expect("a run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut names: Vec<String> = said
            .lines()
            .filter_map(|line| Some(line.split_once("] ")?.1.split_once(':')?.0.to_owned()))
            .collect();
        names.sort();
        assert_eq!(output.status.code(), Some(code), "{said}");
        names
    };
    let again = |args: &[&str]| again_with(args, 0);
    assert_eq!(again(&[]), Vec::<String>::new());
    workdir.write("class/bob/hello.c", GOOD);
    workdir.write("class/ada/hello.c", WRONG);
    assert_eq!(again(&["--only", "bob"]), ["bob"]);
    let marks_now = marks(&workdir, "out");
    assert_eq!((marks_now["bob"], marks_now["ada"]), (Some(4), Some(4)));
    assert_eq!(again(&[]), ["ada"]);
    assert_eq!(marks(&workdir, "out")["ada"], Some(0));
    assert_eq!(
        again(&["--only", "JON", "gus", "--regrade"]),
        ["gus", "jon"]
    );
    // With another spec, all submissions are graded again, beside the marks that stand.
    let spec = fs::read_to_string(workdir.path("greet.toml")).expect("the spec");
    workdir.write("greet.toml", spec.replace("output = 2", "output = 3"));
    assert_eq!(again_with(&["--only", "ada"], 1), ["ada"]);
    assert_eq!(again(&["--replace"]).len(), 11);
}

#[test]
fn results_of_who_is_gone_are_put_aside_when_that_is_wanted() {
    let workdir = class();
    grade(&workdir, "out").assert().code(0);
    fs::rename(workdir.path("class/ada"), workdir.path("class/zoe")).expect("a new name");
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stderr(contains("[12/12] zoe: 4 of 4").and(contains("no longer there stay")));
    assert!(marks(&workdir, "out").contains_key("ada"));
    grade(&workdir, "out")
        .arg("--replace")
        .assert()
        .code(0)
        .stderr(contains("left-out.jsonl: ada"));
    assert!(!marks(&workdir, "out").contains_key("ada"));
    let page = |name: &str| workdir.path("out").join(name).exists();
    assert!(page("submissions/zoe.html") && page("feedback/zoe.html"));
    assert!(!page("submissions/ada.html") && !page("feedback/ada.html"));
    let aside = fs::read_to_string(workdir.path("out/left-out.jsonl")).expect("the others");
    assert_eq!(aside.lines().count(), 1);
}

#[test]
fn a_roster_says_who_is_who_and_who_is_missing_without_grading_again() {
    let workdir = class();
    grade(&workdir, "out").assert().code(0);
    workdir.write(
        "students.csv",
        "login;Family name;Given name;late\nada;Lovelace;Ada;yes\nzoe;Zzz;Zoe;\n",
    );
    grade(&workdir, "out")
        .args(["--roster", "students.csv"])
        .assert()
        .code(0)
        .stdout(
            contains("12 as before")
                .and(contains("late        1"))
                .and(contains("missing     1 of the roster")),
        );
    let text = fs::read_to_string(workdir.path("out/class.json")).expect("class.json");
    let class: Value = serde_json::from_str(&text).expect("JSON");
    let ada = &class["submissions"][0]["who"];
    assert_eq!(ada["students"][0]["name"], "Ada Lovelace");
    assert_eq!(ada["late"], true);
    assert_eq!(class["missing"][0]["name"], "Zoe Zzz");
}

#[test]
fn wrong_command_lines_are_reported_with_a_remedy() {
    let workdir = class();
    let check = |args: &[&str], says: &str| {
        let mut command = workdir.ipclab();
        let assert = command.args(args).assert();
        assert.code(2).stderr(contains(says));
    };
    let spec = ["--spec", "greet.toml"];
    check(&["grade", "class", "-o", "out"], "which with --lab");
    check(&[&["grade", "class"], &spec[..]].concat(), "--out");
    check(
        &[&["grade", "nowhere", "-o", "out"], &spec[..]].concat(),
        "no such file",
    );
    check(
        &[&["grade", "class", "-o", "class/out"], &spec[..]].concat(),
        "among the submissions",
    );
    check(
        &[
            &["grade", "class", "-o", "out", "--only", "adda"],
            &spec[..],
        ]
        .concat(),
        "did you mean ada",
    );
    check(
        &[
            &["grade", "class", "-o", "out", "--only", "xyzzy"],
            &spec[..],
        ]
        .concat(),
        "all of them: --list",
    );
    check(
        &[
            &["grade", "class", "-o", "out", "--shard", "4/3"],
            &spec[..],
        ]
        .concat(),
        "from 1/3 to 3/3",
    );
    check(
        &[&["grade", "greet.toml", "-o", "out"], &spec[..]].concat(),
        "no zip, tar or tar.gz",
    );
    workdir.write("one/hello.c", GOOD);
    check(
        &[&["grade", "one", "-o", "out"], &spec[..]].concat(),
        "ipclab check one",
    );
    workdir.write("roster.csv", "points\n3\n");
    check(
        &[
            &["grade", "class", "-o", "out", "--roster", "roster.csv"],
            &spec[..],
        ]
        .concat(),
        "no column says whose row it is",
    );
}

#[test]
fn students_pages_show_nothing_that_is_kept_from_them_and_lead_to_nobody_else() {
    let workdir = class();
    let spec = fs::read_to_string(workdir.path("greet.toml")).expect("the spec");
    let hidden = spec.replace(
        "id       = \"greets-again\"",
        "id = \"greets-again\"\nvisibility = \"hidden\"",
    );
    assert_ne!(spec, hidden);
    workdir.write("greet.toml", hidden);
    grade(&workdir, "out").assert().code(0);
    let read = |name: &str| {
        let page = fs::read_to_string(workdir.path("out").join(name)).expect("a page");
        page.replace("&#x2f;", "/")
    };
    let (staff, own) = (read("submissions/ada.html"), read("feedback/ada.html"));
    assert!(staff.contains("and says it again") && staff.contains("../report.html"));
    assert!(!own.contains("says it again") && !own.contains("greets-again"));
    assert!(!own.contains("report.html") && own.contains("your program says Hello"));
    let class = read("report.html");
    assert!(class.contains("submissions/ada.html") && !class.contains("feedback/"));
}
