//! `ipclab verify`: whether results come out the same when their submissions are built and run again.
//!
//! Each result says by which tool, spec and options it was graded. Two results that say the same were graded the same way;
//! that they also come out the same is tried here. Nothing in the folder of results changes.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ipclab_grade::grade::Grader;
use ipclab_grade::interrupt;
use ipclab_grade::pool::SandboxPool;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{self, Found};
use ipclab_intake::show::path as display;
use ipclab_report::{Cell, Member, Outcome, Standing};

use super::called::is_called;
use super::key::Settings;
use super::manifest::Run;
use super::one::{self, Context, Graded};
use super::print::Starter;
use super::results::{Line, Results, StoredResult};
use super::unfinished::unfinished;
use super::{ClassProgress, locked};
use crate::finished::Finished;

/// How a folder of results was graded, as far as a second grading has to know.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Where the submissions lay.
    pub submissions: PathBuf,
    /// The lab: a name, or the path of a spec.
    pub lab: String,
    /// Whether that is a path.
    pub is_spec: bool,
    /// The name of the system, where the command line had one.
    pub from: Option<String>,
    /// The command that reports say repeats a check.
    pub command: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// The tiers that were graded, by name.
    pub tiers: Vec<String>,
    /// The cases that were asked for one by one.
    pub cases: Vec<String>,
}

/// How a folder of results was graded.
///
/// # Errors
/// It does not say.
pub fn origin(folder: &Path) -> Result<Origin, Failure> {
    let silent = || {
        Failure::usage(format!(
            "{} does not say how its results were graded",
            display(folder)
        ))
        .remedy("name a folder that `ipclab grade -o` of this version wrote")
    };
    if let Some(failure) = unfinished(folder) {
        return Err(failure);
    }
    let run = Run::read(folder)?.ok_or_else(silent)?;
    let (Some(origin), Some(how)) = (run.origin, run.how) else {
        return Err(silent());
    };
    let [option, lab] = origin.lab.as_slice() else {
        return Err(silent());
    };
    Ok(Origin {
        submissions: PathBuf::from(&origin.submissions),
        lab: lab.clone(),
        is_spec: option == "--spec",
        command: origin.command,
        from: origin.from,
        seed: how.seed,
        tiers: how.tiers,
        cases: how.cases,
    })
}

/// What is tried again.
pub struct Request<'a> {
    /// The folder of results.
    pub folder: &'a Path,
    /// The submissions, as they lie there now.
    pub class: &'a import::Class,
    /// Ids, names or numbers; none: a sample.
    pub only: &'a [String],
    /// How many make a sample.
    pub sample: usize,
}

/// What became of one.
enum Again {
    /// Everything that is said is the same.
    Same,
    /// Marks are, words are not.
    OtherWords,
    /// What differs, a line each.
    Differs(Vec<String>),
    /// It could not be tried.
    Untried(String),
}

/// Builds and runs submissions again, and compares.
///
/// # Errors
/// There is no such result, or what keeps the tool from grading at all.
pub fn verify(
    grader: &Grader<'_>,
    request: &Request<'_>,
    progress: &dyn ClassProgress,
) -> Result<Finished, Failure> {
    let run = Run::read(request.folder)?;
    let results = Results::read_only(request.folder, run.as_ref().map_or("", |run| &run.settings))?;
    let ids = chosen(&results, request)?;
    let mut sandboxes = SandboxPool::start(grader.config.isolation, grader.config.jobs)?;
    let settings = Settings::of(grader, sandboxes.all().level())?;
    let starter = Starter::of(grader.lab);
    let context = Context {
        grader,
        settings: &settings,
        starter: &starter,
    };
    progress.start(ids.len());
    let done: Mutex<Vec<(String, Again)>> = Mutex::new(Vec::new());
    sandboxes.all().each_alone(&ids, |pool, id: &String| {
        progress.begin(id);
        let mut found = request.class.found.iter();
        let found: Option<&Found> = found.find(|found| found.who.id.as_str() == id.as_str());
        let stored = results.stored(id).map(|stored| results.line(&stored));
        let again = match (stored, found) {
            (Some(Ok(stored)), Some(found)) => match one::grade(&context, pool, found, None) {
                Graded::Now { line } => compare(&stored, &line),
                Graded::Unchanged { .. } => Again::Same,
            },
            (Some(Err(failure)), _) => Again::Untried(failure.message),
            (None, _) => Again::Untried("there is no result of it".to_owned()),
            (_, None) => Again::Untried("it is not among the submissions any more".to_owned()),
        };
        interrupt::park_if_interrupted();
        progress.end(id, words(&again));
        locked(&done).push((id.clone(), again));
    });
    progress.finish();
    interrupt::park_if_interrupted();
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by(|a, b| a.0.cmp(&b.0));
    let mut graded_by: Vec<&str> = Vec::new();
    for (id, _) in &done {
        let stored = results
            .stored(id)
            .and_then(|stored| results.line(&stored).ok());
        for differs in stored
            .iter()
            .flat_map(|line| line.by.differs(&settings.manifest))
        {
            if !graded_by.contains(&differs) {
                graded_by.push(differs);
            }
        }
    }
    Ok(Finished {
        notes: Vec::new(),
        text: text(&done, &graded_by),
        exit_code: exit_code(&done),
    })
}

