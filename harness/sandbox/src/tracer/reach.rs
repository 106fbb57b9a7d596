//! What the kernel itself accesses in guarded segments, on behalf of a call whose arguments point there: noted as the
//! accesses of instructions are.

use std::io;

use ipclab_evidence::{LimitKind, Way as Access};
use ipclab_kernel::Pid;
use ipclab_kernel::arch::layout::EPOLL_EVENT_BYTES;
use ipclab_kernel::arch::older;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::memory;
use ipclab_kernel::ptrace::{self, Stop};

use super::in_progress::{Compared, Reached, Way};
use super::origin::CodePlace;
use super::pointers::{AtItsEnd, at_its_end, name_of};
use super::state::Tracer;
use crate::decode;
use crate::schedule::Waiting;

/// So much of what a call moves counts as one access more.
const PIECE: u64 = 256;

/// Longest of a call that is looked at.
const MOVED_MAX: u64 = 1 << 20;

/// How much is compared behind each argument of a call of which it is not known what it moves.
const COMPARED: u64 = 256;

/// Options of `prctl(2)` that write a number where the second argument points.
const PRCTL_INTEGERS: [i32; 7] = [
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_UNALIGN,
    libc::PR_GET_FPEMU,
    libc::PR_GET_FPEXC,
    libc::PR_GET_TSC,
    libc::PR_GET_CHILD_SUBREAPER,
    libc::PR_GET_TID_ADDRESS,
];

/// `ARCH_GET_FS` and `ARCH_GET_GS`.
const ARCH_PRCTL_WORDS: [u64; 2] = [0x1003, 0x1004];

/// Stops of the thread itself from when it is sent back to a call to the call's end: at its entry and its exit.
const OWN_STOPS: u64 = 2;

impl Tracer {
    /// Where in guarded segments a call moves bytes. What registers hold beyond a call's own arguments means nothing.
    fn stretches(&self, tid: Pid, entered: &Registers) -> Vec<Reached> {
        let all = moved(tid, entered.call_number() as i64, &entered.arguments());
        let within = |reached: Reached| {
            let attachment = self.attachment(tid, reached.address)?;
            let room = attachment.start + attachment.length - reached.address;
            let length = reached.length.min(room).min(MOVED_MAX);
            Some(Reached { length, ..reached })
        };
        all.into_iter().filter_map(within).collect()
    }

    /// Whether a thread whose call may write to a segment has to let others go first; if so, it does from now on.
    pub(super) fn waits_to_reach(&mut self, tid: Pid, entered: &Registers) -> bool {
        let scheduled = self
            .actor_of(tid)
            .is_some_and(|actor| self.is_scheduled(actor));
        if !scheduled || self.schedule.may_access() {
            return false;
        }
        let mut stretches = self.stretches(tid, entered);
        stretches.retain(|reached| reached.way != Way::Out);
        if stretches.is_empty() {
            return false;
        }
        let late = stretches.iter().any(|reached| {
            self.attachment(tid, reached.address)
                .is_some_and(|attachment| {
                    let (shmid, at) = attachment.place(reached.address);
                    (at..at + reached.length).any(|at| self.accesses.has_read(tid, (shmid, at)))
                })
        });
        let waiting = Waiting {
            signal: 0,
            writes: true,
            late,
            at_point: true,
        };
        self.schedule.wait(tid, waiting);
        true
    }

    /// What is opened now, the kernel is about to read.
    pub(super) fn reaches(&mut self, tid: Pid, entered: &Registers) {
        // Of what threads alone share nothing is claimed then; what processes share is the business of others.
        if self.is_overrun(tid)
            && self.has_attached(tid)
            && let Some(actor) = self.actor_of(tid)
        {
            self.forbid(actor, LimitKind::UnseenMemory);
        }
        let reached = self.stretches(tid, entered);
        let before = self.before(tid, entered, &reached);
        let events = self.event_count;
        for stretch in reached.iter().filter(|reached| reached.way == Way::Out) {
            self.note_reach(tid, stretch.address, stretch.length, Access::Read);
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.reached = reached;
            thread.compared = Compared { events, before };
        }
    }

    /// What lies in guarded segments where arguments of a call point of which it is not known what it moves there.
    fn before(&self, tid: Pid, entered: &Registers, known: &[Reached]) -> Vec<(u64, Vec<u8>)> {
        let unknown = |address: &u64| !known.iter().any(|reached| reached.address == *address);
        let bytes = |address: u64| {
            let attachment = self.attachment(tid, address)?;
            let room = attachment.start + attachment.length - address;
            let mut bytes = vec![0; room.min(COMPARED) as usize];
            let read = memory::read_memory(tid, address, &mut bytes);
            bytes.truncate(read);
            Some((address, bytes))
        };
        let arguments = entered.arguments();
        arguments
            .into_iter()
            .filter(unknown)
            .filter_map(bytes)
            .collect()
    }

