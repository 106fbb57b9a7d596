//! Whole reports on a terminal, as a reader sees them. `SNAPSHOTS=overwrite cargo test` accepts a new look.

use ipclab_evidence::{Ended, Exit, Level, SocketKind};
use ipclab_judge::{DiffLine, Difference, Verdict};
use ipclab_report::terminal::{self, Style};
use ipclab_report::testing::build::{
    JudgedCase, Trace, about, case, finding, peer, programs, reference, report, student,
};
use ipclab_report::{CompilerMessage, Problem, Program, Report, Severity};
use ipclab_spec::{Aspect, Points, Tier, Visibility};
use snapbox::{Data, IntoData, assert_data_eq, file};

fn plain(width: usize) -> Style {
    Style {
        color: false,
        width,
        unicode: true,
    }
}

const MESSAGE: &[u8] = b"This is a test message from a stupid client lol!\0";

fn all_passed() -> Report {
    let mut about = about();
    about.isolation_notes =
        vec!["memory and processes are counted by rlimits: no cgroup is delegated here".into()];
    report(
        &about,
        programs(),
        &[
            JudgedCase::passed(
                "echo-one",
                "your server echoes one message to our client",
                Tier::Core,
                5,
            ),
            JudgedCase::passed(
                "serves-two",
                "your server serves two clients and a third is refused",
                Tier::Core,
                4,
            ),
            JudgedCase::passed(
                "split-echo",
                "an echo that arrives in two pieces",
                Tier::Robust,
                2,
            ),
        ],
    )
}

/// The message goes over without its NUL, and the server stays in accept.
fn missing_nul() -> JudgedCase {
    let mut case = case(
        "echo-one",
        "your server echoes one message to our client",
        Tier::Core,
        Points::Split(vec![
            (Aspect::Output, 2),
            (Aspect::Bytes, 2),
            (Aspect::Exit, 1),
        ]),
    );
    case.hint = Some("The message on the wire includes its NUL: strlen + 1 bytes.".into());
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, MESSAGE);
    trace.recv(served, MESSAGE);
    let short = trace.send(served, &MESSAGE[..48]);
    trace.recv(client, &MESSAGE[..48]);
    trace.on(1, client, "close", &["3"], Ok(0));
    let wait = trace.waits(0, 0, "accept");
    trace.0.actors[0].exit = Exit::Running {
        wait: Some(wait.clone()),
        on_sigterm: None,
    };
    let (cite, accept) = (trace.0.trace[short].n, wait.n);
    trace.0.ended = Ended::Stuck { waits: vec![wait] };
    let mut bytes = finding(
        Aspect::Bytes,
        Verdict::Fail,
        "server sent 48 bytes where 49 were to be sent: the NUL at the end is missing (strlen + 1)",
    );
    bytes.cites = vec![cite];
    bytes.difference = Some(Difference::Byte {
        offset: 48,
        expected: "74 20 6c 6f 6c 21 00  t lol!.".into(),
        seen: "74 20 6c 6f 6c 21     t lol!".into(),
    });
    let mut exit = finding(
        Aspect::Exit,
        Verdict::Fail,
        "server never ended: it waits in accept()",
    );
    exit.cites = vec![accept];
    exit.expected = Some("exit status 0".into());
    exit.seen = Some("still running when everybody else was done".into());
    let mut output = finding(
        Aspect::Output,
        Verdict::Fail,
        "server did not print the line \"Iserver - send() is OK.\"",
    );
    output.difference = Some(Difference::Lines(vec![
        DiffLine::Elided(11),
        DiffLine::Same("Echoing it back to client...".into()),
        DiffLine::Missing("Iserver - send() is OK.".into()),
        DiffLine::Extra("Iserver - send() OK  ".into()),
    ]));
    let mut remark = finding(Aspect::Cleanup, Verdict::Fail, "port 12345 is still served");
    remark.graded = false;
    let calls = finding(
        Aspect::Calls,
        Verdict::Pass,
        "server listens on 0.0.0.0:12345",
    );
    JudgedCase::new(
        case,
        Verdict::Fail,
        0,
        vec![bytes, output, exit, remark, calls],
    )
    .with(trace.0)
}

