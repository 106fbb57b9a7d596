//! The oracle: a run of the student's programs beside one of the references, and what may differ between them.

use std::collections::BTreeMap;

use crate::common::{EvidenceBuilder, case, outcome, said};
use ipclab_evidence::{Direction, Exit, SocketKind};
use ipclab_judge::{Verdict, compare};
use ipclab_spec::Case;

const SERVING: &str = r#"
oracle = "reference"
runs   = 3
vary.text = { length = "0..99", of = "printable" }
[case.actor.server]
student = "server"
listens = "tcp:12345"
stdout.contains = ["{{text}}"]
[case.actor.client]
reference = "client localhost"
stdin = "{{text}}\n"
"#;

fn values() -> BTreeMap<String, String> {
    BTreeMap::from([("text".to_owned(), "a message of some length".to_owned())])
}

fn serving() -> Case {
    case(SERVING).filled(&values())
}

/// One message there and back, in these pieces, and what the server prints of it.
fn echo(back: &[&[u8]]) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    let listening = builder.serve(0, "0.0.0.0:12345");
    let (client, server) = builder.connect(1, listening);
    builder.cross(client, server, b"a message of some length\0");
    for piece in back {
        builder.cross(server, client, piece);
    }
    builder.out(0, "The message: a message of some length\n");
    builder
}

const WHOLE: &[&[u8]] = &[b"a message of some length\0"];

#[track_caller]
fn check(seen: &EvidenceBuilder, reference: &EvidenceBuilder, expect: &[&str]) {
    let findings = compare(&serving(), &values(), &seen.e, &reference.e);
    let held: Vec<String> = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(said)
        .collect();
    assert_eq!(held, expect, "\n  {}", held.join("\n  "));
    // A run compared with itself differs in nothing.
    let same = compare(&serving(), &values(), &seen.e, &seen.e);
    assert!(same.iter().all(|finding| finding.verdict == Verdict::Pass));
}

#[test]
fn pieces_chatter_and_other_words_are_no_difference() {
    let mut seen = echo(&[b"a message ", b"of some ", b"length\0"]);
    seen.out(0, "and some chatter of my own, 12345 times\n");
    seen.e.actors[0]
        .stdout
        .head
        .0
        .splice(0..12, *b"Somebody says ");
    check(&seen, &echo(WHOLE), &[]);
}

#[test]
fn another_byte_a_missing_byte_and_silence_are() {
    check(
        &echo(&[b"a message of some lengtH\0"]),
        &echo(WHOLE),
        &[
            "bytes: server sent our client 25 bytes `a message of some lengtH\\x00`, and the reference program sends 25 bytes `a message of some length\\x00`",
        ],
    );
    check(
        &echo(&[b"a message of some length"]),
        &echo(WHOLE),
        &[
            "bytes: server sent our client 24 bytes `a message of some length`, and the reference program sends 25 bytes `a message of some length\\x00`",
        ],
    );
    check(
        &echo(&[]),
        &echo(WHOLE),
        &[
            "bytes: server sent our client nothing, and the reference program sends 25 bytes `a message of some length\\x00`",
        ],
    );
}

#[test]
fn what_was_not_received_counts_where_it_was_sent() {
    let mut seen = echo(WHOLE);
    for call in &mut seen.e.trace {
        if let Some(transfer) = &mut call.transfer
            && call.actor == 0
            && transfer.direction == Direction::Received
        {
            transfer.bytes = 10;
            transfer.head.0.truncate(10);
        }
    }
    check(
        &seen,
        &echo(WHOLE),
        &[
            "bytes: server received 10 bytes `a message ` from our client, and the reference program receives 25 bytes `a message of some length\\x00`",
        ],
    );
}

