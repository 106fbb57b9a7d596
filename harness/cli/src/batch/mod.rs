//! `ipclab grade`: a whole class.
//!
//! ```text
//! SUBMISSIONS ── import ──► Found ─ one ─► Entry ─ results.jsonl ─► class.json, pages
//! ```
//!
//! [`ipclab_intake::import`] finds the submissions; [`one`] grades one of them, whatever it does; [`results`] keeps each as a line as
//! soon as it is there, so that a run that ends early is gone on with; [`finish`] makes of the lines what people read.
//! [`key`] says what a result hangs on: what has not changed is not graded again. [`shard`] spreads a class over machines,
//! and [`merge`] brings it together.

mod finish;
mod key;
mod merge;
mod one;
mod pages;
mod progress;
mod results;
mod shard;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use ipclab_report::{Line, Outcome};

use crate::args::{Grade, tiers};
use crate::out::Out;
use crate::output;
use ipclab_grade::explore::{Oracles, RunCache};
use ipclab_grade::grade::{self, Options};
use ipclab_grade::interrupt;
use ipclab_grade::labs::{self, Lab};
use ipclab_grade::pool::SandboxPool;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{self, Class, Found, Roster, Wanted};
use ipclab_intake::store::Store;
use key::Settings;
pub(crate) use merge::merge;
use one::{Graded, Scene};
use progress::Progress;
use results::{Kept, Results};
pub(crate) use shard::Shard;

/// Grades a class.
///
/// # Errors
/// What keeps the tool from grading at all, or from keeping what it graded.
pub(crate) fn grade(args: &Grade) -> Result<ExitCode, Failure> {
    let lab = lab(args.lab.as_deref(), args.spec.as_deref())?;
    let mut options = options(args, &lab);
    // What was asked for wrongly is said before anything is unpacked.
    grade::selected(&lab, &options)?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    output::watch_saying("what was graded is kept, and the same command goes on from there")?;
    let store = Store::open()?;
    if !args.no_cache {
        options.oracles = Oracles::on_disk(store.answers());
        options.run_cache = Some(RunCache::default());
    }
    let class = look(
        &args.submissions,
        args.from.map(Into::into),
        &lab,
        roster.as_ref(),
        &store,
    )?;
    if args.list {
        return output::print(&finish::list(&class));
    }
    let Some(folder) = &args.out else {
        return Err(Failure::usage("there is no folder for the results").remedy("name one with -o"));
    };
    let chosen = chosen(&class, args)?;
    let out = Out::open(folder, &args.submissions)?;
    let mut sandboxes = SandboxPool::start(options.isolation, options.jobs)?;
    let settings = Settings::of(&lab, &options, sandboxes.all().level())?;
    let results = Results::open(&out, &lab.spec.lab)?;
    if results.dropped > 0 {
        output::note(&format!(
            "{} damaged in {}: what they were about is graded again",
            lines(results.dropped),
            out.shown("results.jsonl")
        ));
    }
    let counts = grade_all(
        &chosen,
        &lab,
        &options,
        &settings,
        results,
        &store,
        &mut sandboxes,
        args,
    )?;
    drop(sandboxes);
    interrupt::hold_if_begun();
    finish::finish(&finish::Finish {
        out: &out,
        lab: &lab,
        options: &options,
        settings: &settings,
        class: &class,
        shard: args.shard,
        kept: counts.kept,
        spared: options.run_cache.as_ref().map_or(0, RunCache::spared),
    })
}

/// How many results came from where.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Not graded again, since nothing had changed.
    kept: usize,
}

/// Grades what is to be graded, as many submissions at a time as there are sandboxes.
#[allow(clippy::too_many_arguments)] // Each is something else, and all of them meet here only.
fn grade_all(
    chosen: &[&Found],
    lab: &Lab,
    options: &Options,
    settings: &Settings,
    results: Results,
    store: &Store,
    sandboxes: &mut SandboxPool,
    args: &Grade,
) -> Result<Counts, Failure> {
    let progress = Progress::start(chosen.len());
    let scene = Scene {
        lab,
        options,
        settings,
        store,
    };
    let results = Mutex::new(results);
    let stopped: Mutex<Option<Failure>> = Mutex::new(None);
    let kept = Mutex::new(0_usize);
    sandboxes.all().each_alone(chosen, |pool, found| {
        // A full disk keeps nothing of what would still be graded: whoever has made space runs it again.
        if locked(&stopped).is_some() {
            return;
        }
        let id = found.who.id.as_str();
        let known: Option<Kept> = (!args.regrade).then(|| locked(&results).get(id)).flatten();
        progress.begin(id);
        let graded = one::grade(&scene, pool, found, known.as_ref());
        interrupt::hold_if_begun();
        match graded {
            Graded::Unchanged { who } => {
                *locked(&kept) += 1;
                progress.kept(id);
                if known.is_some_and(|known| known.who != *who)
                    && let Err(failure) = locked(&results).rename(id, *who)
                {
                    locked(&stopped).get_or_insert(failure);
                }
            }
            Graded::Now { line } => {
                progress.end(id, &said(&line.entry.outcome));
                if let Err(failure) = locked(&results).append(&line) {
                    locked(&stopped).get_or_insert(failure);
                }
            }
        }
    });
    progress.finish();
    match locked(&stopped).take() {
        Some(failure) => Err(failure),
        None => Ok(Counts {
            kept: *locked(&kept),
        }),
    }
}

