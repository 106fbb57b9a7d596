//! Byte strings that stay readable in JSON.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes that a program wrote, sent or stored; not necessarily text.
///
/// In JSON they are a string in which printable text stands for itself and every other byte is `\xNN`; a backslash is
/// `\\`. The form is one to one, so nothing is lost on the way to disk and back.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The bytes as text, with what is not UTF-8 replaced; for matching and showing, not for comparing bytes.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The readable one-to-one form that JSON uses: `Hello\x00`.
    #[must_use]
    pub fn escaped(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    c if c.is_control() => {
                        let mut buffer = [0; 4];
                        for byte in c.encode_utf8(&mut buffer).bytes() {
                            push_hex(&mut out, byte);
                        }
                    }
                    c => out.push(c),
                }
            }
            for byte in chunk.invalid() {
                push_hex(&mut out, *byte);
            }
        }
        out
    }

    /// Reads the form that [`Bytes::escaped`] writes.
    ///
    /// # Errors
    /// A backslash that begins no known escape, with its position in characters.
    pub fn from_escaped(text: &str) -> Result<Self, String> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            let escape = &rest[at + 1..];
            let (byte, used) = match escape.as_bytes() {
                [b'\\', ..] => (b'\\', 1),
                [b'n', ..] => (b'\n', 1),
                [b'x', high, low, ..] => {
                    let nibble = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
                    match (nibble(*high), nibble(*low)) {
                        (Some(high), Some(low)) => (high << 4 | low, 3),
                        _ => return Err(format!("\\x wants two hexadecimal digits, in {text:?}")),
                    }
                }
                _ => return Err(format!("unknown escape in {text:?}")),
            };
            out.push(byte);
            rest = &escape[used..];
        }
        out.extend_from_slice(rest.as_bytes());
        Ok(Self(out))
    }
}

fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    out.push_str("\\x");
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 0xf)]);
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escaped())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.escaped())
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_escaped(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn every_byte_survives_the_way_to_disk_and_back() {
        let all: Vec<u8> = (0..=255).chain("ä \\ \\x41 \u{7f}\u{85}".bytes()).collect();
        let bytes = Bytes(all);
        assert_eq!(Bytes::from_escaped(&bytes.escaped()), Ok(bytes));
    }

    #[test]
    fn text_stays_readable() {
        assert_eq!(Bytes::from("Hello\0").escaped(), "Hello\\x00");
        assert_eq!(Bytes::from("é\n").escaped(), "é\\n");
    }

    #[test]
    fn a_broken_escape_is_an_error_not_a_guess() {
        for broken in ["\\", "\\q", "\\x4", "\\xzz"] {
            assert!(Bytes::from_escaped(broken).is_err(), "{broken}");
        }
    }
}
