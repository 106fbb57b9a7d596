//! What holds for any evidence, however hostile or contradictory: the judge never panics, gives no pass for a line that
//! is not there, lets no byte of a program's out of its quotation, and takes no points for trouble of ours.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use crate::common::{EvidenceBuilder, case};
use ipclab_evidence::{
    ActorEvidence, Address, Arg, Bytes, Call, Direction, Ended, Errno, Evidence, Exit, FileKind,
    IpcSnapshot, LeftFile, LeftPort, LeftProcess, LeftQueue, LeftSemaphores, Leftovers, LimitHit,
    LimitKind, Names, Object, PosixQueue, PosixSemaphore, Protocol, Returned, Segment, SemOp,
    Socket, SocketKind, Stream, Transfer, Wait,
};
use ipclab_judge::{DiffLine, Difference, Finding, Verdict, judge, settle};
use ipclab_spec::Case;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A case that expects something of every kind.
static EVERYTHING: LazyLock<Case> = LazyLock::new(|| {
    case(
        r#"
sanitize = true
[case.actor.server]
student = "server 2"
listens = "tcp:0.0.0.0:12345"
exit = 0
stdout = '''
one
...
two {{int}}
'''
stderr.any_order = ["a", "a", "{{any}}b{{int}}"]
[case.actor.client]
reference = "client 127.0.0.1"
copies = 2
after = "server waits"
exit = "failure"
stdout.lines = ["{{client.sent}} bytes sent.", "{{client.received.2}} of {{server.sent}}", "pid {{client.pid}}"]
stderr.contains = ["x"]
[case.actor.uc]
student = "client"
listens = "unix:/tmp/s"
exit = "running"
stdout.lacks = ["y"]
stderr.regex = "(?i)send|write"
[case.actor.rude]
peer = ["connect tcp:12345", "send 'hal'"]
[case.wire]
"client -> server" = { bytes = 49 }
"server -> client" = { sent = ["hello", "x\u0000"], received = ["hello"] }
"uc -> server" = ["z"]
[case.leaves]
may = ["/tmp/uc_*", "sem:5", "process"]
must = ["shm:100", "/tmp/s", "tcp:12345", "msg:7", "posix-shm:/x"]
[case.given]
files."/tmp/s" = "text"
[case.shm.100]
size = 1024
mode = "0644"
attached = 0
holds = "Hello\u0000"
[case.shm.200]
after = "server exits"
exists = false
[case.calls]
server = ["shmget(100, 1024, IPC_CREAT|0644) >= 0", "no accept()", "every socket() has close()", "open(\"/tmp/s\", O_CREAT, 0644) = ENOENT"]
client = ["every fork() has wait()", "recv(_, _, 100, 0) < 0"]
"#,
    )
});

/// Small numbers meet each other, large ones overflow what is careless.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -1..12i64, 1 => any::<i64>(), 1 => Just(12345), 1 => Just(100)]
}

fn index() -> impl Strategy<Value = usize> {
    prop_oneof![20 => 0..6usize, 1 => any::<usize>()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "", "one\n", "two 2\n", "49 bytes sent.\n", "a\n", "0 of 0\n", "pid 2\n", "\0\r\n", "Hello\0", "hello", "x\0",
            "==1==ERROR: AddressSanitizer: heap-use-after-free on\n    #0 0x1 in main a.c:1\n", ": runtime error: ",
            "\u{1b}]0;owned\u{7}", "`; passed: `", "\u{202e}",
        ]).prop_map(str::to_owned),
        1 => ".{0,40}",
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        3 => prop::collection::vec(text(), 0..4).prop_map(|texts| Bytes(texts.concat().into_bytes())),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes),
    ]
}

