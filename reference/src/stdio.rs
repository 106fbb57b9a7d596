//! The two streams that a program talks on.
//!
//! Like C's `printf`, and unlike `println!`, these go on when the stream is closed or full: a server must not die because
//! its terminal went away. Each line is handed over whole, newline included, so that it is seen at once on a pipe too.

use std::fmt::Display;
use std::io::{self, BufRead, Read, Write};

/// The most that one line of input, or one message of a stream, may be: 64 MiB. A bound so that a peer or a pipe that
/// never ends its line cannot take the machine's memory.
pub(crate) const LONGEST_MESSAGE: usize = 64 << 20;

/// Prints one line on stdout. The bytes go out as they are: what a peer sends need not be UTF-8.
pub(crate) fn say(line: impl AsRef<[u8]>) {
    let _ = io::stdout()
        .lock()
        .write_all(&[line.as_ref(), b"\n"].concat());
}

/// Prints one line on stderr.
pub(crate) fn complain(line: impl Display) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// Reads one line from stdin, without its newline. `None`: the end came before any byte.
///
/// The last line of a file may lack its newline and is a line all the same, as `gets` has it.
///
/// # Errors
/// Whatever `read` gives, and `EMSGSIZE` for a line of more than [`LONGEST_MESSAGE`] bytes.
pub(crate) fn read_line() -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    io::stdin()
        .lock()
        .take(LONGEST_MESSAGE as u64)
        .read_until(b'\n', &mut line)?;
    if line.pop_if(|last| *last == b'\n').is_none() {
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() == LONGEST_MESSAGE {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        }
    }
    Ok(Some(line))
}

/// What C's `%s` would print of `bytes`: everything before the first NUL, but never past the end.
pub(crate) fn c_text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::c_text;

    #[test]
    fn text_ends_at_its_nul_or_at_its_end() {
        for (bytes, expect) in [
            (&b"Hello\0rest"[..], &b"Hello"[..]),
            (b"no NUL at all", b"no NUL at all"),
            (b"\0", b""),
            (b"", b""),
        ] {
            assert_eq!(c_text(bytes), expect);
        }
    }
}
