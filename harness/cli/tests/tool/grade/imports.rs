//! Made samples of what every system gives to download, told apart by themselves.

use predicates::str::contains;

use super::class::{grade, marks};
use super::hostile::reasons;
use crate::common::archives::{Entry, file, gz, tar, tar_entry, zip};
use crate::common::{GOOD, Workdir};

/// What `--list` says of a class.
fn list(workdir: &Workdir, class: &str, args: &[&str]) -> String {
    let mut command = workdir.ipclab();
    let output = command
        .args(["grade", class, "--spec", "greet.toml", "--list"])
        .args(args)
        .output()
        .expect("a run");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// A workdir with a class of these files, as a folder `class` and as an archive `class.zip`.
fn both(files: &[(&str, &str)]) -> Workdir {
    let workdir = Workdir::with(&[]);
    let entries: Vec<Entry> = files.iter().map(|(name, text)| file(name, text)).collect();
    for (name, text) in files {
        workdir.write(&format!("class/{name}"), text);
    }
    workdir.write("class.zip", zip(&entries));
    workdir
}

/// The same list of a folder and of its archive.
fn check(files: &[(&str, &str)], expect: &[&str]) -> Workdir {
    let workdir = both(files);
    for class in ["class", "class.zip"] {
        let said = list(&workdir, class, &[]);
        assert_eq!(said.lines().collect::<Vec<_>>(), expect, "{class}");
    }
    workdir
}

#[test]
fn canvas_is_a_flat_folder_with_late_ones_marked() {
    let workdir = check(
        &[
            ("doejane_101_5001_hello.c", GOOD),
            ("doejane_101_5002_Makefile", "hello: hello.c\n"),
            ("roebob_LATE_102_5003_hello-1.c", GOOD),
            ("anon_103_5004_hello.c", GOOD),
            ("zoe_104_text.html", "<p>I cannot upload</p>"),
        ],
        &[
            "4 submissions, from Canvas",
            "  anon_103     canvas 103  [hello.c]",
            "  doejane_101  doejane (canvas 101)  [hello.c, Makefile]",
            "  roebob_102   roebob (canvas 102)  late  [hello.c]",
            "  zoe_104      zoe (canvas 104)  [text.html]",
        ],
    );
    workdir.write(
        "r.csv",
        "Student,ID,SIS Login ID\n\"Doe, Jane\",101,jd1\n\"Roe, Bob\",102,br2\n",
    );
    let said = list(&workdir, "class.zip", &["--roster", "r.csv"]);
    assert!(said.contains("Jane Doe (canvas 101, login jd1)"), "{said}");
}

#[test]
fn moodle_has_folders_or_long_names_blind_or_of_teams() {
    check(
        &[
            ("Jane Doe_17_assignsubmission_file/hello.c", GOOD),
            (
                "Jane Doe_17_assignsubmission_onlinetext/onlinetext.html",
                "hi",
            ),
            ("Jörg Ünal_18_assignsubmission_file/src/hello.c", GOOD),
            ("Participant_19_assignsubmission_file/hello.c", GOOD),
            ("Red_Team-Ann_20_assignsubmission_file/hello.c", GOOD),
            (
                "Only Text_21_assignsubmission_onlinetext/onlinetext.html",
                "hi",
            ),
        ],
        &[
            "5 submissions, from Moodle",
            "  Jane Doe_17      Jane Doe (moodle 17)  [a folder]",
            "  Jörg Ünal_18     Jörg Ünal (moodle 18)  [a folder]",
            "  Only Text_21     Only Text (moodle 21)  [online text was handed in, and no file]",
            "  Participant_19   moodle 19  [a folder]",
            "  Red_Team-Ann_20  Red_Team-Ann (moodle 20)  [a folder]",
        ],
    );
    check(
        &[
            ("Jane Doe_17_assignsubmission_file_hello.c", GOOD),
            ("Jane Doe_17_assignsubmission_file_notes.txt", "hi"),
        ],
        &[
            "1 submissions, from Moodle",
            "  Jane Doe_17  Jane Doe (moodle 17)  [hello.c, notes.txt]",
        ],
    );
}

#[test]
fn gradescope_says_in_its_metadata_who_is_who() {
    let metadata = "submission_11:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '0042'\n    :email: ada@x.edu\n  \
        - :name: Bob\n  :created_at: 2026-03-01 10:00:00 -08:00\nsubmission_13:\n  :submitters: []\n";
    check(
        &[
            ("assignment_9_export/submission_metadata.yml", metadata),
            ("assignment_9_export/submission_11/hello.c", GOOD),
            ("assignment_9_export/submission_12/hello.c", GOOD),
        ],
        &[
            "3 submissions, from Gradescope",
            "  submission_11  Ada Lovelace (email ada@x.edu, number 0042), Bob  [a folder]",
            "  submission_12  [a folder]",
            "  submission_13  [submission_metadata.yml names it, and there is no such folder]",
        ],
    );
    let workdir = both(&[
        ("submission_metadata.yml", "[1, 2"),
        ("submission_1/hello.c", GOOD),
    ]);
    workdir
        .ipclab()
        .args(["grade", "class", "--spec", "greet.toml", "--list"])
        .assert()
        .code(2)
        .stderr(contains("submission_metadata.yml: "));
}

#[test]
fn clones_are_called_by_assignment_and_login() {
    let workdir = both(&[
        ("greet-submissions/greet-ada-l/hello.c", GOOD),
        ("greet-submissions/greet-ada-l/.git/config", "[core]"),
        ("greet-submissions/greet-adam/hello.c", GOOD),
        ("greet-submissions/greet-adam/.classroom50.yml", "x: 1"),
    ]);
    let expect = [
        "2 submissions, from GitHub",
        "  greet-ada-l  github ada-l  [a folder]",
        "  greet-adam   github adam  [a folder]",
    ];
    for class in ["class", "class/greet-submissions"] {
        let said = list(&workdir, class, &[]);
        assert_eq!(said.lines().collect::<Vec<_>>(), expect);
    }
    workdir.write(
        "r.csv",
        "username,first_name,last_name\nada-l,Ada,Lovelace\n",
    );
    let said = list(&workdir, "class", &["--roster", "r.csv"]);
    assert!(
        said.contains("greet-ada-l  Ada Lovelace (github ada-l)"),
        "{said}"
    );
}

#[test]
fn folders_archives_and_single_files_lie_side_by_side() {
    check(
        &[
            ("ada/hello.c", GOOD),
            ("bob.zip", "PK"),
            ("cem.tgz", "x"),
            ("dan.c", GOOD),
            ("eva_hello.c", GOOD),
            ("fay.rar", "x"),
            ("README.txt", "x"),
        ],
        &[
            "6 submissions, from folders",
            "  ada      [a folder]",
            "  bob      [bob.zip]",
            "  cem      [cem.tgz]",
            "  dan      [hello.c]",
            "  eva      [hello.c]",
            "  fay.rar  [fay.rar is not a kind of archive that can be opened here: hand in a zip or a tar.gz]",
        ],
    );
}

#[test]
fn a_tar_of_a_class_and_names_that_meet_are_distinguished() {
    let workdir = Workdir::with(&[]);
    let class = tar(&[
        tar_entry(b"all/ada/hello.c", b'0', GOOD.as_bytes(), ""),
        tar_entry(b"all/ada.zip", b'0', &zip(&[file("hello.c", GOOD)]), ""),
        tar_entry(b"all/a b/hello.c", b'0', GOOD.as_bytes(), ""),
        tar_entry(b"all/a-b/hello.c", b'0', GOOD.as_bytes(), ""),
    ]);
    workdir.write("class.tar.gz", gz(&class));
    let said = list(&workdir, "class.tar.gz", &[]);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "4 submissions, from folders",
            "  a b      [a folder]",
            "  a-b      [a folder]",
            "  ada      [a folder]",
            "  ada (2)  [ada.zip]",
        ]
    );
    workdir
        .ipclab()
        .args(["grade", "class.tar.gz", "--spec", "greet.toml", "-o", "out"])
        .assert()
        .code(0);
    let text = std::fs::read(workdir.path("out/class.json")).expect("class.json");
    let class: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let pages: std::collections::BTreeSet<&str> = class["submissions"]
        .as_array()
        .expect("submissions")
        .iter()
        .filter_map(|member| member["who"]["page"].as_str())
        .collect();
    assert_eq!(pages.len(), 4, "{pages:?}");
    assert!(
        pages.iter().all(|page| !page.contains([' ', '(', '/'])),
        "{pages:?}"
    );
}

