//! Builds that can be used again.
//!
//! An entry is a folder named by a digest of everything that the build was given: the compiler, the command, the
//! staged folder with everything in it. What the compiler read beside that (the system's headers) it told us itself; it stands in the entry with
//! size and time, and an entry whose headers have changed is not used.
//!
//! Entries appear whole or not at all (written apart, then renamed), so two runs at once do no harm to each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ipclab_evidence::LineTable;
use ipclab_report::Program;
use ipclab_sandbox::executables;
use serde::{Deserialize, Serialize};

use super::dependencies::system_files;
use super::strip::debug_file;
use super::toolchain::stamp;

/// How large all entries together may become, in bytes, before the oldest go.
const SIZE_MAX: u64 = 512 << 20;
const ENTRIES_MAX: usize = 2_000;
/// Once for so many new entries it is seen whether old ones must go.
const EVICT_EVERY: usize = 50;
/// Part of every key: a change of what entries mean must not meet old ones.
const VERSION: &str = "ipclab build 4";

/// How many entries this process has made.
static ENTRIES_STORED: AtomicUsize = AtomicUsize::new(0);

/// What is known of a build beside the program itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// As the report shows it.
    pub program: Program,
    /// Sources that were compiled beside the program's own.
    pub helpers: Vec<PathBuf>,
    /// Which line of the submission each address comes from.
    #[serde(default)]
    pub lines: Option<LineTable>,
    /// Whether it is of another language than C.
    #[serde(default)]
    pub other_language: bool,
    /// Why the sanitizer may not see all of it.
    #[serde(default)]
    pub flaw: Option<String>,
    /// Files of the system that it read, as [`stamp`] describes them.
    inputs: Vec<(PathBuf, String)>,
}

/// The digest of everything that a build is given.
pub(super) struct Key(blake3::Hasher);

impl Key {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let mut key = Self(blake3::Hasher::new());
        key.add(VERSION.as_bytes());
        key
    }

    /// Adds a part. Its length goes in too, so that parts cannot run into each other.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The entry's name.
    pub(super) fn name(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// Builds of this process that go on now, by key.
static BUILDS_IN_PROGRESS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static BUILD_ENDED: Condvar = Condvar::new();
/// Builds of this process that brought no program: in a class, one mistake is often handed in many times.
static FAILED_BUILDS: Mutex<FailedBuilds> = Mutex::new(FailedBuilds::new());
/// So many bytes of what became of them are kept: a class of strangers' builds can say any amount.
const FAILED_BYTES_MAX: usize = 8 << 20;

/// What the report says of builds that failed, by key, as JSON. The oldest go where there is no room.
struct FailedBuilds {
    reports: BTreeMap<String, Vec<u8>>,
    /// Their keys, the oldest first.
    keys: VecDeque<String>,
    bytes: usize,
}

impl FailedBuilds {
    const fn new() -> Self {
        Self {
            reports: BTreeMap::new(),
            keys: VecDeque::new(),
            bytes: 0,
        }
    }

    fn find(&self, key: &str) -> Option<Program> {
        serde_json::from_slice(self.reports.get(key)?).ok()
    }

    fn remember(&mut self, key: &str, report: &Program) {
        let Ok(report) = serde_json::to_vec(report) else {
            return;
        };
        if report.len() > FAILED_BYTES_MAX || self.reports.contains_key(key) {
            return;
        }
        self.bytes += report.len();
        while self.bytes > FAILED_BYTES_MAX
            && let Some(oldest) = self.keys.pop_front()
        {
            self.bytes -= self.reports.remove(&oldest).map_or(0, |gone| gone.len());
        }
        self.reports.insert(key.to_owned(), report);
        self.keys.push_back(key.to_owned());
    }
}

/// The right to build something. Another thread that wants to build the same meanwhile waits, and then finds it built.
pub(super) struct BuildLock<'a>(&'a str);

/// Waits until no other thread of this process builds what has this key.
pub(super) fn lock_build(key: &str) -> BuildLock<'_> {
    let mut in_progress = BUILDS_IN_PROGRESS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    while !in_progress.insert(key.to_owned()) {
        in_progress = BUILD_ENDED
            .wait(in_progress)
            .unwrap_or_else(PoisonError::into_inner);
    }
    BuildLock(key)
}

impl Drop for BuildLock<'_> {
    fn drop(&mut self) {
        let mut in_progress = BUILDS_IN_PROGRESS
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        in_progress.remove(self.0);
        drop(in_progress);
        BUILD_ENDED.notify_all();
    }
}

