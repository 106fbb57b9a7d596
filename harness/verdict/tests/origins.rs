//! Where in the student's text that comes from which a finding's line shows, as a table.

use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, SourceLine};
use ipclab_judge::{Finding, Mistake, MistakeKind, Verdict};
use ipclab_spec::{Aspect, Case, parse};
use ipclab_verdict::origin::Sources;
use serde_json::json;

const LAB: &str = r#"
format = 1
lab = "one"
title = "One server"
unit = ["Q1"]
[program.server]
source = "server.c"
reference = "iserver"
[[case]]
id = "one"
title = "your server alone"
tier = "core"
points = 1
covers = ["Q1"]
[case.actor.server]
student = "server"
exit = 0
"#;

const SERVER: &str = "\
#include <stdio.h>
#define PORT 7001
#define SIZE 40

static void complain(const char *call)
{
    perror(call);
}

static int send_all(int fd, const char *data, size_t size)
{
    return send(fd, data, size, 0) == -1 ? -1 : 0;
}

int main(int argc, char *argv[])
{
    char buffer[SIZE];
    long count = atoi(argv[1]);
    struct sockaddr_in here;
    here.sin_port = htons(PORT);
    if (bind(3, (struct sockaddr *)&here, sizeof here) == -1) {
        complain(\"bind\");
        return 0;
    }
    ssize_t got = recv(3, buffer, sizeof buffer, 0);
    if (got <= 0) {
        fprintf(stderr, \"nothing came\\n\");
        return 1;
    }
    size_t size = strlen(buffer);
    for (;;) {
        send_all(3, buffer, size);
        accept(3, NULL, NULL);
    }
    printf(\"count: %ld\\n\", count);
    return 2;
}
";

fn case() -> Case {
    let parsed = parse("one.toml", LAB).unwrap_or_else(|said| panic!("{}", said.render(false)));
    parsed.spec.cases.into_iter().next().expect("one case")
}

/// A run of the server that ended so, whose last words on stderr were written there.
fn evidence(exit: &serde_json::Value, complaint: Option<u32>) -> Evidence {
    let stream = json!({"head": "", "tail": "", "dropped": 0});
    let printed: Vec<serde_json::Value> = complaint
        .iter()
        .map(|line| {
            let lines = json!([{"file": "server.c", "line": line}]);
            json!({"stream": 2, "from": 0, "bytes": 9, "lines": lines})
        })
        .collect();
    let evidence = json!({
        "name": "one",
        "isolation": {"level": "namespaces", "counted_by": "rlimits", "notes": []},
        "ended": "all-exited",
        "actors": [{
            "name": "server", "pid": 2, "exit": exit, "started_us": 0, "ready": true,
            "stdout": stream, "stderr": stream, "open_at_exit": [], "limits": [], "processes": 1,
            "cpu_ms": 1, "rss_max_kib": 1, "calls": 1, "printed": printed,
        }],
        "sockets": [], "trace": [], "calls_dropped": 0, "looks": [],
        "leftovers": {
            "segments": [], "semaphores": [], "queues": [], "files": [], "posix_shm": [],
            "posix_queues": [], "missing": [], "processes": [], "ports": [],
        },
        "trouble": [],
        "spent": {"ahead_us": 0, "world_us": 0, "actors_us": 0, "sweep_us": 0},
    });
    serde_json::from_value(evidence).expect("it is evidence")
}

fn line(line: u32) -> SourceLine {
    SourceLine {
        file: "server.c".to_owned(),
        line,
    }
}

fn finding(aspect: Aspect, kind: MistakeKind, message: &str, lines: &[u32]) -> Finding {
    Finding {
        aspect,
        verdict: Verdict::Fail,
        graded: true,
        actor: Some("server".to_owned()),
        message: message.to_owned(),
        expected: None,
        seen: None,
        difference: None,
        cites: Vec::new(),
        lines: lines.iter().copied().map(line).collect(),
        mistake: Some(Mistake {
            kind,
            program: Some("server".to_owned()),
            detail: String::new(),
            says: None,
        }),
    }
}

#[test]
fn a_wrong_value_leads_to_where_it_is_given() {
    let exit = json!({"code": 1});
    let check = |finding: &Finding, complaint: Option<u32>, at: &[u32], from: &[u32]| {
        let files = BTreeMap::from([("server.c".to_owned(), SERVER.to_owned())]);
        let evidence = evidence(&exit, complaint);
        let traced = Sources::new(&files).trace(&case(), Some(&evidence), finding);
        let numbers = |lines: &[SourceLine]| lines.iter().map(|at| at.line).collect::<Vec<_>>();
        assert_eq!(
            (numbers(&traced.lines), numbers(&traced.from)),
            (at.to_vec(), from.to_vec()),
            "{}",
            finding.message
        );
    };
    use Aspect::{Bytes, Calls, Exit, Output};
    use MistakeKind::{Behaviour, Nul, Place, Status};
    // The number that is wrong stands in a macro; what uses it may have meant another one.
    let port = "server bound port 7001 instead of 7000";
    check(&finding(Calls, Place, port, &[21]), None, &[21], &[2, 20]);
    // Nothing is wrong with the number.
    let swapped = "server bound port 22811 instead of 7001: htons() is missing";
    check(&finding(Calls, Place, swapped, &[21]), None, &[21], &[20]);
    // The length is measured in the caller of the function that sends.
    let nul = "server sent 5 bytes instead of 6: the message went without its NUL";
    check(&finding(Bytes, Nul, nul, &[12, 32]), None, &[12, 32], &[30]);
    let cut = "server received 40 bytes instead of 43";
    check(
        &finding(Bytes, Behaviour, cut, &[25]),
        None,
        &[25],
        &[3, 17],
    );
    // A status is given behind the complaint about the call.
    let status = "server ended with status 0 although bind() failed";
    check(
        &finding(Exit, Status, status, &[21]),
        Some(22),
        &[21],
        &[23],
    );
    // What a program complains of hangs on a condition.
    let gave_up = "server did not print `count: 1` on stdout: it ended with status 1";
    let finding_of = finding(Output, Behaviour, gave_up, &[]);
    check(&finding_of, Some(27), &[27], &[26, 25]);
    let accepted = "server printed `count:`, which must not be there";
    check(
        &finding(Output, Behaviour, accepted, &[35]),
        None,
        &[35],
        &[18],
    );
}

const CLIENT: &str = "\
#define PATH \"/tmp/served\"
static int shout(int c)
{
    return c & ~32;
}
static int take(int fd, char *into, int *cut)
{
    int got = recv(fd, into, 16, 0);
    *cut = got == 16;
    return got;
}
int main(int argc, char *argv[])
{
    char text[100], answer[16];
    int cut;
    ssize_t length = getline(&line, &room, stdin);
    if (length < 0)
        text[0] = 0;
    for (int i = 0; i < 3; i++) {
        text[i] = shout(text[i]);
        send(3, text, 9, 0);
        break;
    }
    take(3, answer, &cut);
    printf(\"%s%s\\n\", answer, cut ? \", cut\" : \"\");
    const char *path = argc > 9 ? argv[1] : PATH;
    strcpy(here.sun_path, path);
    bind(3, &here, sizeof here);
}
";

/// Other kinds of mistakes, each with the line that brings it about among those that are named.
#[test]
fn kinds_of_origins() {
    use Aspect::{Bytes, Calls, Output};
    use MistakeKind::{Behaviour, Place};
    let evidence = evidence(&json!({"code": 0}), None);
    let files = BTreeMap::from([("server.c".to_owned(), CLIENT.to_owned())]);
    let check = |finding: &Finding, from: u32| {
        let traced = Sources::new(&files).trace(&case(), Some(&evidence), finding);
        let found = traced.from.contains(&line(from));
        assert!(found, "{}: {:?}", finding.message, traced.from);
    };
    // Nothing was to be sent: what was read of the input was looked at before.
    let nothing = "server sent 9 bytes to our client instead of 0";
    check(&finding(Bytes, Behaviour, nothing, &[21]), 17);
    // The loop ends the first time that it comes by.
    let once = "server sent 9 bytes to our client instead of 27";
    check(&finding(Bytes, Behaviour, once, &[21]), 22);
    // Other bytes, and as many: the function that makes them.
    let other = "server sent `ABC` instead of `abc` in message 1 (#1)";
    check(&finding(Bytes, Behaviour, other, &[21]), 4);
    // A part is missing that a function hands back.
    let part = "server printed `abc` instead of `abc, cut`";
    check(&finding(Output, Behaviour, part, &[25]), 9);
    // The macro is right in itself, where it is used is not.
    let path = "server bound /tmp/served instead of /tmp/wanted";
    check(&finding(Calls, Place, path, &[28]), 26);
}

#[test]
fn who_waits_does_so_in_a_loop() {
    let wait = json!({"actor": 0, "pid": 2, "call": "accept", "n": 1, "timed": false});
    let evidence = evidence(&json!({"running": {"wait": wait}}), None);
    let files = BTreeMap::from([("server.c".to_owned(), SERVER.to_owned())]);
    let message = "server never ended: it waits in accept() (#1)";
    let waits = finding(Aspect::Exit, MistakeKind::Waits, message, &[33]);
    let traced = Sources::new(&files).trace(&case(), Some(&evidence), &waits);
    assert_eq!(traced.from, [line(31)]);
}

/// What students write is only read: any of it gives an answer, in bounded time.
#[test]
fn strange_text_brings_nothing_down() {
    let evidence = evidence(&json!({"code": 1}), Some(3));
    let case = case();
    for text in [
        "",
        "\0\u{202e}é",
        "int main(void) {\n send(a, a, a); a = a; a = a\n#define a a\n",
        "main(",
        "#define",
        "int main() { if (x) else else for(;;) do while",
        &"int main() { if (a) ".repeat(3000),
        &"((((((((((".repeat(3000),
        &"f(a = f(a = ".repeat(3000),
    ] {
        let files = BTreeMap::from([("server.c".to_owned(), text.to_owned())]);
        let sources = Sources::new(&files);
        for at in 0..4 {
            for aspect in [Aspect::Output, Aspect::Bytes, Aspect::Exit, Aspect::Memory] {
                let message = "server printed `a` instead of `b`: it ended with status 1";
                let finding = finding(aspect, MistakeKind::Behaviour, message, &[at]);
                let traced = sources.trace(&case, Some(&evidence), &finding);
                assert!(traced.from.len() <= 2);
            }
        }
    }
}
