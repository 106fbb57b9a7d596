//! `ipclab grade`: a whole class.

use std::path::Path;
use std::process::ExitCode;

use ipclab_class::batch::{self, Rules};
use ipclab_grade::grade::Grader;
use ipclab_grade::labs::{self, Lab};
use ipclab_grade::selection::Selection;
use ipclab_grade::strangers::{Place, allow};
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{Class, Roster};
use ipclab_intake::store::Store;
use ipclab_report::Line;

use crate::args::Grade;
use crate::args::shared::{ClassArgs, LabArgs};
use crate::class_progress::ClassBar;
use crate::output;

/// Grades a class.
///
/// # Errors
/// What keeps the tool from grading at all, or from keeping what it graded.
pub(crate) fn grade(args: &Grade) -> Result<ExitCode, Failure> {
    let lab = lab(&args.lab)?;
    let selection = selection(args)?;
    // What was asked for wrongly is said before anything is unpacked.
    selection.cases_of(&lab)?;
    let roster = args.class.roster.as_deref().map(Roster::read).transpose()?;
    output::watch_saying("what was graded is kept, and the same command goes on from there")?;
    let store = Store::open()?;
    if let (Some(out), false) = (&args.out, args.list) {
        let places = [args.submissions.as_path(), out];
        let trusted = args.trust.trust_submissions;
        allow(
            args.run.isolation.into(),
            trusted,
            &class_places(places, &store),
        )?;
    }
    let class = look(
        &args.submissions,
        &args.class,
        &lab,
        roster.as_ref(),
        &store,
    )?;
    if args.list {
        return output::print(&batch::list(&class));
    }
    let Some(folder) = &args.out else {
        return Err(Failure::usage("there is no folder for the results").remedy("name one with -o"));
    };
    let grader = Grader {
        lab: &lab,
        store: &store,
        selection: &selection,
        config: &args.config(&lab)?,
        caches: &args.caches(&store),
    };
    let finished = batch::grade(&grader, &args.request(&class, folder), &ClassBar::default())?;
    output::finish(&finished)
}

/// The cases that are graded: those that the class's own file counts, unless the command line says otherwise.
fn selection(args: &Grade) -> Result<Selection, Failure> {
    let mut selection = args.select.selection();
    if let (Some(out), true, true) = (
        &args.out,
        selection.cases.is_empty(),
        selection.tiers.is_empty(),
    ) {
        selection.tiers = Rules::read(out)?.tiers;
    }
    Ok(selection)
}

/// What of a class's grading no program may change.
pub(super) fn class_places<'a>(
    [submissions, out]: [&'a Path; 2],
    store: &'a Store,
) -> [Place<'a>; 3] {
    [
        Place {
            what: "the submissions",
            path: submissions,
            option: "copy them there",
        },
        Place {
            what: "the results",
            path: out,
            option: "-o DIR",
        },
        Place {
            what: "the tool's own files",
            path: store.root(),
            option: "XDG_CACHE_HOME=DIR",
        },
    ]
}

/// The lab that a class is about.
///
/// # Errors
/// None is named, or it cannot be read.
pub(super) fn lab(named: &LabArgs) -> Result<Lab, Failure> {
    let lab = match (&named.lab, &named.spec) {
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
    output::warn(&lab);
    Ok(lab)
}

/// Finds the submissions of a class, and says what is to be known about it.
///
/// # Errors
/// There is nothing at that path, it cannot be read, or there is no submission in it.
pub(super) fn look(
    submissions: &Path,
    args: &ClassArgs,
    lab: &Lab,
    roster: Option<&Roster>,
    store: &Store,
) -> Result<Class, Failure> {
    let class = batch::look(submissions, args.from.map(Into::into), lab, roster, store)?;
    for note in &class.notes {
        output::note(&format!("note: {}", Line::new(note)));
    }
    Ok(class)
}