fn arg() -> impl Strategy<Value = Arg> {
    let op = (0..3u16, -2..3i16).prop_map(|(number, by)| SemOp {
        number,
        by,
        flags: 0,
    });
    let names = prop::sample::select(vec![
        Names::IpcGet,
        Names::Control,
        Names::Message,
        Names::Open,
        Names::SocketType,
        Names::SocketOption,
    ]);
    prop_oneof![
        number().prop_map(Arg::Number),
        prop_oneof![Just(0), Just(0x0001_0000), any::<u64>()].prop_map(Arg::Pointer),
        any::<u32>().prop_map(Arg::Mode),
        prop_oneof![Just(100), any::<i32>()].prop_map(Arg::Key),
        any::<i32>().prop_map(Arg::Signal),
        (names, prop_oneof![0..0o2000u32, any::<u32>()])
            .prop_map(|(names, bits)| Arg::Flags(names, bits)),
        bytes().prop_map(Arg::Path),
        address().prop_map(Arg::Address),
        (bytes(), any::<bool>()).prop_map(|(head, whole)| Arg::Bytes { head, whole }),
        (prop::collection::vec(op, 0..3), any::<bool>())
            .prop_map(|(ops, whole)| Arg::SemOps { ops, whole }),
        any::<u64>().prop_map(Arg::Micros),
        text().prop_map(Arg::Text),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        (
            prop::sample::select(vec![0u32, 0x7f00_0001, 0x7f00_0002]),
            prop::sample::select(vec![12345u16, 14640, 12346, 0, 53])
        )
            .prop_map(|(ip, port)| Address::Inet(SocketAddr::new(
                IpAddr::V4(Ipv4Addr::from(ip)),
                port
            ))),
        prop::sample::select(vec!["/tmp/s", "/tmp/t", "", "/run/nscd/socket"])
            .prop_map(|path| Address::Path(path.into())),
        bytes().prop_map(Address::Path),
        bytes().prop_map(Address::Abstract),
        Just(Address::Unnamed),
        any::<u16>().prop_map(Address::Other),
    ]
}

fn object() -> impl Strategy<Value = Object> {
    prop_oneof![
        4 => index().prop_map(Object::Socket),
        1 => (0..9i32).prop_map(Object::Segment),
        1 => (0..9i32).prop_map(Object::Semaphores),
        1 => bytes().prop_map(Object::File),
        1 => (0..4u8).prop_map(Object::Standard),
        1 => text().prop_map(Object::Other),
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Sent), Just(Direction::Received)]
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let size = prop_oneof![5 => 0..60u64, 1 => any::<u64>()];
    (
        index(),
        prop::option::of(index()),
        direction(),
        size,
        bytes(),
        any::<bool>(),
    )
        .prop_map(|(socket, peer, direction, bytes, head, cut)| Transfer {
            socket,
            peer,
            direction,
            bytes,
            head,
            cut,
        })
}

fn errno() -> impl Strategy<Value = Option<Errno>> {
    let known = prop::sample::select(vec![
        Errno::EINVAL,
        Errno::ECONNREFUSED,
        Errno::EINTR,
        Errno::ENOENT,
    ]);
    prop::option::of(prop_oneof![
        4 => known,
        1 => any::<i32>().prop_map(Errno::from_number),
    ])
}

fn tampered() -> impl Strategy<Value = Option<String>> {
    prop::option::of(
        prop::sample::select(vec!["EINVAL", "at most 3 bytes", "\u{1b}[1m"])
            .prop_map(str::to_owned),
    )
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "socket", "bind", "listen", "accept4", "connect", "read", "write", "recvfrom", "sendto",
        "close", "shmget", "shmat", "shmctl", "semget", "clone", "wait4", "openat", "unlinkat",
        "msgget", "pause", "\u{7}",
    ])
    .prop_map(str::to_owned)
}

fn call() -> impl Strategy<Value = Call> {
    let returned =
        prop::option::of((number(), errno()).prop_map(|(value, errno)| Returned { value, errno }));
    (
        (
            0..40u32,
            index(),
            name(),
            prop::collection::vec(arg(), 0..6),
        ),
        (
            returned,
            prop::option::of(object()),
            prop::option::of(transfer()),
            tampered(),
        ),
    )
        .prop_map(
            |((n, actor, name, args), (returned, object, transfer, tampered))| Call {
                n,
                at_us: 0,
                actor,
                pid: 2,
                name,
                args,
                returned,
                object,
                transfer,
                tampered,
                answers: Vec::new(),
                repeated: None,
                on_request: false,
                lines: Vec::new(),
            },
        )
}

