//! What helps to mend: the line, the next hint, where the conversation leaves the reference's, what a save changed.

use ipclab_evidence::{SocketKind, SourceLine};
use ipclab_judge::{Finding, Mistake, MistakeKind, Verdict};
use ipclab_report::terminal::{self, Style};
use ipclab_report::testing::build::{JudgedCase, Trace, about, case, finding, report, student};
use ipclab_report::{
    Audience, CompilerMessage, Parting, Problem, Program, Report, Severity, html, json, watching,
};
use ipclab_spec::{Aspect, Points, Tier, Visibility};

fn line(number: u32) -> SourceLine {
    SourceLine {
        file: "iserver.c".into(),
        line: number,
    }
}

/// A failed case whose finding shows in these lines.
fn failed(id: &str, lines: &[u32]) -> JudgedCase {
    let mut case = case(id, "it serves", Tier::Core, Points::Whole(2));
    case.hint = Some("Think of byte order.".into());
    case.next_hints = vec!["See htons(3).".into(), "Write htons(12345).".into()];
    let finding = Finding {
        lines: lines.iter().copied().map(line).collect(),
        ..finding(Aspect::Output, Verdict::Fail, "server said no")
    };
    JudgedCase::new(case, Verdict::Fail, 0, vec![finding])
}

fn graded(cases: &[JudgedCase]) -> Report {
    let mut about = about();
    let text = "one\n\ttwo\nthree\nfour\nfive\nsix\n";
    about.sources = [("iserver.c".to_owned(), text.to_owned())].into();
    report(&about, Vec::new(), cases)
}

#[test]
fn the_line_stands_beside_the_finding() {
    let graded = graded(&[failed("echo", &[2, 5])]);
    let short = terminal::render_short(&graded, &Style::default());
    assert!(
        short.contains("at      iserver.c:2, called at iserver.c:5\n"),
        "{short}"
    );
    assert!(short.contains("2 │ two\n"), "{short}");
    let page = html::render(&graded);
    assert!(
        page.contains("<code>iserver.c:2, called at iserver.c:5</code>"),
        "{page}"
    );
    assert!(
        page.contains("class=\"marked\"><span class=\"number\">2</span>     two"),
        "{page}"
    );
    // The mistake at the top leads to its finding.
    assert!(
        page.contains("<a href=\"#case-1-finding-1\">server said no</a>"),
        "{page}"
    );
    assert!(page.contains("<li id=\"case-1-finding-1\">"), "{page}");
    let shown = graded.excerpt(&graded.causes[0].lines[0]).unwrap();
    let numbered: Vec<String> = shown
        .numbered()
        .map(|(n, text)| format!("{n} {text}"))
        .collect();
    assert_eq!(numbered, ["1 one", "2     two", "3 three", "4 four"]);
    // What is written is what is read back.
    let again: Report = serde_json::from_str(&json::render(&graded)).unwrap();
    assert_eq!(again, graded);
}

#[test]
fn lines_of_a_case_that_is_kept_back_are_kept_back() {
    let mut hidden = failed("secret", &[6]);
    hidden.case.visibility = Visibility::Hidden;
    let graded = graded(&[failed("echo", &[2]), hidden]);
    assert_eq!(graded.code.len(), 2);
    let seen = graded.seen_by(Audience::Students);
    let named: Vec<u32> = seen.code.iter().map(|excerpt| excerpt.place.line).collect();
    assert_eq!(named, [2]);
    assert!(!json::render(&seen).contains("six"));
}

#[test]
fn hints_come_step_by_step() {
    let graded = graded(&[failed("echo", &[])]);
    let check = |steps: usize, shown: &[&str], left: &str| {
        let seen = graded.clone().with_hints(steps);
        let hint = seen.cases[0].hint.clone().unwrap();
        let lines: Vec<&str> = hint.lines().iter().map(|line| line.as_str()).collect();
        assert_eq!(lines, shown);
        let short = terminal::render_short(&seen, &Style::default());
        assert_eq!(short.contains("--hint N"), !left.is_empty(), "{short}");
        assert!(short.contains(left), "{short}");
    };
    check(1, &["Think of byte order."], "(2 more steps");
    check(
        2,
        &["Think of byte order.", "See htons(3)."],
        "(1 more step",
    );
    check(
        9,
        &[
            "Think of byte order.",
            "See htons(3).",
            "Write htons(12345).",
        ],
        "",
    );
}

