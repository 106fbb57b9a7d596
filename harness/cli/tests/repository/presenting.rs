//! Forms of a report, folders to start with, packages, and grading at every save.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{GOOD, SPEC, Workdir, top};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

const BYE: &str = "#include <stdio.h>\nint main(void) { puts(\"<b>Bye\"); return 0; }\n";

#[test]
fn a_report_goes_into_a_file_in_every_form() {
    let workdir = Workdir::with(&[("hello.c", BYE)]);
    let seen = workdir.path("seen");
    workdir.check().arg("--keep").arg(&seen).assert().code(1);
    let forms = [
        ("text", "did not print"),
        ("json", "\"ipclab/report/v1\""),
        ("html", "&lt;b&gt;Bye"),
        ("markdown", "| ❌ failed | greets |"),
        ("junit", "<testcase name=\"greets\""),
        ("csv", "greet,greets,your program says Hello,core,fail,1,3"),
        ("tap", "not ok 2 - greets"),
        ("ctrf", "\"CTRF\""),
        ("gradescope", "\"status\": \"failed\""),
        (
            "github",
            "::error file=hello.c,line=2,title=greets%2C 1 of 3::",
        ),
        ("classroom50", "classroom50/result/v1"),
    ];
    for (form, said) in forms {
        // A platform that reads a result file takes another status for trouble.
        let code = if form == "classroom50" { 0 } else { 1 };
        let file = workdir.path("report");
        workdir
            .ipclab()
            .arg("judge")
            .arg(&seen)
            .args(["--format", form, "-o"])
            .arg(&file)
            .assert()
            .code(code)
            .stdout("");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(said), "{form}: {text}");
        workdir
            .ipclab()
            .arg("judge")
            .arg(&seen)
            .args(["--format", form])
            .assert()
            .code(code)
            .stdout(contains(said));
    }
    let nowhere = workdir.path("none/report");
    workdir
        .ipclab()
        .arg("judge")
        .arg(&seen)
        .arg("-o")
        .arg(nowhere)
        .assert()
        .code(3)
        .stderr(contains("writing").and(contains("none/report")));
}

#[test]
fn hidden_cases_are_for_the_staff() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir.write(
        "greet.toml",
        SPEC.replace("covers   = [", "visibility = \"hidden\"\ncovers   = ["),
    );
    workdir.check().assert().code(0).stdout(
        contains("greets-again")
            .not()
            .and(contains("1 case, 1 point, is not shown here")),
    );
    workdir
        .check()
        .args(["--for", "staff"])
        .assert()
        .code(0)
        .stdout(contains("greets-again").and(contains("4 of 4")));
    let output = workdir
        .check()
        .args(["--format", "gradescope"])
        .output()
        .unwrap();
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results["tests"][2]["visibility"], "hidden");
    assert_eq!(results["score"], 4);
}

#[test]
fn a_step_of_a_workflow_gets_its_summary() {
    let workdir = Workdir::with(&[("hello.c", BYE)]);
    let summary = workdir.path("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let mut check = workdir.check();
    check.env("GITHUB_STEP_SUMMARY", &summary);
    check.args(["--format", "github"]).assert().code(1);
    let text = fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("before\n# A greeting: 1 of 4 points"),
        "{text}"
    );
}

#[test]
fn a_folder_to_start_with_is_written_once() {
    let workdir = Workdir::with(&[]);
    let folder = workdir.path("mine");
    let mut init = workdir.ipclab();
    init.args(["init", "shm-hello"])
        .arg(&folder)
        .args(["--ci", "github", "--from", FROM]);
    init.assert()
        .success()
        .stdout(contains("HANDOUT.md").and(contains("--watch")));
    assert!(folder.join("shm_writer.c").exists());
    assert_eq!(
        fs::read_to_string(folder.join("ipclab.toml")).unwrap(),
        "#:schema .vscode/ipclab.schema.json\nlab = \"shm-hello\"\n"
    );
    for file in [".vscode/ipclab.schema.json", ".vscode/extensions.json"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json.is_object(), "{file}");
    }
    let workflow = fs::read_to_string(folder.join(".github/workflows/ipclab.yml")).unwrap();
    assert!(workflow.contains("--format github"));
    fs::write(folder.join("shm_writer.c"), "mine").unwrap();
    init.assert().code(2).stderr(contains("is there already"));
    assert_eq!(
        fs::read_to_string(folder.join("shm_writer.c")).unwrap(),
        "mine"
    );
    workdir
        .ipclab()
        .arg("init")
        .assert()
        .code(2)
        .stderr(contains("shm-hello"));
    // The starter builds as it is, and its lab is known.
    fs::remove_dir_all(&folder).unwrap();
    workdir
        .ipclab()
        .args(["init", "shm-hello"])
        .arg(&folder)
        .assert()
        .success();
    workdir
        .ipclab()
        .arg("check")
        .arg(&folder)
        .args(["--tier", "core"])
        .assert()
        .code(1)
        .stdout(contains("shm-hello").and(contains("could not be built").not()));
}

