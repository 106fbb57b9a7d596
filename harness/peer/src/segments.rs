//! The System V segments that a peer has attached, the last one on top.

use std::io;

use ipclab_reference::sysv::{Attachment, ReadWrite, Segment};
use ipclab_spec::SegmentName;
use nix::errno::Errno;
use nix::libc;

use super::bytes::{count, difference, differs, quoted};
use super::step_error::{StepError, failed};

/// All of them. What is still attached when the peer ends is detached by the kernel.
#[derive(Debug, Default)]
pub(super) struct Segments(Vec<Attachment<ReadWrite>>);

impl Segments {
    /// `shm create 100 1024 0644`: shmget(2) with `IPC_CREAT` and `IPC_EXCL`; nothing is attached.
    pub(super) fn create(&self, key: i32, size: u64, mode: u32) -> Result<(), StepError> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let flags = libc::IPC_CREAT | libc::IPC_EXCL | (mode & 0o777).cast_signed();
        done("shmget", Segment::get(key, size, flags)).map(drop)
    }

    /// `shm attach 100`: shmget(2), shmat(2) to read and write.
    pub(super) fn attach(&mut self, name: &SegmentName) -> Result<(), StepError> {
        let segment = find(name)?;
        self.0.push(done(
            "shmat",
            segment.attach_read_write().map_err(io::Error::from),
        )?);
        Ok(())
    }

    /// `shm write 'text'`
    pub(super) fn write(&self, data: &[u8]) -> Result<(), StepError> {
        let attached = self.current()?;
        fits(attached, data)?;
        done("store", attached.store(data))
    }

    /// `shm read 'text'`: the segment begins with these bytes.
    pub(super) fn read(&self, wanted: &[u8]) -> Result<(), StepError> {
        let attached = self.current()?;
        fits(attached, wanted)?;
        let mut held = attached.c_string();
        if held.len() < attached.size() {
            held.push(0);
        }
        if let Some((at, got, wanted)) = difference(&held, wanted) {
            let all = held.len() as u64;
            return Err(StepError::Step(format!(
                "the segment begins with {}: {}",
                quoted(&held, all),
                differs(at as u64, got, wanted)
            )));
        }
        if wanted.len() > held.len() {
            // The wrapper reads strings.
            return Err(StepError::Step(
                "a peer cannot look behind the segment's first NUL".to_owned(),
            ));
        }
        Ok(())
    }

    /// `shm detach`: shmdt(2)
    pub(super) fn detach(&mut self) -> Result<(), StepError> {
        match self.0.pop() {
            Some(attached) => done("shmdt", attached.detach()),
            None => Err(nothing_attached()),
        }
    }

    /// `shm remove 100`: shmget(2), shmctl(2) with `IPC_RMID`.
    pub(super) fn remove(&self, name: &SegmentName) -> Result<(), StepError> {
        done("shmctl", find(name)?.remove())
    }

    fn current(&self) -> Result<&Attachment<ReadWrite>, StepError> {
        self.0.last().ok_or_else(nothing_attached)
    }
}

fn find(name: &SegmentName) -> Result<Segment, StepError> {
    match name {
        SegmentName::Key(key) => done("shmget", Segment::get(*key, 0, 0)),
        SegmentName::Id(id) => match id.as_text().and_then(|id| id.parse().ok()) {
            Some(id) => Ok(Segment::with_id(id)),
            None => Err(StepError::Step("nobody said which segment".to_owned())),
        },
    }
}

fn fits(attached: &Attachment<ReadWrite>, data: &[u8]) -> Result<(), StepError> {
    if data.len() <= attached.size() {
        return Ok(());
    }
    Err(StepError::Step(format!(
        "the segment has {}, not {}",
        count(attached.size() as u64),
        data.len()
    )))
}

fn nothing_attached() -> StepError {
    StepError::Step("no segment is attached".to_owned())
}

fn done<T>(call: &str, result: io::Result<T>) -> Result<T, StepError> {
    result.map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
        failed(call, errno)
    })
}
