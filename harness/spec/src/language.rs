//! The language in tables: every key, the steps of peers, placeholders, patterns and faults. What the tables say is what is read:
//! keys come from the schema, and every example is read by a test.

use std::fmt::Write as _;

use serde_json::Value;

use crate::examples::example;
use crate::schema::schema;

/// The widest line.
const WIDTH: usize = 130;

/// A table's title and its rows: an example and what it means.
type Rows = (&'static str, &'static [(&'static str, &'static str)]);

/// Where the tables of the schema stand in a spec, in the order in which an author meets them.
const PLACES: [(&str, &str); 31] = [
    ("", "at the top of the file"),
    ("Program", "[program.NAME]"),
    ("Reference", "[program.NAME] reference = { ... }"),
    ("Case", "[[case]]"),
    ("Actor", "[case.actor.NAME]"),
    (
        "Output",
        "[case.actor.NAME] stdout = { ... }, stderr = { ... }",
    ),
    ("Wire", "[case.wire] \"FROM -> TO\" = { ... }"),
    ("Leaves", "[case.leaves]"),
    ("Shm", "[case.shm.KEY]"),
    ("Sem", "[case.sem.KEY]"),
    ("Msg", "[case.msg.KEY]"),
    ("PosixSem", "[case.posix_sem.\"/NAME\"]"),
    ("PosixMq", "[case.posix_mq.\"/NAME\"]"),
    ("File", "[case.files.\"PATH\"]"),
    ("Processes", "[case.processes]"),
    ("Descriptors", "[case.descriptors]"),
    ("Mappings", "[case.mappings]"),
    ("Signals", "[case.signals]"),
    ("Range", "a range: { at_least = 1, at_most = 3 }"),
    ("Given", "[case.given]"),
    ("GivenFile", "[case.given] files.\"PATH\" = { ... }"),
    ("GivenShm", "[case.given] shm.KEY = { ... }"),
    ("GivenSem", "[case.given] sem.KEY = { ... }"),
    ("GivenMsg", "[case.given] msg.KEY = { ... }"),
    ("Message", "[case.given] msg.KEY = { messages = [{ ... }] }"),
    (
        "GivenPosixSem",
        "[case.given] posix_sem.\"/NAME\" = { ... }",
    ),
    ("GivenPosixMq", "[case.given] posix_mq.\"/NAME\" = { ... }"),
    (
        "UrgentMessage",
        "[case.given] posix_mq.\"/NAME\" = { messages = [{ ... }] }",
    ),
    ("Vary", "[case] vary.NAME = { ... }"),
    ("Limits", "[case] limits = { ... }"),
    ("Interleave", "[case] interleave = { ... }"),
];

/// Steps of scripted peers.
const STEPS: [Rows; 4] = [
    (
        "sockets (a step means the one that was opened last and not closed)",
        &[
            (
                "connect tcp:12345",
                "open a socket and connect it; also tcp:[::1]:12345, unix:/tmp/s, unix-seqpacket:/tmp/s",
            ),
            (
                "connect {{server.listens}}",
                "to where an actor serves; also unix-stream:{{server.listens.path}}",
            ),
            (
                "open udp",
                "a socket that is bound to nothing; also unix-dgram",
            ),
            ("bind udp:7001", "to an address"),
            ("listen tcp:12345", "take connections"),
            ("accept", "the next one"),
            (
                "send 'hal'",
                "this text, without a NUL; in \"...\" there are \\n \\r \\t \\0 \\\\ \\\" \\xHH",
            ),
            ("send hex 00ff", "these bytes"),
            (
                "send 100 bytes in pieces of 7",
                "letters, a call for each piece, each when the piece before was taken",
            ),
            (
                "send 'slow' byte by byte",
                "the same with pieces of one byte",
            ),
            (
                "send 'hal' to udp:7000",
                "a datagram; also to {{server.listens}}",
            ),
            ("send '!' oob", "with TCP's urgent byte"),
            ("recv 'hal'", "exactly this must come; also hex 00ff"),
            ("recv 49 bytes", "so many, whatever they are"),
            ("recv until EOF", "everything until the other side closes"),
            ("recv EOF", "the end of file, and nothing before it"),
            ("recv any", "one call, whatever it brings"),
            ("shutdown write", "also read, both"),
            ("flood 1000000 bytes", "send without ever reading"),
            ("fill 64000000 bytes", "the same, until no more fits"),
            ("200 times connect tcp:12345", "a crowd"),
            (
                "each send 'hal'",
                "with each open socket: send, recv, shutdown, reset, close",
            ),
            ("reset", "close with a RST"),
            ("close", "the one that was opened last"),
        ],
    ),
    (
        "FIFOs and message queues",
        &[
            ("fifo make /tmp/req 0600", "mkfifo"),
            (
                "fifo open /tmp/req write",
                "or read; waits until the other end is opened",
            ),
            (
                "fifo send 'hal'",
                "into the one that was opened last to write; data as in send",
            ),
            (
                "fifo recv 'hal'",
                "from the one that was opened last to read; as recv",
            ),
            ("fifo close", "the one that was opened last"),
            ("fifo remove /tmp/req", "unlink"),
            (
                "msg create 200 0600",
                "a System V queue that is not there yet",
            ),
            (
                "msg send 200 type 3 'hal'",
                "a message; left out, the type is 1",
            ),
            (
                "msg recv 200 type 3 'hal'",
                "of this type, or of any when left out; 'text', hex 00ff, 5 bytes, any",
            ),
            (
                "msg recv id {{server.told.msqid}} any",
                "a queue by its identifier",
            ),
            ("msg remove 200", "the queue"),
        ],
    ),
    (
        "System V segments",
        &[
            ("shm create 100 1024 0644", "key, bytes, permission bits"),
            (
                "shm attach 100",
                "and hold it until shm detach or the end; also id {{server.told.shmid}}",
            ),
            ("shm write 'text'", "at its start"),
            ("shm read 'text'", "what must stand there"),
            ("shm detach", "the one that was attached last"),
            ("shm remove 100", "the segment"),
        ],
    ),
    (
        "others",
        &[
            (
                "until server waits",
                "also exits, listens, or a time of the case's clock: until 5s",
            ),
            ("signal server SIGTERM", "to an actor's first process"),
            ("abandon", "end at once with everything open"),
        ],
    ),
];

