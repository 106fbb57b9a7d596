//! `ipclab grade`: a whole class.
//!
//! ```text
//! SUBMISSIONS ── import ──► Found ─ one ─► Entry ─ results.jsonl ─► class.json, pages
//! ```
//!
//! [`ipclab_intake::import`] finds the submissions; [`one`] grades one of them, whatever it does; [`results`] keeps each as a line as
//! soon as it is there, so that a run that ends early is gone on with; [`finish`] makes of the lines what people read.
//! [`marks`] keeps the class's marks apart from what is only looked at, and from what another spec would make of them.
//! [`settling`] puts the instructor's word and the rule for late work beside what was graded. [`alike`] compares submissions by
//! their [`print`]s, [`verify`] tries results again, [`refresh`] writes pages anew. [`key`] says what a result hangs on: what has not changed is not graded again. [`shard`] spreads a class over machines,
//! and [`merge`] brings it together.

mod alike;
mod called;
mod code;
mod count;
mod finish;
mod key;
mod list;
pub(crate) mod manifest;
mod marks;
mod merge;
mod one;
mod overrides;
mod pace;
mod pages;
mod print;
mod progress;
mod refresh;
pub(crate) mod results;
pub(crate) mod rules;
pub(crate) mod settling;
mod shard;
mod summary;
pub(crate) mod unfinished;
pub mod verify;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use ipclab_grade::explore::RunCache;
use ipclab_grade::grade::Grader;
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::SandboxPool;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{self, Class, ExpectedFiles, Found, Roster};
use ipclab_intake::store::Store;
use ipclab_report::{Line, Outcome};

use crate::finished::Finished;
use crate::results_folder::ResultsFolder;
use called::is_called;
use key::Settings;
pub use list::list;
use manifest::Origin;
use marks::{Decision, Marks, Place};
pub(crate) use marks::{graded_by, settled_class};
pub use merge::merge;
use one::{Context, Graded};
pub use pace::Pace;
use print::Starter;
pub use progress::ClassProgress;
pub use refresh::refresh;
use results::{Results, StoredResult};
pub use rules::Rules;
use settling::Settling;
pub use shard::Shard;

/// Which submissions of a class are graded, and where the results go.
pub struct Request<'a> {
    /// Where the class lies.
    pub submissions: &'a Path,
    /// What was found there.
    pub class: &'a Class,
    /// The folder for the results; what is there already is gone on with.
    pub out: &'a Path,
    /// Only those that are called so, by id, name or number; none: all.
    pub only: &'a [String],
    /// The system that the command line named.
    pub from: Option<import::System>,
    /// Only this part.
    pub shard: Option<Shard>,
    /// Grade again what has not changed, too.
    pub regrade: bool,
    /// Let these results take the place of the class's marks where they differ.
    pub replace: bool,
}

/// Grades a class.
///
/// # Errors
/// What keeps the tool from grading at all, or from keeping what it graded.
pub fn grade(
    grader: &Grader<'_>,
    request: &Request<'_>,
    progress: &dyn ClassProgress,
) -> Result<Finished, Failure> {
    let chosen = chosen(request)?;
    let out = ResultsFolder::open(request.out, request.submissions)?;
    let mut sandboxes = SandboxPool::start(grader.config.isolation, grader.config.jobs)?;
    let settings = Settings::of(grader, sandboxes.all().level())?;
    let top = out;
    let marks = Marks::read(&top.path(""))?;
    let settling = Settling::read(&top.path(""))?;
    let place = Place::of(
        &settings,
        &key::tiers(grader.lab.spec.cases.iter().map(|case| case.tier)),
        &settling.rules,
        marks.as_ref(),
    );
    let part = place.folder(&settings);
    let part = part.map(|name| top.part(&name)).transpose()?;
    let out = part.as_ref().unwrap_or(&top);
    let results = Results::open(out, &grader.lab.spec.lab, settings.as_str())?;
    if results.dropped > 0 {
        progress.note(&format!(
            "{} damaged in {}: what they were about is graded again",
            lines(results.dropped),
            out.display("results.jsonl")
        ));
    }
    let starter = Starter::of(grader.lab);
    let context = Context {
        grader,
        settings: &settings,
        starter: &starter,
    };
    let done = grade_all(
        &chosen,
        &context,
        request.regrade,
        results,
        &mut sandboxes,
        progress,
    )?;
    drop(sandboxes);
    interrupt::park_if_interrupted();
    let mut finished = finish::finish(&finish::Finish {
        out,
        grader,
        settings: &settings,
        class: request.class,
        shard: request.shard,
        settling: &settling,
        origin: Some(origin(grader, request)),
        role: place.role(),
        leave_out: request.replace,
        kept: done.kept,
        spared: grader.caches.runs.as_ref().map_or(0, RunCache::spared),
    })?;
    if !done.stands.is_empty() {
        finished.exit_code = 3;
        let stands = done.stands.iter();
        finished
            .notes
            .extend(stands.map(|one| format!("note: {one}")));
    }
    match (place, &marks) {
        (Place::Proposal, Some(marks)) => {
            let mut consent = |text: &str| request.replace || progress.agrees(text);
            match marks::decide(&top, marks, &settings, &settling, &finished, &mut consent)? {
                Decision::Taken(note) => {
                    finished.notes.push(note);
                    finished.text = finished.text.replace(&out.name(), &top.name());
                }
                Decision::Left { notes, trouble } => {
                    finished.notes.extend(notes);
                    finished.exit_code = if trouble { 3 } else { 1 };
                }
            }
        }
        (Place::Look, _) => finished.notes.push(format!(
            "note: a look at {}; the class's marks are untouched",
            settings.how.options()
        )),
        (Place::Marks, Some(marks)) if marks.settings == settings.as_str() => {
            finished
                .notes
                .extend(marks::news(marks, &settling, &finished));
        }
        (Place::Marks | Place::Proposal, _) => {}
    }
    Ok(Finished {
        notes: finished.notes,
        text: finished.text,
        exit_code: finished.exit_code,
    })
}