/// `part1.c` is found by nothing but the mapping beside it.
#[test]
fn a_mapping_counts_in_every_form_that_a_submission_has() {
    const MAPPING: &str = "[program.hello]\nsource = \"lab5 part1.c\"\n";
    let workdir = Workdir::with(&[]);
    let packed = |folder: &str| {
        let name = |name: &str| format!("{folder}{name}");
        zip(&[
            file(name("ipclab.toml"), MAPPING),
            file(name("lab5 part1.c"), GOOD),
        ])
    };
    for folder in ["folder", "below/lab5", "beside/lab5"] {
        workdir.write(&format!("class/{folder}/ipclab.toml"), MAPPING);
        workdir.write(&format!("class/{folder}/lab5 part1.c"), GOOD);
    }
    workdir.write("class/beside/README.txt", "Ada, lab 5");
    workdir.write("class/flat.zip", packed(""));
    workdir.write("class/around.zip", packed("lab5/"));
    workdir.write("class/inside/lab5.zip", packed(""));
    workdir.write("class/twice.zip", zip(&[file("lab5.zip", packed("lab5/"))]));
    let entries = [("ipclab.toml", MAPPING), ("lab5 part1.c", GOOD)];
    let entries = entries.map(|(name, text)| tar_entry(name.as_bytes(), b'0', text.as_bytes(), ""));
    workdir.write("class/tarred.tar.gz", gz(&tar(&entries)));
    grade(&workdir, "out").assert().code(0);
    let marks = marks(&workdir, "out");
    let full = |id: &str| (id.to_owned(), Some(4));
    let ids = [
        "around", "below", "beside", "flat", "folder", "inside", "tarred", "twice",
    ];
    assert_eq!(marks, ids.map(full).into());
}

