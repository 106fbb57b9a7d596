//! Descriptors that processes send to others over Unix sockets, `SCM_RIGHTS` of `unix(7)`: from whom, and to whom.
//!
//! What a message takes along stands in its program's memory. It is read before the message is sent, since its receiver may be done
//! before its sender is. A descriptor was received where the receiver has it open, and it is open on what was sent.

use ipclab_evidence::{DescriptorPlace, PassedDescriptor};
use ipclab_kernel::{Pid, procfs};

use super::state::{InCall, Tracer};
use crate::decode;
use crate::passings::{Passing, directions};

impl Tracer {
    /// A message is about to be sent: which descriptors it takes along.
    pub(super) fn note_sending(&mut self, tid: Pid, process: Pid, call: u32, message: u64) {
        if self.winding_down {
            return;
        }
        for fd in decode::passed_descriptors(tid, message) {
            if self.passings.are_full() {
                self.tree.dropped += 1;
                return;
            }
            // A socket that was never seen gets its number.
            self.object(tid, process, fd);
            let Some((link, flags)) = opened(process, fd) else {
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
            self.passings.add(Passing {
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
        if self.passings.are_none() || call.args[2] & libc::MSG_PEEK as u64 != 0 {
            return;
        }
        for fd in decode::passed_descriptors(tid, call.args[1]) {
            let Some((link, flags)) = opened(process, fd) else {
                continue;
            };
            let place = self.place_of_descriptor(process, fd, n);
            if let Some(sent) = self.passings.on_its_way(&link, flags) {
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

/// What a descriptor is open on, as `/proc` names it, and how it was opened, `open(2)`.
fn opened(process: Pid, fd: i32) -> Option<(String, i32)> {
    Some((
        procfs::descriptor(process, fd)?,
        procfs::descriptor_flags(process, fd)?,
    ))
}
