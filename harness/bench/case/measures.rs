//! What each measure of the threat model costs a case, in turns within one run: `case --measures [ROUNDS]`.
//!
//! A group is a case. Its rows leave out one measure each: by the sandbox, which starts a keeper without it, or by the plan, where
//! the plan's author has the choice. A round plays the whole case and each of its rows once. Every row has a keeper of its own,
//! all on one processor. So the kernel's accounting of that keeper and of all that it has reaped says what the row's cases took
//! of the processor, next to the medians of the wall clock. What the kernel does later, in threads of its own, is in neither.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ipclab_evidence::{Actor, Await, Bind, Bytes, Ended, Endpoint, Evidence, Exit, Plan};
use ipclab_evidence::{Protocol, Run, World};
use ipclab_sandbox::{LevelChoice, Measure, Sandbox};

use crate::{Outcome, PORT, WARMUP_RUNS, finished, median_ms, source, timed};

/// All keepers run their plans on this processor.
const PROCESSOR: usize = 0;
/// What the plans withhold: a program of the system that none of theirs has a use for.
const WITHHELD: &str = "/usr/bin/ipcs";

/// A case, and what it is run without.
struct Group {
    name: &'static str,
    level: LevelChoice,
    programs: &'static [&'static str],
    plan: fn(&Path) -> Plan,
    without: &'static [Way],
}

/// How a measure is left out.
enum Way {
    /// By the sandbox.
    Sandbox(Measure),
    /// By the plan.
    Plan(&'static str, fn(&mut Plan)),
}

const CLOCK: Way = Way::Sandbox(Measure::Clock);
const NO_TRACER: Way = Way::Plan("the tracer", |plan| plan.traced = false);

const GROUPS: &[Group] = &[
    Group {
        name: "a server and a client",
        level: LevelChoice::Namespaces,
        programs: &["server", "client"],
        plan: |place| pair(place, ["server", "client"], [&[], &[]]),
        without: &[
            CLOCK,
            Way::Sandbox(Measure::Apart),
            Way::Sandbox(Measure::Terminals),
            Way::Sandbox(Measure::Settings),
            Way::Sandbox(Measure::Witness),
            Way::Plan("a program that is withheld", |plan| {
                plan.world.withheld.clear();
            }),
        ],
    },
    Group {
        name: "the same of two submissions",
        level: LevelChoice::Namespaces,
        programs: &["server", "client"],
        plan: |place| {
            let mut plan = pair(place, ["server", "client"], [&[], &[]]);
            plan.actors[1].party = 1;
            plan
        },
        without: &[Way::Plan("the second submission apart", |plan| {
            plan.actors[1].party = 0;
        })],
    },
    Group {
        name: "two that talk, 200 lines",
        level: LevelChoice::Namespaces,
        programs: &["talk"],
        plan: talk,
        without: &[CLOCK, Way::Sandbox(Measure::Witness)],
    },
    Group {
        name: "twenty segments",
        level: LevelChoice::Namespaces,
        programs: &["segments"],
        plan: |place| alone(place, "segments", &[]),
        without: &[CLOCK, Way::Sandbox(Measure::Placement), NO_TRACER],
    },
    Group {
        name: "twelve children, threads, files",
        level: LevelChoice::Namespaces,
        programs: &["everything"],
        plan: |place| alone(place, "everything", &[]),
        without: &[CLOCK, Way::Sandbox(Measure::Pipes), NO_TRACER],
    },
    Group {
        name: "400 calls that nothing asks about",
        level: LevelChoice::Namespaces,
        programs: &["everything"],
        plan: |place| alone(place, "everything", &["calls"]),
        without: &[CLOCK, NO_TRACER],
    },
    Group {
        name: "a hundred pipes, one at a time",
        level: LevelChoice::Namespaces,
        programs: &["everything"],
        plan: |place| alone(place, "everything", &["pipes"]),
        without: &[Way::Sandbox(Measure::Pipes), NO_TRACER],
    },
    Group {
        name: "a hundred mappings, one at a time",
        level: LevelChoice::Namespaces,
        programs: &["everything"],
        plan: |place| alone(place, "everything", &["mapped"]),
        without: &[Way::Sandbox(Measure::Mapped), NO_TRACER],
    },
    Group {
        name: "a server and a client, shared level",
        level: LevelChoice::Shared,
        programs: &["server", "client"],
        plan: |place| pair(place, ["server", "client"], [&[], &[]]),
        without: &[
            CLOCK,
            Way::Sandbox(Measure::Addresses),
            Way::Sandbox(Measure::Landlock),
            Way::Sandbox(Measure::Witness),
        ],
    },
    Group {
        name: "two that talk, shared level",
        level: LevelChoice::Shared,
        programs: &["talk"],
        plan: talk,
        without: &[
            CLOCK,
            Way::Sandbox(Measure::Addresses),
            Way::Sandbox(Measure::Witness),
        ],
    },
];

/// A case as it is played: whole, or without one measure.
struct Row {
    name: &'static str,
    plan: Plan,
    sandbox: Sandbox,
    keeper: u32,
    times: Vec<Duration>,
    cpu_before_ms: f64,
}

/// Measures all groups, and prints the table.
pub(crate) fn bench(rounds: usize, place: &Path) -> Outcome<()> {
    println!(
        "{rounds} rounds; a measure's ratio: the case with it over the case without\n\
         {:<36}{:<30}{:>10}{:>8}{:>12}{:>8}",
        "the case", "without", "median", "ratio", "processor", "ratio"
    );
    for group in GROUPS {
        for program in group.programs {
            let words = ["-O1", "-pthread", "-o"];
            let mut compiler = Command::new("cc");
            let compiler = compiler.args(words).arg(place.join(program));
            finished(compiler.arg(source(program)))?;
        }
        measure(group, rounds, place)?;
    }
    Ok(())
}

fn measure(group: &Group, rounds: usize, place: &Path) -> Outcome<()> {
    let whole = Row::start(group, None, place);
    let without = group.without.iter();
    let rows: Outcome<Vec<Row>> = [whole]
        .into_iter()
        .chain(without.map(|way| Row::start(group, Some(way), place)))
        .collect();
    let mut rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            println!("{:<36}not to be had here: {error}", group.name);
            return Ok(());
        }
    };
    for round in 0..rounds + WARMUP_RUNS {
        if round == WARMUP_RUNS {
            for row in &mut rows {
                row.times.clear();
                row.cpu_before_ms = cpu_ms(row.keeper)?;
            }
        }
        // Each row comes after each other one equally often.
        let first = round % rows.len();
        for step in 0..rows.len() {
            let at = (first + step) % rows.len();
            rows[at].play()?;
        }
    }
    let mut figures = Vec::new();
    for row in &mut rows {
        let cpu = (cpu_ms(row.keeper)? - row.cpu_before_ms) / rounds as f64;
        figures.push((row.name, median_ms(&mut row.times), cpu));
    }
    let (_, whole, whole_cpu) = figures[0];
    for (at, (name, median, cpu)) in figures.iter().enumerate() {
        let case = if at == 0 { group.name } else { "" };
        println!(
            "{case:<36}{name:<30}{median:>7.2} ms{:>8.2}{cpu:>9.2} ms{:>8.2}",
            whole / median,
            whole_cpu / cpu
        );
    }
    Ok(())
}

