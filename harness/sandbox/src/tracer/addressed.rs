//! Calls that name an address, in the host's own world: the address that is checked is the one that is used.
//!
//! Between a look at a program's memory and the kernel's own, another thread can put another address there, or another socket
//! at the descriptor's number. So the tracer copies both, checks the copies, and makes the call with them in the program's
//! stead. A connection that is not made at once is then waited for by the program itself, in a call that sends nothing to
//! where the socket is about to be connected: signals and timeouts end that as ever.
//!
//! Unix sockets tell who has connected to them, so those calls the program makes itself where nothing else could change what
//! was looked at; what it has connected to is looked at again afterwards.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use ipclab_evidence::{Address, LimitKind};
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, procfs, socket};

use super::in_progress::{AddressState, Addressed};
use super::state::{InCall, Tracer};
use crate::calls::Role;
use crate::decode::{self, Message};
use crate::leftovers;

/// Longest address, `struct sockaddr_storage`.
const ADDRESS_MAX: u64 = 128;

/// Longest message of a datagram socket, and as much of a stream's as is sent at once.
const MESSAGE_MAX: u64 = 256 << 10;

/// What a call names.
struct Named {
    fd: i32,
    /// The raw address; `None`: there is none.
    address: Option<Vec<u8>>,
    flags: i32,
    /// What it sends, and whether descriptors go along.
    vectors: decode::Vectors,
    has_control: bool,
    /// Where all of that stands in memory.
    places: Vec<(u64, u64)>,
}

impl Named {
    /// Reads it once. `None`: the call names no address. An errno: the kernel would refuse it.
    fn read(tid: Pid, call: &str, args: &[u64; 6]) -> Option<Result<Self, i32>> {
        let mut named = Self {
            fd: args[0] as i32,
            address: None,
            flags: 0,
            vectors: Vec::new(),
            has_control: false,
            places: Vec::new(),
        };
        let (at, length) = match call {
            "connect" | "bind" => (args[1], args[2]),
            "sendto" if args[4] != 0 => {
                named.flags = args[3] as i32;
                named.vectors = vec![(args[1], args[2])];
                (args[4], args[5])
            }
            "sendmsg" => {
                let Some(message) = Message::read(tid, args[1]) else {
                    return Some(Err(libc::EFAULT));
                };
                named.flags = args[2] as i32;
                named.vectors = message.vectors;
                named.has_control = message.has_control;
                named.places.push((args[1], 56));
                named
                    .places
                    .push((message.iov, 16 * named.vectors.len() as u64));
                message.name
            }
            _ => return None,
        };
        named.places.push((at, length));
        let length = length & 0xffff_ffff;
        if length > ADDRESS_MAX {
            return Some(Err(libc::EINVAL));
        }
        if at != 0 && length > 0 {
            let bytes = decode::memory(tid, at, length, ADDRESS_MAX as usize);
            if bytes.len() as u64 != length {
                return Some(Err(libc::EFAULT));
            }
            named.address = Some(bytes);
        }
        Some(Ok(named))
    }

    fn parsed(&self) -> Option<Address> {
        decode::parse_address(self.address.as_deref()?)
    }

    /// All that it sends. An errno: some of it cannot be read, or it is more than a message may have.
    fn message(&self, tid: Pid) -> Result<Vec<u8>, i32> {
        let total = decode::total(&self.vectors);
        if total > MESSAGE_MAX {
            return Err(libc::EMSGSIZE);
        }
        let mut bytes = Vec::new();
        for (base, length) in &self.vectors {
            bytes.extend(decode::memory(tid, *base, *length, MESSAGE_MAX as usize));
        }
        match bytes.len() as u64 == total {
            true => Ok(bytes),
            false => Err(libc::EFAULT),
        }
    }
}

/// What kind of socket a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    internet: bool,
    unix: bool,
    stream: bool,
}

impl Kind {
    fn of(copy: &OwnedFd) -> Option<Self> {
        let ask = |option| socket::socket_option(copy.as_fd(), libc::SOL_SOCKET, option).ok();
        let (domain, kind) = (ask(libc::SO_DOMAIN)?, ask(libc::SO_TYPE)?);
        Some(Self {
            internet: matches!(domain, libc::AF_INET | libc::AF_INET6),
            unix: domain == libc::AF_UNIX,
            stream: kind == libc::SOCK_STREAM,
        })
    }
}

