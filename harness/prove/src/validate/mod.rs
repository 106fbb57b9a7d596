//! `ipclab validate`: a spec proves itself on programs of which it is known what they must get.
//!
//! [`probes`] finds them: the references in the student's places, accepted and rejected submissions, the starter, an
//! empty folder and a folder of rubbish. Each is graded as any submission; [`seen`] holds the result. [`compare`] says
//! where that is not what was expected, and which points no submission ever loses: holes. [`sense`] finds what cannot
//! happen, and what every program meets. [`table`] prints all of it, and
//! [`update`] writes the results into the `expected.toml` files and the patches, for the instructor to look at.

mod compare;
pub mod probes;
mod result;
mod seen;
mod sense;
mod table;
mod update;

use std::fs;
use std::path::Path;

use ipclab_sandbox::LevelChoice;
use ipclab_spec::{Case, Tier};

use ipclab_grade::explore::{ReferenceRuns, RunCache};
use ipclab_grade::grade::{self, Grader};
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::Failure;
use ipclab_intake::materialise;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_plan::Surroundings;
use probes::{Kind, Probe, Proof};
use result::LabResult;
pub use result::Validation;
use seen::ProbeOutcome;

/// How labs are validated.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only these tiers; none: all.
    pub tiers: Vec<Tier>,
    /// How many submissions are tried at a time; `None`: one a processor.
    pub jobs: Option<usize>,
    /// Write what came out into the `expected.toml` files and patches that say otherwise.
    pub update: bool,
    /// Flags that C sources are compiled with beside the usual ones.
    pub build_flags: Vec<String>,
    /// What programs find around them.
    pub surroundings: Surroundings,
}

/// Validates labs.
///
/// # Errors
/// An `expected.toml` or a patch cannot be written anew, or there is no sandbox.
pub fn validate(
    proofs: &[Proof],
    request: &Request,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Validation, Failure> {
    let tiers = &request.tiers;
    let mut sandboxes = SandboxPool::start(LevelChoice::Auto, request.jobs)?;
    let seen = try_all(proofs, request, store, &mut sandboxes.all(), progress);

    let mut labs = Vec::new();
    for (proof, seen) in proofs.iter().zip(&seen) {
        let cases = selected(&proof.lab, tiers);
        let updated = if request.update {
            update(proof, seen, &cases)?
        } else {
            Vec::new()
        };
        labs.push(LabResult::new(proof, &cases, seen, updated));
    }
    Ok(Validation::new(tiers, labs))
}

/// The cases of these tiers, in the spec's order; no tier: all of them.
fn selected<'a>(lab: &'a Lab, tiers: &[Tier]) -> Vec<&'a Case> {
    let cases = lab.spec.cases.iter();
    cases
        .filter(|case| tiers.is_empty() || tiers.contains(&case.tier))
        .collect()
}

/// Grades everything, one probe on each sandbox at a time. Gives for each lab what each of its probes came to.
fn try_all(
    proofs: &[Proof],
    request: &Request,
    store: &Store,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
) -> Vec<Vec<Result<ProbeOutcome, Failure>>> {
    let tiers = request.tiers.as_slice();
    let tasks: Vec<(&Proof, &Probe)> = proofs
        .iter()
        .filter(|proof| !selected(&proof.lab, tiers).is_empty())
        .flat_map(|proof| proof.probes.iter().map(move |probe| (proof, probe)))
        .collect();
    progress.stage("trying submissions", tasks.len());
    // What the references do is the same beside every submission, and so is one of the two programs in most of them.
    let caches = Caches {
        reference_runs: ReferenceRuns::default(),
        runs: Some(RunCache::of_author()),
    };
    // Which runs a submission fails is all that is asked here: nothing is looked into.
    let config = RunConfig {
        command: vec!["ipclab".to_owned(), "check".to_owned()],
        build_flags: request.build_flags.clone(),
        surroundings: request.surroundings,
        ..RunConfig::default()
    };
    let selection = Selection {
        tiers: tiers.to_vec(),
        ..Selection::default()
    };
    let mut seen = pool
        .each_alone(&tasks, |pool, (proof, probe)| {
            let grader = Grader {
                lab: &proof.lab,
                store,
                selection: &selection,
                config: &config,
                caches: &caches,
            };
            let seen = try_one(&grader, probe, pool);
            progress.step();
            seen
        })
        .into_iter();
    progress.end();
    proofs
        .iter()
        .map(|proof| match selected(&proof.lab, tiers).len() {
            0 => Vec::new(),
            _ => seen.by_ref().take(proof.probes.len()).collect(),
        })
        .collect()
}

fn try_one(
    grader: &Grader<'_>,
    probe: &Probe,
    pool: &mut PoolSlice<'_>,
) -> Result<ProbeOutcome, Failure> {
    let Grader { lab, store, .. } = grader;
    let take_in = |path: &Path| materialise::take_in(path, store);
    let submission = match (&probe.kind, &probe.path) {
        (Kind::Reference, _) => {
            let record = grade::grade_references(pool, grader, &Silent)?;
            return Ok(ProbeOutcome::of(&lab.spec, &record));
        }
        (Kind::Rubbish, _) => take_in(&probes::rubbish(&lab.spec, store)?)?,
        (Kind::Empty, _) => take_in(&store.folder("empty")?)?,
        (Kind::Accepted | Kind::Rejected | Kind::Starter, Some(path)) => take_in(path)?,
        (Kind::Accepted | Kind::Rejected | Kind::Starter, None) => {
            return Err(Failure::usage(format!("{} has no folder", probe.name)));
        }
    };
    let record = grade::grade_by(pool, grader, &submission, &Silent)?;
    Ok(ProbeOutcome::of(&lab.spec, &record))
}

/// Writes what was seen into the `expected.toml` files and patches that say otherwise. Gives their names.
fn update(
    proof: &Proof,
    seen: &[Result<ProbeOutcome, Failure>],
    cases: &[&Case],
) -> Result<Vec<String>, Failure> {
    let mut written = Vec::new();
    for (probe, seen) in proof.probes.iter().zip(seen) {
        let (Some(file), Ok(seen)) = (probe.expectation_file(), seen) else {
            continue;
        };
        let old = probe.expectation.as_ref();
        let rewritten = update::rewritten(old, seen, &proof.lab.spec, cases).map_err(|remedy| {
            let display = show::path(&file);
            Failure::usage(format!("{display} cannot be written anew as it stands")).remedy(remedy)
        })?;
        let Some(text) = rewritten else { continue };
        fs::write(&file, text).map_err(|error| {
            Failure::disk(format_args!("writing {}", show::path(&file)), &error)
        })?;
        written.push(show::path(&file));
    }
    Ok(written)
}