impl Row {
    fn start(group: &Group, way: Option<&Way>, place: &Path) -> Outcome<Self> {
        let mut plan = (group.plan)(place);
        let (name, measures) = match way {
            None => ("(whole)", Vec::new()),
            Some(Way::Sandbox(measure)) => (measure.name(), vec![*measure]),
            Some(Way::Plan(name, change)) => {
                change(&mut plan);
                (*name, Vec::new())
            }
        };
        let before = children()?;
        let sandbox = Sandbox::start_without(group.level, PROCESSOR, &measures)?;
        let keeper = children()?
            .into_iter()
            .find(|child| !before.contains(child));
        Ok(Self {
            name,
            plan,
            sandbox,
            keeper: keeper.ok_or("the keeper is no child of this process")?,
            times: Vec::new(),
            cpu_before_ms: 0.0,
        })
    }

    fn play(&mut self) -> Outcome<()> {
        let took = timed(|| sound(self.name, &self.sandbox.run(&self.plan)?))?;
        self.times.push(took);
        Ok(())
    }
}

/// The children of this process.
fn children() -> Outcome<Vec<u32>> {
    let own = std::process::id();
    let text = fs::read_to_string(format!("/proc/self/task/{own}/children"))?;
    Ok(text
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect())
}

/// The processor time of a process and of all that it has reaped.
fn cpu_ms(pid: u32) -> Outcome<f64> {
    /// A tick of the kernel's accounting.
    const TICK_MS: f64 = 10.0;
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The fields behind the name, which may have blanks: the third one is the first of them.
    let (_, fields) = text.rsplit_once(") ").ok_or("no name in its stat")?;
    let ticks = fields.split(' ').skip(14 - 3).take(4);
    Ok(ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * TICK_MS)
}

/// Two programs in one world: the second starts when the first serves.
fn pair(place: &Path, programs: [&str; 2], words: [&[&str]; 2]) -> Plan {
    let mut actors = Vec::new();
    for (name, (program, words)) in ["server", "client"]
        .into_iter()
        .zip(programs.into_iter().zip(words))
    {
        actors.push(Actor::new(name, runs(program, words)));
    }
    actors[0].ready = Some(Endpoint {
        protocol: Protocol::Tcp,
        ip: None,
        port: Some(PORT),
        path: None,
        key: None,
    });
    actors[1].start.push(Await::Ready("server".to_owned()));
    Plan::new("bench", world(place, &programs), actors)
}

fn talk(place: &Path) -> Plan {
    pair(place, ["talk", "talk"], [&["serve"], &["connect"]])
}

/// One program.
fn alone(place: &Path, program: &str, words: &[&str]) -> Plan {
    let actor = Actor::new("program", runs(program, words));
    Plan::new("bench", world(place, &[program]), vec![actor])
}

fn runs(program: &str, words: &[&str]) -> Run {
    let argv = [program].into_iter().chain(words.iter().copied());
    Run::Program {
        path: Path::new("/lab").join(program),
        argv: argv.map(Bytes::from).collect(),
        env: Vec::new(),
    }
}

fn world(place: &Path, programs: &[&str]) -> World {
    let mut programs = programs.to_vec();
    programs.dedup();
    let binds = programs.into_iter().map(|name| Bind {
        host: place.join(name),
        inside: Path::new("/lab").join(name),
        writable: false,
        trusted_only: false,
        party: None,
    });
    World {
        binds: binds.collect(),
        cwd: "/lab".into(),
        withheld: vec![WITHHELD.into()],
        ..World::default()
    }
}

/// What is measured must have worked.
fn sound(name: &str, evidence: &Evidence) -> Outcome<()> {
    let well = evidence
        .actors
        .iter()
        .all(|actor| actor.exit == Exit::Code(0));
    if well && evidence.ended == Ended::AllExited && evidence.trouble.is_empty() {
        return Ok(());
    }
    let (ended, actors, trouble) = (&evidence.ended, &evidence.actors, &evidence.trouble);
    Err(format!("{name}: {ended:?} {actors:?} {trouble:?}").into())
}
