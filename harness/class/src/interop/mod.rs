//! `ipclab interop`: each student's programs with each other student's.
//!
//! ```text
//! SUBMISSIONS ── import ──► Found ── parties ──► programs ── meetings ──► Interop ──► interop.html, interop.json
//! ```
//!
//! The cases are those of the lab in which the student plays more than one program. The party that plays the first of them
//! gets a row, the one that plays the others a column ([`roles`]); the reference is a party, too, so that the matrix shows
//! which of two is wrong. A meeting judges whether two get their work done together, not whether each keeps the contract.

mod meetings;
mod parties;
mod roles;

use std::path::Path;

use ipclab_grade::grade::Grader;
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::SandboxPool;
use ipclab_grade::progress::Progress;
use ipclab_grade::selection::Selection;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::Class;
use ipclab_report::html;
use ipclab_report::interop::{Interop, SCHEMA};
use ipclab_report::{ClassCase, Line};

use crate::finished::Finished;
use crate::results_folder::ResultsFolder;
use roles::Roles;

/// Whether anybody can meet anybody in the cases that were asked for.
///
/// # Errors
/// In none of them does the student play more than one program, or there is no such case.
pub fn check(lab: &Lab, selection: &Selection) -> Result<(), Failure> {
    Roles::of(lab, selection).map(drop)
}

/// Lets each party meet each other, and writes the results. `submissions` is where the class lies.
///
/// # Errors
/// What keeps the tool from trying at all, or from writing what it saw.
pub fn interop(
    grader: &Grader<'_>,
    class: &Class,
    submissions: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Finished, Failure> {
    let lab = grader.lab;
    let roles = Roles::of(lab, grader.selection)?;
    let out = ResultsFolder::open(out, submissions)?;
    let mut sandboxes = SandboxPool::start(grader.config.isolation, grader.config.jobs)?;
    let selection = Selection {
        cases: roles.cases.iter().map(|case| case.id.clone()).collect(),
        ..grader.selection.clone()
    };
    let grader = Grader {
        selection: &selection,
        ..*grader
    };
    let parties = parties::gather(&mut sandboxes.all(), &grader, class, progress)?;
    let held = meetings::hold(&mut sandboxes.all(), lab, &roles, &parties, progress);
    progress.end();
    drop(sandboxes);
    interrupt::park_if_interrupted();
    let matrix = Interop {
        schema: SCHEMA,
        lab: Line::new(&lab.spec.lab),
        title: Line::new(&lab.spec.title),
        row_program: Line::new(roles.row),
        column_programs: roles.columns.iter().map(|name| Line::new(name)).collect(),
        cases: roles.cases.iter().map(ClassCase::of).collect(),
        parties: parties.iter().map(parties::Party::report).collect(),
        sayings: held.sayings,
        meetings: held.meetings,
        oddities: Vec::new(),
    }
    .judged();
    let json = serde_json::to_string(&matrix)
        .map_err(|error| Failure::unable(format!("writing interop.json: {error}")))?;
    out.write("interop.json", &format!("{json}\n"))?;
    out.write("interop.html", &html::interop(&matrix))?;
    let (_, _, _, unknown) = matrix.counts();
    Ok(Finished {
        notes: Vec::new(),
        text: summary(&matrix, held.pairs_run, lab, &out),
        exit_code: if unknown > 0 { 3 } else { 0 },
    })
}

/// How many oddities are shown at the terminal; the page has all.
const ODDITIES_MAX: usize = 20;

fn summary(matrix: &Interop, pairs_run: usize, lab: &Lab, out: &ResultsFolder) -> String {
    let (all, passed, failed, unknown) = matrix.counts();
    let mut text = format!(
        "{} · {}\n  met         {all} pairs of {} parties, the reference among them",
        lab.spec.lab,
        lab.spec.title,
        matrix.parties.len()
    );
    if pairs_run < all {
        text.push_str(&format!(
            " ({pairs_run} run: the others are between the same programs)"
        ));
    }
    text.push_str(&format!(
        "\n  work        {passed}\n  fail        {failed}\n"
    ));
    if unknown > 0 {
        text.push_str(&format!("  not known   {unknown}\n"));
    }
    if !matrix.oddities.is_empty() {
        text.push_str("\nWhat stands out\n");
        for oddity in matrix.oddities.iter().take(ODDITIES_MAX) {
            text.push_str(&format!("  {}\n", oddity.says));
        }
        if let Some(more @ 1..) = matrix.oddities.len().checked_sub(ODDITIES_MAX) {
            text.push_str(&format!("  and {more} more, on the page\n"));
        }
    }
    text.push_str(&format!(
        "\nThe heat map: {}\n",
        out.display("interop.html")
    ));
    text
}