/// An address that a workflow gets the tool from.
const FROM: &str = "https://example.org/course/ipclab";

#[test]
fn a_workflow_names_the_tool_that_wrote_it() {
    let workdir = Workdir::with(&[]);
    let init = |words: &[&str]| {
        let mut command = workdir.ipclab();
        command.arg("init").args(words);
        command.assert()
    };
    let version = concat!("IPCLAB_VERSION: \"", env!("CARGO_PKG_VERSION"), "\"");
    for (system, file) in [
        ("github", ".github/workflows/ipclab.yml"),
        ("gitlab", ".gitlab-ci.yml"),
    ] {
        let graded = ["--tier", "core", "--pass-mark", "80%"];
        init(&[&["--ci", system, "--from", FROM][..], &graded[..]].concat()).success();
        let text = fs::read_to_string(workdir.path(file)).unwrap();
        for part in [
            version,
            "IPCLAB_FROM: \"https://example.org/course/ipclab\"",
            " check . --tier core --pass-mark 80% ",
            "sha256sum --check",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let left = [
            "@FROM@",
            "@GET@",
            "@KEY@",
            "@OPTIONS@",
            "@REVISION@",
            "@SHA256@",
        ];
        let left: Vec<_> = left.iter().filter(|name| text.contains(**name)).collect();
        assert!(left.is_empty(), "{left:?}: {text}");
    }
    init(&["--devcontainer", "--from", FROM]).success();
    let image = fs::read_to_string(workdir.path(".devcontainer/Dockerfile")).unwrap();
    assert!(image.contains(FROM), "{image}");
    // Where it comes from is given, and is an address.
    init(&["--ci", "github"])
        .code(2)
        .stderr(contains("--from https://"));
    let archive = "https://example.org/ipclab.tar.gz";
    init(&["--ci", "github", "--from", archive])
        .code(2)
        .stderr(contains("--sha256 SUM"));
    init(&["--ci", "github", "--from", "https://a/$(id)"])
        .code(2)
        .stderr(contains("no address"));
}

// GitHub took Node.js 20 away, on which these ran before the versions that are named here.
#[test]
fn actions_run_on_what_github_still_has() {
    let oldest = [
        ("checkout", 5),
        ("cache", 5),
        ("upload-artifact", 6),
        ("download-artifact", 7),
        ("attest-build-provenance", 3),
    ];
    let workdir = Workdir::with(&[]);
    let mut init = workdir.ipclab();
    init.args(["init", "--ci", "github", "--from", FROM]);
    init.assert().success();
    for file in [
        workdir.path(".github/workflows/ipclab.yml"),
        top().join(".github/workflows/release.yml"),
        top().join("action.yml"),
    ] {
        let text = fs::read_to_string(&file).unwrap();
        let uses = text.lines().filter_map(|line| line.split_once("uses: "));
        let used: Vec<_> = uses.map(|(_, action)| action.trim()).collect();
        assert!(!used.is_empty(), "{}", file.display());
        for action in used {
            let named = action.strip_prefix("actions/");
            let (name, version) = named.and_then(|named| named.split_once("@v")).unwrap();
            let known = oldest.iter().find(|(known, _)| *known == name);
            let (_, first) = known.unwrap_or_else(|| panic!("{name} is not in the list"));
            assert!(version.parse::<u32>().unwrap() >= *first, "{action}");
        }
    }
}

#[test]
fn a_pass_mark_decides_the_status_and_no_points() {
    let workdir = Workdir::with(&[("hello.c", BYE)]);
    let check = |words: &[&str], code: i32| {
        let mut check = workdir.check();
        check
            .args(words)
            .assert()
            .code(code)
            .stdout(contains("1 of 4 points"));
    };
    check(&[], 1);
    check(&["--pass-mark", "1"], 0);
    check(&["--pass-mark", "25%"], 0);
    check(&["--pass-mark", "26%"], 1);
    check(&["--pass-mark", "2"], 1);
}

#[test]
fn the_version_names_the_commit_and_the_build() {
    let workdir = Workdir::with(&[]);
    let said = |word: &str| {
        let output = workdir.ipclab().arg(word).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let short = said("-V");
    assert!(
        short.starts_with(concat!("ipclab ", env!("CARGO_PKG_VERSION"), " (")),
        "{short}"
    );
    assert_eq!(short.lines().count(), 1, "{short}");
    let long = said("--version");
    assert!(long.starts_with(short.trim_end()), "{long}");
    assert!(
        long.contains(&format!("\nbuild {}-", std::env::consts::ARCH))
            && long.contains(" labs inside: "),
        "{long}"
    );
}

#[test]
fn a_shell_is_offered_labs_and_cases_of_the_lab() {
    let workdir = Workdir::with(&[]);
    workdir.write("mine/ipclab.toml", "lab = \"shm-hello\"\n");
    let offered = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output = workdir
            .ipclab()
            .env("IPCLAB_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
            .env("_CLAP_IFS", "\n")
            .arg("--")
            .args(&words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let check = |line: &str, some: &[&str], not: &str| {
        let words = offered(line);
        for word in some {
            assert!(words.iter().any(|found| found == word), "{line}: {words:?}");
        }
        assert!(!words.iter().any(|found| found == not), "{line}: {words:?}");
    };
    check(
        "ipclab check --lab shm-",
        &["shm-hello", "shm-counter"],
        "tcp-echo",
    );
    check(
        "ipclab explain tcp-echo e",
        &["echo-one"],
        "writer-stores-hello",
    );
    check(
        "ipclab check --lab tcp-echo --case e",
        &["echo-one"],
        "writer-stores-hello",
    );
    check(
        "ipclab check mine --case w",
        &["writer-stores-hello"],
        "echo-one",
    );
    check(
        "ipclab check --case w",
        &["writer-stores-hello"],
        "echo-one",
    );
    check("ipclab reference is", &["iserver"], "comclient");
    check("ipclab gr", &["grade"], "check");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let workdir = Workdir::with(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let completions = workdir
            .ipclab()
            .args(["completions", shell])
            .assert()
            .success();
        completions.stdout(contains("IPCLAB_COMPLETE"));
    }
    let man = workdir.path("man");
    workdir.ipclab().arg("man").arg(&man).assert().success();
    let page = fs::read_to_string(man.join("ipclab-check.1")).unwrap();
    assert!(page.starts_with(".ie") || page.contains(".TH"), "{page}");
    assert!(page.contains("watch"));
    // Examples stay lines, and what is said after them flows.
    let (_, examples) = page
        .split_once(".SH EXAMPLES\n.nf\n  ipclab check")
        .unwrap();
    assert!(examples.contains("\n.fi\n\nOdd names"), "{examples}");
    assert!(man.join("ipclab-package-slurm.1").is_file());
    assert!(man.join("ipclab.1").is_file());
}

/// The zip as Gradescope unpacks it, its script run with the folder put in the place of `/autograder`.
#[test]
fn the_package_for_gradescope_grades() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let zip = workdir.path("autograder.zip");
    workdir
        .ipclab()
        .args(["package", "gradescope", "--lab"])
        .arg(workdir.path("greet.toml"))
        .arg("-o")
        .arg(&zip)
        .assert()
        .success()
        .stdout(contains("glibc 2.").or(contains("statically")));
    let there = workdir.path("autograder");
    let mut archive = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
    archive.extract(there.join("source")).unwrap();
    for name in ["setup.sh", "run_autograder", "ipclab"] {
        let mode = fs::metadata(there.join("source").join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{name} can be run");
    }
    fs::rename(workdir.path("work"), there.join("submission")).unwrap();
    let script = fs::read_to_string(there.join("source/run_autograder")).unwrap();
    let script = script.replace("/autograder", &there.to_string_lossy());
    let run = |script: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", script])
            .env("XDG_CACHE_HOME", workdir.path("cache"));
        bash.output().unwrap()
    };
    let output = run(&script);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let results = there.join("results/results.json");
    let value: Value = serde_json::from_slice(&fs::read(&results).unwrap()).unwrap();
    assert_eq!(value["score"], 4);
    // Trouble of ours leaves no results, neither new nor old ones.
    fs::write(there.join("source/lab/spec.toml"), "format = 1").unwrap();
    assert!(!run(&script).status.success());
    assert!(!results.exists());
}

#[test]
fn what_is_no_executable_is_not_packed() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir
        .ipclab()
        .args(["package", "gradescope", "--lab", "shm-hello", "--tool"])
        .arg(workdir.path("work/hello.c"))
        .arg("-o")
        .arg(workdir.path("a.zip"))
        .assert()
        .code(2)
        .stderr(contains("no executable"));
    assert!(!workdir.path("a.zip").exists());
}

/// Reads tables until one has this line.
fn until(stdout: &mut impl BufRead, wanted: &str) {
    let mut all = String::new();
    while !all.contains(wanted) {
        assert!(stdout.read_line(&mut all).unwrap() > 0, "it ended: {all}");
    }
}

#[test]
fn every_save_is_graded_until_ctrl_c() {
    let workdir = Workdir::with(&[("hello.c", "#include <stdio.h>\nint main(void) { broken\n")]);
    let tool = Path::new(env!("CARGO_BIN_EXE_ipclab"));
    let mut watching = Command::new(tool)
        .arg("check")
        .arg(workdir.path("work"))
        .arg("--spec")
        .arg(workdir.path("greet.toml"))
        .args(["--watch", "--format", "csv"])
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(watching.stdout.take().unwrap());
    until(
        &mut stdout,
        ",greets,your program says Hello,core,skipped,0,3,",
    );
    workdir.write("work/hello.c", BYE);
    until(
        &mut stdout,
        ",greets,your program says Hello,core,fail,1,3,",
    );
    workdir.write("work/hello.c", GOOD);
    until(
        &mut stdout,
        ",greets,your program says Hello,core,pass,3,3,",
    );
    kill(Pid::from_raw(watching.id() as i32), Signal::SIGINT).unwrap();
    let output = watching.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("watching ") && said.contains("no longer watching"),
        "{said}"
    );
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}