#[test]
fn a_save_is_told_by_what_it_changed() {
    let passed = |id: &str| JudgedCase::passed(id, "it serves", Tier::Core, 2);
    let check = |before: &[JudgedCase], after: &[JudgedCase], expect: Option<&str>| {
        let changed = watching::changed(&graded(before), &graded(after));
        assert_eq!(changed.as_deref(), expect);
    };
    check(
        &[failed("one", &[]), passed("two"), passed("three")],
        &[passed("one"), failed("two", &[]), passed("three")],
        Some("+2: one passes now; -2: two fails now"),
    );
    check(
        &[failed("one", &[])],
        &[failed("one", &[])],
        Some("The points are the same as before."),
    );
    check(&[failed("one", &[])], &[passed("other")], None);
}

#[test]
fn a_save_that_breaks_a_build_is_told_as_that() {
    let problem = Problem {
        message: "the compiler refused iserver.c".into(),
        ours: false,
        errors: Vec::new(),
        log: None,
        found: Vec::new(),
        remedy: None,
    };
    let with = |problem: Option<Problem>, cases: &[JudgedCase]| {
        let program = Program {
            problem,
            ..Program::built("iserver", &["iserver.c"])
        };
        report(&about(), vec![program], cases)
    };
    let passed = JudgedCase::passed("one", "it serves", Tier::Core, 2);
    let whole = with(None, std::slice::from_ref(&passed));
    let broken = with(Some(problem), &[failed("one", &[])]);
    let changed = watching::changed(&whole, &broken);
    assert_eq!(changed.as_deref(), Some("iserver does not build now."));
    assert!(watching::is_built(&whole) && !watching::is_built(&broken));
    // The next save that builds is held against the last one that did.
    let changed = watching::changed(&whole, &whole);
    assert_eq!(
        changed.as_deref(),
        Some("The points are the same as before.")
    );
}

#[test]
fn after_a_failed_build_the_compilers_error_stands_alone() {
    let refused = |severity| {
        let error = CompilerMessage {
            file: Some("iserver.c".into()),
            line: Some(2),
            column: None,
            severity,
            message: "expected ';'".into(),
            excerpt: None,
        };
        let problem = Problem {
            message: "the compiler refused iserver.c".into(),
            errors: vec![error],
            ours: false,
            log: None,
            found: Vec::new(),
            remedy: None,
        };
        let program = Program {
            problem: Some(problem),
            ..Program::built("iserver", &["iserver.c"])
        };
        let mut unbuilt = failed("serves", &[]);
        unbuilt.findings[0].mistake = Some(Mistake {
            kind: MistakeKind::Build,
            program: Some("iserver".into()),
            detail: String::new(),
            says: None,
        });
        let mut other = failed("talks", &[]);
        other.cause = 1;
        other.findings[0].message = "client said no".into();
        let report = report(&about(), vec![program], &[unbuilt, other]);
        let style = Style::default();
        [
            terminal::render_short(&report, &style),
            terminal::render_first(&report, &style),
        ]
    };
    for text in refused(Severity::Error) {
        assert!(text.contains("iserver.c:2: error: expected ';'"), "{text}");
        assert!(!text.contains("client said no"), "{text}");
        assert!(!text.contains("more mistake"), "{text}");
    }
    // Without an error of the compiler (no source was found, say) the other program's mistakes are worth a line.
    let [short, first] = refused(Severity::Warning);
    assert!(short.contains("client said no"), "{short}");
    assert!(first.contains("1 more mistake"), "{first}");
}

#[test]
fn a_hint_for_a_cause_or_an_aspect_is_nearer_than_that_of_the_case() {
    let check = |kind: MistakeKind, aspect: Aspect, expect: &str, not: &[&str]| {
        let mut one = failed("echo", &[2]);
        one.case.hints = [
            ("waits", vec!["Who holds the other end?"]),
            ("exit", vec!["What does main return?", "exit(1)"]),
        ]
        .map(|(name, steps)| (name.into(), steps.into_iter().map(Into::into).collect()))
        .into();
        let found = &mut one.findings[0];
        found.aspect = aspect;
        found.mistake = Some(Mistake {
            kind,
            program: None,
            detail: String::new(),
            says: None,
        });
        let graded = graded(&[one]);
        let short = terminal::render_short(&graded, &Style::default());
        let whole = terminal::render(&graded, &Style::default());
        let page = html::render(&graded);
        for text in [&short, &whole, &page] {
            assert!(text.contains(expect), "{text}");
            for other in not {
                assert!(!text.contains(other), "{text}");
            }
        }
    };
    let all = [
        "Who holds the other end?",
        "What does main return?",
        "Think of byte order.",
    ];
    check(MistakeKind::Waits, Aspect::Exit, all[0], &all[1..]);
    check(
        MistakeKind::Behaviour,
        Aspect::Exit,
        all[1],
        &[all[0], all[2]],
    );
    check(
        MistakeKind::Behaviour,
        Aspect::Output,
        all[2],
        &[all[0], all[1]],
    );
}

