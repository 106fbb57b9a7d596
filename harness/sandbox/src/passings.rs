//! Descriptors on their way between processes, and those that came: what the tracer knows of them.

use ipclab_evidence::PassedDescriptor;
use ipclab_kernel::Pid;

/// So many are kept of a case.
const PASSED_MAX: usize = 1_024;

/// A descriptor on its way, or received.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) sender: Pid,
    pub(crate) receiver: Option<Pid>,
    /// As `/proc` names what it is open on.
    pub(crate) link: String,
    /// The sender has closed the number that it sent.
    pub(crate) closed: bool,
    pub(crate) told: PassedDescriptor,
}

/// All of them, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Passings(Vec<Passing>);

impl Passings {
    /// What the evidence says of them.
    pub(crate) fn finish(self) -> Vec<PassedDescriptor> {
        self.0.into_iter().map(|one| one.told).collect()
    }

    /// Whether a process has sent what it has open at this number; `flags`: how it was opened, `open(2)`. The end
    /// of a pipe or a socket is the same at whatever number. A file may have been opened anew.
    pub(crate) fn has_sent(&self, process: Pid, fd: i32, link: &str, flags: i32) -> bool {
        let is_path = link.starts_with('/');
        self.0.iter().any(|one| {
            let same_number = one.told.from.fd == fd && !one.closed;
            one.sender == process
                && one.link == link
                && (one.told.reads, one.told.writes) == directions(flags)
                && (same_number || !is_path)
        })
    }

    /// A process closes a number.
    pub(crate) fn closed(&mut self, process: Pid, fd: i32) {
        let mut all = self.0.iter_mut();
        all.by_ref()
            .filter(|one| one.sender == process && one.told.from.fd == fd)
            .for_each(|one| one.closed = true);
    }

    /// The call that brought what a process has open at this number.
    pub(crate) fn came_by(&self, process: Pid, fd: i32, link: &str) -> Option<u32> {
        let mut all = self.0.iter().rev();
        let came = all.find_map(|one| {
            let to = one.told.to.as_ref()?;
            (one.receiver == Some(process) && to.fd == fd && one.link == link).then_some(to)
        });
        came.map(|to| to.call)
    }

    /// The calls that sent the write end of this pipe to where no process has received it.
    pub(crate) fn write_ends_on_their_way(&self, link: &str) -> Vec<u32> {
        let all = self.0.iter();
        all.filter(|one| one.link == link && one.told.writes && one.told.to.is_none())
            .map(|one| one.told.from.call)
            .collect()
    }

    /// Whether no more are kept.
    pub(crate) fn are_full(&self) -> bool {
        self.0.len() >= PASSED_MAX
    }

    /// Whether nothing was sent.
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// One more is sent.
    pub(crate) fn add(&mut self, passing: Passing) {
        self.0.push(passing);
    }

    /// The first that is on its way with this open, by how it may be used.
    pub(crate) fn on_its_way(&mut self, link: &str, flags: i32) -> Option<&mut Passing> {
        self.0.iter_mut().find(|one| {
            let told = &one.told;
            told.to.is_none() && one.link == link && (told.reads, told.writes) == directions(flags)
        })
    }

    /// A call has sent nothing.
    pub(crate) fn forget(&mut self, call: u32) {
        self.0
            .retain(|one| one.told.from.call != call || one.told.to.is_some());
    }
}

/// Whether it can be read from, and written to.
pub(crate) fn directions(flags: i32) -> (bool, bool) {
    let access = flags & libc::O_ACCMODE;
    (access != libc::O_WRONLY, access != libc::O_RDONLY)
}
