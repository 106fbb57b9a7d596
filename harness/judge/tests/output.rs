//! What the judge says about what programs print.

use crate::common::{EvidenceBuilder, case, check, complaints};
use ipclab_evidence::{Direction, Exit, LimitHit, LimitKind, Object};

fn client(expectation: &str) -> ipclab_spec::Case {
    case(&format!(
        "[case.actor.client]\nstudent = \"client\"\n{expectation}\n"
    ))
}

fn printed(text: &str) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["client"]);
    builder.out(0, text);
    builder
}

/// `expectation` is met by `right`; `wrong` in its place gives exactly this message.
#[track_caller]
fn check_text(expectation: &str, right: &str, wrong: &str, message: &str) {
    check(
        &client(expectation),
        &printed(right),
        |builder| *builder = printed(wrong),
        &[&format!("output: {message}")],
    );
}

#[test]
fn lines_stand_in_their_order_with_others_between() {
    let lines = r#"stdout.lines = ["one", " two", "three"]"#;
    let right = "hello\none\nand\r\ntwo  \nthree\nbye";
    check_text(
        lines,
        right,
        "one\nthree\n",
        "client did not print `two` on stdout",
    );
    check_text(
        lines,
        right,
        "two\none\nthree\n",
        "client printed `two` only on line 1, before what should stand before it",
    );
    check_text(
        lines,
        right,
        "one\nTwo\nthree\n",
        "client printed `Two` instead of `two`: capital letters differ",
    );
    check_text(
        lines,
        right,
        "one\ntwoo\nthree\n",
        "client printed `twoo` instead of `two`",
    );
    check_text(lines, right, "", "client printed nothing on stdout");
}

#[test]
fn a_line_expected_twice_is_printed_twice() {
    check_text(
        r#"stdout.lines = ["ok", "ok"]"#,
        "ok\nok\n",
        "ok\n",
        "client printed `ok` 1 time, which is expected 2 times",
    );
    check_text(
        r#"stdout.any_order = ["ok", "ok"]"#,
        "ok\nok\n",
        "ok\n",
        "client printed `ok` 1 time, which is expected 2 times",
    );
}

#[test]
fn prompts_without_newline_and_nuls_cost_nothing() {
    let lines = client(
        r#"stdout.lines = ["Enter message to be sent:", "client - send() is OK.", "49 bytes sent."]"#,
    );
    for right in [
        "Enter message to be sent:\nclient - send() is OK.\n49 bytes sent.\n",
        "Enter message to be sent:client - send() is OK.\n49 bytes sent.",
        "Enter message to be sent: client - send() is OK.49 bytes sent.",
        "Enter message to be sent:\0\nclient - send() is OK.\0\n\0\u{30}\n49 bytes sent.\0",
    ] {
        assert_eq!(
            complaints(&lines, &printed(right)),
            Vec::<String>::new(),
            "{right:?}"
        );
    }
}

#[test]
fn a_nul_on_the_screen_is_seen_by_nobody() {
    check_text(
        r#"stdout.lines = ["HELLO", "x"]"#,
        "HELLO\0\nx\0y\0\nx",
        "HELL\0\nx",
        "client printed `HELL` instead of `HELLO`",
    );
}

#[test]
fn numbers_are_not_parts_of_other_numbers() {
    check_text(
        r#"stdout.lines = ["Iteration: #1"]"#,
        "Iteration: #1\n",
        "Iteration: #10\n",
        "client printed `Iteration: #10` instead of `Iteration: #1`",
    );
    check_text(
        r#"stdout.lines = ["49 bytes sent."]"#,
        "49 bytes sent.\n",
        "149 bytes sent.\n",
        "client printed `149 bytes sent.` instead of `49 bytes sent.`",
    );
    check_text(
        r#"stdout.contains = ["49"]"#,
        "49 bytes\n",
        "490 bytes\n",
        "client did not print `49` on stdout",
    );
    check_text(
        r#"stdout.lines = ["fd: {{int}}"]"#,
        "fd: 3\n",
        "fd: three\n",
        "client printed `fd: three` instead of `fd: <number>`",
    );
}

