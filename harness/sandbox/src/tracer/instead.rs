//! Receiving in a program's stead, where no memory of the conversation can be trusted.
//!
//! Between two untrusted programs each can change its buffer while the kernel copies. So the tracer receives what one of them
//! asks for: at the call's entry, through a copy of its descriptor, without waiting. What came is noted, written into the
//! program's memory, and the call itself is not made. Where nothing is there yet and the call waits, it is made as a peek of
//! one byte: signals, timeouts and ends of connections stop it as ever, and what it waited for is received at its exit.
//!
//! Datagrams are received so by trusted programs, too: what a short buffer cuts off is known only here. Where a program asks for
//! descriptors, which only the kernel can hand over, the tracer looks at what is there and lets the call be made.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use ipclab_evidence::SocketKind;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, socket};

use super::in_progress::{InStead, Request, State};
use super::state::{InCall, Tracer};
use crate::calls::Role;
use crate::decode::{self, Message};
use crate::measures::Measure;

/// Bytes that are received at once: from a stream a call may always get fewer than it asked for.
const AT_ONCE: usize = 256 << 10;

impl Request {
    /// Reads it from the registers and the program's memory.
    fn read(tid: Pid, name: &str, args: &[u64; 6]) -> Option<Self> {
        let mut request = Self {
            fd: args[0] as i32,
            flags: 0,
            vectors: vec![(args[1], args[2])],
            name: (0, 0),
            name_length: None,
            message: None,
            has_control: false,
        };
        match name {
            "recvfrom" => {
                request.flags = args[3] as i32;
                if args[4] != 0 {
                    let length = decode::memory(tid, args[5], 4, 4);
                    let length = length.as_slice().try_into().map_or(0, u32::from_ne_bytes);
                    request.name = (args[4], length.into());
                    request.name_length = Some(args[5]);
                }
            }
            "readv" => request.vectors = decode::vectors(tid, args[1], args[2]),
            "recvmsg" => {
                let message = Message::read(tid, args[1])?;
                request.has_control = message.has_control;
                request.flags = args[2] as i32;
                request.vectors = message.vectors;
                request.name = message.name;
                request.name_length = Some(args[1].wrapping_add(8));
                request.message = Some(args[1]);
            }
            _ => {}
        }
        Some(request)
    }

    fn wanted(&self) -> u64 {
        decode::total(&self.vectors)
    }

    /// The first address that is still to be filled, after so many bytes.
    fn place(&self, mut filled: u64) -> u64 {
        for (base, length) in &self.vectors {
            if filled < *length {
                return base.wrapping_add(filled);
            }
            filled -= length;
        }
        0
    }

    /// Writes what was received into the program's memory, behind so many bytes.
    fn deliver(&self, tid: Pid, mut filled: u64, mut bytes: &[u8]) -> io::Result<()> {
        for (base, length) in &self.vectors {
            if filled >= *length {
                filled -= length;
                continue;
            }
            let room = usize::try_from(length - filled).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(bytes.len().min(room));
            if !now.is_empty() {
                memory::write_memory(tid, base.wrapping_add(filled), now)?;
            }
            (bytes, filled) = (rest, 0);
        }
        Ok(())
    }

    /// Writes what the kernel would say of the message beyond its bytes.
    fn describe(&self, tid: Pid, got: &socket::Message) -> io::Result<()> {
        let room = usize::try_from(self.name.1).unwrap_or(0);
        let address = &got.address[..got.address.len().min(room)];
        if self.name.0 != 0 {
            if !address.is_empty() {
                memory::write_memory(tid, self.name.0, address)?;
            }
            if let Some(at) = self.name_length {
                memory::write_memory(tid, at, &(got.address.len() as u32).to_ne_bytes())?;
            }
        }
        if let Some(message) = self.message {
            memory::write_memory(tid, message.wrapping_add(40), &0u64.to_ne_bytes())?;
            memory::write_memory(tid, message.wrapping_add(48), &got.flags.to_ne_bytes())?;
        }
        Ok(())
    }
}

