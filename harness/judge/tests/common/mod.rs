//! Evidence put together by hand, one call after another, and what the judge says about it.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test binary uses a part of these tools, which explain themselves"
)]

use ipclab_evidence::{
    ActorEvidence, Address, Arg, Bytes, Call, CaseTimes, Direction, Ended, Errno, Evidence, Exit,
    Fate, FileKind, Isolation, LeftFile, LeftPort, LeftProcess, Leftovers, Level, Object, Process,
    ProcessEnd, Protocol, Returned, Segment, Signals, Socket, SocketKind, StartedProgram, Stream,
    Transfer, Wait, format_v1,
};
use ipclab_judge::{Finding, Outcome, Verdict, judge, settle, style};
use ipclab_spec::Case;

/// A case of a spec that has the programs `server` and `client`.
pub fn case(body: &str) -> Case {
    case_of_format(1, body)
}

/// The same in a version of the language.
pub fn case_of_format(format: u32, body: &str) -> Case {
    let text = format!(
        "format = {format}\nlab = \"t\"\ntitle = \"t\"\nunit = [\"Q1\"]\n\n\
         [program.server]\nsource = [\"server.c\"]\nreference = \"iserver\"\n\n\
         [program.client]\nsource = [\"client.c\"]\nreference = \"comclient\"\n\n\
         [[case]]\nid = \"t\"\ntitle = \"t\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q1\"]\nhint = \"t\"\n{body}"
    );
    match ipclab_spec::parse("t.toml", &text) {
        Ok(parsed) => parsed.spec.cases.into_iter().next().expect("one case"),
        Err(diagnostics) => panic!("{}\n{text}", diagnostics.render(false)),
    }
}

/// Evidence that a test puts together.
#[derive(Clone)]
pub struct EvidenceBuilder {
    pub e: Evidence,
}

