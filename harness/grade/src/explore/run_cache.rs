//! What programs did that are the same in many submissions: of a class, many type in the same listing, and one that breaks
//! a server comes with a client that is as good as all others'. Each program is run once in each plan, so that
//! students with the same program get the same marks.
//!
//! Programs are compared by every byte that is run and not by where they lie, since each submission is built in a place of its
//! own. What was handed in lies in the program's working folder and can be read there, so the whole folder is compared, too. Only
//! where a lab's author wrote all programs, and their executables open no file ([`without_files`]), other sources in it make no
//! difference.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipclab_evidence::{ActorEvidence, Ended, Evidence, Exit, Plan, Run};

use super::without_files;
use crate::program_digest::{self, Digest};
use ipclab_intake::submission::walk;
use ipclab_verdict::run::Observed;

/// Answers of so many bytes are kept at least, and twice as many at most: those that are no longer asked for go. A program
/// makes some hundred KiB of them.
const GENERATION_BYTES_MAX: usize = 8 << 20;
/// An answer of more bytes is not kept: it is of a program that does the same thing for ever, and would drive out ten others.
const ENTRY_BYTES_MAX: usize = 64 << 10;
/// Of so many files it is remembered what is in them; a class builds thousands, each for a moment.
const FILES_MAX: usize = 1000;

/// Answers by plan. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct RunCache {
    answers: Arc<Mutex<Answers>>,
    /// Whether those who wrote the programs want it to be found out what these do.
    by_author: bool,
}

#[derive(Debug, Default)]
struct Answers {
    /// Those that were asked for lately.
    lately: Generation,
    /// Those that were not, and go next.
    before: Generation,
    /// Digests of programs that were looked at.
    programs: BTreeMap<File, Digest>,
    /// Whether they open no file.
    without_files: BTreeMap<Digest, bool>,
    /// How many runs there would have been without this.
    spared: usize,
}

/// Evidence by the digest of its plan, as it is written: whole, it takes several times as much memory.
#[derive(Debug, Default)]
struct Generation {
    answers: BTreeMap<Digest, Arc<[u8]>>,
    bytes: usize,
}

/// A file as it was when it was looked at: path, inode, size and time of its last change, which no program can set.
type File = (PathBuf, u64, u64, i64, i64);

impl RunCache {
    /// Answers of programs that a lab's author wrote.
    pub fn of_author() -> Self {
        Self {
            by_author: true,
            ..Self::default()
        }
    }

    /// What came of this plan when it was run for the `time`th time, counted from 0; `run` is called when that is not known.
    pub fn ask(&self, plan: &Plan, time: usize, run: impl FnOnce() -> Observed) -> Observed {
        let Ok(key) = self.key(plan, time) else {
            return run();
        };
        let known = self.answers().find(key);
        if let Some(known) = known.and_then(|known| serde_json::from_slice(&known).ok()) {
            self.answers().spared += 1;
            return Ok(known);
        }
        // A thread does not wait for the answer of another: at worst a plan is run twice.
        let observed = run();
        if let Ok(evidence) = &observed
            && !depends_on_the_machine(evidence)
            && let Some(written) = written(evidence)
        {
            self.answers().keep(key, written);
        }
        observed
    }

