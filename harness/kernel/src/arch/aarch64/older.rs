//! Calls that this processor does not have, since others do the same, and those that not every C library names.
//!
//! What is not there has a number below 0, which no call has: the filter ends a program that makes one, so that no row of
//! such a number is ever met.
#![allow(non_upper_case_globals)]

macro_rules! absent {
    ($($name:ident = $number:literal),* $(,)?) => {
        $(
            #[doc = concat!("There is no `", stringify!($name), "`.")]
            pub const $name: i64 = $number;
        )*
    };
}

absent! {
    SYS_access = -2,
    SYS_alarm = -3,
    SYS_arch_prctl = -4,
    SYS_chmod = -5,
    SYS_chown = -6,
    SYS_creat = -7,
    SYS_dup2 = -8,
    SYS_epoll_create = -9,
    SYS_epoll_wait = -10,
    SYS_fork = -11,
    SYS_getpgrp = -12,
    SYS_lchown = -13,
    SYS_link = -14,
    SYS_lstat = -15,
    SYS_mkdir = -16,
    SYS_mknod = -17,
    SYS_open = -18,
    SYS_pause = -19,
    SYS_pipe = -20,
    SYS_poll = -21,
    SYS_readlink = -22,
    SYS_rename = -23,
    SYS_rmdir = -24,
    SYS_select = -25,
    SYS_stat = -26,
    SYS_symlink = -27,
    SYS_time = -28,
    SYS_unlink = -29,
    SYS_vfork = -30,
}

/// `renameat(2)`.
pub const SYS_renameat: i64 = 38;
/// `getrlimit(2)`.
pub const SYS_getrlimit: i64 = 163;
/// `setrlimit(2)`.
pub const SYS_setrlimit: i64 = 164;
/// `kexec_file_load(2)`.
pub const SYS_kexec_file_load: i64 = 294;
