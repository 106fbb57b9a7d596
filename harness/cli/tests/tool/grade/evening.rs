//! An instructor's evening after grading: marks by hand, comments to a group, and feedback back to students.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use predicates::str::contains;

use super::class::{HANGS, WRONG, grade};
use crate::common::{GOOD, Workdir};

/// A class of four, with a roster that says when each came.
fn class() -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob/hello.c", WRONG);
    workdir.write("class/cem/hello.c", WRONG.replace("Bye", "Hi"));
    workdir.write("class/dan/hello.c", HANGS);
    workdir.write(
        "roster.csv",
        "login,name,section,submitted at\nada,Ada Lovelace,A,2026-03-01 10:00 +00:00\nbob,Bob van Dyke,A,2026-03-02 13:00 +00:00\n\
         cem,Cem Öz,B,2026-03-01 12:10 +00:00\ndan,Dan Brown,B,\n",
    );
    workdir
}

pub(super) fn graded() -> Workdir {
    let workdir = class();
    grade(&workdir, "out")
        .args(["--roster", "roster.csv"])
        .assert()
        .code(0);
    workdir
}

/// The rows of class.csv, by submission and column.
pub(super) fn table(workdir: &Workdir) -> BTreeMap<String, BTreeMap<String, String>> {
    let output = workdir
        .ipclab()
        .args(["export", "csv", "out"])
        .output()
        .expect("a run");
    let mut rows = csv::Reader::from_reader(output.stdout.as_slice());
    let headers = rows.headers().expect("a header").clone();
    rows.records()
        .map(|row| {
            let row = row.expect("a row");
            let cells = headers.iter().zip(&row);
            let cells: BTreeMap<String, String> = cells
                .map(|(head, cell)| (head.to_owned(), cell.to_owned()))
                .collect();
            (cells["submission"].clone(), cells)
        })
        .collect()
}

pub(super) fn refresh(workdir: &Workdir) -> assert_cmd::assert::Assert {
    workdir.ipclab().args(["refresh", "out"]).assert()
}

const BY_HAND: &str = "[[override]]\nwho = 'Oz Cem'\nmark = 3\nwas = 0\nreason = 'spoke to him'\nby = 'Prof'\nwhen = 2026-03-04\n\
    comment = 'See me.'\n[[override]]\nwho = 'dan'\ncase = 'greets'\npoints = 1\nreason = 'our timeout'\nby = 'TA'\nwhen = 2026-03-05\n";

/// Canvas's gradebook, filled with the marks of `out`.
pub(super) fn filled(workdir: &Workdir) -> assert_cmd::assert::Assert {
    let line = "export canvas out --fill grades.csv --column greet";
    workdir.ipclab().args(line.split(' ')).assert()
}

#[test]
fn a_mark_by_hand_survives_regrading_and_is_shown_and_exported_as_such() {
    let workdir = graded();
    workdir.write("out/overrides.toml", BY_HAND);
    let check = |workdir: &Workdir| {
        let table = table(workdir);
        assert_eq!(
            (
                table["cem"]["mark"].as_str(),
                table["cem"]["earned"].as_str()
            ),
            ("3", "0")
        );
        assert!(
            table["cem"]["by hand"]
                .contains("the mark is 3, not 0 (Prof, 2026-03-04: spoke to him)"),
            "{table:?}"
        );
        assert_eq!(table["cem"]["comments"], "See me.");
        assert_eq!(table["dan"]["mark"], "1");
        assert_eq!(
            (
                table["ada"]["mark"].as_str(),
                table["ada"]["by hand"].as_str()
            ),
            ("4", "")
        );
        let page = |name: &str| fs::read_to_string(workdir.path(name)).expect("a page");
        assert!(page("out/submissions/cem.html").contains("spoke to him"));
        let own = page("out/feedback/cem.html");
        assert!(
            own.contains("See me.")
                && own.contains("The mark: 3 of 4")
                && !own.contains("spoke to him")
        );
        assert!(page("out/report.html").contains("the mark is 3, not 0"));
    };
    refresh(&workdir)
        .code(0)
        .stdout(contains("graded      4 of 4"));
    check(&workdir);
    grade(&workdir, "out")
        .args(["--roster", "roster.csv", "--regrade"])
        .assert()
        .code(0);
    check(&workdir);
    // Gradebooks get the mark that counts.
    workdir.write("grades.csv", "Student,ID,SIS Login ID,Section,greet (7)\n    Points Possible,,,,4\n\"Öz, Cem\",9,cem,B,\n");
    filled(&workdir)
        .code(0)
        .stdout(contains("\"Öz, Cem\",9,cem,B,3"));
}

#[test]
fn what_is_about_nothing_any_more_is_told_and_not_applied_to_something_else() {
    let workdir = graded();
    let entry = |text: &str| {
        format!("[[override]]\n{text}\nreason = 'x'\nby = 'Prof'\nwhen = 2026-03-04\n")
    };
    let check = |text: &str, said: &str| {
        workdir.write("out/overrides.toml", entry(text));
        refresh(&workdir).code(0).stderr(contains(said));
        let page = fs::read_to_string(workdir.path("out/report.html")).expect("a page");
        assert!(page.contains("overrides.toml, entry 1"), "{text}");
    };
    check(
        "who = 'eve'\nmark = 1",
        "entry 1 (line 1) is not applied: there is no submission of eve",
    );
    check(
        "who = 'bob'\ncase = 'gone'\npoints = 1",
        "not graded by a case gone",
    );
    check(
        "who = 'bob'\ncause = 'greets-000000'\nmark = 1",
        "bob does not have the cause greets-000000 any more",
    );
    check(
        "who = 'bob'\ncase = 'greets'\npoints = 9",
        "more than the 3 of greets",
    );
    check(
        "who = 'ada'\nmark = 4\nwas = 2",
        "ada has earned 4 by now: it changes nothing any more"
            .replace("ada has", "Ada Lovelace has")
            .as_str(),
    );
    check(
        "who = 'bob'\nmark = 2\nwas = 1",
        "had 1 when it was written, and has 0 now",
    );
    // Mistakes stop it, and nothing is written.
    workdir.write(
        "out/overrides.toml",
        "[[override]]\nwho = 'bob'\nmark = 2\n",
    );
    refresh(&workdir)
        .code(2)
        .stderr(contains("missing: reason, by, when"));
    workdir
        .ipclab()
        .args(["export", "csv", "out"])
        .assert()
        .code(2);
}

