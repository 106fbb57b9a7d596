//! What `perror` says for an errno, so that a finding and the program's own message can be laid side by side.

use ipclab_evidence::Errno;

/// `errno(3)` with the words of `strerror(3)` in the C locale, for what this kind of program meets.
const WORDS: &[(Errno, &str)] = &[
    (Errno::EACCES, "Permission denied"),
    (Errno::EADDRINUSE, "Address already in use"),
    (Errno::EADDRNOTAVAIL, "Cannot assign requested address"),
    (
        Errno::EAFNOSUPPORT,
        "Address family not supported by protocol",
    ),
    (Errno::EAGAIN, "Resource temporarily unavailable"),
    (Errno::EBADF, "Bad file descriptor"),
    (Errno::ECONNABORTED, "Software caused connection abort"),
    (Errno::ECONNREFUSED, "Connection refused"),
    (Errno::ECONNRESET, "Connection reset by peer"),
    (Errno::EDESTADDRREQ, "Destination address required"),
    (Errno::EEXIST, "File exists"),
    (Errno::EFAULT, "Bad address"),
    (Errno::EHOSTUNREACH, "No route to host"),
    (Errno::EIDRM, "Identifier removed"),
    (Errno::EINTR, "Interrupted system call"),
    (Errno::EINVAL, "Invalid argument"),
    (Errno::EIO, "Input/output error"),
    (Errno::EISCONN, "Transport endpoint is already connected"),
    (Errno::EMFILE, "Too many open files"),
    (Errno::EMSGSIZE, "Message too long"),
    (Errno::ENAMETOOLONG, "File name too long"),
    (Errno::ENETUNREACH, "Network is unreachable"),
    (Errno::ENOBUFS, "No buffer space available"),
    (Errno::ENOENT, "No such file or directory"),
    (Errno::ENOMEM, "Cannot allocate memory"),
    (Errno::ENOSPC, "No space left on device"),
    (Errno::ENOTCONN, "Transport endpoint is not connected"),
    (Errno::ENOTSOCK, "Socket operation on non-socket"),
    (Errno::EOPNOTSUPP, "Operation not supported"),
    (Errno::EPERM, "Operation not permitted"),
    (Errno::EPIPE, "Broken pipe"),
    (Errno::EPROTONOSUPPORT, "Protocol not supported"),
    (Errno::EPROTOTYPE, "Protocol wrong type for socket"),
    (Errno::ETIMEDOUT, "Connection timed out"),
];

/// `EADDRINUSE (Address already in use)`
pub(crate) fn described(errno: Errno) -> String {
    match WORDS.iter().find(|(known, _)| *known == errno) {
        Some((_, words)) => format!("{errno} ({words})"),
        None => errno.to_string(),
    }
}

/// Whether a text has the words of some errno.
pub(crate) fn is_described_in(text: &str) -> bool {
    WORDS.iter().any(|(_, words)| text.contains(words))
}