    /// How many runs were spared so far.
    pub fn spared(&self) -> usize {
        self.answers().spared
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan's digest, with the content of what is run in the places of its paths: a program, or a submission's whole folder.
    fn key(&self, plan: &Plan, time: usize) -> io::Result<Digest> {
        let reads_no_source = self.by_author && self.opens_nothing(plan)?;
        let mut plan = plan.clone();
        let mut hash = blake3::Hasher::new();
        hash.update(&time.to_le_bytes());
        for bind in &mut plan.world.binds {
            // A toolchain that the grader chose is not looked through: it is the same for all.
            let handed_in = bind.inside.starts_with(&plan.world.cwd);
            if handed_in || fs::metadata(&bind.host)?.is_file() {
                let digest = program_digest::of_tree_by(&bind.host, &mut |file, metadata| {
                    self.content(file, metadata)
                })?;
                hash.update(&digest);
                bind.host = PathBuf::new();
            }
        }
        // A program can read everything in its folder, its own source with its comments among it, and can do one thing or
        // another by it: equal programs in folders that differ in a comment may not be equal in what they do.
        if let Some(folder) = plan.world.handed_in.take() {
            hash.update(&[u8::from(reads_no_source)]);
            hash.update(&program_digest::of_tree_by(
                &folder,
                &mut |file, _| match reads_no_source && walk::has_extension(file, &["c", "h"]) {
                    true => Ok(Digest::default()),
                    false => program_digest::of(file),
                },
            )?);
        }
        hash.update(&serde_json::to_vec(&plan)?);
        Ok(*hash.finalize().as_bytes())
    }

    /// Whether every program of a student's in it is an executable that opens no file.
    fn opens_nothing(&self, plan: &Plan) -> io::Result<bool> {
        for actor in plan.actors.iter().filter(|actor| !actor.trusted) {
            let Run::Program { path, .. } = &actor.run else {
                return Ok(false);
            };
            let path = plan.world.cwd.join(path);
            let Some(bind) = plan.world.binds.iter().find(|bind| bind.inside == path) else {
                return Ok(false);
            };
            let program = self.content(&bind.host, &fs::metadata(&bind.host)?)?;
            let known = self.answers().without_files.get(&program).copied();
            let opens_nothing = match known {
                Some(known) => known,
                None => {
                    let found = without_files::opens_nothing(&fs::read(&bind.host)?);
                    self.answers().without_files.insert(program, found);
                    found
                }
            };
            if !opens_nothing {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn content(&self, path: &Path, metadata: &fs::Metadata) -> io::Result<Digest> {
        let file = (
            path.to_owned(),
            metadata.ino(),
            metadata.size(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        );
        if let Some(known) = self.answers().programs.get(&file) {
            return Ok(*known);
        }
        let digest = program_digest::of(path)?;
        let programs = &mut self.answers().programs;
        if programs.len() >= FILES_MAX {
            programs.clear();
        }
        programs.insert(file, digest);
        Ok(digest)
    }
}

/// The clock goes on while others compute, a limit is reached sooner or later, and trouble of the machine passes: none of them
/// says anything of the next submission.
fn depends_on_the_machine(evidence: &Evidence) -> bool {
    let limited =
        |actor: &ActorEvidence| !actor.limits.is_empty() || matches!(actor.exit, Exit::Stopped(_));
    !evidence.trouble.is_empty()
        || evidence.actors.iter().any(limited)
        || matches!(
            evidence.ended,
            Ended::DeadlineExceeded { .. } | Ended::LimitHit { .. }
        )
}

/// As JSON; `None`: it is too large, and was not written to its end.
fn written(evidence: &Evidence) -> Option<Arc<[u8]>> {
    let mut room = [0; ENTRY_BYTES_MAX];
    let mut left = &mut room[..];
    serde_json::to_writer(&mut left, evidence).ok()?;
    let length = ENTRY_BYTES_MAX - left.len();
    Some(room[..length].into())
}

impl Answers {
    fn find(&mut self, key: Digest) -> Option<Arc<[u8]>> {
        if let Some(known) = self.lately.answers.get(&key) {
            return Some(known.clone());
        }
        let known = self.before.answers.remove(&key)?;
        self.before.bytes -= known.len();
        self.keep(key, known.clone());
        Some(known)
    }

    fn keep(&mut self, key: Digest, answer: Arc<[u8]>) {
        if self.lately.bytes + answer.len() > GENERATION_BYTES_MAX {
            self.before = std::mem::take(&mut self.lately);
        }
        self.lately.bytes += answer.len();
        if let Some(replaced) = self.lately.answers.insert(key, answer) {
            self.lately.bytes -= replaced.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use ipclab_evidence::{Actor, Bind};

    use super::*;
    use crate::explore::test_data;

    fn plan(program: &Path) -> Plan {
        let mut plan = test_data::plan("any");
        plan.world.binds.push(Bind {
            host: program.to_owned(),
            inside: "/lab/program".into(),
            writable: false,
            trusted_only: false,
            party: None,
        });
        plan
    }

    fn evidence(ended: Ended) -> Evidence {
        Evidence {
            ended,
            ..test_data::evidence()
        }
    }

    /// Whether it was run, when this would come of it.
    fn ran(run_cache: &RunCache, plan: &Plan, observed: Observed) -> bool {
        let mut ran = false;
        let expect = observed.clone();
        let got = run_cache.ask(plan, 0, || {
            ran = true;
            observed
        });
        assert_eq!(got, expect);
        ran
    }

    #[test]
    fn programs_are_keyed_by_their_contents() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let run_cache = RunCache::default();
        let key = |path: &Path| run_cache.key(&plan(path), 0).unwrap();
        let (one, same) = (write("one", "a program"), write("same", "a program"));
        assert_eq!(key(&one), key(&same));
        assert_ne!(key(&one), key(&write("other", "a Program")));
        // A file that was written anew is another program, whatever it was called.
        let before = key(&one);
        write("one", "a larger program");
        assert_ne!(before, key(&one));
    }

    /// A compiled program can open its own source, and do well or badly by a comment in it.
    #[test]
    fn equal_programs_beside_other_comments_are_not_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, "a program").unwrap();
        let run_cache = RunCache::default();
        let key = |name: &str, source: &str| {
            let handed_in = folder.path().join(name);
            fs::create_dir(&handed_in).unwrap();
            fs::write(handed_in.join("server.c"), source).unwrap();
            let mut plan = plan(&program);
            plan.world.handed_in = Some(handed_in);
            run_cache.key(&plan, 0).unwrap()
        };
        let ada = key("ada", "int main(void) {} // well");
        assert_eq!(ada, key("bob", "int main(void) {} // well"));
        assert_ne!(ada, key("eve", "int main(void) {} // badly"));
    }

    /// A proof of a lab ran each server again for every client that was changed beside it.
    #[test]
    fn an_authors_program_that_opens_no_file_is_the_same_beside_other_sources() {
        let folder = tempfile::tempdir().unwrap();
        let compiled = |name: &str, body: &str| {
            let (source, program) = (folder.path().join("a.c"), folder.path().join(name));
            let text =
                format!("#include <stdio.h>\nint main(void) {{ {body}; return puts(\"x\"); }}\n");
            fs::write(&source, text).unwrap();
            let built = Command::new("cc")
                .arg("-o")
                .args([&program, &source])
                .status();
            assert!(built.unwrap().success());
            program
        };
        let (closed, opens) = (
            compiled("closed", ""),
            compiled("opens", "fopen(\"client.c\", \"r\")"),
        );
        let submission = |name: &str, files: &[(&str, &str)]| {
            let handed_in = folder.path().join(name);
            fs::create_dir(&handed_in).unwrap();
            for (name, text) in files {
                fs::write(handed_in.join(name), text).unwrap();
            }
            handed_in
        };
        let (source, input) = (("client.c", "int a;"), ("input", "1"));
        let first = submission("first", &[source, input]);
        let other_source = submission("source", &[("client.c", "int b;"), input]);
        let other_input = submission("input", &[source, ("input", "2")]);
        let other_name = submission("name", &[source, input, ("more.c", "")]);
        let check = |run_cache: &RunCache, program: &Path, handed_in: &Path, expect: bool| {
            let key = |handed_in: &Path| {
                let mut plan = plan(program);
                let run = Run::Program {
                    path: "./program".into(),
                    argv: Vec::new(),
                    env: Vec::new(),
                };
                plan.world.cwd = "/lab".into();
                plan.actors.push(Actor::new("server", run));
                plan.world.handed_in = Some(handed_in.to_owned());
                run_cache.key(&plan, 0).unwrap()
            };
            assert_eq!(key(&first) == key(handed_in), expect, "{program:?}");
        };
        let (author, stranger) = (RunCache::of_author(), RunCache::default());
        check(&author, &closed, &other_source, true);
        check(&author, &closed, &other_input, false);
        check(&author, &closed, &other_name, false);
        check(&author, &opens, &other_source, false);
        check(&stranger, &closed, &other_source, false);
    }

    #[test]
    fn the_same_program_is_run_once() {
        let folder = tempfile::tempdir().unwrap();
        let (run_cache, plan) = (RunCache::default(), plan(folder.path()));
        let answer = || Ok(evidence(Ended::AllExited));
        assert!(ran(&run_cache, &plan, answer()));
        assert!(!ran(&run_cache, &plan, answer()));
        assert_eq!(run_cache.spared(), 1);
        // To tell a race from a mistake, it must be run again in earnest.
        let again = run_cache.ask(&plan, 1, || Err("not the first time".to_owned()));
        assert!(again.is_err());
        // Another question about it is another run.
        let mut other = plan.clone();
        other.name.push('2');
        assert!(ran(&run_cache, &other, answer()));
    }

    #[test]
    fn what_another_one_might_be_luckier_with_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let check = |plan: &Plan, observed: Observed| {
            let run_cache = RunCache::default();
            assert!(ran(&run_cache, plan, observed.clone()));
            assert!(
                ran(&run_cache, plan, observed),
                "the machine's trouble is not shared"
            );
        };
        let plan = plan(folder.path());
        check(&plan, Err("no machine".to_owned()));
        let late = Ended::DeadlineExceeded {
            limit_ms: 5,
            waits: Vec::new(),
        };
        check(&plan, Ok(evidence(late)));
        let mut troubled = evidence(Ended::AllExited);
        troubled.trouble.push("no memory".to_owned());
        check(&plan, Ok(troubled));
        // As much as a program that prints without end leaves behind.
        let mut large = evidence(Ended::AllExited);
        large.name = "x".repeat(ENTRY_BYTES_MAX);
        check(&plan, Ok(large));
        // What cannot be read is run.
        check(
            &self::plan(&folder.path().join("nothing")),
            Ok(evidence(Ended::AllExited)),
        );
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut answers = Answers::default();
        let key = |n: usize| *blake3::hash(&n.to_le_bytes()).as_bytes();
        let answer = || Arc::from(vec![0; GENERATION_BYTES_MAX / 100]);
        answers.keep(key(0), answer());
        for n in 1..500 {
            answers.keep(key(n), answer());
            assert!(answers.find(key(0)).is_some(), "asked for all the time");
            let held = [&answers.lately, &answers.before];
            for generation in held {
                let bytes: usize = generation.answers.values().map(|answer| answer.len()).sum();
                assert_eq!(bytes, generation.bytes);
                assert!(bytes <= GENERATION_BYTES_MAX);
            }
        }
        assert!(answers.find(key(1)).is_none());
        assert!(answers.find(key(499)).is_some());
    }
}
