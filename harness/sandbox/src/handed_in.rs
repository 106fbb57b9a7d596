//! What was handed in: a folder of the host of which actors find a copy in their working directory, theirs to write to.
//!
//! The copy is in place before the first actor starts. What is there already is nobody's leftover.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use ipclab_evidence::{FileKind, World};

use crate::workspace;

/// The files and folders that were handed in, by their paths in the box.
#[derive(Debug, Default)]
pub(crate) struct HandedIn(HashMap<PathBuf, FileKind>);

impl HandedIn {
    /// Copies what can be read at `from` to the working directory, which is at `at` now and will be at `inside`. What the
    /// plan puts there itself comes later, and finds its places free. More than `most` bytes are left out.
    ///
    /// # Errors
    /// What could not be copied.
    pub(crate) fn copy(
        from: &Path,
        (at, inside): (&Path, &Path),
        world: &World,
        owner: Option<(u32, u32)>,
        most: u64,
    ) -> io::Result<Self> {
        let into = File::open(at)?;
        workspace::copy_in(from, into.as_fd(), owner, most)?;
        let given = world.files.iter().map(|file| &file.path);
        let shown = world.binds.iter().map(|bind| &bind.inside);
        for path in given.chain(shown) {
            if let Ok(path) = path.strip_prefix(&world.cwd) {
                make_way(at, path)?;
            }
        }
        let mut handed_in = Self::default();
        handed_in.list(at, inside)?;
        Ok(handed_in)
    }

    fn list(&mut self, at: &Path, inside: &Path) -> io::Result<()> {
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let inside = inside.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.list(&entry.path(), &inside)?;
                self.0.insert(inside, FileKind::Directory);
            } else {
                self.0.insert(inside, FileKind::Regular);
            }
        }
        Ok(())
    }

    /// Whether something of that kind was handed in there.
    pub(crate) fn has(&self, path: &Path, kind: FileKind) -> bool {
        self.0.get(path) == Some(&kind)
    }
}

/// Takes away what would be in the way of something at this path: what is there, and a file that should be a folder.
fn make_way(at: &Path, path: &Path) -> io::Result<()> {
    let mut place = at.to_owned();
    for part in path.components() {
        place.push(part);
        let last = place == at.join(path);
        let result = match fs::symlink_metadata(&place) {
            Ok(about) if about.is_dir() && last => fs::remove_dir_all(&place),
            Ok(about) if about.is_dir() => continue,
            Ok(_) => fs::remove_file(&place),
            Err(_) => return Ok(()),
        };
        result?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipclab_evidence::{GivenFile, GivenKind};

    #[test]
    fn what_was_handed_in_makes_way_for_what_the_plan_gives() {
        let (host, lab) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(host.path().join("socket/deep")).unwrap();
        for file in ["data.txt", "socket/deep/file", "sub"] {
            fs::write(host.path().join(file), "x").unwrap();
        }
        let given = |path: &str| GivenFile {
            path: path.into(),
            kind: GivenKind::StaleSocket,
            mode: None,
            size: None,
        };
        let world = World {
            cwd: "/lab".into(),
            files: vec![
                given("/lab/socket"),
                given("/lab/sub/socket"),
                given("/tmp/data.txt"),
            ],
            ..World::default()
        };
        let places = (lab.path(), Path::new("/lab"));
        let handed_in = HandedIn::copy(host.path(), places, &world, None, 100).unwrap();
        let names = fs::read_dir(lab.path()).unwrap().flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["data.txt"]);
        assert!(handed_in.has(Path::new("/lab/data.txt"), FileKind::Regular));
        assert!(!handed_in.has(Path::new("/lab/data.txt"), FileKind::Socket));
        assert!(!handed_in.has(Path::new("/lab/socket"), FileKind::Socket));
    }
}
