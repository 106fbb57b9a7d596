//! What the judge says about what is left behind.

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, check, complaints};
use ipclab_evidence::{Arg, FileKind};

#[test]
fn files_left_behind() {
    let case = case(&format!(
        "{SILENT}[case.leaves]\nmay = [\"/tmp/uc_srv_*\"]\n"
    ));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.serve_datagrams(0, "/tmp/uc_cli_socket.7");
    right.file("/tmp/uc_srv_socket", FileKind::Socket);
    right.file("/lab/__pycache__", FileKind::Directory);
    let left = |builder: &mut EvidenceBuilder| {
        builder.file("/tmp/uc_cli_socket.7", FileKind::Socket);
    };
    check(
        &case,
        &right,
        left,
        &["cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, no unlink()"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.exit(0, 1);
            builder.fails(
                0,
                "sendto",
                &["3", "{AF_UNIX, \"/tmp/uc_srv_socket\"}"],
                "ENOENT",
            );
            left(builder);
        },
        &[
            "cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, no unlink(): it ended with status 1 after send() to /tmp/uc_srv_socket failed with ENOENT (No such file or directory) at #3",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.fails(0, "unlink", &["\"/tmp/uc_cli_socket.7\""], "EACCES");
            left(builder);
        },
        &[
            "cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, unlink() failed with EACCES (Permission denied) at #3",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.file("/tmp/log.txt", FileKind::Regular);
            builder.call(
                0,
                "openat",
                &["-100", "\"/tmp/log.txt\"", "O_WRONLY|O_CREAT", "0644"],
                3,
            );
        },
        &["cleanup: client left /tmp/log.txt behind: open() at #3, no unlink()"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.file("/tmp/other", FileKind::Regular);
        },
        &["cleanup: the file /tmp/other was left behind"],
    );
}

#[test]
fn system_v_objects_left_behind() {
    let case = case(SILENT);
    let right = EvidenceBuilder::of(&["client"]);
    let got = |builder: &mut EvidenceBuilder| {
        builder.segment(100, b"");
        builder.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    };
    check(
        &case,
        &right,
        got,
        &[
            "cleanup: client left the segment with key 100 behind: shmget() at #1, no shmctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            got(builder);
            builder.fails(0, "shmctl", &["7", "IPC_RMID", "NULL"], "EPERM");
        },
        &[
            "cleanup: client left the segment with key 100 behind: shmget() at #1, shmctl() failed with EPERM (Operation not permitted) at #2",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.segment(0, b"");
            builder.call(0, "shmget", &["IPC_PRIVATE", "1024", "0600"], 7);
        },
        &[
            "cleanup: client left the segment with key IPC_PRIVATE behind: shmget() at #1, no shmctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder
                .e
                .leftovers
                .semaphores
                .push(ipclab_evidence::LeftSemaphores {
                    key: 5,
                    semid: 3,
                    mode: 0o600,
                    values: vec![0],
                    given: false,
                });
            builder.call(0, "semget", &["5", "1", "IPC_CREAT|0600"], 3);
        },
        &[
            "cleanup: client left the semaphore set with key 5 behind: semget() at #1, no semctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.queues.push(ipclab_evidence::LeftQueue {
                key: 6,
                msqid: 3,
                messages: 0,
                mode: 0o600,
                given: false,
                held: Vec::new(),
            });
        },
        &["cleanup: the message queue with key 6 was left behind: no msgctl(IPC_RMID)"],
    );
    // What the plan gave, and what is marked for removal, is no leftover.
    let mut given = EvidenceBuilder::of(&["client"]);
    given.segment(100, b"").given = true;
    given.segment(200, b"").doomed = true;
    assert_eq!(complaints(&case, &given), Vec::<String>::new());
}

