//! System V segments.

use std::sync::atomic::{AtomicU32, Ordering};

use ipclab_reference::sysv::Segment;
use nix::libc;

use crate::supervisor::PeerSupervisor;

/// A key that only one test has; whatever has it at the end is removed.
struct Key(i32);

impl Key {
    fn own() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let n = 0x6000_0000 | (std::process::id() << 4 & 0x0fff_fff0) | (next & 15);
        Self(n.cast_signed())
    }

    fn segment(&self) -> Option<Segment> {
        Segment::get(self.0, 0, 0).ok()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        if let Some(segment) = self.segment() {
            let _ = segment.remove();
        }
    }
}

#[test]
fn a_segment_from_its_making_to_its_end() {
    let supervisor = PeerSupervisor::new();
    let key = Key::own();
    let n = key.0;
    let mut attached = Vec::new();
    let played = supervisor.play(
        &[
            &format!("shm create {n} 1000 0640"),
            "until other waits",
            &format!("shm attach {n}"),
            r#"shm write "Hello\0""#,
            "until other waits",
            r#"shm read "Hello\0""#,
            "shm read 'Hell'",
            "shm read ''",
            "shm write 'J'",
            "shm read 'Jello'",
            "shm write 1000 bytes",
            "shm read 1000 bytes",
            "shm read hex 6162",
            "shm detach",
            "until other waits",
            &format!("shm remove {n}"),
        ],
        |_| {
            let segment = key.segment().unwrap();
            let status = segment.status().unwrap();
            assert_eq!((status.size, status.mode), (1000, 0o640));
            attached.push(status.attached);
            if status.attached == 1 {
                let held = segment.attach_read_only().unwrap();
                assert_eq!(held.c_string(), b"Hello");
            }
            "go"
        },
    );
    played.is_content();
    assert_eq!(attached, [0, 1, 0]);
    assert!(key.segment().is_none());
}

#[test]
fn a_segment_that_is_held_is_let_go_at_the_end() {
    let supervisor = PeerSupervisor::new();
    let key = Key::own();
    let segment = Segment::get(key.0, 16, libc::IPC_CREAT | 0o600).unwrap();
    let played = supervisor.play(
        &[&format!("shm attach {}", key.0), "until other waits"],
        |_| {
            assert_eq!(segment.status().unwrap().attached, 1);
            "go"
        },
    );
    played.is_content();
    assert_eq!(segment.status().unwrap().attached, 0);
}

#[test]
fn what_can_be_wrong_with_a_segment() {
    let supervisor = PeerSupervisor::new();
    let (key, missing) = (Key::own(), Key::own());
    let (n, none) = (key.0, missing.0);
    let segment = Segment::get(n, 8, libc::IPC_CREAT | 0o600).unwrap();
    let held = segment.attach_read_write().unwrap();
    held.store(b"Hullo").unwrap();
    let (create, attach, remove) = (
        format!("shm create {n} 8"),
        format!("shm attach {none}"),
        format!("shm remove {none}"),
    );
    let there = format!("shm attach {n}");
    let missing = "shmget() failed: no such file or directory (there is no segment with that key)";
    supervisor
        .play_alone(&[
            "shm write 'a'",
            "shm read 'a'",
            "shm detach",
            &create,
            &attach,
            &remove,
            &there,
            "shm read 'Hello'",
            r#"shm read "Hullo!""#,
            r#"shm read "Hullo\0\0""#,
            "shm read 9 bytes",
            "shm write 'too long!'",
            "shm detach",
            "shm detach",
        ])
        .complains(&[
            "shm write 'a': no segment is attached",
            "shm read 'a': no segment is attached",
            "shm detach: no segment is attached",
            &format!("{create}: shmget() failed: file exists (there is one with that key already)"),
            &format!("{attach}: {missing}"),
            &format!("{remove}: {missing}"),
            r#"shm read 'Hello': the segment begins with "Hullo\0": byte 2 is 0x75, not 0x65"#,
            r#"shm read "Hullo!": the segment begins with "Hullo\0": byte 6 is 0x00, not 0x21"#,
            r#"shm read "Hullo\0\0": a peer cannot look behind the segment's first NUL"#,
            "shm read 9 bytes: the segment has 8 bytes, not 9",
            "shm write 'too long!': the segment has 8 bytes, not 9",
            "shm detach: no segment is attached",
        ]);
    // Nothing of what failed has touched it.
    assert_eq!(held.c_string(), b"Hullo");
}

#[test]
fn a_segment_that_only_its_identifier_leads_to() {
    let supervisor = PeerSupervisor::new();
    let key = Key::own();
    let segment = Segment::get(key.0, 64, libc::IPC_CREAT | 0o600).unwrap();
    let id = segment.id();
    let played = supervisor.play_alone(&[
        format!("shm attach id {id}"),
        "shm write 'hello'".to_owned(),
        "shm read 'hello'".to_owned(),
        "shm detach".to_owned(),
        format!("shm remove id {id}"),
        format!("shm attach id {id}"),
    ]);
    assert!(key.segment().is_none());
    assert_eq!(
        played.complaints,
        [format!(
            "shm attach id {id}: shmat() failed: invalid argument"
        )]
    );
}
