//! What the judge says about processes, descriptors and files.

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, check, complaints, keeps_to_the_style, process};
use ipclab_evidence::{
    AwaitedLock, DescriptorPlace, Fate, FileAccess, FileKind, FileState, FoundFile, HeldDescriptor,
    HeldDescriptors, HeldLock, LeftQueue, LeftSemaphores, LockKind, LockRange, Moment, Object,
    OpenEnd, PassedDescriptor, ProcessEnd, QueuedMessage, SourceLine, StartedProgram, ThreadStart,
};

fn waited() -> Option<Fate> {
    Some(Fate::WaitedFor { by: 0, call: None })
}

/// A parent that has waited for a child of status 0 and one of status 3.
fn family() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["client"]);
    let code = |status| Some(ProcessEnd::Code(status));
    builder.e.objects.processes = vec![
        process(2, None, code(0), None),
        process(3, Some(0), code(0), waited()),
        process(4, Some(0), code(3), waited()),
    ];
    for (at, pid) in [(1, 3), (2, 4)] {
        let n = builder.call(0, "fork", &[], pid);
        builder.e.objects.processes[at].made_by = Some(n);
    }
    builder
}

#[test]
fn children_are_counted_and_waited_for() {
    let case = case(&format!(
        "{SILENT}[case.processes]\ntotal = 3\nchildren = {{ at_least = 1, at_most = 2 }}\nthreads = 0\nzombies = 0\n\
         orphans = 0\nends = [3, 0]\n"
    ));
    let right = family();
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[1].fate = Some(Fate::Zombie),
        &[
            "cleanup: client left 1 zombie instead of 0: process 3 (fork() at #1, ended with status 0) ended and was never waited for: its status is lost, and it stays a zombie until its parent ends",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            let child = &mut builder.e.objects.processes[2];
            (child.end, child.fate) = (None, Some(Fate::Orphan));
        },
        &[
            "exit: no child of client ended with status 3: process 4 (fork() at #2) had not ended when the case was over",
            "cleanup: client left 1 orphan instead of 0: process 4 (fork() at #2) outlived its parent, which did not wait for it",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.objects.processes[0].threads = 1;
            builder.e.objects.processes.truncate(2);
        },
        &[
            "exit: client had no child that ended with status 3",
            "calls: client had 2 processes instead of 3 (its first process counts, threads do not)",
            "calls: client had 1 thread instead of 0 (beside the one that each process begins with)",
        ],
    );
    // A grandchild is a process and no child.
    check(
        &case,
        &right,
        |builder| {
            let grandchild = process(5, Some(1), Some(ProcessEnd::Code(0)), waited());
            builder.e.objects.processes.push(grandchild);
        },
        &["calls: client had 4 processes instead of 3 (its first process counts, threads do not)"],
    );
    // The kernel threw their statuses away, as its parent wanted it to.
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[1].fate = Some(Fate::Discarded),
        &[],
    );
    check(
        &case,
        &right,
        |builder| builder.e.objects.dropped = 7,
        &["exit", "cleanup", "cleanup", "calls", "calls", "calls"].map(|aspect| {
            let said = "what client did with its processes is not proved: they did so much that 7 moments were not kept";
            format!("{aspect}: {said}")
        }).each_ref().map(String::as_str),
    );
}

#[test]
fn threads_that_are_never_joined() {
    let case = case(&format!("{SILENT}[case.processes]\nunjoined = 0\n"));
    let mut right = family();
    right.call(0, "clone", &[], 5);
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[0].unjoined = vec![3],
        &[
            "cleanup: client ended with 1 thread neither joined nor detached (made by #3) instead of 0: those that still run are killed then, in the middle of their work; call pthread_join() for each",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            let line = SourceLine {
                file: "client.c".to_owned(),
                line: 12,
            };
            let function = Some("reader".to_owned());
            let process = &mut builder.e.objects.processes[0];
            process.unjoined = vec![3];
            process.unjoined_starts = [(3, ThreadStart { function, line })].into();
        },
        &[
            "cleanup: client ended with 1 thread neither joined nor detached (reader() at client.c:12, made by #3) instead of 0: those that still run are killed then, in the middle of their work; call pthread_join() for each",
        ],
    );
}

