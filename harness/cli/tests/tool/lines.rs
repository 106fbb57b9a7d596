//! Lines of the student's files in the evidence: from every kind of build, and nothing where nothing is known.

use std::fs;

use ipclab_evidence::{Evidence, Exit, SourceLine};

use crate::common::Workdir;

const SPEC: &str = r#"
format = 1
lab    = "places"
title  = "Where it happens"
unit   = ["Q5"]
limit  = "10s"

[program.one]
source = ["one.c"]

[[case]]
id     = "runs"
title  = "it runs"
tier   = "core"
points = 1
covers = ["Q5"]
hint   = "none"
[case.actor.one]
student = "one"
exit    = "any"
stdout.contains = ["done"]
"#;

/// Makes a socket in a helper, another by a macro, one in a child; says so; ends by `exit()`.
const PROGRAM: &str = r#"#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#define CHANNEL() socket(AF_INET, SOCK_DGRAM, 0)
__attribute__((noinline)) static int helper(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd + 1;
}
int main(void)
{
    int sum = helper();
    sum += CHANNEL();
    if (fork() == 0) {
        sum += socket(AF_UNIX, SOCK_STREAM, 0);
        _exit(sum > 1000);
    }
    wait(NULL);
    printf("done\n");
    exit(sum > 1000);
}
"#;

/// Where its sockets were made, and where it said and ended.
const PLACES: &str = "one.c:9 one.c:14 | one.c:15 | one.c:17 | printed one.c:21 | ended one.c:22";

