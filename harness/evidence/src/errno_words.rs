//! Words of errors as programs print them: `strerror(3)` and `perror(3)` in the C locale, of the C library that they are linked with.

use crate::Errno;

/// The words of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrnoWords {
    /// Which error.
    pub errno: Errno,
    /// The words of glibc, and of the handouts.
    pub glibc: &'static str,
    /// The words of musl, where they are others.
    pub musl: Option<&'static str>,
}

impl ErrnoWords {
    /// Every wording, the usual one first.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.glibc).chain(self.musl)
    }
}

/// The errors that both libraries know, by number.
#[rustfmt::skip]
pub const ERRNO_WORDS: &[ErrnoWords] = &[
    said(Errno::EPERM, "Operation not permitted", None),
    said(Errno::ENOENT, "No such file or directory", None),
    said(Errno::ESRCH, "No such process", None),
    said(Errno::EINTR, "Interrupted system call", None),
    said(Errno::EIO, "Input/output error", Some("I/O error")),
    said(Errno::ENXIO, "No such device or address", None),
    said(Errno::E2BIG, "Argument list too long", None),
    said(Errno::ENOEXEC, "Exec format error", None),
    said(Errno::EBADF, "Bad file descriptor", None),
    said(Errno::ECHILD, "No child processes", Some("No child process")),
    said(Errno::EAGAIN, "Resource temporarily unavailable", None),
    said(Errno::ENOMEM, "Cannot allocate memory", Some("Out of memory")),
    said(Errno::EACCES, "Permission denied", None),
    said(Errno::EFAULT, "Bad address", None),
    said(Errno::ENOTBLK, "Block device required", None),
    said(Errno::EBUSY, "Device or resource busy", Some("Resource busy")),
    said(Errno::EEXIST, "File exists", None),
    said(Errno::EXDEV, "Invalid cross-device link", Some("Cross-device link")),
    said(Errno::ENODEV, "No such device", None),
    said(Errno::ENOTDIR, "Not a directory", None),
    said(Errno::EISDIR, "Is a directory", None),
    said(Errno::EINVAL, "Invalid argument", None),
    said(Errno::ENFILE, "Too many open files in system", None),
    said(Errno::EMFILE, "Too many open files", Some("No file descriptors available")),
    said(Errno::ENOTTY, "Inappropriate ioctl for device", Some("Not a tty")),
    said(Errno::ETXTBSY, "Text file busy", None),
    said(Errno::EFBIG, "File too large", None),
    said(Errno::ENOSPC, "No space left on device", None),
    said(Errno::ESPIPE, "Illegal seek", Some("Invalid seek")),
    said(Errno::EROFS, "Read-only file system", None),
    said(Errno::EMLINK, "Too many links", None),
    said(Errno::EPIPE, "Broken pipe", None),
    said(Errno::EDOM, "Numerical argument out of domain", Some("Domain error")),
    said(Errno::ERANGE, "Numerical result out of range", Some("Result not representable")),
    said(Errno::EDEADLK, "Resource deadlock avoided", Some("Resource deadlock would occur")),
    said(Errno::ENAMETOOLONG, "File name too long", Some("Filename too long")),
    said(Errno::ENOLCK, "No locks available", None),
    said(Errno::ENOSYS, "Function not implemented", None),
    said(Errno::ENOTEMPTY, "Directory not empty", None),
    said(Errno::ELOOP, "Too many levels of symbolic links", Some("Symbolic link loop")),
    said(Errno::ENOMSG, "No message of desired type", None),
    said(Errno::EIDRM, "Identifier removed", None),
    said(Errno::ENOSTR, "Device not a stream", None),
    said(Errno::ENODATA, "No data available", None),
    said(Errno::ETIME, "Timer expired", Some("Device timeout")),
    said(Errno::ENOSR, "Out of streams resources", None),
    said(Errno::ENOLINK, "Link has been severed", None),
    said(Errno::EPROTO, "Protocol error", None),
    said(Errno::EMULTIHOP, "Multihop attempted", None),
    said(Errno::EBADMSG, "Bad message", None),
    said(Errno::EOVERFLOW, "Value too large for defined data type", Some("Value too large for data type")),
    said(Errno::EBADFD, "File descriptor in bad state", None),
    said(Errno::EILSEQ, "Invalid or incomplete multibyte or wide character", Some("Illegal byte sequence")),
    said(Errno::ENOTSOCK, "Socket operation on non-socket", Some("Not a socket")),
    said(Errno::EDESTADDRREQ, "Destination address required", None),
    said(Errno::EMSGSIZE, "Message too long", Some("Message too large")),
    said(Errno::EPROTOTYPE, "Protocol wrong type for socket", None),
    said(Errno::ENOPROTOOPT, "Protocol not available", None),
    said(Errno::EPROTONOSUPPORT, "Protocol not supported", None),
    said(Errno::ESOCKTNOSUPPORT, "Socket type not supported", None),
    said(Errno::EOPNOTSUPP, "Operation not supported", Some("Not supported")),
    said(Errno::EPFNOSUPPORT, "Protocol family not supported", None),
    said(Errno::EAFNOSUPPORT, "Address family not supported by protocol", None),
    said(Errno::EADDRINUSE, "Address already in use", Some("Address in use")),
    said(Errno::EADDRNOTAVAIL, "Cannot assign requested address", Some("Address not available")),
    said(Errno::ENETDOWN, "Network is down", None),
    said(Errno::ENETUNREACH, "Network is unreachable", Some("Network unreachable")),
    said(Errno::ENETRESET, "Network dropped connection on reset", Some("Connection reset by network")),
    said(Errno::ECONNABORTED, "Software caused connection abort", Some("Connection aborted")),
    said(Errno::ECONNRESET, "Connection reset by peer", None),
    said(Errno::ENOBUFS, "No buffer space available", None),
    said(Errno::EISCONN, "Transport endpoint is already connected", Some("Socket is connected")),
    said(Errno::ENOTCONN, "Transport endpoint is not connected", Some("Socket not connected")),
    said(Errno::ESHUTDOWN, "Cannot send after transport endpoint shutdown", Some("Cannot send after socket shutdown")),
    said(Errno::ETIMEDOUT, "Connection timed out", Some("Operation timed out")),
    said(Errno::ECONNREFUSED, "Connection refused", None),
    said(Errno::EHOSTDOWN, "Host is down", None),
    said(Errno::EHOSTUNREACH, "No route to host", Some("Host is unreachable")),
    said(Errno::EALREADY, "Operation already in progress", None),
    said(Errno::EINPROGRESS, "Operation now in progress", Some("Operation in progress")),
    said(Errno::ESTALE, "Stale file handle", None),
    said(Errno::EREMOTEIO, "Remote I/O error", None),
    said(Errno::EDQUOT, "Disk quota exceeded", Some("Quota exceeded")),
    said(Errno::ENOMEDIUM, "No medium found", None),
    said(Errno::EMEDIUMTYPE, "Wrong medium type", None),
    said(Errno::ECANCELED, "Operation canceled", None),
    said(Errno::ENOKEY, "Required key not available", None),
    said(Errno::EKEYEXPIRED, "Key has expired", None),
    said(Errno::EKEYREVOKED, "Key has been revoked", None),
    said(Errno::EKEYREJECTED, "Key was rejected by service", None),
    said(Errno::EOWNERDEAD, "Owner died", Some("Previous owner died")),
    said(Errno::ENOTRECOVERABLE, "State not recoverable", None),
];

const fn said(errno: Errno, glibc: &'static str, musl: Option<&'static str>) -> ErrnoWords {
    ErrnoWords { errno, glibc, musl }
}

impl Errno {
    /// What `strerror(3)` says for it; `None`: no library has words for it.
    #[must_use]
    pub fn words(self) -> Option<&'static ErrnoWords> {
        ERRNO_WORDS.iter().find(|words| words.errno == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the C library says that these tests are linked with, one of the two.
    #[test]
    fn words_are_those_of_this_library() {
        for words in ERRNO_WORDS {
            let said = std::io::Error::from_raw_os_error(words.errno.number()).to_string();
            let said = said.split(" (os error").next().unwrap_or_default();
            assert!(words.all().any(|known| known == said), "{words:?}: {said}");
        }
        let memory = Errno::ENOMEM.words().expect("words");
        assert_eq!(memory.glibc, "Cannot allocate memory");
        assert_eq!(memory.musl, Some("Out of memory"));
    }
}