/// A pair that greets; what the client sends, and what the reference sent in its place.
fn parting(own: &[&[u8]], reference: &[&[u8]]) -> Option<Parting> {
    let play = |messages: &[&[u8]]| {
        let mut trace = Trace::new(&["server", "client"]);
        let (client, served) = trace.connected();
        for message in messages {
            trace.send(client, message);
            trace.recv(served, message);
        }
        trace.0
    };
    let mut one = case("pair", "they talk", Tier::Core, Points::Whole(2));
    one.actors = vec![student("server", "iserver"), student("client", "comclient")];
    let said = finding(Aspect::Bytes, Verdict::Fail, "client sent something else");
    let judged = JudgedCase::new(one, Verdict::Fail, 0, vec![said]);
    let graded = graded(&[judged.with(play(own)).beside(play(reference))]);
    let text = terminal::render(&graded, &Style::default());
    let conversation = graded.cases[0].conversation.clone().unwrap();
    assert_eq!(
        text.contains("leaves the reference's way"),
        conversation.parting.is_some(),
        "{text}"
    );
    conversation.parting
}

#[test]
fn where_it_leaves_the_reference_is_marked() {
    let check = |own: &[&[u8]], reference: &[&[u8]], expect: Option<&str>| {
        let parting = parting(own, reference);
        let said = parting.map(|it| it.reference.map_or(String::new(), |line| line.to_string()));
        assert_eq!(said.as_deref(), expect);
    };
    check(&[b"a", b"b"], &[b"a", b"b"], None);
    check(
        &[b"a", b"c"],
        &[b"a", b"b"],
        Some("client sends 1 byte to server: \"b\""),
    );
    check(
        &[b"a"],
        &[b"a", b"b"],
        Some("client sends 1 byte to server: \"b\""),
    );
    check(&[b"a", b"b"], &[b"a"], Some(""));
    // Behind what was left out nothing is missing.
    let numbered: Vec<String> = (0..60).map(|n| format!("message {n}")).collect();
    let numbered: Vec<&[u8]> = numbered.iter().map(String::as_bytes).collect();
    check(&numbered, &numbered[..25], None);
    check(&numbered[..25], &numbered, None);
}

/// What the short report says of the message with which a server goes wrong: in one run and beside the reference's, with a finding
/// of that actor.
fn when(own: &[&[u8]], reference: &[&[u8]], actor: &str) -> Option<String> {
    let play = |messages: &[&[u8]]| {
        let mut trace = Trace::new(&["server", "client"]);
        let (client, served) = trace.connected();
        for message in messages {
            trace.send(served, message);
            trace.recv(client, message);
        }
        trace.0
    };
    let own = play(own);
    let sent = own.trace.iter().filter(|call| call.name == "sendto");
    let said = Finding {
        cites: sent.map(|call| call.n).collect(),
        actor: Some(actor.into()),
        ..finding(Aspect::Bytes, Verdict::Fail, "server sent something else")
    };
    let case = case("pair", "they talk", Tier::Core, Points::Whole(2));
    let judged = JudgedCase::new(case, Verdict::Fail, 0, vec![said]);
    let graded = graded(&[judged.with(own).beside(play(reference))]);
    shown_when(&graded)
}

fn shown_when(graded: &Report) -> Option<String> {
    let short = terminal::render_short(graded, &Style::default());
    let mut rows = short
        .lines()
        .filter_map(|line| line.strip_prefix("    when"));
    rows.next().map(|row| row.trim().to_owned())
}

/// A server that was right for its first message and wrong from the second one on was told how many bytes it sent, and no more.
#[test]
fn what_was_right_before_the_wrong_message_is_told() {
    let check = |own: &[&[u8]], reference: &[&[u8]], expect: Option<&str>| {
        let said = when(own, reference, "server");
        assert_eq!(said.as_deref(), expect, "{own:?} beside {reference:?}");
    };
    check(
        &[b"one", b"onetwo"],
        &[b"one", b"two"],
        Some("its second message: the first was right"),
    );
    check(
        &[b"one", b"two", b"x"],
        &[b"one", b"two", b"three"],
        Some("its third message: the first two were right"),
    );
    check(
        &[b"one"],
        &[b"one", b"two"],
        Some("its second message, which never came: the first was right"),
    );
    check(
        &[b"one", b"two"],
        &[b"one"],
        Some("its second message, one too many: the first was right"),
    );
    // Messages that are the same are one row of the drawing.
    check(
        &[b"one", b"one", b"one", b"x"],
        &[b"one", b"one", b"one", b"two"],
        Some("its fourth message: the first three were right"),
    );
    check(
        &[b"one", b"one", b"one"],
        &[b"one", b"one"],
        Some("its third message, one too many: the first two were right"),
    );
    check(
        &[b"a".as_slice(); 14],
        &[b"a".as_slice(); 15],
        Some("its message 15, which never came: the first 14 were right"),
    );
    check(&[b"x", b"two"], &[b"one", b"two"], None);
    check(&[], &[b"one"], None);
    check(&[b"one", b"two"], &[b"one", b"two"], None);
}

