//! Injected faults change what they say and nothing else: seen in the traces of kept evidence.

use std::fs;

use crate::common::Workdir;
use ipclab_evidence::Arg;
use serde_json::Value;

/// One server that reads to the end of what a peer sends it, undisturbed and with faults.
const SPEC: &str = r#"
format = 1
lab    = "gather"
title  = "Gathers what a connection brings"
unit   = ["Q5"]
limit  = "10s"

[program.gather]
source = ["gather.c"]

[[case]]
id     = "whole"
title  = "as it comes"
tier   = "robust"
points = 1
covers = ["Q5"]
hint   = "Read until recv() gives 0."
[case.actor.server]
student = "gather"
listens = "tcp:4000"
exit    = 0
stdout.lines = ["abcdefgh"]
[case.actor.talker]
peer = ["connect tcp:4000", "send 'abcdefgh'", "shutdown write", "recv 'abcdefgh'", "recv until EOF", "close"]

[[case]]
id    = "short"
like  = "whole"
title = "in pieces"
fault = ["server recv: at most 3 bytes"]

[[case]]
id    = "short-once"
like  = "whole"
title = "one piece, and the rest"
fault = ["server recv #1: at most 3 bytes"]

[[case]]
id    = "interrupted"
like  = "whole"
title = "with a signal in between"
fault = ["server recv #2: EINTR"]

[[case]]
id    = "short-echo"
like  = "whole"
title = "sent in pieces"
fault = ["server send: at most 5 bytes"]
"#;

const PROGRAM: &str = r#"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4000) };
    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) || listen(s, 1)) return 1;
    int c = accept(s, NULL, NULL);
    char text[100];
    size_t have = 0, gone = 0;
    ssize_t n;
    while ((n = recv(c, text + have, sizeof text - have, 0)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return 2;
        have += n;
    }
    printf("%.*s\n", (int)have, text);
    while (gone < have && (n = send(c, text + gone, have - gone, 0)) > 0) gone += n;
    close(c);
    close(s);
    return gone == have ? 0 : 3;
}
"#;

/// A call of the server's in a kept trace.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    name: String,
    /// Without pointers: those are where the loader put things.
    args: Vec<String>,
    returned: i64,
    errno: Option<String>,
    bytes: Option<String>,
    tampered: Option<String>,
}

impl Call {
    fn moves(&self) -> bool {
        ["recvfrom", "sendto"].contains(&self.name.as_str())
    }
}

/// Runs every case; gives what the server called in each, by case.
fn traces() -> impl Fn(&str) -> Vec<Call> {
    let workdir = Workdir::with(&[("gather.c", PROGRAM)]);
    workdir.write("gather.toml", SPEC);
    workdir
        .ipclab()
        .args(["check", "work", "--spec", "gather.toml", "--keep", "kept"])
        .assert()
        .code(0);
    move |case| {
        let file = workdir.path("kept").join(case).join("evidence.json");
        let evidence: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let calls = evidence["trace"].as_array().unwrap().iter();
        let of_server = calls.filter(|call| call["actor"] == 0);
        of_server
            .map(|call| Call {
                name: text(&call["name"]).unwrap(),
                args: call["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|arg| {
                        serde_json::from_value::<Arg>(arg.clone())
                            .unwrap()
                            .to_string()
                    })
                    .filter(|arg| !arg.starts_with("0x"))
                    .collect(),
                returned: call["returned"]["value"].as_i64().unwrap(),
                errno: text(&call["returned"]["errno"]),
                bytes: text(&call["transfer"]["head"]),
                tampered: text(&call["tampered"]),
            })
            .collect()
    }
}

/// What the calls of this name gave: how many bytes and which.
fn moved<'a>(calls: &'a [Call], name: &str) -> Vec<(i64, Option<&'a str>)> {
    let calls = calls.iter().filter(|call| call.name == name);
    calls
        .map(|call| (call.returned, call.bytes.as_deref()))
        .collect()
}

fn others(calls: &[Call]) -> Vec<Call> {
    let calls = calls.iter().filter(|call| !call.moves());
    calls.cloned().collect()
}

#[test]
fn faults_change_what_they_say_and_nothing_else() {
    let trace = traces();
    let whole = trace("whole");
    assert!(whole.iter().all(|call| call.tampered.is_none()));
    let end = (0, None);
    assert_eq!(moved(&whole, "recvfrom"), [(8, Some("abcdefgh")), end]);
    assert_eq!(moved(&whole, "sendto"), [(8, Some("abcdefgh"))]);

    // Three bytes, and the next read gets the rest; nothing is lost and nothing comes twice.
    let short = trace("short");
    assert_eq!(
        moved(&short, "recvfrom"),
        [(3, Some("abc")), (3, Some("def")), (2, Some("gh")), end]
    );
    for call in short.iter().filter(|call| call.name == "recvfrom") {
        assert_eq!(call.tampered.as_deref(), Some("at most 3 bytes"));
    }
    let once = trace("short-once");
    assert_eq!(
        moved(&once, "recvfrom"),
        [(3, Some("abc")), (5, Some("defgh")), end]
    );
    // The program asked for as much as ever: what the kernel was told is not what it sees.
    let asked: Vec<&str> = once
        .iter()
        .filter(|call| call.name == "recvfrom")
        .map(|call| call.args[1].as_str())
        .collect();
    assert_eq!(asked, ["100", "97", "92"]);

    // EINTR at the second time and at no other, and what was there is still there.
    let interrupted = trace("interrupted");
    assert_eq!(
        moved(&interrupted, "recvfrom"),
        [(8, Some("abcdefgh")), (-1, None), end]
    );
    let errors: Vec<(usize, &str)> = interrupted
        .iter()
        .enumerate()
        .filter_map(|(n, call)| Some((n, call.errno.as_deref()?)))
        .collect();
    let second = interrupted
        .iter()
        .enumerate()
        .filter(|(_, call)| call.name == "recvfrom")
        .nth(1)
        .map(|(n, _)| n)
        .unwrap();
    assert_eq!(errors, [(second, "EINTR")]);
    assert_eq!(interrupted[second].tampered.as_deref(), Some("EINTR"));

    let echo = trace("short-echo");
    assert_eq!(
        moved(&echo, "sendto"),
        [(5, Some("abcde")), (3, Some("fgh"))]
    );
    assert_eq!(moved(&echo, "recvfrom"), moved(&whole, "recvfrom"));

    // Every other call is the same, to the last argument and result.
    for (case, calls) in [
        ("short", &short),
        ("short-once", &once),
        ("interrupted", &interrupted),
        ("short-echo", &echo),
    ] {
        assert_eq!(others(calls), others(&whole), "{case}");
        let elsewhere = calls.iter().filter(|call| !call.moves());
        assert!(elsewhere.into_iter().all(|call| call.tampered.is_none()));
    }
    // And so are those of the kind that come without a fault.
    let untouched = |calls: &[Call], name: &str| -> Vec<Call> {
        let calls = calls.iter().filter(|call| call.name == name);
        calls.cloned().collect()
    };
    assert_eq!(untouched(&short, "sendto"), untouched(&whole, "sendto"));
    assert_eq!(
        untouched(&interrupted, "sendto"),
        untouched(&whole, "sendto")
    );
}
