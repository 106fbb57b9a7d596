//! The ledger: which verdicts each site has had, how often, and the first run that showed each of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ipclab_judge::Verdict;
use ipclab_spec::Aspect;

use ipclab_grade::keep;
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_verdict::judged::JudgedRun;

/// What a verdict consists of: two runs agree when these are equal. Words, numbers and times may differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outcome {
    verdict: &'static str,
    /// The aspects that failed, each with the actor that failed it.
    failed: Vec<(Aspect, Option<String>)>,
}

impl Outcome {
    /// It could not be judged.
    pub(super) fn is_unknown(&self) -> bool {
        self.verdict == "unknown"
    }

    /// What a run of a case came to.
    pub(super) fn of(run: &JudgedRun) -> Self {
        let mut failed: Vec<(Aspect, Option<String>)> = run
            .findings()
            .iter()
            .filter(|finding| finding.graded && finding.verdict == Verdict::Fail)
            .map(|finding| (finding.aspect, finding.actor.clone()))
            .collect();
        failed.sort();
        failed.dedup();
        Self {
            verdict: match run.verdict() {
                Verdict::Pass => "pass",
                Verdict::Fail => "fail",
                Verdict::Unknown => "unknown",
                Verdict::Skipped => "skipped",
            },
            failed,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verdict)?;
        for (n, (aspect, actor)) in self.failed.iter().enumerate() {
            f.write_str(if n == 0 { " on " } else { ", " })?;
            f.write_str(aspect.name())?;
            if let Some(actor) = actor {
                write!(f, " of {actor}")?;
            }
        }
        Ok(())
    }
}

/// One verdict of a site.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// How often it came.
    pub runs: u64,
    /// How the first run that came to it was run.
    pub way: &'static str,
    /// Where that run is kept for the time being.
    pub kept: PathBuf,
}

/// All verdicts, by site.
pub(super) struct Ledger<'a> {
    store: &'a Store,
    sites: Mutex<BTreeMap<usize, BTreeMap<Outcome, Entry>>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            sites: Mutex::default(),
        }
    }

    /// Enters a run. Tells whether the site has had another verdict before.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn enter(
        &self,
        site: usize,
        run: &JudgedRun,
        way: &'static str,
    ) -> Result<bool, Failure> {
        let outcome = Outcome::of(run);
        let lock = || self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sites = lock();
        let of_site = sites.entry(site).or_default();
        if let Some(entry) = of_site.get_mut(&outcome) {
            entry.runs += 1;
            return Ok(of_site.len() > 1);
        }
        drop(sites);
        let kept = self.store.folder("run")?;
        keep::keep_run(run.run(), &kept)?;
        let mut sites = lock();
        let of_site = sites.entry(site).or_default();
        of_site
            .entry(outcome)
            .and_modify(|entry| entry.runs += 1)
            .or_insert(Entry { runs: 1, way, kept });
        Ok(of_site.len() > 1)
    }

    /// Everything that was entered, by site.
    pub(super) fn close(self) -> BTreeMap<usize, BTreeMap<Outcome, Entry>> {
        self.sites
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