#[test]
fn a_transcript_is_the_whole_text() {
    let transcript = "stdout = '''\none\n...\nfour {{int}}\n'''";
    check_text(
        transcript,
        "one\ntwo\nthree\nfour 4\n",
        "one\ntwo\nfour\n",
        "client printed `four` instead of `four <number>`",
    );
    check_text(
        transcript,
        "one\nfour 4\n\n",
        "zero\none\nfour 4\n",
        "client printed `zero` where `one` is expected",
    );
    check_text(
        "stdout = 'one'",
        "one",
        "one\ntwo\n",
        "client printed `two`, which is not expected there",
    );
    check_text(
        "stdout = 'one'",
        "one\n",
        "",
        "client printed nothing on stdout",
    );
}

#[test]
fn contains_lacks_and_regex() {
    check_text(
        "stdout.contains = ['b', 'c']",
        "abc",
        "ab",
        "client did not print `c` on stdout",
    );
    check_text(
        "stdout.lacks = ['WORLD']",
        "HELLO WORL\n",
        "x\nHELLO WORLD\n",
        "client printed `WORLD`, which must not be there: line 2 is `HELLO WORLD`",
    );
    check_text(
        "stdout.regex = '(?i)send|write'",
        "Send failed",
        "nothing of it",
        "client printed neither `send` nor `write` on stdout",
    );
    check_text(
        "stdout.regex = '(?i)connect'",
        "Connect: no",
        "nothing of it",
        "client did not print `connect` on stdout",
    );
    check_text(
        r"stdout.regex = '={3}\s'",
        "=== x",
        "==",
        "client printed nothing on stdout in the form that the handout shows",
    );
    check_text(
        r"stdout.regex = '\S'",
        "x",
        "\n",
        "client printed nothing on stdout",
    );
}

#[test]
fn any_order_gives_each_its_own_line() {
    let any = r#"stdout.any_order = ["{{any}}a{{any}}", "xa"]"#;
    check_text(
        any,
        "xa\nya\n",
        "xa\n",
        "client did not print `xa` on a line of its own: `xa` is another of the expected lines",
    );
}

/// The first worker's line was right, and was blamed for the second's, which was missing.
#[test]
fn a_right_line_is_not_blamed_for_one_that_is_missing_in_any_order() {
    check_text(
        r#"stdout.any_order = ["4002 ended with 1", "4003 ended with 2"]"#,
        "4003 ended with 2\n4002 ended with 1\n",
        "4002 ended with 1\n",
        "client did not print `4003 ended with 2` on stdout",
    );
}

/// A client that sent 49 bytes and received 48.
fn moved() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["client", "server"]);
    let listening = builder.serve(1, "0.0.0.0:12345");
    let (client, server) = builder.connect(0, listening);
    builder.cross(client, server, &[b'x'; 40]);
    builder.cross(client, server, &[b'x'; 9]);
    builder.moves(Direction::Received, client, Some(server), &[b'x'; 48]);
    builder
}

const COUNTS: &str = r#"
[case.actor.client]
student = "client"
stdout.lines = ["{{client.sent}} bytes sent.", "{{client.received}} bytes received."]
[case.actor.server]
reference = "server"
stdout.lines = ["got {{client.sent.2}}"]
"#;

/// A client that sent nothing was told to print "0 bytes sent.".
#[test]
fn a_program_that_sent_nothing_is_not_asked_to_print_0() {
    let case = client("stdout.lines = [\"hello\", \"{{client.sent}} bytes sent.\"]");
    let judged = ipclab_judge::judge(&case, &printed("hi\n").e);
    let shown: Vec<String> = judged
        .iter()
        .filter_map(|finding| finding.difference.as_ref())
        .map(|difference| format!("{difference:?}"))
        .collect();
    assert!(
        shown
            .iter()
            .any(|shown| shown.contains("<number> bytes sent.")),
        "{shown:?}"
    );
    assert!(
        !shown.iter().any(|shown| shown.contains("0 bytes")),
        "{shown:?}"
    );
}

