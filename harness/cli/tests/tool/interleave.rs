//! An update that is not guarded is lost every time and not by luck, and one that is guarded never is.

use crate::common::Workdir;
use serde_json::Value;

const SPEC: &str = r#"
format = 1
lab    = "sum"
title  = "Adds up"
unit   = ["Q1"]
limit  = "10s"

[program.sum]
source = ["sum.c"]

[[case]]
id         = "adds"
title      = "two processes add three each"
tier       = "core"
points     = { output = 1, memory = 1 }
covers     = ["Q1"]
hint       = "Take the semaphore."
interleave = "late-writers"
[case.actor.adder]
student = "sum"
stdout.lines = ["6"]
"#;

fn workdir(before: &str, after: &str) -> Workdir {
    let program = format!(
        r#"#include <stdio.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{{
    int shmid = shmget(IPC_PRIVATE, 64, IPC_CREAT | 0600), semid = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    int *sum = shmat(shmid, NULL, 0);
    struct sembuf take = {{0, -1, 0}}, give = {{0, 1, 0}};
    semctl(semid, 0, SETVAL, 1);
    for (int n = 0; n < 2; n++)
        if (fork() == 0) {{
            for (int i = 0; i < 3; i++) {{
                {before}
                ++*sum;
                {after}
            }}
            _exit(0);
        }}
    while (wait(NULL) > 0)
        ;
    printf("%d\n", *sum);
    shmctl(shmid, IPC_RMID, NULL);
    semctl(semid, 0, IPC_RMID);
    return 0;
}}
"#
    );
    let workdir = Workdir::with(&[("sum.c", &program)]);
    workdir.write("sum.toml", SPEC);
    workdir
}

fn check(workdir: &Workdir, more: &[&str]) -> (Option<i32>, Vec<u8>) {
    let output = workdir
        .ipclab()
        .args(["check", "work", "--spec", "sum.toml", "--all"])
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), output.stdout)
}

#[test]
fn what_is_not_guarded_is_caught_every_time() {
    let workdir = workdir("", "(void)take, (void)give;");
    let first = check(&workdir, &["--keep", "kept"]);
    let text = String::from_utf8(first.1).unwrap();
    assert_eq!(first.0, Some(1), "{text}");
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "adder did not print `6` on stdout",
        "was lost, the first of",
        "nothing guards it: neither of them called semop()",
        "process 4003 read 0, with no call around it",
    ] {
        assert!(joined.contains(part), "{part}: {text}");
    }
    let points_and_findings = |bytes: &[u8]| -> (Value, Value) {
        let report: Value = serde_json::from_slice(bytes).unwrap();
        let case = &report["cases"][0];
        (case["points"].clone(), case["findings"].clone())
    };
    let (status, json) = check(&workdir, &["--format", "json"]);
    let expect = points_and_findings(&json);
    assert_eq!(status, Some(1));
    for time in 0..20 {
        let (status, json) = check(&workdir, &["--format", "json"]);
        assert_eq!(
            (status, points_and_findings(&json)),
            (Some(1), expect.clone()),
            "{time}"
        );
    }
    // What was kept is judged to the same report.
    let again = workdir.ipclab().args(["judge", "kept"]).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text);
}

#[test]
fn what_is_guarded_passes_every_time() {
    let workdir = workdir("semop(semid, &take, 1);", "semop(semid, &give, 1);");
    for _ in 0..5 {
        let (status, text) = check(&workdir, &[]);
        assert_eq!(status, Some(0), "{}", String::from_utf8_lossy(&text));
    }
}

/// An actor that starts when a crowd waits does not start while the crowd is still connecting: between its connections the
/// crowd waits for the server to have dealt with them, which is no end of its step.
#[test]
fn a_crowd_that_waits_in_the_middle_of_a_step_is_not_done_with_it() {
    let workdir = Workdir::with(&[(
        "server.c",
        r#"#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9100)};
    int s = socket(AF_INET, SOCK_STREAM, 0), fds[13];
    bind(s, (void *)&at, sizeof at);
    listen(s, 16);
    for (int i = 0; i < 13; i++) {
        fds[i] = accept(s, NULL, NULL);
        usleep(20000);
    }
    for (int i = 0; i < 13; i++) {
        char c = '?';
        recv(fds[i], &c, 1, 0);
        putchar(c);
    }
    puts("");
    return 0;
}
"#,
    )]);
    workdir.write(
        "sum.toml",
        r#"
format = 1
lab    = "crowd"
title  = "Takes a crowd"
unit   = ["Q1"]
limit  = "10s"

[program.server]
source = ["server.c"]

[[case]]
id     = "late"
title  = "one comes after twelve"
tier   = "core"
points = 1
covers = ["Q1"]
hint   = "Take them in order."
[case.actor.server]
student = "server"
listens = "tcp:9100"
exit    = 0
stdout  = "ccccccccccccl\n"
[case.actor.crowd]
peer = ["12 times connect tcp:9100", "until late exits", "each send 'c'", "each close"]
[case.actor.late]
after = "crowd waits"
peer  = ["connect tcp:9100", "send 'l'", "close"]
"#,
    );
    let (status, text) = check(&workdir, &[]);
    assert_eq!(status, Some(0), "{}", String::from_utf8_lossy(&text));
}
