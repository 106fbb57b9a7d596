//! What a case in a box costs beside the same two programs run bare, in turns within one run.
//!
//! `cargo bench -p ipclab-sandbox --bench case -- [ROUNDS]`; `--json` for scripts, `--namespaces` without the shared level,
//! `--profile` for boxes and nothing else; `--evidence`, `--measures`: see the modules of these names. A round is: server and client bare (the client starts when the server says that
//! it listens), the same in a box at each level that this machine has, an empty program bare, `bwrap` around it where that
//! is installed, and the compiler on the server. What is made while the case before runs is printed in parentheses: no run
//! waits for it.

mod evidence;
mod measures;

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use ipclab_evidence::{
    Actor, Await, Bind, Bytes, Ended, Endpoint, Evidence, Exit, Level, Plan, Protocol, Run, World,
};
use ipclab_sandbox::{LevelChoice, Sandbox};

/// The port of `server.c`.
const PORT: u16 = 24680;
/// Rounds when the command line does not say how many.
const ROUNDS: usize = 200;
/// The compiler takes long: every so many rounds will do.
const COMPILED_EVERY: usize = 10;
/// Runs that are not counted: the first of everything is slower.
const WARMUP_RUNS: usize = 3;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = ipclab_sandbox::hidden(&args) {
        return code;
    }
    match bench(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("case: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(args: &[OsString]) -> Outcome<()> {
    let json = args.iter().any(|arg| arg == "--json");
    let rounds = args
        .iter()
        .skip(1)
        .find_map(|arg| arg.to_str()?.parse().ok())
        .unwrap_or(ROUNDS);
    let folder = tempfile::Builder::new().prefix("ipclab-case-").tempdir()?;
    let place = folder.path();
    if args.iter().any(|arg| arg == "--evidence") {
        return evidence::bench(rounds, place);
    }
    if args.iter().any(|arg| arg == "--measures") {
        return measures::bench(rounds, place);
    }
    for name in ["server", "client"] {
        compile(place, name)?;
    }
    let profile = args.iter().any(|arg| arg == "--profile");
    let own_world_only = profile || args.iter().any(|arg| arg == "--namespaces");
    let choices: &[LevelChoice] = match own_world_only {
        true => &[LevelChoice::Namespaces],
        false => &[LevelChoice::Namespaces, LevelChoice::Shared],
    };
    let mut boxes: Vec<Sandbox> = choices
        .iter()
        .filter_map(|choice| Sandbox::start(*choice).ok())
        .collect();
    let plan = plan(place);
    let bwrap = has("bwrap");
    let mut times = Times::default();
    for round in 0..rounds + WARMUP_RUNS {
        if round == WARMUP_RUNS {
            times = Times::default();
        }
        if !profile {
            times.add("bare", timed(|| bare(place))?);
        }
        for sandbox in &mut boxes {
            let level = sandbox.level();
            let began = Instant::now();
            let evidence = sandbox.run(&plan)?;
            let whole = began.elapsed();
            sound(&evidence)?;
            times.add(level.name(), whole);
            if level == Level::Namespaces {
                let spent = evidence.spent;
                let parts = [
                    ("the rest of the world", spent.world_us),
                    ("actors, traced", spent.actors_us),
                    ("sweeping up", spent.sweep_us),
                ];
                let known: u64 = parts.iter().map(|(_, us)| us).sum();
                for (part, us) in parts {
                    times.add(part, Duration::from_micros(us));
                }
                times.add(
                    "plan and evidence, there and back",
                    whole.saturating_sub(Duration::from_micros(known)),
                );
                times.add("(made ahead)", Duration::from_micros(spent.ahead_us));
            }
        }
        if profile {
            continue;
        }
        times.add("true", timed(|| finished(&mut Command::new("/bin/true")))?);
        if bwrap {
            times.add(
                "bwrap true",
                timed(|| {
                    finished(Command::new("bwrap").args([
                        "--ro-bind",
                        "/",
                        "/",
                        "--proc",
                        "/proc",
                        "--dev",
                        "/dev",
                        "--unshare-all",
                        "/bin/true",
                    ]))
                })?,
            );
        }
        if round % COMPILED_EVERY == 0 {
            times.add("cc server.c", timed(|| compile(place, "server"))?);
        }
    }
    if json {
        println!("{}", times.json(rounds));
    } else {
        print!("{}", times.table(rounds));
    }
    Ok(())
}

fn compile(place: &Path, name: &str) -> Outcome<()> {
    finished(
        Command::new("cc")
            .arg("-o")
            .arg(place.join(name))
            .arg(source(name)),
    )
}

/// The C source of this name, beside this file.
fn source(name: &str) -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/case"));
    folder.join(name).with_extension("c")
}

