//! What the judge says about the state of segments.

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, case_of_format, check};
use ipclab_evidence::Arg;

const STATE: &str =
    "[case.shm.100]\nsize = 1024\nmode = \"0644\"\nattached = 0\nholds = \"Hello\\u0000\"\n";

#[test]
fn the_state_of_a_segment() {
    let case = case(&format!("{SILENT}{STATE}"));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    right.segment(100, b"Hello\0");
    let spoil = |change: fn(&mut ipclab_evidence::Segment)| {
        move |builder: &mut EvidenceBuilder| change(&mut builder.e.leftovers.segments[0])
    };
    check(
        &case,
        &right,
        spoil(|segment| segment.size = 1000),
        &["memory: the segment with key 100 has 1000 bytes instead of 1024"],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.mode = 0o600),
        &["memory: the segment with key 100 has mode 0600 instead of 0644"],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.mode = 0o204),
        &[
            "memory: the segment with key 100 has mode 0204 instead of 0644: 644 without a 0 in front is decimal, a mode is octal (0644)",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0[5] = b'!'),
        &[
            "memory: the segment with key 100 does not hold `Hello\\x00`: the string has no NUL at its end",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0[1] = b'E'),
        &[
            "memory: the segment with key 100 does not hold `Hello\\x00`: byte 1 is 0x45 instead of 0x65",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0.fill(0)),
        &["memory: the segment with key 100 does not hold `Hello\\x00`: nothing was stored in it"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.call(0, "shmat", &["7", "NULL", "0"], 0x7f00);
            builder.e.leftovers.segments[0].attached = 1;
        },
        &[
            "cleanup: the segment with key 100 has 1 attach instead of 0: client called shmat() without a shmdt() after it",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.segments[0].key = 256;
            builder.e.trace[0].args[0] = Arg::Key(256);
        },
        &[
            "cleanup: client left the segment with key 256 behind: shmget() at #1, no shmctl(IPC_RMID)",
            "cleanup: there is no segment with key 100 whose attaches could be counted",
            "memory: there is no segment with key 100: client used key 256 instead of 100: that is 0x100, and 100 is decimal",
        ],
    );
}

#[test]
fn a_segment_that_must_be_gone() {
    let text =
        format!("{SILENT}[case.leaves]\nmay = [\"shm:100\"]\n[case.shm.100]\nexists = false\n");
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["100", "0", "0000"], 7);
    // What must be gone is clean-up, as it is of semaphores, queues and files; format 1 has it otherwise.
    for (format, aspect) in [(1, "memory"), (2, "cleanup")] {
        check(
            &case_of_format(format, &text),
            &right,
            |builder| {
                builder.segment(100, b"");
            },
            &[&format!(
                "{aspect}: the segment with key 100 is still there: client got it at #1 and never called shmctl(IPC_RMID)",
            )],
        );
    }
}

#[test]
fn a_look_in_the_middle() {
    let case = case(
        "[case.actor.writer]\nstudent = \"server\"\n[case.shm.100]\nafter = \"writer exits\"\nsize = 1024\n",
    );
    let mut right = EvidenceBuilder::of(&["writer"]);
    let segment = right.segment(100, b"").clone();
    right.e.leftovers.segments.clear();
    right.e.looks.push(ipclab_evidence::IpcSnapshot {
        of: ipclab_evidence::IpcKind::Segment,
        semaphores: None,
        queue: None,
        key: 100,
        taken: true,
        segment: Some(segment),
    });
    check(
        &case,
        &right,
        |builder| builder.e.looks[0].segment = None,
        &["memory: there is no segment with key 100: writer never called shmget()"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.hangs(0, "pause", None);
            builder.e.looks[0].taken = false;
        },
        &[
            "memory: the moment to look at segment 100 never came, that writer ended: it waits in pause() (#1)",
        ],
    );
}

#[test]
fn a_segment_has_a_size_of_a_range() {
    let mut right = EvidenceBuilder::of(&["writer"]);
    right.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    right.segment(100, b"");
    check(
        &case(
            "[case.actor.writer]\nstudent = \"client\"\n[case.shm.100]\nsize = { at_least = 1000 }\nattached = { at_most = 1 }\n",
        ),
        &right,
        |builder| {
            builder.e.leftovers.segments[0].size = 10;
            builder.e.leftovers.segments[0].attached = 2;
        },
        &[
            "cleanup: the segment with key 100 has 2 attaches instead of at most 1",
            "memory: the segment with key 100 has 10 bytes instead of at least 1000",
        ],
    );
}

#[test]
fn a_segment_of_another_that_was_removed_is_no_wrong_key() {
    let case = case(&format!(
        "{SILENT}[case.given]\nshm.100 = {{ size = 64 }}\nshm.200 = {{ size = 64, holds = \"keep me\" }}\n\
         [case.shm.200]\nholds = \"keep me\"\n"
    ));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["100", "0", "0"], 7);
    right.call(0, "shmctl", &["7", "IPC_RMID", "NULL"], 0);
    right.segment(200, b"keep me\0");
    check(&case, &right, |_| {}, &[]);
    check(
        &case,
        &right,
        |builder| {
            builder.call(0, "shmctl", &["8", "IPC_RMID", "NULL"], 0);
            builder.e.leftovers.segments.clear();
        },
        &["memory: there is no segment with key 200: client removed it by shmctl(IPC_RMID) at #3"],
    );
}
