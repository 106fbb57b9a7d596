//! The reaper: the first process of a pid namespace of students, one for each party of them.
//!
//! First it opens the host's folders that a plan shows: a box is made before there is a plan, and its supervisor has
//! become another user by then, out of whose reach a path below a 0700 folder is. This process stays the tool's user for
//! so long. Then it becomes the box's root too, before any student starts, makes the students' mount namespace, and does
//! nothing but reap.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::measures::{LeftOut, Measure};
use crate::mounts;
use ipclab_kernel::{Pid, context, descriptor, namespace, process, signal, socket};

/// Process numbers of a namespace: those of a case's references and peers are below it, those of its first party of students
/// come after them, then those of the second. So none is there twice, since programs make names such as `/tmp/socket.PID` in
/// the same folder; and they are the same in every run.
const NUMBERS: u32 = 4000;

/// So many processes and threads a case may make in all, over its whole time: more would not have numbers of their own.
pub(crate) const NUMBERS_MAX: u32 = NUMBERS - 100;

/// Longest message: the paths of all folders.
const MAX_MESSAGE_BYTES: usize = 128 << 10;
/// The answer when everything is open.
const OPEN: &[u8] = b"open";
/// Said to it when it has nothing more to open; no path is like it.
const SETTLE: &[u8] = b"\0";
/// The answer when it has settled.
const SETTLED: &[u8] = b"settled";

/// The process, the namespace that it is the first of, and the supervisor's own.
#[derive(Debug)]
pub(crate) struct Reaper {
    pub(crate) pid: Pid,
    pub(crate) own: OwnedFd,
    pub(crate) students: OwnedFd,
    line: OwnedFd,
}

impl Reaper {
    /// Makes both, as the user of the process that calls this. `range`: it is to drop its groups when it becomes the box's
    /// root. `party`: counted from 0. `left_out`: what the case lacks.
    ///
    /// # Errors
    /// What the machine refused.
    pub(crate) fn start(range: bool, party: u32, left_out: LeftOut) -> io::Result<Self> {
        let own = OwnedFd::from(File::open("/proc/self/ns/pid")?);
        namespace::unshare(libc::CLONE_NEWPID)?;
        let (line, theirs) = socket::socket_pair()?;
        let pid = namespace::clone_process(0)?;
        if pid == 0 {
            drop(line);
            let _ = process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize);
            let closes = !left_out.lacks(Measure::Settings);
            match serve(theirs.as_fd(), range, NUMBERS * (party + 1), closes) {
                Ok(()) => {
                    let _ = descriptor::close_from(0, false);
                    signal::reap_for_ever()
                }
                Err(_) => process::exit_now(1),
            }
        }
        let students = OwnedFd::from(File::open("/proc/self/ns/pid_for_children")?);
        namespace::join_namespace(own.as_fd(), libc::CLONE_NEWPID)?;
        Ok(Self {
            pid,
            own,
            students,
            line,
        })
    }

    /// Opens these, to be bound and not to be read.
    ///
    /// # Errors
    /// Which path cannot be opened, and why.
    pub(crate) fn open(&self, paths: &[&Path]) -> io::Result<Vec<File>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let message = joined(paths);
        if paths.len() > socket::DESCRIPTORS_MAX || message.len() > MAX_MESSAGE_BYTES {
            return Err(io::Error::other(format!(
                "{} folders are more than a box can show",
                paths.len()
            )));
        }
        let (reply, files) = self.ask(&message)?;
        if reply == OPEN && files.len() == paths.len() {
            return Ok(files.into_iter().map(File::from).collect());
        }
        Err(io::Error::other(
            String::from_utf8_lossy(&reply).into_owned(),
        ))
    }

    /// Has it become the box's root, when the new root is in place, and make its students' mount namespace, which it gives.
    /// `hidden`: what they are not shown of it.
    ///
    /// # Errors
    /// It could not.
    pub(crate) fn settle(&self, hidden: &[&Path]) -> io::Result<OwnedFd> {
        let mut message = SETTLE.to_vec();
        message.extend(joined(hidden));
        let (reply, mut mounts) = self.ask(&message)?;
        match mounts.pop() {
            Some(mounts) if reply == SETTLED => Ok(mounts),
            _ => Err(io::Error::other(
                String::from_utf8_lossy(&reply).into_owned(),
            )),
        }
    }

    fn ask(&self, message: &[u8]) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
        descriptor::write_some(self.line.as_fd(), message)?;
        let mut word = [0; 4096 + 512];
        let (reply, files) = socket::receive_descriptors(self.line.as_fd(), &mut word)?;
        match reply {
            0 => Err(io::Error::other(
                "the first process of the students' pid namespace died",
            )),
            _ => Ok((word[..reply].to_vec(), files)),
        }
    }
}

fn joined(paths: &[&Path]) -> Vec<u8> {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.as_os_str().as_bytes())
        .collect();
    paths.join(&0)
}

fn split(paths: &[u8]) -> impl Iterator<Item = &Path> {
    let paths = paths.split(|byte| *byte == 0);
    paths.map(|path| Path::new(std::ffi::OsStr::from_bytes(path)))
}

/// Opens what it is asked for until it is to settle. `numbers`: where those of its students' processes begin. `closes`: it
/// keeps them from writing to `/proc/sys`.
fn serve(line: BorrowedFd<'_>, range: bool, numbers: u32, closes: bool) -> io::Result<()> {
    let mut message = vec![0; MAX_MESSAGE_BYTES];
    let hidden = loop {
        let length = descriptor::read_some(line, &mut message)?.unwrap_or(0);
        if length == 0 {
            return Err(io::Error::other("the supervisor is gone"));
        }
        if let Some(hidden) = message[..length].strip_prefix(SETTLE) {
            break hidden.to_vec();
        }
        let opened = split(&message[..length])
            .map(open_path)
            .collect::<io::Result<Vec<_>>>();
        match opened {
            Ok(files) => {
                let fds: Vec<_> = files.iter().map(|file| file.as_raw_fd()).collect();
                socket::send_descriptors(line, OPEN, &fds)?;
            }
            Err(error) => drop(descriptor::write_some(line, error.to_string().as_bytes())?),
        }
    };
    let hidden: Vec<&Path> = match hidden.is_empty() {
        true => Vec::new(),
        false => split(&hidden).collect(),
    };
    match settle(range, numbers, closes, &hidden) {
        Ok(mounts) => socket::send_descriptors(line, SETTLED, &[mounts.as_raw_fd()]),
        Err(error) => {
            descriptor::write_some(line, error.to_string().as_bytes())?;
            Err(error)
        }
    }
}

fn settle(range: bool, numbers: u32, closes: bool, hidden: &[&Path]) -> io::Result<OwnedFd> {
    process::become_user(0, 0, range)?;
    // Changing ids has cleared it.
    process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize)?;
    // Refused where the kernel cannot give numbers: then only the numbers differ. Later nobody can: /proc/sys is closed.
    let _ = std::fs::write("/proc/sys/kernel/ns_last_pid", numbers.to_string());
    // Its own files in /proc would belong to no user here. No student runs yet.
    process::prctl(libc::PR_SET_DUMPABLE, 1)?;
    let mounts = mounts::make_students(hidden, closes)?;
    process::prctl(libc::PR_SET_DUMPABLE, 0)?;
    Ok(mounts)
}

/// Opens a path of the host so that it can be bound, whatever may be read of it.
fn open_path(path: &Path) -> io::Result<File> {
    let opened = descriptor::open_path(path, 0);
    context(format_args!("opening {}", path.display()), opened).map(File::from)
}