fn socket() -> impl Strategy<Value = Socket> {
    let kind = prop_oneof![
        Just(SocketKind::Stream),
        Just(SocketKind::Datagram),
        Just(SocketKind::Seqpacket),
        Just(SocketKind::Other)
    ];
    (
        (
            index(),
            kind,
            prop::option::of(address()),
            prop::option::of(address()),
        ),
        (
            prop::option::of(index()),
            prop::option::weighted(0.2, index()),
            any::<bool>(),
            0..40u32,
        ),
    )
        .prop_map(
            |((actor, kind, local, remote), (peer, accepted_from, listening, born))| Socket {
                actor,
                kind,
                family: "AF_INET".to_owned(),
                born,
                local,
                remote,
                peer,
                accepted_from,
                listening,
            },
        )
}

fn wait() -> impl Strategy<Value = Wait> {
    (index(), name(), any::<u32>(), prop::option::of(object())).prop_map(
        |(actor, call, n, object)| Wait {
            actor,
            pid: 2,
            call,
            n,
            object,
            timed: false,
            other_ends: Vec::new(),
            in_flight: Vec::new(),
            lock: None,
            threads: Vec::new(),
            known_threads: Vec::new(),
            lines: Vec::new(),
        },
    )
}

fn limit() -> impl Strategy<Value = LimitHit> {
    let kind = prop::sample::select(vec![
        LimitKind::Cpu,
        LimitKind::Output,
        LimitKind::Lines,
        LimitKind::Processes,
        LimitKind::Memory,
        LimitKind::FileSize,
        LimitKind::OpenFiles,
        LimitKind::Calls,
        LimitKind::IpcObjects,
        LimitKind::Files,
        LimitKind::Accesses,
        LimitKind::UnseenMemory,
        LimitKind::UnreadablePrograms,
        LimitKind::Terminals,
        LimitKind::Neighbours,
    ]);
    (kind, any::<u64>()).prop_map(|(kind, limit)| LimitHit { kind, limit })
}

fn exit() -> impl Strategy<Value = Exit> {
    prop_oneof![
        2 => Just(Exit::NotStarted),
        1 => text().prop_map(Exit::NotExecuted),
        3 => any::<u8>().prop_map(Exit::Code),
        3 => Just(Exit::Code(0)),
        1 => (any::<i32>(), text(), prop::option::of(name())).prop_map(|(signal, name, call)| Exit::Signal { signal, name, call }),
        3 => prop::option::of(wait()).prop_map(|wait| Exit::Running { wait, on_sigterm: None }),
        1 => limit().prop_map(Exit::Stopped),
    ]
}

fn stream() -> impl Strategy<Value = Stream> {
    (
        bytes(),
        prop_oneof![4 => Just(None), 1 => (bytes(), any::<u64>()).prop_map(Some)],
    )
        .prop_map(|(head, rest)| {
            let (tail, dropped) = rest.unwrap_or_default();
            Stream {
                head,
                tail,
                dropped,
            }
        })
}

fn actor() -> impl Strategy<Value = ActorEvidence> {
    let name = prop::sample::select(vec![
        "server", "client", "client.1", "client.2", "client.x", "uc", "rude", "nobody", "",
    ]);
    (
        name,
        exit(),
        stream(),
        stream(),
        prop::collection::vec(text(), 0..2),
    )
        .prop_map(|(name, exit, stdout, stderr, complaints)| {
            let mut actor = EvidenceBuilder::of(&[name]).e.actors.remove(0);
            (actor.exit, actor.stdout, actor.stderr, actor.complaints) =
                (exit, stdout, stderr, complaints);
            actor
        })
}

fn segment() -> impl Strategy<Value = Segment> {
    (
        prop::sample::select(vec![0, 100, 200, 256]),
        0..9i32,
        bytes(),
        any::<(bool, bool, bool)>(),
        0..2000u64,
    )
        .prop_map(
            |(key, shmid, holds, (doomed, given, whole), size)| Segment {
                key,
                shmid,
                mode: 0o644,
                doomed,
                size,
                attached: size % 3,
                made_by: Some(shmid as usize),
                given,
                holds,
                whole,
            },
        )
}

