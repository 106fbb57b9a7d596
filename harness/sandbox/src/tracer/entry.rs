//! A call begins: what it is about, whether it may go on, is changed or waits for its turn.

use std::io;

use ipclab_evidence::{Bytes, Call, Direction, Errno, Moment, Object, Refusal, SignalMoment};

use super::locks::is_try;
use super::queues::text_of;
use super::state::{InCall, Notice, Tracer, gone};
use super::transfer::outgoing;
use crate::calls::{self, ArgKind, Role, Spec, When};
use crate::chaos::Side;
use crate::decode;
use crate::fault::{self, Met, Pending};
use crate::filter;
use ipclab_kernel::{Pid, procfs, ptrace, ptrace::Stop};

impl Tracer {
    /// Entry of a call: of the table's, or of any where every call stops.
    pub(super) fn call_entered(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        let Ok(Stop::Entry {
            number,
            args,
            stack,
            at,
            data,
        }) = ptrace::syscall_stop(tid)
        else {
            return self.go_on(tid, 0).map(|()| None);
        };
        if data != 0 {
            return self.refuse(tid, number, data as u16).map(|()| None);
        }
        if self.has_too_many_pipes(tid, number) {
            return self.refuse(tid, number, libc::ENFILE as u16).map(|()| None);
        }
        if self.comes_again(tid) || self.is_of_a_sanitizer(tid, number, &args) {
            return self.go_on(tid, 0).map(|()| None);
        }
        let spec = calls::spec(number).filter(|spec| self.is_looked_at(tid, spec, &args));
        // kill(2) has a line in the trace, where its answer is noted.
        if number != libc::SYS_kill as u64
            && let Some(result) = self.neighbour_rule(tid, number, &args)
        {
            return self.answer_at_once(tid, result).map(|()| None);
        }
        let thread = self.threads.get(&tid);
        let is_open = thread.is_some_and(|thread| thread.opened.is_some());
        // One for which all is open has waited before it was opened.
        if !is_open && self.waits_at_call(tid, number, &args) {
            return Ok(None);
        }
        if !is_open && self.points_inside(tid, number, &args) {
            return gone(self.skip_until_open(tid)).map(|()| None);
        }
        if self.waits_again(tid, number, &args) || self.is_placed_again(tid, number) {
            return self.go_on(tid, 0).map(|()| None);
        }
        // One that the plan asks to see is answered when it has its line in the trace.
        if spec.is_none()
            && self
                .ask_clock(tid, number, &args)
                .or_else(|error| gone(Err(error)).map(|()| true))?
        {
            return self.go_on(tid, 0).map(|()| None);
        }
        self.observe(tid, number, &args);
        self.awaits_exit(tid, number, &args);
        if number == libc::SYS_sched_yield as u64 {
            self.yield_turn(tid);
        }
        let Some(spec) = spec else {
            return self.go_on(tid, 0).map(|()| None);
        };
        if let Some(thread) = self.threads.get_mut(&tid) {
            let interrupted = thread.interrupted.take();
            // poll(2) and all else that has to know how much of its time is left goes on as restart_syscall(2).
            if spec.number == libc::SYS_restart_syscall {
                thread.call = interrupted;
                return self.go_on(tid, 0).map(|()| None);
            }
            // A call made again by the kernel after a signal enters anew; the old one never returned to the program.
            thread.call = None;
        }
        self.note_report(tid, spec, &args, at);
        let (spec, args) = self.one_of_series(tid, spec, args)?;
        let Some((actor, of_actor)) = self.begin_call(tid, spec, args, stack) else {
            return self.go_on(tid, 0).map(|()| None);
        };
        self.go_on_or_hold(tid, (actor, of_actor), Side::Entry, 0)
            .map(|()| None)
    }

    /// Refuses a call as the filter says, and notes that it was asked for.
    fn refuse(&mut self, tid: Pid, number: u64, with: u16) -> io::Result<()> {
        if let Some(thread) = self.threads.get(&tid) {
            let actor = &mut self.actors[self.processes[&thread.process].actor];
            actor.calls += 1;
            let call = filter::name_of_refused(number);
            let errno = Errno::from_number(i32::from(with));
            match actor
                .refused
                .iter_mut()
                .find(|one| one.call == call && one.errno == errno)
            {
                Some(known) => known.count += 1,
                None => actor.refused.push(Refusal {
                    call,
                    errno,
                    count: 1,
                }),
            }
        }
        self.answer_at_once(tid, -i64::from(with))
    }