#[test]
fn programs_that_are_started() {
    let case = case(&format!(
        "{SILENT}[case.processes]\nruns = [\"ls -l '/a b'\", \"wc {{{{any}}}}\"]\n"
    ));
    let mut right = family();
    let argv = |words: &[&str]| StartedProgram {
        argv: words.iter().map(|word| (*word).into()).collect(),
        call: None,
        environment: Vec::new(),
    };
    right.e.objects.processes[1].programs = vec![argv(&["/bin/ls", "-l", "/a b"])];
    right.e.objects.processes[2].programs = vec![argv(&["wc", "-c"])];
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[1].programs = vec![argv(&["ls", "-l", "/a"])],
        &["calls: client did not run `ls -l /a b`: it ran `ls -l /a`, `wc -c`"],
    );
    check(
        &case,
        &right,
        |builder| {
            for process in &mut builder.e.objects.processes {
                process
                    .programs
                    .truncate(usize::from(process.parent.is_none()));
            }
            builder.fails(0, "execve", &["\"/bin/ls\""], "EACCES");
        },
        &[
            "calls: client did not run `ls -l /a b`: exec() failed with EACCES (Permission denied) at #3",
            "calls: client did not run `wc ...`: exec() failed with EACCES (Permission denied) at #3",
        ],
    );
}

#[test]
fn what_is_open_and_should_not_be() {
    let case = case(&format!(
        "{SILENT}[[case.descriptors]]\nof = \"pipes\"\nat_exec = 0\n[[case.descriptors]]\nof = \"write ends\"\nat_wait = 0\n"
    ));
    let end = |fd, writes: bool| HeldDescriptor {
        fd,
        on: "pipe 1".to_owned(),
        reads: !writes,
        writes,
        closes_on_exec: false,
        passed: false,
    };
    let held = |moment, open: &[HeldDescriptor]| HeldDescriptors {
        moment,
        call: Some(1),
        open: open.to_vec(),
    };
    let mut right = family();
    // What is at the standard places is what they are for.
    right.e.objects.processes[1].held = vec![held(Moment::Exec, &[end(1, true)])];
    // A read end in the parent does no harm.
    right.e.objects.processes[0].held = vec![held(Moment::Wait, &[end(3, false)])];
    check(
        &case,
        &right,
        |builder| {
            builder.e.objects.processes[1].held[0]
                .open
                .push(end(4, false));
            builder.e.objects.processes[0].held[0]
                .open
                .push(end(5, true));
        },
        &[
            "cleanup: the program `./client` was started with 1 pipe end open at #1 instead of 0: 4 (read end of pipe 1); close() what the program has no use for before exec, or open it with O_CLOEXEC",
            "cleanup: client waited with 1 write end of a pipe open at #1 instead of 0: 5 (write end of pipe 1); a reader comes to the end of file only when every write end is closed",
        ],
    );
    // The line is said where it is known for certain: one pipe, or a copy with that number.
    let mut made = EvidenceBuilder::of(&["client"]);
    let called = |builder: &mut EvidenceBuilder, name, returned: i64, line| {
        let n = builder.call(0, name, &[], returned);
        builder.e.trace[n as usize - 1].lines = vec![SourceLine {
            file: "client.c".to_owned(),
            line,
        }];
    };
    called(&mut made, "pipe", 0, 7);
    called(&mut made, "dup2", 9, 8);
    called(&mut made, "wait4", 3, 9);
    made.e.objects.processes = vec![
        process(2, None, Some(ProcessEnd::Code(0)), None),
        process(3, Some(0), Some(ProcessEnd::Code(0)), waited()),
    ];
    made.e.objects.processes[1].programs.clear();
    let mut waits = held(Moment::Wait, &[end(4, true), end(9, true)]);
    waits.call = Some(3);
    made.e.objects.processes[0].held = vec![waits];
    let said = |builder: &EvidenceBuilder| {
        let mut all = complaints(&case, builder).into_iter();
        all.find(|text| text.contains("waited with"))
    };
    assert_eq!(
        said(&made).as_deref(),
        Some(
            "cleanup: client waited with 2 write ends of pipes open at #3 instead of 0: 4 (write end of pipe 1, made at client.c:7), 9 (write end of pipe 1, made at client.c:8); a reader comes to the end of file only when every write end is closed"
        )
    );
    let mut two = made.clone();
    two.e.trace[1].name = "pipe".into();
    two.e.trace[1].returned = two.e.trace[0].returned;
    let text = said(&two).expect("a finding");
    assert!(!text.contains("made at"), "{text}");
    // What a program was given when it began is not its doing, in whatever world.
    let mut inherits = right.clone();
    let processes = &mut inherits.e.objects.processes;
    processes[0]
        .held
        .insert(0, held(Moment::Exec, &[end(5, true)]));
    processes[0].held[1].open.push(end(5, true));
    processes[1].held[0].open.push(end(5, true));
    check(
        &case,
        &inherits,
        |builder| {
            builder.e.objects.processes[0].held[1]
                .open
                .push(end(6, true));
        },
        &[
            "cleanup: client waited with 1 write end of a pipe open at #1 instead of 0: 6 (write end of pipe 1); a reader comes to the end of file only when every write end is closed",
        ],
    );
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[0].held.clear(),
        &["cleanup: no process of client waited for a child"],
    );
}

