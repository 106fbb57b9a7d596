//! The cost of each kind of evidence, in turns within one run: `case --evidence [ROUNDS]`.
//!
//! A round plays one program that has plenty of everything once for each row; a row asks for one kind of evidence more than the
//! first one. The figures are medians, and their ratio to a traced case that asks for nothing: evidence that is not asked for
//! costs what that row costs, since a plan that asks for nothing watches for nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ipclab_evidence::{Actor, Bind, Bytes, Ended, Evidence, Exit, Order, Plan, Run, World};
use ipclab_sandbox::{LevelChoice, Sandbox};

use crate::{Outcome, WARMUP_RUNS, finished, median_ms, source, timed};

/// A line of the table: one kind of evidence.
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
    row("mappings", |plan| plan.actors[0].maps = true),
    row("processes, a variable of their environment", |plan| {
        plan.objects.processes = true;
        plan.objects.environment.push("PATH".into());
    }),
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
        name: "400 large blocks of malloc()",
        words: &["blocks"],
        ask: |_| {},
    },
    Row {
        name: "the same, mappings asked for",
        words: &["blocks"],
        ask: |plan| plan.actors[0].maps = true,
    },
    Row {
        name: "400 mappings of a file, one at a time",
        words: &["maps"],
        ask: |_| {},
    },
    Row {
        name: "the same, mappings asked for",
        words: &["maps"],
        ask: |plan| plan.actors[0].maps = true,
    },
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

/// Measures all rows, and prints the table.
pub(crate) fn bench(rounds: usize, place: &Path) -> Outcome<()> {
    let program = place.join("program");
    let words = ["-O1", "-pthread", "-o"];
    finished(
        Command::new("cc")
            .args(words)
            .arg(&program)
            .arg(source("everything")),
    )?;
    let mut sandbox = Sandbox::start(LevelChoice::Auto)?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ROWS.len()];
    for round in 0..rounds + WARMUP_RUNS {
        for (row, times) in ROWS.iter().zip(&mut times) {
            let plan = plan(&program, row);
            let took = timed(|| sound(row, &sandbox.run(&plan)?))?;
            if round >= WARMUP_RUNS {
                times.push(took);
            }
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

fn plan(program: &Path, row: &Row) -> Plan {
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
            host: program.to_owned(),
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

/// Only a case that went well is measured.
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
