//! `ipclab certify`: the same programs, the same cases, again and again, and every verdict must be the same.
//!
//! A *site* is a program set (the references or an accepted submission), a case and an input of it; a *run* is one run of a
//! site's plan, judged. Runs are done in four ways: with the machine left alone, with every processor busy twice over,
//! with all boxes on one processor, and with seeded delays at the calls. [`deal`] shuffles, [`ledger`] compares.
//!
//! Zero differing verdicts in n runs say with 95 % confidence that fewer than 3 in n differ: (1 - p)^n = 0.05, and
//! -ln 0.05 is 3 (the "rule of three").

mod deal;
mod ledger;
pub(crate) mod load;
mod result;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ipclab_sandbox::Sandbox;
use ipclab_spec::Case;

use crate::args::{Certify, Format, When, tiers};
use crate::output;
use crate::progress::Bar;
use crate::validate::probes::{self, Kind, Proof};
use ipclab_grade::explore::{self, Scene};
use ipclab_grade::grade::{self, Cast, Options};
use ipclab_grade::interrupt;
use ipclab_grade::pool::SandboxPool;
use ipclab_grade::progress::Progress;
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_plan::{self as plan, Variant};
use ipclab_verdict as verdict;
use ledger::Ledger;
use load::Load;
use result::{Certification, WayResult};

/// So many drawn inputs of a varied case are sites of their own: one case must not have most of the runs.
const INPUTS_MAX: usize = 4;

/// How runs are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Way {
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
struct Troupe<'a> {
    proof: &'a Proof,
    name: String,
    cast: Cast,
    stand_ins: plan::Programs,
}

/// What is run again and again.
struct Site<'a> {
    troupe: &'a Troupe<'a>,
    case: &'a Case,
    variant: Variant,
}

/// Certifies labs and prints what was found.
///
/// # Errors
/// A lab cannot be found or read, an accepted submission cannot be taken in, or there is no sandbox.
pub(crate) fn certify(args: &Certify, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs)?;
    output::watch()?;
    let store = Store::open()?;
    let options = options(args);
    let troupes = troupes(&proofs, &store, &options)?;
    let sites = sites(&troupes, &options)?;
    if sites.is_empty() {
        return Err(Failure::usage("there is no case to run")
            .remedy("the tiers that were asked for are empty, or nothing was built"));
    }
    let ways = if args.ways.is_empty() {
        Way::ALL.to_vec()
    } else {
        args.ways.clone()
    };
    let began = Instant::now();
    let ledger = Ledger::new(&store);
    let mut results = Vec::new();
    for (n, way) in ways.iter().enumerate() {
        // What does not divide goes to the first ways.
        let runs = args.runs / ways.len() + usize::from(n < args.runs % ways.len());
        let took = run_way(*way, runs, &sites, &ledger, &options, args)?;
        results.push(WayResult::new(way.name(), runs, took));
    }
    interrupt::hold_if_begun();
    let told = |site: usize| {
        let Site {
            troupe,
            case,
            variant,
        } = &sites[site];
        result::Place {
            lab: troupe.proof.lab.spec.lab.clone(),
            programs: troupe.name.clone(),
            case: case.id.clone(),
            input: variant.label.clone(),
        }
    };
    let mut certification =
        Certification::new(args.seed, sites.len(), results, ledger.close(), told);
    certification.took_ms = began.elapsed().as_millis() as u64;
    certification.keep(&args.keep)?;
    let text = match args.format {
        Format::Text => certification.text(&output::style(color)),
        Format::Json => certification.json(),
    };
    output::print(&text)?;
    Ok(ExitCode::from(certification.exit_code()))
}

fn options(args: &Certify) -> Options {
    Options {
        cases: args.cases.clone(),
        tiers: tiers(&args.tiers),
        jobs: args.jobs.map(usize::from),
        seed: args.seed,
        ..Options::default()
    }
}

