//! What boxes withhold although it lies in a folder that they show: this tool itself, and what belongs to the grader.
//!
//! The tool plays every reference program, so that a student's program which could run it, or read it, would have the whole
//! lab. Boxes show `/usr`, and a tool that is installed lies there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::machine;

/// Folders that boxes show as the host has them.
const SYSTEM: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Folders with programs, where a copy of the tool may lie under any name.
const PROGRAMS: [&str; 8] = [
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/games",
    "/usr/local/games",
    "/bin",
    "/sbin",
];
/// Folders in which a package puts what belongs to a program, under the program's name.
const BELONGINGS: [&str; 10] = [
    "/usr/share",
    "/usr/lib",
    "/usr/libexec",
    "/usr/share/doc",
    "/usr/share/man/man1",
    "/usr/local/share",
    "/usr/local/lib",
    "/usr/local/libexec",
    "/usr/local/share/doc",
    "/usr/local/share/man/man1",
];
/// What all that a package of ours installs begins with.
const NAME: &str = "ipclab";

/// The paths, links followed, at which boxes would show this tool or what was installed with it. Looked for once.
pub fn own() -> &'static BTreeSet<PathBuf> {
    static OWN: OnceLock<BTreeSet<PathBuf>> = OnceLock::new();
    OWN.get_or_init(|| {
        let exe = Path::new("/proc/self/exe");
        let Ok(about) = fs::metadata(exe) else {
            return BTreeSet::new();
        };
        let own = Own {
            path: exe.canonicalize().unwrap_or_default(),
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            names: about.nlink(),
            identity: machine::identity(exe),
        };
        own.everywhere()
    })
}

/// What of `paths` boxes would show, beside the tool itself: paths, links followed, in the system's folders or in `shown`.
pub fn of(paths: &[PathBuf], shown: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: BTreeSet<PathBuf> = own().clone();
    let own_name = std::env::current_exe().unwrap_or_default();
    for path in paths.iter().chain([&own_name]) {
        // The folder beside a spec that is named without one.
        let here = path.as_os_str().is_empty();
        let path = if here { Path::new(".") } else { path };
        let Ok(real) = path.canonicalize() else {
            continue;
        };
        let is_shown = is_system(&real) || shown.iter().any(|folder| real.starts_with(folder));
        // What holds programs that boxes need is not withheld: then it is no folder of the grader's own.
        let holds_shown = PROGRAMS
            .iter()
            .any(|folder| Path::new(folder).starts_with(&real))
            || shown.iter().any(|folder| folder.starts_with(&real));
        if is_shown && !holds_shown {
            all.insert(real);
        }
    }
    all.into_iter().collect()
}

/// Whether a path, links followed, is in a folder that boxes show.
pub(crate) fn is_system(path: &Path) -> bool {
    SYSTEM
        .iter()
        .any(|name| path.starts_with(Path::new("/").join(name)))
}

/// The tool's own executable, as the kernel knows it.
struct Own {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    /// How many names the inode has.
    names: u64,
    /// As it is remembered: with the time that each new name of it changes.
    identity: String,
}

impl Own {
    fn everywhere(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut looked = BTreeSet::new();
        for folder in PROGRAMS {
            // Most systems have a folder under two names.
            if fs::canonicalize(folder).is_ok_and(|real| looked.insert(real)) {
                let is = |entry: &fs::DirEntry| is_named(entry) || self.is_same(entry);
                add_real(look(Path::new(folder), &is), &mut found);
            }
        }
        // These folders have twenty thousand names, none of which says more than itself: the names are remembered, and where
        // they lead is seen anew.
        let belongings = machine::remembered("belongings", "", || {
            let folders = BELONGINGS.map(PathBuf::from);
            let named = folders.iter().flat_map(|folder| look(folder, &is_named));
            (named.collect::<Vec<PathBuf>>(), folders.to_vec())
        });
        add_real(belongings, &mut found);
        if is_system(&self.path) {
            found.insert(self.path.clone());
        }
        // Other names of it that are not known yet may be anywhere on its device. Cargo makes one of them beside it.
        let beside = self.path.parent().unwrap_or(Path::new("/"));
        let near = [beside.to_owned(), beside.join("deps")];
        let mut known: BTreeSet<PathBuf> = found.clone();
        for folder in near {
            self.look_for_links(&folder, false, &mut known);
        }
        known.retain(|path| self.is_link(path));
        if self.names > known.len() as u64 {
            let links = machine::remembered("links", &self.identity, || {
                let mut links = BTreeSet::new();
                self.look_for_links(Path::new("/usr"), true, &mut links);
                (links, upper_folders())
            });
            found.extend(links.into_iter().filter(|path| self.is_link(path)));
        }
        found
    }

