//! The host is the same before and after: IPC objects, files, mounts, processes; also when the tool is killed.
//!
//! It sees the tool and what it makes, and no other program of the machine: neither the rest of the suite nor its order
//! matters.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use common::host::{Host, alone, eventually, levels, ours};
use common::{Workdir, submission};

const LABS: [(&str, &str); 6] = [
    ("shm-hello", "accepted/listing"),
    ("shm-hello", "rejected/reader-keeps-segment"),
    ("tcp-echo", "rejected/server-leaves-process"),
    ("tcp-echo", "rejected/client-leaves-file"),
    ("udp-datagram", "accepted/listing"),
    ("unix-datagram", "rejected/client-keeps-socket-file"),
];

/// It has printed more than a pipe holds when it sleeps: so much has to be told of it when the tool is gone.
const SLEEPER: &str = "#include <signal.h>\n#include <stdio.h>\n#include <sys/ipc.h>\n#include <sys/shm.h>\n#include <unistd.h>\n\
    int main(void) { signal(SIGTERM, SIG_IGN); shmget(4711, 100, IPC_CREAT | 0600); fclose(fopen(\"/tmp/sleeps_for_ever\", \"w\"));\n\
    for (int i = 0; i < 120; i++) printf(\"%01000d\\n\", i);\n\
    if (fork() == 0) setsid(); puts(\"Hello\"); for (;;) sleep(1000); }\n";

const SLEEPER_SPEC: &str = r#"
format = 1
lab    = "sleeper"
title  = "Sleeps for ever"
unit   = ["Q1"]
limit  = "600s"

[program.sleeps_for_ever]
source = ["sleeps_for_ever.c"]

[[case]]
id     = "sleeps"
title  = "your program sleeps"
tier   = "core"
points = 1
covers = ["Q1"]
hint   = "Sleep."
[case.actor.sleeper]
student = "sleeps_for_ever"
exit    = 0
"#;

#[test]
fn nothing_is_left_on_the_host_whatever_programs_do_and_however_the_tool_ends() {
    alone(
        module_path!(),
        "nothing_is_left_on_the_host_whatever_programs_do_and_however_the_tool_ends",
        || {
            let workdir = Workdir::with(&[("sleeps_for_ever.c", SLEEPER)]);
            workdir.write("sleeper.toml", SLEEPER_SPEC);
            let stays = tempfile::Builder::new()
                .prefix("was-there-")
                .tempfile()
                .unwrap();
            let before = Host::look();
            assert_eq!(
                ours(),
                Vec::<String>::new(),
                "somebody else runs the tool at this moment"
            );
            for level in levels(&workdir) {
                for (lab, name) in LABS {
                    let mut check = workdir.ipclab();
                    check.arg("check").arg(submission(lab, name)).args([
                        "--lab",
                        lab,
                        "--tier",
                        "core",
                        "--isolation",
                        level,
                    ]);
                    let status = check.output().unwrap().status.code();
                    assert!(
                        matches!(status, Some(0 | 1 | 3)),
                        "{lab}/{name} at {level}: {status:?}"
                    );
                    before.is_as_before(&format!("after {lab}/{name} at {level}"));
                }
                killed_in_the_middle(&workdir, level);
                before.is_as_before(&format!("after a SIGKILL at {level}"));
            }
            assert!(stays.path().exists(), "somebody else's file is gone");
        },
    );
}

/// Kills the tool while its case sleeps.
fn killed_in_the_middle(workdir: &Workdir, level: &str) {
    let mut tool = Command::new(assert_cmd::cargo::cargo_bin!("ipclab"))
        .current_dir(workdir.path(""))
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"))
        .args([
            "check",
            "work",
            "--spec",
            "sleeper.toml",
            "--isolation",
            level,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the sleeper sleeps, and so does its child", || {
        ours()
            .iter()
            .filter(|name| name.contains("sleeps_for_ever"))
            .count()
            == 2
    });
    tool.kill().unwrap();
    tool.wait().unwrap();
    eventually(
        &format!("the host is clean after a SIGKILL at {level}"),
        || ours().is_empty(),
    );
    // The keeper holds the tool's stderr: when it closes, the keeper is gone too.
    let said: Vec<_> = BufReader::new(tool.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .collect();
    assert!(
        said.iter().all(|line| !line.contains("panicked")),
        "{said:?}"
    );
}