#[test]
fn descriptors_that_are_passed() {
    let place = |pid, fd, call| DescriptorPlace {
        actor: 0,
        pid,
        fd,
        call,
    };
    let of_file = |to| PassedDescriptor {
        from: place(2, 5, 1),
        on: "/tmp/a".to_owned(),
        reads: true,
        writes: false,
        to,
    };
    let case = case(&format!(
        "{SILENT}[[case.descriptors]]\nof = \"files\"\npasses = 1\nreceives = 1\n[[case.descriptors]]\nof = \"passed\"\nat_wait = 0\n"
    ));
    let mut right = family();
    right.e.objects.passed = vec![of_file(Some(place(3, 4, 2)))];
    let open = HeldDescriptor {
        fd: 5,
        on: "/tmp/a".to_owned(),
        reads: true,
        writes: false,
        closes_on_exec: false,
        passed: false,
    };
    right.e.objects.processes[0].held = vec![HeldDescriptors {
        moment: Moment::Wait,
        call: Some(1),
        open: vec![open],
    }];
    check(
        &case,
        &right,
        |builder| builder.e.objects.passed.clear(),
        &[
            "calls: client passed 0 files over Unix sockets instead of 1; a number means nothing to another process: send the descriptor by sendmsg() with SCM_RIGHTS",
            "calls: client received 0 files over Unix sockets instead of 1",
        ],
    );
    check(
        &case,
        &right,
        |builder| builder.e.objects.passed[0] = of_file(None),
        &[
            "calls: client received 0 files over Unix sockets instead of 1; one was sent and never received: recvmsg() needs room for it in msg_control",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            let again = of_file(Some(place(4, 4, 2)));
            builder.e.objects.passed.push(again);
        },
        &[
            "calls: client passed 2 files over Unix sockets instead of 1: /tmp/a from client at #1 to process 3 of client at #2, /tmp/a from client at #1 to process 4 of client at #2",
            "calls: client received 2 files over Unix sockets instead of 1: /tmp/a from client at #1 to process 3 of client at #2, /tmp/a from client at #1 to process 4 of client at #2",
        ],
    );
    // A socket is no file.
    check(
        &case,
        &right,
        |builder| {
            let mut other = of_file(Some(place(3, 5, 2)));
            other.on = "socket 1".to_owned();
            builder.e.objects.passed.push(other);
        },
        &[],
    );
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[0].held[0].open[0].passed = true,
        &[
            "cleanup: client waited with 1 passed descriptor open at #1 instead of 0: 5 (/tmp/a); what was passed stays open in its sender, too: close() it after sendmsg()",
        ],
    );
}

