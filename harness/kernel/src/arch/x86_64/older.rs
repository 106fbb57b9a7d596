//! Calls that newer processors do not have, since others do the same, and those that not every C library names: here by the
//! kernel's numbers.

pub use libc::{
    SYS_access, SYS_alarm, SYS_arch_prctl, SYS_chmod, SYS_chown, SYS_creat, SYS_dup2,
    SYS_epoll_create, SYS_epoll_wait, SYS_fork, SYS_getpgrp, SYS_getrlimit, SYS_kexec_file_load,
    SYS_lchown, SYS_link, SYS_lstat, SYS_mkdir, SYS_mknod, SYS_open, SYS_pause, SYS_pipe, SYS_poll,
    SYS_readlink, SYS_rename, SYS_renameat, SYS_rmdir, SYS_select, SYS_setrlimit, SYS_stat,
    SYS_symlink, SYS_time, SYS_unlink, SYS_vfork,
};
