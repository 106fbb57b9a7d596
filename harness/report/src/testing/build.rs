//! Small labs, outcomes and traces to build reports from.
use std::time::Duration;

use crate::{About, Judged, Place, Places, Program, Report};
use ipclab_evidence::{
    ActorEvidence, Address, Bytes, Call, CaseTimes, Direction, Ended, Errno, Evidence, Exit,
    Isolation, Leftovers, Level, Object, Returned, Socket, SocketKind, Stream, Transfer, Wait,
    format_v1,
};
use ipclab_judge::{Finding, Part, Verdict};
use ipclab_spec::{
    Actor, Aspect, Case, Given, Leaves, Player, Points, Reference, Spec, Template, Tier, Visibility,
};

/// A lab with these cases.
pub fn spec(cases: Vec<Case>) -> Spec {
    let program = |name: &str| ipclab_spec::Program {
        name: name.into(),
        sources: vec![format!("{name}.c")],
        build: None,
        flags: Vec::new(),
        reference: Reference::BuiltIn(name.into()),
    };
    Spec {
        lab: "tcp-echo".into(),
        title: "Connection-oriented client and server".into(),
        unit: vec!["Q4".into(), "Q5".into(), "Q6".into()],
        hosts: Vec::new(),
        programs: vec![program("iserver"), program("comclient")],
        cases,
    }
}

/// A case without actors.
pub fn case(id: &str, title: &str, tier: Tier, points: Points) -> Case {
    Case {
        id: id.into(),
        title: title.into(),
        tier,
        points,
        covers: vec!["Q6".into()],
        hint: None,
        next_hints: Vec::new(),
        hints: Default::default(),
        limit: Duration::from_secs(10),
        requires: Vec::new(),
        visibility: Visibility::Visible,
        sanitize: None,
        open_files: None,
        output_lines: None,
        limits: ipclab_spec::CaseLimits::default(),
        interleave: Vec::new(),
        actors: vec![
            student("server", "iserver"),
            reference("client", "comclient"),
        ],
        wire: Vec::new(),
        leaves: Leaves::default(),
        shm: Vec::new(),
        calls: Vec::new(),
        objects: Default::default(),
        given: Given::default(),
        faults: Vec::new(),
        fail_each: Vec::new(),
        everywhere: false,
        vary: Vec::new(),
        runs: 1,
        oracle: false,
        line: 1,
        text: String::new(),
    }
}

fn actor(name: &str, player: Player) -> Actor {
    Actor {
        name: name.into(),
        player,
        copies: Template::text("1"),
        stdin: None,
        listens: None,
        after: None,
        exit: None,
        stdout_is: Default::default(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    }
}

/// An actor that the student's program plays.
pub fn student(name: &str, program: &str) -> Actor {
    actor(
        name,
        Player::Student {
            program: program.into(),
            args: Vec::new(),
        },
    )
}

/// An actor that a reference program plays.
pub fn reference(name: &str, program: &str) -> Actor {
    actor(
        name,
        Player::Reference {
            program: program.into(),
            args: Vec::new(),
        },
    )
}

/// An actor that a script plays.
pub fn peer(name: &str) -> Actor {
    actor(name, Player::Peer { steps: Vec::new() })
}

/// Of whose check the report is.
pub fn about() -> About {
    About {
        sources: std::collections::BTreeMap::new(),
        submission: "submissions/alice".into(),
        isolation: Level::Namespaces,
        isolation_notes: Vec::new(),
        command: ["ipclab", "check", "submissions/alice", "--lab", "tcp-echo"]
            .map(String::from)
            .to_vec(),
    }
}

/// Two programs that were built.
pub fn programs() -> Vec<Program> {
    vec![
        Program::built("iserver", &["iserver.c"]),
        Program::built("comclient", &["client.c", "util.c"]),
    ]
}

/// A graded finding without evidence.
pub fn finding(aspect: Aspect, verdict: Verdict, message: &str) -> Finding {
    Finding {
        aspect,
        verdict,
        graded: true,
        actor: Some("server".into()),
        message: message.into(),
        expected: None,
        seen: None,
        difference: None,
        cites: Vec::new(),
        lines: Vec::new(),
        mistake: None,
    }
}

/// A case and its outcome, kept together so that a report can borrow both.
pub struct JudgedCase {
    /// The case.
    pub case: Case,
    /// Its verdict.
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// The same by aspect.
    pub parts: Vec<Part>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was observed.
    pub evidence: Option<Evidence>,
    /// What the reference did in the student's place.
    pub reference: Option<Evidence>,
    /// What is said beside it.
    pub notes: Vec<String>,
    /// Where the findings show and come from.
    pub places: Vec<Places>,
    /// Which cause its failures belong to, from 0.
    pub cause: u32,
}

impl JudgedCase {
    /// A case with this outcome.
    pub fn new(case: Case, verdict: Verdict, earned: u32, findings: Vec<Finding>) -> Self {
        Self {
            case,
            verdict,
            earned,
            parts: Vec::new(),
            findings,
            evidence: None,
            reference: None,
            notes: Vec::new(),
            places: Vec::new(),
            cause: 0,
        }
    }

    /// With the line of a file where its first finding shows, and those that it comes from.
    pub fn placed(mut self, file: &str, line: u32, from: &[u32]) -> Self {
        let place = |line: u32| Place {
            file: file.into(),
            line,
        };
        self.places = vec![Places {
            lines: vec![place(line)],
            from: from.iter().map(|line| place(*line)).collect(),
        }];
        self
    }

    /// A case that got its points.
    pub fn passed(id: &str, title: &str, tier: Tier, points: u32) -> Self {
        let findings = vec![finding(
            Aspect::Output,
            Verdict::Pass,
            "server printed the line",
        )];
        Self::new(
            case(id, title, tier, Points::Whole(points)),
            Verdict::Pass,
            points,
            findings,
        )
    }

    /// With what the reference did in the student's place.
    pub fn beside(mut self, reference: Evidence) -> Self {
        self.reference = Some(reference);
        self
    }

    /// With evidence.
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }
}

