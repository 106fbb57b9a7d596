//! What programs did that are the same in many submissions: one that breaks a server comes with a client that is as good as
//! all others'. `ipclab validate` tries hundreds of submissions, and each program in each plan once.
//!
//! Programs are told by what is in them and not by where they lie, since each submission is built in a place of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipclab_evidence::Plan;

use crate::record::Observed;

/// So many answers are kept at least, and twice as many at most: those that nobody asks for any more go. A program makes a
/// few hundred.
const KEPT: usize = 1500;

type Key = [u8; 32];

/// Answers by plan. Copies share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alike(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    /// Those that were asked for lately.
    lately: BTreeMap<Key, Observed>,
    /// Those that were not, and go next.
    before: BTreeMap<Key, Observed>,
    /// Digests of programs that were looked at.
    programs: BTreeMap<File, Key>,
}

/// A file as it was when it was looked at: path, inode, size and time of its last change.
type File = (PathBuf, u64, u64, i64, i64);

impl Alike {
    /// What came of this plan; `run` is called when that is not known.
    pub(crate) fn ask(&self, plan: &Plan, run: impl FnOnce() -> Observed) -> Observed {
        let Ok(key) = self.key(plan) else {
            return run();
        };
        if let Some(known) = self.answers().find(key) {
            return known;
        }
        // Nobody waits for the answer of another: at worst a plan is run twice.
        let observed = run();
        // Trouble of the machine passes: the next one asks again.
        if observed.is_ok() {
            self.answers().keep(key, observed.clone());
        }
        observed
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan's digest, with the content of programs in the places of their paths.
    fn key(&self, plan: &Plan) -> io::Result<Key> {
        let mut plan = plan.clone();
        let mut hash = blake3::Hasher::new();
        for bind in &mut plan.world.binds {
            let metadata = fs::metadata(&bind.host)?;
            // What lies in a folder is not looked through: it stays that folder's own.
            if metadata.is_file() {
                hash.update(&self.program(&bind.host, &metadata)?);
                bind.host = PathBuf::new();
            }
        }
        hash.update(&serde_json::to_vec(&plan)?);
        Ok(*hash.finalize().as_bytes())
    }

    fn program(&self, path: &Path, metadata: &fs::Metadata) -> io::Result<Key> {
        let file = (
            path.to_owned(),
            metadata.ino(),
            metadata.size(),
            metadata.mtime(),
            metadata.mtime_nsec(),
        );
        if let Some(known) = self.answers().programs.get(&file) {
            return Ok(*known);
        }
        let digest = *blake3::hash(&fs::read(path)?).as_bytes();
        self.answers().programs.insert(file, digest);
        Ok(digest)
    }
}

impl Answers {
    fn find(&mut self, key: Key) -> Option<Observed> {
        if let Some(known) = self.lately.get(&key) {
            return Some(known.clone());
        }
        let known = self.before.remove(&key)?;
        self.keep(key, known.clone());
        Some(known)
    }

    fn keep(&mut self, key: Key, observed: Observed) {
        if self.lately.len() >= KEPT {
            self.before = std::mem::take(&mut self.lately);
        }
        self.lately.insert(key, observed);
    }
}

#[cfg(test)]
mod tests {
    use ipclab_evidence::{Bind, Limits, World};

    use super::*;

    fn plan(program: &Path) -> Plan {
        Plan {
            name: "any".to_owned(),
            world: World {
                binds: vec![Bind {
                    host: program.to_owned(),
                    inside: "/lab/program".into(),
                    writable: false,
                    trusted_only: false,
                }],
                ..World::default()
            },
            actors: Vec::new(),
            tampers: Vec::new(),
            watches: Vec::new(),
            limits: Limits::default(),
            traced: true,
            chaos: None,
            turns: None,
        }
    }

    /// An answer that tells who gave it, by the one end of an observation that needs no evidence.
    fn asked(alike: &Alike, plan: &Plan) -> bool {
        let mut ran = false;
        let _ = alike.ask(plan, || {
            ran = true;
            Err("no machine".to_owned())
        });
        ran
    }

    #[test]
    fn programs_are_told_by_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let alike = Alike::default();
        let key = |path: &Path| alike.key(&plan(path)).unwrap();
        let (one, same) = (write("one", "a program"), write("same", "a program"));
        assert_eq!(key(&one), key(&same));
        assert_ne!(key(&one), key(&write("other", "a Program")));
        // A file that was written anew is another program, whatever it was called.
        let before = key(&one);
        write("one", "a larger program");
        assert_ne!(before, key(&one));
    }

    #[test]
    fn trouble_is_not_kept_and_what_cannot_be_read_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let alike = Alike::default();
        let plan = plan(folder.path());
        assert!(asked(&alike, &plan) && asked(&alike, &plan));
        let gone = self::plan(&folder.path().join("nothing"));
        assert!(asked(&alike, &gone));
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut answers = Answers::default();
        let key = |n: usize| *blake3::hash(&n.to_le_bytes()).as_bytes();
        let answer = || Err("kept".to_owned());
        answers.keep(key(0), answer());
        for n in 1..5 * KEPT {
            answers.keep(key(n), answer());
            assert!(answers.find(key(0)).is_some(), "asked for all the time");
            assert!(answers.lately.len() + answers.before.len() <= 2 * KEPT);
        }
        assert!(answers.find(key(1)).is_none());
        assert!(answers.find(key(5 * KEPT - 1)).is_some());
    }
}
