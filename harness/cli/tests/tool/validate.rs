//! `ipclab validate`: what proves a spec, and every kind of hole.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{GOOD, Workdir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

const SPEC: &str = r#"
format = 1
lab    = "greet"
title  = "A greeting"
unit   = ["Q1"]
limit  = "10s"

[program.hello]
source    = ["hello.c"]
reference = { source = ["ref/polite.c"] }

[[case]]
id     = "greets"
title  = "your program says Hello"
tier   = "core"
points = { output = 2, exit = 1 }
covers = ["Q1"]
[case.actor.greeter]
student = "hello"
exit    = 0
stdout.lines = ["Hello"]

[[case]]
id       = "greets-by-name"
title    = "and to whom"
tier     = "robust"
points   = 1
covers   = ["Q1"]
requires = ["greets"]
[case.actor.greeter]
student = "hello Ada"
stdout.lines = ["Hello Ada"]
"#;

/// A program that greets whom it is told, with this status.
fn program(word: &str, status: &str) -> String {
    format!(
        "#include <stdio.h>\nint main(int argc, char **argv) {{\n\
         printf(argc > 1 ? \"{word} %s\\n\" : \"{word}\\n\", argv[1]);\nreturn {status};\n}}\n"
    )
}

/// A workdir with a lab that is proved.
fn lab() -> Workdir {
    let workdir = Workdir::with(&[]);
    let file = |name: &str, text: &str| workdir.write(&format!("greet/{name}"), text);
    file("spec.toml", SPEC);
    file("ref/polite.c", &program("Hello", "0"));
    file("starter/hello.c", "int main(void) { return 0; }\n");
    let submission = |name: &str, code: &str, expected: &str| {
        file(&format!("submissions/{name}/hello.c"), code);
        file(&format!("submissions/{name}/expected.toml"), expected);
    };
    submission(
        "accepted/whole",
        &program("Hello", "0"),
        "about = \"all of it\"\n",
    );
    submission(
        "accepted/short",
        GOOD,
        "about = \"greets the world only\"\n[fails]\ngreets-by-name = [\"output\"]\n",
    );
    submission(
        "rejected/rude",
        &program("Go away", "0"),
        "about = \"is rude\"\nsays = [\"Go away\"]\n[fails]\ngreets = [\"output\"]\n[skips]\ngreets-by-name = \"greets\"\n",
    );
    submission(
        "rejected/status",
        &program("Hello", "argc == 1"),
        "about = \"ends with 1\"\nsays = [\"status 1\"]\n[fails]\ngreets = [\"exit\"]\n[skips]\ngreets-by-name = \"greets\"\n",
    );
    submission(
        "rejected/deaf",
        GOOD,
        "about = \"does not listen\"\nsays = [\"Hello\"]\n[fails]\ngreets-by-name = [\"output\"]\n",
    );
    submission(
        "rejected/broken",
        "int main(void) { return }\n",
        "about = \"no C\"\nsays = [\"could not be built\"]\n[skips]\ngreets = \"build\"\ngreets-by-name = \"build\"\n",
    );
    workdir
}

fn validate(workdir: &Workdir, args: &[&str]) -> (Option<i32>, String) {
    let output = workdir
        .ipclab()
        .args(["validate", "greet/spec.toml"])
        .args(args)
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (output.status.code(), text)
}

