//! Builds that can be used again.
//!
//! An entry is a folder named by a digest of everything that the build was given: the compiler, the command, every
//! staged file. What the compiler read beside that (the system's headers) it told us itself; it stands in the entry with
//! size and time, and an entry whose headers have changed is not used.
//!
//! Entries appear whole or not at all (written apart, then renamed), so two runs at once do no harm to each other.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ipclab_report::Program;
use serde::{Deserialize, Serialize};

use super::toolchain::stamp;

/// How large all entries together may become, in bytes, before the oldest go.
const SIZE_MAX: u64 = 512 << 20;
const ENTRIES_MAX: usize = 2_000;
/// Part of every key: a change of what entries mean must not meet old ones.
const VERSION: &str = "ipclab build 1";

/// What is known of a build beside the program itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// As the report shows it.
    pub(crate) program: Program,
    /// Files of the system that it read, as [`stamp`] describes them.
    inputs: Vec<(PathBuf, String)>,
}

/// The digest of everything that a build is given.
pub(crate) struct Key(blake3::Hasher);

impl Key {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let mut key = Self(blake3::Hasher::new());
        key.add(VERSION.as_bytes());
        key
    }

    /// Adds a part. Its length goes in too, so that parts cannot run into each other.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The entry's name.
    pub(crate) fn name(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// The entry of that key, when there is one and nothing that it depends on has changed: the program's path, and its note.
pub(crate) fn look_up(builds: &Path, key: &str) -> Option<(PathBuf, Note)> {
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

/// Keeps a build. `inputs` are the files that it read, as the compiler's dependency file names them.
///
/// # Errors
/// The disk's. The build itself is good all the same.
pub(crate) fn keep(
    builds: &Path,
    key: &str,
    program: &Path,
    report: &Program,
    inputs: &str,
) -> io::Result<()> {
    let entry = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(builds)?;
    fs::copy(program, entry.path().join("program"))?;
    fs::set_permissions(
        entry.path().join("program"),
        fs::Permissions::from_mode(0o755),
    )?;
    let inputs = system_files(inputs)
        .into_iter()
        .map(|path| (path.clone(), stamp(&path)))
        .collect();
    let note = Note {
        program: report.clone(),
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
    evict(builds, SIZE_MAX, ENTRIES_MAX);
    Ok(())
}

/// Absolute paths of a dependency file, in the syntax of `make`.
fn system_files(dependencies: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut word = String::new();
    let mut letters = dependencies.chars().peekable();
    let mut end_word = |word: &mut String| {
        let path = PathBuf::from(std::mem::take(word));
        // The box's own paths are the staged files, which the key covers.
        if path.is_absolute() && !path.starts_with("/lab") && !path.starts_with("/tmp") {
            files.push(path);
        }
    };
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('\n') | None => end_word(&mut word),
                Some(escaped) => word.push(escaped),
            },
            c if c.is_whitespace() => end_word(&mut word),
            c => word.push(c),
        }
    }
    end_word(&mut word);
    files.sort();
    files.dedup();
    files
}

/// Removes the oldest entries until the rest is small enough, and what a killed run left half written.
fn evict(builds: &Path, size_max: u64, entries_max: usize) {
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(builds).into_iter().flatten().flatten() {
        let path = entry.path();
        match fs::metadata(path.join("program"))
            .and_then(|about| Ok((about.modified()?, about.len())))
        {
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
            &Program::built("iserver", &["iserver.c"]),
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

    #[test]
    fn dependency_files_are_read_as_make_reads_them() {
        let text = "a\\ b.o: /usr/include/x.h \\\n /opt/my\\ inc/y.h ./own.h /lab/z.h\nc.o: /usr/include/x.h\n";
        assert_eq!(
            system_files(text),
            [
                PathBuf::from("/opt/my inc/y.h"),
                PathBuf::from("/usr/include/x.h")
            ]
        );
    }
}