/// What the evidence of the one case says of a submission.
fn evidence(files: &[(&str, &str)]) -> Evidence {
    let workdir = Workdir::with(files);
    workdir.write("places.toml", SPEC);
    workdir
        .ipclab()
        .args(["check", "work", "--spec", "places.toml", "--keep", "kept"])
        .assert()
        .stderr("");
    let file = workdir.path("kept/runs/evidence.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn shown(lines: &[SourceLine]) -> String {
    let lines = lines.iter().map(SourceLine::to_string);
    lines.collect::<Vec<_>>().join(" ")
}

fn places(evidence: &Evidence) -> String {
    let calls = evidence.trace.iter();
    let sockets = calls.filter(|call| call.name == "socket");
    let mut all: Vec<String> = sockets.map(|call| shown(&call.lines)).collect();
    let actor = &evidence.actors[0];
    let printed = actor.printed.iter();
    all.extend(printed.map(|write| format!("printed {}", shown(&write.lines))));
    all.push(format!("ended {}", shown(&actor.ended_at)));
    all.join(" | ")
}

#[track_caller]
fn check(story: &str, files: &[(&str, &str)], expect: &str) {
    assert_eq!(places(&evidence(files)), expect, "{story}");
}

/// A Makefile whose author thought of no debug information.
fn makefile(flags: &str) -> String {
    format!("one: one.c\n\tgcc {flags} -o one one.c\n")
}

#[test]
fn each_kind_of_build_has_its_lines() {
    check("our own build", &[("one.c", PROGRAM)], PLACES);
    for flags in [
        "",
        "-O2",
        "-static",
        "-static -O2",
        "-no-pie -fomit-frame-pointer",
    ] {
        let makefile = makefile(flags);
        let files = [("one.c", PROGRAM), ("Makefile", makefile.as_str())];
        check(flags, &files, PLACES);
    }
    let inside = "one:\n\t$(MAKE) -C src one && cp src/one .\n";
    let files = [
        ("src/one.c", PROGRAM),
        ("src/Makefile", &makefile("-O1")),
        ("Makefile", inside),
    ];
    check("in a folder", &files, &PLACES.replace("one.c", "src/one.c"));
}

#[test]
fn what_is_stripped_or_named_by_no_file_says_nothing() {
    let nothing = " |  |  | ended ";
    for flags in ["-s", "-g0", "-gz"] {
        let makefile = makefile(flags);
        let files = [("one.c", PROGRAM), ("Makefile", makefile.as_str())];
        check(flags, &files, nothing);
    }
    // Neither a file of the host's, nor a line that its own file does not have.
    for name in ["/etc/shadow", "/etc/passwd", "../../etc/passwd"] {
        let text = format!("#line 1 \"{name}\"\n{PROGRAM}");
        check(name, &[("one.c", &text)], nothing);
    }
    let text = format!("#line 100000 \"one.c\"\n{PROGRAM}");
    check("too far", &[("one.c", &text)], nothing);
    let script = "[program.one]\nrun = \"python3 one.py\"\n";
    let python = "import socket\ns = socket.socket()\nprint('done')\n";
    check(
        "another language",
        &[("ipclab.toml", script), ("one.py", python)],
        " | ended ",
    );
}

/// A program that starts another one says nothing of that one, whose addresses are its own.
#[test]
fn a_program_that_another_one_started_has_no_lines() {
    let starts = PROGRAM.replace(
        "    int sum = helper();",
        "    if (getenv(\"AGAIN\") == NULL) { setenv(\"AGAIN\", \"1\", 1); system(\"cp one /tmp/two; /tmp/two\"); }\n    int sum = helper();",
    );
    let evidence = evidence(&[("one.c", &starts)]);
    let sockets: Vec<String> = evidence
        .trace
        .iter()
        .filter(|call| call.name == "socket")
        .map(|call| shown(&call.lines))
        .collect();
    assert_eq!(
        sockets,
        ["", "", "", "one.c:9 one.c:15", "one.c:16", "one.c:18"]
    );
}

#[test]
fn a_crash_and_an_abort_are_at_their_lines() {
    for (mistake, expect) in [
        ("*(volatile int *)8 = 1;", "one.c:9 one.c:14"),
        ("abort();", "one.c:9 one.c:14"),
        ("__builtin_trap();", "one.c:9 one.c:14"),
    ] {
        let text = PROGRAM.replace(
            "    int fd = socket(AF_INET, SOCK_STREAM, 0);",
            &format!("    {mistake} int fd = 0;"),
        );
        for flags in ["-O0", "-O2"] {
            let evidence = evidence(&[("one.c", &text), ("Makefile", &makefile(flags))]);
            assert_eq!(
                shown(&evidence.actors[0].ended_at),
                expect,
                "{mistake} {flags}"
            );
        }
    }
}

/// The report names the line, shows it, and says the same when it is judged again.
/// Calls on FIFOs and pipes have no line in the trace, so a program that waited in one was at no line either.
#[test]
fn what_waits_in_a_call_without_a_line_in_the_trace_is_at_its_line() {
    let check = |does: &str, call: &str| {
        let text = format!(
            "#include <fcntl.h>\n#include <stdio.h>\n#include <sys/stat.h>\n#include <unistd.h>\n\
             __attribute__((noinline)) static int waits(int a, int b)\n{{\n    char c = 0;\n    \
             int n = {does};\n    return n + c + a + b;\n}}\n\
             int main(void)\n{{\n    int both[2];\n    if (pipe(both) || mkfifo(\"/tmp/one\", 0600)) return 1;\n    \
             printf(\"done\\n\");\n    return waits(both[0], both[1]);\n}}\n"
        );
        for flags in ["", "-O2", "-static"] {
            let makefile = makefile(flags);
            let evidence = evidence(&[("one.c", &text), ("Makefile", &makefile)]);
            let Exit::Running {
                wait: Some(wait), ..
            } = &evidence.actors[0].exit
            else {
                panic!("{does}: {:?}", evidence.actors[0].exit);
            };
            let at = wait.lines.first().map(SourceLine::to_string);
            assert_eq!((wait.call.as_str(), wait.n), (call, 0), "{does}");
            assert_eq!(at.as_deref(), Some("one.c:8"), "{does}, {flags}");
        }
    };
    check("open(\"/tmp/one\", O_RDONLY)", "openat");
    check("fopen(\"/tmp/one\", \"r\") != NULL", "openat");
    check("read(open(\"/tmp/one\", O_RDWR), &c, 1)", "read");
    check("read(a, &c, 1)", "read");
}

#[test]
fn the_report_says_where_and_judges_the_same_again() {
    let wrong = PROGRAM.replace("done\\n", "Done!\\n");
    let workdir = Workdir::with(&[("one.c", &wrong)]);
    workdir.write("places.toml", SPEC);
    let said = |arguments: &[&str]| {
        let output = workdir.ipclab().args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let check = ["check", "work", "--spec", "places.toml"];
    let short = said(&check);
    assert!(short.contains("at        one.c:21\n"), "{short}");
    let first = said(&[&check[..], &["--keep", "kept", "--format", "json"]].concat());
    assert!(first.contains("\"file\": \"one.c\""), "{first}");
    assert_eq!(said(&["judge", "kept", "--format", "json"]), first);
    let page = said(&[&check[..], &["--format", "html"]].concat());
    assert!(
        page.contains("one.c:21") && page.contains("</span>     printf(&quot;Done!"),
        "{page}"
    );
    let github = said(&[&check[..], &["--format", "github"]].concat());
    assert!(
        github.contains("::error file=one.c,line=21,title="),
        "{github}"
    );
    let junit = said(&[&check[..], &["--format", "junit"]].concat());
    assert!(junit.contains("file=\"one.c\" line=\"21\""), "{junit}");
}
