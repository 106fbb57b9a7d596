//! What every test uses: the programs, plans of few words, evidence that shows itself when a test fails.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use include_dir::{Dir, include_dir};
use ipclab_evidence::{
    Actor, ActorEvidence, Await, Bind, Bytes, Call, Direction, Ended, Endpoint, Evidence, Exit,
    Level, Object, Plan, Protocol, Run, Stdin, World, canonical,
};
use ipclab_sandbox::{LevelChoice, Sandbox, SandboxError};
use libtest_mimic::{Completion, Trial};
use tempfile::TempDir;

/// The port that the programs serve, `common.h`.
pub(crate) const PORT: u16 = 23456;
/// The path that they serve.
pub(crate) const PATH: &str = "/tmp/ipclab_test_server";
/// The key of their segment.
pub(crate) const KEY: i32 = 236_100;

/// A test, before it is said at which level.
pub(crate) struct Test {
    name: String,
    levels: &'static [Level],
    /// Whether the kernel must have all of Landlock.
    landlock: bool,
    /// Whether a cgroup of version 2 must be delegated to these tests.
    cgroups: bool,
    run: Arc<dyn Fn(Level) + Send + Sync>,
}

/// A test of something that holds at both levels.
pub(crate) fn both(name: impl Into<String>, run: impl Fn(Level) + Send + Sync + 'static) -> Test {
    Test {
        name: name.into(),
        levels: &[Level::Namespaces, Level::Shared],
        landlock: false,
        cgroups: false,
        run: Arc::new(run),
    }
}

/// A test of something that only a world of the case's own can give.
pub(crate) fn own(name: impl Into<String>, run: impl Fn(Level) + Send + Sync + 'static) -> Test {
    Test {
        levels: &[Level::Namespaces],
        ..both(name, run)
    }
}

/// A test of what cgroups count, where there is one to divide.
pub(crate) fn counted_by_cgroups(
    name: impl Into<String>,
    run: impl Fn(Level) + Send + Sync + 'static,
) -> Test {
    Test {
        cgroups: true,
        ..own(name, run)
    }
}

/// A test of something that Landlock gives in the host's world, where the kernel has all of it.
pub(crate) fn shared_with_landlock(
    name: impl Into<String>,
    run: impl Fn(Level) + Send + Sync + 'static,
) -> Test {
    Test {
        landlock: true,
        ..shared(name, run)
    }
}

/// A test of something that only the host's world needs.
#[allow(dead_code)]
pub(crate) fn shared(name: impl Into<String>, run: impl Fn(Level) + Send + Sync + 'static) -> Test {
    Test {
        levels: &[Level::Shared],
        ..both(name, run)
    }
}

impl Test {
    /// One trial for each level.
    pub(crate) fn trials(self, theme: &str) -> Vec<Trial> {
        let trial = |level: Level| {
            let (run, landlock, cgroups) = (Arc::clone(&self.run), self.landlock, self.cgroups);
            Trial::ignorable_test(
                format!("{theme}::{}::{}", self.name, level.name()),
                move || {
                    if let Err(why) = sandbox(level) {
                        return Ok(Completion::ignored_with(why.to_string()));
                    }
                    if landlock && !has_landlock() {
                        return Ok(Completion::ignored_with("no Landlock of version 6"));
                    }
                    if cgroups && let Err(why) = has_cgroups(level) {
                        eprintln!("left out: {why}");
                        return Ok(Completion::ignored_with(why));
                    }
                    run(level);
                    Ok(Completion::Completed)
                },
            )
        };
        self.levels.iter().copied().map(trial).collect()
    }
}

/// Asked of the doctor, once.
fn has_landlock() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let all = ipclab_sandbox::doctor();
        all.iter()
            .any(|capability| capability.name == "landlock" && capability.works)
    })
}

/// Found out by running something, once; or why there are none.
fn has_cgroups(level: Level) -> Result<(), String> {
    static HAS: OnceLock<Result<(), String>> = OnceLock::new();
    let has = HAS.get_or_init(|| {
        let seen = run(level, &plan([student("one", "exits code 3")]));
        if seen.isolation.counted_by == "cgroup v2" {
            return Ok(());
        }
        let all = ipclab_sandbox::doctor();
        let capability = all.into_iter().find(|one| one.name == "cgroup v2");
        Err(capability.map(|one| one.detail).unwrap_or_default())
    });
    has.clone()
}

fn sandbox(level: Level) -> Result<Sandbox, SandboxError> {
    Sandbox::start(match level {
        Level::Namespaces => LevelChoice::Namespaces,
        Level::Shared => LevelChoice::Shared,
    })
}

static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/programs");

/// Where the programs are, once they are compiled.
static PROGRAMS: Mutex<Option<TempDir>> = Mutex::new(None);