/// The report of these cases.
pub fn report(about: &About, programs: Vec<Program>, done: &[JudgedCase]) -> Report {
    let spec = spec(done.iter().map(|done| done.case.clone()).collect());
    let judged: Vec<Judged<'_>> = done
        .iter()
        .map(|done| Judged {
            places: done.places.clone(),
            reference: done.reference.as_ref(),
            case: &done.case,
            verdict: done.verdict,
            earned: done.earned,
            max: done.case.points.max(),
            parts: &done.parts,
            findings: &done.findings,
            evidence: done.evidence.as_ref(),
            notes: done.notes.clone(),
            causes: done
                .findings
                .iter()
                .map(|finding| matches!(finding.verdict, Verdict::Fail).then_some(done.cause))
                .collect(),
        })
        .collect();
    Report::new(&spec, about, programs, &judged)
}

/// A trace, written as a script.
pub struct Trace(pub Evidence);

impl Trace {
    /// A trace of these actors, with no call yet.
    pub fn new(actors: &[&str]) -> Self {
        let actor = |name: &&str| ActorEvidence {
            name: (*name).to_owned(),
            pid: Some(2),
            exit: Exit::Code(0),
            started_us: Some(0),
            ready: true,
            served: None,
            stdout: Stream::default(),
            stderr: Stream::default(),
            open_at_exit: Vec::new(),
            limits: Vec::new(),
            processes: 1,
            cpu_ms: 1,
            rss_max_kib: 1000,
            calls_dropped: 0,
            report_begun: false,
            made_code: Vec::new(),
            other_options: false,
            refused: Vec::new(),
            counted: None,
            calls: 10,
            complaints: Vec::new(),
            ended_at: Vec::new(),
            printed: Vec::new(),
        };
        Self(Evidence {
            name: "case".into(),
            isolation: Isolation {
                level: Level::Namespaces,
                counted_by: "rlimits".into(),
                notes: Vec::new(),
            },
            ended: Ended::AllExited,
            actors: actors.iter().map(actor).collect(),
            sockets: Vec::new(),
            trace: Vec::new(),
            calls_dropped: 0,
            looks: Vec::new(),
            leftovers: Leftovers::default(),
            sharing: None,
            objects: Default::default(),
            passed: Vec::new(),
            trouble: Vec::new(),
            spent: CaseTimes::default(),
        })
    }

    /// A call without an object; returns its index.
    pub fn call(
        &mut self,
        actor: usize,
        name: &str,
        args: &[&str],
        returned: Result<i64, &str>,
    ) -> usize {
        let n = self.0.trace.last().map_or(1, |last| last.n + 1);
        let written: Vec<_> = args.iter().map(|text| (*text, None)).collect();
        self.0.trace.push(Call {
            n,
            at_us: u64::from(n) * 10,
            actor,
            pid: 2,
            name: name.into(),
            args: format_v1::arguments(name, &written),
            returned: Some(match returned {
                Ok(value) => Returned { value, errno: None },
                Err(errno) => Returned {
                    value: -1,
                    errno: Some(Errno::from_name(errno).expect("an errno")),
                },
            }),
            object: None,
            transfer: None,
            tampered: None,
            answers: Vec::new(),
            repeated: None,
            on_request: false,
            lines: Vec::new(),
        });
        self.0.trace.len() - 1
    }

