//! Where an actor serves, as others are told.

use serde::{Deserialize, Serialize};

use crate::{Address, Bytes, SocketKind};

/// Where an actor could be reached when it first served its [`crate::Endpoint`]: what others fill in for `{{server.listens}}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The type of its socket.
    pub kind: SocketKind,
    /// What that was bound to. A relative path is one of the folder in which every actor starts.
    pub address: Address,
}

/// What is asked of a [`Served`] place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServedPart {
    /// All of it, as steps of peers write it: `tcp:40123`, `unix-stream:/tmp/s`.
    Place,
    /// The path of a Unix socket.
    Path,
    /// The port.
    Port,
    /// An IP address at which a program of this machine reaches it.
    Ip,
}

impl Served {
    /// A part of it as programs are given it, which is what they would have to write into an address; `None`: there is no such part.
    #[must_use]
    pub fn text(&self, part: ServedPart) -> Option<Bytes> {
        let text = |text: String| Some(Bytes(text.into_bytes()));
        match (part, &self.address) {
            (ServedPart::Place, address) => {
                let kind = self.kind_name(address)?;
                let rest = match address {
                    Address::Path(path) => {
                        return Some(Bytes([kind.as_bytes(), b":", &path.0].concat()));
                    }
                    Address::Inet(at) if at.ip().is_unspecified() => at.port().to_string(),
                    Address::Inet(at) => at.to_string(),
                    Address::Abstract(_) | Address::Unnamed | Address::Other(_) => return None,
                };
                text(format!("{kind}:{rest}"))
            }
            (ServedPart::Path, Address::Path(path)) => Some(path.clone()),
            (ServedPart::Port, Address::Inet(at)) => text(at.port().to_string()),
            (ServedPart::Ip, Address::Inet(at)) => text(match at.ip() {
                // One that listens at `::` is reached by IPv4, too.
                ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
                ip => ip.to_string(),
            }),
            (
                ServedPart::Path | ServedPart::Port | ServedPart::Ip,
                Address::Inet(_)
                | Address::Path(_)
                | Address::Abstract(_)
                | Address::Unnamed
                | Address::Other(_),
            ) => None,
        }
    }

    /// The same as it stands in a peer's step. A program chose the path, and no path of a program's becomes a word of the script:
    /// one that has other characters than paths mostly have is written in hexadecimal digits, `unix-stream:hex:2f74`.
    #[must_use]
    pub fn text_in_step(&self, part: ServedPart) -> Option<String> {
        let Address::Path(path) = &self.address else {
            return Some(self.text(part)?.to_text());
        };
        let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@%=,~#".contains(byte);
        let path = match path.0.iter().all(is_usual) {
            true => path.to_text(),
            false => {
                let digits = path.0.iter().map(|byte| format!("{byte:02x}"));
                format!("{HEX_PATH}{}", digits.collect::<String>())
            }
        };
        match part {
            ServedPart::Place => Some(format!("{}:{path}", self.kind_name(&self.address)?)),
            ServedPart::Path => Some(path),
            ServedPart::Port | ServedPart::Ip => None,
        }
    }

    /// What steps of peers call such a socket.
    fn kind_name(&self, address: &Address) -> Option<String> {
        let unix = |kind: &str| Some(format!("unix-{kind}"));
        match (address, self.kind) {
            (Address::Inet(_), SocketKind::Stream) => Some("tcp".to_owned()),
            (Address::Inet(_), SocketKind::Datagram) => Some("udp".to_owned()),
            (Address::Path(_), SocketKind::Stream) => unix("stream"),
            (Address::Path(_), SocketKind::Datagram) => unix("dgram"),
            (Address::Path(_), SocketKind::Seqpacket) => unix("seqpacket"),
            (
                Address::Inet(_)
                | Address::Path(_)
                | Address::Abstract(_)
                | Address::Unnamed
                | Address::Other(_),
                SocketKind::Stream
                | SocketKind::Datagram
                | SocketKind::Seqpacket
                | SocketKind::Queue
                | SocketKind::Fifo
                | SocketKind::Other,
            ) => None,
        }
    }
}

/// What stands before a path in hexadecimal digits, which begins like no path does.
pub const HEX_PATH: &str = "hex:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_served_place_is_what_a_client_has_to_write() {
        let check = |kind, address: &Address, part, text: Option<&str>, in_step: Option<&str>| {
            let served = Served {
                kind,
                address: address.clone(),
            };
            let seen = served.text(part).map(|text| text.to_text());
            assert_eq!(seen.as_deref(), text, "{address} {part:?}");
            let seen = served.text_in_step(part);
            assert_eq!(seen.as_deref(), in_step, "{address} {part:?} in a step");
        };
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let path = |text: &str| Address::Path(Bytes::from(text));
        let same = |kind, address: &Address, part, text| check(kind, address, part, text, text);
        use ServedPart::{Ip, Path, Place, Port};
        use SocketKind::{Datagram, Stream};
        same(Stream, &inet("0.0.0.0:9"), Place, Some("tcp:9"));
        same(Stream, &inet("[::]:9"), Ip, Some("127.0.0.1"));
        same(Stream, &inet("[::1]:9"), Place, Some("tcp:[::1]:9"));
        same(
            Datagram,
            &inet("127.0.0.2:9"),
            Place,
            Some("udp:127.0.0.2:9"),
        );
        same(Datagram, &inet("127.0.0.2:9"), Port, Some("9"));
        same(Datagram, &inet("127.0.0.2:9"), Path, None);
        same(Stream, &path("/tmp/s"), Place, Some("unix-stream:/tmp/s"));
        same(Datagram, &path("us.sock"), Path, Some("us.sock"));
        same(Stream, &path("/tmp/s"), Port, None);
        // Whatever a program calls its file, it is one word of a step.
        check(Stream, &path("a b"), Path, Some("a b"), Some("hex:612062"));
        check(
            Stream,
            &path("'x"),
            Place,
            Some("unix-stream:'x"),
            Some("unix-stream:hex:2778"),
        );
        check(
            Datagram,
            &path("hex:00"),
            Path,
            Some("hex:00"),
            Some("hex:6865783a3030"),
        );
    }
}