impl Tracer {
    /// At the entry of a call in the host's world: takes it over if it names an address and its program is untrusted.
    pub(super) fn address_instead(&mut self, tid: Pid, call: &mut InCall) -> io::Result<()> {
        let is_addressed = matches!(call.spec.role, Role::Connect | Role::Bind | Role::Send);
        let Some(actor) = self.actor_of(tid).filter(|_| self.host.is_some()) else {
            return Ok(());
        };
        let is_changed = call.tampered.as_ref();
        if !is_addressed || is_changed.is_some_and(|pending| !pending.leaves_call()) {
            return Ok(());
        }
        let entered = Registers::read(tid)?;
        let args = entered.arguments();
        let Some(named) = Named::read(tid, call.spec.name, &args) else {
            return Ok(());
        };
        if self.actors[actor].trusted {
            let copy = self.copy_of(tid, args[0] as i32);
            if let (Role::Bind, Ok(named), Some(copy)) = (call.spec.role, &named, copy) {
                self.allow_old_connections(&copy, named);
            }
            return Ok(());
        }
        let mut changed = entered;
        let (state, address) = match named {
            Err(errno) => (Some(AddressState::Done(-i64::from(errno))), None),
            Ok(named) => (
                self.decide(tid, call.spec.role, &named, &mut changed),
                named.parsed(),
            ),
        };
        let Some(state) = state else {
            return Ok(());
        };
        match &state {
            AddressState::Done(_) => changed.skip_call(),
            AddressState::Connects(..) => turn_into_wait(&mut changed),
            AddressState::Passes => {}
        }
        changed.write(tid)?;
        call.addressed = Some(Addressed {
            entered: Box::new(entered),
            state,
            address,
        });
        Ok(())
    }

    /// Decides by copies, and makes the call. `None`: the program makes it, as it is.
    fn decide(
        &mut self,
        tid: Pid,
        role: Role,
        named: &Named,
        registers: &mut Registers,
    ) -> Option<AddressState> {
        let refuse = |errno: i32| Some(AddressState::Done(-i64::from(errno)));
        let done = |result: io::Result<usize>| {
            Some(AddressState::Done(match result {
                Ok(value) => value as i64,
                Err(error) => -i64::from(error.raw_os_error().unwrap_or(libc::EIO)),
            }))
        };
        let Some(copy) = self.copy_of(tid, named.fd) else {
            return refuse(libc::EBADF);
        };
        let Some(kind) = Kind::of(&copy) else {
            return refuse(libc::ENOTSOCK);
        };
        if kind.internet {
            socket::bind_to_loopback(copy.as_fd());
        }
        let address = named.address.as_deref();
        match (role, address) {
            (Role::Send, _) if named.flags & libc::MSG_FASTOPEN != 0 => refuse(libc::EOPNOTSUPP),
            // Neither the descriptor's number nor what stands in memory matters then.
            (Role::Send, _) if kind.stream && named.is_plain() => {
                named.send_plainly(registers);
                Some(AddressState::Passes)
            }
            (Role::Send, Some(_)) if kind.stream => refuse(libc::EISCONN),
            (Role::Send, _) if kind.internet && !kind.stream => {
                match self.destination(role, kind, address) {
                    Err(errno) => refuse(errno),
                    Ok(()) => match named.message(tid) {
                        Err(errno) => refuse(errno),
                        Ok(bytes) => done(socket::send(copy.as_fd(), &bytes, named.flags, address)),
                    },
                }
            }
            (Role::Bind, Some(address)) if kind.internet => {
                self.allow_old_connections(&copy, named);
                done(socket::bind(copy.as_fd(), address).map(|()| 0))
            }
            (Role::Connect, Some(address)) if kind.internet => {
                match self.destination(role, kind, Some(address)) {
                    Err(errno) => refuse(errno),
                    Ok(()) => Some(connect(copy, kind, address)),
                }
            }
            (Role::Bind, Some(_)) => None,
            (Role::Connect | Role::Send, Some(_)) if kind.unix => {
                if !self.is_unix_of_case(tid, named) {
                    return refuse(libc::ECONNREFUSED);
                }
                self.leave(tid, role, named, &copy)
            }
            _ => self.leave(tid, role, named, &copy),
        }
    }

    /// The program makes the call itself where nothing can change what was looked at; else the tracer does.
    fn leave(&self, tid: Pid, role: Role, named: &Named, copy: &OwnedFd) -> Option<AddressState> {
        if !self.is_exposed(tid, &named.places) {
            return None;
        }
        let result = match (role, &named.address) {
            // Descriptors cannot be handed on for another process: such a message is for those who do it alone.
            (Role::Send, _) if named.has_control => Err(io::Error::from_raw_os_error(libc::EPERM)),
            (Role::Send, address) => match named.message(tid) {
                Ok(bytes) => socket::send(copy.as_fd(), &bytes, named.flags, address.as_deref()),
                Err(errno) => Err(io::Error::from_raw_os_error(errno)),
            },
            // It would tell the other end of a Unix socket who has connected: here it is told of the supervisor.
            (_, Some(address)) => {
                from_folder_of(tid, || socket::connect(copy.as_fd(), address).map(|()| 0))
            }
            (_, None) => return None,
        };
        Some(AddressState::Done(match result {
            Ok(value) => value as i64,
            Err(error) => -i64::from(error.raw_os_error().unwrap_or(libc::EIO)),
        }))
    }