/// What came of that build when this process tried it before, and it brought no program.
pub(super) fn failed_build(key: &str) -> Option<Program> {
    let failed_builds = FAILED_BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    failed_builds.find(key)
}

/// Remembers a build that brought no program, through the student's fault and not ours.
pub(super) fn remember_failed_build(key: &str, report: &Program) {
    if report.problem.as_ref().is_some_and(|problem| !problem.ours) {
        let mut failed_builds = FAILED_BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
        failed_builds.remember(key, report);
    }
}

/// The entry of that key, when there is one and nothing that it depends on has changed: the program's path, and its note.
pub(super) fn look_up(builds: &Path, key: &str) -> Option<(PathBuf, Note)> {
    let entry = builds.join(key);
    let note: Note = serde_json::from_slice(&fs::read(entry.join("note.json")).ok()?).ok()?;
    if note.inputs.iter().any(|(path, was)| stamp(path) != *was) {
        return None;
    }
    let program = entry.join("program");
    let open = File::open(&program).ok()?;
    // The oldest entries are evicted: one that is used is young.
    let _ = open.set_modified(SystemTime::now());
    Some((program, note))
}

/// What is to be known of a build that is kept, as in [`Note`].
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub program: &'a Program,
    pub helpers: &'a [PathBuf],
    pub lines: Option<&'a LineTable>,
    pub other_language: bool,
    pub flaw: Option<&'a str>,
}

/// Keeps a build. `inputs` are the files that it read, as the compiler said it.
///
/// # Errors
/// The disk's. The build itself is good all the same.
pub(super) fn keep(
    builds: &Path,
    key: &str,
    program: &Path,
    about: About<'_>,
    inputs: &str,
) -> io::Result<()> {
    let entry = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(builds)?;
    executables::write(|| fs::copy(program, entry.path().join("program")))?;
    fs::set_permissions(
        entry.path().join("program"),
        fs::Permissions::from_mode(0o755),
    )?;
    if debug_file(program).exists() {
        fs::copy(
            debug_file(program),
            debug_file(&entry.path().join("program")),
        )?;
    }
    let inputs = system_files(inputs)
        .into_iter()
        .map(|path| (path.clone(), stamp(&path)))
        .collect();
    let note = Note {
        program: about.program.clone(),
        helpers: about.helpers.to_vec(),
        lines: about.lines.cloned(),
        other_language: about.other_language,
        flaw: about.flaw.map(str::to_owned),
        inputs,
    };
    fs::write(entry.path().join("note.json"), serde_json::to_vec(&note)?)?;
    let home = builds.join(key);
    // An entry that is there is one that another run made meanwhile, or one whose headers changed.
    let _ = fs::remove_dir_all(&home);
    match fs::rename(entry.path(), &home) {
        Ok(()) => {
            let _ = entry.keep();
        }
        // Another run was faster: its entry is as good.
        Err(error) if home.exists() => drop(error),
        Err(error) => return Err(error),
    }
    // To look at all entries for each new one would cost a class more than its submissions do.
    if ENTRIES_STORED
        .fetch_add(1, Ordering::Relaxed)
        .is_multiple_of(EVICT_EVERY)
    {
        evict(builds, SIZE_MAX, ENTRIES_MAX);
    }
    Ok(())
}