/// The folder of the compiled programs.
pub(crate) fn programs() -> PathBuf {
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    programs
        .get_or_insert_with(|| compile().expect("the test programs compile"))
        .path()
        .to_path_buf()
}

/// Takes the compiled programs away.
pub(crate) fn clear() {
    drop(
        PROGRAMS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(),
    );
}

fn compile() -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("ipclab-sandbox-")
        .tempdir()?;
    SOURCES.extract(folder.path())?;
    for file in SOURCES.files() {
        let source = file.path();
        if source.extension().is_some_and(|ending| ending == "c") {
            let mut compiler = Command::new("cc");
            compiler.args(["-O0", "-w", "-pthread"]);
            let name = source.with_extension("");
            if name.to_string_lossy().ends_with("static") {
                compiler.arg("-static");
            }
            let built = compiler
                .arg("-o")
                .arg(source.with_extension(""))
                .arg(source)
                .current_dir(folder.path())
                .status()?;
            assert!(built.success(), "{}", source.display());
        }
    }
    Ok(folder)
}

/// A student that runs `line`: one of the programs, its act, its words.
pub(crate) fn student(name: &str, line: &str) -> Actor {
    let words: Vec<&str> = line.split_whitespace().collect();
    let run = Run::Program {
        path: Path::new("/lab").join(words[0]),
        argv: words.iter().map(|word| Bytes::from(*word)).collect(),
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
    };
    Actor::new(name, run)
}

/// The same as a program of the reference, in the reference's place.
#[allow(dead_code)]
pub(crate) fn trusted(name: &str, line: &str) -> Actor {
    let mut actor = student(name, line);
    actor.trusted = true;
    if let Run::Program { path, .. } = &mut actor.run {
        *path = Path::new("/ref").join(path.file_name().unwrap_or_default());
    }
    actor
}

/// Words that change an actor.
pub(crate) trait Adjust: Sized {
    /// It is ready when it serves this.
    fn ready(self, endpoint: Endpoint) -> Self;
    /// It starts after this.
    fn after(self, awaited: Await) -> Self;
    /// It reads this.
    fn stdin(self, stdin: Stdin) -> Self;
}

impl Adjust for Actor {
    fn ready(mut self, endpoint: Endpoint) -> Self {
        self.ready = Some(endpoint);
        self
    }

    fn after(mut self, awaited: Await) -> Self {
        self.start.push(awaited);
        self
    }

    fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }
}

/// What is awaited of an actor.
pub(crate) fn ready(name: &str) -> Await {
    Await::Ready(name.to_owned())
}

/// What is awaited of an actor.
pub(crate) fn exits(name: &str) -> Await {
    Await::Exits(name.to_owned())
}

/// What is awaited of an actor.
pub(crate) fn waits(name: &str) -> Await {
    Await::Waits(name.to_owned())
}

/// The endpoint that the programs serve by this protocol.
pub(crate) fn endpoint(protocol: Protocol) -> Endpoint {
    Endpoint {
        protocol,
        ip: None,
        port: matches!(protocol, Protocol::Tcp | Protocol::Udp).then_some(PORT),
        path: (protocol == Protocol::Unix).then(|| PATH.to_owned()),
        key: (protocol == Protocol::Shm).then_some(KEY),
    }
}

/// Server and client, the second waiting for the first.
pub(crate) fn pair(protocol: Protocol, server: &str, client: &str) -> Plan {
    plan([
        student("server", server).ready(endpoint(protocol)),
        student("client", client).after(ready("server")),
    ])
}

/// A plan in which these play, with the programs that they need.
pub(crate) fn plan(actors: impl IntoIterator<Item = Actor>) -> Plan {
    let actors: Vec<Actor> = actors.into_iter().collect();
    let paths: BTreeSet<(PathBuf, bool)> = actors
        .iter()
        .map(|actor| match &actor.run {
            Run::Program { path, .. } | Run::Script { path, .. } => (path.clone(), actor.trusted),
        })
        .collect();
    let binds = paths
        .into_iter()
        .filter_map(|(inside, trusted_only)| {
            let host = programs().join(inside.file_name()?);
            host.exists().then_some(Bind {
                host,
                inside,
                writable: false,
                trusted_only,
                party: None,
            })
        })
        .collect();
    let world = World {
        binds,
        cwd: "/lab".into(),
        ..World::default()
    };
    Plan::new("test", world, actors)
}

/// Runs a plan; nothing may have gone wrong on our side.
pub(crate) fn run(level: Level, plan: &Plan) -> Seen {
    let seen = Seen(try_run(level, plan).expect("the sandbox runs the plan"));
    assert_eq!(seen.trouble, Vec::<String>::new());
    assert_eq!(seen.isolation.level, level);
    seen
}

