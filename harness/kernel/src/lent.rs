//! Descriptors that another process sends of itself, `SCM_RIGHTS` of `unix(7)`.

use std::ffi::c_int;
use std::fs::File;
use std::io::{Read, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};

use crate::process::Pid;

/// Opens a socket for them, and gives its raw address, which no file leads to.
///
/// # Errors
/// The kernel's.
pub fn arrivals() -> Result<(OwnedFd, Vec<u8>)> {
    let mut random = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("ipclab-{name}");
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::PassCred, &true)?;
    let family = (libc::AF_UNIX as u16).to_ne_bytes();
    let address = [&family[..], &[0], name.as_bytes()].concat();
    Ok((socket.into(), address))
}

/// Takes the descriptor that a process has sent. Whatever else has come, from it or from others, is dropped.
#[must_use]
pub fn arrived(arrivals: BorrowedFd<'_>, from: Pid) -> Option<OwnedFd> {
    let mut found = None;
    loop {
        let mut byte = [0];
        let mut parts = [std::io::IoSliceMut::new(&mut byte)];
        let mut room = nix::cmsg_space!([RawFd; 4], libc::ucred);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
        let Ok(message) = recvmsg::<()>(arrivals.as_raw_fd(), &mut parts, Some(&mut room), flags)
        else {
            return found;
        };
        let (mut sender, mut sent) = (0, Vec::new());
        for part in message.cmsgs().into_iter().flatten() {
            match part {
                ControlMessageOwned::ScmCredentials(who) => sender = who.pid(),
                ControlMessageOwned::ScmRights(fds) => {
                    // SAFETY: the kernel has just made these for us, and they have no other owner.
                    sent.extend(
                        fds.into_iter()
                            .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
                    );
                }
                _ => {}
            }
        }
        if sender == from && sent.len() == 1 {
            found = sent.pop();
        }
    }
}

/// A `struct msghdr` with all that it points to: one byte, one descriptor and an address.
#[derive(Clone, Debug)]
pub struct LentMessage {
    address: Vec<u8>,
    fd: c_int,
}

/// Where the parts lie, from the start of the message on: after the header come the vector, the byte, the control message
/// and the address, each where a multiple of 8 is.
const VECTOR: usize = 56;
const BYTE: usize = VECTOR + 16;
const CONTROL: usize = BYTE + 8;
/// `CMSG_LEN` and `CMSG_SPACE` of one descriptor.
const CONTROL_LENGTH: usize = 20;
const CONTROL_SPACE: usize = 24;
const ADDRESS: usize = CONTROL + CONTROL_SPACE;

impl LentMessage {
    /// One that sends this descriptor to a raw address.
    #[must_use]
    pub fn new(address: &[u8], fd: c_int) -> Self {
        Self {
            address: address.to_vec(),
            fd,
        }
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        (ADDRESS + self.address.len()).next_multiple_of(8)
    }

    /// The address below another one at which it has room.
    #[must_use]
    pub fn place_below(&self, end: u64) -> u64 {
        end.saturating_sub(self.length() as u64) & !15
    }

    /// Its bytes, where it begins at this address: the layout of 64-bit Linux.
    #[must_use]
    pub fn laid_out_at(&self, start: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.length()];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        let at = |offset: usize| (start + offset as u64).to_ne_bytes();
        // name, its length, vectors, their number, control, its length.
        put(0, &at(ADDRESS));
        put(8, &(self.address.len() as u32).to_ne_bytes());
        put(16, &at(VECTOR));
        put(24, &1u64.to_ne_bytes());
        put(32, &at(CONTROL));
        put(40, &(CONTROL_SPACE as u64).to_ne_bytes());
        put(VECTOR, &at(BYTE));
        put(VECTOR + 8, &1u64.to_ne_bytes());
        put(CONTROL, &(CONTROL_LENGTH as u64).to_ne_bytes());
        put(CONTROL + 8, &libc::SOL_SOCKET.to_ne_bytes());
        put(CONTROL + 12, &libc::SCM_RIGHTS.to_ne_bytes());
        put(CONTROL + 16, &self.fd.to_ne_bytes());
        put(ADDRESS, &self.address);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    /// The message is sent as it lies in memory, as a tracee sends it.
    #[test]
    fn a_descriptor_arrives_from_its_sender_alone() {
        let (arrivals, address) = arrivals().unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let message = LentMessage::new(&address, reader.as_raw_fd());
        let mut place = vec![0u64; message.length() / 8];
        let start = place.as_mut_ptr() as u64;
        let bytes = message.laid_out_at(start);
        for (word, eight) in place.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_ne_bytes(eight.try_into().unwrap());
        }
        let send = || {
            // SAFETY: the header and all that it points to lie in `place`.
            let sent = unsafe {
                libc::sendmsg(
                    sender.as_raw_fd(),
                    place.as_ptr().cast(),
                    libc::MSG_DONTWAIT,
                )
            };
            assert_eq!(sent, 1, "{}", std::io::Error::last_os_error());
        };
        let own = std::process::id() as Pid;
        assert!(arrived(arrivals.as_fd(), own).is_none());
        send();
        assert!(arrived(arrivals.as_fd(), own + 1).is_none());
        send();
        let copy = arrived(arrivals.as_fd(), own).expect("a descriptor");
        writer.write_all(b"x").unwrap();
        let mut byte = [0];
        File::from(copy).read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"x");
    }
}
