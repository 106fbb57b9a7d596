//! From low arguments to high: what is graded, how, and with what is known already.

use std::path::Path;

use ipclab_class::batch;
use ipclab_grade::compile::Toolchains;
use ipclab_grade::explore::{ReferenceRuns, RunCache};
use ipclab_grade::labs::Lab;
use ipclab_grade::machine;
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_plan::Surroundings;
use ipclab_prove::{golden, validate, worlds};
use ipclab_spec::Tier;

use super::shared::{JobsArgs, RunArgs, SelectArgs, TierArgs};
use super::{Certify, Check, Golden, Grade, Interop, Validate, Verify};

impl SelectArgs {
    /// What is graded.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            cases: self.cases.clone(),
            tiers: self.tiers.tiers(),
        }
    }
}

impl TierArgs {
    /// What a spec calls them.
    pub(crate) fn tiers(&self) -> Vec<Tier> {
        self.tiers.iter().map(|tier| Tier::from(*tier)).collect()
    }
}

impl JobsArgs {
    /// How many boxes run at once; `None`: as many as there are processors.
    pub(crate) fn count(&self) -> Option<usize> {
        self.jobs.map(usize::from)
    }
}

impl RunArgs {
    /// # Errors
    /// A toolchain is none.
    fn config(&self, jobs: &JobsArgs, private: &[&Path]) -> Result<RunConfig, Failure> {
        if self.no_cache {
            machine::remember_nothing();
        }
        Ok(RunConfig {
            isolation: self.isolation.into(),
            jobs: jobs.count(),
            use_cache: !self.no_cache,
            by_author: false,
            toolchains: Toolchains::named(&self.toolchains)?,
            private: private.iter().map(|path| path.to_path_buf()).collect(),
            ..RunConfig::default()
        })
    }

    fn reference_runs(&self, store: &Store) -> ReferenceRuns {
        match self.no_cache {
            true => ReferenceRuns::default(),
            false => ReferenceRuns::on_disk(store.answers()),
        }
    }
}

impl Check {
    /// How programs are run.
    ///
    /// # Errors
    /// A toolchain is none.
    pub(crate) fn config(&self, lab: &Lab) -> Result<RunConfig, Failure> {
        let seed = self.seed.seed;
        let schedule = self.schedule.as_deref().map(RunConfig::read_schedule);
        Ok(RunConfig {
            seed,
            schedule: schedule.transpose()?,
            look_into: true,
            command: RunConfig::command(&self.folder.to_string_lossy(), lab, seed),
            ..self.run.config(&self.jobs, &[])?
        })
    }

    /// What is known already.
    pub(crate) fn caches(&self, store: &Store) -> Caches {
        Caches {
            reference_runs: self.run.reference_runs(store),
            runs: None,
        }
    }
}

impl Grade {
    /// How programs are run.
    ///
    /// # Errors
    /// A toolchain is none.
    pub(crate) fn config(&self, lab: &Lab) -> Result<RunConfig, Failure> {
        let seed = self.seed.seed;
        let mut private = vec![self.submissions.as_path()];
        private.extend(self.out.as_deref());
        Ok(RunConfig {
            seed,
            look_into: true,
            // What a student can run, wherever the folder is there: no path of this machine has a place in their report.
            command: RunConfig::command(".", lab, seed),
            ..self.run.config(&self.jobs, &private)?
        })
    }

    /// What is known already.
    pub(crate) fn caches(&self, store: &Store) -> Caches {
        Caches {
            reference_runs: self.run.reference_runs(store),
            runs: (!self.run.no_cache).then(RunCache::default),
        }
    }

    /// The parts of the class that were asked for.
    pub(crate) fn request<'a>(
        &'a self,
        class: &'a ipclab_intake::import::Class,
        out: &'a Path,
    ) -> batch::Request<'a> {
        batch::Request {
            submissions: &self.submissions,
            class,
            out,
            only: &self.only,
            from: self.class.from.map(Into::into),
            shard: self.shard,
            regrade: self.regrade,
            replace: self.replace,
        }
    }
}

impl Verify {
    /// How programs are run: as `grade` ran them.
    ///
    /// # Errors
    /// A toolchain is none.
    pub(crate) fn config(&self, origin: &batch::verify::Origin) -> Result<RunConfig, Failure> {
        let private = [origin.submissions.as_path(), self.results.as_path()];
        Ok(RunConfig {
            seed: origin.seed,
            look_into: true,
            command: origin.command.clone(),
            ..self.run.config(&self.jobs, &private)?
        })
    }

    /// What is known already: nothing of students' runs, which are what is tried.
    pub(crate) fn caches(&self, store: &Store) -> Caches {
        Caches {
            reference_runs: self.run.reference_runs(store),
            runs: None,
        }
    }
}

impl Interop {
    /// How programs are run. The matrix shows which party is wrong, so no failure is looked into.
    ///
    /// # Errors
    /// A toolchain is none.
    pub(crate) fn config(&self) -> Result<RunConfig, Failure> {
        self.run.config(&self.jobs, &[&self.submissions, &self.out])
    }
}

impl Validate {
    /// How labs are validated.
    pub(crate) fn request(&self) -> validate::Request {
        validate::Request {
            tiers: self.tiers.tiers(),
            jobs: self.jobs.count(),
            update: self.update,
            build_flags: self
                .build_flags
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            surroundings: Surroundings {
                random_addresses: self.random_addresses,
                descriptors: self.occupied,
            },
        }
    }

    /// In which worlds they are.
    pub(crate) fn worlds(&self) -> worlds::Request {
        worlds::Request {
            tiers: self.tiers.tiers(),
            jobs: self.jobs.count(),
            worlds: self.worlds.flatten(),
        }
    }

    /// The cases of which mutants are made, or in which cheats are tried.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            cases: Vec::new(),
            tiers: self.tiers.tiers(),
        }
    }

    /// How mutants and cheats are run.
    pub(crate) fn config(&self) -> RunConfig {
        RunConfig {
            jobs: self.jobs.count(),
            ..RunConfig::default()
        }
    }
}

impl Golden {
    /// What is done with what came out.
    pub(crate) fn request(&self) -> golden::Request {
        golden::Request {
            record: self.record,
            reports: self.reports.clone(),
            jobs: self.jobs.count(),
        }
    }
}

impl Certify {
    /// How programs are run.
    pub(crate) fn config(&self) -> RunConfig {
        RunConfig {
            jobs: self.jobs.count(),
            seed: self.seed.seed,
            ..RunConfig::default()
        }
    }
}
