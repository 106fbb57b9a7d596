//! Which errors a call may well fail with: one table, from the ERRORS sections of the calls' manual pages (section 2).
//!
//! Only errors that end what the program is about. `EINTR` and `ECONNABORTED` are not among them: a careful program goes
//! on after those, and a case that wants them says so in a fault of its own.

use nix::errno::Errno;

/// The errors to try, the likeliest first.
pub(crate) fn errors(call: &str) -> &'static [Errno] {
    match call {
        "socket" => &[Errno::EMFILE, Errno::EACCES],
        "socketpair" | "pipe" | "dup" | "eventfd" => &[Errno::EMFILE],
        "bind" => &[Errno::EADDRINUSE, Errno::EACCES],
        "listen" => &[Errno::EADDRINUSE],
        "accept" => &[Errno::EMFILE, Errno::ENOMEM],
        "connect" => &[Errno::ECONNREFUSED, Errno::ETIMEDOUT],
        "send" => &[Errno::ECONNRESET, Errno::ENOBUFS],
        "recv" => &[Errno::ECONNRESET, Errno::ENOMEM],
        "read" => &[Errno::EIO],
        "write" => &[Errno::ENOSPC, Errno::EIO],
        "shutdown" => &[Errno::ENOTCONN],
        "getsockopt" | "setsockopt" => &[Errno::ENOBUFS],
        "getsockname" | "getpeername" => &[Errno::ENOBUFS],
        "poll" => &[Errno::ENOMEM],
        "shmget" => &[Errno::ENOSPC, Errno::EACCES],
        "shmat" => &[Errno::EACCES, Errno::ENOMEM],
        "shmdt" => &[Errno::EINVAL],
        "shmctl" | "semctl" | "msgctl" => &[Errno::EPERM],
        "semget" | "msgget" => &[Errno::ENOSPC, Errno::EACCES],
        "semop" => &[Errno::EIDRM],
        "msgsnd" | "msgrcv" => &[Errno::EIDRM],
        "fork" => &[Errno::EAGAIN],
        "wait" => &[Errno::ECHILD],
        "open" => &[Errno::EACCES, Errno::EMFILE],
        "close" => &[Errno::EIO],
        "unlink" => &[Errno::EACCES],
        "stat" => &[Errno::ENOENT],
        "mmap" => &[Errno::ENOMEM],
        _ => &[Errno::EINVAL],
    }
}

/// The error's name as manual pages write it: `ENOSPC`.
pub(crate) fn name(errno: Errno) -> String {
    format!("{errno:?}")
}

/// What `strerror(3)` says for an error's name, as glibc words it; `None`: it has no words.
///
/// Never asked of the C library that the tool is linked with, which need not be that of a student's program.
pub(crate) fn message(name: &str) -> Option<String> {
    let words = ipclab_evidence::Errno::from_name(name)?.words()?;
    Some(words.glibc.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_strerror() {
        assert_eq!(
            message("EADDRINUSE").as_deref(),
            Some("Address already in use")
        );
        assert_eq!(
            message("ENOSPC").as_deref(),
            Some("No space left on device")
        );
        assert_eq!(
            message("EAGAIN").as_deref(),
            Some("Resource temporarily unavailable")
        );
        assert_eq!(message("ENOTHING"), None);
    }

    #[test]
    fn every_error_of_the_table_has_a_message() {
        for call in ["socket", "bind", "shmget", "semop", "fork", "anything"] {
            for errno in errors(call) {
                assert!(message(&name(*errno)).is_some(), "{call} {errno}");
            }
        }
    }
}
