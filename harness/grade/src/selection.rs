//! What is to be graded, how, and with what is known already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ipclab_evidence::ThreadId;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_plan::Surroundings;
use ipclab_sandbox::LevelChoice;
use ipclab_schedule::text::read as schedule_text;
use ipclab_spec::{Case, Tier};

use crate::compile::Toolchains;
use crate::explore::{ReferenceRuns, RunCache};
use crate::labs::Lab;

/// What is graded of a lab.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids of cases; none: all.
    pub cases: Vec<String>,
    /// Tiers; none: all.
    pub tiers: Vec<Tier>,
}

impl Selection {
    /// Whether a case was asked for.
    fn wants(&self, case: &Case) -> bool {
        (self.cases.is_empty() || self.cases.contains(&case.id))
            && (self.tiers.is_empty() || self.tiers.contains(&case.tier))
    }

    /// Whether any case of a lab was.
    #[must_use]
    pub fn wants_any(&self, lab: &Lab) -> bool {
        lab.spec.cases.iter().any(|case| self.wants(case))
    }

    /// The cases of a lab that were asked for, in the spec's order.
    ///
    /// # Errors
    /// There is no such case, or none at all.
    pub fn cases_of<'a>(&self, lab: &'a Lab) -> Result<Vec<&'a Case>, Failure> {
        let spec = &lab.spec;
        if let Some(unknown) = self.cases.iter().find(|id| spec.case(id).is_none()) {
            let near = spec
                .cases
                .iter()
                .map(|case| case.id.as_str())
                .max_by(|a, b| {
                    strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
                });
            let failure = Failure::usage(format!("the lab {} has no case {unknown:?}", spec.lab));
            return Err(match near {
                Some(near) => failure.remedy(format!(
                    "did you mean {near}? All of them: ipclab explain {}",
                    spec.lab
                )),
                None => failure,
            });
        }
        let wanted = |case: &&Case| self.wants(case);
        let cases: Vec<&Case> = spec.cases.iter().filter(wanted).collect();
        if cases.is_empty() {
            let tiers: BTreeSet<&str> = spec.cases.iter().map(|case| case.tier.name()).collect();
            let tiers: Vec<&str> = tiers.into_iter().collect();
            return Err(Failure::usage(format!(
                "no case of {} is in what --case and --tier leave",
                spec.lab
            ))
            .remedy(format!("its tiers are: {}", tiers.join(", "))));
        }
        Ok(cases)
    }
}

/// How programs are run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Level of isolation.
    pub isolation: LevelChoice,
    /// How many programs run at a time; `None`: one a processor.
    pub jobs: Option<usize>,
    /// Seed of what is drawn.
    pub seed: u64,
    /// The one schedule that cases follow which would try many.
    pub schedule: Option<Vec<ThreadId>>,
    /// Whether builds may be taken from the cache and kept there.
    pub use_cache: bool,
    /// Whether cases that fail are looked into: repeated, tried with the references, shrunk.
    pub look_into: bool,
    /// The command that repeats this check.
    pub command: Vec<String>,
    /// Whether the submissions are the lab's author's own: what this machine lacks for them is then no mistake of theirs.
    pub by_author: bool,
    /// Toolchains outside the system's folders that submissions may name.
    pub toolchains: Toolchains,
    /// Files and folders of the grader's that no box may show.
    pub private: Vec<PathBuf>,
    /// Flags that C sources are compiled with beside the usual ones, where no sanitizer is.
    pub build_flags: Vec<String>,
    /// What programs find around them.
    pub surroundings: Surroundings,
}

impl Default for RunConfig {
    /// A lab as its author tries it: no report comes of it that a student reads.
    fn default() -> Self {
        Self {
            isolation: LevelChoice::Auto,
            jobs: None,
            seed: 0,
            schedule: None,
            use_cache: true,
            look_into: false,
            command: Vec::new(),
            by_author: true,
            toolchains: Toolchains::default(),
            private: Vec::new(),
            build_flags: Vec::new(),
            surroundings: Surroundings::default(),
        }
    }
}

impl RunConfig {
    /// Reads a schedule that a check has kept.
    ///
    /// # Errors
    /// The file cannot be read, or is none.
    pub fn read_schedule(file: &Path) -> Result<Vec<ThreadId>, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::usage(format!(
                "--schedule {}: {}",
                show::path(file),
                reason(&error)
            ))
        })?;
        schedule_text(&text)
            .map_err(|why| Failure::usage(format!("--schedule {}: {why}", show::path(file))))
    }

    /// The command that checks a folder again.
    #[must_use]
    pub fn command(folder: &str, lab: &Lab, seed: u64) -> Vec<String> {
        let mut command = ["ipclab", "check", folder].map(str::to_owned).to_vec();
        command.extend(lab.words.iter().cloned());
        if seed != 0 {
            command.extend(["--seed".to_owned(), seed.to_string()]);
        }
        command
    }
}

/// What was seen before and need not be run again. Copies share it.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    /// What the references did.
    pub reference_runs: ReferenceRuns,
    /// What students' programs did, where the very same one is tried once.
    pub runs: Option<RunCache>,
}
