//! Time in cases, as the author of a lab writes it and a student reads of it: it takes none of the machine's.

use crate::common::{Workdir, json};

/// One program, and a case for each word of the language that speaks of time.
const SPEC: &str = r#"
format = 2
lab    = "greet"
title  = "Waiting"
limit  = "10s"

[program.waits]
source = ["waits.c"]

[[case]]
id     = "late"
title  = "a client comes after five seconds"
tier   = "core"
points = 1
[case.actor.server]
student      = "waits serve"
listens      = "tcp:4000"
exit         = 0
stdout.lines = ["2 s: nobody", "4 s: nobody", "5 s: hello"]
[case.actor.client]
peer  = ["connect tcp:4000", "send 'hello'", "close"]
after = "5s"

[[case]]
id     = "slow"
title  = "a client says something after seven seconds"
tier   = "core"
points = 1
[case.actor.server]
student      = "waits serve"
listens      = "tcp:4000"
exit         = 0
stdout.lines = ["2 s: nobody", "4 s: nobody", "6 s: nobody", "7 s: hello"]
[case.actor.client]
peer = ["until 7s", "connect tcp:4000", "send 'hello'", "close"]

[[case]]
id     = "nobody"
title  = "a server that nobody comes to"
tier   = "core"
points = 1
[case.actor.server]
student = "waits serve"
listens = "tcp:4000"
exit    = "running"

[[case]]
id     = "countdown"
title  = "a hundred sleeps are a countdown"
tier   = "core"
points = 1
[case.actor.counter]
student      = "waits down"
exit         = 0
stdout.lines = ["100 s: over"]

[[case]]
id     = "too-long"
title  = "a limit of the clock of the case"
tier   = "core"
points = 1
limits = { clock_ms = 30000 }
[case.actor.counter]
student = "waits down"
exit    = 0

[[case]]
id     = "for-ever"
title  = "a program that sleeps for ever"
tier   = "core"
points = 1
[case.actor.sleeper]
student = "waits ever"
exit    = 0
"#;

const PROGRAM: &str = r#"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static time_t began;
static void say(const char *what) { printf("%d s: %s\n", (int)(time(NULL) - began), what); fflush(stdout); }
static void serve(void)
{
    int yes = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4000) };
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(s, (struct sockaddr *)&here, sizeof here);
    listen(s, 5);
    for (;;) {
        struct timeval two = { 2, 0 };
        fd_set set;
        FD_ZERO(&set);
        FD_SET(s, &set);
        if (select(s + 1, &set, NULL, NULL, &two) == 1) {
            char text[10] = { 0 };
            int c = accept(s, NULL, NULL);
            if (recv(c, text, 9, 0) > 0)
                say(text);
            close(c);
            return;
        }
        say("nobody");
    }
}
int main(int argc, char **argv)
{
    began = time(NULL);
    if (strcmp(argv[1], "serve") == 0)
        serve();
    if (strcmp(argv[1], "ever") == 0)
        for (;;)
            sleep(1);
    if (strcmp(argv[1], "down") == 0) {
        for (int n = 0; n < 100; n++)
            sleep(1);
        say("over");
    }
    return 0;
}
"#;

#[test]
fn every_word_of_time_means_what_it_says() {
    let workdir = Workdir::with(&[("waits.c", PROGRAM)]);
    workdir.write("greet.toml", SPEC);
    let output = workdir.check().args(["--format", "json"]).output().unwrap();
    let report = json(&output);
    let said = |id: &str| -> Vec<String> {
        let cases = report["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["id"] == id).unwrap();
        let findings = case["findings"].as_array().unwrap().iter();
        let failed = findings.filter(|finding| finding["verdict"] != "pass");
        failed
            .map(|finding| finding["message"].as_str().unwrap().to_owned())
            .collect()
    };
    for id in ["late", "slow", "nobody", "countdown"] {
        assert_eq!(said(id), [""; 0], "{id}");
    }
    let check = |id: &str, words: &str| {
        let said = said(id);
        assert!(
            said.iter().any(|said| said.contains(words)),
            "{id}: {said:?}"
        );
    };
    check("for-ever", "it sleeps again and again, and nothing changes");
    check("too-long", "was still at it after 30 s of its clock");
}

#[test]
fn the_drawing_says_how_much_time_passed() {
    let workdir = Workdir::with(&[(
        "waits.c",
        &PROGRAM.replace("recv(c, text, 9, 0)", "recv(c, text, 3, 0)"),
    )]);
    workdir.write("greet.toml", SPEC);
    let output = workdir.check().args(["--case", "late"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("⋮ 5 s pass"), "{text}");
}

/// A loop that only an alarm ends takes the machine's time, which is another one each time: the report says that it counted, and
/// stays the same. A program that sleeps as long is told nothing of the kind.
#[test]
fn a_report_says_where_real_time_was_used() {
    const SPEC: &str = r#"
format = 2
lab    = "greet"
title  = "Alarms"

[program.waits]
source = ["waits.c"]

[[case]]
id     = "alarm"
title  = "an alarm after a second"
tier   = "core"
points = 1
[case.actor.one]
student = "waits"
exit    = 1
"#;
    let reported = |wait: &str| -> [String; 2] {
        let program = format!(
            "#include <signal.h>\n#include <unistd.h>\nstatic volatile sig_atomic_t over;\n\
             static void ring(int number) {{ over = number; }}\n\
             int main(void) {{ signal(SIGALRM, ring); alarm(1); while (!over) {wait}; return 0; }}\n"
        );
        let workdir = Workdir::with(&[("waits.c", program.as_str())]);
        workdir.write("greet.toml", SPEC);
        [0; 2].map(|_| {
            let output = workdir.check().args(["--case", "alarm"]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        })
    };
    let says = "real time was used: a program computed for long";
    let [loops, again] = reported("");
    assert!(loops.contains(says), "{loops}");
    assert_eq!(loops, again);
    let [sleeps, _] = reported("pause()");
    assert!(!sleeps.contains(says), "{sleeps}");
}
