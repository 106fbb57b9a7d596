//! Errors of system calls, `errno(3)`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a call failed: the number that the C library keeps in `errno`. In JSON it is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(u16);

/// What no program ever sees: the kernel makes the call again, or turns it into `EINTR`, `linux/errno.h`.
const RESTARTS: std::ops::RangeInclusive<u16> = 512..=516;

macro_rules! errnos {
    ($($name:ident),* $(,)?) => {
        /// Every errno of Linux that has a name, one name each.
        const ERRNOS: &[(u16, &str)] = &[$((libc::$name as u16, stringify!($name))),*];

        impl Errno {
            $(#[doc = concat!("`", stringify!($name), "`")]
            pub const $name: Self = Self(libc::$name as u16);)*
        }
    };
}

#[rustfmt::skip]
errnos![
    EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM,
    EACCES, EFAULT, ENOTBLK, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE,
    EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK,
    ENAMETOOLONG, ENOLCK, ENOSYS, ENOTEMPTY, ELOOP, ENOMSG, EIDRM, ECHRNG, EL2NSYNC, EL3HLT,
    EL3RST, ELNRNG, EUNATCH, ENOCSI, EL2HLT, EBADE, EBADR, EXFULL, ENOANO, EBADRQC, EBADSLT,
    EBFONT, ENOSTR, ENODATA, ETIME, ENOSR, ENONET, ENOPKG, EREMOTE, ENOLINK, EADV, ESRMNT,
    ECOMM, EPROTO, EMULTIHOP, EDOTDOT, EBADMSG, EOVERFLOW, ENOTUNIQ, EBADFD, EREMCHG, ELIBACC,
    ELIBBAD, ELIBSCN, ELIBMAX, ELIBEXEC, EILSEQ, ERESTART, ESTRPIPE, EUSERS, ENOTSOCK,
    EDESTADDRREQ, EMSGSIZE, EPROTOTYPE, ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT,
    EOPNOTSUPP, EPFNOSUPPORT, EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH,
    ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ESHUTDOWN, ETOOMANYREFS,
    ETIMEDOUT, ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EALREADY, EINPROGRESS, ESTALE, EUCLEAN,
    ENOTNAM, ENAVAIL, EISNAM, EREMOTEIO, EDQUOT, ENOMEDIUM, EMEDIUMTYPE, ECANCELED, ENOKEY,
    EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED, EOWNERDEAD, ENOTRECOVERABLE, ERFKILL, EHWPOISON,
];

impl Errno {
    /// The errno of this number.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0.into()
    }

    /// The errno of this name, as [`fmt::Display`] writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = ERRNOS.iter().find(|(_, known)| *known == name);
        let number = || name.strip_prefix("errno ")?.parse().ok();
        known.map(|(number, _)| *number).or_else(number).map(Self)
    }

    /// Its name: `EADDRINUSE`. `None`: it has none.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        if self.is_restart() {
            return Some("ERESTART");
        }
        let known = ERRNOS.iter().find(|(number, _)| *number == self.0);
        known.map(|(_, name)| *name)
    }

    /// Whether the call never returned to its program with it: a signal met the call while it was blocked.
    #[must_use]
    pub fn is_restart(self) -> bool {
        RESTARTS.contains(&self.0) || self == Self::ERESTART
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl Serialize for Errno {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Errno {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| de::Error::custom(format_args!("there is no errno {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn every_number_has_a_name_that_reads_back() {
        for number in (1..=600).filter(|number| !(512..=516).contains(number)) {
            let errno = Errno::from_number(number);
            assert_eq!(Errno::from_name(&errno.to_string()), Some(errno));
        }
        assert_eq!(Errno::from_name("ENONSENSE"), None);
    }

    #[test]
    fn names_are_those_of_the_manual() {
        for (errno, name) in [
            (Errno::EADDRINUSE, "EADDRINUSE"),
            (Errno::from_number(libc::EWOULDBLOCK), "EAGAIN"),
            (Errno::from_number(libc::ENOTSUP), "EOPNOTSUPP"),
            (Errno::from_number(512), "ERESTART"),
            (Errno::from_number(140), "errno 140"),
        ] {
            assert_eq!(errno.to_string(), name);
        }
    }
}