#[test]
fn the_count_printed_is_the_one_that_crossed() {
    let mut right = moved();
    right.out(0, "49 bytes sent.\n48 bytes received.\n");
    right.out(1, "got 9\n");
    let says = |text: &'static str| {
        move |builder: &mut EvidenceBuilder| {
            builder.e.actors[0].stdout.head = text.into();
        }
    };
    check(
        &case(COUNTS),
        &right,
        says("48 bytes sent.\n48 bytes received.\n"),
        &["output: client: the count printed (48) is not what was sent (49)"],
    );
    check(
        &case(COUNTS),
        &right,
        says("49 bytes sent.\n49 bytes received.\n"),
        &["output: client: the count printed (49) is not what was received (48)"],
    );
    check(
        &case(COUNTS),
        &right,
        |builder| builder.e.actors[1].stdout.head = "got 40\n".into(),
        &["output: our server: the count printed (40) is not what was sent by client (9)"],
    );
    // It never called recv() and yet prints a count.
    check(
        &case(COUNTS),
        &right,
        |builder| {
            builder.e.trace.pop();
            builder.e.actors[0].stdout.head = "49 bytes sent.\n49 bytes received.\n".into();
        },
        &[
            "output: client: the count printed (49) is not what was received (0): it never called recv()",
        ],
    );
    // The second message never was.
    check(
        &case(COUNTS),
        &right,
        |builder| {
            builder.e.trace.retain(|call| {
                call.transfer
                    .as_ref()
                    .is_none_or(|transfer| transfer.bytes != 9)
            });
            builder.e.actors[0].stdout.head = "40 bytes sent.\n48 bytes received.\n".into();
        },
        &[
            "output: our server cannot know the number in the line `got <number>`: client sent fewer than 2 messages",
        ],
    );
}

#[test]
fn each_copy_has_counts_of_its_own() {
    let case = case(
        r#"
[case.actor.server]
reference = "server"
stdout.lines = ["all: {{client.sent}}"]
[case.actor.client]
student = "client"
copies = 2
stdout.lines = ["{{client.sent}} sent"]
"#,
    );
    let mut right = EvidenceBuilder::of(&["server", "client.1", "client.2"]);
    let listening = right.serve(0, "0.0.0.0:12345");
    for (actor, bytes) in [(1, &b"abc"[..]), (2, &b"hello"[..])] {
        let (client, server) = right.connect(actor, listening);
        right.cross(client, server, bytes);
        right.out(actor, &format!("{} sent\n", bytes.len()));
    }
    right.out(0, "all: 8\n");
    check(
        &case,
        &right,
        |builder| builder.e.actors[2].stdout.head = "3 sent\n".into(),
        &["output: client.2: the count printed (3) is not what was sent (5)"],
    );
    check(
        &case,
        &right,
        |builder| builder.e.actors[0].stdout.head = "all: 5\n".into(),
        &[
            "output: our server: the count printed (5) is not what was sent by all copies of client (8)",
        ],
    );
}

#[test]
fn pids_are_those_of_the_trace() {
    let pid = "stdout.lines = ['I am {{client.pid}}']";
    check_text(
        pid,
        "I am 2\n",
        "I am 22\n",
        "client printed `I am 22` instead of `I am 2`",
    );
}

#[test]
fn silence_is_explained() {
    let lines = client("stdout.lines = ['hello']");
    let right = printed("hello\n");
    check(
        &lines,
        &right,
        |builder| {
            *builder = EvidenceBuilder::of(&["client"]);
            builder.err(0, "hello\n");
        },
        &["output: client printed nothing on stdout: it wrote this on stderr instead: `hello`"],
    );
    check(
        &lines,
        &right,
        |builder| {
            *builder = EvidenceBuilder::of(&["client"]);
            builder.call(0, "write", &["0", "\"hello\"", "5"], 5);
            builder.last().object = Some(Object::Standard(0));
        },
        &[
            "output: client printed nothing on stdout: it writes to descriptor 0, its stdin (#1), which works on a terminal only",
        ],
    );
    check(
        &lines,
        &right,
        |builder| {
            *builder = EvidenceBuilder::of(&["client"]);
            builder.hangs(0, "read", Some(Object::Standard(1)));
        },
        &[
            "output: client printed nothing on stdout: it reads from descriptor 1 instead of 0 (#1), which works on a terminal only",
        ],
    );
    check(
        &lines,
        &right,
        |builder| {
            *builder = printed("other\n");
            builder.err(0, "hello\n");
        },
        &["output: client wrote `hello` on stderr instead of stdout"],
    );
    check(
        &lines,
        &right,
        |builder| {
            *builder = EvidenceBuilder::of(&["client"]);
            builder.hangs(0, "connect", None);
        },
        &["output: client printed nothing on stdout: it waits in connect() (#1)"],
    );
    let errors = client("stderr.contains = ['bind']");
    let mut complains = EvidenceBuilder::of(&["client"]);
    complains.err(0, "bind: Address already in use\n");
    check(
        &errors,
        &complains,
        |builder| *builder = printed("bind: Address already in use\n"),
        &[
            "output: client printed nothing on stderr: it wrote this on stdout instead: `bind: Address already in use`, where nobody sees it when the output goes to a file: perror() writes to stderr",
        ],
    );
}

