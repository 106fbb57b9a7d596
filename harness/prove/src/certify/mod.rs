//! `ipclab certify`: the same programs, the same cases, again and again, and every verdict must be the same.
//!
//! A *site* is a program set (the references or an accepted submission), a case and an input of it; a *run* is one run of a
//! site's plan, judged. Runs are done in four ways: with the machine left alone, with every processor busy twice over,
//! with all boxes on one processor, and with seeded delays at the calls. [`site_order`] shuffles, [`ledger`] compares.
//!
//! Zero differing verdicts in n runs say with 95 % confidence that fewer than 3 in n differ: (1 - p)^n = 0.05, and
//! -ln 0.05 is 3 (the "rule of three").
//!
//! Where a case tries many schedules, each run of it follows another one.

mod ledger;
pub mod load;
mod result;
mod site_order;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ipclab_evidence::{Order, Steering, Then};
use ipclab_sandbox::Sandbox;
use ipclab_spec::Case;

use crate::validate::probes::{Kind, Proof};
use ipclab_grade::explore::{self, ExploreContext, ReferenceRuns};
use ipclab_grade::grade::{self, Grader, Prepared};
use ipclab_grade::interrupt;
use ipclab_grade::pool::SandboxPool;
use ipclab_grade::progress::Progress;
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::Failure;
use ipclab_intake::materialise;
use ipclab_intake::store::Store;
use ipclab_plan::{self as plan, Variant};
use ipclab_verdict as verdict;
use ipclab_verdict::judged::JudgedRun;
use ledger::Ledger;
use load::Load;
pub use result::Certification;
use result::WayResult;

/// So many drawn inputs of a varied case are sites of their own: one case must not have most of the runs.
const INPUTS_MAX: usize = 4;

/// How runs are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The machine left alone
    Idle,
    /// Twice as many busy threads as processors beside it
    Loaded,
    /// Every box on the same processor
    OneCore,
    /// Seeded delays at the calls
    Delays,
}

impl Way {
    const ALL: [Self; 4] = [Self::Idle, Self::Loaded, Self::OneCore, Self::Delays];

    /// As tables and JSON write it.
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loaded => "loaded",
            Self::OneCore => "one core",
            Self::Delays => "delays",
        }
    }
}

/// A program set that plays in the student's places of a lab.
struct ProgramSet<'a> {
    proof: &'a Proof,
    name: String,
    prepared: Prepared,
    substitutes: plan::Programs,
}

/// What is run again and again.
struct Site<'a> {
    set: &'a ProgramSet<'a>,
    case: &'a Case,
    variant: Variant,
}

/// One run of a site.
struct Task {
    site: usize,
    /// The seed of its delays.
    chaos: Option<u64>,
    /// The schedule of a site that tries many: another one each time, so that a verdict that some schedule changes is found, and
    /// kept with that schedule.
    steering: Option<Steering>,
}

/// A schedule by priorities: one run in four has none that change.
fn drawn(seeds: &mut u64) -> Steering {
    const STEPS: u32 = 100;
    let seed = site_order::next(seeds);
    Steering {
        schedule: Vec::new(),
        then: Then::Priorities {
            seed,
            depth: 1 + (seed >> 32) as u32 % 4,
            steps: STEPS,
        },
    }
}

/// What is certified, and how often it is run.
pub struct Request<'a> {
    /// The labs and the programs that play in them.
    pub proofs: &'a [Proof],
    /// Which cases.
    pub selection: &'a Selection,
    /// How; the seed is that of the order and of the delays, too.
    pub config: &'a RunConfig,
    /// How many runs, over all ways together.
    pub runs: usize,
    /// The ways of running; none: all.
    pub ways: &'a [Way],
    /// Where the runs go that disagree.
    pub keep: &'a Path,
}

/// Certifies labs.
///
/// # Errors
/// An accepted submission cannot be taken in, there is nothing to run, or there is no sandbox.
pub fn certify(
    request: &Request<'_>,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Certification, Failure> {
    let sets = program_sets(request, store, progress)?;
    let sites = sites(&sets, request)?;
    if sites.is_empty() {
        return Err(Failure::usage("there is no case to run")
            .remedy("the tiers that were asked for are empty, or nothing was built"));
    }
    let ways = if request.ways.is_empty() {
        &Way::ALL
    } else {
        request.ways
    };
    let began = Instant::now();
    let ledger = Ledger::new(store);
    let mut results = Vec::new();
    for (n, way) in ways.iter().enumerate() {
        // What does not divide goes to the first ways.
        let runs = request.runs / ways.len() + usize::from(n < request.runs % ways.len());
        let took = run_way(*way, runs, &sites, &ledger, request.config, progress)?;
        results.push(WayResult::new(way.name(), runs, took));
    }
    interrupt::park_if_interrupted();
    let place = |site: usize| {
        let Site { set, case, variant } = &sites[site];
        result::Place {
            lab: set.proof.lab.spec.lab.clone(),
            programs: set.name.clone(),
            case: case.id.clone(),
            input: match variant.search {
                Some(_) => Some("along schedules that are drawn".to_owned()),
                None => variant.label.clone(),
            },
        }
    };
    let seed = request.config.seed;
    let mut certification = Certification::new(seed, sites.len(), results, ledger.close(), place);
    certification.took_ms = began.elapsed().as_millis() as u64;
    certification.keep(request.keep)?;
    Ok(certification)
}