/// A style of writing is no mistake: which bytes stand in which message is free in a stream.
#[test]
fn no_message_is_called_wrong_whose_bytes_are_right() {
    let check = |own: &[&[u8]], reference: &[&[u8]]| {
        assert_eq!(when(own, reference, "server"), None);
    };
    check(&[b"one", b"tw", b"x"], &[b"one", b"two"]);
    check(&[b"one", b"twothree"], &[b"one", b"two", b"three", b"four"]);
    check(&[b"one", b"t", b"wo"], &[b"one", b"two"]);
}

#[test]
fn what_was_right_before_is_not_told_of_another_actor() {
    assert_eq!(when(&[b"one", b"x"], &[b"one", b"two"], "client"), None);
}

/// Of a message only its first bytes are kept, of a long conversation only its beginning and end.
#[test]
fn what_was_right_before_is_not_told_of_a_record_that_was_cut() {
    let long = [b'a'; 200];
    let numbered: Vec<String> = (0..60).map(|n| format!("message {n}")).collect();
    let numbered: Vec<&[u8]> = numbered.iter().map(String::as_bytes).collect();
    let check = |own: &[&[u8]], reference: &[&[u8]]| {
        assert_eq!(when(own, reference, "server"), None);
    };
    check(&[&long, b"x"], &[&long, b"two"]);
    check(&[b"one", &long], &[b"one", b"two"]);
    check(&[b"one", b"x"], &[b"one", &long]);
    check(&numbered[..25], &numbered);
    check(&numbered, &numbered[..25]);
}

/// Where an actor sends to several, it is said to which.
#[test]
fn what_was_right_before_is_told_with_the_one_it_was_sent_to() {
    let play = |last: &[u8]| {
        let mut trace = Trace::new(&["server", "client", "other"]);
        let (client, served) = trace.connected();
        let other = trace.socket(2, SocketKind::Stream, "AF_INET", None);
        let second = trace.socket(0, SocketKind::Stream, "AF_INET", Some(other));
        trace.0.sockets[other].peer = Some(second);
        for (from, to, message) in [
            (second, other, b"other".as_slice()),
            (served, client, b"one"),
            (served, client, last),
        ] {
            trace.send(from, message);
            trace.recv(to, message);
        }
        trace.0
    };
    let own = play(b"x");
    let sent = own.trace.iter().filter(|call| call.name == "sendto");
    let said = Finding {
        cites: sent.map(|call| call.n).collect(),
        ..finding(Aspect::Bytes, Verdict::Fail, "server sent something else")
    };
    let case = case("pair", "they talk", Tier::Core, Points::Whole(2));
    let judged = JudgedCase::new(case, Verdict::Fail, 0, vec![said]);
    let graded = graded(&[judged.with(own).beside(play(b"two"))]);
    assert_eq!(
        shown_when(&graded).as_deref(),
        Some("its second message to client: the first was right")
    );
}

/// A report of a fault said nothing of the call that the case had made to fail.
#[test]
fn the_call_that_a_case_made_to_fail_is_named() {
    let check = |message: &str, expect: Option<&str>| {
        let mut trace = Trace::new(&["server", "client"]);
        let (_, served) = trace.connected();
        let failed = trace.on(0, served, "listen", &["4", "5"], Err("EADDRINUSE"));
        trace.0.trace[failed].tampered = Some("EADDRINUSE".into());
        let mut one = case("checks", "it checks", Tier::Core, Points::Whole(2));
        one.actors = vec![student("server", "iserver"), student("client", "comclient")];
        let said = finding(Aspect::Output, Verdict::Fail, message);
        let judged = JudgedCase::new(one, Verdict::Fail, 0, vec![said]);
        let short = terminal::render_short(&graded(&[judged.with(trace.0)]), &Style::default());
        let given = short.lines().find(|line| line.starts_with("    given"));
        assert_eq!(
            given.map(|line| line.trim_start_matches("    given").trim()),
            expect,
            "{short}"
        );
    };
    check(
        "server printed nothing on stderr",
        Some("listen() #8 is made to fail with EADDRINUSE"),
    );
    // What says it itself is not told twice.
    check(
        "when listen() fails with EADDRINUSE: server printed nothing",
        None,
    );
}
