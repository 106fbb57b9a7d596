//! Arming timers, and asking how much of them is left: answered here, so that no timer of the kernel's is ever armed.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use ipclab_kernel::arch::Call;
use ipclab_kernel::{Pid, memory, time};

use super::ask::answer;
use crate::clock::calls::{self, Unit, written};
use crate::clock::timers::{Kind, SignalNotice, Timer};
use crate::tracer::state::Tracer;

/// What a program sets a timer to.
struct Setting {
    interval: Duration,
    value: Duration,
}

/// Bytes of a `struct itimerspec` and of a `struct itimerval`: the interval, then the time until it fires.
const SETTING_BYTES: usize = 32;

/// Which argument of a call is what.
struct Place {
    new: u64,
    old: u64,
    unit: Unit,
    absolute: bool,
}

impl Tracer {
    /// At the entry of any call: does what it asks of the case's clock. `true`: it has its answer and is not made.
    pub(in crate::tracer) fn ask_clock(
        &mut self,
        tid: Pid,
        number: u64,
        args: &[u64; 6],
    ) -> io::Result<bool> {
        let number = number as i64;
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(false);
        };
        let started = self.actors[self.processes[&process].actor].started;
        if !self.owns_clock || !started {
            return Ok(false);
        }
        let left = match number {
            libc::SYS_getitimer if args[0] as i32 == libc::ITIMER_REAL => {
                let timer = self.timers.alarm(process);
                Some((Setting::of(timer, &self.clock), args[1], Unit::Timeval))
            }
            libc::SYS_timer_gettime => {
                let timer = self.timers.posix(process, args[0] as i32);
                timer.map(|timer| (Setting::of(timer, &self.clock), args[1], Unit::Timespec))
            }
            libc::SYS_timerfd_gettime => {
                let clock = &self.clock;
                let timer = self.timers.find(is_descriptor(process, args[0] as i32));
                timer.map(|timer| (Setting::of(timer, clock), args[1], Unit::Timespec))
            }
            libc::SYS_timer_delete => {
                let id = args[0] as i32;
                self.timers.forget(|timer| {
                    timer.process == process
                        && matches!(timer.kind, Kind::Posix { id: own, .. } if own == id)
                });
                return Ok(false);
            }
            _ => return self.answer_time(tid, number, args),
        };
        let Some((left, at, unit)) = left else {
            return Ok(false);
        };
        answer(tid, left.write(tid, at, unit))?;
        Ok(true)
    }

    /// At the entry of a call that arms a timer: arms ours. What the kernel would refuse is left to it.
    pub(in crate::tracer) fn arm_timer(
        &mut self,
        tid: Pid,
        process: Pid,
        name: &str,
        args: &[u64; 6],
    ) -> io::Result<()> {
        if !self.owns_clock {
            return Ok(());
        }
        let place = |new: usize, unit| Place {
            new: args[new],
            old: args[new + 1],
            unit,
            absolute: unit == Unit::Timespec && args[1] & libc::TIMER_ABSTIME as u64 != 0,
        };
        match name {
            "alarm" => self.arm_alarm(tid, process, args[0] as u32),
            "setitimer" if args[0] as i32 == libc::ITIMER_REAL => {
                let timer = self.timers.alarm(process);
                set(tid, timer, &mut self.clock, &place(1, Unit::Timeval))
            }
            "timer_settime" => match self.timers.posix(process, args[0] as i32) {
                Some(timer) => set(tid, timer, &mut self.clock, &place(2, Unit::Timespec)),
                None => Ok(()),
            },
            "timerfd_settime" => {
                let Some((copy, clock)) = self.timer_of_descriptor(tid, args[0] as i32) else {
                    return Ok(());
                };
                if self
                    .timers
                    .find(is_descriptor(process, args[0] as i32))
                    .is_none()
                {
                    self.timers.add(process, Kind::Descriptor(copy), clock);
                }
                let timer = self.timers.find(is_descriptor(process, args[0] as i32));
                let Some(timer) = timer else { return Ok(()) };
                if let Kind::Descriptor(copy) = &timer.kind {
                    // What it has counted so far is gone when it is set anew.
                    time::forget_expiries(copy.as_fd())?;
                }
                set(tid, timer, &mut self.clock, &place(2, Unit::Timespec))
            }
            _ => Ok(()),
        }
    }

    fn arm_alarm(&mut self, tid: Pid, process: Pid, seconds: u32) -> io::Result<()> {
        let timer = self.timers.alarm(process);
        let left = timer.left(&self.clock);
        // As the kernel rounds it: never to nothing.
        let rounded = (left + Duration::from_millis(500)).as_secs();
        let result = if left.is_zero() { 0 } else { rounded.max(1) };
        let length = Duration::from_secs(seconds.into());
        let due = (seconds > 0).then(|| self.clock.due_in(length));
        timer.arm(&mut self.clock, due, Duration::ZERO);
        answer(tid, result as i64)
    }

    /// A copy of a descriptor that is a timer on a clock that goes by the case's, and that clock.
    fn timer_of_descriptor(&mut self, tid: Pid, fd: i32) -> Option<(OwnedFd, i32)> {
        let copy = self.copy_of(tid, fd)?;
        let clock = time::clock_of_timer(copy.as_fd())?;
        self.clock.shows(clock)?;
        Some((copy, clock))
    }

    /// At the exit of `timer_create(2)`: takes the new timer in.
    pub(super) fn timer_created(
        &mut self,
        tid: Pid,
        process: Pid,
        args: &[u64; 6],
    ) -> io::Result<()> {
        let clock = args[0] as i32;
        let mut id = [0; 4];
        if self.clock.shows(clock).is_none() || memory::read_memory(tid, args[2], &mut id) != 4 {
            return Ok(());
        }
        let id = i32::from_ne_bytes(id);
        let notice = notice(tid, args[1], id);
        self.timers.add(process, Kind::Posix { id, notice }, clock);
        Ok(())
    }

    /// At the exit of a call that is not in the table: what the case's clock has to do with it.
    pub(in crate::tracer) fn clock_observes(
        &mut self,
        tid: Pid,
        call: &Call,
        result: i64,
    ) -> io::Result<()> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        match call.number as i64 {
            libc::SYS_times if result >= 0 => self.answer_times(tid),
            libc::SYS_timer_create if result == 0 => {
                self.timer_created(tid, process, &call.arguments)
            }
            _ => Ok(()),
        }
    }

    /// Whether the exit of a call is awaited for the sake of the case's clock.
    pub(in crate::tracer) fn clock_awaits(&self, number: u64) -> bool {
        self.owns_clock && matches!(number as i64, libc::SYS_times | libc::SYS_timer_create)
    }
}

