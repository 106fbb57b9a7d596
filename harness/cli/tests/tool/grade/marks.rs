//! A mark is never replaced by less: the class's marks, looks beside them, and what another spec would make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use predicates::prelude::*;
use predicates::str::contains;

use super::class::{HANGS, WRONG, but_for_times, grade, marks};
use crate::common::{GOOD, SPEC, Workdir};

/// A class of three, graded into `out`.
fn graded() -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob/hello.c", WRONG);
    workdir.write("class/cem/hello.c", HANGS);
    grade(&workdir, "out").assert().code(0);
    workdir
}

/// Every file of a folder of results that is about the class's marks.
fn of_the_class(workdir: &Workdir) -> BTreeMap<String, String> {
    but_for_times(workdir, "out")
}

/// The folders in a folder of results.
fn folders(workdir: &Workdir, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(workdir.path(name)).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

fn export(workdir: &Workdir, folder: &str) -> assert_cmd::assert::Assert {
    workdir.ipclab().args(["export", "csv", folder]).assert()
}

#[test]
fn a_look_at_one_case_of_one_student_touches_no_mark_page_or_row() {
    let workdir = graded();
    let before = of_the_class(&workdir);
    grade(&workdir, "out")
        .args(["--only", "bob", "--case", "greets"])
        .assert()
        .code(0)
        .stdout(contains("out/looks/case-greets-").and(contains("graded      1 of 1")))
        .stderr(contains("the class's marks are untouched"));
    assert_eq!(of_the_class(&workdir), before);
    export(&workdir, "out").code(0).stdout(contains("cem"));
    // Again, and the look at another student beside it.
    grade(&workdir, "out")
        .args(["--only", "ada", "--case", "greets"])
        .assert()
        .code(0);
    let [look] = &folders(&workdir, "out/looks")[..] else {
        panic!("one folder for one kind of look");
    };
    let name = look.strip_prefix(workdir.path("")).expect("below it");
    let name = name.to_str().expect("a name");
    assert_eq!(marks(&workdir, name).len(), 2);
    export(&workdir, name)
        .code(2)
        .stderr(contains("is a look at --case greets"));
    assert_eq!(of_the_class(&workdir), before);
}

#[test]
fn a_look_at_one_tier_of_all_touches_no_mark_page_or_row() {
    let workdir = graded();
    let before = of_the_class(&workdir);
    grade(&workdir, "out")
        .args(["--tier", "core", "--regrade"])
        .assert()
        .code(0)
        .stdout(contains("out/looks/tier-core-"));
    assert_eq!(of_the_class(&workdir), before);
}

#[test]
fn a_look_alone_makes_no_marks_of_a_class() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob/hello.c", WRONG);
    grade(&workdir, "out")
        .args(["--case", "greets"])
        .assert()
        .code(0);
    export(&workdir, "out")
        .code(2)
        .stderr(contains("no marks of the class").and(contains("grade the class whole")));
}

#[test]
fn the_tiers_that_a_class_is_graded_on_are_those_of_its_own_file_or_its_first_run() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob/hello.c", WRONG);
    grade(&workdir, "first")
        .args(["--tier", "core"])
        .assert()
        .code(0);
    assert_eq!(marks(&workdir, "first")["ada"], Some(3));
    export(&workdir, "first").code(0);
    workdir.write("out/class.toml", "tiers = [\"core\"]\n");
    grade(&workdir, "out").assert().code(0);
    assert_eq!(marks(&workdir, "out")["ada"], Some(3));
    grade(&workdir, "out")
        .args(["--tier", "core", "--tier", "robust"])
        .assert()
        .code(0)
        .stdout(contains("out/looks/tier-core+robust-"));
    assert_eq!(marks(&workdir, "out")["ada"], Some(3));
    workdir.write("out/class.toml", "tiers = [\"cor\"]\n");
    grade(&workdir, "out")
        .assert()
        .code(2)
        .stderr(contains("there is no tier \"cor\""));
}

