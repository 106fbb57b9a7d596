//! The store: the tool's own place on disk. Builds, and answers of the references, that can be used again are kept in it,
//! and every run has a scratch folder in it that goes when the run ends.
//!
//! It is `$XDG_CACHE_HOME/ipclab`, else `~/.cache/ipclab`, else a private folder for temporary files that goes at the
//! end. Nothing in it is trusted that another user could have written: it must be ours and closed to all other users.
//!
//! A run that was killed cannot clear up. Its scratch folder has a lock that died with it, so the next run finds the
//! lock free and clears up in its stead.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::failure::Failure;

/// Scratch folders that a signal must clear up, since nothing else of the tool runs then.
static SCRATCH_FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How long a signal's end may wait for what is still put into a scratch folder. What is there then is left to the next
/// run.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(5);

/// An open store. Dropping it removes the scratch folder.
pub struct Store {
    builds: PathBuf,
    answers: PathBuf,
    scratch: PathBuf,
    /// Held as long as the scratch folder is in use; a part of another store is held by that one.
    _lock: Option<File>,
    /// The folder for temporary files, where there is no writable home.
    temporary: Option<PathBuf>,
}

impl Store {
    /// Opens the first place that will do.
    ///
    /// # Errors
    /// No place can be written, with the reason for the last one.
    pub fn open() -> Result<Self, Failure> {
        for root in homes() {
            // A home that cannot be written is common (CI, containers); the next place may do.
            if let Ok(store) = Self::at(&root, None) {
                return Ok(store);
            }
        }
        let folder = temporary_folders()
            .into_iter()
            .find(|folder| runs_programs(folder))
            .ok_or_else(|| {
                Failure::unable("no folder that could be used lets programs be executed (all are mounted noexec)".to_owned())
                    .remedy("name one that does: TMPDIR=/path/to/folder")
            })?;
        let folder_path = tempfile::Builder::new()
            .prefix("ipclab-")
            .permissions(closed())
            .tempdir_in(&folder)
            .map_err(|error| {
                Failure::disk(
                    format_args!("making a folder in {}", folder.display()),
                    &error,
                )
            })?
            .keep();
        Self::at(&folder_path, Some(folder_path.clone()))
            .map_err(|error| Failure::disk(format_args!("using {}", folder_path.display()), &error))
    }

    fn at(root: &Path, temporary: Option<PathBuf>) -> io::Result<Self> {
        make_private(root)?;
        let (builds, scratches) = (root.join("builds"), root.join("scratch"));
        let answers = root.join("answers");
        make_private(&builds)?;
        make_private(&answers)?;
        make_private(&scratches)?;
        // Held while others' leftovers are swept and our own folder is locked, so that no other run sweeps it in between.
        let door = open_lock(&root.join("lock"))?;
        door.lock()?;
        sweep(&scratches);
        // A signal clears up before this or after it, never in between.
        let mut to_clear = to_clear();
        let scratch = tempfile::Builder::new()
            .prefix("run-")
            .permissions(closed())
            .tempdir_in(&scratches)?
            .keep();
        to_clear.push(temporary.as_ref().unwrap_or(&scratch).clone());
        drop(to_clear);
        let lock = open_lock(&scratch.join("lock"))?;
        lock.lock()?;
        drop(door);
        Ok(Self {
            builds,
            answers,
            scratch,
            _lock: Some(lock),
            temporary,
        })
    }

    /// The folder that has all of it.
    pub fn root(&self) -> &Path {
        self.builds.parent().unwrap_or(&self.builds)
    }

    /// Where builds are kept.
    pub fn builds(&self) -> &Path {
        &self.builds
    }

    /// Where answers of the reference programs are kept.
    pub fn answers(&self) -> &Path {
        &self.answers
    }

    /// The same store with a scratch folder of its own, for work of which nothing is needed afterwards: dropping it
    /// removes what is in there while the rest of the run goes on.
    ///
    /// # Errors
    /// The disk's.
    pub fn part(&self, purpose: &str) -> Result<Self, Failure> {
        Ok(Self {
            builds: self.builds.clone(),
            answers: self.answers.clone(),
            scratch: self.folder(purpose)?,
            _lock: None,
            temporary: None,
        })
    }

    /// A folder of this run, made now, closed to others.
    ///
    /// # Errors
    /// The disk's.
    pub fn folder(&self, purpose: &str) -> Result<PathBuf, Failure> {
        tempfile::Builder::new()
            .prefix(&format!("{purpose}-"))
            .permissions(closed())
            .tempdir_in(&self.scratch)
            .map(tempfile::TempDir::keep)
            .map_err(|error| {
                Failure::disk(
                    format_args!("making a folder in {}", self.scratch.display()),
                    &error,
                )
            })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        remove_tree(self.temporary.as_ref().unwrap_or(&self.scratch));
    }
}