/// Runs a program to its end.
fn finished(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{command:?}: {}: {errors}", output.status).into())
}

fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// Server and client without a box, by the same events.
fn bare(place: &Path) -> Outcome<()> {
    let mut server = Command::new(place.join("server"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = server.stdout.take().ok_or("no pipe")?;
    stdout.read_exact(&mut [0; "ready\n".len()])?;
    let client = Command::new(place.join("client"))
        .stdin(Stdio::null())
        .output()?;
    let mut printed = String::new();
    stdout.read_to_string(&mut printed)?;
    let status = server.wait()?;
    if printed == "13 bytes\n" && client.stdout == b"GOOD MORNING\n" && status.success() {
        Ok(())
    } else {
        Err(format!("the bare pair failed: {printed:?} {client:?} {status}").into())
    }
}

/// The same as a plan.
fn plan(place: &Path) -> Plan {
    let actor = |name: &str| {
        let run = Run::Program {
            path: Path::new("/lab").join(name),
            argv: vec![Bytes::from(name)],
            env: Vec::new(),
        };
        Actor::new(name, run)
    };
    let mut server = actor("server");
    server.ready = Some(Endpoint {
        protocol: Protocol::Tcp,
        ip: None,
        port: Some(PORT),
        path: None,
        key: None,
    });
    let mut client = actor("client");
    client.start.push(Await::Ready("server".to_owned()));
    let bind = |name: &str| Bind {
        host: place.join(name),
        inside: Path::new("/lab").join(name),
        writable: false,
        trusted_only: false,
        party: None,
    };
    let world = World {
        binds: vec![bind("server"), bind("client")],
        cwd: "/lab".into(),
        ..World::default()
    };
    Plan::new("bench", world, vec![server, client])
}

/// What is measured must have worked.
fn sound(evidence: &Evidence) -> Outcome<()> {
    let well = evidence
        .actors
        .iter()
        .all(|actor| actor.exit == Exit::Code(0));
    if well && evidence.ended == Ended::AllExited && evidence.trouble.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "the pair in the box failed: {:?} {:?}",
            evidence.actors, evidence.trouble
        )
        .into())
    }
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

/// The median in milliseconds.
fn median_ms(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// What took how long, each time.
#[derive(Default)]
struct Times(BTreeMap<&'static str, Vec<Duration>>);

/// Names of the rows, in the order of the table.
const ROWS: [&str; 11] = [
    "bare",
    "namespaces",
    "the rest of the world",
    "actors, traced",
    "sweeping up",
    "plan and evidence, there and back",
    "(made ahead)",
    "shared",
    "true",
    "bwrap true",
    "cc server.c",
];

impl Times {
    fn add(&mut self, what: &'static str, took: Duration) {
        self.0.entry(what).or_default().push(took);
    }

    /// Median and 99th percentile in milliseconds; `None`: it was not measured here.
    fn of(&self, what: &str) -> Option<(f64, f64)> {
        let mut all = self.0.get(what)?.clone();
        all.sort_unstable();
        let at = |share: usize| {
            all.get((all.len() - 1) * share / 100)
                .map(|took| took.as_secs_f64() * 1e3)
        };
        Some((at(50)?, at(99)?))
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, f64, f64)> {
        ROWS.into_iter()
            .filter_map(|what| self.of(what).map(|(median, worst)| (what, median, worst)))
    }

    fn table(&self, rounds: usize) -> String {
        let bare = self.of("bare").map_or(f64::NAN, |(median, _)| median);
        let mut text = format!(
            "{rounds} rounds, in milliseconds\n{:<42}{:>8}{:>8}{:>12}\n",
            "", "median", "99th", "over bare"
        );
        for (what, median, worst) in self.rows() {
            let part = !["bare", "namespaces", "shared"].contains(&what);
            let over = if part {
                String::new()
            } else {
                format!("{:+.2}", median - bare)
            };
            text.push_str(&format!("{what:<42}{median:>8.2}{worst:>8.2}{over:>12}\n"));
        }
        text
    }

    fn json(&self, rounds: usize) -> String {
        let rows: Vec<String> = self
            .rows()
            .map(|(what, median, worst)| {
                format!(
                    "{{\"what\": \"{what}\", \"median_ms\": {median:.3}, \"p99_ms\": {worst:.3}}}"
                )
            })
            .collect();
        format!("{{\"rounds\": {rounds}, \"rows\": [{}]}}", rows.join(", "))
    }
}