#[test]
fn a_greeting_is_no_word_about_a_call_that_failed() {
    let errors = client("stderr.regex = '\\S'");
    let mut complains = EvidenceBuilder::of(&["client"]);
    complains.err(0, "bind: Address already in use\n");
    check(
        &errors,
        &complains,
        |builder| {
            *builder = printed("Usage: client [N]\nready\n");
            builder.fails(
                0,
                "bind",
                &["3", "{AF_INET, 0.0.0.0:12345}", "16"],
                "EADDRINUSE",
            );
            builder.exit(0, 1);
        },
        &[
            "output: client printed nothing on stderr: it ended with status 1 after bind() failed with EADDRINUSE (Address already in use) at #1",
        ],
    );
}

#[test]
fn of_lines_with_one_label_the_one_most_alike_was_meant() {
    let lines = client("stdout.lines = ['part 1: received 14 bytes: in two pieces?']");
    check(
        &lines,
        &printed("part 1: received 14 bytes: in two pieces?\n"),
        |builder| {
            *builder = printed("part 1: sent 8 bytes\npart 1: received 3 bytes: in\n");
        },
        &[
            "output: client printed `part 1: received 3 bytes: in` instead of `part 1: received 14 bytes: in two pieces?`",
        ],
    );
}

#[test]
fn what_was_not_kept_proves_nothing() {
    let lines = client("stdout.lines = ['hello']");
    let mut long = printed("chatter\n");
    long.e.actors[0].stdout.dropped = 100_000;
    long.e.actors[0].stdout.tail = "more\n".into();
    assert_eq!(
        complaints(&lines, &long),
        [
            "output: client printed so much on stdout that the middle of it was not kept: that it is right is not proved"
        ]
    );
    // The two ends are not one line.
    let mut joined = printed("hel");
    joined.e.actors[0].stdout.dropped = 1;
    joined.e.actors[0].stdout.tail = "lo\n".into();
    assert_eq!(complaints(&lines, &joined).len(), 1);
    // A program that was stopped for printing without end has failed.
    long.e.actors[0].exit = Exit::Stopped(LimitHit {
        kind: LimitKind::Output,
        limit: 4096,
    });
    assert_eq!(
        complaints(&lines, &long),
        [
            "output: client did not print `hello` on stdout: it was stopped: it printed more than 4096 bytes: it prints without end",
        ]
    );
}

#[test]
fn the_picture_shows_what_is_missing_between_what_is_there() {
    use ipclab_judge::{DiffLine, Difference};
    let lines = client(r#"stdout.lines = ["a", "b", "c"]"#);
    let builder = printed("1\n2\n3\na\nx\nc\n4\n5\n6\n");
    let findings = ipclab_judge::judge(&lines, &builder.e);
    let own = str::to_owned;
    assert_eq!(
        findings[0].difference,
        Some(Difference::Lines(vec![
            DiffLine::Elided(2),
            DiffLine::Extra(own("3")),
            DiffLine::Same(own("a")),
            DiffLine::Missing(own("b")),
            DiffLine::Extra(own("x")),
            DiffLine::Same(own("c")),
            DiffLine::Elided(3),
        ]))
    );
}

#[test]
fn hostile_text_stays_in_its_quotation() {
    let text = "hello\u{1b}[2J` passed";
    check_text(
        "stdout.lines = ['hello you passed']",
        "hello you passed",
        text,
        "client printed `hello\\x1b[2J\\x60 passed` instead of `hello you passed`",
    );
}

#[test]
fn one_of_several_texts_will_do() {
    let expectation = r#"stdout.any_of = ["usage: client N", "Usage:\nclient"]"#;
    check_text(
        expectation,
        "usage: client N\n",
        "how to use it\n",
        "client printed none of `usage: client N`, `Usage:\\nclient` on stdout",
    );
    check_text(
        expectation,
        "Usage:\nclient\n",
        "",
        "client printed nothing on stdout: one of `usage: client N`, `Usage:\\nclient` is expected",
    );
}
