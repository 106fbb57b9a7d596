//! `ipclab validate --mutants`: programs that pass are made wrong, one call at a time and without touching their source,
//! and every such change must cost points.
//!
//! A *mutant* is the plan of a case that passes, with one more change of the tracer's at a call that the student's actor
//! makes: [`make`] lists them from the trace of the passing run. What its author would call one mistake (this `close()`
//! is missing) may show in many cases: mutants with the same program and the same words belong together, and it is
//! enough when one case with points fails on one of them. Which cases do is counted for each case, too.
//!
//! A change that nothing can notice is no mistake: [`equivalent`] reads the list of those, each with its reason.

pub mod equivalent;
mod make;
mod result;
mod tried;

use ipclab_evidence::{Evidence, TamperAction};
use ipclab_judge::Verdict;
use ipclab_sandbox::Sandbox;
use ipclab_spec::Case;

use crate::validate::probes::{self, Kind, Proof};
use ipclab_grade::explore::{self, ExploreContext};
use ipclab_grade::grade::{self, Grader, Prepared};
use ipclab_grade::interrupt;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::Failure;
use ipclab_intake::materialise;
use ipclab_intake::store::Store;
use ipclab_plan::{self as plan, Variant};
use ipclab_verdict::judged::JudgedRun;
use ipclab_verdict::run::RunRecord;
use make::{Mutant, Subject};
use result::LabMutants;
pub use result::Mutations;
use tried::{Fate, Tried};

/// A program set whose calls are changed.
struct ProgramSet<'a> {
    proof: &'a Proof,
    name: String,
    prepared: Prepared,
    substitutes: plan::Programs,
}

/// One run of a case by a program set: what its mutants are made from.
struct Task<'a> {
    set: &'a ProgramSet<'a>,
    case: &'a Case,
    variant: Variant,
}

/// Tries all mutants of the selected cases.
///
/// # Errors
/// A lab's list of equivalent changes is wrong, a program set cannot be built, or there is no sandbox.
pub fn mutants(
    proofs: &[Proof],
    selection: &Selection,
    config: &RunConfig,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Mutations, Failure> {
    let lists = proofs
        .iter()
        .map(|proof| equivalent::read(&proof.folder))
        .collect::<Result<Vec<_>, Failure>>()?;
    let caches = Caches::default();
    let mut sandboxes = SandboxPool::start(config.isolation, config.jobs)?;
    let mut labs = Vec::new();
    for (proof, list) in proofs.iter().zip(lists) {
        if !selection.wants_any(&proof.lab) {
            continue;
        }
        let grader = Grader {
            lab: &proof.lab,
            store,
            selection,
            config,
            caches: &caches,
        };
        let sets = program_sets(proof, &grader, &mut sandboxes.all())?;
        let tried = try_all(&sets, &grader, &mut sandboxes.all(), progress)?;
        labs.push(LabMutants::new(
            proof,
            &list,
            &tried,
            selection.tiers.is_empty(),
        ));
    }
    Ok(Mutations::new(labs))
}

/// The references, and that accepted submission in C which passes most.
fn program_sets<'a>(
    proof: &'a Proof,
    grader: &Grader<'_>,
    pool: &mut PoolSlice<'_>,
) -> Result<Vec<ProgramSet<'a>>, Failure> {
    let lab = &proof.lab;
    let mut all_prepared = vec![(
        "reference".to_owned(),
        grade::prepare_references(pool, grader)?,
    )];
    let fails = |probe: &&probes::Probe| {
        probe
            .expectation
            .as_ref()
            .map_or(usize::MAX, |expectation| expectation.expected.fails.len())
    };
    let mut accepted: Vec<&probes::Probe> = proof
        .probes
        .iter()
        .filter(|probe| probe.kind == Kind::Accepted)
        .collect();
    accepted.sort_by_key(fails);
    for probe in accepted {
        let Some(path) = &probe.path else {
            continue;
        };
        let submission = materialise::take_in(path, grader.store)?;
        let prepared = grade::prepare_submission(pool, grader, &submission, &Silent)?;
        let in_c = prepared.record.programs.iter().all(|program| {
            program.problem.is_none() && program.sources.iter().any(|name| name.ends_with(".c"))
        });
        if in_c {
            all_prepared.push((probe.name.clone(), prepared));
            break;
        }
    }
    let set = |(name, prepared): (String, Prepared)| ProgramSet {
        proof,
        name,
        substitutes: grade::substitutes(&lab.spec, &prepared.programs.references),
        prepared,
    };
    Ok(all_prepared.into_iter().map(set).collect())
}

