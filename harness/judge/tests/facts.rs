//! What the kernel told a program, and what the program says it did.

use crate::common::{Scene, case, check};
use ipclab_evidence::Answer;

fn told(scene: &mut Scene, facts: &[(&str, &str)]) {
    let call = scene.last();
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
fn scene() -> Scene {
    let mut scene = Scene::of(&["server", "client"]);
    scene.call(0, "shmget", &["100", "1000", "IPC_CREAT|0640"], 7);
    told(&mut scene, &[("shmid", "7"), ("key", "0x00000064")]);
    scene.exit(0, 0);
    scene.call(1, "shmctl", &["7", "IPC_STAT", "0x7ffd"], 0);
    told(
        &mut scene,
        &[("shm_segsz", "900"), ("shm_perm.mode", "0640")],
    );
    scene.call(1, "shmctl", &["7", "IPC_STAT", "0x7ffd"], 0);
    told(
        &mut scene,
        &[("shm_segsz", "1000"), ("shm_perm.mode", "0600")],
    );
    scene.out(1, "size: 1000\nmode: 0640\n");
    scene.exit(1, 0);
    scene
}

#[test]
fn what_is_printed_is_what_was_told_last_or_the_nth_time() {
    // The label finds the line that was meant, however alike another one looks.
    check(
        &case(INFO),
        &scene(),
        |scene| scene.e.actors[1].stdout.head = "sizf: 1000\nsize: 900\nmode: 0640\n".into(),
        &["output: client printed `size: 900` instead of `size: 1000`"],
    );
    check(
        &case(INFO),
        &scene(),
        |scene| scene.e.actors[1].stdout.head = "size: 1000\nmode: 0600\n".into(),
        &["output: client printed `mode: 0600` instead of `mode: 0640`"],
    );
}

#[test]
fn what_nobody_was_told_cannot_be_printed_truthfully() {
    check(
        &case(INFO),
        &scene(),
        |scene| {
            for call in &mut scene.e.trace {
                call.answers.retain(|answer| !answer.name.starts_with("shm_"));
            }
        },
        &[
            "output: client cannot have printed the line `size: 1000` truthfully: no shmctl(IPC_STAT) of client succeeded, which would have told it shm_segsz",
        ]
        .map(|text| text.replace(" the line `size: 1000`", ""))
        .each_ref()
        .map(String::as_str),
    );
}

#[test]
fn who_was_to_be_told_an_identifier_that_nobody_got_never_starts() {
    check(
        &case(INFO),
        &scene(),
        |scene| {
            scene.e.trace.clear();
            scene.e.actors[1].stdout.head = "".into();
            scene.unstarted(1);
        },
        &[
            "output: client cannot have printed truthfully: no shmctl(IPC_STAT) of client succeeded, which would have told it shm_segsz: it never started, because no shmget() of server succeeded, which would have told it shmid",
            "exit: client never started, because no shmget() of server succeeded, which would have told it shmid",
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
    let mut right = Scene::of(&["client"]);
    right.call(0, "shmget", &["123", "10", "IPC_CREAT|0640"], 7);
    right.segment(123, b"");
    check(&case(&body("may")), &right, |_| {}, &[]);
    check(
        &case(&body("must")),
        &right,
        |scene| scene.e.leftovers.segments.clear(),
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
    let mut right = Scene::of(&["client"]);
    right.err(0, "shmget: File exists\n");
    right.exit(0, 1);
    check(
        &case(body),
        &right,
        |scene| {
            scene.e.actors[0].stderr.head = "".into();
            scene.out(0, "shmid: 7\n");
            scene.exit(0, 0);
        },
        &[
            "output: client printed nothing on stderr: it found nothing wrong, and printed `shmid: 7` on stdout",
        ],
    );
}