fn file() -> impl Strategy<Value = LeftFile> {
    let kind = prop::sample::select(vec![
        FileKind::Regular,
        FileKind::Socket,
        FileKind::Directory,
        FileKind::Symlink,
        FileKind::Fifo,
        FileKind::Other,
    ]);
    let path = prop_oneof![3 => prop::sample::select(vec!["/tmp/s", "/tmp/t", "/x"]).prop_map(Bytes::from), 1 => bytes()];
    (path, kind, any::<bool>(), any::<bool>()).prop_map(|(path, kind, changed, given)| LeftFile {
        path,
        kind,
        size: 0,
        mode: 0,
        changed,
        given,
    })
}

fn leftovers() -> impl Strategy<Value = Leftovers> {
    let files = || prop::collection::vec(file(), 0..20);
    let process = (
        index(),
        0..9u32,
        text(),
        any::<bool>(),
        prop::option::of(wait()),
    )
        .prop_map(|(actor, pid, name, first, wait)| LeftProcess {
            actor,
            pid,
            name,
            first,
            wait,
        });
    let protocol = prop::sample::select(vec![
        Protocol::Tcp,
        Protocol::Udp,
        Protocol::Unix,
        Protocol::Shm,
    ]);
    let port =
        (protocol, address(), prop::option::of(index())).prop_map(|(protocol, address, actor)| {
            LeftPort {
                protocol,
                address,
                actor,
            }
        });
    (
        prop::collection::vec(segment(), 0..3),
        (files(), files(), files()),
        prop::collection::vec(process, 0..3),
        prop::collection::vec(port, 0..3),
        prop::collection::vec((0..9i32, 0..9i32), 0..3),
    )
        .prop_map(
            |(segments, (files, posix_shm, posix_queues), processes, ports, ids)| Leftovers {
                segments,
                semaphores: ids
                    .iter()
                    .map(|(key, semid)| LeftSemaphores {
                        key: *key,
                        semid: *semid,
                        mode: 0,
                        values: Vec::new(),
                        given: false,
                    })
                    .collect(),
                queues: ids
                    .iter()
                    .map(|(key, msqid)| LeftQueue {
                        key: *key,
                        msqid: *msqid,
                        messages: 0,
                        mode: 0o600,
                        given: false,
                        held: Vec::new(),
                    })
                    .collect(),
                files,
                missing: Vec::new(),
                posix_queue_states: posix_queues
                    .iter()
                    .map(|queue| PosixQueue {
                        name: queue.path.clone(),
                        maxmsg: queue.size,
                        msgsize: queue.size,
                        messages: u64::from(queue.mode),
                        held: Vec::new(),
                    })
                    .collect(),
                posix_semaphores: posix_shm
                    .iter()
                    .map(|file| PosixSemaphore {
                        name: file.path.clone(),
                        value: file.mode,
                    })
                    .collect(),
                posix_shm,
                posix_queues,
                processes,
                ports,
                files_beyond: 0,
            },
        )
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let ended = prop_oneof![
        Just(Ended::AllExited),
        prop::collection::vec(wait(), 0..4).prop_map(|waits| Ended::Stuck { waits }),
        (any::<u64>(), prop::collection::vec(wait(), 0..4))
            .prop_map(|(limit_ms, waits)| Ended::DeadlineExceeded { limit_ms, waits }),
        index().prop_map(|actor| Ended::LimitHit { actor }),
    ];
    let look =
        (any::<bool>(), prop::option::of(segment())).prop_map(|(taken, segment)| IpcSnapshot {
            of: ipclab_evidence::IpcKind::Segment,
            semaphores: None,
            queue: None,
            key: 200,
            taken,
            segment,
        });
    (
        prop::collection::vec(actor(), 0..6),
        prop::collection::vec(socket(), 0..6),
        prop::collection::vec(call(), 0..40),
        ended,
        leftovers(),
        prop::collection::vec(look, 0..2),
        prop_oneof![4 => Just(0u64), 1 => any::<u64>()],
    )
        .prop_map(
            |(actors, sockets, trace, ended, leftovers, looks, calls_dropped)| Evidence {
                actors,
                sockets,
                trace,
                ended,
                leftovers,
                looks,
                calls_dropped,
                ..EvidenceBuilder::of(&[]).e
            },
        )
}