    /// At the exit of a call that was taken over: its result.
    pub(super) fn addressed_instead(
        &mut self,
        tid: Pid,
        call: &mut InCall,
        result: i64,
    ) -> io::Result<i64> {
        let Some(addressed) = &call.addressed else {
            return Ok(result);
        };
        let result = match &addressed.state {
            AddressState::Done(result) => *result,
            AddressState::Connects(copy, address) => connected(copy, address, result),
            AddressState::Passes => result,
        };
        let mut registers = *addressed.entered;
        registers.set_result(result);
        registers.write(tid)?;
        Ok(result)
    }

    /// Whether a call may go to this address: on this machine, and to no socket that is not the case's. An errno: it may not.
    fn destination(&self, role: Role, kind: Kind, address: Option<&[u8]>) -> Result<(), i32> {
        let Some(address) = address else {
            // Where it is connected to was looked at then.
            return Ok(());
        };
        let mut address = address.to_vec();
        let family = address
            .get(..2)
            .map(|two| u16::from_ne_bytes([two[0], two[1]]));
        let unspecified = family == Some(libc::AF_UNSPEC as u16);
        if unspecified && role == Role::Send {
            // It is what follows that is sent to, udp(7). To connect to it is to be connected no more.
            address[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
        }
        let Some(Address::Inet(to)) = decode::parse_address(&address) else {
            return Ok(());
        };
        let ip = to.ip().to_canonical();
        if !ip.is_loopback() && !ip.is_unspecified() {
            return Err(libc::ENETUNREACH);
        }
        let is_own = |inode: &u64| self.sockets.find(*inode).is_some();
        match leftovers::takers(kind.stream, to).iter().all(is_own) {
            true => Ok(()),
            false => Err(libc::ECONNREFUSED),
        }
    }

    /// The case before this one may have left the port in `TIME_WAIT`, which in a world of its own it could not have. The
    /// second socket of one case that wants a port is on its own.
    fn allow_old_connections(&mut self, copy: &OwnedFd, named: &Named) {
        if let Some(Address::Inet(at)) = named.parsed()
            && Kind::of(copy).is_some_and(|kind| kind.stream)
            && self.ports.insert(at.port())
        {
            socket::allow_reuse(copy.as_fd());
        }
    }

    /// Whether another thread or process could change what stands at these places, or what a descriptor is, between the
    /// tracer's look and the kernel's.
    fn is_exposed(&self, tid: Pid, places: &[(u64, u64)]) -> bool {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return true;
        };
        let mut threads = self.threads.iter();
        let has_others = threads.any(|(other, thread)| *other != tid && thread.process == process);
        let lies_there = |(at, length): &(u64, u64)| {
            let mappings = procfs::shared_mappings(tid).unwrap_or_default();
            mappings.iter().any(|mapping| {
                *at < mapping.start + mapping.length && mapping.start < at.saturating_add(*length)
            })
        };
        has_others || self.processes[&process].borrows || places.iter().any(lies_there)
    }

    /// Whether a Unix socket's name is one that a socket of the case has, or none that there is.
    fn is_unix_of_case(&self, tid: Pid, named: &Named) -> bool {
        match named.parsed() {
            Some(Address::Abstract(_)) => {
                let wanted = named.parsed();
                self.sockets.any_bound_to(wanted.as_ref())
            }
            Some(Address::Path(path)) => {
                let found = file_of_socket(tid, &path.0, true);
                found.is_none_or(|file| self.unix_files.contains(&file))
            }
            _ => true,
        }
    }