#[test]
fn what_programs_find_in_their_environment() {
    let rules = "environment = [\"LANG=C\", \"HOME={{any}}\", \"no SECRET\"]\n";
    let of = |runs: &str| case(&format!("{SILENT}[case.processes]\n{runs}{rules}"));
    let (all, of_one) = (of(""), of("runs = [\"ls\"]\n"));
    let program = |name: &str, environment: &[&str]| StartedProgram {
        argv: vec![name.into()],
        call: Some(2),
        environment: environment.iter().map(|entry| (*entry).into()).collect(),
    };
    let good = &["LANG=C", "HOME=/lab"];
    let mut right = family();
    right.e.objects.processes[1].programs = vec![program("ls", good)];
    right.e.objects.processes[2].programs.clear();
    check(
        &all,
        &right,
        |builder| {
            let odd = program("wc", &["LANG=de", "SECRET="]);
            builder.e.objects.processes[2].programs = vec![odd];
        },
        &[
            "calls: `wc` was started at #2 with `LANG=de` in its environment instead of `LANG=C`",
            "calls: `wc` was started at #2 with no HOME in its environment instead of `HOME=...`",
            "calls: `wc` was started at #2 with `SECRET=` in its environment instead of no SECRET",
        ],
    );
    // Of others nothing is asked where some are named.
    check(
        &of_one,
        &right,
        |builder| builder.e.objects.processes[2].programs = vec![program("wc", &[])],
        &[],
    );
    check(
        &of_one,
        &right,
        |builder| builder.e.objects.processes[1].programs[0].environment = vec!["HOME=".into()],
        &["calls: `ls` was started at #2 with no LANG in its environment instead of `LANG=C`"],
    );
    check(
        &all,
        &right,
        |builder| builder.e.objects.processes[1].programs.clear(),
        &[
            "calls: client started no program that could have `LANG=C` in its environment",
            "calls: client started no program that could have `HOME=...` in its environment",
            "calls: client started no program that could have no SECRET in its environment",
        ],
    );
}

#[test]
fn directories_that_are_walked() {
    let of = |walked: bool| {
        case(&format!(
            "{SILENT}[case.files.\"/tmp/d\"]\nwalked = {walked}\n"
        ))
    };
    let (all, none) = (of(true), of(false));
    let read = |builder: &mut EvidenceBuilder, path: &str, bytes: i64| {
        builder.call(0, "getdents64", &["3", "0x1", "100"], bytes);
        builder.last().object = Some(Object::File(path.into()));
    };
    let mut unread = family();
    unread.e.objects.files = vec![FileState {
        path: "/tmp/d".into(),
        found: Some(FoundFile {
            kind: FileKind::Directory,
            size: 40,
            mode: 0o755,
            links: 2,
            blocks: 0,
            is_own: true,
            target: None,
            holds: "".into(),
            whole: true,
            digest: String::new(),
        }),
    }];
    let mut whole = unread.clone();
    for (path, bytes) in [("/tmp/d", 80), ("/tmp/d", 0), ("/tmp/e", 80)] {
        read(&mut whole, path, bytes);
    }
    let part = |builder: &mut EvidenceBuilder| {
        builder.e.trace.retain(|call| call.n != 4);
    };
    check(
        &all,
        &whole,
        part,
        &[
            "calls: client began to read the entries of /tmp/d at #3 and not to their end: call readdir() until it returns NULL",
        ],
    );
    check(
        &all,
        &whole,
        |builder| builder.e.trace.truncate(2),
        &["calls: the entries of /tmp/d were never read"],
    );
    check(
        &none,
        &unread,
        |builder| read(builder, "/tmp/d", 80),
        &["calls: client read the entries of /tmp/d at #3, where it has nothing to look for"],
    );
    check(&none, &unread, |builder| read(builder, "/tmp/d/e", 80), &[]);
    // What was not kept is no proof.
    check(
        &none,
        &unread,
        |builder| builder.e.actors[0].calls_dropped = 1,
        &["calls: who read the entries of /tmp/d is not proved: the trace lacks 1 call"],
    );
}