impl Tracer {
    /// At the entry of a call: takes it over if it receives from another untrusted program.
    pub(super) fn receive_instead(&mut self, tid: Pid, call: &mut InCall) -> io::Result<()> {
        let Some(socket) = call.socket.filter(|_| call.spec.role == Role::Receive) else {
            return Ok(());
        };
        let changed = call.tampered.as_ref();
        if changed.is_some_and(|pending| !pending.leaves_call())
            || self.left_out.lacks(Measure::Witness)
            || !self.lacks_witness(tid, socket, call.args[0] as i32)
        {
            return Ok(());
        }
        // A change of the plan's has altered the registers.
        let entered = Registers::read(tid)?;
        let args = entered.arguments();
        let Some(request) = Request::read(tid, call.spec.name, &args) else {
            return Ok(());
        };
        // A peek takes nothing, and read(2) of no bytes does not even look.
        let looks_only = request.flags & (libc::MSG_PEEK | libc::MSG_ERRQUEUE) != 0;
        let reads = matches!(call.spec.name, "read" | "readv");
        if looks_only || (reads && request.wanted() == 0) {
            return Ok(());
        }
        let mut instead = InStead {
            entered: Box::new(entered),
            request,
            state: State::Waits,
            received: Vec::new(),
            address: None,
            whole: None,
        };
        self.receive_now(tid, socket, &mut instead);
        let mut changed = entered;
        match instead.state {
            State::Done(_) => changed.skip_call(),
            State::Waits => instead.turn_into_peek(self.kind(socket), &mut changed),
            State::Passes => {}
        }
        if instead.state != State::Passes {
            changed.write(tid)?;
        }
        call.instead = Some(instead);
        Ok(())
    }

    /// At the exit of a call that was taken over: its result; `None`: it waits again.
    pub(super) fn received_instead(
        &mut self,
        tid: Pid,
        call: &mut InCall,
        result: i64,
    ) -> io::Result<Option<i64>> {
        let (Some(instead), Some(socket)) = (&mut call.instead, call.socket) else {
            return Ok(Some(result));
        };
        let kind = self.kind(socket);
        if instead.state == State::Passes {
            instead
                .received
                .truncate(usize::try_from(result).unwrap_or(0));
            return Ok(Some(result));
        }
        if instead.state == State::Waits {
            let so_far = instead.received.len() as i64;
            let ended = result == 0 && kind == SocketKind::Stream;
            if result < 0 || ended {
                let result = if so_far > 0 { so_far } else { result };
                instead.state = State::Done(result);
            } else {
                self.receive_now(tid, socket, instead);
            }
        }
        let mut registers = *instead.entered;
        match instead.state {
            State::Done(result) => {
                registers.set_result(result);
                registers.write(tid)?;
                return Ok(Some(result));
            }
            // Another thread was faster, or all of it is wanted and has not come yet.
            State::Waits => instead.turn_into_peek(kind, &mut registers),
            State::Passes => {}
        }
        registers.repeat_call(registers.call_number(), registers.arguments()[0]);
        registers.write(tid)?;
        Ok(None)
    }

    /// Whether a thread comes back to a call that was sent back to its entry here.
    pub(super) fn waits_again(&self, tid: Pid, number: u64, args: &[u64; 6]) -> bool {
        let call = self
            .threads
            .get(&tid)
            .and_then(|thread| thread.call.as_ref());
        let instead = call.and_then(|call| call.instead.as_ref());
        instead.is_some_and(|instead| match instead.state {
            State::Done(_) => false,
            State::Waits => {
                number == libc::SYS_recvfrom as u64
                    && args[0] as i32 == instead.request.fd
                    && args[3] as i32 & libc::MSG_PEEK != 0
            }
            State::Passes => {
                number == instead.entered.call_number() && *args == instead.entered.arguments()
            }
        })
    }

    fn kind(&self, socket: usize) -> SocketKind {
        self.sockets.get(socket).kind
    }

    /// Receives what is there.
    fn receive_now(&mut self, tid: Pid, socket: usize, instead: &mut InStead) {
        if !self.threads.contains_key(&tid) {
            return;
        }
        let copy = self.copy_of(tid, instead.request.fd);
        let kind = self.kind(socket);
        instead.state = match copy {
            Some(copy) => instead.receive(tid, kind, copy.as_fd()),
            // No such descriptor, or a process whose first thread is gone, on an older kernel.
            None => State::Passes,
        };
    }

    /// Whether the memory of the programs is no witness of what this socket receives.
    fn lacks_witness(&mut self, tid: Pid, socket: usize, fd: i32) -> bool {
        let Some(actor) = self.actor_of(tid) else {
            return false;
        };
        let is_trusted = self.actors[actor].trusted;
        match self.kind(socket) {
            SocketKind::Datagram | SocketKind::Seqpacket if is_trusted => true,
            SocketKind::Datagram if self.sockets.get(socket).peer.is_none() => {
                let mut others = self.actors.iter().enumerate();
                others.any(|(other, traced)| other != actor && !traced.trusted)
                    || self.actors.len() == 1
            }
            _ => !is_trusted && !self.is_other_trusted(tid, socket, fd),
        }
    }

