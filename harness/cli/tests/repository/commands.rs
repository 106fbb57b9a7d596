//! Every command but `check`: what it prints and how it exits.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::{Workdir, submission, top};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn help_teaches_by_example() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .arg("--help")
        .assert()
        .success()
        .stdout(contains("ipclab check work").and(contains("Exit status")));
    workdir
        .ipclab()
        .args(["check", "--help"])
        .assert()
        .success()
        .stdout(contains("ipclab.toml"));
    workdir.ipclab().assert().code(2).stderr(contains("Usage"));
    workdir
        .ipclab()
        .arg("chekc")
        .assert()
        .code(2)
        .stderr(contains("check"));
}

#[test]
fn labs_are_listed_described_and_started() {
    let workdir = Workdir::with(&[]);
    let mut listed = workdir.ipclab().arg("labs").assert().success();
    for spec in fs::read_dir(top().join("specs")).unwrap().flatten() {
        let path = spec.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && !path.to_string_lossy().ends_with("unit.toml")
        {
            listed = listed.stdout(contains(path.file_stem().unwrap().to_str().unwrap()));
        }
    }
    workdir
        .ipclab()
        .args(["labs", "shm-hello"])
        .assert()
        .success()
        .stdout(contains("shm_writer"));
    workdir
        .ipclab()
        .args(["labs", "shm-helo"])
        .assert()
        .code(2)
        .stderr(contains("did you mean shm-hello?"));
    workdir
        .ipclab()
        .args(["labs", "shm-hello", "--starter", "new/work"])
        .assert()
        .success()
        .stdout(contains("shm_writer.c"));
    assert!(workdir.path("new/work/shm_writer.c").is_file());
    // A student's work is never written over.
    workdir
        .ipclab()
        .args(["labs", "shm-hello", "--starter", "new/work"])
        .assert()
        .code(2)
        .stderr(contains("is there already"));
}

#[test]
fn a_rejected_submission_is_written_out_and_nothing_is_written_over() {
    let workdir = Workdir::with(&[]);
    let write_out = |args: &[&str]| {
        let mut command = workdir.ipclab();
        command.current_dir(top()).arg("labs").args(args);
        command.assert()
    };
    let folder = workdir.path("new/folder");
    let folder = folder.to_str().unwrap();
    let fault = ["udp-datagram", "--fault", "server-wrong-port", "-o", folder];
    write_out(&fault)
        .success()
        .stdout(format!("{folder}/udp_client.c\n{folder}/udp_server.c\n"));
    let base = submission("udp-datagram", "accepted/whole");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    assert_eq!(
        read(&workdir.path("new/folder/udp_client.c")),
        read(&base.join("udp_client.c"))
    );
    let port = "#define PORT        700";
    assert_eq!(
        read(&workdir.path("new/folder/udp_server.c")),
        read(&base.join("udp_server.c")).replace(&format!("{port}0"), &format!("{port}1"))
    );
    assert!(!workdir.path("new/folder/expected.toml").exists());

    write_out(&fault).code(2).stderr(
        contains("new/folder has something in it already").and(contains("nothing is written over")),
    );
    let file = workdir.path("new/folder/udp_client.c");
    let file = file.to_str().unwrap();
    write_out(&["udp-datagram", "--fault", "client-no-nul", "-o", file])
        .code(2)
        .stderr(contains("udp_client.c is there already: not a directory"));
    write_out(&["udp-datagram", "--fault", "server-wrong-prot", "-o", "x"])
        .code(2)
        .stderr(contains("did you mean server-wrong-port?"));
    write_out(&["udp-datagram", "--fault", "server-wrong-port"])
        .code(2)
        .stderr(contains("--out <DIR>"));
    write_out(&["udp-datagrm", "--fault", "server-wrong-port", "-o", "x"])
        .code(2)
        .stderr(contains("did you mean udp-datagram?"));
    assert!(!top().join("x").exists());
}

#[test]
fn a_case_is_explained_in_words() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .args(["explain", "greet.toml"])
        .assert()
        .code(0)
        .stdout(contains("your program says Hello"));
    let words =
        contains("greeter is your hello, and must exit with 0").and(contains("2 output, 1 exit"));
    workdir
        .ipclab()
        .args(["explain", "./greet.toml", "greets"])
        .assert()
        .success()
        .stdout(words);
    workdir
        .ipclab()
        .args(["explain", "greet.toml", "nope"])
        .assert()
        .code(2)
        .stderr(contains("no case \"nope\""));
}