    /// Whether a file is the tool's executable, or a copy of it.
    fn is_same(&self, entry: &fs::DirEntry) -> bool {
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            return false;
        }
        let same = |about: fs::Metadata| {
            about.size() == self.size
                && ((about.dev(), about.ino()) == (self.device, self.inode)
                    || self.is_copy(&entry.path()))
        };
        entry.metadata().is_ok_and(same)
    }

    fn is_copy(&self, path: &Path) -> bool {
        let digest = |path: &Path| {
            let mut hash = blake3::Hasher::new();
            hash.update_reader(fs::File::open(path)?)?;
            std::io::Result::Ok(hash.finalize())
        };
        let (own, other) = (digest(Path::new("/proc/self/exe")), digest(path));
        matches!((own, other), (Ok(own), Ok(other)) if own == other)
    }

    fn is_link(&self, path: &Path) -> bool {
        fs::symlink_metadata(path)
            .is_ok_and(|about| (about.dev(), about.ino()) == (self.device, self.inode))
    }

    fn look_for_links(&self, folder: &Path, below: bool, found: &mut BTreeSet<PathBuf>) {
        let on_device = fs::metadata(folder).is_ok_and(|about| about.dev() == self.device);
        if !on_device {
            return;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.ino() == self.inode && self.is_link(&entry.path()) {
                found.insert(entry.path());
            } else if below && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.look_for_links(&entry.path(), below, found);
            }
        }
    }
}

/// Whether an entry bears the tool's name.
fn is_named(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_bytes().starts_with(NAME.as_bytes())
}

/// The entries of a folder of which this is so.
fn look(folder: &Path, is: &dyn Fn(&fs::DirEntry) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| is(entry))
        .map(|entry| entry.path())
        .collect()
}

/// Adds what these paths lead to, as far as boxes show it.
fn add_real(paths: Vec<PathBuf>, found: &mut BTreeSet<PathBuf>) {
    let real = paths
        .into_iter()
        .filter_map(|path| path.canonicalize().ok());
    found.extend(real.filter(|path| is_system(path)));
}

/// `/usr` and the upper two levels of folders in it: a folder that is put there from elsewhere, with another name of the tool in it,
/// changes none of the tool's own times.
fn upper_folders() -> Vec<PathBuf> {
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let below = |folder: &PathBuf| look(folder, &is_folder);
    let mut folders = vec![PathBuf::from("/usr")];
    folders.extend(below(&folders[0]));
    let deeper: Vec<PathBuf> = folders[1..].iter().flat_map(below).collect();
    folders.extend(deeper);
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_boxes_do_not_show_need_not_be_withheld() {
        let private = tempfile::tempdir().unwrap();
        let class = private.path().canonicalize().unwrap().join("class");
        fs::create_dir(&class).unwrap();
        let own: Vec<PathBuf> = own().iter().cloned().collect();
        assert_eq!(of(std::slice::from_ref(&class), &[]), own);
        let shown = [class.parent().unwrap().to_owned()];
        assert!(of(std::slice::from_ref(&class), &shown).contains(&class));
        // Nothing that boxes need.
        assert_eq!(of(&["/usr".into(), "/".into()], &[]), own);
        assert!(of(&["/usr/include/stdio.h".into()], &[]).len() > own.len());
    }
}
