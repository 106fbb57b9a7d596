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

/// A search tries every schedule within its bound: what is not guarded is found with the fewest preemptions, drawn, kept, and
/// found again along the schedule that was kept; of what is guarded the report claims that none fails.
#[test]
fn a_search_claims_what_it_tried_and_keeps_what_it_found() {
    let searching = |workdir: &Workdir, search: &str| {
        let spec = SPEC
            .replace("\"late-writers\"", search)
            .replace("add three each", "add one each");
        workdir.write("sum.toml", spec.replace("[\"6\"]", "[\"2\"]"));
        let program = workdir.path("work/sum.c");
        let text = std::fs::read_to_string(&program).unwrap();
        std::fs::write(&program, text.replace("i < 3", "i < 1")).unwrap();
    };
    let joined = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let guarded = workdir("semop(semid, &take, 1);", "semop(semid, &give, 1);");
    searching(&guarded, "{ preemptions = 1 }");
    let (status, text) = check(&guarded, &[]);
    assert_eq!(status, Some(0), "{}", joined(&text));
    assert!(
        joined(&text).contains("no schedule with at most 1 preemption fails: "),
        "{}",
        joined(&text)
    );
    let unguarded = workdir("", "(void)take, (void)give;");
    for search in ["{ preemptions = 2 }", "{ pct = 2, runs = 60 }"] {
        searching(&unguarded, search);
        let (status, text) = check(&unguarded, &["--keep", "kept"]);
        let first = joined(&text);
        assert_eq!(status, Some(1), "{first}");
        for part in [
            "in a schedule in which a process loses its turn once",
            // Which of the two it is hangs on the search.
            " loses its turn to process 400",
            ": read 0 at offset 0 -- process 400",
            "process 4002: wrote 1 at offset 0",
            "process 4003: wrote 1 at offset 0",
        ] {
            assert!(first.contains(part), "{search}: {part}: {first}");
        }
        let kept = unguarded.path("kept/adds/schedule");
        let schedule = std::fs::read_to_string(&kept).unwrap();
        assert!(schedule.contains("\n0.1 "), "{schedule}");
        let along = ["--schedule", "kept/adds/schedule"];
        let (status, text) = check(&unguarded, &along);
        let again = joined(&text);
        assert_eq!(status, Some(1), "{again}");
        assert!(again.contains("along the given schedule"), "{again}");
        std::fs::remove_dir_all(unguarded.path("kept")).unwrap();
    }
    // Along no schedule at all, nothing goes wrong.
    unguarded.write("none", "# nothing\n");
    let (status, text) = check(&unguarded, &["--schedule", "none"]);
    assert_eq!(status, Some(0), "{}", joined(&text));
    unguarded.write("none", "0.1 x\n");
    assert_eq!(check(&unguarded, &["--schedule", "none"]).0, Some(2));
}

/// Two children write the same to the same place, unguarded: no schedule gives another result, and the first run shows that nothing
/// orders them. Where they agree by a flag, which one of them looks at until it is set, nothing is said.
#[test]
fn accesses_that_nothing_orders_are_found_without_an_unlucky_order() {
    let check = |before: &str, status: i32, parts: &[&str]| {
        let workdir = workdir(before, "semop(semid, &give, 1);");
        let spec = SPEC
            .replace("\"late-writers\"", "{ preemptions = 1 }")
            .replace("[\"6\"]", "[\"2\"]");
        workdir.write("sum.toml", spec);
        let program = workdir.path("work/sum.c");
        let text = std::fs::read_to_string(&program).unwrap();
        std::fs::write(&program, text.replace("i < 3", "i < 1")).unwrap();
        let (seen, text) = self::check(&workdir, &[]);
        let text = String::from_utf8_lossy(&text).into_owned();
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(seen, Some(status), "{text}");
        for part in parts {
            assert!(joined.contains(part), "{part}: {text}");
        }
    };
    let take = "semop(semid, &take, 1);";
    let races = [
        "accesses to shared memory are not synchronised: of the bytes at offset 4, ",
        " wrote it (sum.c:",
        "Guard both with the same semaphore",
    ];
    check(&format!("sum[1] = 7; {take}"), 1, &races);
    check(&format!("{take} sum[1] = 7;"), 0, &[]);
    let flag =
        "if (n == 1) while (!((volatile int *)sum)[2]) ; sum[1] = 7; ((volatile int *)sum)[2] = 1;";
    check(&format!("{flag} {take}"), 0, &[]);
}

