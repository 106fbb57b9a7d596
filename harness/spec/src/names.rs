//! Names that the kernel gives: calls, errnos, signals; and what was probably meant when one is misspelt.

/// The name among `known` that is most like `name`, if one is like it at all.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long rubbish is like nothing, and comparing it costs its length squared.
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|known| {
            let likeness = strsim::damerau_levenshtein(&lower, &known.to_lowercase());
            (likeness, known)
        })
        .filter(|(distance, known)| {
            *distance <= known.chars().count().max(lower.chars().count()).div_ceil(3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Whether this is a system call of Linux.
pub(crate) fn is_call(name: &str) -> bool {
    CALLS.split_whitespace().any(|known| known == name)
}

/// Whether this is an errno's name.
pub(crate) fn is_errno(name: &str) -> bool {
    errnos().any(|known| known == name)
}

/// Every errno of Linux, errno(3).
pub(crate) fn errnos() -> impl Iterator<Item = &'static str> {
    ERRNOS.split_whitespace()
}

/// Whether this is a signal's name.
pub(crate) fn is_signal(name: &str) -> bool {
    signals().any(|known| known == name)
}

/// The standard signals, signal(7).
pub(crate) fn signals() -> impl Iterator<Item = &'static str> {
    SIGNALS.split_whitespace()
}

/// The system calls of x86-64 and aarch64, syscalls(2).
const CALLS: &str = "\
    accept accept4 access acct add_key adjtimex alarm arch_prctl bind bpf brk capget capset chdir chmod chown chroot \
    clock_adjtime clock_getres clock_gettime clock_nanosleep clock_settime clone clone3 close close_range connect \
    copy_file_range creat delete_module dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 \
    epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate \
    fanotify_init fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr \
    finit_module flistxattr flock fork fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat fstatfs fsync \
    ftruncate futex futex_waitv futimesat get_mempolicy get_robust_list getcpu getcwd getdents getdents64 getegid \
    geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid \
    getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr init_module \
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents \
    io_setup io_submit io_uring_enter io_uring_register io_uring_setup ioctl ioperm iopl ioprio_get ioprio_set kcmp \
    kexec_file_load kexec_load keyctl kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown \
    lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat madvise mbind membarrier \
    memfd_create memfd_secret migrate_pages mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap \
    modify_ldt mount mount_setattr move_mount move_pages mprotect mq_getsetattr mq_notify mq_open mq_timedreceive \
    mq_timedsend mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at \
    newfstatat open open_by_handle_at open_tree openat openat2 pause perf_event_open personality pidfd_getfd \
    pidfd_open pidfd_send_signal pipe pipe2 pivot_root pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 \
    preadv preadv2 prlimit64 process_madvise process_mrelease process_vm_readv process_vm_writev pselect6 ptrace \
    pwrite64 pwritev pwritev2 quotactl quotactl_fd read readahead readlink readlinkat readv reboot recvfrom recvmmsg \
    recvmsg remap_file_pages removexattr rename renameat renameat2 request_key restart_syscall rmdir rseq \
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait \
    rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam \
    sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler \
    sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto set_mempolicy \
    set_robust_list set_tid_address setdomainname setfsgid setfsuid setgid setgroups sethostname setitimer setns \
    setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt settimeofday setuid \
    setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socket socketpair splice stat statfs \
    statx swapoff swapon symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee tgkill time timer_create \
    timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times \
    tkill truncate umask umount2 uname unlink unlinkat unshare userfaultfd ustat utime utimensat utimes vfork \
    vhangup vmsplice wait4 waitid write writev";

const ERRNOS: &str = "\
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN EWOULDBLOCK ENOMEM EACCES EFAULT ENOTBLK \
    EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK \
    EPIPE EDOM ERANGE EDEADLK EDEADLOCK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM ECHRNG EL2NSYNC \
    EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT EBFONT ENOSTR ENODATA ETIME \
    ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD \
    EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE \
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE \
    EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN \
    ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL \
    EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD \
    ENOTRECOVERABLE ERFKILL EHWPOISON";

const SIGNALS: &str = "\
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM \
    SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF \
    SIGWINCH SIGIO SIGPWR SIGSYS";

/// What the kernel tells by calls that succeed: by shmget (pages: how many the segment takes, which hangs on their size) and shmat, by shmctl's IPC_STAT in the fields of `shmid_ds`, and
/// by getsockopt.
pub(crate) const ANSWER_NAMES: &[&str] = &[
    "shmid",
    "key",
    "pages",
    "shmaddr",
    "shm_perm.key",
    "shm_perm.uid",
    "shm_perm.gid",
    "shm_perm.cuid",
    "shm_perm.cgid",
    "shm_perm.mode",
    "shm_segsz",
    "shm_atime",
    "shm_dtime",
    "shm_ctime",
    "shm_cpid",
    "shm_lpid",
    "shm_nattch",
    "semid",
    "msqid",
    "mtype",
    "fork",
    "wait",
    "WEXITSTATUS",
    "WTERMSIG",
    "SO_REUSEADDR",
    "SO_TYPE",
    "SO_ERROR",
    "SO_BROADCAST",
    "SO_SNDBUF",
    "SO_RCVBUF",
    "SO_KEEPALIVE",
    "SO_OOBINLINE",
    "SO_LINGER",
    "SO_REUSEPORT",
    "SO_RCVLOWAT",
    "SO_ACCEPTCONN",
    "SO_DOMAIN",
    "SO_PROTOCOL",
    "TCP_NODELAY",
    "TCP_MAXSEG",
];
