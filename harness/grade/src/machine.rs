//! What is remembered of this machine from one command to the next: facts that take longer to find out than a case takes to run.
//!
//! A fact is kept with what it was seen by: files and folders, each by device, inode, size and times. A name that comes into a folder
//! or goes from it gives the folder another time, so that no list of names is trusted that may be another by now. What was changed a
//! moment ago is not kept, since a second change could bear the same time.
//!
//! It lies in the tool's own place on disk, closed to all other users, which boxes do not show. Whatever is not as it was written is
//! found out anew.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use ipclab_intake::store;

/// Where the facts lie, in the tool's place on disk.
const FOLDER: &str = "machine";
/// No fact is longer.
const BYTES_MAX: u64 = 1 << 20;
/// So long after a change another one could bear the same time, on the coarsest of file systems.
const SAME_TIME_S: i64 = 2;

/// Whether everything is found out anew.
static NOTHING: AtomicBool = AtomicBool::new(false);

/// Lets this command find out everything anew and keep nothing.
pub fn remember_nothing() {
    NOTHING.store(true, Ordering::Relaxed);
}

/// A fact as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// What was asked.
    question: String,
    /// What it was seen by, as [`identity`] describes it.
    seen: Vec<(PathBuf, String)>,
    fact: T,
}

/// The fact that is remembered under this name, if it answers the same question and all that it was seen by is as it was. Otherwise
/// what `find` finds, with what it saw that by.
pub(crate) fn remembered<T: Serialize + DeserializeOwned>(
    name: &str,
    question: &str,
    find: impl FnOnce() -> (T, Vec<PathBuf>),
) -> T {
    let nothing = NOTHING.load(Ordering::Relaxed);
    let folder = store::home().filter(|_| !nothing);
    let Some(folder) = folder.map(|home| home.join(FOLDER)) else {
        return find().0;
    };
    remembered_in(&folder, name, question, find)
}

fn remembered_in<T: Serialize + DeserializeOwned>(
    folder: &Path,
    name: &str,
    question: &str,
    find: impl FnOnce() -> (T, Vec<PathBuf>),
) -> T {
    let path = folder.join(name);
    if let Some(kept) = read::<T>(&path)
        && kept.question == question
        && kept.seen.iter().all(|(path, was)| identity(path) == *was)
    {
        return kept.fact;
    }
    let (fact, seen) = find();
    // What changes while it is looked at has changed a moment ago.
    if seen.iter().all(|path| !is_fresh(path)) {
        let seen = seen.into_iter().map(|path| {
            let identity = identity(&path);
            (path, identity)
        });
        let kept = Kept {
            question: question.to_owned(),
            seen: seen.collect(),
            fact,
        };
        // A full disk costs the next command a moment.
        let _ = write(&path, &kept);
        return kept.fact;
    }
    fact
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<Kept<T>> {
    let mut text = Vec::new();
    let file = File::open(path).ok()?;
    file.take(BYTES_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Appears whole or not at all, so that commands beside each other do no harm.
fn write<T: Serialize>(path: &Path, kept: &Kept<T>) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    store::make_private(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.persist(path)?;
    Ok(())
}

/// A file or folder as the kernel knows it; links are followed.
pub(crate) fn identity(path: &Path) -> String {
    fs::metadata(path).map_or_else(
        |error| format!("{:?}", error.kind()),
        |about| {
            format!(
                "{}:{} {} {}.{} {}.{}",
                about.dev(),
                about.ino(),
                about.size(),
                about.mtime(),
                about.mtime_nsec(),
                about.ctime(),
                about.ctime_nsec()
            )
        },
    )
}

/// Whether it changed a moment ago, or at a time that has not come yet.
fn is_fresh(path: &Path) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs() as i64);
    fs::metadata(path).is_ok_and(|about| about.ctime() + SAME_TIME_S >= now)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder of the machine that did not change lately, and one for facts.
    fn folders() -> (PathBuf, tempfile::TempDir) {
        let facts = tempfile::tempdir().unwrap();
        fs::set_permissions(facts.path(), Permissions::from_mode(0o700)).unwrap();
        (PathBuf::from("/usr/bin"), facts)
    }

    /// What is answered, and whether it was found out for that.
    fn ask(facts: &Path, question: &str, seen: &Path, fact: &str) -> (String, bool) {
        let mut found = false;
        let answer = remembered_in(facts, "fact", question, || {
            found = true;
            (fact.to_owned(), vec![seen.to_owned()])
        });
        (answer, found)
    }

    #[test]
    fn a_fact_is_found_out_once() {
        let (seen, facts) = folders();
        let ask = |question, fact| ask(&facts.path().join("new"), question, &seen, fact);
        assert_eq!(ask("q", "old"), ("old".to_owned(), true));
        assert_eq!(ask("q", "new"), ("old".to_owned(), false));
        assert_eq!(ask("another", "new"), ("new".to_owned(), true));
        assert_eq!(ask("q", "newer"), ("newer".to_owned(), true));
    }

    #[test]
    fn what_is_not_as_it_was_written_is_found_out_anew() {
        let (seen, facts) = folders();
        let path = facts.path().join("fact");
        ask(facts.path(), "q", &seen, "old");
        let whole = fs::read_to_string(&path).unwrap();
        let about = identity(&seen);
        for damaged in [
            String::new(),
            "{}".to_owned(),
            whole[..whole.len() / 2].to_owned(),
            // Another folder, or the same one after a change.
            whole.replace(&about, "1:2 3 4.5 6.7"),
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(ask(facts.path(), "q", &seen, "old").1);
            assert!(!ask(facts.path(), "q", &seen, "old").1);
        }
        fs::remove_file(&path).unwrap();
        assert!(ask(facts.path(), "q", &seen, "old").1);
        // Others could write there.
        let open = facts.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        assert!(ask(&open, "q", &seen, "old").1);
        assert!(ask(&open, "q", &seen, "old").1);
    }

    /// Two changes within one tick of the clock leave one time.
    #[test]
    fn what_changed_a_moment_ago_is_not_kept() {
        let (_, facts) = folders();
        let seen = tempfile::tempdir().unwrap();
        assert!(ask(facts.path(), "q", seen.path(), "old").1);
        assert!(ask(facts.path(), "q", seen.path(), "old").1);
    }

    #[test]
    fn a_name_more_makes_a_folder_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let before = identity(folder.path());
        // The kernel's clock for files ticks every ten milliseconds at the slowest.
        std::thread::sleep(std::time::Duration::from_millis(15));
        fs::write(folder.path().join("ipclab"), "").unwrap();
        assert_ne!(identity(folder.path()), before);
    }
}
