//! Places where services are offered: `tcp:12345`, `udp:127.0.0.1:7000`, `unix:/tmp/socket`, `shm:100`.

use std::net::IpAddr;

use ipclab_evidence::HEX_PATH;

use super::flaw::Flaw;
use crate::names::nearest;
use crate::{AnyPlace, Endpoint, PeerEndpoint, PeerSocket};

/// What stands for a place that the program chooses.
const ANY: &str = "any";

/// Reads a place where an actor serves.
pub(crate) fn endpoint(text: &str) -> Result<Endpoint, Flaw> {
    let (kind, rest, at) = split(text)?;
    match kind {
        "tcp" if rest == ANY => Ok(Endpoint::Any(AnyPlace::Tcp)),
        "udp" if rest == ANY => Ok(Endpoint::Any(AnyPlace::Udp)),
        "unix" if rest == ANY => Ok(Endpoint::Any(AnyPlace::Unix)),
        "tcp" => address(rest, at).map(|(ip, port)| Endpoint::Tcp { ip, port }),
        "udp" => address(rest, at).map(|(ip, port)| Endpoint::Udp { ip, port }),
        "unix" => path(rest, at).map(Endpoint::Unix),
        "shm" => key(rest)
            .map(Endpoint::Shm)
            .map_err(|flaw| flaw.shifted(at)),
        _ => Err(unknown(kind, &["tcp", "udp", "unix", "shm"])),
    }
}

/// Reads a socket type and its address, as a peer names it.
pub(crate) fn peer_endpoint(text: &str) -> Result<PeerEndpoint, Flaw> {
    let (kind, rest, at) = split(text)?;
    if rest == ANY && kind != "shm" {
        return Err(Flaw::new(at..text.len(), "a peer has to know where it goes").help(
            "where an actor serves is filled in when the peer starts: connect {{server.listens}}",
        ));
    }
    let socket = match kind {
        // A peer opens the socket itself, so that it must know the type; a stream is what `unix:` mostly is.
        "unix" => PeerSocket::UnixStream,
        _ => peer_socket(kind)?,
    };
    let (mut ip, mut port, mut file) = (None, None, None);
    match socket {
        PeerSocket::Tcp | PeerSocket::Udp => {
            let (found, number) = address(rest, at)?;
            ip = found;
            port = Some(number);
        }
        PeerSocket::UnixStream | PeerSocket::UnixDatagram | PeerSocket::UnixSeqpacket => {
            file = Some(path(rest, at)?);
        }
    }
    Ok(PeerEndpoint {
        socket,
        ip,
        port,
        path: file,
    })
}

/// Reads a place that was filled in when the peer started. A program chose its path, which may be any text, in hexadecimal
/// digits where it is no single word.
pub(crate) fn filled_endpoint(text: &str) -> Result<PeerEndpoint, Flaw> {
    let (kind, rest, at) = split(text)?;
    if !kind.starts_with("unix") || rest.starts_with('/') {
        return peer_endpoint(text);
    }
    let socket = match kind {
        "unix" => PeerSocket::UnixStream,
        _ => peer_socket(kind)?,
    };
    let path = match rest.strip_prefix(HEX_PATH) {
        None => Some(rest.to_owned()),
        Some(digits) => {
            super::scan::hex(digits).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
    };
    Ok(PeerEndpoint {
        socket,
        ip: None,
        port: None,
        path: Some(path.ok_or_else(|| Flaw::new(at..text.len(), "this is no path"))?),
    })
}

/// Reads a socket type that a peer can open.
pub(crate) fn peer_socket(name: &str) -> Result<PeerSocket, Flaw> {
    match name {
        "tcp" => Ok(PeerSocket::Tcp),
        "udp" => Ok(PeerSocket::Udp),
        "unix-stream" => Ok(PeerSocket::UnixStream),
        "unix-dgram" => Ok(PeerSocket::UnixDatagram),
        "unix-seqpacket" => Ok(PeerSocket::UnixSeqpacket),
        _ => Err(unknown(
            name,
            &["tcp", "udp", "unix-stream", "unix-dgram", "unix-seqpacket"],
        )),
    }
}

/// Reads a System V key as C writes it: `100`, `0x64`.
pub(crate) fn key(text: &str) -> Result<i32, Flaw> {
    let parsed = match text.strip_prefix("0x") {
        // A key_t is signed, but ipcs shows its 32 bits.
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(u32::cast_signed),
        None => text.parse().ok(),
    };
    match parsed {
        Some(0) => Err(Flaw::new(
            0..text.len(),
            "key 0 is IPC_PRIVATE: nobody else can name such a segment",
        )),
        Some(key) => Ok(key),
        None => Err(Flaw::new(0..text.len(), format!("`{text}` is no key"))
            .help("write the number: 100, or 0x64")),
    }
}

fn split(text: &str) -> Result<(&str, &str, usize), Flaw> {
    match text.split_once(':') {
        Some((kind, rest)) => Ok((kind, rest, kind.len() + 1)),
        None => Err(Flaw::new(
            0..text.len(),
            format!("`{text}` is no place where a service can be"),
        )
        .help("write tcp:12345, tcp:127.0.0.1:12345, udp:7000, unix:/tmp/socket or shm:100")),
    }
}

fn unknown(kind: &str, known: &[&str]) -> Flaw {
    Flaw::new(0..kind.len(), format!("`{kind}` is no kind of socket"))
        .suggest(nearest(kind, known.iter().copied()))
        .help_if_none(&format!("known here: {}", known.join(", ")))
}

fn address(text: &str, at: usize) -> Result<(Option<IpAddr>, u16), Flaw> {
    let (ip, port) = match text.rsplit_once(':') {
        None => (None, text),
        Some((ip, port)) => {
            let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
            let parsed: Option<IpAddr> = match bare {
                Some(bare) => bare.parse().ok().filter(IpAddr::is_ipv6),
                None => ip.parse().ok().filter(IpAddr::is_ipv4),
            };
            let Some(parsed) = parsed else {
                return Err(
                    Flaw::new(at..at + ip.len(), format!("`{ip}` is no IP address")).help(
                        if ip.contains(':') {
                            "an IPv6 address stands in brackets: tcp:[::1]:12345"
                        } else {
                            "an address is written in numbers: tcp:127.0.0.1:12345"
                        },
                    ),
                );
            };
            (Some(parsed), port)
        }
    };
    match port.parse() {
        Ok(0) | Err(_) => {
            let start = at + text.len() - port.len();
            Err(
                Flaw::new(start..start + port.len(), format!("`{port}` is no port"))
                    .help("a port is a number from 1 to 65535"),
            )
        }
        Ok(port) => Ok((ip, port)),
    }
}

fn path(text: &str, at: usize) -> Result<String, Flaw> {
    let flaw = |message: &str| Err(Flaw::new(at..at + text.len(), message));
    if !text.starts_with('/') {
        flaw("the path of a Unix socket starts with `/`")
    } else if text.len() > 107 {
        // unix(7): sun_path has 108 bytes with the NUL.
        flaw("the path of a Unix socket has at most 107 bytes")
    } else {
        Ok(text.to_owned())
    }
}