    /// A call is over of which it was not known what it moves: what has changed, the kernel has written. Where another thread
    /// has done something meanwhile, that may have been its doing.
    fn has_changed(&mut self, tid: Pid) {
        let compared = self
            .threads
            .get_mut(&tid)
            .map(|thread| std::mem::take(&mut thread.compared))
            .unwrap_or_default();
        if self.event_count > compared.events + OWN_STOPS {
            return;
        }
        for (address, before) in compared.before {
            let mut after = vec![0; before.len()];
            let read = memory::read_memory(tid, address, &mut after);
            let differs = |at: &usize| before[*at] != after[*at];
            let Some(first) = (0..read).find(differs) else {
                continue;
            };
            let last = (first..read).rfind(differs).unwrap_or(first);
            let length = (last - first + 1) as u64;
            self.note_reach(tid, address + first as u64, length, Access::Write);
            self.schedule.accessed(true);
        }
    }

    /// The call is over: what it has moved into memory, the kernel has written.
    pub(super) fn has_reached(&mut self, tid: Pid, result: i64) {
        let reached = self
            .threads
            .get_mut(&tid)
            .map(|thread| std::mem::take(&mut thread.reached));
        self.has_changed(tid);
        let mut left = u64::try_from(result).unwrap_or(0);
        for stretch in reached.unwrap_or_default() {
            let written = match stretch.way {
                Way::Out => continue,
                Way::In => stretch.length.min(left),
                Way::InWhole if result >= 0 => stretch.length,
                Way::InWhole => 0,
            };
            left -= written.min(left);
            self.note_reach(tid, stretch.address, written, Access::Write);
            self.schedule.accessed(written > 0);
        }
    }

    fn note_reach(&mut self, tid: Pid, address: u64, length: u64, how: Access) {
        let Some(attachment) = self.attachment(tid, address) else {
            return;
        };
        let (shmid, first) = attachment.place(address);
        for at in (0..length).step_by(PIECE as usize) {
            let width = (length - at).min(PIECE) as u32;
            self.note(
                tid,
                ((shmid, first + at), CodePlace::default()),
                width,
                None,
                how,
            );
        }
    }

    /// Whether another thread of the same process runs beside this one, so that it could use what is open to this one.
    pub(super) fn is_overrun(&self, tid: Pid) -> bool {
        let process = self.threads.get(&tid).map(|thread| thread.process);
        let same = |other: &Pid| self.threads.get(other).map(|thread| thread.process) == process;
        let mut others = self.overrunning.iter().filter(|other| **other != tid);
        others.any(same)
    }

    /// A call has failed since what it reaches was closed: because it had been closed while the call slept, or because nothing said
    /// that the call reaches there. It is made again, all being open, when its thread has its turn. Tells whether it will be.
    pub(super) fn makes_again(&mut self, tid: Pid, result: i64) -> io::Result<bool> {
        let thread = self.threads.get_mut(&tid);
        let was_shut = thread.is_some_and(|thread| std::mem::take(&mut thread.shut));
        if result != -i64::from(libc::EFAULT) {
            return Ok(false);
        }
        let closed_private = self.closes_private(tid);
        let scheduled = self
            .actor_of(tid)
            .is_some_and(|actor| self.is_scheduled(actor));
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(false);
        };
        let was_closed = match &thread.opened {
            Some(_) => was_shut,
            None => closed_private,
        };
        // What the tracer has to do with a call is done when it ends.
        let is_plain = thread.call.as_ref().is_none_or(|call| {
            let ours = call.instead.is_some() || call.placed.is_some() || call.addressed.is_some();
            !ours && call.tampered.is_none() && !call.of_series
        });
        if !was_closed || !is_plain {
            return Ok(false);
        }
        let Some(call) = thread.opened.take().or(thread.observed) else {
            return Ok(false);
        };
        let mut entered = Registers::read(tid)?;
        entered.replace_argument(0, call.arguments[0]);
        thread.again = true;
        if !scheduled || self.schedule.is_turn_of(tid) {
            self.open_and_repeat(tid, &entered)?;
            return Ok(true);
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.skipped_call = Some(Box::new(entered));
        }
        self.pause(tid, 0);
        Ok(true)
    }

    /// The entry of a call that is made again: all about it is known from its first entry. Tells whether it is one.
    pub(super) fn comes_again(&mut self, tid: Pid) -> bool {
        let thread = self.threads.get_mut(&tid);
        thread.is_some_and(|thread| std::mem::take(&mut thread.again))
    }

    /// A thread is about to run: what is open to another one of its process, which sleeps in a call, is closed to it. Should
    /// the kernel have to reach there for the sleeper, the call fails, and is made again. Where something would be lost by that,
    /// what the process's threads share is not watched any more.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(super) fn close_to_others(&mut self, tid: Pid) -> io::Result<()> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        if !self
            .processes
            .get(&process)
            .is_some_and(|process| process.open)
        {
            return Ok(());
        }
        let sleepers = self.threads.iter_mut();
        let sleepers = sleepers
            .filter(|(other, thread)| **other != tid && thread.process == process && !thread.shut);
        let mut puts = None;
        for (sleeper, thread) in sleepers {
            let Some(call) = &thread.opened else {
                continue;
            };
            thread.shut = true;
            if at_its_end(*sleeper, call.number, &call.arguments) == AtItsEnd::Puts {
                puts = Some(call.number);
            }
        }
        if let Some(number) = puts.filter(|_| self.watches_threads(process)) {
            let call = name_of(number);
            self.give_up(
                tid,
                &format!("a thread waits in {call} for what comes into memory that threads share"),
            )?;
        }
        // In the middle of a call it can be made to do nothing, and runs nothing of its own either.
        let at_entry = matches!(ptrace::syscall_stop(tid), Ok(Stop::Entry { .. }));
        match self.threads.get_mut(&tid) {
            Some(thread) if !thread.exiting => {
                thread.closes = at_entry || thread.call.is_some() || thread.observed.is_some();
                match thread.closes {
                    true => Ok(()),
                    false => self.protect_all(tid),
                }
            }
            _ => Ok(()),
        }
    }
}

