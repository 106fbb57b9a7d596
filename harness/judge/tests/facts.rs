//! What the kernel told a program, and what the program says it did.

use crate::common::{EvidenceBuilder, case, check};
use ipclab_evidence::Answer;

fn answers(builder: &mut EvidenceBuilder, facts: &[(&str, &str)]) {
    let call = builder.last();
    call.answers = facts
        .iter()
        .map(|(name, value)| Answer {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
}

const INFO: &str = r#"
[case.actor.server]
reference = "server"
exit = 0
[case.actor.client]
student = "client {{server.told.shmid}}"
after = "server exits"
exit = 0
stdout.lines = ["size: {{client.told.shm_segsz}}", "mode: {{client.told.shm_perm.mode.1}}"]
"#;

/// A server that makes segment 7, and a client that looks at it.
fn builder() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    builder.call(0, "shmget", &["100", "1000", "IPC_CREAT|0640"], 7);
    answers(&mut builder, &[("shmid", "7"), ("key", "0x00000064")]);
    builder.exit(0, 0);
    builder.call(1, "shmctl", &["7", "IPC_STAT", "0x7ffd"], 0);
    answers(
        &mut builder,
        &[("shm_segsz", "900"), ("shm_perm.mode", "0640")],
    );
    builder.call(1, "shmctl", &["7", "IPC_STAT", "0x7ffd"], 0);
    answers(
        &mut builder,
        &[("shm_segsz", "1000"), ("shm_perm.mode", "0600")],
    );
    builder.out(1, "size: 1000\nmode: 0640\n");
    builder.exit(1, 0);
    builder
}

#[test]
fn what_is_printed_is_the_last_answer_or_the_nth() {
    // The label finds the line that was meant, however alike another one looks.
    check(
        &case(INFO),
        &builder(),
        |builder| builder.e.actors[1].stdout.head = "sizf: 1000\nsize: 900\nmode: 0640\n".into(),
        &["output: client printed `size: 900` instead of `size: 1000`"],
    );
    check(
        &case(INFO),
        &builder(),
        |builder| builder.e.actors[1].stdout.head = "size: 1000\nmode: 0600\n".into(),
        &["output: client printed `mode: 0600` instead of `mode: 0640`"],
    );
}

#[test]
fn what_no_call_answered_has_no_true_number() {
    check(
        &case(INFO),
        &builder(),
        |builder| {
            for call in &mut builder.e.trace {
                call.answers
                    .retain(|answer| !answer.name.starts_with("shm_"));
            }
        },
        &[
            "output: client cannot know the number in its output: no shmctl(IPC_STAT) of client succeeded, and only that tells shm_segsz",
        ],
    );
}

#[test]
fn an_actor_never_starts_when_no_call_answers_its_placeholder() {
    check(
        &case(INFO),
        &builder(),
        |builder| {
            builder.e.trace.clear();
            builder.e.actors[1].stdout.head = "".into();
            builder.unstarted(1);
        },
        &[
            "output: client cannot know the number in its output: no shmctl(IPC_STAT) of client succeeded, and only that tells shm_segsz: it never started, because no shmget() of server succeeded, and only that tells shmid",
            "exit: client never started, because no shmget() of server succeeded, and only that tells shmid",
        ],
    );
}

#[test]
fn a_segment_of_any_key_may_be_left_or_must() {
    let body = |word: &str| {
        format!(
            "[case.actor.client]\nstudent = \"client\"\n[case.leaves]\n{word} = [\"shm:any\"]\n"
        )
    };
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["123", "10", "IPC_CREAT|0640"], 7);
    right.segment(123, b"");
    check(&case(&body("may")), &right, |_| {}, &[]);
    check(
        &case(&body("must")),
        &right,
        |builder| builder.e.leftovers.segments.clear(),
        &["cleanup: a segment is not there at the end"],
    );
}

#[test]
fn who_finds_nothing_wrong_complains_on_no_stream() {
    let body = r#"
[case.actor.client]
student = "client"
stderr.contains = ["shmget"]
"#;
    let mut right = EvidenceBuilder::of(&["client"]);
    right.err(0, "shmget: File exists\n");
    right.exit(0, 1);
    check(
        &case(body),
        &right,
        |builder| {
            builder.e.actors[0].stderr.head = "".into();
            builder.out(0, "shmid: 7\n");
            builder.exit(0, 0);
        },
        &[
            "output: client printed nothing on stderr: it found nothing wrong, and printed `shmid: 7` on stdout",
        ],
    );
}