#[test]
fn a_lab_is_proved_by_programs_of_every_kind() {
    let workdir = lab();
    let (code, text) = validate(&workdir, &[]);
    assert_eq!(code, Some(0), "{text}");
    for row in [
        "✓ reference              4 of 4\n",
        "✓ accepted/short         3 of 4   greets-by-name: output\n",
        "✓ accepted/whole         4 of 4\n",
        "✓ rejected/broken        0 of 4   2 cases skipped (build)\n",
        "✓ rejected/rude          1 of 4   greets: output\n                                    greets-by-name: skipped (greets)\n",
        "✓ starter                1 of 4   greets: output\n",
        "✓ an empty folder        0 of 4   2 cases skipped (build)\n",
        "✓ a folder of rubbish    0 of 4   2 cases skipped (build)\n",
        "3 of 3 parts of the points are lost by a rejected submission",
        "proved · 1 lab · 10 program sets tried",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn json_says_the_same() {
    let (code, text) = validate(&lab(), &["--format", "json", "--tier", "core"]);
    let result: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(result["schema"], "ipclab/validation/v1");
    assert_eq!(result["valid"], true);
    assert_eq!(result["tiers"], serde_json::json!(["core"]));
    let lab = &result["labs"][0];
    assert_eq!(
        lab["cases"],
        serde_json::json!([{
            "id": "greets", "tier": "core",
            "failed_by": {"output": ["rejected/rude"], "exit": ["rejected/status"]},
        }])
    );
    let rude = lab["submissions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "rejected/rude")
        .unwrap();
    assert_eq!(rude["fails"], serde_json::json!({"greets": ["output"]}));
    assert_eq!(lab["holes"], serde_json::json!([]));
}

/// Changes one file of the proved lab (`None`: takes it away) and wants this hole.
fn hole(file: &str, text: Option<&str>, says: &str) {
    let workdir = lab();
    match text {
        Some(text) => workdir.write(&format!("greet/{file}"), text),
        None => {
            let path = workdir.path(&format!("greet/{file}"));
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }
    let (code, said) = validate(&workdir, &[]);
    assert_eq!(code, Some(1), "{file}: {said}");
    assert!(said.contains(says), "{file}: {says}\n{said}");
    assert!(said.contains("not proved: "), "{said}");
}

#[test]
fn what_comes_out_otherwise_is_a_hole() {
    let rude = "submissions/rejected/rude/expected.toml";
    hole(
        rude,
        Some(
            "about = \"x\"\nsays = [\"Go away\"]\n[fails]\ngreets = [\"output\", \"exit\"]\n[skips]\ngreets-by-name = \"greets\"\n",
        ),
        "✗ rejected/rude: greets: must be failed on output, exit, and is failed on output\n",
    );
    hole(
        rude,
        Some("about = \"x\"\nsays = [\"Go away\"]\n[fails]\ngreets = [\"output\"]\n"),
        "✗ rejected/rude: greets-by-name: must pass, and is skipped (greets)\n",
    );
    hole(
        "submissions/rejected/rude/hello.c",
        Some(&program("Hello", "0")),
        "✗ rejected/rude: greets: must be failed on output, and passes\n",
    );
    hole(
        "submissions/accepted/whole/hello.c",
        Some(GOOD),
        "✗ accepted/whole: greets-by-name: must pass, and is failed on output\n",
    );
    hole(
        "submissions/accepted/short/expected.toml",
        Some("about = \"x\"\n[fails]\ngreets = [\"exit\"]\ngreets-by-name = [\"output\"]\n"),
        "✗ accepted/short: greets: an accepted submission gets every core point, and this one is expected to lose some",
    );
    hole(
        "ref/polite.c",
        Some(&program("Good day", "0")),
        "✗ reference: greets: the reference must pass, and is failed on output\n",
    );
    hole(
        "submissions/accepted/whole/ipclab.toml",
        Some("[program.hello]\n"),
        "✗ accepted/whole: it cannot be graded: the submission's ipclab.toml is wrong",
    );
}

#[test]
fn a_fault_that_is_not_named_is_a_hole() {
    let rude = "submissions/rejected/rude/expected.toml";
    let fails = "[fails]\ngreets = [\"output\"]\n[skips]\ngreets-by-name = \"greets\"\n";
    hole(
        rude,
        Some(&format!("about = \"x\"\nsays = [\"impolite\"]\n{fails}")),
        "✗ rejected/rude: no finding says \"impolite\"\n",
    );
    hole(
        rude,
        Some(&format!("about = \"x\"\n{fails}")),
        "✗ rejected/rude: nothing says how its report must name the fault\n",
    );
    hole(
        rude,
        None,
        "✗ rejected/rude: nobody says what it must get\n",
    );
    hole(
        "submissions/rejected/kind/expected.toml",
        Some("about = \"nothing is wrong with it\"\n"),
        "✗ rejected/kind: it is rejected, and nothing says what it fails\n",
    );
}

#[test]
fn points_that_nobody_loses_are_a_hole() {
    hole(
        "submissions/rejected/status",
        None,
        "✗ greets: no rejected submission fails it on exit\n",
    );
    hole(
        "submissions/rejected/deaf",
        None,
        "✗ greets-by-name: no rejected submission fails it\n",
    );
    let alone = SPEC.replace("reference = { source = [\"ref/polite.c\"] }\n", "");
    hole(
        "spec.toml",
        Some(&alone.replace("Hello Ada", "Hello, Ada")),
        "✗ greets-by-name: neither a reference nor an accepted submission passes it\n",
    );
}

#[test]
fn a_starter_compiles_and_is_no_solution() {
    hole(
        "starter/hello.c",
        Some("int main(void) { return }\n"),
        "✗ starter: hello does not build: the compiler refused hello.c\n",
    );
    hole(
        "starter/hello.c",
        Some(GOOD),
        "✗ starter: it has all points of the core tier\n",
    );
}

#[test]
fn every_mistake_of_every_expected_toml_is_reported_before_anything_runs() {
    let workdir = lab();
    let rude = "greet/submissions/rejected/rude/expected.toml";
    let deaf = "greet/submissions/rejected/deaf/expected.toml";
    workdir.write(rude, "about = \"x\"\n[fails]\ngreet = [\"output\"]\n");
    workdir.write(deaf, "about = \"x\"\n[fails]\ngreets = [\"ouput\"]\n");
    let (code, said) = validate(&workdir, &[]);
    assert_eq!(code, Some(2), "{said}");
    for words in [
        &format!("{rude}:3"),
        "greet has no case `greet`",
        "did you mean `greets`?",
        &format!("{deaf}:3"),
        "did you mean `output`?",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

/// The lab with two of its rejected submissions as changes of `whole`.
fn lab_of_faults() -> Workdir {
    let workdir = lab();
    let fault = |name: &str, head: &str, replace: &str, with: &str, aspect: &str| {
        fs::remove_dir_all(workdir.path(&format!("greet/submissions/rejected/{name}"))).unwrap();
        let text = format!(
            "base = \"whole\"\n{head}[[change]]\nfile = \"hello.c\"\nreplace = '''\n{replace}\n'''\n\
             with = '''\n{with}\n'''\n[fails]\ngreets = [\"{aspect}\"]\n[skips]\ngreets-by-name = \"greets\"\n"
        );
        workdir.write(&format!("greet/submissions/rejected/{name}.toml"), text);
    };
    fault(
        "rude",
        "about = \"is rude\"\nsays = [\"Go away\"]\n",
        "printf(argc > 1 ? \"Hello %s\\n\" : \"Hello\\n\", argv[1]);",
        "printf(argc > 1 ? \"Go away %s\\n\" : \"Go away\\n\", argv[1]);",
        "output",
    );
    fault(
        "status",
        "about = \"ends with 1\"\nsays = [\"status 1\"]\n",
        "return 0;",
        "return argc == 1;",
        "exit",
    );
    workdir
}

#[test]
fn a_rejected_submission_may_be_a_change_of_an_accepted_one() {
    let (folders, faults) = (lab(), lab_of_faults());
    let (code, said) = validate(&faults, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said, validate(&folders, &[]).1);
}

#[test]
fn every_fault_that_no_longer_fits_its_base_is_reported_at_once() {
    let workdir = lab_of_faults();
    workdir.write(
        "greet/submissions/accepted/whole/hello.c",
        "int main(void) { return 3; }\n",
    );
    workdir.write(
        "greet/submissions/rejected/other.toml",
        "base = \"hwole\"\nabout = \"x\"\nremove = \"hello.c\"\n",
    );
    let (code, said) = validate(&workdir, &[]);
    assert_eq!(code, Some(2), "{said}");
    for words in [
        "--> greet/submissions/rejected/rude.toml:7:1",
        "--> greet/submissions/rejected/status.toml:7:1",
        "`hello.c` of `whole` does not contain this",
        "--> greet/submissions/rejected/other.toml:1:8",
        "did you mean `whole`?",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    // Two of one name could not be told apart.
    workdir.write("greet/submissions/rejected/rude/hello.c", GOOD);
    let (code, said) = validate(&workdir, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("are two submissions of one name"), "{said}");
}

#[test]
fn update_writes_into_the_file_of_a_fault_and_leaves_its_changes() {
    let workdir = lab_of_faults();
    let rude = "greet/submissions/rejected/rude.toml";
    let right = fs::read_to_string(workdir.path(rude)).unwrap();
    let entry = "[fails]\ngreets = [\"output\"]\n";
    assert!(right.contains(entry), "{right}");
    workdir.write(
        rude,
        right.replace(entry, "[fails]\n# Why.\ngreets = [\"exit\"] # so\n"),
    );
    let (code, said) = validate(&workdir, &["--update"]);
    assert_eq!(code, Some(0), "{said}");
    let written =
        format!("written as it came out; read it, and prove the lab again:\n    {rude}\n");
    assert!(said.contains(&written), "{said}");
    let expect = "[fails]\n# Why.\ngreets = [\"output\"]  # so\n";
    assert_eq!(
        fs::read_to_string(workdir.path(rude)).unwrap(),
        right.replace(entry, expect)
    );
}

#[test]
fn what_cannot_be_graded_proves_nothing() {
    let workdir = lab();
    let mapping = "[program.hello]\nrun = \"no-such-interpreter hello.c\"\n";
    workdir.write("greet/submissions/accepted/short/ipclab.toml", mapping);
    let (code, said) = validate(&workdir, &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("? accepted/short         0 of 4"), "{said}");
    assert!(
        said.contains("accepted/short: greets: hello: no-such-interpreter is not installed here"),
        "{said}"
    );
    assert!(
        said.contains("not proved · 1 lab · 10 program sets tried · 1 could not be graded"),
        "{said}"
    );
}

#[test]
fn update_writes_what_came_out_and_then_it_is_proved() {
    let workdir = lab();
    let rude = "greet/submissions/rejected/rude/expected.toml";
    workdir.write(
        rude,
        "# Kept.\nabout = \"is rude\"\nsays = [\"Go away\"]\n[fails]\n# Not so.\ngreets = [\"exit\"]\n",
    );
    let kind = "greet/submissions/accepted/kind/hello.c";
    workdir.write(kind, program("Hello", "0"));
    let (code, said) = validate(&workdir, &["--update"]);
    assert_eq!(code, Some(1), "a file without words is a hole: {said}");
    assert!(said.contains(&format!("written as it came out; read it, and prove the lab again:\n    greet/submissions/accepted/kind/expected.toml\n    {rude}\n")), "{said}");
    assert_eq!(
        fs::read_to_string(workdir.path(rude)).unwrap(),
        "# Kept.\nabout = \"is rude\"\nsays = [\"Go away\"]\n[fails]\n# Not so.\ngreets = [\"output\"]\n\n[skips]\ngreets-by-name = \"greets\"\n"
    );
    let new = "greet/submissions/accepted/kind/expected.toml";
    let text = fs::read_to_string(workdir.path(new)).unwrap();
    workdir.write(
        new,
        text.replace("about = \"\"", "about = \"as it should be\""),
    );
    let (code, said) = validate(&workdir, &["--update"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("written"), "{said}");
}

#[test]
fn what_is_not_there_is_named_with_what_to_do() {
    let workdir = lab();
    let check = |args: &[&str], says: &str| {
        workdir
            .ipclab()
            .arg("validate")
            .args(args)
            .assert()
            .code(2)
            .stderr(contains(says));
    };
    check(&["tpc-echo"], "did you mean tcp-echo?");
    check(
        &["tcp-echo"],
        "the submissions that prove tcp-echo are not here",
    );
    check(&[], "are not here: no specs/");
    check(
        &["no/such.toml"],
        "reading the spec no/such.toml: no such file",
    );
    check(&["greet/spec.toml", "--tier", "cor"], "core");
    // A mistake of the spec is said once, and not of each submission.
    workdir.write("unbuilt/spec.toml", SPEC);
    check(
        &["unbuilt/spec.toml"],
        "is built from unbuilt/ref/polite.c, and there is no such file",
    );
    // Without submissions the first day's questions are answered: which are missing, and where they go.
    workdir
        .ipclab()
        .args(["validate", "greet.toml"])
        .assert()
        .code(1)
        .stdout(contains(
            "neither a reference nor an accepted submission passes it",
        ));
    // A tier without a case is no mistake, but it proves nothing.
    workdir
        .ipclab()
        .args(["validate", "greet/spec.toml", "--tier", "stretch"])
        .assert()
        .code(3)
        .stdout(contains("it has no case of these tiers").and(contains("nothing was tried")));
}

#[test]
fn it_works_from_below_the_top_of_a_repository() {
    let workdir = lab();
    fs::create_dir(workdir.path("labs")).unwrap();
    fs::create_dir(workdir.path("specs")).unwrap();
    fs::create_dir(workdir.path("deep")).unwrap();
    fs::rename(
        workdir.path("greet/spec.toml"),
        workdir.path("specs/greet.toml"),
    )
    .unwrap();
    fs::rename(workdir.path("greet/ref"), workdir.path("specs/ref")).unwrap();
    fs::rename(workdir.path("greet"), workdir.path("labs/greet")).unwrap();
    for (folder, spec) in [("deep", "greet"), (".", "greet"), (".", "specs/greet.toml")] {
        workdir
            .ipclab()
            .current_dir(workdir.path(folder))
            .args(["validate", spec, "--tier", "core"])
            .assert()
            .code(0)
            .stdout(contains("proved · 1 lab"));
    }
}

/// The spec of the proved lab, changed, and the holes that must come of it.
fn senseless(was: &str, is: &str, says: &[&str]) {
    let workdir = lab();
    assert!(SPEC.contains(was), "{was}");
    workdir.write("greet/spec.toml", SPEC.replacen(was, is, 1));
    let (code, said) = validate(&workdir, &["--tier", "core"]);
    assert_eq!(code, Some(1), "{said}");
    for line in says {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn what_makes_no_difference_is_a_hole() {
    let exit = "exit    = 0\nstdout.lines = [\"Hello\"]\n";
    let with = |more: &str| format!("{exit}{more}");
    senseless(
        exit,
        &with("[case.calls]\ngreeter = [\"no fork()\"]\n"),
        &[
            "✗ greets: the pattern \"no fork()\" of greeter matches nothing that any submission does",
        ],
    );
    senseless(
        exit,
        &with("[case.calls]\ngreeter = [\"exit(...)\"]\n"),
        &["✗ greets: every submission meets the pattern \"exit(...)\" of greeter"],
    );
    senseless(
        "covers = [\"Q1\"]\n[case.actor.greeter]",
        "covers = [\"Q1\"]\nfault = [\"greeter accept #1: EINTR\"]\n[case.actor.greeter]",
        &["✗ greets: its fault \"greeter accept #1: EINTR\" never happens to the reference"],
    );
    senseless(
        exit,
        &with("[case.actor.second]\nreference = \"hello\"\n"),
        &["✗ spec check warns: nothing says what `greeter` must have done before `second` starts"],
    );
}

#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn every_verdict_stays_in_other_worlds() {
    let workdir = lab();
    let (code, text) = validate(&workdir, &["--tier", "core", "--worlds=3", "--jobs", "1"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("every verdict stayed in 3 worlds\n"),
        "{text}"
    );
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

/// In the first world programs find more descriptors open than in the usual one.
#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn a_verdict_that_hangs_on_surroundings_is_named_with_its_world() {
    let workdir = lab();
    let chance = "#include <fcntl.h>\n#include <stdio.h>\nint main(void) {\nint open = 0;\n\
                  for (int fd = 3; fd < 60; fd++) open += fcntl(fd, F_GETFD) != -1;\n\
                  puts(open ? \"Hello\" : \"Go away\"); return 0; }\n";
    let world = |code: i32, says: &str| {
        let args = ["--tier", "core", "--worlds=1", "--jobs", "1"];
        let (exit, text) = validate(&workdir, &args);
        assert_eq!(exit, Some(code), "{text}");
        assert!(text.contains(says), "{says}\n{text}");
    };
    workdir.write("greet/submissions/rejected/rude/hello.c", chance);
    world(
        1,
        "✗ rejected/rude: greets fails on output, and here passes\n",
    );
    let list = "[[differs]]\nsubmission = \"rejected/rude\"\nreason = \"it counts descriptors\"\n";
    workdir.write("greet/submissions/worlds.toml", list);
    world(0, "(may: it counts descriptors)\n");
    let of_accepted = list.replace("rejected/rude", "accepted/whole");
    workdir.write("greet/submissions/worlds.toml", of_accepted);
    world(2, "accepted/whole cannot be let differ");
}

/// Each world is a process of the tool's own, perhaps of another user, and it has files where that user may read them.
#[test]
fn interrupted_worlds_leave_neither_a_process_nor_a_folder() {
    let workdir = lab();
    workdir.write("greet/ref/polite.c", "int main(void) { for (;;) ; }\n");
    let temporary = workdir.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut child = workdir
        .beside(&["validate", "greet/spec.toml", "--worlds=1"])
        .env("TMPDIR", &temporary)
        .spawn()
        .unwrap();
    let worlds = || processes_naming(&temporary);
    // A world that has built something grades: before that it would end by itself when its files go.
    let built = || {
        let places = fs::read_dir(&temporary).into_iter().flatten().flatten();
        places.into_iter().any(|place| {
            let builds = fs::read_dir(place.path().join("cache/ipclab/builds"));
            builds.is_ok_and(|mut builds| builds.next().is_some())
        })
    };
    let until = Instant::now() + Duration::from_secs(60);
    while worlds() == 0 || !built() {
        assert!(Instant::now() < until, "no world was ever tried");
        std::thread::sleep(Duration::from_millis(5));
    }
    // To the tool alone, as `kill` and a CI do it.
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(worlds(), 0);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

/// How many processes have this path among their words.
fn processes_naming(path: &std::path::Path) -> usize {
    let path = path.to_str().unwrap();
    let named = |entry: &fs::DirEntry| {
        fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(path))
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.filter(named).count()
}