#[test]
fn what_another_spec_changes_is_shown_before_it_takes_the_place_of_a_mark() {
    let workdir = graded();
    let before = of_the_class(&workdir);
    workdir.write("greet.toml", SPEC.replace("output = 2", "output = 3"));
    // One of them: nothing that could be the class's.
    grade(&workdir, "out")
        .args(["--only", "ada", "--replace"])
        .assert()
        .code(1)
        .stderr(contains("ada: 4 -> 5  (+1)").and(contains("2 of them have no mark")));
    assert_eq!(of_the_class(&workdir), before);
    // All of them, and no one to ask.
    grade(&workdir, "out").assert().code(1).stderr(
        contains("graded by another spec")
            .and(contains("ada: 4 -> 5  (+1)"))
            .and(contains("greets: 3 of 3 (passed) -> 4 of 4 (passed)"))
            .and(contains("--replace")),
    );
    assert_eq!(of_the_class(&workdir), before);
    export(&workdir, "out").code(0).stdout(contains("ada,ada,"));
    let proposal = folders(&workdir, "out/gradings").remove(0);
    let proposal = proposal.to_str().expect("a name").to_owned();
    export(&workdir, &proposal)
        .code(2)
        .stderr(contains("not been put in the place"));
    grade(&workdir, "out")
        .arg("--replace")
        .assert()
        .code(0)
        .stdout(contains("3 as before").and(contains("results in  out\n")));
    assert_eq!(marks(&workdir, "out")["ada"], Some(5));
    let replaced = folders(&workdir, "out/gradings").remove(0);
    export(&workdir, replaced.to_str().expect("a name"))
        .code(2)
        .stderr(contains("has marks that others have replaced"));
    // What stood before is kept, and comes back in the same way, without being graded again.
    workdir.write("greet.toml", SPEC);
    grade(&workdir, "out").assert().code(1);
    assert_eq!(marks(&workdir, "out")["ada"], Some(5));
    grade(&workdir, "out")
        .arg("--replace")
        .assert()
        .code(0)
        .stdout(contains("3 as before"));
    let mut now = of_the_class(&workdir);
    let changes = now.remove("changes.csv").expect("what changed");
    assert!(changes.contains("ada,ada,5,4,'-1,greets"), "{changes}");
    let page = now.remove("report.html").expect("the page");
    assert!(
        page.contains("graded anew by another spec: 1 lost"),
        "{page}"
    );
    let same = |name: &str| assert_eq!(now[name], before[name], "{name}");
    for file in [
        "results.jsonl",
        "run.json",
        "class.csv",
        "submissions/ada.html",
    ] {
        same(file);
    }
}

#[test]
fn two_gradings_are_compared_by_student_case_and_cause() {
    let workdir = graded();
    workdir.write("class/bob/hello.c", GOOD);
    workdir.write("class/ada/hello.c", WRONG);
    grade(&workdir, "later").assert().code(0);
    let diff = |more: &[&str]| {
        let mut command = workdir.ipclab();
        command.args(["diff", "out"]).args(more);
        command.assert()
    };
    diff(&["out"]).code(0).stdout(contains("3 as before"));
    diff(&["later"]).code(1).stdout(
        contains("1 lost in greets: ")
            .and(contains("1 gained in greets"))
            .and(contains("ada: 4 -> 0  (-4)"))
            .and(contains("bob: 0 -> 4  (+4)"))
            .and(contains("1 gained, 1 lost, 1 as before"))
            .and(contains("overrides").not()),
    );
    diff(&["later", "--format", "csv"])
        .code(1)
        .stdout(contains("ada,ada,4,0,'-4,greets,3,0,lost in,").and(contains(",4,0\r\n")));
    diff(&["nowhere"]).code(2).stderr(contains("nowhere"));
    // A mark by hand stands beside what was earned, also one that no run has heeded yet.
    workdir.write(
        "later/overrides.toml",
        "[[override]]\nwho = 'ada'\nmark = 3\nreason = 'x'\nby = 'Prof'\nwhen = 2026-03-04\n\
         [[override]]\nwho = 'cem'\nmark = 1\nreason = 'x'\nby = 'Prof'\nwhen = 2026-03-04\n",
    );
    diff(&["later"]).code(1).stdout(
        contains("ada: 4 -> 0  (-4); mark 4 -> 3  (-1)")
            .and(contains("cem: 0 -> 0; mark 0 -> 1  (+1)"))
            .and(contains(
                "marks with overrides and late work: 2 gained, 1 lost",
            )),
    );
    diff(&["later", "--format", "csv"])
        .code(1)
        .stdout(contains("cem,cem,0,0,0,,,,,,0,1\r\n"));
}

