//! Documents on a pipe: a length, then JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// No honest plan or evidence comes near this; a larger length means that the stream is out of step.
const MAX_BYTES: u32 = 256 << 20;

/// Writes one document.
pub(crate) fn write<T: Serialize>(to: impl Write, document: &T) -> io::Result<()> {
    write_body(to, &serde_json::to_vec(document).map_err(io::Error::other)?)
}

/// Writes one document that is JSON already.
pub(crate) fn write_body(mut to: impl Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    // All at once: the reader is woken once.
    let mut document = Vec::with_capacity(4 + body.len());
    document.extend_from_slice(&length.to_le_bytes());
    document.extend_from_slice(body);
    to.write_all(&document)?;
    to.flush()
}

/// Reads one document; `None` at a clean end of the stream.
pub(crate) fn read<T: DeserializeOwned>(from: impl Read) -> io::Result<Option<T>> {
    let Some(body) = read_body(from)? else {
        return Ok(None);
    };
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(io::Error::other)
}

/// Reads one document as its JSON; `None` at a clean end of the stream.
pub(crate) fn read_body(mut from: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let mut got = 0;
    while got < length.len() {
        match from.read(&mut length[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the box's answer is out of step",
        ));
    }
    let mut body = vec![0; length as usize];
    from.read_exact(&mut body)?;
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_come_back_in_order_and_a_cut_one_is_an_error() {
        let mut stream = Vec::new();
        super::write(&mut stream, &"one").unwrap();
        super::write(&mut stream, &"two").unwrap();
        let mut from = stream.as_slice();
        assert_eq!(
            super::read::<String>(&mut from).unwrap().as_deref(),
            Some("one")
        );
        assert_eq!(
            super::read::<String>(&mut from).unwrap().as_deref(),
            Some("two")
        );
        assert!(super::read::<String>(&mut from).unwrap().is_none());
        assert!(super::read::<String>(&stream[..stream.len() - 1][7..]).is_err());
    }
}
