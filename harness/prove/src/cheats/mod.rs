//! `ipclab validate --cheats`: programs that do not do the task get what a program gets that does nothing.
//!
//! [`programs`] makes them, for each case of a lab with what the reference printed in it; [`sanitizers`] makes wrong
//! programs silence the instruments that would show it. Each is graded as any submission. What a cheat has beyond a program
//! that does nothing can only be the output or the exit status of a case, and never a whole case: everything else is a hole
//! of the spec, or of the sandbox.

mod gains;
mod hand_in;
mod programs;
mod result;
mod sanitizers;

use ipclab_spec::{Case, Player, Spec};

use crate::validate::probes::Proof;
use gains::Gains;
use ipclab_grade::grade::{self, Grader};
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_verdict as verdict;
use programs::{Cheat, FOUND, Known};
pub use result::Cheats;
use result::{LabCheats, Tried};

/// One cheat in one case.
struct Task<'a> {
    lab: &'a Lab,
    case: &'a Case,
    way: Way<'a>,
}

/// What is tried in a case.
enum Way<'a> {
    /// A program of ours.
    Made(Cheat, &'a [Known]),
    /// A rejected submission that silences the sanitizers.
    Silenced(&'a sanitizers::Base, sanitizers::Prelude),
}

/// Tries all cheats in the selected cases.
///
/// # Errors
/// The references of a lab cannot be played, a source cannot be written, or there is no sandbox.
pub fn cheats(
    proofs: &[Proof],
    selection: &Selection,
    config: &RunConfig,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Cheats, Failure> {
    let mut sandboxes = SandboxPool::start(config.isolation, config.jobs)?;
    let mut labs = Vec::new();
    for proof in proofs {
        if !selection.wants_any(&proof.lab) {
            continue;
        }
        let caches = Caches::default();
        let grader = Grader {
            lab: &proof.lab,
            store,
            selection,
            config,
            caches: &caches,
        };
        let known = transcripts(&grader, &mut sandboxes.all())?;
        let bases = sanitizers::bases(proof);
        let tasks = tasks(&grader, &known, &bases)?;
        progress.stage("trying cheats", tasks.len());
        let tried = sandboxes.all().each_alone(&tasks, |pool, task| {
            interrupt::park_if_interrupted();
            let gains = try_one(task, &grader, pool);
            progress.step();
            gains
        });
        progress.end();
        let tried = tasks
            .iter()
            .zip(tried)
            .map(|(task, gains)| {
                Ok(Tried {
                    case: task.case.id.clone(),
                    name: task.way.name(),
                    made: match task.way {
                        Way::Made(cheat, _) => Some(cheat),
                        Way::Silenced(..) => None,
                    },
                    gains: gains?,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        labs.push(LabCheats::new(&proof.lab, &tried));
    }
    Ok(Cheats::new(labs))
}

fn tasks<'a>(
    grader: &Grader<'a>,
    known: &'a [(String, Vec<Known>)],
    bases: &'a [sanitizers::Base],
) -> Result<Vec<Task<'a>>, Failure> {
    let lab = grader.lab;
    let mut tasks = Vec::new();
    for case in grader.cases()? {
        if case.sanitize.is_some() {
            for base in bases.iter().filter(|base| base.case == case.id) {
                tasks.extend(sanitizers::Prelude::ALL.map(|prelude| Task {
                    lab,
                    case,
                    way: Way::Silenced(base, prelude),
                }));
            }
        }
        let of_case = known.iter().find(|(id, _)| *id == case.id);
        let of_case = of_case.map_or(&[][..], |(_, known)| known);
        tasks.extend(Cheat::ALL.map(|cheat| Task {
            lab,
            case,
            way: Way::Made(cheat, of_case),
        }));
    }
    Ok(tasks)
}

impl Way<'_> {
    fn name(&self) -> String {
        match self {
            Self::Made(cheat, _) => cheat.name().to_owned(),
            Self::Silenced(base, prelude) => format!("{} that {}", base.name, prelude.name()),
        }
    }
}

/// What the references print in each case, in the student's places: for each program of the lab, in the spec's order.
fn transcripts(
    grader: &Grader<'_>,
    pool: &mut PoolSlice<'_>,
) -> Result<Vec<(String, Vec<Known>)>, Failure> {
    let spec = &grader.lab.spec;
    let record = grade::grade_references(pool, grader, &Silent)?;
    let printed = record.cases.iter().filter_map(|record| {
        let case = spec.case(&record.id)?;
        let evidence = record.runs.first()?.run().observed.as_ref().ok()?;
        let all: Vec<u8> = evidence
            .actors
            .iter()
            .flat_map(|actor| actor.stdout.kept().0)
            .collect();
        let of_program = |name: &str| {
            let player = case.actors.iter().find(
                |actor| matches!(&actor.player, Player::Student { program, .. } if program == name),
            );
            // Of several copies the first is meant, `client.1`.
            let evidence = player.and_then(|player| {
                evidence.actors.iter().find(|actor| {
                    actor.name == player.name || actor.name == format!("{}.1", player.name)
                })
            });
            Known {
                printed: evidence.map_or_else(Default::default, |actor| {
                    [actor.stdout.kept().0, actor.stderr.kept().0]
                }),
                all_printed: all.clone(),
            }
        };
        let known = spec
            .programs
            .iter()
            .map(|program| of_program(&program.name));
        Some((case.id.clone(), known.collect()))
    });
    Ok(printed.collect())
}

/// The case, and those that must be passed before it counts.
fn with_required(spec: &Spec, case: &Case) -> Vec<String> {
    let mut ids = vec![case.id.clone()];
    let mut next = 0;
    while let Some(case) = ids.get(next).and_then(|id| spec.case(id)) {
        for required in &case.requires {
            if !ids.contains(required) {
                ids.push(required.clone());
            }
        }
        next += 1;
    }
    ids
}

fn try_one(
    task: &Task<'_>,
    grader: &Grader<'_>,
    pool: &mut PoolSlice<'_>,
) -> Result<Gains, Failure> {
    let selection = Selection {
        cases: with_required(&task.lab.spec, task.case),
        tiers: Vec::new(),
    };
    let grader = Grader {
        selection: &selection,
        ..*grader
    };
    let submission = match task.way {
        Way::Made(cheat, known) => hand_in::folder_of(cheat, &task.lab.spec, known, grader.store)?,
        Way::Silenced(base, prelude) => sanitizers::silenced(base, prelude, grader.store)?,
    };
    let record = grade::grade_by(pool, &grader, &submission, &Silent)?;
    let mut gains = Gains::of(&verdict::report(&task.lab.spec, &record), task.case);
    let runs = record.cases.iter().flat_map(|case| &case.runs);
    for evidence in runs.filter_map(|run| run.run().observed.as_ref().ok()) {
        for actor in &evidence.actors {
            let printed = String::from_utf8_lossy(&actor.stdout.kept().0).into_owned();
            let found = printed.lines().filter_map(|line| line.strip_prefix(FOUND));
            gains
                .specs
                .extend(found.map(|path| path.trim_end().to_owned()));
        }
    }
    Ok(gains)
}
