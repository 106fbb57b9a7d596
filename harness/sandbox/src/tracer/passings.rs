//! Descriptors that processes send to others over Unix sockets, `SCM_RIGHTS` of `unix(7)`: from whom, and to whom.
//!
//! What a message takes along stands in its program's memory. It is read before the message is sent, since its receiver may be done
//! before its sender is. A descriptor was received where the receiver has it open, and it is open on what was sent.

use ipclab_evidence::{DescriptorPlace, PassedDescriptor};
use ipclab_kernel::{Pid, procfs};

use super::state::{InCall, Tracer};
use crate::decode;

/// So many are kept of a case.
const PASSED_MAX: usize = 1_024;

/// A descriptor on its way, or received.
#[derive(Debug)]
struct Passing {
    sender: Pid,
    receiver: Option<Pid>,
    /// As `/proc` names what it is open on.
    link: String,
    /// The sender has closed the number that it sent.
    closed: bool,
    told: PassedDescriptor,
}

/// All of them, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Passings(Vec<Passing>);

impl Passings {
    /// What the evidence says of them.
    pub(super) fn finish(self) -> Vec<PassedDescriptor> {
        self.0.into_iter().map(|one| one.told).collect()
    }

    /// Whether a process has sent what it has open at this number; `access`: what can be done with it, of `O_ACCMODE`. The end
    /// of a pipe or a socket is the same at whatever number. A file may have been opened anew.
    pub(super) fn has_sent(&self, process: Pid, fd: i32, link: &str, access: i32) -> bool {
        let is_path = link.starts_with('/');
        self.0.iter().any(|one| {
            let same_number = one.told.from.fd == fd && !one.closed;
            one.sender == process
                && one.link == link
                && (one.told.reads, one.told.writes) == directions(access)
                && (same_number || !is_path)
        })
    }

    /// A process closes a number.
    pub(super) fn closed(&mut self, process: Pid, fd: i32) {
        let mut all = self.0.iter_mut();
        all.by_ref()
            .filter(|one| one.sender == process && one.told.from.fd == fd)
            .for_each(|one| one.closed = true);
    }

    /// The call that brought what a process has open at this number.
    pub(super) fn came_by(&self, process: Pid, fd: i32, link: &str) -> Option<u32> {
        let mut all = self.0.iter().rev();
        let came = all.find_map(|one| {
            let to = one.told.to.as_ref()?;
            (one.receiver == Some(process) && to.fd == fd && one.link == link).then_some(to)
        });
        came.map(|to| to.call)
    }

    /// The calls that sent the write end of this pipe to where no process has received it.
    pub(super) fn write_ends_on_their_way(&self, link: &str) -> Vec<u32> {
        let all = self.0.iter();
        all.filter(|one| one.link == link && one.told.writes && one.told.to.is_none())
            .map(|one| one.told.from.call)
            .collect()
    }

    /// A call has sent nothing.
    fn forget(&mut self, call: u32) {
        self.0
            .retain(|one| one.told.from.call != call || one.told.to.is_some());
    }
}

/// Whether it can be read from, and written to.
fn directions(flags: i32) -> (bool, bool) {
    let access = flags & libc::O_ACCMODE;
    (access != libc::O_WRONLY, access != libc::O_RDONLY)
}

impl Tracer {
    /// A message is about to be sent: which descriptors it takes along.
    pub(super) fn note_sending(&mut self, tid: Pid, process: Pid, call: u32, message: u64) {
        if self.winding_down {
            return;
        }
        for fd in decode::passed_descriptors(tid, message) {
            if self.passings.0.len() >= PASSED_MAX {
                self.tree.dropped += 1;
                return;
            }
            // A socket that was never seen gets its number.
            self.object(tid, process, fd);
            let (Some(link), Some(flags)) = (
                procfs::descriptor(process, fd),
                procfs::descriptor_flags(process, fd),
            ) else {
                continue;
            };
            let (reads, writes) = directions(flags);
            let actor = self.processes[&process].actor;
            let told = PassedDescriptor {
                from: self.place_of_descriptor(process, fd, call),
                on: self.held_name(actor, &link),
                reads,
                writes,
                to: None,
            };
            self.passings.0.push(Passing {
                sender: process,
                receiver: None,
                link,
                closed: false,
                told,
            });
        }
    }

    /// A message was not sent.
    pub(super) fn note_not_sent(&mut self, call: &InCall) {
        if let (Some(n), "sendmsg") = (call.n, call.spec.name) {
            self.passings.forget(n);
        }
    }

    /// A message was received: which descriptors came with it.
    pub(super) fn note_came(&mut self, tid: Pid, process: Pid, call: &InCall) {
        let (Some(n), "recvmsg") = (call.n, call.spec.name) else {
            return;
        };
        // What a peek brings comes once more.
        if self.passings.0.is_empty() || call.args[2] & libc::MSG_PEEK as u64 != 0 {
            return;
        }
        for fd in decode::passed_descriptors(tid, call.args[1]) {
            let (Some(link), Some(flags)) = (
                procfs::descriptor(process, fd),
                procfs::descriptor_flags(process, fd),
            ) else {
                continue;
            };
            let place = self.place_of_descriptor(process, fd, n);
            let mut sent = self.passings.0.iter_mut();
            let sent = sent.find(|one| {
                let told = &one.told;
                told.to.is_none()
                    && one.link == link
                    && (told.reads, told.writes) == directions(flags)
            });
            if let Some(sent) = sent {
                (sent.receiver, sent.told.to) = (Some(process), Some(place));
            }
        }
    }

    fn place_of_descriptor(&self, process: Pid, fd: i32, call: u32) -> DescriptorPlace {
        let process = &self.processes[&process];
        DescriptorPlace {
            actor: process.actor,
            pid: process.own_pid,
            fd,
            call,
        }
    }
}
