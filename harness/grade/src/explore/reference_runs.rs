//! A cache of the reference programs' runs, by plan: the next case with the very same plan takes the run from here.
//!
//! A plan with nothing of the student's in it has the same answer for every submission and every repetition, so it is run
//! once. Where a reference gives different answers it is a race of ours, and a case that hangs on it is broken anyway.
//!
//! Answers that passed are kept on disk, too, for the next check by the same tool on the same machine since it booted: then
//! it costs nothing to know that a case can be passed. Trouble of ours or the machine's is asked for again each time.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ipclab_evidence::{Level, Plan};

use crate::compile::stamp;
use ipclab_verdict::run::Observed;

/// More answers than this are not kept in memory: those of a lab with all its runs are far fewer.
const KEPT_MAX: usize = 4096;
/// The same on disk, where answers of several labs and of tools that were since replaced lie.
const FILES_MAX: usize = 4096;

/// Answers by plan. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct ReferenceRuns {
    known: Arc<Mutex<BTreeMap<[u8; 32], Observed>>>,
    /// Where answers are kept, and what they are answers for: the tool, and the machine since it booted.
    disk: Option<(PathBuf, String)>,
}

impl ReferenceRuns {
    /// Keeps answers in that folder, and takes those that are there. Only this user may write to the folder.
    pub fn on_disk(folder: &Path) -> Self {
        let tool = std::env::current_exe().map(|exe| stamp(&exe));
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        // Without knowing for whom an answer would be, none is kept.
        let disk = tool.ok().zip(boot.ok());
        Self {
            known: Arc::default(),
            disk: disk.map(|(tool, boot)| (folder.to_owned(), format!("{tool} {boot}"))),
        }
    }

    /// What the references did with this plan; `run` is called when that is not known. What was run anew can be kept on disk.
    pub fn ask(
        &self,
        plan: &Plan,
        level: Level,
        run: impl FnOnce() -> Observed,
    ) -> (Observed, Option<Unkept>) {
        let Ok(written) = serde_json::to_vec(plan) else {
            return (run(), None);
        };
        let key = *blake3::hash(&written).as_bytes();
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return (known.clone(), None);
        }
        // In a world that it shares with others, what a program met there is past when the next one asks.
        let disk = self.disk.as_ref().filter(|_| level == Level::Namespaces);
        let file = disk.map(|(folder, whose)| {
            let mut name = blake3::Hasher::new();
            name.update(&key).update(whose.as_bytes());
            folder.join(format!("{}.json", name.finalize().to_hex()))
        });
        let kept = file.as_ref().and_then(|file| {
            let evidence = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
            Some(Ok(evidence))
        });
        // A thread does not wait for the answer of another: at worst a plan is run twice.
        let (observed, unkept) = match kept {
            Some(kept) => (kept, None),
            None => (run(), file.map(|file| Unkept { file })),
        };
        let mut known = lock();
        // Trouble of the machine passes: the next one asks again.
        if observed.is_ok() && known.len() < KEPT_MAX {
            known.insert(key, observed.clone());
        }
        (observed, unkept)
    }
}

/// A place on disk for an answer that was run anew. It is kept only when it passed, which is known once it was judged.
#[derive(Debug)]
pub struct Unkept {
    file: PathBuf,
}

impl Unkept {
    /// Keeps the answer. One that cannot be kept is asked for again.
    pub fn keep(self, observed: &Observed) {
        let _ = keep(&self.file, observed);
    }
}

/// Keeps an answer: whole or not at all.
fn keep(file: &Path, observed: &Observed) -> io::Result<()> {
    let (Ok(evidence), Some(folder)) = (observed, file.parent()) else {
        return Ok(());
    };
    let new = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)?;
    fs::write(new.path(), serde_json::to_vec(evidence)?)?;
    new.persist(file)?;
    evict(folder)
}

/// Removes the oldest answers where there are too many, half of them at once so that it is seldom done.
fn evict(folder: &Path) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    if files.len() > FILES_MAX {
        files.sort();
        for (_, file) in &files[..FILES_MAX / 2] {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::test_data::{self, plan};

    fn evidence() -> Observed {
        Ok(test_data::evidence())
    }

    /// Whether the references had to be asked.
    fn asked(folder: &Path, plan: &Plan, level: Level, passes: bool) -> bool {
        let mut ran = false;
        let run = || {
            ran = true;
            evidence()
        };
        let (answer, unkept) = ReferenceRuns::on_disk(folder).ask(plan, level, run);
        if let Some(unkept) = unkept.filter(|_| passes) {
            unkept.keep(&answer);
        }
        assert_eq!(answer, evidence());
        ran
    }

    #[test]
    fn an_answer_that_passed_is_there_for_the_next_check_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let alone = Level::Namespaces;
        assert!(asked(at, &plan("a"), alone, false));
        assert!(asked(at, &plan("a"), alone, true), "it had not passed");
        assert!(!asked(at, &plan("a"), alone, true), "it had passed");
        assert!(asked(at, &plan("b"), alone, true), "another plan");
    }

    #[test]
    fn what_others_on_the_host_may_disturb_is_asked_each_time() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            assert!(asked(folder.path(), &plan("a"), Level::Shared, true));
        }
    }

    #[test]
    fn a_torn_answer_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let ask = || asked(folder.path(), &plan("a"), Level::Namespaces, true);
        assert!(ask());
        let file = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        fs::write(file.path(), "{\"torn").unwrap();
        assert!(ask());
        assert!(!ask());
    }

    #[test]
    fn answers_do_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..=FILES_MAX {
            fs::write(folder.path().join(n.to_string()), "").unwrap();
        }
        evict(folder.path()).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, FILES_MAX + 1 - FILES_MAX / 2);
    }
}
