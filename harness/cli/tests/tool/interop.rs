//! `ipclab interop`: which parties work together, and what stands out.

use std::fs;

use crate::common::Workdir;
use predicates::prelude::*;
use serde_json::Value;

/// A lab of two programs: one asks, one answers, and both say what they got.
const SPEC: &str = r#"
format = 1
lab    = "questions"
title  = "A question and its answer"
unit   = ["Q6"]
limit  = "10s"

[program.answerer]
source    = ["answerer.c"]
reference = { source = ["ref/answerer.c"] }

[program.asker]
source    = ["asker.c"]
reference = { source = ["ref/asker.c"] }

[[case]]
id     = "answers"
title  = "your answerer answers our asker"
tier   = "core"
points = 1
covers = ["Q6"]
[case.actor.answerer]
student = "answerer"
listens = "tcp:4000"
exit    = 0
[case.actor.asker]
reference    = "asker"
stdout.lines = ["42"]

[[case]]
id     = "together"
title  = "your asker gets an answer of your answerer"
tier   = "core"
points = 3
covers = ["Q6"]
[case.actor.answerer]
student      = "answerer"
listens      = "tcp:4000"
exit         = 0
stdout.lines = ["asked"]
[case.actor.asker]
student      = "asker"
exit         = 0
stdout.lines = ["42"]
[case.wire]
"asker -> answerer" = { bytes = 2 }
"answerer -> asker" = { bytes = 3 }
"#;

const ANSWERER: &str = r#"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
int main(void)
{
    char question[8] = "";
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listening = socket(AF_INET, SOCK_STREAM, 0), got;
    bind(listening, (struct sockaddr *)&own, sizeof own);
    listen(listening, 1);
    int asker = accept(listening, NULL, NULL);
    for (got = 0; got < NEEDS; ) {
        int n = recv(asker, question + got, sizeof question - got, 0);
        if (n <= 0)
            return 1;
        got += n;
    }
    puts("asked");
    send(asker, "42", 3, 0);
    return 0;
}
"#;

const ASKER: &str = r#"
#include <stdio.h>
#include <arpa/inet.h>
#include <sys/socket.h>
int main(void)
{
    char answer[8] = "";
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("connect");
        return 1;
    }
    send(s, "?", SENDS, 0);
    if (recv(s, answer, sizeof answer - 1, 0) <= 0)
        return 1;
    puts(answer);
    return 0;
}
"#;

fn answerer(port: u16, needs: u8) -> String {
    format!("#define PORT {port}\n#define NEEDS {needs}\n{ANSWERER}")
}

fn asker(port: u16, sends: u8) -> String {
    format!("#define PORT {port}\n#define SENDS {sends}\n{ASKER}")
}

/// A class in which all is well but for what its members are called by.
fn class() -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("lab.toml", SPEC);
    // The reference is content with a question without its NUL.
    workdir.write("ref/answerer.c", answerer(4000, 1));
    workdir.write("ref/asker.c", asker(4000, 2));
    let member = |name: &str, answerer: &str, asker: &str| {
        workdir.write(&format!("class/{name}/answerer.c"), answerer);
        workdir.write(&format!("class/{name}/asker.c"), asker);
    };
    member("ada", &answerer(4000, 2), &asker(4000, 2));
    member("bob", &answerer(4000, 2), &asker(4000, 2));
    member("dialect", &answerer(4001, 2), &asker(4001, 2));
    member("short", &answerer(4000, 1), &asker(4000, 1));
    member(
        "unbuilt",
        &answerer(4000, 2),
        "int main(void) { return missing; }\n",
    );
    workdir
}

fn interop(workdir: &Workdir) -> assert_cmd::Command {
    let mut command = workdir.ipclab();
    command.args(["interop", "class", "--spec", "lab.toml", "-o", "out"]);
    command
}