/// Everything in a finding that a report prints.
fn printed(finding: &Finding) -> Vec<String> {
    let mut all = vec![finding.message.clone()];
    all.extend(finding.expected.clone());
    all.extend(finding.seen.clone());
    match &finding.difference {
        Some(Difference::Lines(lines)) => all.extend(lines.iter().filter_map(|line| match line {
            DiffLine::Same(text) | DiffLine::Missing(text) | DiffLine::Extra(text) => {
                Some(text.clone())
            }
            DiffLine::Elided(_) => None,
        })),
        Some(Difference::Byte { expected, seen, .. }) => {
            all.extend([expected.clone(), seen.clone()])
        }
        None => {}
    }
    all
}

#[track_caller]
fn holds(condition: bool, what: &dyn Debug) -> Result<(), TestCaseError> {
    prop_assert!(condition, "{:?}", what);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn any_evidence_is_judged_alike_twice_and_printable(evidence in evidence()) {
        let findings = judge(&EVERYTHING, &evidence);
        prop_assert_eq!(&findings, &judge(&EVERYTHING, &evidence));
        for finding in &findings {
            for text in printed(finding) {
                let clean = text.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
                holds(clean, &text)?;
            }
            // One sentence on one line, and not a wall of a program's text.
            holds(!finding.message.contains('\n') && finding.message.chars().count() < 3000, &finding.message)?;
        }
        let outcome = settle(&EVERYTHING, findings);
        prop_assert!(outcome.earned <= outcome.max);
    }

    #[test]
    fn trouble_fails_nobody(mut evidence in evidence(), trouble in text()) {
        evidence.trouble.push(trouble);
        let findings = judge(&EVERYTHING, &evidence);
        prop_assert!(findings.iter().all(|finding| finding.verdict != Verdict::Fail));
    }

    #[test]
    fn a_line_that_is_absent_never_passes(
        wanted in prop::collection::vec("[a-z0-9]{1,3}[ .:]?[a-z0-9.:]{0,3}", 1..5),
        seen in prop::collection::vec("[a-z0-9 .:]{0,12}", 0..8),
        keep in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut lines = seen;
        for (at, text) in wanted.iter().enumerate() {
            if keep[at] {
                lines.push(text.clone());
            }
        }
        let list = wanted.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
        let case = case(&format!("[case.actor.client]\nstudent = \"client\"\nstdout.lines = [{list}]\n"));
        let mut builder = EvidenceBuilder::of(&["client"]);
        builder.out(0, &lines.join("\n"));
        let passed = judge(&case, &builder.e)[0].verdict == Verdict::Pass;
        let present = |text: &String| lines.iter().any(|line| line.contains(text.trim()));
        if passed {
            holds(wanted.iter().all(present), &(&wanted, &lines))?;
        }
        // And what is printed as expected does pass.
        if keep.iter().take(wanted.len()).all(|kept| *kept) {
            holds(passed, &(&wanted, &lines))?;
        }
    }

    #[test]
    fn a_longer_number_never_passes_for_a_shorter_one(number in 0..1000u32, before in "[0-9]{0,2}", after in "[0-9]{0,2}") {
        let case = case(&format!("[case.actor.client]\nstudent = \"client\"\nstdout.lines = [\"{number} bytes, #{number}\"]\n"));
        let mut builder = EvidenceBuilder::of(&["client"]);
        builder.out(0, &format!("{before}{number} bytes, #{number}{after}\n"));
        let passed = judge(&case, &builder.e)[0].verdict == Verdict::Pass;
        prop_assert_eq!(passed, before.is_empty() && after.is_empty());
    }
}