/// A folder for other processes of the tool. It goes when it is dropped, and when a signal ends the tool.
#[derive(Debug)]
pub struct TemporaryFolder(tempfile::TempDir);

impl TemporaryFolder {
    /// Makes one among the temporary files of this user, closed to others.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(prefix: &str) -> io::Result<Self> {
        // A signal clears up before this or after it, never in between.
        let mut to_clear = to_clear();
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        to_clear.push(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        to_clear().retain(|folder| folder != self.0.path());
    }
}

/// Removes every scratch folder of this process; for the end by a signal. No store is opened after it.
pub fn clear_scratch() {
    let folders = to_clear();
    for folder in folders.iter() {
        clear_under_work(folder);
    }
    std::mem::forget(folders);
}

/// Removes a folder that threads and boxes are still at work in.
///
/// Whatever names a path in it finds nothing there once it has another name. A box that is handing a build back holds
/// the folders themselves; it has little left to hand back, and can put nothing into a folder that is gone.
fn clear_under_work(folder: &Path) {
    let mut ended = folder.as_os_str().to_owned();
    ended.push("-ended");
    let ended = match fs::rename(folder, &ended) {
        Ok(()) => PathBuf::from(ended),
        Err(_) => folder.to_owned(),
    };
    let begun = Instant::now();
    while ended.exists() && begun.elapsed() < CLEANUP_TIMEOUT {
        remove_tree(&ended);
    }
}

fn to_clear() -> MutexGuard<'static, Vec<PathBuf>> {
    SCRATCH_FOLDERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// The first place for a store that is there; `None`: there is none yet, or this user has no home.
pub fn home() -> Option<PathBuf> {
    homes().into_iter().find(|root| is_private(root))
}

fn homes() -> Vec<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let mut homes = Vec::new();
    homes.extend(absolute("XDG_CACHE_HOME").map(|cache| cache.join("ipclab")));
    homes.extend(absolute("HOME").map(|home| home.join(".cache/ipclab")));
    homes
}

/// Where temporary folders may be, best first.
fn temporary_folders() -> Vec<PathBuf> {
    let mut folders = vec![std::env::temp_dir()];
    folders.extend(["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from));
    folders
}

/// Whether programs that lie there may be executed, as far as the mount decides it: boxes show them where they lie.
fn runs_programs(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|about| !about.flags().contains(FsFlags::ST_NOEXEC))
}

/// Whether a folder is there and ours, and no other user may read or write it.
fn is_private(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|about| {
        let ours = about.is_dir() && about.uid() == nix::unistd::geteuid().as_raw();
        ours && about.mode() & 0o077 == 0
    })
}

/// Makes sure that the folder is there and ours, and that no other user may read or write it.
///
/// # Errors
/// It is not, it does not let programs be executed, or it cannot be written.
pub fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    if !is_private(folder) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "not a private folder of this user",
        ));
    }
    if !runs_programs(folder) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "mounted noexec",
        ));
    }
    // Whether it can be written is best asked by writing.
    tempfile::tempfile_in(folder).map(|_| ())
}

/// Temporary folders would otherwise be open to all users, as far as the umask goes.
fn closed() -> fs::Permissions {
    fs::Permissions::from_mode(0o700)
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// Clears up after runs that were killed.
fn sweep(scratches: &Path) {
    for entry in fs::read_dir(scratches).into_iter().flatten().flatten() {
        let abandoned = match File::options().write(true).open(entry.path().join("lock")) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if abandoned {
            remove_tree(&entry.path());
        }
    }
}

/// Makes the folder `base`/`under` and what is missing in between, in `base`, which must be there. `create_dir_all` would
/// make a scratch folder again that a signal has just taken away, and no run would remove it.
///
/// # Errors
/// `base` is not there, a file is in the way, or the disk's.
pub fn make_folders(base: &Path, under: &Path) -> io::Result<()> {
    let mut at = base.to_owned();
    for part in under.components() {
        at.push(part);
        match fs::create_dir(&at) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at.is_dir() => {}
            folder_path => folder_path?,
        }
    }
    Ok(())
}