    /// Whether the other end of a connection is a trusted program's.
    fn is_other_trusted(&mut self, tid: Pid, socket: usize, fd: i32) -> bool {
        let is_unix = self.sockets.get(socket).family == "AF_UNIX";
        let is_asked = is_unix && !self.sockets.knows_whether_other_is_trusted(socket);
        let copy = is_asked.then(|| self.copy_of(tid, fd)).flatten();
        let (processes, actors) = (&self.processes, &self.actors);
        self.sockets.other_is_trusted(socket, |sockets| {
            if is_unix {
                let other = processes.get(&socket::peer_process(copy?.as_fd())?)?;
                return Some(actors[other.actor].trusted);
            }
            let other = sockets.get(sockets.other_end(socket)?).actor;
            Some(actors[other].trusted)
        })
    }
}

impl InStead {
    /// How many bytes have come, where the call returned this.
    pub(super) fn bytes(&self, returned: u64) -> u64 {
        match self.state {
            State::Passes => returned.min(self.request.wanted()),
            State::Done(_) | State::Waits => self.received.len() as u64,
        }
    }

    /// Receives what is there, and says what becomes of the call.
    fn receive(&mut self, tid: Pid, kind: SocketKind, copy: BorrowedFd<'_>) -> State {
        let stream = kind == SocketKind::Stream;
        let mut flags = self.request.flags & !libc::MSG_WAITALL;
        if self.request.has_control {
            flags |= libc::MSG_PEEK;
        }
        loop {
            let so_far = self.received.len();
            let left = self.request.wanted().saturating_sub(so_far as u64);
            let left = usize::try_from(left).unwrap_or(AT_ONCE).min(AT_ONCE);
            // Of a datagram all is looked at, whatever room there is.
            let mut buffer = vec![0; if stream { left } else { AT_ONCE }];
            let got = match socket::receive(copy, &mut buffer, flags) {
                Ok(got) => got,
                Err(error) => return self.refused(copy, &error),
            };
            if self.request.has_control {
                buffer.truncate(got.returned);
                self.received = buffer[..buffer.len().min(left)].to_vec();
                self.whole = (buffer.len() > left && !stream).then_some(buffer);
                return State::Passes;
            }
            buffer.truncate(got.returned);
            let (now, cut_off) = buffer.split_at(buffer.len().min(left));
            let mut got = got;
            if !cut_off.is_empty() {
                got.flags |= libc::MSG_TRUNC;
                self.whole = Some(buffer.clone());
            }
            let delivered = self
                .request
                .deliver(tid, so_far as u64, now)
                .and_then(|()| self.request.describe(tid, &got));
            if delivered.is_err() {
                return State::Done(-i64::from(libc::EFAULT));
            }
            self.received.extend_from_slice(now);
            self.address = decode::parse_address(&got.address);
            let total = self.received.len() as u64;
            let all = stream && self.request.flags & libc::MSG_WAITALL != 0;
            let more = all && got.returned > 0 && total < self.request.wanted();
            if !more || socket::is_at_mark(copy) {
                let asks_length = !stream && flags & libc::MSG_TRUNC != 0;
                return State::Done(if asks_length {
                    got.returned as i64
                } else {
                    total as i64
                });
            }
        }
    }

    /// What becomes of a call that could not receive now.
    fn refused(&self, copy: BorrowedFd<'_>, error: &io::Error) -> State {
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        let waits = errno == libc::EAGAIN
            && self.request.flags & libc::MSG_DONTWAIT == 0
            && !socket::is_nonblocking(copy);
        match (waits, self.received.len()) {
            (true, _) => State::Waits,
            (false, 0) => State::Done(-i64::from(errno)),
            (false, so_far) => State::Done(so_far as i64),
        }
    }

    /// Makes the call one that waits for what it waits for, and takes nothing.
    fn turn_into_peek(&self, kind: SocketKind, registers: &mut Registers) {
        registers.set_call_number(libc::SYS_recvfrom as u64);
        let length = u64::from(kind == SocketKind::Stream && self.request.wanted() > 0);
        let flags = self.request.flags & !libc::MSG_WAITALL | libc::MSG_PEEK;
        let place = self.request.place(self.received.len() as u64);
        for (index, value) in [place, length, flags as u32 as u64, 0, 0]
            .into_iter()
            .enumerate()
        {
            registers.replace_argument(index + 1, value);
        }
    }
}