    /// Whether a call of the table is one that is looked at: not if it is only on request and the plan does not ask for it.
    fn is_looked_at(&self, tid: Pid, spec: &Spec, args: &[u64; 6]) -> bool {
        spec.when != When::OnRequest || self.is_asked_for(tid, spec, args)
    }

    /// Whether the plan asks for this call: by its name, or for the sake of what it maps.
    fn is_asked_for(&self, tid: Pid, spec: &Spec, args: &[u64; 6]) -> bool {
        self.is_requested(tid, spec) || self.may_map(tid, spec.number, args)
    }

    /// Whether the plan asks for this call of the thread's program. What a loader does is none of its program's.
    pub(super) fn is_requested(&self, tid: Pid, spec: &Spec) -> bool {
        let process = &self.processes[&self.threads[&tid].process];
        let watched = &self.actors[process.actor].watched;
        process.beginning.is_none() && watched.iter().any(|name| name == spec.name)
    }

    /// Looks at a call, changes it if the plan says so, and notes it where its exit is of interest: then its actor, and
    /// which of that actor's calls it is.
    fn begin_call(
        &mut self,
        tid: Pid,
        spec: &'static Spec,
        args: [u64; 6],
        stack: u64,
    ) -> Option<(usize, u64)> {
        let process = self.threads[&tid].process;
        let actor = self.processes[&process].actor;
        if !self.actors[actor].started && spec.role != Role::Exec {
            // Our own child on its way to exec.
            return None;
        }
        if self.lending.is_some() && spec.number == libc::SYS_exit_group {
            // At its end it can give no copies any more.
            self.look_into_queues(tid, &procfs::descriptors(process));
        }
        if spec.number == libc::SYS_exit_group {
            self.note_unjoined(tid, process);
        }
        self.clock.worked();
        if spec.role != Role::Exit {
            self.actors[actor].calls += 1;
            self.actors[actor].semaphore_calls += u64::from(matches!(
                spec.number,
                libc::SYS_semop | libc::SYS_semtimedop
            ));
        }
        if spec.name == "close" {
            self.passings.closed(process, args[0] as i32);
        }
        let of_actor = self.actors[actor].calls;
        let object = self.object_of_call(tid, process, spec, &args);
        let socket = match object {
            Some(Object::Socket(socket)) => Some(socket),
            _ => None,
        };
        let fifo = self.fifo_of_call(tid, spec, &args, object.as_ref());
        let attention = if spec.when == When::OnRequest {
            Attention::None
        } else if fifo.is_some() {
            Attention::Record
        } else if self.actors[actor].started {
            attention(spec, object.as_ref())
        } else {
            Attention::Exit
        };
        let ruled = self
            .lock_rule(tid, spec, &args)
            .or_else(|| self.host_rule(tid, spec, &args, stack));
        let addressed = self.is_bounded(actor) && names_address(spec, &args);
        let attention = match ruled {
            Some(_) => attention,
            None if addressed && attention == Attention::None => Attention::Exit,
            // Opens that make nothing, and locks that are not waited for, stop at the tracer only for the sake of the rules.
            None if is_plain_open(spec, &args) || is_try(spec, &args) => Attention::None,
            None => attention,
        };
        let usual = attention;
        let on_request = usual != Attention::Record && self.is_asked_for(tid, spec, &args);
        let attention = if on_request { Attention::Record } else { usual };
        // What is not recorded otherwise is, when it was changed.
        let wanted = attention == Attention::None && self.faults.want(spec, object.as_ref());
        if let (Role::Send, Some(Object::Standard(stream))) = (spec.role, &object) {
            self.note_printed(tid, spec, &args, *stream);
        }
        if attention == Attention::None && !wanted {
            return None;
        }
        let met = Met {
            tid,
            spec,
            object: object.as_ref(),
            on_request: on_request && usual == Attention::None,
        };
        let by_plan = ruled.is_none();
        let tampered = self.inject(actor, &met, &args, ruled);
        if wanted && tampered.is_none() {
            return None;
        }
        let instead = tampered
            .as_ref()
            .and_then(Pending::instead)
            .and_then(|substitute| Some((calls::spec(substitute.number)?, substitute.arguments)));
        let (spec, args, object) = match instead {
            Some((spec, args)) => {
                let object = self.object_of_call(tid, process, spec, &args);
                (spec, args, object)
            }
            None => (spec, args, object),
        };
        let placed = match tampered {
            None => self.place(tid, process, spec, &args),
            Some(_) => None,
        };
        let mut call = InCall {
            spec,
            args,
            n: None,
            placed,
            outgoing: Vec::new(),
            instead: None,
            addressed: None,
            of_series: self.is_of_series(tid, &args),
            timed: self.is_timed(tid, spec, &args, socket),
            object,
            socket,
            fifo,
            vforked: false,
            wait: None,
            tampered,
            of_actor,
        };
        // What the plan changed is recorded, so that it is seen whether it did.
        let changed = by_plan && call.tampered.is_some();
        if wanted || changed || attention == Attention::Record {
            let beyond = on_request || (changed && usual == Attention::Exit);
            call.n = Some(self.record_entry(tid, process, &call, beyond));
        }
        if let ("sendmsg", Some(_), Some(n)) = (spec.name, socket, call.n) {
            self.note_sending(tid, process, n, args[1]);
        }
        let carries = socket.is_some() || fifo.is_some();
        if spec.role == Role::Send && carries && self.actors[actor].trusted {
            call.outgoing = outgoing(tid, spec, &args);
        }
        if let Some((start, length)) =
            text_of(spec.name, &args).filter(|_| self.actors[actor].trusted)
        {
            call.outgoing = decode::memory(tid, start, length, decode::MAX_TRANSFER_BYTES);
        }
        if matches!(spec.name, "wait4" | "waitid") {
            self.tree_holds(tid, process, Moment::Wait, call.n);
            self.mappings_held(tid, process, Moment::Wait, call.n);
            self.note_signals(tid, SignalMoment::Wait, call.n);
        }
        if let (Some(socket), "close") = (socket, spec.name) {
            self.look_into_queue(tid, args[0] as i32, socket);
        }
        if let Err(error) = gone(self.address_instead(tid, &mut call)) {
            self.trouble
                .push(format!("calling for {}: {error}", self.actors[actor].name));
        }
        if let Err(error) = gone(self.receive_instead(tid, &mut call)) {
            self.trouble.push(format!(
                "receiving for {}: {error}",
                self.actors[actor].name
            ));
        }
        if let Err(error) = gone(self.keep_time(tid, process, &mut call)) {
            self.trouble.push(format!(
                "keeping the time of {}: {error}",
                self.actors[actor].name
            ));
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = Some(call);
        }
        Some((actor, of_actor))
    }