    /// A Unix socket was bound to a path, or connected: notes the file, or who is at the other end.
    pub(super) fn unix_addressed(&mut self, tid: Pid, process: Pid, call: &InCall) {
        if self.host.is_none() || call.addressed.is_some() {
            return;
        }
        let args = &call.args;
        match call.spec.role {
            Role::Bind => {
                let copy = self.copy_of(tid, args[0] as i32);
                let name = copy.and_then(|copy| socket::socket_address(copy.as_fd(), false).ok());
                if let Some(Address::Path(path)) =
                    name.and_then(|name| decode::parse_address(&name))
                {
                    self.unix_files.extend(file_of_socket(tid, &path.0, false));
                    self.note_bound(tid, &path.0);
                }
            }
            Role::Connect => {
                let actor = self.processes[&process].actor;
                let other = self.copy_of(tid, args[0] as i32);
                let other = other.and_then(|copy| socket::peer_process(copy.as_fd()));
                let is_own = |pid: Pid| self.processes.contains_key(&pid);
                if !self.actors[actor].trusted && other.is_some_and(|pid| !is_own(pid)) {
                    self.forbid(actor, LimitKind::Neighbours);
                }
            }
            _ => {}
        }
    }

    /// A socket was made: nothing of it leaves the machine, and nothing from outside comes to it.
    pub(super) fn keep_on_loopback(&mut self, tid: Pid, fd: i32) {
        if self.host.is_some()
            && let Some(copy) = self.copy_of(tid, fd)
            && Kind::of(&copy).is_some_and(|kind| kind.internet)
        {
            socket::bind_to_loopback(copy.as_fd());
        }
    }
}

impl Named {
    /// It sends one piece, and no descriptors.
    fn is_plain(&self) -> bool {
        self.vectors.len() <= 1 && !self.has_control
    }

    /// Makes the call one that names nothing in memory but what it sends.
    fn send_plainly(&self, registers: &mut Registers) {
        let (base, length) = self.vectors.first().copied().unwrap_or_default();
        registers.set_call_number(libc::SYS_sendto as u64);
        let arguments = [base, length, self.flags as u32 as u64, 0, 0];
        for (index, value) in arguments.into_iter().enumerate() {
            registers.replace_argument(index + 1, value);
        }
    }
}

/// Begins a connection. Over the loopback it is mostly there at once.
fn connect(copy: OwnedFd, kind: Kind, address: &[u8]) -> AddressState {
    let waits = kind.stream && !socket::is_nonblocking(copy.as_fd());
    let once = || socket::connect(copy.as_fd(), address).map_err(|error| error.raw_os_error());
    let mut result = once();
    if waits && result == Err(Some(libc::EINPROGRESS)) {
        result = once();
    }
    match result {
        Ok(()) => AddressState::Done(0),
        Err(Some(libc::EALREADY)) if waits => {
            AddressState::Connects(Rc::new(copy), address.to_vec())
        }
        Err(errno) => AddressState::Done(-i64::from(errno.unwrap_or(libc::EIO))),
    }
}

/// The program has waited for a connection: what it gets. The kernel takes it in on asking once more.
fn connected(copy: &OwnedFd, address: &[u8], waited: i64) -> i64 {
    const EAGAIN: i64 = -libc::EAGAIN as i64;
    const EINTR: i64 = -libc::EINTR as i64;
    match waited {
        // Its own timeout, `SO_SNDTIMEO` of socket(7).
        EAGAIN => -i64::from(libc::EINPROGRESS),
        EINTR | -516..=-512 => waited,
        _ => match socket::connect(copy.as_fd(), address).map_err(|error| error.raw_os_error()) {
            Ok(()) | Err(Some(libc::EISCONN)) => 0,
            Err(_) if waited < 0 && waited != -i64::from(libc::EPIPE) => waited,
            Err(errno) => -i64::from(errno.unwrap_or(libc::EIO)),
        },
    }
}

/// Makes a call one that waits until its socket is connected, and sends nothing.
fn turn_into_wait(registers: &mut Registers) {
    registers.set_call_number(libc::SYS_sendto as u64);
    let arguments = [0, 0, libc::MSG_NOSIGNAL as u64, 0, 0];
    for (index, value) in arguments.into_iter().enumerate() {
        registers.replace_argument(index + 1, value);
    }
}

/// Does something in a program's working directory, for the sake of names that begin there.
fn from_folder_of<T>(tid: Pid, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let own = std::env::current_dir()?;
    std::env::set_current_dir(format!("/proc/{tid}/cwd"))?;
    let done = work();
    std::env::set_current_dir(own)?;
    done
}

/// The file of a socket that a program names. `follows`: through links, as a connection does.
fn file_of_socket(tid: Pid, path: &[u8], follows: bool) -> Option<(u64, u64)> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let place = std::path::Path::new("/proc")
        .join(tid.to_string())
        .join("cwd")
        .join(std::ffi::OsStr::from_bytes(path));
    let about = match follows {
        true => std::fs::metadata(place),
        false => std::fs::symlink_metadata(place),
    };
    let about = about.ok().filter(|about| about.file_type().is_socket())?;
    Some((about.dev(), about.ino()))
}