/// Expectations about the kernel's objects are explained in sentences, too.
#[test]
fn objects_are_explained_in_words() {
    let workdir = Workdir::with(&[]);
    let spec =
        include_str!("../../../spec/tests/everything.toml").replace("format = 1", "format = 2");
    workdir.write("everything.toml", spec);
    let output = workdir
        .ipclab()
        .args(["explain", "everything.toml", "all"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for sentence in [
        "server must have {{n}} processes in all, its first one included",
        "the first process of server must make 1 to 3 children",
        "server must leave no zombies: children that ended and that it never waited for",
        "a program that server starts must have no write ends of pipes open when it begins, beside stdin, stdout and stderr",
        "a process of server must have a handler for SIGCHLD, SIGINT when it waits for a child",
        "SIGUSR1 must come to client, which takes it by a handler, sigwait() or a signalfd",
        "there must be no /tmp/gone after the last program ended",
        "the semaphore set with key 7 must have the values 0, 1, have mode 0600 after the last program ended",
        "the message queue with key 201 must be gone after the last program ended",
    ] {
        assert!(
            text.contains(&format!("\n  {sentence}\n")),
            "{sentence}\n{text}"
        );
    }
}

#[test]
fn a_try_by_hand_needs_the_names_that_the_box_knows() {
    let workdir = Workdir::with(&[]);
    let by_hand = |lab: &str, case: &str| {
        let output = workdir
            .ipclab()
            .args(["explain", lab, case])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, rest) = text.split_once("by hand").unwrap();
        rest.split("\n\n").next().unwrap().to_owned()
    };
    let given = by_hand("name-lookup", "several");
    assert!(given.contains("/etc/hosts"), "{given}");
    assert!(given.contains("  #   10.0.1.2 cluster1\n"), "{given}");
    assert!(!given.contains("bakawali"), "{given}");
    let units = by_hand("tcp-echo", "client-talks");
    assert!(units.contains("  #   127.0.0.1 bakawali\n"), "{units}");
    let none = by_hand("shm-hello", "writer-stores-hello");
    assert!(!none.contains("/etc/hosts"), "{none}");
}

#[test]
fn every_spec_of_the_repository_is_right() {
    let workdir = Workdir::with(&[]);
    let mut command = workdir.ipclab();
    command.args(["spec", "check"]);
    for spec in fs::read_dir(top().join("specs")).unwrap().flatten() {
        if spec
            .path()
            .extension()
            .is_some_and(|ending| ending == "toml")
            && !spec.path().to_string_lossy().ends_with("unit.toml")
        {
            command.arg(spec.path());
        }
    }
    command.assert().success().stdout(contains("cases"));
}

#[test]
fn the_schema_is_json() {
    let workdir = Workdir::with(&[]);
    let output = workdir.ipclab().args(["spec", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["case"].is_object());
}

/// Editors read the schemas beside the specs, and each spec names its own.
#[test]
fn the_schemas_beside_the_specs_are_those_of_the_tool() {
    let workdir = Workdir::with(&[]);
    for (words, file) in [
        (&["spec", "schema"][..], "lab.json"),
        (&["spec", "schema", "--submission"][..], "submission.json"),
    ] {
        let output = workdir.ipclab().args(words).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let kept = fs::read_to_string(top().join("specs/schema").join(file)).unwrap();
        assert_eq!(
            kept,
            printed,
            "write it anew: ipclab {} > specs/schema/{file}",
            words.join(" ")
        );
    }
    for spec in fs::read_dir(top().join("specs")).unwrap().flatten() {
        let path = spec.path();
        let is_spec = path.extension().is_some_and(|ending| ending == "toml");
        if is_spec && !path.to_string_lossy().ends_with("unit.toml") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("#:schema schema/lab.json\n"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_new_lab_brings_the_schema_that_its_first_line_names() {
    let workdir = Workdir::with(&[]);
    let new = |name: &str| {
        workdir
            .ipclab()
            .args(["spec", "new", name])
            .assert()
            .success()
    };
    new("first").stdout(contains("specs/schema/lab.json"));
    let spec = fs::read_to_string(workdir.path("specs/first.toml")).unwrap();
    assert!(spec.starts_with("#:schema schema/lab.json\n"), "{spec}");
    let schema = workdir.path("specs/schema/lab.json");
    let printed = workdir.ipclab().args(["spec", "schema"]).output().unwrap();
    assert_eq!(fs::read(&schema).unwrap(), printed.stdout);
    // A second lab beside it uses the same.
    fs::write(&schema, "{}").unwrap();
    new("second").stdout(contains("lab.json").not());
    assert_eq!(fs::read_to_string(&schema).unwrap(), "{}");
}

#[test]
fn ten_mistakes_are_reported_at_once() {
    let workdir = Workdir::with(&[]);
    let spec = crate::common::SPEC
        .replace("format = 1", "format = 3")
        .replace("limit  =", "limmit =")
        .replace("id     = \"greets\"", "id     = \"Greets It\"")
        .replace("tier   = \"core\"", "tier   = \"cor\"")
        .replace("{ output = 2, exit = 1 }", "{ outptu = 2, exit = 0 }")
        .replace("requires = [\"greets\"]", "requires = [\"greet\"]")
        .replace("exit    = 0", "exit    = \"SIGSEGVV\"")
        .replace("hint     = \"The same.\"", "hnit     = \"The same.\"")
        .replace(
            "[case.actor.greeter]\nstudent = \"hello\"\nstdout",
            "[case.actor.greeter]\nstudent = \"helo\"\nstdout",
        )
        .replace("covers   = [\"Q1\"]", "covers   = []");
    workdir.write("wrong.toml", spec);
    let output = workdir
        .ipclab()
        .args(["spec", "check", "wrong.toml", "greet.toml"])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let places = errors.matches("wrong.toml:").count();
    assert!(places >= 10, "{places} places in:\n{errors}");
    // The other file was checked all the same.
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("greet.toml: 2 cases")
    );
    workdir
        .ipclab()
        .args(["check", "work", "--spec", "wrong.toml"])
        .assert()
        .code(2)
        .stderr(contains("mistakes"));
}

#[test]
fn reference_programs_are_played_by_command_and_by_name() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .arg("reference")
        .assert()
        .success()
        .stdout(contains("iserver").and(contains("uc_client")));
    workdir
        .ipclab()
        .args(["reference", "isrever"])
        .assert()
        .code(2)
        .stderr(contains("no reference program"));
    let usage = contains("Usage: ./comclient");
    workdir
        .ipclab()
        .args(["reference", "comclient"])
        .assert()
        .failure()
        .stdout(usage.clone());
    symlink(
        assert_cmd::cargo::cargo_bin("ipclab"),
        workdir.path("comclient"),
    )
    .unwrap();
    assert_cmd::Command::new(workdir.path("comclient"))
        .assert()
        .failure()
        .stdout(contains("comclient <Server"));
}

#[test]
fn the_doctor_names_the_level() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .arg("doctor")
        .assert()
        .success()
        .stdout(contains("level: ").and(contains("level: none").not()));
}

#[test]
fn judging_wants_a_kept_check() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .args(["judge", "nowhere"])
        .assert()
        .code(2)
        .stderr(contains("nowhere/record.json").and(contains("--keep")));
    workdir.write("kept/record.json", "{\"format\": 1}");
    workdir
        .ipclab()
        .args(["judge", "kept"])
        .assert()
        .code(2)
        .stderr(contains("line 1"));
}

#[test]
fn a_full_disk_behind_stdout_is_an_error_and_a_closed_pipe_is_none() {
    let workdir = Workdir::with(&[]);
    let full = |device: &str| {
        std::process::Command::new(assert_cmd::cargo::cargo_bin("ipclab"))
            .arg("labs")
            .stdout(fs::File::options().write(true).open(device).unwrap())
            .output()
            .unwrap()
    };
    let output = full("/dev/full");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("writing to stdout: no space left on device")
    );

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("ipclab"))
        .args(["labs", "shm-hello"])
        .stdout(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    drop(workdir);
}

