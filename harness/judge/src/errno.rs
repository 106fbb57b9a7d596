//! What `perror` says for an errno, so that a finding and the program's own message can be laid side by side.

use crate::quote::shown;

/// `errno(3)` with the words of `strerror(3)` in the C locale, for what this kind of program meets.
const WORDS: &[(&str, &str)] = &[
    ("EACCES", "Permission denied"),
    ("EADDRINUSE", "Address already in use"),
    ("EADDRNOTAVAIL", "Cannot assign requested address"),
    ("EAFNOSUPPORT", "Address family not supported by protocol"),
    ("EAGAIN", "Resource temporarily unavailable"),
    ("EBADF", "Bad file descriptor"),
    ("ECONNABORTED", "Software caused connection abort"),
    ("ECONNREFUSED", "Connection refused"),
    ("ECONNRESET", "Connection reset by peer"),
    ("EDESTADDRREQ", "Destination address required"),
    ("EEXIST", "File exists"),
    ("EFAULT", "Bad address"),
    ("EHOSTUNREACH", "No route to host"),
    ("EIDRM", "Identifier removed"),
    ("EINTR", "Interrupted system call"),
    ("EINVAL", "Invalid argument"),
    ("EIO", "Input/output error"),
    ("EISCONN", "Transport endpoint is already connected"),
    ("EMFILE", "Too many open files"),
    ("EMSGSIZE", "Message too long"),
    ("ENAMETOOLONG", "File name too long"),
    ("ENETUNREACH", "Network is unreachable"),
    ("ENOBUFS", "No buffer space available"),
    ("ENOENT", "No such file or directory"),
    ("ENOMEM", "Cannot allocate memory"),
    ("ENOSPC", "No space left on device"),
    ("ENOTCONN", "Transport endpoint is not connected"),
    ("ENOTSOCK", "Socket operation on non-socket"),
    ("EOPNOTSUPP", "Operation not supported"),
    ("EPERM", "Operation not permitted"),
    ("EPIPE", "Broken pipe"),
    ("EPROTONOSUPPORT", "Protocol not supported"),
    ("EPROTOTYPE", "Protocol wrong type for socket"),
    ("ETIMEDOUT", "Connection timed out"),
];

/// `EADDRINUSE (Address already in use)`
pub(crate) fn described(errno: &str) -> String {
    match WORDS.iter().find(|(name, _)| *name == errno) {
        Some((name, words)) => format!("{name} ({words})"),
        None => shown(errno),
    }
}

/// Whether a text has the words of some errno.
pub(crate) fn is_told_in(text: &str) -> bool {
    WORDS.iter().any(|(_, words)| text.contains(words))
}