#[test]
fn what_stays_closed_is_no_mark() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob.rar", "Rar!");
    workdir.write("class/cem/lab.7z", "7z");
    workdir.write("class/dan/notes.txt", "see the archive");
    workdir.write("class/dan/deep/lab.tar.xz", "xz");
    workdir.write("class/eva.zip", zip(&[file("lab.rar", "Rar!")]));
    let thrice = zip(&[file("c.zip", zip(&[file("hello.c", GOOD)]))]);
    workdir.write("class/fay.zip", zip(&[file("b.zip", thrice)]));
    grade(&workdir, "out").assert().code(3);
    let reasons = reasons(&workdir, "out");
    let check = |id: &str, expect: &str| {
        let said = reasons.get(id).map_or("it was graded", String::as_str);
        assert!(said.contains(expect), "{id}: {said}");
    };
    let foreign = "is not a kind of archive that can be opened here: hand in a zip or a tar.gz";
    check("bob.rar", &format!("bob.rar {foreign}"));
    check("cem", &format!("lab.7z {foreign}"));
    check("dan", &format!("deep/lab.tar.xz {foreign}"));
    check("eva", &format!("lab.rar {foreign}"));
    check(
        "fay",
        "c.zip is an archive that was not opened: hand in the files that are in it",
    );
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert_eq!(marks(&workdir, "out")["ada"], Some(4));
}
