//! One run of a case: its plan and what was observed, before anything is judged.

use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, Plan};
use serde::{Deserialize, Serialize};

/// What was observed; `Err`: why nothing was.
pub type Observed = Result<Evidence, String>;

/// One run of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// What it was.
    pub about: AboutRun,
    /// What was run.
    pub plan: Plan,
    /// What was observed.
    pub observed: Observed,
    /// The same plan again, since it had failed.
    pub again: Vec<Observed>,
    /// The same with the reference programs in the student's places, where that was of interest.
    pub reference: Option<Observed>,
}

/// What sets a run apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutRun {
    /// For people: `when bind() fails with EADDRINUSE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What was filled into the case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Why there is no evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unable: Option<String>,
    /// Its repetitions, in files of their own: of each, why there is no evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Option<String>>,
    /// The same of the run with the references, where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<Option<String>>,
}

impl RunRecord {
    /// What is to be known of it beside its plan and evidence.
    pub fn described(&self) -> AboutRun {
        let unable = |observed: &Observed| observed.as_ref().err().cloned();
        AboutRun {
            unable: unable(&self.observed),
            again: self.again.iter().map(unable).collect(),
            reference: self.reference.iter().map(unable).collect(),
            ..self.about.clone()
        }
    }
}