impl Setting {
    fn of(timer: &Timer, clock: &crate::clock::time::CaseClock) -> Self {
        Self {
            interval: timer.interval,
            value: timer.left(clock),
        }
    }

    /// Writes it into a program's memory; gives the result of the call that asked for it.
    fn write(&self, tid: Pid, at: u64, unit: Unit) -> i64 {
        let mut bytes = [0; SETTING_BYTES];
        bytes[..16].copy_from_slice(&written(self.interval, unit));
        bytes[16..].copy_from_slice(&written(self.value, unit));
        match memory::write_memory(tid, at, &bytes) {
            Ok(()) => 0,
            Err(_) => -i64::from(libc::EFAULT),
        }
    }
}

/// Sets a timer as a call asks for that is being entered, and gives the call its answer.
fn set(
    tid: Pid,
    timer: &mut Timer,
    clock: &mut crate::clock::time::CaseClock,
    place: &Place,
) -> io::Result<()> {
    // More microseconds than a second has are refused here, and nowhere else.
    let is_valid = |at: u64| {
        let rest = calls::rest(tid, at);
        place.unit != Unit::Timeval || rest.is_some_and(|rest| rest < 1_000_000)
    };
    let read = |at: u64| calls::read(tid, at, place.unit).filter(|_| is_valid(at));
    let new = match place.new {
        0 if place.unit == Unit::Timeval => Some((Duration::ZERO, Duration::ZERO)),
        at => read(at).zip(read(at.wrapping_add(16))),
    };
    let Some((interval, value)) = new else {
        return Ok(());
    };
    let old = Setting::of(timer, clock);
    let due = match (value.is_zero(), place.absolute) {
        (true, _) => None,
        (false, false) => Some(clock.due_in(value)),
        (false, true) => clock
            .moment(timer.clock, value)
            .map(|moment| clock.due_at(moment)),
    };
    timer.arm(clock, due, interval);
    let result = match place.old {
        0 => 0,
        at => old.write(tid, at, place.unit),
    };
    answer(tid, result)
}

/// Whether a timer is the one that a descriptor of a process stands for.
fn is_descriptor(process: Pid, fd: i32) -> impl Fn(&Timer) -> bool {
    move |timer| match &timer.kind {
        Kind::Descriptor(copy) => time::is_same_file(copy.as_fd(), process, fd),
        Kind::Alarm | Kind::Posix { .. } => false,
    }
}

/// What tells that a timer has fired, as its `struct sigevent` says; without one it is a SIGALRM that has the timer's number.
fn notice(tid: Pid, at: u64, id: i32) -> SignalNotice {
    const SIGEV_NONE: i32 = 1;
    const SIGEV_THREAD_ID: i32 = 4;
    let mut event = [0; 20];
    if at == 0 || memory::read_memory(tid, at, &mut event) != event.len() {
        return SignalNotice {
            signal: libc::SIGALRM,
            value: id as u64,
            thread: None,
        };
    }
    let int = |at: usize| i32::from_ne_bytes(event[at..at + 4].try_into().unwrap_or_default());
    let how = int(12);
    SignalNotice {
        signal: if how == SIGEV_NONE { 0 } else { int(8) },
        value: u64::from_ne_bytes(event[..8].try_into().unwrap_or_default()),
        thread: (how & SIGEV_THREAD_ID != 0).then(|| int(16) as u32),
    }
}