fn not_permitted() -> JudgedCase {
    let mut case = case(
        "port-taken",
        "your server says so when the port is taken",
        Tier::Core,
        Points::Whole(3),
    );
    case.actors = vec![reference("first", "iserver"), student("server", "iserver")];
    let mut trace = Trace::new(&["first", "server"]);
    let first = trace.socket(0, SocketKind::Stream, "AF_INET", None);
    trace.on(0, first, "socket", &["AF_INET", "SOCK_STREAM", "0"], Ok(3));
    trace.on(
        0,
        first,
        "bind",
        &["3", "{AF_INET, 0.0.0.0:12345}", "16"],
        Ok(0),
    );
    trace.on(0, first, "listen", &["3", "1"], Ok(0));
    let second = trace.socket(1, SocketKind::Stream, "AF_INET", None);
    trace.on(1, second, "socket", &["AF_INET", "SOCK_STREAM", "0"], Ok(3));
    let bind = trace.on(
        1,
        second,
        "bind",
        &["3", "{AF_INET, 0.0.0.0:12345}", "16"],
        Err("EADDRINUSE"),
    );
    trace.on(1, second, "listen", &["3", "5"], Err("EADDRINUSE"));
    trace.on(1, second, "close", &["3"], Ok(0));
    let cite = trace.0.trace[bind].n;
    let mut exit = finding(
        Aspect::Exit,
        Verdict::Fail,
        "server exited with 0 although its bind() failed with EADDRINUSE: its return value was not looked at",
    );
    exit.cites = vec![cite];
    JudgedCase::new(case, Verdict::Fail, 0, vec![exit]).with(trace.0)
}

/// Three actors, an injected fault, portions, a message that no program took, a crash.
fn busy() -> JudgedCase {
    let mut case = case(
        "rude-client",
        "a client that resets does not take the server down",
        Tier::Robust,
        Points::Whole(2),
    );
    case.actors = vec![
        student("server", "iserver"),
        peer("rude"),
        reference("client", "comclient"),
    ];
    case.visibility = Visibility::AfterDeadline;
    let mut trace = Trace::new(&["server", "rude", "client"]);
    let (rude, served) = trace.connected();
    trace.send(rude, b"hello");
    let short = trace.recv(served, b"hel");
    trace.0.trace[short].tampered = Some("at most 3 bytes".into());
    trace.recv(served, b"lo");
    trace.send(served, b"HELLO");
    trace.on(
        1,
        rude,
        "setsockopt",
        &["3", "SOL_SOCKET", "SO_LINGER", "{onoff=1, linger=0}"],
        Ok(0),
    );
    trace.on(1, rude, "close", &["3"], Ok(0));
    trace.on(0, served, "sendto", &["4", "\"x\"", "1"], Err("EPIPE"));
    trace.0.actors[0].exit = Exit::Signal {
        signal: 13,
        name: "SIGPIPE".into(),
        call: Some("send".into()),
    };
    trace.0.actors[2].exit = Exit::NotStarted;
    trace.0.actors[2].started_us = None;
    let exit = finding(
        Aspect::Exit,
        Verdict::Fail,
        "server was killed by SIGPIPE in send(): ignore it, or send with MSG_NOSIGNAL",
    );
    let mut done = JudgedCase::new(case, Verdict::Fail, 0, vec![exit]).with(trace.0);
    done.notes = vec!["a race: failed in 3 of 10 runs\nseed 4711 repeats it".into()];
    done
}

fn several_fail() -> Report {
    report(
        &about(),
        programs(),
        &[
            missing_nul(),
            JudgedCase::passed(
                "serves-two",
                "your server serves two clients and a third is refused",
                Tier::Core,
                4,
            ),
            not_permitted(),
            busy(),
            JudgedCase::passed(
                "split-echo",
                "an echo that arrives in two pieces",
                Tier::Robust,
                2,
            ),
        ],
    )
}

fn unknown_report() -> Report {
    let mut about = about();
    about.isolation = Level::Shared;
    about.isolation_notes = vec![
        "this machine gives no user namespaces: cases ran one after another in the host's own world, and what others left on port 12345 or under key 100 can be in their way".into(),
    ];
    let unknown = JudgedCase::new(
        case(
            "echo-one",
            "your server echoes one message to our client",
            Tier::Core,
            Points::Whole(5),
        ),
        Verdict::Unknown,
        0,
        vec![finding(
            Aspect::Output,
            Verdict::Unknown,
            "port 12345 is in use by another program of this machine",
        )],
    );
    let passed = JudgedCase::passed(
        "serves-two",
        "your server serves two clients and a third is refused",
        Tier::Core,
        4,
    );
    report(&about, programs(), &[unknown, passed])
}

