//! `ipclab validate --mutants`: programs that pass are made wrong, one call at a time and without touching their source,
//! and every such change must cost points.
//!
//! A *mutant* is the plan of a case that passes, with one more change of the tracer's at a call that the student's actor
//! makes: [`make`] lists them from the trace of the passing run. What its author would call one mistake (this `close()`
//! is missing) may show in many cases: mutants with the same program and the same words belong together, and it is
//! enough when one case with points fails on one of them. Which cases do is counted for each case, too.
//!
//! A change that nothing can notice is no mistake: [`equivalent`] reads the list of those, each with its reason.

mod equivalent;
mod make;
mod result;

use std::process::ExitCode;

use ipclab_evidence::{Evidence, TamperAction};
use ipclab_judge::Verdict;
use ipclab_sandbox::{Sandbox, Wish};
use ipclab_spec::Case;

use crate::args::{Format, Validate, When, tiers};
use crate::output;
use crate::progress::Bar;
use crate::validate::probes::{self, Kind, Proof};
use ipclab_grade::explore::{self, Scene};
use ipclab_grade::grade::{self, Cast, Options};
use ipclab_grade::interrupt;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_plan::{self as plan, Variant};
use ipclab_verdict as verdict;
use ipclab_verdict::record::RunRecord;
use make::{Mutant, Subject};
use result::{LabMutants, Mutations};

/// A program set whose calls are changed.
struct Troupe<'a> {
    proof: &'a Proof,
    name: String,
    cast: Cast,
    stand_ins: plan::Programs,
}

/// One run of a case by a program set: what its mutants are made from.
struct Task<'a> {
    troupe: &'a Troupe<'a>,
    case: &'a Case,
    variant: Variant,
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Points were lost.
    Killed,
    /// Nothing was noticed.
    Survived,
    /// It could not be judged.
    Unknown,
}

/// A mutant that was run.
#[derive(Clone, Debug)]
struct Tried {
    case: String,
    program: String,
    words: String,
    fate: Fate,
}

/// Tries all mutants and prints what survived.
///
/// # Errors
/// A lab cannot be found or read, its list of equivalent changes is wrong, or there is no sandbox.
pub(crate) fn mutants(args: &Validate, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs)?;
    let lists = proofs
        .iter()
        .map(|proof| equivalent::read(&proof.folder))
        .collect::<Result<Vec<_>, Failure>>()?;
    output::watch()?;
    let store = Store::open()?;
    let options = Options {
        tiers: tiers(&args.tiers),
        jobs: args.jobs.map(usize::from),
        ..Options::default()
    };
    let mut sandboxes = SandboxPool::start(Wish::Auto, options.jobs)?;
    let mut labs = Vec::new();
    for (proof, list) in proofs.iter().zip(lists) {
        if !options.want_any(&proof.lab) {
            continue;
        }
        let troupes = troupes(proof, &mut sandboxes.all(), &store, &options)?;
        let tried = try_all(&troupes, &mut sandboxes.all(), &options)?;
        labs.push(LabMutants::new(
            proof,
            &list,
            &tried,
            options.tiers.is_empty(),
        ));
    }
    let mutations = Mutations::new(labs);
    let text = match args.format {
        Format::Text => mutations.text(&output::style(color)),
        Format::Json => mutations.json(),
    };
    output::print(&text)?;
    Ok(ExitCode::from(mutations.exit_code()))
}

/// The references, and that accepted submission in C which passes most.
fn troupes<'a>(
    proof: &'a Proof,
    pool: &mut PoolSlice<'_>,
    store: &Store,
    options: &Options,
) -> Result<Vec<Troupe<'a>>, Failure> {
    let lab = &proof.lab;
    let mut casts = vec![(
        "reference".to_owned(),
        grade::cast_references(pool, lab, store, options)?,
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
        let Some(folder) = &probe.folder else {
            continue;
        };
        let submission = Submission::take_in(folder, store.folder("submission")?)?;
        let cast = grade::cast_submission(pool, lab, &submission, store, options, &Silent)?;
        let in_c = cast.record.programs.iter().all(|program| {
            program.problem.is_none() && program.sources.iter().any(|name| name.ends_with(".c"))
        });
        if in_c {
            casts.push((probe.name.clone(), cast));
            break;
        }
    }
    let troupe = |(name, cast): (String, Cast)| Troupe {
        proof,
        name,
        stand_ins: grade::stand_ins(&lab.spec, &cast.programs.references),
        cast,
    };
    Ok(casts.into_iter().map(troupe).collect())
}