/// The ids that are tried: those that were named, by an id, a name or a number, else some spread over the class.
fn chosen(results: &Results, request: &Request<'_>) -> Result<Vec<String>, Failure> {
    let all: Vec<(&String, &StoredResult)> = results.all().collect();
    if all.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds no results",
            display(request.folder)
        )));
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in request.only {
        let by_id = all.iter().filter(|(id, _)| *id == name);
        let mut called: Vec<&String> = by_id.map(|(id, _)| *id).collect();
        if called.is_empty() {
            let by_name = all.iter().filter(|(_, kept)| is_called(&kept.who, name));
            called = by_name.map(|(id, _)| *id).collect();
        }
        if called.is_empty() {
            return Err(Failure::usage(format!("there is no result of {name:?}"))
                .remedy("the ids stand in the column submission of class.csv"));
        }
        for id in called {
            if !chosen.contains(id) {
                chosen.push(id.clone());
            }
        }
    }
    if !request.only.is_empty() {
        return Ok(chosen);
    }
    let count = request.sample.clamp(1, all.len());
    Ok((0..count)
        .map(|n| all[n * all.len() / count].0.clone())
        .collect())
}

fn compare(stored: &Line, now: &Line) -> Again {
    let files = |line: &Line| line.key.split_once('-').map(|(_, files)| files.to_owned());
    if files(stored) != files(now) {
        return Again::Untried("what lies there now is not what was graded".to_owned());
    }
    let (before, after) = (stored.entry.member(), now.entry.member());
    if let Standing::NotGraded(why) = &after.standing
        && matches!(before.standing, Standing::Graded(_))
    {
        return Again::Untried(why.why.to_string());
    }
    let differs = differing(&before, &after);
    if !differs.is_empty() {
        return Again::Differs(differs);
    }
    match same_words(&stored.entry.outcome, &now.entry.outcome) {
        true => Again::Same,
        false => Again::OtherWords,
    }
}

/// Cases of which verdict or points differ.
fn differing(before: &Member, after: &Member) -> Vec<String> {
    let (Standing::Graded(one), Standing::Graded(two)) = (&before.standing, &after.standing) else {
        return match before.standing == after.standing {
            true => Vec::new(),
            false => vec!["it was not graded then, and is now".to_owned()],
        };
    };
    let says = |cell: Option<&Cell>| match cell {
        Some(cell) => format!("{} ({})", cell.earned, cell.verdict.name()),
        None => "not there".to_owned(),
    };
    let of = |summary: &'_ ipclab_report::Summary, id: &str| {
        let cells = summary.cases.iter();
        cells.clone().find(|cell| cell.id.as_str() == id).cloned()
    };
    let mut ids: Vec<&str> = one.cases.iter().map(|cell| cell.id.as_str()).collect();
    for cell in &two.cases {
        if !ids.contains(&cell.id.as_str()) {
            ids.push(&cell.id);
        }
    }
    let line = |id: &&str| {
        let (then, now) = (of(one, id), of(two, id));
        let same = then.as_ref().map(|cell| (cell.verdict, cell.earned))
            == now.as_ref().map(|cell| (cell.verdict, cell.earned));
        (!same).then(|| format!("{id}: {} -> {}", says(then.as_ref()), says(now.as_ref())))
    };
    ids.iter().filter_map(line).collect()
}

/// Whether both say the same of every expectation. Numbers of processes and of calls may be others.
fn same_words(one: &Outcome, two: &Outcome) -> bool {
    let words = |outcome: &Outcome| match outcome {
        Outcome::NotGraded(why) => vec![why.why.to_string()],
        Outcome::Report(report) => {
            let findings = report.cases.iter().flat_map(|case| &case.findings);
            findings
                .map(|finding| ipclab_report::cause::sentence(&finding.message))
                .collect()
        }
    };
    words(one) == words(two)
}

fn words(again: &Again) -> &'static str {
    match again {
        Again::Same => "the same",
        Again::OtherWords => "the same marks in other words",
        Again::Differs(_) => "another result",
        Again::Untried(_) => "not tried",
    }
}

fn text(done: &[(String, Again)], graded_by: &[&str]) -> String {
    let mut text = String::new();
    for (id, again) in done {
        match again {
            Again::Same | Again::OtherWords => {
                text.push_str(&format!("  {id}: {}\n", words(again)));
            }
            Again::Untried(why) => text.push_str(&format!("  {id}: not tried, {why}\n")),
            Again::Differs(lines) => {
                text.push_str(&format!("  {id}: another result\n"));
                text.extend(lines.iter().map(|line| format!("      {line}\n")));
            }
        }
    }
    let count = |wanted: fn(&Again) -> bool| done.iter().filter(|(_, again)| wanted(again)).count();
    let same = count(|again| matches!(again, Again::Same | Again::OtherWords));
    text.push_str(&format!("{same} of {} came out the same", done.len()));
    text.push_str(&match graded_by.is_empty() {
        true => ", by the same tool, spec and options.\n".to_owned(),
        false => format!(". They were graded by {}.\n", graded_by.join(", ")),
    });
    text
}

/// 0: all came out the same. 1: one did not. 3: one could not be tried.
fn exit_code(done: &[(String, Again)]) -> u8 {
    let any = |wanted: fn(&Again) -> bool| done.iter().any(|(_, again)| wanted(again));
    match () {
        () if any(|again| matches!(again, Again::Differs(_))) => 1,
        () if any(|again| matches!(again, Again::Untried(_))) => 3,
        () => 0,
    }
}