#[test]
fn what_a_reference_created_the_students_program_was_to_remove() {
    let case = case(
        "[case.actor.writer]\nreference = \"server\"\n[case.actor.reader]\nstudent = \"client\"\nafter = \"writer exits\"\n",
    );
    let mut right = EvidenceBuilder::of(&["writer", "reader"]);
    right.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    right.call(1, "shmget", &["100", "0", "0000"], 7);
    check(
        &case,
        &right,
        |builder| {
            builder.segment(100, b"");
        },
        &[
            "cleanup: reader left the segment with key 100 behind: shmget() at #2, no shmctl(IPC_RMID)",
        ],
    );
}

#[test]
fn processes_and_ports_left_behind() {
    let case = case(
        "points = { cleanup = 1 }\n[case.actor.server]\nstudent = \"server\"\nexit = 0\n"
            .replace("points", "#")
            .as_str(),
    );
    let mut right = EvidenceBuilder::of(&["server"]);
    right.call(0, "clone", &["CLONE_CHILD_SETTID|SIGCHLD"], 9);
    check(
        &case,
        &right,
        |builder| builder.process(0, 9, "server"),
        &["cleanup: server left process 9 (server) running: fork() at #1, no wait()"],
    );
    check(
        &case,
        &right,
        |builder| builder.port(0, "0.0.0.0:12345"),
        &["cleanup: server still serves tcp:0.0.0.0:12345: by a process that it made"],
    );
    // An actor that never ends fails for that, and not for its port as well.
    check(
        &case,
        &right,
        |builder| {
            builder.hangs(0, "accept", None);
            builder.port(0, "0.0.0.0:12345");
            builder.process(0, 9, "server");
        },
        &["exit: server never ended: it waits in accept() (#2)"],
    );
}

#[test]
fn what_must_be_there() {
    let body = format!(
        "{SILENT}[case.given]\nfiles.\"/tmp/s\" = \"text\"\n[case.leaves]\nmust = [\"/tmp/s\", \"shm:100\"]\n"
    );
    let case = case(&body);
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "0644"], 7);
    right.segment(100, b"");
    right.file("/tmp/s", FileKind::Regular).given = true;
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.segments.clear();
            builder.call(0, "shmctl", &["7", "IPC_RMID", "NULL"], 0);
        },
        &[
            "cleanup: the segment with key 100 is not there at the end: client removed it, shmctl(IPC_RMID) at #2",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.segments.clear();
            builder.e.trace[0].args[0] = Arg::Key(256);
        },
        &[
            "cleanup: the segment with key 100 is not there at the end: client used key 256 instead of 100: that is 0x100, and 100 is decimal",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.files.clear();
            builder.call(0, "unlink", &["\"/tmp/s\""], 0);
        },
        &["cleanup: /tmp/s is not there at the end: client removed it, unlink() at #2"],
    );
    check(
        &case,
        &right,
        |builder| {
            let file = &mut builder.e.leftovers.files[0];
            (file.given, file.changed, file.kind) = (false, true, FileKind::Socket);
        },
        &["cleanup: /tmp/s was there before and is not the same any more"],
    );
}

/// Folders in folders without end are one thing that was left.
#[test]
fn a_tree_that_is_left_is_told_once() {
    let case = case(SILENT);
    let right = EvidenceBuilder::of(&["client"]);
    let leave = |builder: &mut EvidenceBuilder, depth: usize| {
        let mut path = "/tmp/deep".to_owned();
        for _ in 0..depth {
            builder.file(&path, FileKind::Directory);
            path += "/deep";
        }
        builder.file("/tmp/deeper", FileKind::Regular);
    };
    check(
        &case,
        &right,
        |builder| leave(builder, 12),
        &[
            "cleanup: the folder /tmp/deep was left behind, with 11 things in it",
            "cleanup: the file /tmp/deeper was left behind",
        ],
    );
    check(
        &case,
        &right,
        |builder| leave(builder, 2),
        &[
            "cleanup: the folder /tmp/deep was left behind",
            "cleanup: the folder /tmp/deep/deep was left behind",
            "cleanup: the file /tmp/deeper was left behind",
        ],
    );
}