    /// A call on a socket.
    pub fn on(
        &mut self,
        actor: usize,
        socket: usize,
        name: &str,
        args: &[&str],
        returned: Result<i64, &str>,
    ) -> usize {
        let index = self.call(actor, name, args, returned);
        self.0.trace[index].object = Some(Object::Socket(socket));
        index
    }

    /// A socket that the next call makes.
    pub fn socket(
        &mut self,
        actor: usize,
        kind: SocketKind,
        family: &str,
        peer: Option<usize>,
    ) -> usize {
        self.0.sockets.push(Socket {
            actor,
            kind,
            family: family.into(),
            born: self.0.trace.last().map_or(1, |last| last.n + 1),
            local: None,
            remote: None,
            peer,
            accepted_from: None,
            listening: false,
        });
        self.0.sockets.len() - 1
    }

    /// Bytes that crossed.
    pub fn moved(
        &mut self,
        socket: usize,
        direction: Direction,
        name: &str,
        bytes: &[u8],
    ) -> usize {
        let actor = self.0.sockets[socket].actor;
        let index = self.on(
            actor,
            socket,
            name,
            &["3", "...", "100"],
            Ok(bytes.len() as i64),
        );
        self.0.trace[index].transfer = Some(Transfer {
            socket,
            peer: self.0.sockets[socket].peer,
            direction,
            bytes: bytes.len() as u64,
            head: Bytes(bytes[..bytes.len().min(64)].to_vec()),
            cut: false,
        });
        index
    }

    /// Bytes that were sent.
    pub fn send(&mut self, socket: usize, bytes: &[u8]) -> usize {
        self.moved(socket, Direction::Sent, "sendto", bytes)
    }

    /// Bytes that were received.
    pub fn recv(&mut self, socket: usize, bytes: &[u8]) -> usize {
        self.moved(socket, Direction::Received, "recvfrom", bytes)
    }

    /// A call that blocks for ever.
    pub fn waits(&mut self, actor: usize, socket: usize, name: &str) -> Wait {
        let index = self.on(actor, socket, name, &["3"], Ok(0));
        let call = &mut self.0.trace[index];
        call.returned = None;
        Wait {
            actor,
            pid: 2,
            call: name.into(),
            n: call.n,
            object: Some(Object::Socket(socket)),
            timed: false,
            other_ends: Vec::new(),
            in_flight: Vec::new(),
            lock: None,
            threads: Vec::new(),
            known_threads: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Server 0 and client 1 over TCP, up to the established connection: its two ends, the client's first.
    pub fn connected(&mut self) -> (usize, usize) {
        let listener = self.socket(0, SocketKind::Stream, "AF_INET", None);
        self.on(
            0,
            listener,
            "socket",
            &["AF_INET", "SOCK_STREAM", "0"],
            Ok(3),
        );
        self.on(
            0,
            listener,
            "bind",
            &["3", "{AF_INET, 0.0.0.0:12345}", "16"],
            Ok(0),
        );
        self.on(0, listener, "listen", &["3", "5"], Ok(0));
        let accept = self.on(0, listener, "accept", &["3", "NULL", "NULL"], Ok(4));
        self.call(
            1,
            "openat",
            &["AT_FDCWD", "\"/etc/hosts\"", "O_RDONLY"],
            Ok(3),
        );
        let client = self.socket(1, SocketKind::Stream, "AF_INET", None);
        self.on(1, client, "socket", &["AF_INET", "SOCK_STREAM", "0"], Ok(3));
        self.on(
            1,
            client,
            "connect",
            &["3", "{AF_INET, 127.0.0.1:12345}", "16"],
            Ok(0),
        );
        let served = self.socket(0, SocketKind::Stream, "AF_INET", Some(client));
        self.0.sockets[served].born = self.0.trace[accept].n;
        self.0.sockets[served].accepted_from = Some(listener);
        self.0.sockets[client].peer = Some(served);
        self.0.sockets[client].remote = Some(Address::Inet("127.0.0.1:12345".parse().unwrap()));
        (client, served)
    }
}