    /// What the case's clock has to do with a call that is being entered.
    fn keep_time(&mut self, tid: Pid, process: Pid, call: &mut InCall) -> io::Result<()> {
        if !self.owns_clock {
            return Ok(());
        }
        if call.spec.role == Role::Timer && call.tampered.is_none() {
            return self.arm_timer(tid, process, call.spec.name, &call.args);
        }
        if call.spec.when == When::OnRequest && call.tampered.is_none() {
            let number = call.spec.number as u64;
            return self.ask_clock(tid, number, &call.args).map(drop);
        }
        self.begin_wait(tid, call)
    }

    /// Begins a call's line in the trace, and gives its number.
    fn record_entry(&mut self, tid: Pid, process: Pid, call: &InCall, on_request: bool) -> u32 {
        let arguments = decode::arguments(tid, call.spec, &call.args);
        let process = &self.processes[&process];
        let at_us = self.at_us();
        let lines = self.origin(tid, true);
        self.trace.push(Call {
            n: 0,
            at_us,
            actor: process.actor,
            pid: process.own_pid,
            name: call.spec.name.to_owned(),
            args: arguments,
            returned: None,
            object: call.object.clone(),
            transfer: None,
            tampered: call.tampered.as_ref().map(|pending| pending.note.clone()),
            answers: Vec::new(),
            repeated: None,
            on_request,
            lines,
        })
    }

    /// Changes a call as the rules of the host or the plan say.
    fn inject(
        &mut self,
        actor: usize,
        met: &Met<'_>,
        args: &[u64; 6],
        ruled: Option<io::Result<Pending>>,
    ) -> Option<Pending> {
        let name = &self.actors[actor].name;
        let (tid, spec) = (met.tid, met.spec);
        let injected = match ruled {
            Some(ruled) => ruled.map(Some),
            None => self.faults.enter(name, met, args),
        };
        match injected {
            Ok(pending) => pending,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => None,
            // The program has not the memory that its call, or the one in its place, takes: a stack at the edge of what
            // it has, a vector that is not there.
            Err(error) if is_bad_address(&error) => fault::refuse(tid, libc::EFAULT).ok(),
            Err(error) => {
                self.trouble
                    .push(format!("changing {} of {name}: {error}", spec.name));
                None
            }
        }
    }