/// Placeholders, and where they may stand.
const PLACEHOLDERS: [Rows; 3] = [
    (
        "before the case runs: in arguments, input, given files, and everywhere below",
        &[("{{n}}", "a variable of vary")],
    ),
    (
        "when an actor starts: in its arguments and input, in identifiers and places of steps, and below",
        &[
            (
                "{{server.told.shmid}}",
                "what the kernel told an actor last: shmid, semid, msqid, mtype, fork, wait, WEXITSTATUS, SO_RCVBUF ...",
            ),
            ("{{server.told.fork.2}}", "the second time"),
            (
                "{{server.listens.port}}",
                "where an actor serves: .port and .ip, or .path",
            ),
            (
                "{{shm.100.shmid}}",
                "the identifier of a segment that was given; in arguments and input only",
            ),
        ],
    ),
    (
        "after the case: in what must be printed, must cross and must be held",
        &[
            (
                "{{server.sent}}",
                "bytes that an actor sent; {{server.sent.2}}: in its second transfer",
            ),
            ("{{server.received}}", "likewise"),
            ("{{server.pid}}", "the number of its first process"),
            ("{{any}}", "any text of a line, in what must be printed"),
            ("{{int}}", "any whole number, likewise"),
            (
                "{{fault.call}}",
                "the call that was made to fail; {{fault.message}}: what strerror says",
            ),
            ("{{'{{'}}", "two braces"),
        ],
    ),
];

/// Patterns of calls, and faults.
const PATTERNS: [Rows; 2] = [
    (
        "patterns of calls: [case.calls] ACTOR = [...]",
        &[
            (
                "fork()",
                "such a call was made; without arguments, with whatever arguments",
            ),
            (
                "shmdt(...) = 0",
                "... stands for the arguments that are left; = for the result, also >=, >, <, <=",
            ),
            (
                "shmget(100, 1024, IPC_CREAT|0644) >= 0",
                "numbers as in C, flags in any order",
            ),
            (
                "recv(_, _, _, MSG_PEEK|...)",
                "_ is any argument; others may be set beside this flag",
            ),
            (
                "open(\"/tmp/x\", ...) = ENOENT",
                "a text; a result that is an error",
            ),
            ("no accept()", "no such call was made"),
            (
                "every socket() has close()",
                "each that succeeded was followed by the other one on the same object",
            ),
            ("dup2(_, 1) or dup3(_, 1, _)", "one of several"),
        ],
    ),
    (
        "faults: fault = [...]",
        &[
            ("client recv: at most 5 bytes", "short transfers"),
            ("server accept #1: EINTR", "the first such call fails"),
            (
                "server accept from #2: EMFILE",
                "the second one and all after it fail",
            ),
            (
                "server write on pipe: EPIPE",
                "on one kind of descriptor: file, pipe, terminal, socket",
            ),
            (
                "client read on /tmp/a: EIO",
                "on one file, by its path: an interpreter's own files are left alone",
            ),
            (
                "client write or sendfile on file: ENOSPC",
                "of whichever of these calls",
            ),
            ("server send: SIGINT", "a signal arrives in the call"),
            (
                "server store #2: SIGKILL",
                "before the second write to shared memory, where processes take turns (`interleave`)",
            ),
            (
                "server child_store #2: SIGKILL",
                "before the second one by a process that the actor's first one made; so `store` is meant in format 1",
            ),
        ],
    ),
];

