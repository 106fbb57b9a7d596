//! Places: a peer's `tcp:12345` and `unix-dgram:/tmp/s` as the kernel's addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, SocketAddrV6};

use ipclab_spec::{PeerEndpoint, PeerPlace, PeerSocket};
use nix::sys::socket::{AddressFamily, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, UnixAddr};

use super::step_error::{StepError, errno_text};

/// An address that a socket can be bound or connected to.
#[derive(Debug)]
pub(super) enum Place {
    /// IPv4.
    V4(SockaddrIn),
    /// IPv6.
    V6(SockaddrIn6),
    /// A file.
    Unix(UnixAddr),
}

impl Place {
    /// The place that a step goes to, which is filled in before the script is handed over.
    pub(super) fn known(place: &PeerPlace) -> Result<&PeerEndpoint, StepError> {
        match place {
            PeerPlace::At(place) => Ok(place),
            PeerPlace::Served(_) => Err(StepError::Never("the place was not filled in".to_owned())),
        }
    }

    /// The address that an author named; without an IP address it is 127.0.0.1.
    pub(super) fn of(named: &PeerEndpoint) -> Result<Self, StepError> {
        if let Some(path) = &named.path {
            return match UnixAddr::new(path.as_str()) {
                Ok(address) => Ok(Self::Unix(address)),
                Err(errno) => Err(StepError::Step(format!(
                    "no socket can have this path: {}",
                    errno_text(errno)
                ))),
            };
        }
        let Some(port) = named.port else {
            return Err(StepError::Step("a port is missing".to_owned()));
        };
        Ok(match named.ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
            IpAddr::V4(ip) => Self::V4(SocketAddrV4::new(ip, port).into()),
            IpAddr::V6(ip) => Self::V6(SocketAddrV6::new(ip, port, 0, 0).into()),
        })
    }

    /// As the calls take it.
    pub(super) fn address(&self) -> &dyn SockaddrLike {
        match self {
            Self::V4(address) => address,
            Self::V6(address) => address,
            Self::Unix(address) => address,
        }
    }

    /// Its family.
    pub(super) fn family(&self) -> AddressFamily {
        match self {
            Self::V4(_) => AddressFamily::Inet,
            Self::V6(_) => AddressFamily::Inet6,
            Self::Unix(_) => AddressFamily::Unix,
        }
    }
}

/// The family of a socket whose address is not known yet.
pub(super) fn usual_family(kind: PeerSocket) -> AddressFamily {
    match kind {
        PeerSocket::Tcp | PeerSocket::Udp => AddressFamily::Inet,
        PeerSocket::UnixStream | PeerSocket::UnixDatagram | PeerSocket::UnixSeqpacket => {
            AddressFamily::Unix
        }
    }
}

/// What socket(2) makes of a kind.
pub(super) fn sock_type(kind: PeerSocket) -> SockType {
    match kind {
        PeerSocket::Tcp | PeerSocket::UnixStream => SockType::Stream,
        PeerSocket::Udp | PeerSocket::UnixDatagram => SockType::Datagram,
        PeerSocket::UnixSeqpacket => SockType::SeqPacket,
    }
}

/// What one call sends on such a socket, when it is more than bytes of a stream.
pub(super) fn message_name(kind: PeerSocket) -> Option<&'static str> {
    match kind {
        PeerSocket::Tcp | PeerSocket::UnixStream => None,
        PeerSocket::Udp | PeerSocket::UnixDatagram => Some("datagram"),
        PeerSocket::UnixSeqpacket => Some("record"),
    }
}