/// The references and every accepted submission, built.
fn troupes<'a>(
    proofs: &'a [Proof],
    store: &Store,
    options: &Options,
) -> Result<Vec<Troupe<'a>>, Failure> {
    let mut sandboxes = SandboxPool::start(options.isolation, options.jobs)?;
    let mut pool = sandboxes.all();
    let progress = Bar::start();
    let mut troupes = Vec::new();
    for proof in proofs {
        if !options.want_any(&proof.lab) {
            continue;
        }
        for probe in &proof.probes {
            let cast = match (probe.kind, &probe.folder) {
                (Kind::Reference, _) => {
                    grade::cast_references(&mut pool, &proof.lab, store, options)?
                }
                (Kind::Accepted, Some(folder)) => {
                    let submission = Submission::take_in(folder, store.folder("submission")?)?;
                    grade::cast_submission(
                        &mut pool,
                        &proof.lab,
                        &submission,
                        store,
                        options,
                        &progress,
                    )?
                }
                _ => continue,
            };
            troupes.push(Troupe {
                proof,
                name: probe.name.clone(),
                stand_ins: grade::stand_ins(&proof.lab.spec, &cast.programs.references),
                cast,
            });
        }
    }
    Ok(troupes)
}

/// Every case that a troupe can play, with every input of it, or the first few where they are drawn.
fn sites<'a>(troupes: &'a [Troupe<'a>], options: &Options) -> Result<Vec<Site<'a>>, Failure> {
    let mut sites = Vec::new();
    for troupe in troupes {
        let spec = &troupe.proof.lab.spec;
        for case in grade::selected(&troupe.proof.lab, options)? {
            let plays = |name: &str| troupe.cast.programs.plain.contains_key(name);
            let obstacle = verdict::obstacle(case, &troupe.cast.record, &Default::default());
            if obstacle.is_some() || !case.needs().into_iter().all(plays) {
                continue;
            }
            let mut variants =
                plan::variants(&spec.lab, case, options.seed).map_err(Failure::usage)?;
            if !case.vary.is_empty() {
                variants.truncate(INPUTS_MAX);
            }
            sites.extend(variants.into_iter().map(|variant| Site {
                troupe,
                case,
                variant,
            }));
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
    options: &Options,
    args: &Certify,
) -> Result<Duration, Failure> {
    let mut sandboxes = match way {
        Way::Idle | Way::Loaded | Way::Delays => {
            SandboxPool::start(options.isolation, options.jobs)?
        }
        Way::OneCore => SandboxPool::start_on_one_processor(options.isolation, options.jobs)?,
    };
    let load = match way {
        Way::Loaded => Some(Load::start(2 * ipclab_sandbox::processors())?),
        Way::Idle | Way::OneCore | Way::Delays => None,
    };
    let mut seeds = args.seed ^ (way as u64) << 32;
    let order = deal::deal(sites.len(), runs, deal::next(&mut seeds));
    let tasks: Vec<(usize, Option<u64>)> = order
        .into_iter()
        .map(|site| (site, (way == Way::Delays).then(|| deal::next(&mut seeds))))
        .collect();
    let progress = Bar::start();
    progress.stage(way.name(), tasks.len());
    let began = Instant::now();
    let done_so_far = AtomicUsize::new(0);
    let one = |sandbox: &mut Sandbox, (n, chaos): &(usize, Option<u64>)| {
        interrupt::hold_if_begun();
        let site = &sites[*n];
        let scene = Scene {
            spec: &site.troupe.proof.lab.spec,
            programs: &site.troupe.cast.programs,
            stand_ins: &site.troupe.stand_ins,
            oracles: &options.oracles,
            // Here it is the repetition that counts.
            run_cache: None,
            seed: options.seed,
            look_into: false,
        };
        let run = explore::once(site.case, &scene, &site.variant, sandbox, |plan| {
            plan.chaos = *chaos;
        })
        .map_err(Failure::unable)?;
        if ledger.enter(*n, site.case, &run, way.name())? {
            // Said at once: a long run may be stopped for it.
            progress.say(&format!(
                "{} of {}: {} has more than one verdict",
                site.case.id, site.troupe.proof.lab.spec.lab, site.troupe.name
            ));
        }
        progress.step();
        // Whoever reads a log wants to know, too, and not of each.
        let so_far = done_so_far.fetch_add(1, Ordering::Relaxed) + 1;
        if !io::stderr().is_terminal() && so_far.is_multiple_of(1000) && so_far < runs {
            output::note(&format!("{}: {so_far} of {runs} runs", way.name()));
        }
        Ok(())
    };
    let done: Result<Vec<()>, Failure> = sandboxes.all().each(&tasks, one).into_iter().collect();
    done?;
    drop(load);
    progress.end();
    let took = began.elapsed();
    output::note(&format!(
        "{}: {runs} runs in {:.0} s",
        way.name(),
        took.as_secs_f64()
    ));
    Ok(took)
}

/// Where traces are kept when nobody says.
pub(crate) fn keep_default() -> PathBuf {
    Path::new("ipclab-differing").to_owned()
}