/// Every mutant of every case that a program set passes. Gives them by program set.
fn try_all(
    troupes: &[Troupe<'_>],
    pool: &mut PoolSlice<'_>,
    options: &Options,
) -> Result<Vec<(String, Vec<Tried>)>, Failure> {
    let mut tasks = Vec::new();
    for troupe in troupes {
        let lab = &troupe.proof.lab;
        for case in grade::selected(lab, options)? {
            let plays = |name: &str| troupe.cast.programs.plain.contains_key(name);
            // A sanitized case asks about memory errors alone; no call that is changed makes one.
            if case.sanitize || !case.needs().into_iter().all(plays) {
                continue;
            }
            let mut variants =
                plan::variants(&lab.spec.lab, case, options.seed).map_err(Failure::usage)?;
            if !case.vary.is_empty() {
                variants.truncate(1);
            }
            tasks.extend(variants.into_iter().map(|variant| Task {
                troupe,
                case,
                variant,
            }));
        }
    }
    let progress = Bar::start();
    progress.stage("changing calls", tasks.len());
    let tried = pool.each(&tasks, |sandbox, task| {
        interrupt::hold_if_begun();
        let tried = try_one(task, options, sandbox);
        progress.step();
        tried
    });
    progress.end();
    let mut by_name: Vec<(String, Vec<Tried>)> = troupes
        .iter()
        .map(|troupe| (troupe.name.clone(), Vec::new()))
        .collect();
    for (task, tried) in tasks.iter().zip(tried) {
        let tried = tried.map_err(Failure::unable)?;
        if let Some((_, all)) = by_name
            .iter_mut()
            .find(|(name, _)| *name == task.troupe.name)
        {
            all.extend(tried);
        }
    }
    Ok(by_name)
}

fn try_one(
    task: &Task<'_>,
    options: &Options,
    sandbox: &mut Sandbox,
) -> Result<Vec<Tried>, String> {
    let Task {
        troupe,
        case,
        variant,
    } = task;
    let scene = Scene {
        spec: &troupe.proof.lab.spec,
        programs: &troupe.cast.programs,
        stand_ins: &troupe.stand_ins,
        oracles: &options.oracles,
        seed: options.seed,
        look_into: false,
        run_cache: None,
    };
    let passing = explore::once(case, &scene, variant, sandbox, |_| {})?;
    // What does not pass proves nothing when it is changed.
    if verdict::run_verdict(case, &passing) != Verdict::Pass {
        return Ok(Vec::new());
    }
    let Ok(seen) = &passing.observed else {
        return Ok(Vec::new());
    };
    let subject = Subject::new(case, &passing.plan, seen);
    let mut tried = Vec::new();
    for mutant in subject.calls() {
        let mut run = run(case, &scene, variant, &mutant, sandbox)?;
        if let Some(evidence) = met(&mut run, &mutant) {
            forget(evidence, &mutant);
            tried.push(mutant.tried(case, fate(case, &run)));
        }
    }
    for series in subject.outputs() {
        // How many times a program writes is not in the trace: one change after another, until there was no such call.
        for mutant in series {
            let mut run = run(case, &scene, variant, &mutant, sandbox)?;
            let Some(evidence) = met(&mut run, &mutant) else {
                break;
            };
            let words = subject.line_changed(&mutant, evidence);
            forget(evidence, &mutant);
            if let Some(words) = words {
                let fate = fate(case, &run);
                tried.push(Mutant { words, ..mutant }.tried(case, fate));
            }
        }
    }
    Ok(tried)
}

fn run(
    case: &Case,
    scene: &Scene<'_>,
    variant: &Variant,
    mutant: &Mutant,
    sandbox: &mut Sandbox,
) -> Result<RunRecord, String> {
    explore::once(case, scene, variant, sandbox, |plan| {
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

fn fate(case: &Case, run: &RunRecord) -> Fate {
    match verdict::run_verdict(case, run) {
        Verdict::Fail => Fate::Killed,
        Verdict::Pass | Verdict::Skipped => Fate::Survived,
        Verdict::Unknown => Fate::Unknown,
    }
}