/// The part of a class's page about its last regrade.
fn regrade_section(workdir: &Workdir, page: &str) -> Option<String> {
    let page = fs::read_to_string(workdir.path(page)).expect("a page");
    let (_, section) = page.split_once("<h2 id=\"regrade\">")?;
    let (section, _) = section.split_once("</section>").expect("its end");
    Some(section.to_owned())
}

#[test]
fn the_page_of_the_class_shows_what_a_regrade_changes_and_has_changed() {
    let workdir = graded();
    assert_eq!(regrade_section(&workdir, "out/report.html"), None);
    workdir.write("greet.toml", SPEC.replace("output = 2", "output = 3"));
    grade(&workdir, "out").assert().code(1);
    assert_eq!(regrade_section(&workdir, "out/report.html"), None);
    let proposal = folders(&workdir, "out/gradings").remove(0);
    let proposal = proposal.strip_prefix(workdir.path("")).expect("below it");
    let name = proposal.join("report.html");
    let section = regrade_section(&workdir, name.to_str().expect("a name")).expect("a section");
    assert!(
        section.contains("What this grading would change") && section.contains("--replace"),
        "{section}"
    );
    grade(&workdir, "out").arg("--replace").assert().code(0);
    let check = |workdir: &Workdir| {
        let section = regrade_section(workdir, "out/report.html").expect("a section");
        for part in [
            "What the last regrade changed",
            "graded anew by another spec",
            "The lab had 4 points, and has 5 now.",
            "1 gained",
            "<b>3</b> with other points for <code>greets</code>",
            "<a href=\"submissions&#x2f;ada.html\">ada</a>",
            "greets: 3 of 3 (passed) → 4 of 4 (passed)",
        ] {
            assert!(section.contains(part), "{part}: {section}");
        }
    };
    check(&workdir);
    // It stays until the next one, whatever is written anew.
    grade(&workdir, "out").assert().code(0);
    check(&workdir);
    workdir.ipclab().args(["refresh", "out"]).assert().code(0);
    check(&workdir);
}

#[test]
fn another_spec_that_changes_no_mark_takes_over_without_asking() {
    let workdir = graded();
    workdir.write("greet.toml", SPEC.replace("says Hello", "greets its user"));
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stderr(contains("no mark of the class has changed"));
    let page = fs::read_to_string(workdir.path("out/submissions/bob.html")).expect("a page");
    assert!(page.contains("greets its user"), "{page}");
    export(&workdir, "out").code(0);
}

/// The path was a part of what results hang on: from another folder, or on another machine, all was graded again.
#[test]
fn a_spec_at_another_path_is_the_same_spec() {
    let workdir = graded();
    workdir.write("elsewhere/spec.toml", SPEC);
    let before = of_the_class(&workdir);
    workdir
        .ipclab()
        .args([
            "grade",
            "class",
            "--spec",
            "elsewhere/spec.toml",
            "-o",
            "out",
        ])
        .assert()
        .code(0)
        .stdout(contains("3 as before, not graded again"));
    let mut after = of_the_class(&workdir);
    // Where it was graded from the last time.
    after.insert("run.json".to_owned(), before["run.json"].clone());
    assert_eq!(after, before);
}

#[test]
fn the_mark_of_a_submission_that_is_no_longer_there_stays_until_it_is_left_out() {
    let workdir = graded();
    fs::rename(workdir.path("class"), workdir.path("elsewhere")).expect("moved");
    workdir.write("class/bob/hello.c", WRONG);
    workdir.write("class/dan/hello.c", GOOD);
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stderr(contains("no longer there stay as they are: ada, cem"));
    let now = marks(&workdir, "out");
    assert_eq!((now["ada"], now["dan"]), (Some(4), Some(4)));
    assert!(workdir.path("out/submissions/ada.html").exists());
    export(&workdir, "out").code(0).stdout(contains("ada"));
}