/// Every mutant of every case that a program set passes. Gives them by program set.
fn try_all(
    sets: &[ProgramSet<'_>],
    grader: &Grader<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
) -> Result<Vec<(String, Vec<Tried>)>, Failure> {
    let mut tasks = Vec::new();
    for set in sets {
        let lab = &set.proof.lab;
        for case in grader.selection.cases_of(lab)? {
            let plays = |name: &str| set.prepared.programs.plain.contains_key(name);
            // A sanitized case asks about memory errors or races alone; no call that is changed makes one.
            if case.sanitize.is_some() || !case.needs().into_iter().all(plays) {
                continue;
            }
            let mut variants =
                plan::variants(&lab.spec.lab, case, grader.config.seed).map_err(Failure::usage)?;
            if !case.vary.is_empty() {
                variants.truncate(1);
            }
            tasks.extend(
                variants
                    .into_iter()
                    .map(|variant| Task { set, case, variant }),
            );
        }
    }
    progress.stage("changing calls", tasks.len());
    let tried = pool.each(&tasks, |sandbox, task| {
        interrupt::park_if_interrupted();
        let tried = try_one(task, grader, sandbox);
        progress.step();
        tried
    });
    progress.end();
    let mut by_name: Vec<(String, Vec<Tried>)> = sets
        .iter()
        .map(|set| (set.name.clone(), Vec::new()))
        .collect();
    for (task, tried) in tasks.iter().zip(tried) {
        let tried = tried.map_err(Failure::unable)?;
        if let Some((_, all)) = by_name.iter_mut().find(|(name, _)| *name == task.set.name) {
            all.extend(tried);
        }
    }
    Ok(by_name)
}

fn try_one(
    task: &Task<'_>,
    grader: &Grader<'_>,
    sandbox: &mut Sandbox,
) -> Result<Vec<Tried>, String> {
    let Task { set, case, variant } = task;
    let context = ExploreContext {
        spec: &set.proof.lab.spec,
        programs: &set.prepared.programs,
        substitutes: &set.substitutes,
        reference_runs: &grader.caches.reference_runs,
        seed: grader.config.seed,
        schedule: None,
        look_into: false,
        run_cache: None,
    };
    let passing = explore::once(case, &context, variant, sandbox, |_| {})?;
    // What does not pass proves nothing when it is changed.
    let passing = JudgedRun::judge(case, passing);
    let (Verdict::Pass, Ok(seen)) = (passing.verdict(), &passing.run().observed) else {
        return Ok(Vec::new());
    };
    let subject = Subject::new(case, &passing.run().plan, seen);
    let mut tried = Vec::new();
    for mutant in subject.calls() {
        let mut run = run(case, &context, variant, &mutant, sandbox)?;
        if let Some(evidence) = met(&mut run, &mutant) {
            forget(evidence, &mutant);
            tried.push(mutant.tried(case, fate(case, run)));
        }
    }
    for series in subject.outputs() {
        // How many times a program writes is not in the trace: one change after another, until there was no such call.
        for mutant in series {
            let mut run = run(case, &context, variant, &mutant, sandbox)?;
            let Some(evidence) = met(&mut run, &mutant) else {
                break;
            };
            let words = subject.line_changed(&mutant, evidence);
            forget(evidence, &mutant);
            if let Some(words) = words {
                let fate = fate(case, run);
                tried.push(Mutant { words, ..mutant }.tried(case, fate));
            }
        }
    }
    Ok(tried)
}

fn run(
    case: &Case,
    context: &ExploreContext<'_>,
    variant: &Variant,
    mutant: &Mutant,
    sandbox: &mut Sandbox,
) -> Result<RunRecord, String> {
    explore::once(case, context, variant, sandbox, |plan| {
        plan.tampers.push(mutant.tamper.clone());
    })
}

/// What was observed, if the call came that was to be changed.
fn met<'a>(run: &'a mut RunRecord, mutant: &Mutant) -> Option<&'a mut Evidence> {
    let evidence = run.observed.as_mut().ok()?;
    let of = make::changed_by(&mutant.tamper, &evidence.actors);
    evidence.trace.iter().any(of).then_some(evidence)
}

/// Takes the calls out of the trace that were not made: the program without a call is what the mutant stands for.
fn forget(evidence: &mut Evidence, mutant: &Mutant) {
    if matches!(
        mutant.tamper.action,
        TamperAction::Skip(_) | TamperAction::Lose
    ) {
        let of = make::changed_by(&mutant.tamper, &evidence.actors);
        evidence.trace.retain(|call| !of(call));
    }
}

fn fate(case: &Case, run: RunRecord) -> Fate {
    match JudgedRun::judge(case, run).verdict() {
        Verdict::Fail => Fate::Killed,
        Verdict::Pass | Verdict::Skipped => Fate::Survived,
        Verdict::Unknown => Fate::Unknown,
    }
}