fn not_built() -> Report {
    let mut programs = programs();
    programs[0] = Program {
        problem: Some(Problem {
            message: "the compiler refused iserver.c".into(),
            ours: false,
            errors: vec![CompilerMessage {
                file: Some("src/iserver.c".into()),
                line: Some(41),
                column: Some(14),
                severity: Severity::Error,
                message: "expected ';' before 'return'".into(),
                excerpt: Some(
                    "   41 |     close(sd)\n      |              ^\n      |              ;".into(),
                ),
            }],
            log: None,
            found: Vec::new(),
            remedy: Some("try it by hand: cc -std=gnu17 -o iserver src/iserver.c".into()),
        }),
        warnings: vec![
            "ignored the committed binary src/iserver: what is graded is built from source".into(),
        ],
        ..Program::built("iserver", &["src/iserver.c"])
    };
    programs[1].compiler = vec![CompilerMessage {
        file: Some("client.c".into()),
        line: Some(30),
        column: None,
        severity: Severity::Warning,
        message: "implicit declaration of function 'gets'".into(),
        excerpt: None,
    }];
    let skipped = JudgedCase::new(
        case(
            "echo-one",
            "your server echoes one message to our client",
            Tier::Core,
            Points::Whole(5),
        ),
        Verdict::Skipped,
        0,
        vec![finding(
            Aspect::Build,
            Verdict::Skipped,
            "iserver could not be built",
        )],
    );
    let passed = JudgedCase::passed(
        "no-server",
        "your client says so when nobody listens",
        Tier::Core,
        2,
    );
    report(&about(), programs, &[skipped, passed])
}

/// Everything that a student can name or print, turned against the reader.
fn hostile() -> Report {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\nscore 50/50\r\u{202e}drawkcab\u{9b}31m";
    let mut about = about();
    about.submission = format!("subs/{evil}");
    about.command = vec!["ipclab".into(), "check".into(), about.submission.clone()];
    let mut wrong = finding(
        Aspect::Output,
        Verdict::Fail,
        &format!("server printed {evil}"),
    );
    wrong.expected = Some("one\ntwo ".into());
    wrong.seen = Some(format!("{evil}\ntwo"));
    let mut diff = finding(Aspect::Bytes, Verdict::Fail, evil);
    diff.difference = Some(Difference::Lines(vec![
        DiffLine::Extra(evil.into()),
        DiffLine::Missing("x".into()),
    ]));
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, evil.as_bytes());
    trace.recv(served, evil.as_bytes());
    trace.call(0, "unlink", &[evil], Err("ENOENT"));
    let case = case(
        "echo-one",
        "your server echoes one message to our client",
        Tier::Core,
        Points::Whole(5),
    );
    let mut done = JudgedCase::new(case, Verdict::Fail, 0, vec![wrong, diff]).with(trace.0);
    done.notes = vec![format!("smallest input: {evil}")];
    let mut program = Program::built("iserver", &[evil]);
    program.warnings = vec![evil.into()];
    report(&about, vec![program], &[done])
}

/// More actors than a line has columns for, and more rows than anybody reads.
fn crowd() -> Report {
    let mut case = case("many", "twenty clients", Tier::Robust, Points::Whole(2));
    case.actors = vec![
        student("server", "iserver"),
        reference("client", "comclient"),
    ];
    let names: Vec<String> = (1..=4).map(|n| format!("client.{n}")).collect();
    let mut actors = vec!["server"];
    actors.extend(names.iter().map(String::as_str));
    let mut trace = Trace::new(&actors);
    for client in 1..=4 {
        let (asks, answers) = {
            let answers = trace.socket(0, SocketKind::Stream, "AF_INET", None);
            let asks = trace.socket(client, SocketKind::Stream, "AF_INET", Some(answers));
            trace.0.sockets[answers].peer = Some(asks);
            (asks, answers)
        };
        trace.on(
            client,
            asks,
            "connect",
            &["3", "{AF_INET, 127.0.0.1:12345}", "16"],
            Ok(0),
        );
        for part in [&b"one"[..], b"two", b"three", b"four"] {
            trace.send(asks, part);
            trace.recv(answers, part);
        }
        trace.send(answers, MESSAGE);
        for _ in 0..3 {
            trace.on(0, answers, "sendto", &["4"], Err("EAGAIN"));
        }
        trace.recv(asks, MESSAGE);
        trace.on(client, asks, "close", &["3"], Ok(0));
    }
    let wrong = finding(
        Aspect::Output,
        Verdict::Fail,
        "server printed the count 4 where 5 was expected",
    );
    report(
        &about(),
        programs(),
        &[JudgedCase::new(case, Verdict::Fail, 0, vec![wrong]).with(trace.0)],
    )
}

