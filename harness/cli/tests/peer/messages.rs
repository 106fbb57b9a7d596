//! FIFOs and System V message queues.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::thread;

use ipclab_reference::sysv::Queue;

use crate::supervisor::PeerSupervisor;

#[test]
fn a_fifo_is_made_written_read_and_removed() {
    let supervisor = PeerSupervisor::new();
    let (req, rep) = (supervisor.name("req"), supervisor.name("rep"));
    let other = {
        let (req, rep) = (req.clone(), rep.clone());
        move || {
            let mut text = String::new();
            File::open(&req).unwrap().read_to_string(&mut text).unwrap();
            let mut answer = OpenOptions::new().write(true).open(&rep).unwrap();
            answer.write_all(text.to_uppercase().as_bytes()).unwrap();
        }
    };
    let mut other = Some(other);
    let mut serving = None;
    let played = supervisor.play(
        &[
            &format!("fifo make {req} 0622"),
            &format!("fifo make {rep}"),
            "until other waits",
            &format!("fifo open {req} write"),
            "fifo send 'hello'",
            "fifo close",
            &format!("fifo open {rep} read"),
            "fifo recv 'HEL'",
            "fifo recv 2 bytes",
            "fifo recv EOF",
            "fifo close",
            &format!("fifo remove {req}"),
            &format!("fifo remove {rep}"),
        ],
        |_| {
            serving = other.take().map(thread::spawn);
            "go"
        },
    );
    serving.unwrap().join().unwrap();
    played.is_content();
    assert!(!supervisor.path("req").exists() && !supervisor.path("rep").exists());
}

#[test]
fn what_a_fifo_brings_instead_is_told() {
    let supervisor = PeerSupervisor::new();
    let fifo = supervisor.name("f");
    nix::unistd::mkfifo(fifo.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let writer = {
        let fifo = fifo.clone();
        thread::spawn(move || {
            let mut open = OpenOptions::new().write(true).open(fifo).unwrap();
            open.write_all(b"half").unwrap();
        })
    };
    let played = supervisor.play(
        &[
            "fifo send 'x'",
            &format!("fifo open {fifo} read"),
            "fifo recv 'hard'",
            "fifo recv 'x'",
            "fifo close",
            "fifo close",
            "fifo open nowhere write",
        ],
        |_| "go",
    );
    writer.join().unwrap();
    assert_eq!(
        played.complaints,
        [
            "fifo send 'x': no FIFO is open to write",
            "fifo recv 'hard': got 4 bytes \"half\": byte 3 is 0x6c, not 0x72",
            "fifo recv 'x': got nothing: every writer closed the FIFO",
            "fifo close: no FIFO is open",
            "fifo open nowhere write: open() failed: no such file or directory (there is no FIFO of that name)",
        ]
    );
}

#[test]
fn messages_of_a_queue_are_sent_and_taken_by_their_types() {
    let supervisor = PeerSupervisor::new();
    let key = 0x6a00_0000 | (std::process::id() & 0x00ff_ffff);
    let played = supervisor.play(
        &[
            &format!("msg recv {key} any"),
            &format!("msg create {key} 0600"),
            &format!("msg send {key} 'first'"),
            &format!("msg send {key} type 3 'third'"),
            &format!("msg recv {key} type 3 'third'"),
            &format!("msg recv {key} 'First'"),
            &format!("msg send {key} hex 0001"),
            &format!("msg recv {key} type -1 3 bytes"),
            &format!("msg remove {key}"),
        ],
        |_| "go",
    );
    assert_eq!(
        played.complaints,
        [
            format!(
                "msg recv {key} any: msgget() failed: no such file or directory (there is no message queue with that key)"
            ),
            format!(
                "msg recv {key} 'First': got a message of 5 bytes \"first\": byte 1 is 0x66, not 0x46"
            ),
            format!(
                "msg recv {key} type -1 3 bytes: got a message of 2 bytes \"\\0\\x01\", 1 byte too few"
            ),
        ]
    );
    assert!(Queue::get(key.cast_signed(), 0).is_err());
}