/// A counter that no instruction of the program touches: the kernel reads it as a signal mask, and writes it as the number of a
/// signal.
#[test]
fn what_the_kernel_reads_and_writes_is_no_way_round_the_watch() {
    let check = |before: &str, after: &str| {
        let workdir = workdir(before, after);
        let spec = SPEC
            .replace("\"late-writers\"", "{ preemptions = 1 }")
            .replace("[\"6\"]", "[\"2\"]");
        workdir.write("sum.toml", spec);
        let program = workdir.path("work/sum.c");
        let text = std::fs::read_to_string(&program).unwrap();
        let by_calls = "unsigned long was = 0; \
            syscall(SYS_rt_sigprocmask, SIG_SETMASK, sum, NULL, 8L); \
            syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &was, 8L); \
            prctl(PR_SET_PDEATHSIG, was + 1); \
            prctl(PR_GET_PDEATHSIG, sum);";
        let headers = "#include <signal.h>\n#include <sys/prctl.h>\n#include <sys/syscall.h>\n";
        let text = text.replace("++*sum;", by_calls).replace("i < 3", "i < 1");
        std::fs::write(&program, format!("{headers}{text}")).unwrap();
        let (status, text) = self::check(&workdir, &[]);
        let text = String::from_utf8_lossy(&text).into_owned();
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (status, joined)
    };
    let (status, text) = check("", "(void)take, (void)give;");
    assert_eq!(status, Some(1), "{text}");
    let says = "what process 4003 wrote to shared memory was lost";
    assert!(text.contains(says), "{text}");
    let (status, text) = check("semop(semid, &take, 1);", "semop(semid, &give, 1);");
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("no schedule with at most 1 preemption fails"),
        "{text}"
    );
}

/// A program that does something else each time: the search ends, the program passes, and nothing is claimed.
#[test]
fn a_search_of_what_is_never_the_same_ends_without_a_claim() {
    // Where it looks, no process writes.
    let looks = "unsigned char n; for (getentropy(&n, 1), n %= 4; n > 0; n--) (void)((volatile int *)sum)[3];";
    let workdir = workdir(
        &format!("{looks} semop(semid, &take, 1);"),
        "semop(semid, &give, 1);",
    );
    let spec = SPEC.replace("\"late-writers\"", "{ preemptions = 1 }");
    workdir.write("sum.toml", spec);
    let (status, text) = check(&workdir, &[]);
    let text = String::from_utf8_lossy(&text).into_owned();
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(status, Some(0), "{text}");
    let says = "nothing is claimed of the others, since the same schedule did not give the same steps again";
    assert!(joined.contains(says), "{text}");
}

/// Two semaphores that are taken the other way round by the second process, behind acts of chance: to do something else each time
/// hides no deadlock. Where the search was given up, one that only a schedule of its own shows cost nothing.
#[test]
fn what_is_never_the_same_hides_no_deadlock() {
    let chance =
        "unsigned char r; for (getentropy(&r, 1), r %= 4; r > 0; r--) semctl(semid, 0, GETVAL);";
    let both = "struct sembuf first = {n, -1, 0}, second = {1 - n, -1, 0}, back[2] = {{0, 1, 0}, {1, 1, 0}};";
    let workdir = workdir(
        &format!(
            "(void)take, (void)give; {chance} {both} semop(semid, &first, 1); semop(semid, &second, 1);"
        ),
        "semop(semid, back, 2);",
    );
    workdir.write(
        "sum.toml",
        SPEC.replace("\"late-writers\"", "{ preemptions = 1 }"),
    );
    let program = workdir.path("work/sum.c");
    let text = std::fs::read_to_string(&program).unwrap();
    let text = text.replace("semget(IPC_PRIVATE, 1,", "semget(IPC_PRIVATE, 2,");
    let text = text.replace("SETVAL, 1);", "SETVAL, 1); semctl(semid, 1, SETVAL, 1);");
    std::fs::write(
        &program,
        text.replace("i < 3", "i < 1")
            .replace("%d\\n\", *sum", "%d\\n\", 3 * *sum"),
    )
    .unwrap();
    let (status, text) = check(&workdir, &[]);
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("deadlock"), "{text}");
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

/// Certifying draws another schedule for each run: a verdict that one of them changes is told with that schedule, and comes again
/// along it.
#[test]
fn certify_tells_the_schedule_that_changes_a_verdict() {
    let workdir = workdir("", "(void)take, (void)give;");
    let spec = SPEC
        .replace("\"late-writers\"", "{ preemptions = 1 }")
        .replace("[\"6\"]", "[\"2\"]");
    workdir.write("sum.toml", spec);
    let program = std::fs::read_to_string(workdir.path("work/sum.c")).unwrap();
    let once = program.replace("i < 3", "i < 1");
    workdir.write("work/sum.c", &once);
    workdir.write("submissions/accepted/one/sum.c", &once);
    workdir.write(
        "submissions/accepted/one/expected.toml",
        "about = \"adds without a semaphore\"\n",
    );
    let certify = |format: &str| {
        let args = ["certify", "./sum.toml", "--runs", "60", "--way", "idle"];
        let output = workdir
            .ipclab()
            .args(args)
            .args(["--seed", "1", "--keep", "seen", "--format", format])
            .output()
            .unwrap();
        (output.status.code(), output.stdout)
    };
    let (status, json) = certify("json");
    let found: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(status, Some(1), "{found:#}");
    let verdicts = found["disagreements"][0]["verdicts"].as_array().unwrap();
    assert!(verdicts.len() > 1, "{found:#}");
    for verdict in verdicts {
        let along = ["--schedule", verdict["schedule"].as_str().unwrap()];
        let fails = verdict["verdict"].as_str().unwrap().starts_with("fail");
        let (status, text) = check(&workdir, &along);
        let text = String::from_utf8_lossy(&text);
        assert_eq!(status, Some(i32::from(fails)), "{verdict:#} {text}");
    }
    std::fs::remove_dir_all(workdir.path("seen")).unwrap();
    let (_, text) = certify("text");
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("its schedule: ipclab check ... --case adds --schedule "),
        "{text}"
    );
}