/// The references and every accepted submission, built.
fn program_sets<'a>(
    request: &Request<'a>,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Vec<ProgramSet<'a>>, Failure> {
    let Request {
        selection, config, ..
    } = request;
    let mut sandboxes = SandboxPool::start(config.isolation, config.jobs)?;
    let mut pool = sandboxes.all();
    let caches = Caches::default();
    let mut sets = Vec::new();
    for proof in request.proofs {
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
        for probe in &proof.probes {
            let prepared = match (probe.kind, &probe.path) {
                (Kind::Reference, _) => grade::prepare_references(&mut pool, &grader)?,
                (Kind::Accepted, Some(path)) => {
                    let submission = materialise::take_in(path, store)?;
                    grade::prepare_submission(&mut pool, &grader, &submission, progress)?
                }
                _ => continue,
            };
            sets.push(ProgramSet {
                proof,
                name: probe.name.clone(),
                substitutes: grade::substitutes(&proof.lab.spec, &prepared.programs.references),
                prepared,
            });
        }
    }
    Ok(sets)
}

/// Every case that a set can play, with every input of it, or the first few where they are drawn.
fn sites<'a>(sets: &'a [ProgramSet<'a>], request: &Request<'_>) -> Result<Vec<Site<'a>>, Failure> {
    let mut sites = Vec::new();
    for set in sets {
        let spec = &set.proof.lab.spec;
        for case in request.selection.cases_of(&set.proof.lab)? {
            let plays = |name: &str| set.prepared.programs.plain.contains_key(name);
            let obstacle = verdict::obstacle(case, &set.prepared.record, &Default::default());
            if obstacle.is_some() || !case.needs().into_iter().all(plays) {
                continue;
            }
            let mut variants =
                plan::variants(&spec.lab, case, request.config.seed).map_err(Failure::usage)?;
            if !case.vary.is_empty() {
                variants.truncate(INPUTS_MAX);
            }
            sites.extend(
                variants
                    .into_iter()
                    .map(|variant| Site { set, case, variant }),
            );
        }
    }
    Ok(sites)
}

/// Does so many runs in one way. Gives how long they took.
fn run_way(
    way: Way,
    runs: usize,
    sites: &[Site<'_>],
    ledger: &Ledger<'_>,
    config: &RunConfig,
    progress: &dyn Progress,
) -> Result<Duration, Failure> {
    let mut sandboxes = match way {
        Way::Idle | Way::Loaded | Way::Delays => SandboxPool::start(config.isolation, config.jobs)?,
        Way::OneCore => SandboxPool::start_on_one_processor(config.isolation, config.jobs)?,
    };
    let load = match way {
        Way::Loaded => Some(Load::start(2 * ipclab_sandbox::processors())?),
        Way::Idle | Way::OneCore | Way::Delays => None,
    };
    let mut seeds = config.seed ^ (way as u64) << 32;
    let order = site_order::draw(sites.len(), runs, site_order::next(&mut seeds));
    let tasks: Vec<Task> = order
        .into_iter()
        .map(|site| Task {
            site,
            chaos: (way == Way::Delays).then(|| site_order::next(&mut seeds)),
            steering: sites[site].variant.search.map(|_| drawn(&mut seeds)),
        })
        .collect();
    progress.stage(way.name(), tasks.len());
    let reference_runs = ReferenceRuns::default();
    let began = Instant::now();
    let done_so_far = AtomicUsize::new(0);
    let one = |sandbox: &mut Sandbox, task: &Task| {
        interrupt::park_if_interrupted();
        let site = &sites[task.site];
        let context = ExploreContext {
            spec: &site.set.proof.lab.spec,
            programs: &site.set.prepared.programs,
            substitutes: &site.set.substitutes,
            reference_runs: &reference_runs,
            // Here it is the repetition that counts.
            run_cache: None,
            seed: config.seed,
            schedule: None,
            look_into: false,
        };
        let run = explore::once(site.case, &context, &site.variant, sandbox, |plan| {
            plan.chaos = task.chaos;
            if let Some(steering) = &task.steering {
                plan.turns = Some(Order::Steered(steering.clone()));
            }
        })
        .map_err(Failure::unable)?;
        if ledger.enter(task.site, &JudgedRun::judge(site.case, run), way.name())? {
            // Said at once: a long run may be stopped for it.
            progress.say(&format!(
                "{} of {}: {} has more than one verdict",
                site.case.id, site.set.proof.lab.spec.lab, site.set.name
            ));
        }
        progress.step();
        // A log says how far it is, too, but not after each run.
        let so_far = done_so_far.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far.is_multiple_of(1000) && so_far < runs {
            progress.log(&format!("{}: {so_far} of {runs} runs", way.name()));
        }
        Ok(())
    };
    let done: Result<Vec<()>, Failure> = sandboxes.all().each(&tasks, one).into_iter().collect();
    done?;
    drop(load);
    progress.end();
    let took = began.elapsed();
    progress.say(&format!(
        "{}: {runs} runs in {:.0} s",
        way.name(),
        took.as_secs_f64()
    ));
    Ok(took)
}