#[test]
fn files_that_are_left() {
    let case = case(&format!(
        "{SILENT}[case.files.\"/tmp/b\"]\nholds = \"hello\\n\"\nmode = \"0644\"\nsize = 6\nholes = false\n\
         [case.files.copy]\nsame_as = \"/tmp/a\"\n[case.files.\"/tmp/gone\"]\nexists = false\n"
    ));
    let found = |text: &str| FoundFile {
        kind: FileKind::Regular,
        size: text.len() as u64,
        mode: 0o644,
        links: 1,
        blocks: 8,
        is_own: true,
        target: None,
        holds: text.into(),
        whole: true,
        digest: text.to_owned(),
    };
    let file = |path: &str, found: Option<FoundFile>| FileState {
        path: path.into(),
        found,
    };
    let mut right = EvidenceBuilder::of(&["client"]);
    right.e.objects.files = vec![
        file("/tmp/b", Some(found("hello\n"))),
        file("/lab/copy", Some(found("same"))),
        file("/tmp/a", Some(found("same"))),
        file("/tmp/gone", None),
    ];
    // What is described is meant to be there.
    right.file("/tmp/b", FileKind::Regular);
    right.file("/lab/copy", FileKind::Regular);
    check(
        &case,
        &right,
        |builder| {
            let file = builder.e.objects.files[0].found.as_mut().unwrap();
            (file.holds, file.size, file.mode) = ("hellO\n".into(), 6, 0o600);
        },
        &[
            "output: /tmp/b has mode 0600 instead of 0644: the umask has taken 044 away, and fchmod() sets it all the same",
            "output: /tmp/b does not hold `hello\\n`: byte 4 is 0x4f instead of 0x6f",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.objects.files[0].found = None;
            builder.e.objects.files[1].found = Some(found("sam"));
            builder.e.objects.files[3].found = Some(found(""));
        },
        &[
            "output: /tmp/b is not there",
            "output: copy does not hold the same as /tmp/a: it has 3 bytes, /tmp/a has 4 bytes, and one is the beginning of the other",
            "cleanup: /tmp/gone is still there: a file",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            let file = builder.e.objects.files[0].found.as_mut().unwrap();
            (file.holds, file.size, file.blocks) = ("hello".into(), 5, 0);
        },
        &[
            "output: /tmp/b has 5 bytes instead of 6 bytes",
            "output: /tmp/b has holes (5 bytes in 0 blocks of 512) instead of no holes",
            "output: /tmp/b does not hold `hello\\n`: the last byte is missing",
        ],
    );
}

/// A copy that was right, of a program that then waited for ever, had all points of its case.
#[test]
fn files_of_a_program_that_never_ended_do_not_count() {
    const PLAIN: &str = "student = \"client\"";
    let judged = |actor: &str, expect: &[&str]| {
        let case = case(&format!(
            "[case.actor.client]\n{actor}\n[case.files.\"/tmp/gone\"]\nexists = false\n[case.leaves]\nmust = [\"shm:100\"]\n"
        ));
        let mut builder = EvidenceBuilder::of(&["client"]);
        builder.e.objects.files = vec![FileState {
            path: "/tmp/gone".into(),
            found: None,
        }];
        builder.segment(100, b"x");
        if actor == PLAIN {
            assert_eq!(complaints(&case, &builder), [""; 0]);
        }
        builder.hangs(0, "semop", None);
        let said = complaints(&case, &builder);
        assert_eq!(said, expect);
        keeps_to_the_style(&said);
    };
    let not_counted = [
        "cleanup: the segment with key 100 does not count, since client never ended: it waits in semop() (#1)",
        "cleanup: /tmp/gone does not count, since client never ended: it waits in semop() (#1)",
    ];
    judged(PLAIN, &not_counted);
    judged("student = \"client\"\nexit = \"running\"", &[]);
    judged("student = \"client\"\nexit = \"any\"", &[]);
    judged(
        "student = \"client\"\nlistens = \"tcp:127.0.0.1:5000\"",
        &[
            "calls: client never served tcp:127.0.0.1:5000: it never made a socket, it waits in semop() (#1)",
        ],
    );
}