/// What a call moves, by its arguments. Calls that only compare or name something there, such as those that wait on a word,
/// are left out. What one that is not listed writes is found by [`Tracer::has_changed`].
fn moved(tid: Pid, number: i64, args: &[u64; 6]) -> Vec<Reached> {
    let one = |way, address, length| {
        vec![Reached {
            address,
            length,
            way,
        }]
    };
    let several = |way, vectors: decode::Vectors| {
        let stretch = |(address, length)| Reached {
            address,
            length,
            way,
        };
        vectors.into_iter().map(stretch).collect()
    };
    // What is to be, and what was.
    let sets =
        |new, old, length| [one(Way::Out, new, length), one(Way::InWhole, old, length)].concat();
    let message = || decode::Message::read(tid, args[1]).map_or_else(Vec::new, |one| one.vectors);
    match number {
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_recvfrom | libc::SYS_mq_timedreceive => {
            one(Way::In, args[1], args[2])
        }
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_sendto | libc::SYS_mq_timedsend => {
            one(Way::Out, args[1], args[2])
        }
        libc::SYS_readv | libc::SYS_preadv => {
            several(Way::In, decode::vectors(tid, args[1], args[2]))
        }
        libc::SYS_writev | libc::SYS_pwritev => {
            several(Way::Out, decode::vectors(tid, args[1], args[2]))
        }
        libc::SYS_recvmsg => several(Way::In, message()),
        libc::SYS_sendmsg => several(Way::Out, message()),
        libc::SYS_getrandom => one(Way::In, args[0], args[1]),
        // A message begins with its type.
        libc::SYS_msgsnd => one(Way::Out, args[1], args[2].saturating_add(8)),
        libc::SYS_msgrcv => one(Way::InWhole, args[1], args[2].saturating_add(8)),
        libc::SYS_setsockopt => one(Way::Out, args[3], args[4]),
        libc::SYS_getsockopt => one(Way::InWhole, args[3], 8),
        libc::SYS_epoll_ctl => one(Way::Out, args[3], EPOLL_EVENT_BYTES),
        older::SYS_epoll_wait | libc::SYS_epoll_pwait => {
            one(Way::InWhole, args[1], EPOLL_EVENT_BYTES)
        }
        libc::SYS_rt_sigprocmask => sets(args[1], args[2], 8),
        libc::SYS_rt_sigaction => sets(args[1], args[2], 32),
        libc::SYS_sigaltstack => sets(args[0], args[1], 24),
        libc::SYS_prlimit64 => sets(args[2], args[3], 16),
        libc::SYS_setitimer => sets(args[1], args[2], 32),
        libc::SYS_timer_settime | libc::SYS_timerfd_settime => sets(args[2], args[3], 32),
        libc::SYS_nanosleep => one(Way::Out, args[0], 16),
        libc::SYS_clock_nanosleep => one(Way::Out, args[2], 16),
        libc::SYS_bind | libc::SYS_connect => one(Way::Out, args[1], args[2]),
        libc::SYS_semop | libc::SYS_semtimedop => one(Way::Out, args[1], args[2].saturating_mul(6)),
        libc::SYS_prctl if args[0] == libc::PR_SET_NAME as u64 => one(Way::Out, args[1], 16),
        libc::SYS_prctl if args[0] == libc::PR_GET_NAME as u64 => one(Way::InWhole, args[1], 16),
        libc::SYS_prctl if PRCTL_INTEGERS.contains(&(args[0] as i32)) => {
            one(Way::InWhole, args[1], 4)
        }
        older::SYS_arch_prctl if ARCH_PRCTL_WORDS.contains(&args[0]) => {
            one(Way::InWhole, args[1], 8)
        }
        _ => Vec::new(),
    }
}