/// Every key of a spec: where it stands, what it means, and an example.
#[must_use]
pub fn keys_table() -> String {
    let schema: Value = serde_json::from_str(&schema()).unwrap_or_default();
    let mut out = String::new();
    for (name, place) in PLACES {
        let table = match name {
            "" => &schema,
            name => &schema["$defs"][name],
        };
        let Some(keys) = table["properties"].as_object() else {
            continue;
        };
        let rows = keys.iter().map(|(key, about)| {
            let text = about["description"].as_str().unwrap_or_default();
            let text = text.replace('\n', " ");
            (
                key.as_str(),
                format!("{text} Example: {}", example(name, key)),
            )
        });
        write_rows(&mut out, place, rows.collect());
    }
    out
}

/// The steps of scripted peers, by example.
#[must_use]
pub fn steps_table() -> String {
    written(&STEPS)
}

/// The placeholders, by example.
#[must_use]
pub fn placeholders_table() -> String {
    written(&PLACEHOLDERS)
}

/// Patterns of calls and faults, by example.
#[must_use]
pub fn patterns_table() -> String {
    written(&PATTERNS)
}

fn written(tables: &[Rows]) -> String {
    let mut out = String::new();
    for (title, rows) in tables {
        let rows = rows
            .iter()
            .map(|(example, text)| (*example, (*text).to_owned()));
        write_rows(&mut out, title, rows.collect());
    }
    out
}

/// Rows below their title, their texts in lines of a width.
fn write_rows(out: &mut String, title: &str, rows: Vec<(&str, String)>) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{title}");
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, text) in rows {
        let mut line = format!("  {name:width$} ");
        for word in text.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(out, "{}", line.trim_end());
                line = " ".repeat(width + 3);
            }
            let _ = write!(line, " {word}");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spec in which each example can stand.
    fn spec(body: &str) -> String {
        format!(
            "format = 2\nlab = \"t\"\ntitle = \"t\"\n[program.server]\nsource = [\"server.c\"]\nreference = \"iserver\"\n\
             [[case]]\nid = \"t\"\ntitle = \"t\"\ntier = \"core\"\npoints = 1\norder = \"any\"\n{body}"
        )
    }

    fn reads(body: &str) {
        if let Err(said) = crate::parse("t.toml", &spec(body)) {
            panic!("{body}\n{said}");
        }
    }

    const SERVER: &str = "[case.actor.server]\nstudent = \"server\"\nlistens = \"tcp:any\"\n";

    #[test]
    fn every_table_of_the_schema_has_its_place() {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        for name in schema["$defs"].as_object().unwrap().keys() {
            let known = PLACES.iter().any(|(place, _)| place == name);
            assert!(known, "{name}");
        }
        let table = keys_table();
        for key in ["student", "stdout_is", "at_least", "mtype", "sanitize"] {
            assert!(table.contains(&format!("\n  {key} ")), "{key}");
        }
    }

    #[test]
    fn every_step_of_the_table_is_read() {
        for (example, _) in STEPS.iter().flat_map(|(_, rows)| *rows) {
            let step = example.replace("{{server.listens}}", "{{local.listens}}");
            let local = "[case.actor.local]\nstudent = \"server\"\nlistens = \"unix:any\"\n";
            reads(&format!(
                "{SERVER}{local}[case.actor.peer]\npeer = ['''{step}''']\n"
            ));
        }
        for verb in crate::resolve::PEER_STEPS {
            let is_there = STEPS
                .iter()
                .flat_map(|(_, rows)| *rows)
                .any(|(example, _)| example.split(' ').next() == Some(*verb));
            assert!(is_there, "{verb}");
        }
    }

    #[test]
    fn every_placeholder_of_the_table_is_read() {
        for (at, (_, rows)) in PLACEHOLDERS.iter().enumerate() {
            for (example, _) in *rows {
                let vary = "vary.n = { int = \"1..2\" }\nruns = 2\nfail_each = [\"socket\"]\n";
                let used = "[case.actor.used]\nreference = \"server {{n}}\"\n";
                reads(&match at {
                    0 | 1 => format!(
                        "{vary}{SERVER}{used}[case.actor.next]\nreference = \"server {example}\"\n"
                    ),
                    _ => format!("{vary}{SERVER}stdout.lines = [\"{example}\"]\n{used}"),
                });
            }
        }
    }

    #[test]
    fn every_pattern_and_fault_of_the_table_is_read() {
        let [(_, patterns), (_, faults)] = PATTERNS;
        for (example, _) in patterns {
            reads(&format!("{SERVER}[case.calls]\nserver = ['{example}']\n"));
        }
        for (example, _) in faults {
            reads(&format!(
                "interleave = \"all\"\nfault = [\"{example}\"]\n{SERVER}[case.actor.client]\nstudent = \"server\"\n"
            ));
        }
    }
}