#[test]
fn a_file_that_is_written_without_its_lock() {
    let judged = |locked: &str, accesses: &[FileAccess], expect: &[&str]| {
        let case = case(&format!(
            "{SILENT}[case.files.\"/tmp/db\"]\nlocked = \"{locked}\"\n"
        ));
        let mut builder = EvidenceBuilder::of(&["client"]);
        builder.call(0, "pwrite64", &["3", "\"x\"", "1", "5"], 1);
        builder.e.objects.files = vec![FileState {
            path: "/tmp/db".into(),
            found: Some(FoundFile {
                kind: FileKind::Regular,
                size: 20,
                mode: 0o644,
                links: 1,
                blocks: 8,
                is_own: true,
                target: None,
                holds: "".into(),
                whole: true,
                digest: String::new(),
            }),
        }];
        builder.file("/tmp/db", FileKind::Regular);
        builder.e.objects.accesses = accesses.to_vec();
        let said = complaints(&case, &builder);
        assert_eq!(said, expect);
        keeps_to_the_style(&said);
    };
    let access = |writes, lock| FileAccess {
        actor: 0,
        pid: 4,
        path: "/tmp/db".into(),
        writes,
        lock,
        count: 1,
        call: Some(1),
        from: 5,
        bytes: 1,
    };
    let (exclusive, shared) = (Some(LockKind::Exclusive), Some(LockKind::Shared));
    judged(
        "writes",
        &[access(true, exclusive), access(false, None)],
        &[],
    );
    judged(
        "all",
        &[access(true, exclusive), access(false, shared)],
        &[],
    );
    judged(
        "writes",
        &[access(true, exclusive), access(true, None)],
        &[
            "calls: client wrote 1 byte to /tmp/db, from byte 5 on, at #1 without a lock on all of them",
        ],
    );
    judged(
        "writes",
        &[FileAccess {
            count: 3,
            ..access(true, shared)
        }],
        &[
            "calls: client wrote 1 byte to /tmp/db, from byte 5 on, at #1 under a shared lock, which keeps no other out (3 times)",
        ],
    );
    judged(
        "all",
        &[
            access(true, exclusive),
            FileAccess {
                bytes: 4,
                ..access(false, None)
            },
        ],
        &[
            "calls: client read 4 bytes of /tmp/db, from byte 5 on, at #1 without a lock on all of them",
        ],
    );
    judged(
        "writes",
        &[FileAccess {
            bytes: u64::MAX - 5,
            ..access(true, None)
        }],
        &["calls: client cut off /tmp/db at byte 5 at #1 without a lock on all of them"],
    );
    // What does nothing has kept every rule.
    judged(
        "writes",
        &[access(false, None)],
        &["calls: /tmp/db was never written, so nothing shows that it is locked"],
    );
}

#[test]
fn who_has_the_lock_that_a_program_waits_for() {
    let range = |kind, from, to| LockRange { kind, from, to };
    let told = |held: Vec<HeldLock>| {
        let case = case("[case.actor.client]\nstudent = \"client\"\nexit = 0\n");
        let mut builder = EvidenceBuilder::of(&["client"]);
        let mut wait = builder.hangs(0, "fcntl", None);
        wait.lock = Some(Box::new(AwaitedLock {
            wanted: range(LockKind::Exclusive, 0, Some(9)),
            held,
        }));
        builder.e.actors[0].exit = ipclab_evidence::Exit::Running {
            wait: Some(wait),
            on_sigterm: None,
        };
        let said = complaints(&case, &builder);
        keeps_to_the_style(&said);
        said.join("; ")
    };
    let held = |pid, kind, from, to| HeldLock {
        actor: 0,
        pid,
        lock: range(kind, from, to),
    };
    assert_eq!(
        told(vec![held(8, LockKind::Exclusive, 0, None)]),
        "exit: client never ended: it waits in fcntl() (#1) for an exclusive lock on bytes 0 to 9; process 8 of client has locked all of the file"
    );
    assert_eq!(
        told(vec![
            held(8, LockKind::Shared, 3, Some(3)),
            held(9, LockKind::Shared, 4, None)
        ]),
        "exit: client never ended: it waits in fcntl() (#1) for an exclusive lock on bytes 0 to 9; process 8 of client has locked byte 3; process 9 of client has locked all bytes from 4 on"
    );
}