/// Runs a plan that may be refused.
pub(crate) fn try_run(level: Level, plan: &Plan) -> Result<Evidence, SandboxError> {
    sandbox(level)?.run(plan)
}

/// Evidence that shows itself when the test fails.
pub(crate) struct Seen(pub(crate) Evidence);

impl Deref for Seen {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        &self.0
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.summary());
        }
    }
}

impl Seen {
    fn summary(&self) -> String {
        let mut text = format!(
            "-- evidence --\nended: {:?}\ntrouble: {:?}\n",
            self.ended, self.trouble
        );
        for actor in &self.actors {
            text.push_str(&format!(
                "{}: {:?} ready={} started={:?} limits={:?} processes={} cpu={} ms\n  stdout: {}\n  stderr: {}\n",
                actor.name,
                actor.exit,
                actor.ready,
                actor.started_us,
                actor.limits,
                actor.processes,
                actor.cpu_ms,
                brief(&actor.stdout.kept().escaped()),
                brief(&actor.stderr.kept().escaped()),
            ));
        }
        for call in self.trace.iter().take(600) {
            let args: Vec<String> = call.args.iter().map(|arg| arg.to_string()).collect();
            text.push_str(&format!(
                "#{} {} us {}/{} {}({}) = {:?} {:?} {:?} {:?}\n",
                call.n,
                call.at_us,
                self.actors[call.actor].name,
                call.pid,
                call.name,
                brief(&args.join(", ")),
                call.returned,
                call.object,
                call.transfer,
                call.tampered,
            ));
        }
        for (at, socket) in self.sockets.iter().take(20).enumerate() {
            text.push_str(&format!("socket {at}: {socket:?}\n"));
        }
        text.push_str(&format!("leftovers: {:?}", self.leftovers));
        text
    }

    /// What was seen of an actor.
    pub(crate) fn actor(&self, name: &str) -> &ActorEvidence {
        self.actors
            .iter()
            .find(|actor| actor.name == name)
            .expect("the plan has this actor")
    }

    /// What it printed, all of it kept.
    pub(crate) fn out(&self, name: &str) -> String {
        let stdout = &self.actor(name).stdout;
        assert_eq!(stdout.dropped, 0);
        stdout.kept().to_text()
    }

    /// Its calls of this name.
    pub(crate) fn calls(&self, actor: &str, name: &str) -> Vec<&Call> {
        self.trace
            .iter()
            .filter(|call| self.actors[call.actor].name == actor && call.name == name)
            .collect()
    }

    /// What crossed the wire at an actor's end: `sent 2 hi to server`.
    pub(crate) fn moved(&self, name: &str) -> Vec<String> {
        let transfers = self
            .trace
            .iter()
            .filter(|call| self.actors[call.actor].name == name)
            .filter_map(|call| call.transfer.as_ref());
        transfers
            .map(|transfer| {
                let peer = transfer
                    .peer
                    .map_or("nobody", |peer| &self.actors[self.sockets[peer].actor].name);
                let (verb, towards) = match transfer.direction {
                    Direction::Sent => ("sent", "to"),
                    Direction::Received => ("received", "from"),
                };
                let cut = if transfer.cut { " cut" } else { "" };
                format!(
                    "{verb} {} {} {towards} {peer}{cut}",
                    transfer.bytes,
                    transfer.head.escaped()
                )
            })
            .collect()
    }

    /// The first process of every actor exited with 0 by itself.
    pub(crate) fn all_well(&self) {
        assert_eq!(self.ended, Ended::AllExited);
        for actor in &self.actors {
            assert_eq!(actor.exit, Exit::Code(0), "{}", actor.name);
            assert_eq!(actor.limits, [], "{}", actor.name);
        }
    }

    /// It was over because nothing could move any more; these are the calls that were waited in: `server accept`.
    pub(crate) fn stuck_in(&self, expected: &[&str]) {
        let Ended::Stuck { waits } = &self.ended else {
            panic!("not stuck: {:?}", self.ended)
        };
        let mut seen: Vec<String> = waits
            .iter()
            .map(|wait| {
                // Which kernel call stands behind `semop` or `select` is the C library's affair.
                let on_socket = matches!(wait.object, Some(Object::Socket(_)));
                let call = canonical(&wait.call, on_socket);
                format!("{} {call}", self.actors[wait.actor].name)
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, expected);
        assert!(waits.iter().all(|wait| !wait.timed));
    }
}

fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(600).collect();
    if brief.len() < text.len() {
        brief.push_str("...");
    }
    brief
}

/// Whether a file of the host is there.
#[allow(dead_code)]
pub(crate) fn on_host(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok()
}