#[test]
fn what_could_not_be_graded_again_keeps_its_mark() {
    let workdir = graded();
    let before = marks(&workdir, "out");
    // The machine's trouble: no compiler.
    grade(&workdir, "out")
        .args(["--regrade", "--no-cache"])
        .env("PATH", "/nowhere")
        .assert()
        .code(3)
        .stderr(contains("ada: not graded: no C").and(contains("the mark of before stands")));
    assert_eq!(marks(&workdir, "out"), before);
}

#[test]
fn a_grading_that_has_no_mark_for_some_takes_no_mark_away() {
    let workdir = graded();
    let before = of_the_class(&workdir);
    workdir.write("greet.toml", SPEC.replace("output = 2", "output = 3"));
    grade(&workdir, "out")
        .args(["--replace", "--no-cache"])
        .env("PATH", "/nowhere")
        .assert()
        .code(3)
        .stderr(contains("would have none: ada, bob, cem"));
    assert_eq!(of_the_class(&workdir), before);
    export(&workdir, "out").code(0).stdout(contains("ada,ada,"));
}

#[test]
fn parts_that_are_merged_take_no_mark_away() {
    let workdir = graded();
    let before = of_the_class(&workdir);
    grade(&workdir, "one")
        .args(["--shard", "1/2"])
        .assert()
        .code(0);
    let merge = |more: &[&str]| {
        let mut command = workdir.ipclab();
        command.args(["merge", "one", "-o", "out"]).args(more);
        command.assert()
    };
    merge(&[])
        .code(2)
        .stderr(contains("4 -> not there").and(contains("--replace")));
    assert_eq!(of_the_class(&workdir), before);
}

#[test]
fn a_mark_that_a_new_submission_changes_is_said() {
    let workdir = graded();
    workdir.write("class/ada/hello.c", WRONG);
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stderr(contains("marks that this run changed").and(contains("ada: 4 -> 0  (-4)")));
}

/// Takes out what the first version did not write.
fn as_the_first_version_wrote_it(workdir: &Workdir) {
    let path = workdir.path("out/run.json");
    let text = fs::read_to_string(&path).expect("run.json");
    let mut run: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    run["schema"] = "ipclab/run/v1".into();
    run.as_object_mut().expect("an object").remove("how");
    fs::write(&path, run.to_string()).expect("run.json");
}

#[test]
fn results_of_the_first_version_are_exported_and_gone_on_with() {
    let workdir = graded();
    as_the_first_version_wrote_it(&workdir);
    export(&workdir, "out").code(0).stdout(contains("cem"));
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stdout(contains("3 as before"));
    // By another tool or spec, they are compared.
    as_the_first_version_wrote_it(&workdir);
    workdir.write("greet.toml", SPEC.replace("output = 2", "output = 3"));
    grade(&workdir, "out")
        .assert()
        .code(1)
        .stderr(contains("ada: 4 -> 5"));
    assert_eq!(marks(&workdir, "out")["ada"], Some(4));
}

#[test]
fn marks_that_the_first_version_hid_behind_a_look_are_found_again() {
    let workdir = graded();
    // What `--only bob --case greets` left behind there: all other lines, a line of its own, and a table of one.
    let path = workdir.path("out/results.jsonl");
    let text = fs::read_to_string(&path).expect("results");
    let own: Vec<String> = text
        .lines()
        .map(|line| match line.contains("\"id\":\"bob\"") {
            false => line.to_owned(),
            true => {
                let at = line.find("\"key\":\"").expect("a key") + 7;
                format!("{}{}{}", &line[..at], "0".repeat(24), &line[at + 24..])
            }
        })
        .collect();
    fs::write(&path, own.join("\n") + "\n").expect("results");
    as_the_first_version_wrote_it(&workdir);
    let run = fs::read_to_string(workdir.path("out/run.json")).expect("run.json");
    let mut run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
    run["settings"] = "0".repeat(24).into();
    fs::write(workdir.path("out/run.json"), run.to_string()).expect("run.json");
    export(&workdir, "out")
        .code(2)
        .stderr(contains("2 submissions are not in it").and(contains("grade the class again")));
    grade(&workdir, "out")
        .assert()
        .code(0)
        .stdout(contains("2 as before").and(contains("3 of 3")));
    export(&workdir, "out").code(0).stdout(contains("cem"));
}