/// The output of `ipclab spec TABLE` and the block behind its name in the README are the same. `SNAPSHOTS=overwrite cargo test`
/// writes the blocks anew.
#[test]
fn the_tables_of_the_language_are_those_of_the_readme() {
    let path = top().join("specs/README.md");
    for (name, row) in [
        ("keys", "\n  student "),
        ("steps", "\n  recv 'hal'"),
        ("placeholders", "\n  {{n}} "),
        ("patterns", "\n  fork() "),
        ("calls", "\nrecv "),
    ] {
        let workdir = Workdir::with(&[]);
        let output = workdir.ipclab().args(["spec", name]).output().unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.contains(row), "{table}");
        let readme = std::fs::read_to_string(&path).unwrap();
        let said = format!("`ipclab spec {name}`");
        let (before, behind) = readme.rsplit_once(&said).expect("the table's name");
        let (between, block) = behind.split_once("```text\n").expect("a block");
        let (block, after) = block.split_once("```\n").expect("its end");
        if block == table {
            continue;
        }
        let is_asked = std::env::var("SNAPSHOTS").is_ok_and(|wanted| wanted == "overwrite");
        assert!(
            is_asked,
            "specs/README.md lacks what `ipclab spec {name}` prints:\n{table}"
        );
        let fresh = format!("{before}{said}{between}```text\n{table}```\n{after}");
        std::fs::write(&path, fresh).unwrap();
    }
}