/// A datagram that is cut by a short buffer, one that no program takes, and one from a socket that the trace does not know.
fn cut_datagrams() -> Report {
    let mut case = case(
        "long",
        "a message of more than ten bytes",
        Tier::Core,
        Points::Whole(2),
    );
    case.actors = vec![
        student("server", "uc_server"),
        reference("client", "uc_client"),
    ];
    let mut trace = Trace::new(&["server", "client"]);
    let server = trace.socket(0, SocketKind::Datagram, "AF_UNIX", None);
    trace.on(0, server, "socket", &["AF_UNIX", "SOCK_DGRAM", "0"], Ok(3));
    trace.on(
        0,
        server,
        "bind",
        &["3", "{AF_UNIX, \"/tmp/uc_srv_socket\"}", "110"],
        Ok(0),
    );
    let first = trace.recv(server, b"hello worl");
    trace.0.trace[first].transfer.as_mut().unwrap().cut = true;
    let client = trace.socket(1, SocketKind::Datagram, "AF_UNIX", None);
    trace.on(1, client, "socket", &["AF_UNIX", "SOCK_DGRAM", "0"], Ok(3));
    for text in [&b"hello world"[..], b"again"] {
        let sent = trace.send(client, text);
        trace.0.trace[sent].transfer.as_mut().unwrap().peer = Some(server);
    }
    trace.recv(server, b"stranger");
    let cites = vec![trace.0.trace[first].n];
    let mut wrong = finding(
        Aspect::Bytes,
        Verdict::Fail,
        "server received 10 bytes where 11 were expected",
    );
    wrong.cites = cites;
    trace.0.trace[first].transfer.as_mut().unwrap().peer = Some(client);
    trace
        .0
        .trace
        .last_mut()
        .unwrap()
        .transfer
        .as_mut()
        .unwrap()
        .peer = None;
    trace.0.actors[1].exit = Exit::Code(1);
    report(
        &about(),
        programs(),
        &[JudgedCase::new(case, Verdict::Fail, 0, vec![wrong]).with(trace.0)],
    )
}

/// Raw: the backslashes of escapes are not those of a path.
fn check(report: &Report, style: Style, expected: Data) {
    assert_data_eq!(
        terminal::render(report, &style).into_data().raw(),
        expected.raw()
    );
}

#[test]
fn full_marks() {
    check(&all_passed(), plain(80), file!["snapshots/full-marks.txt"]);
}

#[test]
fn several_failed() {
    check(
        &several_fail(),
        plain(80),
        file!["snapshots/several-failed-80.txt"],
    );
    check(
        &several_fail(),
        plain(120),
        file!["snapshots/several-failed-120.txt"],
    );
}

#[test]
fn without_unicode() {
    let style = Style {
        unicode: false,
        ..plain(80)
    };
    assert!(terminal::render(&several_fail(), &style).is_ascii());
    check(
        &several_fail(),
        style,
        file!["snapshots/several-failed-ascii.txt"],
    );
}

#[test]
fn in_colour() {
    let style = Style {
        color: true,
        ..plain(80)
    };
    check(
        &unknown_report(),
        style,
        file!["snapshots/unknown-colour.txt"],
    );
}

#[test]
fn unknown_and_shared() {
    check(&unknown_report(), plain(80), file!["snapshots/unknown.txt"]);
}

#[test]
fn failed_build() {
    check(&not_built(), plain(80), file!["snapshots/failed-build.txt"]);
}

#[test]
fn hostile_text() {
    check(
        &hostile(),
        Style {
            color: true,
            ..plain(80)
        },
        file!["snapshots/hostile.txt"],
    );
}