/// A line a row, as the class has its members, the reference first.
fn picture(matrix: &Value) -> Vec<String> {
    let mark = |meeting: &Value| match meeting["verdict"].as_str() {
        Some("pass") => '+',
        Some("fail") => '-',
        Some(_) => '?',
        None => ' ',
    };
    let rows = matrix["meetings"].as_array().unwrap().iter();
    rows.map(|row| row.as_array().unwrap().iter().map(mark).collect())
        .collect()
}

#[test]
fn everybody_meets_everybody_and_what_stands_out_is_said() {
    let workdir = class();
    interop(&workdir)
        .assert()
        .code(0)
        .stdout(predicate::str::contains("30 pairs of 6 parties"));
    let text = fs::read_to_string(workdir.path("out/interop.json")).unwrap();
    let matrix: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(matrix["schema"], "ipclab/interop/v1");
    // The reference, ada, bob, dialect, short, unbuilt.
    assert_eq!(
        picture(&matrix),
        ["+++-+ ", "+++-- ", "+++-- ", "---+- ", "+++-+ ", "+++-- "]
    );
    let says: Vec<&str> = matrix["oddities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|oddity| oddity["says"].as_str().unwrap())
        .collect();
    assert_eq!(
        says,
        [
            "the answerer of dialect works with its own asker, and fails with the reference and with 3 others",
            "the asker of dialect works with its own answerer, and fails with the reference and with 4 others",
            "the asker of short works with the reference, and not with the answerer of ada, bob, unbuilt, though those work with the reference, too",
        ]
    );
    let problems = &matrix["parties"][5]["problems"];
    assert!(
        problems[0].as_str().unwrap().starts_with("asker: "),
        "{problems}"
    );
    let page = fs::read_to_string(workdir.path("out/interop.html")).unwrap();
    assert!(page.contains("its own asker") && page.matches("class=\"pass odd\"").count() == 1);
    assert!(workdir.scratch().is_empty(), "{:?}", workdir.scratch());
}

#[test]
fn files_of_two_that_are_called_the_same_are_kept_apart() {
    let workdir = Workdir::with(&[]);
    workdir.write("lab.toml", SPEC);
    workdir.write("ref/answerer.c", answerer(4000, 1));
    workdir.write("ref/asker.c", asker(4000, 2));
    // Each has a module of the same name, with a port of its own in it.
    for (name, port) in [("ada", 4001), ("bob", 4002)] {
        workdir.write(
            &format!("class/{name}/common.py"),
            format!("PORT = {port}\n"),
        );
        workdir.write(
            &format!("class/{name}/answerer.py"),
            "import socket\nfrom common import PORT\ns = socket.create_server(('', PORT))\na, _ = s.accept()\na.recv(8)\nprint('asked')\na.sendall(b'42\\0')\n",
        );
        workdir.write(
            &format!("class/{name}/asker.py"),
            "import socket\nfrom common import PORT\ns = socket.create_connection(('127.0.0.1', PORT))\ns.sendall(b'?\\0')\nprint(s.recv(8).decode().rstrip('\\0'))\n",
        );
        workdir.write(
            &format!("class/{name}/ipclab.toml"),
            "[program.answerer]\nrun = \"python3 answerer.py\"\n[program.asker]\nrun = \"python3 asker.py\"\n",
        );
    }
    interop(&workdir).assert().code(0);
    let text = fs::read_to_string(workdir.path("out/interop.json")).unwrap();
    assert_eq!(
        picture(&serde_json::from_str(&text).unwrap()),
        ["+--", "-+-", "--+"]
    );
}

/// Kills, reads and overwrites whatever it can see of the other party, and then does what it should.
const EVE: &str = r#"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void attack(void)
{
    char path[300], byte;
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        int pid = atoi(entry->d_name);
        if (pid <= 1 || pid == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%d/mem", pid);
        printf("sees %d, memory %d\n", pid, open(path, O_RDWR));
        kill(pid, SIGKILL);
    }
    kill(-1, SIGKILL);
    int program = open("/lab/answerer", O_RDONLY);
    if (read(program, &byte, 1) == 1)
        puts("has read the other's program");
}
"#;

#[test]
fn a_party_has_no_way_to_the_other() {
    let workdir = Workdir::with(&[]);
    workdir.write("lab.toml", SPEC);
    workdir.write("ref/answerer.c", answerer(4000, 1));
    workdir.write("ref/asker.c", asker(4000, 2));
    workdir.write("class/ada/answerer.c", answerer(4000, 2));
    workdir.write("class/ada/asker.c", asker(4000, 2));
    workdir.write("class/eve/answerer.c", answerer(4000, 2));
    workdir.write("class/eve/asker.c", format!("{EVE}{}", asker(4000, 2)));
    interop(&workdir).assert().code(0);
    let text = fs::read_to_string(workdir.path("out/interop.json")).unwrap();
    let matrix = serde_json::from_str(&text).unwrap();
    // The reference, ada, eve. Only with itself has eve's asker another process beside it.
    let picture = picture(&matrix);
    assert_eq!(picture[..2], ["+++", "+++"], "{matrix:#}");
}

#[test]
fn a_lab_in_which_nobody_can_meet_anybody_is_said() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", crate::common::GOOD);
    let mut command = workdir.ipclab();
    command.args(["interop", "class", "--spec", "greet.toml", "-o", "out"]);
    command
        .assert()
        .code(2)
        .stderr(predicate::str::contains("nobody can meet anybody"));
    assert!(!workdir.path("out").exists());
}