/// Removes the oldest entries until the rest is small enough, and what a killed run left half written.
fn evict(builds: &Path, size_max: u64, entries_max: usize) {
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(builds).into_iter().flatten().flatten() {
        let path = entry.path();
        match fs::metadata(path.join("program")).and_then(|about| {
            let debug = fs::metadata(debug_file(&path.join("program")));
            let debug = debug.map_or(0, |about| about.len());
            Ok((about.modified()?, about.len() + debug))
        }) {
            Ok((used, size)) if !entry.file_name().to_string_lossy().starts_with('.') => {
                entries.push((used, size, path));
            }
            _ => {
                let age = entry
                    .metadata()
                    .and_then(|about| about.modified())
                    .ok()
                    .and_then(|made| made.elapsed().ok());
                if age.is_some_and(|age| age > Duration::from_secs(3600)) {
                    let _ = fs::remove_dir_all(path);
                }
            }
        }
    }
    entries.sort_by(|a, b| b.cmp(a));
    let mut size = 0;
    for (n, (_, own, path)) in entries.iter().enumerate() {
        size += own;
        if size > size_max || n >= entries_max {
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(builds: &Path, key: &str, inputs: &str) {
        let program = builds.join("../program");
        fs::write(&program, vec![0; 1000]).unwrap();
        keep(
            builds,
            key,
            &program,
            About {
                program: &Program::built("iserver", &["iserver.c"]),
                helpers: &[],
                lines: None,
                other_language: false,
                flaw: None,
            },
            inputs,
        )
        .unwrap();
    }

    fn builds() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let builds = root.path().join("builds");
        fs::create_dir(&builds).unwrap();
        (root, builds)
    }

    #[test]
    fn an_entry_is_used_until_a_header_changes() {
        let (root, builds) = builds();
        let header = root.path().join("header file.h");
        // Headers in /tmp are the box's own; this one stands for one of the system's, by a name that is not in /tmp.
        fs::write(&header, "int x;").unwrap();
        let listed = format!(
            "x.o: /usr/include/stdio.h {}\n",
            header.display().to_string().replace(' ', "\\ ")
        );
        kept(&builds, "k", &listed);
        assert_eq!(
            look_up(&builds, "k").unwrap().1.program.name.to_string(),
            "iserver"
        );

        let note = builds.join("k/note.json");
        let text = fs::read_to_string(&note).unwrap();
        assert!(text.contains("/usr/include/stdio.h "), "{text}");
        fs::write(&note, text.replace("stdio.h ", "stdio.h 9")).unwrap();
        assert!(look_up(&builds, "k").is_none());
    }

    /// Each student of a class could have the tool remember a megabyte of what a compiler said, for as long as the class was graded.
    #[test]
    fn builds_that_fail_are_remembered_within_a_bound() {
        let mut failed = FailedBuilds::new();
        let report = |n: usize| {
            let mut report = Program::built(&format!("p{n}"), &[]);
            report.warnings = vec![ipclab_report::Line::new(&"x".repeat(200)); 2_000];
            report
        };
        for n in 0..100 {
            failed.remember(&n.to_string(), &report(n));
            assert!(failed.bytes <= FAILED_BYTES_MAX, "{}", failed.bytes);
        }
        assert!(failed.reports.len() > 10, "{}", failed.reports.len());
        assert_eq!(failed.keys.len(), failed.reports.len());
        assert_eq!(failed.find("99"), Some(report(99)));
        assert_eq!(failed.find("0"), None);
    }

    #[test]
    fn two_at_once_do_not_build_the_same_twice() {
        let (_root, builds) = builds();
        let built = std::sync::atomic::AtomicUsize::new(0);
        let gate = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    gate.wait();
                    let _turn = lock_build("same");
                    if look_up(&builds, "same").is_none() {
                        built.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        kept(&builds, "same", "");
                    }
                });
            }
        });
        assert_eq!(built.into_inner(), 1);
    }

    #[test]
    fn only_a_students_own_failure_is_remembered() {
        let report = Program::built("iserver", &[]);
        remember_failed_build("none", &report);
        assert_eq!(failed_build("none"), None);
        let check = |key: &str, ours: bool| {
            let mut report = report.clone();
            report.problem = Some(ipclab_report::Problem {
                message: "m".into(),
                ours,
                errors: Vec::new(),
                log: None,
                found: Vec::new(),
                remedy: None,
            });
            remember_failed_build(key, &report);
            failed_build(key).is_some()
        };
        assert!(check("students", false) && !check("ours", true));
    }

    #[test]
    fn a_damaged_entry_is_no_entry() {
        let (_root, builds) = builds();
        kept(&builds, "k", "");
        fs::write(builds.join("k/note.json"), "{").unwrap();
        assert!(look_up(&builds, "k").is_none());
        kept(&builds, "k", "");
        fs::remove_file(builds.join("k/program")).unwrap();
        assert!(look_up(&builds, "k").is_none());
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let (_root, builds) = builds();
        for (n, key) in ["a", "b", "c"].iter().enumerate() {
            kept(&builds, key, "");
            let when = SystemTime::now() - Duration::from_secs(100 - n as u64);
            File::open(builds.join(key).join("program"))
                .unwrap()
                .set_modified(when)
                .unwrap();
        }
        look_up(&builds, "a").unwrap();
        evict(&builds, 2_500, 10);
        let left: Vec<bool> = ["a", "b", "c"]
            .iter()
            .map(|key| builds.join(key).exists())
            .collect();
        assert_eq!(left, [true, false, true]);
    }
}
