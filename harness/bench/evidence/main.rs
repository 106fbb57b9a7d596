//! What each kind of evidence costs a program that has plenty of what it is about, in turns within one run.
//!
//! `cargo bench -p ipclab-sandbox --bench evidence -- [ROUNDS]`. A round plays the same program once for each row; a row asks for
//! one kind of evidence more than the first traced one. The figures are medians, and their ratio to a traced case that asks for
//! nothing: what is not asked for costs what that row costs, since a plan that asks for nothing watches for nothing.

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use ipclab_evidence::{Actor, Bind, Bytes, Ended, Evidence, Exit, Order, Plan, Run, World};
use ipclab_sandbox::{LevelChoice, Sandbox};

/// Rounds when the command line does not say how many.
const ROUNDS: usize = 100;
/// Rounds that are not counted: the first of everything is slower.
const WARMUP_ROUNDS: usize = 3;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a row asks for.
struct Row {
    name: &'static str,
    words: &'static [&'static str],
    ask: fn(&mut Plan),
}

const ROWS: &[Row] = &[
    row("traced, nothing asked", |_| {}),
    row("not traced", |plan| plan.traced = false),
    row("processes", |plan| plan.objects.processes = true),
    row("descriptors", |plan| plan.objects.descriptors = true),
    row("signals", |plan| plan.objects.signals = true),
    row("handlers, stepped", |plan| plan.objects.handlers = true),
    row("threads", |plan| plan.objects.threads = true),
    row("FIFOs", |plan| plan.objects.fifos = true),
    row("a file at the end", |plan| {
        plan.objects.files.push("/tmp/file".into());
    }),
    row("locks of a file", |plan| {
        plan.objects.locked.push("/tmp/file".into());
    }),
    row("turns", |plan| plan.turns = Some(Order::OldestFirst)),
    Row {
        name: "400 calls that nothing asks about, traced",
        words: &["calls"],
        ask: |_| {},
    },
    Row {
        name: "the same, not traced",
        words: &["calls"],
        ask: |plan| plan.traced = false,
    },
];

const fn row(name: &'static str, ask: fn(&mut Plan)) -> Row {
    Row {
        name,
        words: &[],
        ask,
    }
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = ipclab_sandbox::hidden(&args) {
        return code;
    }
    match bench(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evidence: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(args: &[OsString]) -> Outcome<()> {
    let rounds = args
        .iter()
        .skip(1)
        .find_map(|arg| arg.to_str()?.parse().ok())
        .unwrap_or(ROUNDS);
    let folder = tempfile::Builder::new()
        .prefix("ipclab-evidence-")
        .tempdir()?;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/evidence/program.c");
    let built = Command::new("cc")
        .args(["-O1", "-pthread", "-o"])
        .arg(folder.path().join("program"))
        .arg(source)
        .status()?;
    if !built.success() {
        return Err("the compiler failed".into());
    }
    let mut sandbox = Sandbox::start(LevelChoice::Auto)?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ROWS.len()];
    for round in 0..rounds + WARMUP_ROUNDS {
        for (row, times) in ROWS.iter().zip(&mut times) {
            let plan = plan(folder.path(), row);
            let began = Instant::now();
            let evidence = sandbox.run(&plan)?;
            if round >= WARMUP_ROUNDS {
                times.push(began.elapsed());
            }
            sound(row, &evidence)?;
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median_ms(times)).collect();
    println!("{rounds} rounds\n{:<44}{:>10}{:>8}", "", "median", "ratio");
    for (row, median) in ROWS.iter().zip(&medians) {
        println!(
            "{:<44}{median:>7.2} ms{:>8.2}",
            row.name,
            median / medians[0]
        );
    }
    Ok(())
}

fn plan(place: &Path, row: &Row) -> Plan {
    let inside = Path::new("/lab/program");
    let mut argv = vec![Bytes::from("program")];
    argv.extend(row.words.iter().copied().map(Bytes::from));
    let run = Run::Program {
        path: inside.into(),
        argv,
        env: Vec::new(),
    };
    let world = World {
        binds: vec![Bind {
            host: place.join("program"),
            inside: inside.into(),
            writable: false,
            trusted_only: false,
            party: None,
        }],
        cwd: "/lab".into(),
        ..World::default()
    };
    let mut plan = Plan::new("bench", world, vec![Actor::new("program", run)]);
    (row.ask)(&mut plan);
    plan
}

/// What is measured must have worked.
fn sound(row: &Row, evidence: &Evidence) -> Outcome<()> {
    let well = evidence.actors[0].exit == Exit::Code(0)
        && evidence.ended == Ended::AllExited
        && evidence.trouble.is_empty();
    if well {
        return Ok(());
    }
    let name = row.name;
    Err(format!("{name}: {:?} {:?}", evidence.ended, evidence.actors).into())
}

fn median_ms(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
