//! Signals, where the plan asks for them: what each process does with them, and those that come to it.

use ipclab_evidence::{Delivery, HandlerRun, Object, SignalMoment, SignalSet, SignalState, Taken};
use ipclab_kernel::{Pid, procfs, ptrace};

use super::state::{InCall, Tracer};
use crate::decode;

/// States and signals that are kept of a whole case.
const MAX_KEPT: usize = 20_000;
/// What the C library itself holds back while it makes a thread or a process, and no program can: its own signal 32.
const OF_LIBRARY: i32 = 32;
/// A signal as `signalfd(2)` gives it: its number first.
const READ_BYTES: u64 = 128;

impl Tracer {
    /// What a process does with signals now, by one of its threads.
    pub(super) fn note_signals(&mut self, tid: Pid, moment: SignalMoment, call: Option<u32>) {
        if !self.tree.wanted.signals || self.winding_down {
            return;
        }
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return;
        };
        let Some(masks) = procfs::signal_masks(tid) else {
            return;
        };
        let state = SignalState {
            moment,
            call,
            caught: SignalSet(masks.caught),
            ignored: SignalSet(masks.ignored),
            blocked: SignalSet(masks.blocked),
            pending: SignalSet(masks.pending & masks.blocked),
        };
        if moment == SignalMoment::Change && state.blocked.has(OF_LIBRARY) {
            return;
        }
        let has_room = self.tree.signals < MAX_KEPT;
        let Some(process) = self.tree.get(process) else {
            return;
        };
        let same = |last: &SignalState| SignalState { call, ..*last } == state;
        if process.signals.states.last().is_some_and(same) {
            return;
        }
        if !has_room {
            self.tree.dropped += 1;
            return;
        }
        process.signals.states.push(state);
        self.tree.signals += 1;
    }

    /// A signal is about to be delivered to a thread.
    pub(super) fn note_delivery(&mut self, tid: Pid, signal: i32) {
        if !self.tree.wanted.signals || self.winding_down || signal == libc::SIGSTOP {
            return;
        }
        let bit = 1u64.checked_shl((signal - 1) as u32).unwrap_or(0);
        let masks = procfs::signal_masks(tid).unwrap_or_default();
        let how = match (masks.caught & bit != 0, masks.ignored & bit != 0) {
            (true, _) => Taken::Handler,
            (_, true) => Taken::Ignored,
            _ => Taken::Default,
        };
        let Some(thread) = self.threads.get(&tid) else {
            return;
        };
        let was_in = thread
            .last
            .filter(|(_, result)| matches!(-result, 4 | 512..=516));
        let interrupted = was_in.map(|(name, _)| name.to_owned());
        let sender = ptrace::signal_sender(tid).ok().flatten();
        let from = sender.and_then(|sender| self.process_of_number(tid, sender));
        let kept = self.push_delivery(
            tid,
            Delivery {
                signal,
                from,
                how,
                interrupted,
                handler: None,
            },
        );
        if let Some(delivery) = kept.filter(|_| how == Taken::Handler) {
            self.follow_handler(tid, delivery);
        }
    }

    /// A call has brought signals to its program: one that it waited for, or those that it read.
    pub(super) fn note_taken(&mut self, tid: Pid, call: &InCall, result: i64) {
        if !self.tree.wanted.signals {
            return;
        }
        let is_descriptor =
            matches!(&call.object, Some(Object::Other(name)) if name.contains("signalfd"));
        match call.spec.name {
            "rt_sigaction" | "rt_sigprocmask" => {
                self.note_signals(tid, SignalMoment::Change, call.n);
            }
            "rt_sigtimedwait" => self.note_taken_one(tid, result as i32, Taken::Wait),
            "read" if is_descriptor => {
                for place in 0..(result as u64 / READ_BYTES).min(64) {
                    let at = call.args[1].wrapping_add(place * READ_BYTES);
                    let number = decode::memory(tid, at, 4, 4);
                    if let Ok(number) = <[u8; 4]>::try_from(number) {
                        self.note_taken_one(tid, i32::from_ne_bytes(number), Taken::Descriptor);
                    }
                }
            }
            _ => {}
        }
    }

    fn note_taken_one(&mut self, tid: Pid, signal: i32, how: Taken) {
        self.push_delivery(
            tid,
            Delivery {
                signal,
                from: None,
                how,
                interrupted: None,
                handler: None,
            },
        );
    }

    /// Where it stands among those of its process; `None`: there is no room for it.
    fn push_delivery(&mut self, tid: Pid, delivery: Delivery) -> Option<usize> {
        let process = self.threads.get(&tid)?.process;
        if self.tree.signals >= MAX_KEPT {
            self.tree.dropped += 1;
            return None;
        }
        let came = &mut self.tree.get(process)?.signals.came;
        came.push(delivery);
        let place = came.len() - 1;
        self.tree.signals += 1;
        Some(place)
    }

    /// The process that a thread's process knows by this number.
    fn process_of_number(&self, tid: Pid, number: u32) -> Option<usize> {
        let actor = self.actor_of(tid)?;
        let mut all = self.tree.processes.iter();
        // The last one: a number may be that of a process that is gone.
        all.rposition(|process| process.actor == actor && process.pid == number)
    }

    /// What a run of a handler has shown.
    pub(super) fn note_handler(
        &mut self,
        process: Pid,
        delivery: usize,
        change: impl FnOnce(&mut HandlerRun),
    ) {
        let signals = self.tree.get(process).map(|process| &mut process.signals);
        if let Some(came) = signals.and_then(|signals| signals.came.get_mut(delivery)) {
            change(came.handler.get_or_insert_default());
        }
    }
}
