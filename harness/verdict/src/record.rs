//! The record of a check: everything that running brought, as plain data.
//!
//! A report is made of the spec and a record, by [`crate::report`], and of nothing else. So a record that was
//! written to disk and read back gives the identical report: `ipclab judge`.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::Level;
use ipclab_spec::Sanitizers;
use serde::{Deserialize, Serialize};

use crate::judged::JudgedRun;

/// Name and version of the format.
pub const FORMAT: &str = "ipclab/record/v2";

/// The version before, whose arguments of calls are texts: it is read, `ipclab_grade::keep_v1`, and no longer written.
pub const FORMAT_V1: &str = "ipclab/record/v1";

/// One check of one submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`FORMAT`], or what it was read from.
    pub format: String,
    /// What messages call the spec.
    pub spec_name: String,
    /// The spec itself, so that the record stands alone.
    pub spec: String,
    /// The submission's name.
    pub submission: String,
    /// The command that repeats the check, word by word.
    pub command: Vec<String>,
    /// How the programs were kept apart.
    pub isolation: Level,
    /// Seed of what was drawn.
    #[serde(default)]
    pub seed: u64,
    /// What became of the programs, in the spec's order.
    pub programs: Vec<ipclab_report::Program>,
    /// Builds with sanitizers that failed, by program, and why: our trouble or the machine's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_sanitized: BTreeMap<String, String>,
    /// Programs that have no build with sanitizers, since they are not compiled from C or C++.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_compiled: BTreeSet<String>,
    /// C programs of which the sanitizers may not see all, and why, as a clause: their own commands built them otherwise, or they do not
    /// build with the sanitizers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unproved: BTreeMap<String, String>,
    /// Programs that interfere with their sanitizers, and how, as a clause.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub silenced: BTreeMap<String, String>,
    /// The same four of builds with ThreadSanitizer.
    #[serde(default, skip_serializing_if = "SanitizedBuilds::is_as_it_should_be")]
    pub threads: SanitizedBuilds,
    /// Files of the submission that lines of the evidence are in, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
    /// The cases that were asked for, in the spec's order.
    pub cases: Vec<CaseRecord>,
}

/// What is not as it should be about builds with sanitizers, by program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SanitizedBuilds {
    /// Those that failed, and why: our trouble or the machine's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_sanitized: BTreeMap<String, String>,
    /// Programs that have no such build, since they are not compiled from C or C++.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub not_compiled: BTreeSet<String>,
    /// C programs of which the sanitizers may not see all, and why, as a clause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unproved: BTreeMap<String, String>,
    /// Programs that interfere with their sanitizers, and how, as a clause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub silenced: BTreeMap<String, String>,
}

impl SanitizedBuilds {
    fn is_as_it_should_be(&self) -> bool {
        *self == Self::default()
    }
}

impl Record {
    /// What is not as it should be about the builds with these sanitizers. Those of memory stand in the record itself, as they did
    /// before there were others.
    #[must_use]
    pub fn sanitized_builds(&self, sanitizers: Sanitizers) -> SanitizedBuilds {
        match sanitizers {
            Sanitizers::Memory => SanitizedBuilds {
                not_sanitized: self.not_sanitized.clone(),
                not_compiled: self.not_compiled.clone(),
                unproved: self.unproved.clone(),
                silenced: self.silenced.clone(),
            },
            Sanitizers::Threads => self.threads.clone(),
        }
    }

    /// Notes the same.
    pub fn note_sanitized_builds(&mut self, sanitizers: Sanitizers, builds: SanitizedBuilds) {
        match sanitizers {
            Sanitizers::Memory => {
                self.not_sanitized = builds.not_sanitized;
                self.not_compiled = builds.not_compiled;
                self.unproved = builds.unproved;
                self.silenced = builds.silenced;
            }
            Sanitizers::Threads => self.threads = builds,
        }
    }
}

/// One case of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRecord {
    /// The case's id.
    pub id: String,
    /// Why it could not be run, for trouble of ours or the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unable: Option<String>,
    /// How many runs there are; each has files of its own.
    pub run_count: usize,
    /// Its runs.
    #[serde(skip)]
    pub runs: Vec<JudgedRun>,
    /// How many inputs were tried to find the smallest one that fails; it has files of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_of: Option<u32>,
    /// What came of that.
    #[serde(skip)]
    pub smallest: Option<JudgedRun>,
}
