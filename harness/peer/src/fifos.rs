//! The FIFOs that a peer has open, the last one on top.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};

use ipclab_spec::{FifoEnd, Wanted};
use nix::errno::Errno;
use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::bytes::{self, SHOWN_MAX, count, difference, differs, quoted};
use super::step_error::{StepError, failed};

/// One end of a FIFO.
#[derive(Debug)]
struct Open {
    end: FifoEnd,
    file: File,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Fifos(Vec<Open>);

/// `fifo make /tmp/req 0600`: mkfifo(3), with these permission bits whatever the umask.
pub(super) fn make(path: &str, mode: u32) -> Result<(), StepError> {
    use std::os::unix::fs::PermissionsExt;
    mkfifo(path, Mode::from_bits_truncate(mode)).map_err(|errno| failed("mkfifo", errno))?;
    let permissions = fs::Permissions::from_mode(mode);
    done("chmod", fs::set_permissions(path, permissions))
}

/// `fifo remove /tmp/req`: unlink(2).
pub(super) fn remove(path: &str) -> Result<(), StepError> {
    done("unlink", fs::remove_file(path))
}

impl Fifos {
    /// `fifo open /tmp/req read`: open(2), which waits until another process opens the other end.
    pub(super) fn open(&mut self, path: &str, end: FifoEnd) -> Result<(), StepError> {
        let mut options = OpenOptions::new();
        match end {
            FifoEnd::Read => options.read(true),
            FifoEnd::Write => options.write(true),
        };
        let file = done("open", options.open(path))?;
        self.0.push(Open { end, file });
        Ok(())
    }

    /// `fifo send 'hal'`: write(2) until all of it has gone.
    pub(super) fn send(&mut self, data: &[u8]) -> Result<(), StepError> {
        done("write", self.last(FifoEnd::Write)?.write_all(data))
    }

    /// `fifo recv 'hal'`, `fifo recv 5 bytes`, `fifo recv until EOF`: read(2).
    pub(super) fn receive(&mut self, wanted: &Wanted) -> Result<(), StepError> {
        let data = match wanted {
            Wanted::Data(data) => Some(bytes::of(data)?),
            Wanted::Bytes(_) | Wanted::UntilEof | Wanted::Any | Wanted::Eof => None,
        };
        let file = self.last(FifoEnd::Read)?;
        let size = match wanted {
            Wanted::Data(_) => data.as_ref().map_or(0, Vec::len) as u64,
            Wanted::Bytes(size) => *size,
            Wanted::UntilEof => return done("read", io::copy(file, &mut io::sink())).map(drop),
            Wanted::Any => return done("read", once(file, SHOWN_MAX)).map(drop),
            Wanted::Eof => return end_of_file(file),
        };
        let mut got = Vec::new();
        let parted = |got: &[u8]| data.as_ref().and_then(|data| difference(got, data));
        while (got.len() as u64) < size && parted(&got).is_none() {
            let left = usize::try_from(size).unwrap_or(usize::MAX) - got.len();
            match done("read", once(file, left))? {
                came if came.is_empty() => break,
                came => got.extend(came),
            }
        }
        let came = got.len() as u64;
        match parted(&got) {
            Some((at, byte, wanted)) => Err(StepError::Step(format!(
                "got {} {}: {}",
                count(came),
                quoted(&got, came),
                differs(at as u64, byte, wanted)
            ))),
            None if came == 0 && size > 0 => Err(StepError::Step(
                "got nothing: every writer closed the FIFO".to_owned(),
            )),
            None if came < size => Err(StepError::Step(format!(
                "got {} {}, then every writer closed the FIFO",
                count(came),
                quoted(&got, came)
            ))),
            None => Ok(()),
        }
    }

    /// `fifo close`
    pub(super) fn close(&mut self) -> Result<(), StepError> {
        match self.0.pop() {
            Some(_) => Ok(()),
            None => Err(StepError::Step("no FIFO is open".to_owned())),
        }
    }

    /// The one that was opened last at this end.
    fn last(&mut self, end: FifoEnd) -> Result<&mut File, StepError> {
        let mut open = self.0.iter_mut().rev();
        match open.find(|open| open.end == end) {
            Some(open) => Ok(&mut open.file),
            None => Err(StepError::Step(
                match end {
                    FifoEnd::Read => "no FIFO is open to read",
                    FifoEnd::Write => "no FIFO is open to write",
                }
                .to_owned(),
            )),
        }
    }
}

/// End of file, and nothing before it.
fn end_of_file(file: &mut File) -> Result<(), StepError> {
    match done("read", once(file, SHOWN_MAX + 1))? {
        got if got.is_empty() => Ok(()),
        got => Err(StepError::Step(format!(
            "got {} in place of the end of file",
            quoted(&got, got.len() as u64)
        ))),
    }
}

/// One read(2) of at most so many bytes.
fn once(file: &mut File, most: usize) -> io::Result<Vec<u8>> {
    const ROOM: usize = 64 << 10;
    let mut room = vec![0; most.min(ROOM)];
    loop {
        match file.read(&mut room) {
            Ok(got) => {
                room.truncate(got);
                return Ok(room);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn done<T>(call: &str, result: io::Result<T>) -> Result<T, StepError> {
    result.map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
        failed(call, errno)
    })
}