impl EvidenceBuilder {
    /// Every actor started, printed nothing and exited 0.
    pub fn of(names: &[&str]) -> Self {
        let actor = |(at, name): (usize, &&str)| ActorEvidence {
            name: (*name).to_owned(),
            pid: Some(2 + at as u32),
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
        Self {
            e: Evidence {
                name: "t".to_owned(),
                isolation: Isolation {
                    level: Level::Namespaces,
                    counted_by: "rlimits".to_owned(),
                    notes: Vec::new(),
                },
                ended: Ended::AllExited,
                actors: names.iter().enumerate().map(actor).collect(),
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
            },
        }
    }

    /// The next call of the trace. Arguments that are numbers have their value, as the tracer gives it.
    pub fn call(&mut self, actor: usize, name: &str, args: &[&str], value: i64) -> u32 {
        let n = self.e.trace.len() as u32 + 1;
        self.e.trace.push(Call {
            n,
            at_us: u64::from(n),
            actor,
            pid: 2 + actor as u32,
            name: name.to_owned(),
            args: arguments(name, args),
            returned: Some(Returned { value, errno: None }),
            object: None,
            transfer: None,
            tampered: None,
            answers: Vec::new(),
            repeated: None,
            on_request: false,
            lines: Vec::new(),
        });
        n
    }

    pub fn last(&mut self) -> &mut Call {
        self.e.trace.last_mut().expect("a call")
    }

    pub fn fails(&mut self, actor: usize, name: &str, args: &[&str], errno: &str) -> u32 {
        let n = self.call(actor, name, args, -1);
        self.last().returned = Some(Returned {
            value: -1,
            errno: Some(Errno::from_name(errno).expect("an errno")),
        });
        n
    }

    /// A call that never returns, and its actor with it.
    pub fn hangs(&mut self, actor: usize, name: &str, object: Option<Object>) -> Wait {
        let n = self.call(actor, name, &[], 0);
        self.last().returned = None;
        self.last().object.clone_from(&object);
        let wait = Wait {
            actor,
            pid: 2 + actor as u32,
            call: name.to_owned(),
            n,
            object,
            timed: false,
            other_ends: Vec::new(),
            in_flight: Vec::new(),
            lock: None,
            threads: Vec::new(),
            known_threads: Vec::new(),
            lines: Vec::new(),
        };
        self.e.actors[actor].exit = Exit::Running {
            wait: Some(wait.clone()),
            on_sigterm: None,
        };
        match &mut self.e.ended {
            Ended::Stuck { waits } => waits.push(wait.clone()),
            _ => {
                self.e.ended = Ended::Stuck {
                    waits: vec![wait.clone()],
                };
            }
        }
        wait
    }

    pub fn socket(&mut self, actor: usize, kind: SocketKind) -> usize {
        let born = self.call(actor, "socket", &["AF_INET", "SOCK_STREAM", "0"], 3);
        self.e.sockets.push(Socket {
            actor,
            kind,
            family: "AF_INET".to_owned(),
            born,
            local: None,
            remote: None,
            peer: None,
            accepted_from: None,
            listening: false,
        });
        self.last().object = Some(Object::Socket(self.e.sockets.len() - 1));
        self.e.sockets.len() - 1
    }

    pub fn bind(&mut self, socket: usize, address: &str) {
        let actor = self.e.sockets[socket].actor;
        let (text, address) = addressed(address);
        self.call(actor, "bind", &["3", &text, "16"], 0);
        self.last().object = Some(Object::Socket(socket));
        self.e.sockets[socket].local = Some(address);
    }

    pub fn listen(&mut self, socket: usize) {
        let actor = self.e.sockets[socket].actor;
        self.call(actor, "listen", &["3", "5"], 0);
        self.last().object = Some(Object::Socket(socket));
        self.e.sockets[socket].listening = true;
    }

    /// socket, bind, listen.
    pub fn serve(&mut self, actor: usize, address: &str) -> usize {
        let socket = self.socket(actor, SocketKind::Stream);
        self.bind(socket, address);
        self.listen(socket);
        socket
    }

    /// socket, bind on a datagram socket.
    pub fn serve_datagrams(&mut self, actor: usize, address: &str) -> usize {
        let socket = self.socket(actor, SocketKind::Datagram);
        self.bind(socket, address);
        socket
    }

    /// A connection to a listening socket: the client's end and the server's.
    pub fn connect(&mut self, client: usize, listening: usize) -> (usize, usize) {
        let server = self.e.sockets[listening].actor;
        let here = self.socket(client, SocketKind::Stream);
        self.call(
            client,
            "connect",
            &["3", "{AF_INET, 127.0.0.1:12345}", "16"],
            0,
        );
        self.last().object = Some(Object::Socket(here));
        let born = self.call(server, "accept", &["3", "NULL", "NULL"], 4);
        self.last().object = Some(Object::Socket(listening));
        let mut there = self.e.sockets[here].clone();
        there.actor = server;
        there.born = born;
        there.accepted_from = Some(listening);
        there.peer = Some(here);
        there.local = self.e.sockets[listening].local.clone();
        self.e.sockets.push(there);
        let there = self.e.sockets.len() - 1;
        self.e.sockets[here].peer = Some(there);
        self.e.sockets[here].remote = Some(addressed("127.0.0.1:12345").1);
        (here, there)
    }

    pub fn moves(
        &mut self,
        direction: Direction,
        socket: usize,
        peer: Option<usize>,
        bytes: &[u8],
    ) -> u32 {
        let actor = self.e.sockets[socket].actor;
        let name = match direction {
            Direction::Sent => "sendto",
            Direction::Received => "recvfrom",
        };
        let n = self.call(actor, name, &["3", "...", "100", "0"], bytes.len() as i64);
        self.last().object = Some(Object::Socket(socket));
        self.last().transfer = Some(Transfer {
            socket,
            peer,
            direction,
            bytes: bytes.len() as u64,
            head: bytes.into(),
            cut: false,
        });
        n
    }

    /// Sent at one end of a connection and received at the other.
    pub fn cross(&mut self, from: usize, to: usize, bytes: &[u8]) {
        self.moves(Direction::Sent, from, Some(to), bytes);
        self.moves(Direction::Received, to, Some(from), bytes);
    }

    pub fn out(&mut self, actor: usize, text: &str) {
        self.e.actors[actor]
            .stdout
            .head
            .0
            .extend_from_slice(text.as_bytes());
    }

    pub fn err(&mut self, actor: usize, text: &str) {
        self.e.actors[actor]
            .stderr
            .head
            .0
            .extend_from_slice(text.as_bytes());
    }

    pub fn exit(&mut self, actor: usize, status: u8) {
        self.e.actors[actor].exit = Exit::Code(status);
    }

    pub fn killed(&mut self, actor: usize, signal: i32, name: &str, call: Option<&str>) {
        self.e.actors[actor].exit = Exit::Signal {
            signal,
            name: name.to_owned(),
            call: call.map(str::to_owned),
        };
    }

    pub fn unstarted(&mut self, actor: usize) {
        self.e.actors[actor].exit = Exit::NotStarted;
        self.e.actors[actor].pid = None;
        self.e.actors[actor].ready = false;
    }

    pub fn file(&mut self, path: &str, kind: FileKind) -> &mut LeftFile {
        self.e.leftovers.files.push(LeftFile {
            path: path.into(),
            kind,
            size: 0,
            mode: 0o755,
            changed: false,
            given: false,
        });
        self.e.leftovers.files.last_mut().expect("a file")
    }

    /// A segment at the end: the one that `shmget` gave as identifier 7.
    pub fn segment(&mut self, key: i32, holds: &[u8]) -> &mut Segment {
        let mut bytes = holds.to_vec();
        bytes.resize(1024, 0);
        self.e.leftovers.segments.push(Segment {
            key,
            shmid: 7,
            mode: 0o644,
            doomed: false,
            size: 1024,
            attached: 0,
            made_by: Some(0),
            given: false,
            holds: Bytes(bytes),
            whole: true,
        });
        self.e.leftovers.segments.last_mut().expect("a segment")
    }

    pub fn process(&mut self, actor: usize, pid: u32, name: &str) {
        self.e.leftovers.processes.push(LeftProcess {
            actor,
            pid,
            name: name.to_owned(),
            first: false,
            wait: None,
        });
    }

    pub fn port(&mut self, actor: usize, address: &str) {
        self.e.leftovers.ports.push(LeftPort {
            protocol: Protocol::Tcp,
            address: addressed(address).1,
            actor: Some(actor),
        });
    }
}

/// Arguments from what the trace shows of them.
pub fn arguments(call: &str, texts: &[&str]) -> Vec<Arg> {
    let written: Vec<_> = texts.iter().map(|text| (*text, None)).collect();
    format_v1::arguments(call, &written)
}

/// As the trace writes it, and as it is.
pub fn addressed(address: &str) -> (String, Address) {
    match address.parse() {
        Ok(inet) => (format!("{{AF_INET, {address}}}"), Address::Inet(inet)),
        Err(_) => (
            format!("{{AF_UNIX, \"{address}\"}}"),
            Address::Path(address.into()),
        ),
    }
}

/// Every finding that is no pass, in the order of the judge: `output: client did not ...`.
pub fn complaints(case: &Case, builder: &EvidenceBuilder) -> Vec<String> {
    judge(case, &builder.e)
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(said)
        .collect()
}

pub fn said(finding: &Finding) -> String {
    let mark = match finding.verdict {
        Verdict::Pass => "pass ",
        Verdict::Fail => "",
        Verdict::Unknown => "unknown ",
        Verdict::Skipped => "skipped ",
    };
    format!("{mark}{}: {}", finding.aspect.name(), finding.message)
}

pub fn outcome(case: &Case, builder: &EvidenceBuilder) -> Outcome {
    settle(case, judge(case, &builder.e))
}

/// The judge is content with `right`, and says exactly `expect` once `spoil` has changed it.
#[track_caller]
pub fn check(
    case: &Case,
    right: &EvidenceBuilder,
    spoil: impl FnOnce(&mut EvidenceBuilder),
    expect: &[&str],
) {
    assert_eq!(
        complaints(case, right),
        Vec::<String>::new(),
        "the right one"
    );
    let mut wrong = right.clone();
    spoil(&mut wrong);
    let seen = complaints(case, &wrong);
    assert_eq!(seen, expect, "\n  {}", seen.join("\n  "));
    // A second look at the same evidence, from disk, says the same.
    let saved = serde_json::to_string(&wrong.e).expect("evidence serialises");
    let again = EvidenceBuilder {
        e: serde_json::from_str(&saved).expect("evidence reads back"),
    };
    assert_eq!(complaints(case, &again), seen);
    keeps_to_the_style(&seen);
}

/// Every message that these tests show keeps to `report/STYLE.md`.
#[track_caller]
pub fn keeps_to_the_style(messages: &[String]) {
    let wrong: Vec<String> = messages
        .iter()
        .flat_map(|message| style::mistakes(message))
        .collect();
    assert!(wrong.is_empty(), "style:\n  {}", wrong.join("\n  "));
}

/// A process of the first actor.
pub fn process(
    pid: u32,
    parent: Option<usize>,
    end: Option<ProcessEnd>,
    fate: Option<Fate>,
) -> Process {
    Process {
        actor: 0,
        pid,
        parent,
        made_by: None,
        threads: 0,
        unjoined: Vec::new(),
        unjoined_starts: Default::default(),
        joins_unseen: false,
        programs: vec![StartedProgram {
            argv: vec!["./client".into()],
            call: None,
            environment: Vec::new(),
        }],
        end,
        fate,
        held: Vec::new(),
        signals: Signals::default(),
        mappings: Default::default(),
    }
}