#[test]
fn one_comment_reaches_all_of_a_cause() {
    let workdir = graded();
    let page = fs::read_to_string(workdir.path("out/report.html")).expect("a page");
    // The most frequent comes first: two said the wrong thing, each another one.
    let at = page
        .find("cause = &quot;")
        .or_else(|| page.find("cause = \""))
        .expect("a cause");
    let cause: String = page[at..]
        .chars()
        .skip_while(|c| *c != '"' && *c != ';')
        .skip(1)
        .take_while(|c| *c != '"' && *c != '&')
        .collect();
    assert!(cause.starts_with("greets-"), "{cause}");
    workdir.write(
        "out/overrides.toml",
        format!("[[override]]\ncause = '{cause}'\ncomment = 'Read page 4.'\n"),
    );
    refresh(&workdir).code(0);
    let table = table(&workdir);
    let told: Vec<&str> = table
        .iter()
        .filter(|(_, row)| row["comments"] == "Read page 4.")
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(told, ["bob", "cem"]);
}

/// The names in a zip, and what is in each.
fn zip(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("an entry");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("text");
            (file.name().expect("a name").into_owned(), text)
        })
        .collect()
}

#[test]
fn feedback_goes_back_under_the_names_that_the_system_knows() {
    let check = |files: &[&str], form: &str, expect: &[&str]| {
        let workdir = Workdir::with(&[]);
        for (n, name) in files.iter().enumerate() {
            workdir.write(&format!("class/{name}"), if n == 0 { GOOD } else { WRONG });
        }
        grade(&workdir, "out").assert().code(0);
        workdir
            .ipclab()
            .args(["export", form, "out", "-o", "back.zip"])
            .assert()
            .code(0);
        let back = zip(&fs::read(workdir.path("back.zip")).expect("a file"));
        assert_eq!(
            back.keys().map(String::as_str).collect::<Vec<_>>(),
            expect,
            "{form}"
        );
        assert!(back.values().any(|text| text.contains("Bye")), "{back:?}");
        workdir
            .ipclab()
            .args(["export", form, "out"])
            .assert()
            .code(2)
            .stderr(contains("-o feedback.zip"));
    };
    check(
        &[
            "doejane_101_5001_hello.c",
            "van_dyke_LATE_102_5003_hello-1.c",
        ],
        "canvas-feedback",
        &[
            "doejane_101_5001_hello.c-feedback.txt",
            "van_dyke_LATE_102_5003_hello-1.c-feedback.txt",
        ],
    );
    check(
        &[
            "Jane Doe_17_assignsubmission_file/hello.c",
            "Red Team-Zoë B_20_assignsubmission_file/hello.c",
        ],
        "moodle-feedback",
        &[
            "Jane Doe_17_assignsubmission_file/feedback-greet.html",
            "Red Team-Zoë B_20_assignsubmission_file/feedback-greet.html",
        ],
    );
    let workdir = graded();
    workdir
        .ipclab()
        .args(["export", "moodle-feedback", "out", "-o", "back.zip"])
        .assert()
        .code(2)
        .stderr(contains("came from folders"));
}

#[test]
fn a_student_is_asked_for_by_a_name_as_people_write_it() {
    let workdir = graded();
    grade(&workdir, "out")
        .args(["--roster", "roster.csv", "--only", "oz cem", "--list"])
        .assert()
        .code(0);
    grade(&workdir, "out")
        .args(["--roster", "roster.csv", "--only", "OZ Cem", "--regrade"])
        .assert()
        .code(0)
        .stderr(contains("[1/1] cem"));
}

#[test]
fn a_cell_of_the_page_leads_to_the_finding() {
    let workdir = graded();
    let page = fs::read_to_string(workdir.path("out/report.html")).expect("a page");
    let start = page.find("id=\"data\">").expect("the data") + "id=\"data\">".len();
    let end = page[start..].find("</script>").expect("its end");
    let data: serde_json::Value = serde_json::from_str(&page[start..start + end]).expect("JSON");
    let rows = data["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let own = format!(
            "out/submissions/{}.html",
            row["h"].as_str().expect("a page")
        );
        let own = fs::read_to_string(workdir.path(&own)).expect("a page");
        for (at, cell) in row["c"].as_str().expect("cells").chars().enumerate() {
            let anchor = format!("id=\"case-{}\"", at + 1);
            assert_eq!(own.contains(&anchor), matches!(cell, 'f' | 'u'), "{row}");
        }
        assert!(
            own.contains("id=\"code\"") && own.contains("int main(void)"),
            "{row}"
        );
    }
    assert_eq!(rows[1]["k"], "van dyke bob");
    assert_eq!(rows[2]["s"], "B");
    let feedback = fs::read_to_string(workdir.path("out/feedback/ada.html")).expect("a page");
    assert!(!feedback.contains("int main(void)"));
}