/// Where the class came from, for `ipclab verify`.
fn origin(grader: &Grader<'_>, request: &Request<'_>) -> Origin {
    let lab = grader.lab;
    let absolute = |path: &Path| {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        path.to_string_lossy().into_owned()
    };
    Origin {
        submissions: absolute(request.submissions),
        lab: match &lab.path {
            Some(path) => vec!["--spec".to_owned(), absolute(path)],
            None => vec!["--lab".to_owned(), lab.spec.lab.clone()],
        },
        command: grader.config.command.clone(),
        from: request.from.map(|system| system.name().to_owned()),
    }
}

/// What came of going through a class.
#[derive(Default)]
struct Done {
    /// How many results were kept, since nothing had changed.
    kept: usize,
    /// Submissions that could not be graded now and whose mark of before stands, and why.
    stands: Vec<String>,
}

/// Grades what is to be graded, as many submissions at a time as there are sandboxes.
fn grade_all(
    chosen: &[&Found],
    context: &Context<'_>,
    regrade: bool,
    results: Results,
    sandboxes: &mut SandboxPool,
    progress: &dyn ClassProgress,
) -> Result<Done, Failure> {
    progress.start(chosen.len());
    let results = Mutex::new(results);
    let stopped: Mutex<Option<Failure>> = Mutex::new(None);
    let done = Mutex::new(Done::default());
    sandboxes.all().each_alone(chosen, |pool, found| {
        // A full disk keeps nothing of what would still be graded: the instructor makes space and runs it again.
        if locked(&stopped).is_some() {
            return;
        }
        let id = found.who.id.as_str();
        let stored: Option<StoredResult> = locked(&results).get(id);
        progress.begin(id);
        let unchanged = stored.as_ref().filter(|_| !regrade);
        let graded = one::grade(context, pool, found, unchanged);
        interrupt::park_if_interrupted();
        match graded {
            Graded::Unchanged { who } => {
                locked(&done).kept += 1;
                progress.kept(id);
                if stored.is_some_and(|stored| stored.who != *who)
                    && let Err(failure) = locked(&results).rename(id, *who)
                {
                    locked(&stopped).get_or_insert(failure);
                }
            }
            Graded::Now { line } => {
                let said = one_line(&line.entry.outcome);
                progress.end(id, &said);
                if stored.is_some_and(|stored| line.is_less_than(&stored)) {
                    let stands = format!("{id}: {said}; the mark of before stands");
                    locked(&done).stands.push(stands);
                } else if let Err(failure) = locked(&results).append(&line) {
                    locked(&stopped).get_or_insert(failure);
                }
            }
        }
    });
    progress.finish();
    match locked(&stopped).take() {
        Some(failure) => Err(failure),
        None => Ok(std::mem::take(&mut *locked(&done))),
    }
}

/// An outcome in a few words.
fn one_line(outcome: &Outcome) -> String {
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

/// Finds the submissions of a class.
///
/// # Errors
/// As [`import::look`].
pub fn look(
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
    let expected = ExpectedFiles {
        sources: &sources,
        single,
    };
    import::look(submissions, from, &expected, roster, store)
}

/// The submissions that this run is about.
fn chosen<'a>(request: &Request<'a>) -> Result<Vec<&'a Found>, Failure> {
    let class = request.class;
    let mine = |found: &&Found| {
        request
            .shard
            .is_none_or(|shard| shard.has(found.who.id.as_str()))
    };
    let mut chosen: Vec<&Found> = class.found.iter().filter(mine).collect();
    if request.only.is_empty() {
        return Ok(chosen);
    }
    let requested: BTreeSet<String> = request
        .only
        .iter()
        .map(|name| name.to_lowercase())
        .collect();
    for name in &requested {
        if !class.found.iter().any(|found| is_called(&found.who, name)) {
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
    chosen.retain(|found| requested.iter().any(|name| is_called(&found.who, name)));
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
