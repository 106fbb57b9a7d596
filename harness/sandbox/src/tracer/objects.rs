//! What descriptors are open on: sockets, standard streams, files; and what is served or still to be sent.

use std::collections::HashMap;
use std::os::fd::AsFd;

use ipclab_evidence::{Address, LeftPort, Object, Protocol, SocketKind};

use super::state::{MAX_PROCESSES_ASKED, Process, Tracer};
use crate::decode;
use ipclab_kernel::{Pid, process, procfs, socket};

impl Tracer {
    /// What a link in `/proc/PID/fd` stands for.
    pub(super) fn named_object(&self, actor: usize, link: &str) -> Object {
        if let Some(socket) =
            procfs::inode(link, "socket").and_then(|inode| self.sockets.find(inode))
        {
            return Object::Socket(socket);
        }
        if let Some(at) = self.actors[actor]
            .links
            .iter()
            .position(|own| own.as_deref() == Some(link))
        {
            return Object::Standard(at as u8);
        }
        if link.starts_with('/') {
            Object::File(link.into())
        } else {
            Object::Other(link.to_owned())
        }
    }

    /// What a descriptor of a thread is. A socket that was never seen is taken in.
    pub(super) fn object(&mut self, tid: Pid, process: Pid, fd: i32) -> Option<Object> {
        let link = procfs::descriptor(tid, fd)?;
        let actor = self.processes[&process].actor;
        if self.actors[actor].control.as_ref() == Some(&link) {
            return Some(Object::Other("control".to_owned()));
        }
        if let Some(inode) = procfs::inode(&link, "socket")
            && self.sockets.find(inode).is_none()
        {
            self.take_in(tid, process, fd, inode);
        }
        Some(self.named_object(actor, &link))
    }

    fn take_in(&mut self, tid: Pid, process: Pid, fd: i32, inode: u64) -> usize {
        let born = self.trace.next().saturating_sub(1);
        let actor = self.processes[&process].actor;
        let copy = self.copy_of(tid, fd);
        let copy = copy.as_ref().map(AsFd::as_fd);
        self.sockets.add(inode, actor, born, copy)
    }

    /// Opens a process's handle once; tells whether there is one.
    pub(super) fn handle_of(processes: &mut HashMap<Pid, Process>, process: Pid) -> bool {
        let Some(entry) = processes.get_mut(&process) else {
            return false;
        };
        if entry.handle.is_none() {
            entry.handle = process::pidfd_open(process).ok();
        }
        entry.handle.is_some()
    }

    /// Asks the kernel again what a socket is bound and connected to.
    pub(super) fn refresh(&mut self, tid: Pid, fd: i32, socket: usize) {
        if let Some(copy) = self.copy_of(tid, fd) {
            self.sockets.refresh(socket, copy.as_fd());
        }
    }

    pub(super) fn paired(&mut self, tid: Pid, process: Pid, at: u64) {
        let fds = decode::memory(tid, at, 8, 8);
        let fd = |at: usize| Some(i32::from_ne_bytes(fds.get(at..at + 4)?.try_into().ok()?));
        let (Some(one), Some(other)) = (fd(0), fd(4)) else {
            return;
        };
        let one = self.object(tid, process, one);
        let other = self.object(tid, process, other);
        if let (Some(Object::Socket(one)), Some(Object::Socket(other))) = (one, other) {
            self.sockets.paired(one, other);
        }
    }

    /// Every socket that a living process has open, once for each: (process, descriptor, socket).
    fn open_sockets(&self) -> Vec<(Pid, i32, usize)> {
        let mut open = Vec::new();
        for (pid, _, _) in self.processes() {
            for (fd, link) in procfs::descriptors(pid) {
                let socket =
                    procfs::inode(&link, "socket").and_then(|inode| self.sockets.find(inode));
                open.extend(socket.map(|socket| (pid, fd, socket)));
            }
        }
        open
    }

    /// Ports that are served now.
    pub(crate) fn ports(&self) -> Vec<LeftPort> {
        let mut served: Vec<usize> = self
            .open_sockets()
            .into_iter()
            .map(|(_, _, socket)| socket)
            .collect();
        served.sort_unstable();
        served.dedup();
        let port = |socket: usize| {
            let socket = self.sockets.get(socket);
            let address = socket
                .local
                .clone()
                .filter(|at| matches!(at, Address::Inet(_)))?;
            let protocol = match socket.kind {
                SocketKind::Stream if socket.listening => Protocol::Tcp,
                SocketKind::Datagram => Protocol::Udp,
                _ => return None,
            };
            Some(LeftPort {
                protocol,
                address,
                actor: Some(socket.actor),
            })
        };
        served.into_iter().filter_map(port).collect()
    }

    /// Whether a socket of the kernel's tables can be one of the case's: in the host's world others are in them, too.
    pub(crate) fn may_be_own(&self, inode: u64) -> bool {
        self.lending.is_none() || self.sockets.find(inode).is_some()
    }

    /// Whether a TCP socket of a living process has something to send that it has not sent yet, its own connection
    /// request included. More processes than are quickly asked may always have something.
    pub(crate) fn tcp_has_to_send(&self) -> bool {
        // Where processes have inherited one another's descriptors, they are many more than there are sockets, and all
        // of them would be read at every look. The kernel's own table is read faster then, and says it as well.
        // The table is asked, too, where processes that wait cannot give copies.
        if (self.host.is_none() && self.processes().len() > MAX_PROCESSES_ASKED)
            || self.lending.is_some()
        {
            return true;
        }
        let is_tcp = |socket: usize| {
            let socket = self.sockets.get(socket);
            socket.kind == SocketKind::Stream && socket.family != "AF_UNIX" && !socket.listening
        };
        self.open_sockets()
            .into_iter()
            .filter(|(_, _, socket)| is_tcp(*socket))
            .any(|(pid, fd, _)| {
                let handle = process::pidfd_open(pid).ok();
                let copy =
                    handle.and_then(|handle| process::copy_descriptor(handle.as_fd(), fd).ok());
                // What cannot be asked may have something to send.
                copy.is_none_or(|copy| socket::tcp_has_to_send(copy.as_fd()))
            })
    }
}
