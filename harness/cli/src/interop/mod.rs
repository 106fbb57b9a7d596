//! `ipclab interop`: everybody's programs with everybody else's.
//!
//! ```text
//! SUBMISSIONS ── import ──► Found ── parties ──► programs ── meetings ──► Interop ──► interop.html, interop.json
//! ```
//!
//! The cases are those of the lab in which the student plays more than one program. Whoever plays the first of them gets a
//! row, whoever plays the others a column ([`roles`]); the reference is a party, too, so that it shows who of two is wrong.
//! What is asked is whether two get their work done together, and not whether each keeps the contract.

mod meetings;
mod parties;
mod roles;

use std::process::ExitCode;

use ipclab_report::html;
use ipclab_report::interop::{Interop, SCHEMA};
use ipclab_report::{ClassCase, Line};

use crate::args;
use crate::batch;
use crate::out::Out;
use crate::output;
use crate::progress::Bar;
use ipclab_grade::grade::Options;
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::SandboxPool;
use ipclab_grade::progress::Progress;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::Roster;
use ipclab_intake::store::Store;
use roles::Roles;

/// Lets everybody meet everybody, and writes what came of it.
///
/// # Errors
/// What keeps the tool from trying at all, or from writing what it saw.
pub(crate) fn interop(args: &args::Interop) -> Result<ExitCode, Failure> {
    let lab = batch::lab(args.lab.as_deref(), args.spec.as_deref())?;
    let options = options(args);
    let roles = Roles::of(&lab, &options)?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    output::watch_saying("nothing was written: the meetings had not all been held")?;
    let store = Store::open()?;
    let class = batch::look(
        &args.submissions,
        args.from.map(Into::into),
        &lab,
        roster.as_ref(),
        &store,
    )?;
    let out = Out::open(&args.out, &args.submissions)?;
    let mut sandboxes = SandboxPool::start(options.isolation, options.jobs)?;
    let progress = Bar::start();
    let options = Options {
        cases: roles.cases.iter().map(|case| case.id.clone()).collect(),
        ..options
    };
    let parties = parties::gather(
        &mut sandboxes.all(),
        &lab,
        &class,
        &store,
        &options,
        &progress,
    )?;
    let held = meetings::hold(&mut sandboxes.all(), &lab, &roles, &parties, &progress);
    progress.end();
    drop(sandboxes);
    interrupt::hold_if_begun();
    let matrix = Interop {
        schema: SCHEMA,
        lab: Line::new(&lab.spec.lab),
        title: Line::new(&lab.spec.title),
        row_program: Line::new(roles.row),
        column_programs: roles.columns.iter().map(|name| Line::new(name)).collect(),
        cases: roles.cases.iter().map(ClassCase::of).collect(),
        parties: parties.iter().map(parties::Party::shown).collect(),
        sayings: held.sayings,
        meetings: held.meetings,
        oddities: Vec::new(),
    }
    .judged();
    let json = serde_json::to_string(&matrix)
        .map_err(|error| Failure::unable(format!("writing interop.json: {error}")))?;
    out.write("interop.json", &format!("{json}\n"))?;
    out.write("interop.html", &html::interop(&matrix))?;
    output::print(&summary(&matrix, held.tried, &lab, &out))?;
    let (_, _, _, unknown) = matrix.counts();
    Ok(ExitCode::from(if unknown > 0 { 3 } else { 0 }))
}

fn options(args: &args::Interop) -> Options {
    Options {
        cases: args.cases.clone(),
        tiers: args::tiers(&args.tiers),
        isolation: args.isolation.into(),
        jobs: args.jobs.map(usize::from),
        use_cache: !args.no_cache,
        // Who is wrong is seen from the others' meetings: nothing is looked into.
        ..Options::default()
    }
}

/// How many oddities are shown at the terminal; the page has all.
const SHOWN: usize = 20;

fn summary(matrix: &Interop, tried: usize, lab: &Lab, out: &Out) -> String {
    let (all, passed, failed, unknown) = matrix.counts();
    let mut text = format!(
        "{} · {}\n  met         {all} pairs of {} parties, the reference among them",
        lab.spec.lab,
        lab.spec.title,
        matrix.parties.len()
    );
    if tried < all {
        text.push_str(&format!(
            " ({tried} run: the others are between the same programs)"
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
        for oddity in matrix.oddities.iter().take(SHOWN) {
            text.push_str(&format!("  {}\n", oddity.says));
        }
        if let Some(more @ 1..) = matrix.oddities.len().checked_sub(SHOWN) {
            text.push_str(&format!("  and {more} more, on the page\n"));
        }
    }
    text.push_str(&format!("\nThe heat map: {}\n", out.shown("interop.html")));
    text
}