/// A name without a slash was given to `execv()`, and the report said twice that exec() had failed.
#[test]
fn a_program_that_is_not_looked_for_along_path() {
    let case = case(&format!("{SILENT}[case.processes]\nruns = [\"ls -l\"]\n"));
    let mut builder = family();
    for process in &mut builder.e.objects.processes {
        process
            .programs
            .truncate(usize::from(process.parent.is_none()));
    }
    builder.fails(0, "execve", &["\"ls\""], "ENOENT");
    builder.e.actors[0].exit = ipclab_evidence::Exit::Code(127);
    let said = complaints(&case, &builder);
    keeps_to_the_style(&said);
    assert!(
        said.contains(
            &"calls: client did not run `ls -l`: exec() failed with ENOENT (No such file or directory) at #3. A name without a slash is looked for along PATH by execvp() only"
                .to_owned()
        ),
        "{said:?}"
    );
}

#[test]
fn why_the_end_of_file_never_comes() {
    let case = case("[case.actor.client]\nstudent = \"client\"\nexit = 0\n");
    let right = EvidenceBuilder::of(&["client"]);
    let end = |pid, came_by| OpenEnd {
        actor: 0,
        pid,
        fd: 4,
        came_by,
    };
    let told = |on: Option<Object>, ends: Vec<OpenEnd>, in_flight: &[u32], said: &str| {
        let said = format!("exit: client never ended: it waits in read() (#1) on {said}");
        check(
            &case,
            &right,
            |builder| {
                let mut wait = builder.hangs(0, "read", on.clone());
                wait.other_ends.clone_from(&ends);
                wait.in_flight = in_flight.to_vec();
                builder.e.actors[0].exit = ipclab_evidence::Exit::Running {
                    wait: Some(wait),
                    on_sigterm: None,
                };
            },
            &[&said],
        );
    };
    told(
        None,
        vec![end(2, None)],
        &[],
        "a pipe: its write end is still open in itself (descriptor 4). End of file comes only when every copy of it is closed",
    );
    told(
        None,
        vec![end(8, Some(9))],
        &[],
        "a pipe: its write end is still open in process 8 of client (descriptor 4, passed at #9). End of file comes only when every copy of it is closed",
    );
    told(
        None,
        Vec::new(),
        &[7],
        "a pipe: its write end was passed at #7 and never received. End of file comes only when it is received and closed",
    );
    told(
        Some(Object::Socket(0)),
        vec![end(2, None)],
        &[],
        "one of two sockets: the other one is still open in itself (descriptor 4). End of file comes only when every copy of it is closed",
    );
}

/// A server of ours keeps the writing end of its own FIFO open, so that no end of file ever comes: that is nothing to mend.
#[test]
fn what_ours_keep_open_is_not_told() {
    let spec = "[case.actor.server]\nreference = \"server\"\n[case.actor.client]\nstudent = \"client\"\nexit = 0\n";
    let right = EvidenceBuilder::of(&["server", "client"]);
    let told = |holder: usize, said: &str| {
        let said = format!(
            "exit: client never ended: it waits in open() (#2); no program can go on: our server waits in read() (#1){said} client waits in open() (#2)"
        );
        check(
            &case(spec),
            &right,
            |builder| {
                let mut reads = builder.hangs(0, "read", None);
                reads.other_ends = vec![OpenEnd {
                    actor: holder,
                    pid: 3,
                    fd: 3,
                    came_by: None,
                }];
                let opens = builder.hangs(1, "openat", None);
                builder.e.ended = ipclab_evidence::Ended::Stuck {
                    waits: vec![reads, opens.clone()],
                };
                builder.e.actors[1].exit = ipclab_evidence::Exit::Running {
                    wait: Some(opens),
                    on_sigterm: None,
                };
            },
            &[&said],
        );
    };
    told(0, ",");
    told(
        1,
        " on a pipe: its write end is still open in client (descriptor 3). End of file comes only when every copy of it is closed;",
    );
}