/// Removes a folder whatever a hostile build did to the permissions in it. What cannot be removed stays for the next
/// sweep: a caller who heard of it could do no better.
pub fn remove_tree(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
        return;
    }
    open_up(folder);
    let _ = fs::remove_dir_all(folder);
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that were built there could not be executed, and that was charged to the student.
    #[test]
    fn a_store_lies_where_programs_may_be_executed() {
        let check = |folder: &str, expect: bool| {
            assert_eq!(runs_programs(Path::new(folder)), expect, "{folder}");
        };
        check("/usr", true);
        check("/nowhere", false);
        // Which file systems are mounted so is the machine's choice.
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        for line in mounts.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let noexec = fields[3].split(',').any(|option| option == "noexec");
            if noexec && !fields[1].contains('\\') && Path::new(fields[1]).is_dir() {
                check(fields[1], false);
            }
        }
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_in_use_stays() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("ipclab");
        let used = Store::at(&root, None).unwrap();
        let killed = root.join("scratch/run-killed");
        fs::create_dir(&killed).unwrap();
        fs::create_dir(killed.join("closed")).unwrap();
        fs::write(killed.join("lock"), "").unwrap();
        fs::set_permissions(killed.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();

        let other = Store::at(&root, None).unwrap();
        assert!(!killed.exists());
        assert!(used.scratch.exists() && other.scratch.exists());

        let scratch = used.scratch.clone();
        drop(used);
        assert!(!scratch.exists());
    }

    #[test]
    fn a_folder_goes_while_threads_and_boxes_still_write_to_it() {
        use std::sync::atomic::{AtomicBool, Ordering};
        use std::thread;

        for _ in 0..20 {
            let home = tempfile::tempdir().unwrap();
            let scratch = home.path().join("run-1");
            fs::create_dir(&scratch).unwrap();
            let cleared = AtomicBool::new(false);
            thread::scope(|work| {
                // As an archive is unpacked: by name, for as long as it will.
                work.spawn(|| {
                    for n in 0.. {
                        if cleared.load(Ordering::SeqCst) {
                            break;
                        }
                        let _ = fs::create_dir(scratch.join(n.to_string()));
                    }
                });
                // As a box hands a build back: into the folder that it holds, and then it is done.
                let held = File::open(&scratch).unwrap();
                work.spawn(move || {
                    for n in 0..300 {
                        let mode = nix::sys::stat::Mode::S_IRWXU;
                        let _ = nix::sys::stat::mkdirat(&held, format!("built-{n}").as_str(), mode);
                    }
                });
                while fs::read_dir(&scratch).unwrap().count() < 20 {}
                clear_under_work(&scratch);
                cleared.store(true, Ordering::SeqCst);
            });
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        }
    }

    /// Under load, a copy that was going on at Ctrl-C left a new scratch folder behind.
    #[test]
    fn what_still_copies_makes_no_scratch_folder_again_that_a_signal_took_away() {
        use crate::import::archive::unpack::Unpacker;
        use crate::import::archive::{Entry, Limits, What};
        use crate::submission::Submission;

        let home = tempfile::tempdir().unwrap();
        let handed_in = home.path().join("handed-in");
        fs::create_dir_all(handed_in.join("src")).unwrap();
        fs::write(handed_in.join("src/a.c"), "int a;").unwrap();
        let gone = home.path().join("run-1");
        let into = gone.join("class");
        fs::create_dir_all(&into).unwrap();
        let mut unpacker = Unpacker::into(&into, Path::new("somebody"), Limits::STUDENT);
        fn unpack(unpacker: &mut Unpacker, name: &str, what: What<'_>) -> bool {
            let name = Ok(name.to_owned());
            unpacker.take(Entry { name, what }).is_ok()
        }
        fn file<'a>(content: &'a mut &'static [u8]) -> What<'a> {
            What::File {
                content,
                executable: false,
            }
        }
        let mut text = "int a; int b;".as_bytes();
        assert!(unpack(&mut unpacker, "d/a.c", file(&mut text)));
        clear_under_work(&gone);

        assert!(!unpack(&mut unpacker, "e", What::Folder));
        assert!(!unpack(&mut unpacker, "d/b.c", file(&mut text)));
        assert!(Submission::take_in(&handed_in, gone.join("submission")).is_err());
        assert!(!gone.exists());
    }

    #[test]
    fn a_part_goes_before_the_rest_does() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(&home.path().join("ipclab"), None).unwrap();
        let part = store.part("one").unwrap();
        let folder = part.folder("files").unwrap();
        assert!(folder.starts_with(&store.scratch));
        drop(part);
        assert!(!folder.exists() && store.scratch.exists() && store.builds().exists());
    }

    #[test]
    fn a_place_that_others_may_write_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("ipclab");
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Store::at(&root, None).is_err());
    }
}