#[test]
fn how_it_ends_is_compared_but_not_with_which_failure() {
    let ended = |exit: Exit| {
        let mut builder = echo(WHOLE);
        builder.e.actors[0].exit = exit;
        builder
    };
    check(&ended(Exit::Code(3)), &ended(Exit::Code(1)), &[]);
    check(
        &ended(Exit::Code(3)),
        &ended(Exit::Code(0)),
        &[
            "exit: server ends with another status than 0, and the reference program ends with status 0",
        ],
    );
    let running = |on_sigterm| Exit::Running {
        wait: None,
        on_sigterm,
    };
    check(&ended(running(None)), &ended(running(Some(0))), &[]);
}

#[test]
fn a_text_that_the_reference_prints_must_be_printed() {
    let mut seen = echo(WHOLE);
    seen.e.actors[0].stdout.head.0.pop();
    seen.e.actors[0].stdout.head.0.pop();
    check(
        &seen,
        &echo(WHOLE),
        &[
            "output: server did not print `a message of some length`, which the reference program prints",
        ],
    );
    // The reference says nothing of it, so no program has to.
    let mut silent = echo(WHOLE);
    silent.e.actors[0].stdout.head.0.clear();
    check(&silent, &silent.clone(), &[]);
    check(&seen, &silent, &[]);
}

fn datagrams(replies: &[(&[u8], bool)]) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    let server = builder.serve_datagrams(0, "0.0.0.0:7000");
    let client = builder.socket(1, SocketKind::Datagram);
    for (bytes, cut) in replies {
        builder.moves(Direction::Sent, client, Some(server), b"0123456789abc");
        builder.moves(Direction::Received, server, Some(client), bytes);
        builder.last().transfer.as_mut().unwrap().cut = *cut;
    }
    builder.out(0, "a message of some length");
    builder
}

#[test]
fn a_larger_buffer_is_fine_a_smaller_one_is_not() {
    let reference = datagrams(&[(b"0123456789", true)]);
    check(&datagrams(&[(b"0123456789abc", false)]), &reference, &[]);
    check(&datagrams(&[(b"0123456789a", true)]), &reference, &[]);
    check(
        &datagrams(&[(b"01234567", true)]),
        &reference,
        &[
            "bytes: server received 8 bytes `01234567` from our client, and the reference program receives 10 bytes `0123456789`",
        ],
    );
}

#[test]
fn a_value_in_shared_memory_is_compared() {
    let stored = |text: &[u8]| {
        let mut builder = echo(WHOLE);
        builder.segment(100, text);
        builder
    };
    check(
        &stored(b"xx a message of some length"),
        &stored(b"a message of some length\0"),
        &[],
    );
    check(
        &stored(b"a message of some lengt"),
        &stored(b"a message of some length\0"),
        &[
            "memory: the segment with key 100 does not hold `a message of some length`, which the reference program stores in it",
        ],
    );
}

#[test]
fn a_memory_error_is_the_only_blame_of_its_run() {
    let case = case(
        "sanitize = true\n[case.actor.server]\nstudent = \"server\"\nexit = 0\nstdout.contains = [\"hello\"]\n",
    )
    .filled(&BTreeMap::new());
    let mut builder = EvidenceBuilder::of(&["server"]);
    builder.exit(0, ipclab_evidence::SANITIZER_STATUS);
    builder.err(
        0,
        "==1==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f at pc 0x5\n    #0 0x1 in main a.c:7\n",
    );
    let outcome = outcome(&case, &builder);
    let held: Vec<String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(said)
        .collect();
    assert_eq!(
        held[0],
        "memory: server has a memory error: stack-buffer-overflow (main(), a.c:7)"
    );
    assert!(
        held.len() > 2 && held[1..].iter().all(|one| one.starts_with("skipped ")),
        "{held:#?}"
    );
    assert_eq!((outcome.verdict, outcome.earned), (Verdict::Fail, 0));

    // Its report may be nowhere: the status tells.
    builder.e.actors[0].stderr.head.0.clear();
    let held = crate::common::complaints(&case, &builder);
    assert_eq!(
        held[0],
        "memory: server was ended by a sanitizer, whose report is not on its stderr"
    );
}