    fn object_of_call(
        &mut self,
        tid: Pid,
        process: Pid,
        spec: &Spec,
        args: &[u64; 6],
    ) -> Option<Object> {
        match spec.role {
            Role::ShmAttach | Role::ShmControl => Some(Object::Segment(args[0] as i32)),
            Role::ShmDetach => self.processes[&process]
                .attached
                .get(&args[0])
                .map(|shmid| Object::Segment(*shmid)),
            Role::SemControl => Some(Object::Semaphores(args[0] as i32)),
            Role::MsgControl => Some(Object::Queue(args[0] as i32)),
            Role::File => {
                let at = spec.args.iter().rposition(|kind| *kind == ArgKind::Path)?;
                let path = decode::path(tid, args[at])?;
                Some(Object::File(absolute(tid, path)))
            }
            _ if spec.args.first() == Some(&ArgKind::Fd) => {
                self.object(tid, process, args[0] as i32)
            }
            _ => None,
        }
    }

    fn is_timed(&self, tid: Pid, spec: &Spec, args: &[u64; 6], socket: Option<usize>) -> bool {
        let by_argument = spec.args.iter().enumerate().any(|(at, kind)| match kind {
            ArgKind::Timespec | ArgKind::Timeval => {
                decode::duration_us(tid, *kind, args[at]).is_some()
            }
            ArgKind::PollMillis => args[at] as i32 >= 0,
            _ => false,
        });
        let by_socket = match (spec.role, socket) {
            (Role::Receive | Role::Accept, Some(socket)) => {
                self.sockets.timeout(socket, Direction::Received).is_some()
            }
            (Role::Send | Role::Connect, Some(socket)) => {
                self.sockets.timeout(socket, Direction::Sent).is_some()
            }
            _ => false,
        };
        spec.role == Role::Sleep || by_argument || by_socket
    }
}

/// Whether memory of a program could not be read or written.
pub(super) fn is_bad_address(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EFAULT | libc::EIO))
}

/// Whether a call opens a file that must be there already.
pub(super) fn is_plain_open(spec: &Spec, args: &[u64; 6]) -> bool {
    let flags = match spec.name {
        "open" => args[1],
        "openat" => args[2],
        _ => return false,
    };
    flags & libc::O_CREAT as u64 == 0
}

/// Whether a call may name an address.
fn names_address(spec: &Spec, args: &[u64; 6]) -> bool {
    match spec.name {
        "sendto" => args[4] != 0,
        "sendmsg" => true,
        _ => matches!(spec.role, Role::Connect | Role::Bind),
    }
}

/// How much of a call the tracer looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    /// It goes on at once.
    None,
    /// Its exit is awaited, since it may block.
    Exit,
    /// It is recorded.
    Record,
}

fn attention(spec: &Spec, object: Option<&Object>) -> Attention {
    match (spec.role, object) {
        // What is printed is read off the terminal.
        (Role::Send, Some(Object::Standard(1 | 2))) => Attention::None,
        (Role::Send | Role::Receive, Some(Object::Socket(_) | Object::Standard(_))) => {
            Attention::Record
        }
        (Role::Send | Role::Receive, Some(Object::File(_)) | None) => Attention::None,
        (Role::Send | Role::Receive, Some(_)) => Attention::Exit,
        (Role::Plain, object) if spec.name == "close" => match object {
            Some(Object::Socket(_)) => Attention::Record,
            _ => Attention::None,
        },
        (Role::Wait, _) if spec.name.starts_with("futex") => Attention::Exit,
        (Role::Exit, _) => Attention::None,
        _ => Attention::Record,
    }
}

/// A path as seen from the root of the box.
pub(super) fn absolute(tid: Pid, path: Bytes) -> Bytes {
    if path.0.first() == Some(&b'/') {
        return path;
    }
    use std::os::unix::ffi::OsStrExt;
    let Some(cwd) = procfs::folder(tid) else {
        return path;
    };
    Bytes(
        cwd.join(std::ffi::OsStr::from_bytes(&path.0))
            .as_os_str()
            .as_bytes()
            .to_vec(),
    )
}