/// A search along PATH is one exec: only its last step counts.
#[test]
fn a_search_along_path_is_one_exec() {
    let case = case(&format!(
        "{SILENT}[case.calls]\nclient = [\"no exec() = ENOENT\"]\n"
    ));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.fails(0, "execve", &["\"/usr/local/bin/ls\""], "ENOENT");
    right.call(0, "execve", &["\"/usr/bin/ls\""], 0);
    check(
        &case,
        &right,
        |builder| {
            builder.fails(0, "execve", &["\"/usr/bin/nonsense\""], "ENOENT");
        },
        &["calls: client called exec() at #3"],
    );
}

/// waitid() returns 0, and waits for a child all the same.
#[test]
fn a_child_is_waited_for_by_either_call() {
    let case = case(&format!(
        "{SILENT}[case.calls]\nclient = [\"every fork() has wait()\"]\n"
    ));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "fork", &[], 4);
    right.call(0, "waitid", &[], 0);
    right.last().answers = vec![ipclab_evidence::Answer {
        name: "wait".to_owned(),
        value: "4".to_owned(),
    }];
    check(
        &case,
        &right,
        |builder| builder.last().answers[0].value = "5".to_owned(),
        &["calls: client called fork() at #1, and no wait() for it"],
    );
}

#[test]
fn one_of_several_calls() {
    let case = case(&format!(
        "{SILENT}[case.calls]\nclient = [\"dup2(_, 1) or dup3(_, 1, _)\"]\n"
    ));
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "dup3", &["4", "1", "0"], 1);
    check(
        &case,
        &right,
        |builder| builder.last().name = "dup".to_owned(),
        &["calls: client never called dup2() or dup3()"],
    );
}

#[test]
fn what_is_in_semaphores_and_queues() {
    let case = case(&format!(
        "{SILENT}[case.sem.7]\nvalues = [0, 2]\n[case.msg.8]\nmessages = 1\nholds = [\"hi\"]\n[case.msg.9]\nexists = false\n"
    ));
    let message = |text: &str| QueuedMessage {
        mtype: 1,
        text: text.into(),
    };
    let queue = |key, held: &[QueuedMessage]| LeftQueue {
        key,
        msqid: key,
        messages: held.len() as u64,
        mode: 0o600,
        given: false,
        held: held.to_vec(),
    };
    let mut right = EvidenceBuilder::of(&["client"]);
    right.e.leftovers.semaphores = vec![LeftSemaphores {
        key: 7,
        semid: 1,
        mode: 0o600,
        values: vec![0, 2],
        given: false,
    }];
    right.e.leftovers.queues = vec![queue(8, &[message("hi")])];
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.semaphores[0].values = vec![1, 2];
            builder.e.leftovers.queues = vec![queue(8, &[message("hi"), message("ho")])];
        },
        &[
            "memory: the semaphore set with key 7 has the values 1, 2 instead of 0, 2",
            "memory: 2 messages waited in the message queue with key 8 instead of 1",
            "memory: the message queue with key 8 held `hi`, `ho` instead of `hi`",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.leftovers.semaphores.clear();
            builder.e.leftovers.queues = vec![queue(9, &[])];
        },
        &[
            "cleanup: the message queue with key 9 was left behind: no msgctl(IPC_RMID)",
            "cleanup: the message queue with key 9 is still there: no IPC_RMID",
            "memory: there is no semaphore set with key 7 any more",
            "memory: there is no message queue with key 8 any more",
        ],
    );
}