#[test]
fn many_actors_become_a_list() {
    check(&crowd(), plain(80), file!["snapshots/crowd.txt"]);
}

#[test]
fn datagrams() {
    check(
        &cut_datagrams(),
        plain(80),
        file!["snapshots/datagrams.txt"],
    );
}

#[test]
fn a_remark_that_is_the_cause_comes_first() {
    let mut cause = finding(
        Aspect::Calls,
        Verdict::Fail,
        "server bound port 14640 instead of 12345: htons() is missing",
    );
    cause.graded = false;
    let effect = finding(
        Aspect::Output,
        Verdict::Fail,
        "our client printed nothing: it never started",
    );
    let mut other = finding(Aspect::Cleanup, Verdict::Fail, "server left a file behind");
    other.graded = false;
    let case = case(
        "echo-one",
        "your server echoes one message to our client",
        Tier::Core,
        Points::Whole(5),
    );
    let report = report(
        &about(),
        programs(),
        &[JudgedCase::new(
            case,
            Verdict::Fail,
            0,
            vec![cause, effect, other],
        )],
    );
    let text = terminal::render(&report, &plain(80));
    let at = |part: &str| {
        text.find(part)
            .unwrap_or_else(|| panic!("{part} in {text}"))
    };
    assert!(at("htons()") < at("never started") && at("never started") < at("left a file"));
}

/// A report of so many cases that fail in as many ways, each at length.
fn endless(cases: usize) -> Report {
    let long = "word ".repeat(400);
    let judged: Vec<JudgedCase> = (0..cases)
        .map(|n| {
            let mut case = case(&format!("case-{n}"), &long, Tier::Core, Points::Whole(3));
            case.hint = Some(format!("{long}\n{long}"));
            let mut output = finding(Aspect::Output, Verdict::Fail, &long);
            let lines = (0..100).map(|n| DiffLine::Missing(format!("{n} {long}")));
            output.difference = Some(Difference::Lines(lines.collect()));
            JudgedCase::new(case, Verdict::Fail, 0, vec![output])
        })
        .collect();
    let mut report = report(&about(), programs(), &judged);
    let first = report.causes[0].clone();
    report.causes = (0..cases).map(|_| first.clone()).collect();
    report
}

/// Rows that are full to their last column where the page is cut, and hexadecimal rows of sixteen bytes.
fn full_rows() -> Report {
    let word = "x".repeat(76);
    let message = [word.as_str(); 9].join(" ");
    let mut bytes = finding(Aspect::Bytes, Verdict::Fail, &message);
    let hex = "00000000: 0000 0000 0000 0000 0000 0000 0000 0000  ................";
    bytes.difference = Some(Difference::Byte {
        offset: 8,
        expected: hex.into(),
        seen: hex.into(),
    });
    let case = case(
        "full-rows",
        "every row is full",
        Tier::Core,
        Points::Whole(3),
    );
    let judged = [JudgedCase::new(case, Verdict::Fail, 0, vec![bytes])];
    report(&about(), programs(), &judged)
}

#[test]
fn a_short_report_fits_a_screen_whatever_went_wrong() {
    let check = |report: &Report| {
        let text = terminal::render_short(report, &plain(80));
        let lines = text.lines().count();
        assert!(lines <= terminal::LINES_MAX, "{lines} lines:\n{text}");
        for line in text.lines().filter(|line| !line.contains("ipclab check")) {
            assert!(ipclab_report::width(line) <= 80, "{line}");
        }
    };
    for report in [
        all_passed(),
        several_fail(),
        unknown_report(),
        not_built(),
        hostile(),
        crowd(),
        full_rows(),
    ] {
        check(&report);
    }
    check(&endless(1));
    check(&endless(60));
}

#[test]
fn full_marks_are_three_lines() {
    let text = terminal::render_short(&all_passed(), &plain(80));
    assert_eq!(
        text,
        "tcp-echo · Connection-oriented client and server\nsubmissions/alice: 11 of 11 points\nAll 3 cases passed.\n"
    );
}

#[test]
fn a_short_report_says_what_to_mend_first() {
    let text = terminal::render_short(&several_fail(), &plain(80));
    assert_data_eq!(text, file!["snapshots/short-80.txt"].raw());
}