/// An outcome in a few words.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Report(report) => {
            let score = &report.score;
            let unknown = match score.unknown {
                0 => String::new(),
                unknown => format!(", {unknown} unknown"),
            };
            format!("{} of {}{unknown}", score.earned, score.max)
        }
        Outcome::NotGraded(why) => format!("not graded: {}", why.why),
    }
}

/// The lab that a class is about.
///
/// # Errors
/// None is named, or it cannot be read.
pub(crate) fn lab(name: Option<&str>, spec: Option<&Path>) -> Result<Lab, Failure> {
    let lab = match (name, spec) {
        (Some(name), _) => labs::named(name)?,
        (None, Some(file)) => labs::file(file)?,
        (None, None) => {
            return Err(
                Failure::usage("a class is graded by one lab, and none is named").remedy(format!(
                    "say which with --lab: {}",
                    labs::names().join(", ")
                )),
            );
        }
    };
    if !lab.warnings.is_empty() {
        output::note(&lab.warnings);
    }
    Ok(lab)
}

fn options(args: &Grade, lab: &Lab) -> Options {
    Options {
        cases: args.cases.clone(),
        tiers: tiers(&args.tiers),
        isolation: args.isolation.into(),
        jobs: args.jobs.map(usize::from),
        seed: args.seed,
        use_cache: !args.no_cache,
        // What a student can run, wherever the folder is there: no path of this machine has a place in their report.
        command: Options::command(".", lab, args.seed),
        look_into: true,
        ..Options::default()
    }
}

/// Finds the submissions of a class.
///
/// # Errors
/// As [`import::look`].
pub(crate) fn look(
    submissions: &Path,
    from: Option<import::System>,
    lab: &Lab,
    roster: Option<&Roster>,
    store: &Store,
) -> Result<Class, Failure> {
    let programs = &lab.spec.programs;
    let sources: Vec<String> = programs
        .iter()
        .flat_map(|program| program.sources.iter().cloned())
        .collect();
    let single = match programs.as_slice() {
        [only] => only.sources.first().map(String::as_str),
        _ => None,
    };
    let wanted = Wanted {
        sources: &sources,
        single,
    };
    let class = import::look(submissions, from, &wanted, roster, store)?;
    for note in &class.notes {
        output::note(&format!("note: {}", Line::new(note)));
    }
    Ok(class)
}

/// The submissions that this run is about.
fn chosen<'a>(class: &'a Class, args: &Grade) -> Result<Vec<&'a Found>, Failure> {
    let mine = |found: &&Found| {
        args.shard
            .is_none_or(|shard| shard.has(found.who.id.as_str()))
    };
    let names = |found: &Found| -> Vec<String> {
        let students = found.who.students.iter();
        let known = students.flat_map(|student| student.name.iter().chain(student.ids.values()));
        let mut names: Vec<String> = known.map(|name| name.to_lowercase()).collect();
        names.push(found.who.id.to_lowercase());
        names
    };
    let mut chosen: Vec<&Found> = class.found.iter().filter(mine).collect();
    if args.only.is_empty() {
        return Ok(chosen);
    }
    let wanted: BTreeSet<String> = args.only.iter().map(|name| name.to_lowercase()).collect();
    for name in &wanted {
        if !class.found.iter().any(|found| names(found).contains(name)) {
            let like = |found: &Found| strsim::jaro_winkler(&found.who.id.to_lowercase(), name);
            let near = class.found.iter().filter(|found| like(found) > 0.7);
            let near = near.max_by(|a, b| like(a).total_cmp(&like(b)));
            let remedy = match near {
                Some(near) => format!("did you mean {}? All of them: --list", near.who.id),
                None => "all of them: --list".to_owned(),
            };
            return Err(Failure::usage(format!(
                "there is no submission of {:?}",
                Line::new(name).as_str()
            ))
            .remedy(remedy));
        }
    }
    chosen.retain(|found| names(found).iter().any(|name| wanted.contains(name)));
    Ok(chosen)
}

fn lines(count: usize) -> String {
    match count {
        1 => "1 line is".to_owned(),
        count => format!("{count} lines are"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A path of an argument, in messages.
fn shown(path: &Path) -> String {
    ipclab_intake::show::path(path)
}
