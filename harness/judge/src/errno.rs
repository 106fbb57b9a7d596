//! What `perror` says for an errno, so that a finding and the program's own message can be laid side by side.

use ipclab_evidence::{ERRNO_WORDS, Errno};

/// `EADDRINUSE (Address already in use)`
pub(crate) fn described(errno: Errno) -> String {
    match errno.words() {
        Some(words) => format!("{errno} ({})", words.glibc),
        None => errno.to_string(),
    }
}

/// Whether a text has the words of some errno, as any C library says them.
pub(crate) fn is_described_in(text: &str) -> bool {
    let mut wordings = ERRNO_WORDS.iter().flat_map(|words| words.all());
    wordings.any(|words| text.contains(words))
}