/// A client that hangs up and computes for ever kept our server from its work, and the server was blamed, too.
#[test]
fn blame_follows_the_cause() {
    let workdir = Workdir::with(&[]);
    let soon = SPEC.replace("\"together\"", "\"together\"\nlimits = { calls = 2000 }");
    workdir.write("lab.toml", soon);
    workdir.write("ref/answerer.c", answerer(4000, 1));
    workdir.write("ref/asker.c", asker(4000, 2));
    let hangs_up = asker(4000, 2).replace(
        "    send(s,",
        "    shutdown(s, SHUT_RDWR);\n    for (;;)\n        recv(s, answer, 1, 0);\n    send(s,",
    );
    workdir.write("class/loops/answerer.c", answerer(4000, 2));
    workdir.write("class/loops/asker.c", hangs_up);
    interop(&workdir).assert().code(0);
    let text = fs::read_to_string(workdir.path("out/interop.json")).unwrap();
    let matrix: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(picture(&matrix), ["+-", "+-"]);
    for row in matrix["meetings"].as_array().unwrap() {
        assert_eq!(row[1]["blames"], serde_json::json!(["column"]), "{matrix}");
    }
}

/// Whether one `recv` found all of what three `send`s had sent was luck, and so was the mark: half of the runs passed.
#[test]
fn a_pair_that_relies_on_luck_fails_every_time() {
    let workdir = Workdir::with(&[]);
    workdir.write("lab.toml", SPEC);
    workdir.write("ref/answerer.c", answerer(4000, 1));
    workdir.write("ref/asker.c", asker(4000, 2));
    let in_pieces = answerer(4000, 2).replace(
        "send(asker, \"42\", 3, 0);",
        "for (int i = 0; i < 3; i++)\n        send(asker, &\"42\"[i], 1, MSG_NOSIGNAL);",
    );
    workdir.write("class/pieces/answerer.c", in_pieces);
    workdir.write("class/pieces/asker.c", asker(4000, 2));
    for _ in 0..8 {
        let mut check = workdir.ipclab();
        check.args([
            "check",
            "class/pieces",
            "--spec",
            "lab.toml",
            "--case",
            "together",
        ]);
        check.args(["--format", "json", "--no-cache"]);
        let output = check.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["cases"][0]["verdict"], "fail", "{report}");
    }
}
