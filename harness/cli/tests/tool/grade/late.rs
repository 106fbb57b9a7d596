//! Late work: what the class's own file says it costs, and what is said where the time is not known.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use super::class::grade;
use super::evening::{filled, graded, refresh, table};
use crate::common::{GOOD, Workdir};

#[test]
fn being_late_costs_what_the_class_says_and_is_shown_beside_what_was_earned() {
    let workdir = graded();
    workdir.write(
        "out/class.toml",
        "[late]\ndeadline = 2026-03-01T12:00:00Z\nper-day = '25%'\ngrace = '15 min'\n",
    );
    workdir.write("class/bob/hello.c", GOOD);
    workdir.write("class/cem/hello.c", GOOD);
    grade(&workdir, "out")
        .args(["--roster", "roster.csv"])
        .assert()
        .code(0);
    let table = table(&workdir);
    let row = |id: &str| {
        ["mark", "earned", "late by", "late days", "late taken"]
            .map(|column| table[id][column].as_str())
    };
    assert_eq!(row("ada"), ["4", "4", "", "", ""]);
    assert_eq!(row("bob"), ["2", "4", "1 day 1 hour", "2", "2"]);
    // Within the grace.
    assert_eq!(row("cem"), ["4", "4", "10 minutes", "0", "0"]);
    let own = fs::read_to_string(workdir.path("out/feedback/bob.html")).expect("a page");
    assert!(
        own.contains("1 day 1 hour late: 2 days, 50 % of 4, -2"),
        "{own}"
    );
    // A rule that is wrong stops it.
    workdir.write("out/class.toml", "[late]\nper-day = 'much'\n");
    refresh(&workdir)
        .code(2)
        .stderr(contains("late.per-day is \"much\""));
}

/// Canvas says that something is late, and not by how much.
#[test]
fn late_by_an_unknown_time_is_no_mark_in_a_gradebook() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/doejane_101_5001_hello.c", GOOD);
    workdir.write("class/roebob_LATE_102_5003_hello.c", GOOD);
    workdir.write("out/class.toml", "[late]\nper-day = '25%'\ncap = '50%'\n");
    grade(&workdir, "out")
        .assert()
        .code(3)
        .stdout(contains(
            "Without a mark that stands:\n  roebob_102: late, and it is not known by how much\n",
        ))
        .stderr(contains("not known by how much").and(contains("roebob_102")));
    workdir.write(
        "grades.csv",
        "Student,ID,greet (7)\n    Points Possible,,4\n\"Doe, Jane\",101,\n\"Roe, Bob\",102,\n",
    );
    filled(&workdir)
        .code(0)
        .stdout(contains("101,4").and(contains("102,\n")))
        .stderr(contains("the mark is 2 to 4"));
    workdir.write(
        "out/overrides.toml",
        "[[override]]\nwho = '102'\nlate-days = 1\nreason = 'mail'\nby = 'TA'\nwhen = 2026-03-05\n",
    );
    filled(&workdir).code(0).stdout(contains("102,3\n"));
    let mut table = workdir.ipclab();
    table
        .args(["export", "csv", "out"])
        .assert()
        .stdout(contains(
            "1 day of being late counts (TA, 2026-03-05: mail)",
        ));
}

/// A worksheet in a language that is not known was taken for work in time.
#[test]
fn a_status_that_cannot_be_read_is_said_and_is_no_final_mark() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/Ada Lovelace_17_assignsubmission_file/hello.c", GOOD);
    workdir.write("class/Bob Roe_18_assignsubmission_file/hello.c", GOOD);
    workdir.write("out/class.toml", "[late]\nper-day = '25%'\n");
    let check = |headers: &str, ada: &str, bob: &str, expected: [&str; 2], says: &str| {
        workdir.write(
            "roster.csv",
            format!("{headers}\nParticipant 17,Ada Lovelace,{ada}\nParticipant 18,Bob Roe,{bob}\n"),
        );
        let output = grade(&workdir, "out")
            .args(["--roster", "roster.csv"])
            .output()
            .expect("a run");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(says), "{headers}: {stderr}");
        let table = table(&workdir);
        let marks: Vec<&str> = table.values().map(|row| row["mark"].as_str()).collect();
        assert_eq!(marks, expected, "{headers}");
    };
    check(
        "Identifier,Full name,Status",
        "Submitted for grading - 1 day 2 hours late - Graded",
        "Submitted for grading - Graded",
        ["2", "4"],
        "",
    );
    check(
        "Identifikator,Vollständiger Name,Status",
        "Zur Bewertung abgegeben - 1 Tag 2 Stunden zu spät",
        "Zur Bewertung abgegeben",
        ["2", "4"],
        "",
    );
    check(
        "Identifier,Full name,Status",
        "Przesłane do oceny - spóźnione o 1 dzień 2 godz.",
        "Przesłane do oceny",
        ["", "4"],
        "cannot be read: Ada Lovelace_17 (spóźnione o 1 dzień 2 godz.); say it in the roster's columns \"handed in\"",
    );
    assert_eq!(table(&workdir)["Ada Lovelace_17"]["late"], "");
}
