//! Rules of the `shared` level that the tracer enforces: where an actor may connect to, and what it opens.

use std::io;

use ipclab_evidence::{Address, SocketKind};
use ipclab_kernel::{Pid, socket};

use super::entry::is_plain_open;
use super::state::Tracer;
use crate::calls::{ArgKind, Role, Spec};
use crate::decode;
use crate::fault::{self, Pending};
use crate::sockets;

impl Tracer {
    /// What the host's own world asks for beyond tracing; `None`: nothing.
    pub(super) fn host_rule(
        &mut self,
        tid: Pid,
        process: Pid,
        spec: &Spec,
        args: &[u64; 6],
        stack: u64,
        socket: Option<usize>,
    ) -> Option<io::Result<Pending>> {
        let host = self.host.as_ref()?;
        match spec.role {
            Role::File if is_plain_open(spec, args) => {
                let at = spec.args.iter().position(|kind| *kind == ArgKind::Path)?;
                let path = decode::path(tid, args[at])?;
                let (_, to) = host.redirects.iter().find(|(from, _)| *from == path.0)?;
                Some(fault::redirect(tid, at, stack, to))
            }
            Role::Connect | Role::Send => {
                let to = destinations(tid, spec, args);
                if to.iter().any(leaves_the_machine) {
                    return Some(fault::refuse(tid, libc::ENETUNREACH));
                }
                // In a world of its own no other program serves anything either.
                let strange = |port: u16| !self.ports.contains(&port) && !self.ports.contains(&0);
                let is_stream = |socket| self.sockets.get(socket).kind == SocketKind::Stream;
                match &to[..] {
                    [Address::Inet(to)] if strange(to.port()) && socket.is_some_and(is_stream) => {
                        Some(fault::refuse(tid, libc::ECONNREFUSED))
                    }
                    _ => None,
                }
            }
            Role::Bind => {
                let Address::Inet(at) = decode::address(tid, args[1], args[2])? else {
                    return None;
                };
                // The case before this one may have left the port in TIME_WAIT, which in a world of its own it could
                // not have. The second socket of one case that wants a port is on its own.
                if self.sockets.get(socket?).kind == SocketKind::Stream
                    && self.ports.insert(at.port())
                    && Self::handle_of(&mut self.processes, process)
                {
                    let handle = self.processes[&process].handle.as_ref();
                    sockets::with_copy(handle, args[0] as i32, |copy| {
                        copy.map(socket::allow_reuse)
                    });
                }
                None
            }
            _ => None,
        }
    }
}

/// Where a call sends something, or connects to.
fn destinations(tid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<Address> {
    /// Bytes of a `struct mmsghdr`, `sendmmsg(2)`, and how many of them the kernel takes at once.
    const MMSGHDR_BYTES: u64 = 64;
    const MAX_MMSGHDRS: u64 = 1024;
    let of_message = |at: u64| {
        let (name, length) = decode::Message::read(tid, at)?.name;
        decode::address(tid, name, length)
    };
    let mut all = Vec::new();
    for (at, kind) in spec.args.iter().enumerate() {
        match kind {
            ArgKind::Address => all.extend(decode::address(tid, args[at], args[at + 1])),
            ArgKind::Message => all.extend(of_message(args[at])),
            ArgKind::Messages => {
                let count = (args[at + 1] & 0xffff_ffff).min(MAX_MMSGHDRS);
                all.extend((0..count).filter_map(|n| of_message(args[at] + n * MMSGHDR_BYTES)));
            }
            _ => {}
        }
    }
    all
}

fn leaves_the_machine(to: &Address) -> bool {
    let Address::Inet(to) = to else { return false };
    let ip = to.ip().to_canonical();
    !ip.is_loopback() && !ip.is_unspecified()
}
