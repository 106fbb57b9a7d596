/* Attacks on what others own: files, processes, the box, the one who grades. */
#include "attack.h"

static void secret(char **a) { read_what(a[0]); }
static void shadow(char **a)
{
    read_what("/etc/shadow");
    read_what("/etc/gshadow");
}
static void homes(char **a)
{
    const char *homes[] = {"/root", "/home", "/var/spool", "/srv", 0};
    for (const char **home = homes; *home; home++) {
        DIR *folder = opendir(*home);
        struct dirent *entry;
        while (folder && (entry = readdir(folder)))
            if (entry->d_name[0] != '.')
                got(entry->d_name);
    }
}
static void first_process(char **a)
{
    char path[64];
    const char *files[] = {"mem", "environ", "maps", "root/etc/hostname", "exe", "fd/0", "fd/3", "auxv", 0};
    pid_t who[] = {1, getppid(), 0};
    for (int n = 0; who[n] > 0; n++)
        for (const char **file = files; *file; file++) {
            snprintf(path, sizeof path, "/proc/%d/%s", who[n], *file);
            refused(path, open(path, O_RDWR));
            read_what(path);
        }
}
static void trace_others(char **a)
{
    refused("ptrace 1", ptrace(PTRACE_SEIZE, 1, 0, 0));
    refused("ptrace parent", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
    char byte = 0;
    struct iovec own = {&byte, 1}, other = {&byte, 1};
    refused("process_vm_writev", process_vm_writev(1, &own, 1, &other, 1, 0));
    refused("process_vm_readv", process_vm_readv(getppid(), &own, 1, &other, 1, 0));
    int one = syscall(SYS_pidfd_open, 1, 0);
    refused("pidfd_getfd", one < 0 ? -1 : syscall(SYS_pidfd_getfd, one, 3, 0));
}
static void kill_everybody(char **a)
{
    kill(-1, SIGKILL);
    if (getppid() > 0)
        kill(getppid(), SIGKILL);
    kill(1, SIGKILL);
    for (int pid = 2; pid < 40; pid++)
        if (pid != getpid())
            kill(pid, SIGSTOP);
}
/* Every process but its own; a refusal is what has to come of it, whoever they are. */
static void neighbours(char **a)
{
    struct rlimit limit = {1, 1};
    struct sched_param none = {0};
    DIR *all = opendir("/proc");
    for (struct dirent *one; all && (one = readdir(all));) {
        int pid = atoi(one->d_name);
        if (pid <= 1 || pid == getpid())
            continue;
        refused("prlimit", prlimit(pid, RLIMIT_CPU, &limit, 0));
        refused("setpriority", setpriority(PRIO_PROCESS, pid, 19));
        refused("sched_setscheduler", sched_setscheduler(pid, SCHED_IDLE, &none));
        refused("tgkill", syscall(SYS_tgkill, pid, pid, SIGSTOP));
        refused("pidfd_send_signal", syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, pid, 0), SIGSTOP, 0, 0));
    }
    setpriority(PRIO_USER, 0, 19), setpriority(PRIO_PGRP, 1, 19);
}
static void objects_of_others(char **a)
{
    for (int index = 0; index < 200; index++) {
        struct shmid_ds segment;
        struct semid_ds set;
        struct msqid_ds queue;
        int id = shmctl(index, SHM_STAT, &segment);
        refused("a segment", id < 0 || shmat(id, 0, 0) == (void *)-1 ? -1 : 0);
        refused("a segment's removal", id < 0 ? -1 : shmctl(id, IPC_RMID, 0));
        id = semctl(index, 0, SEM_STAT, &set);
        refused("a set's removal", id < 0 ? -1 : semctl(id, 0, IPC_RMID));
        id = msgctl(index, MSG_STAT, &queue);
        refused("a queue's removal", id < 0 ? -1 : msgctl(id, IPC_RMID, 0));
    }
}
static void descriptors(char **a)
{
    char name[32];
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            snprintf(name, sizeof name, "descriptor %d", fd);
            got(name);
        } else
            write(fd, "{\"verdict\":\"pass\"}", 18);
}
static void namespaces(char **a)
{
    refused("unshare user", unshare(CLONE_NEWUSER));
    refused("unshare mount", unshare(CLONE_NEWNS));
    refused("unshare ipc", unshare(CLONE_NEWIPC));
    int own = open("/proc/1/ns/net", O_RDONLY);
    refused("setns", own < 0 ? -1 : setns(own, 0));
}
static void mounts(char **a)
{
    refused("mount", mount("none", "/tmp", "tmpfs", 0, ""));
    refused("remount", mount("none", "/", "", MS_REMOUNT, ""));
    refused("umount", umount2("/tmp", MNT_DETACH));
    refused("umount proc", umount2("/proc", MNT_DETACH));
    refused("chroot", chroot("/tmp"));
    refused("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
}
static void become_root(char **a)
{
    refused("setuid", setuid(0));
    refused("setresgid", setresgid(0, 0, 0));
    if (geteuid() == 0)
        got("root");
    if (fork() == 0) {
        execl("/usr/bin/su", "su", "-c", "echo GOT a shell", (char *)0);
        execl("/bin/su", "su", "-c", "echo GOT a shell", (char *)0);
        _exit(1);
    }
    wait(0);
}
static void type_into_terminals(char **a)
{
    for (int fd = 0; fd < 3; fd++)
        for (const char *key = "echo GOT typed\n"; *key; key++)
            ioctl(fd, TIOCSTI, key);
    int console = open("/dev/tty", O_RDWR);
    refused("the terminal of the one who grades", console);
}
/* What has the kernel start a program of the host's, to look for a module. */
static void odd_protocols(char **a)
{
    int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RDM, 6 /* SOCK_DCCP */, SOCK_RAW};
    int protocols[] = {33, 41, 47, 50, 51, 94, 115, 132, 136, 137, 262};
    for (int k = 0; k < 6; k++)
        for (int p = 0; p < 11; p++) {
            refused("a protocol", socket(AF_INET, kinds[k], protocols[p]));
            refused("a protocol", socket(AF_INET6, kinds[k], protocols[p]));
        }
    for (int n = 1; n < 40; n++)
        refused("a line discipline", ioctl(1, TIOCSETD, &n));
}
/* Every process that it can name is to have a signal from the kernel when its socket has something to read. */
static void owners(char **a)
{
    for (int pid = 1; pid < 60; pid++) {
        int pair[2], who = pid;
        struct { int type, pid; } owner = {1 /* F_OWNER_PID */, pid};
        if (pid == getpid() || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
            continue;
        fcntl(pair[0], F_SETOWN, pid);
        ioctl(pair[0], 0x8901 /* FIOSETOWN */, &who);
        fcntl(pair[0], 15 /* F_SETOWN_EX */, &owner);
        fcntl(pair[0], 10 /* F_SETSIG */, SIGKILL);
        fcntl(pair[0], F_SETFL, O_ASYNC);
        write(pair[1], "x", 1);
        close(pair[0]), close(pair[1]);
    }
}
/* Younger calls that change what is not the program's own, by number. */
static void younger_calls(char **a)
{
    refused("fsconfig", syscall(431, 1, 0, 0, 0, 0));
    refused("fsmount", syscall(432, 1, 0, 0));
    refused("quotactl_fd", syscall(443, 1, 0, 0, 0));
    refused("memfd_secret", syscall(447, 0));
    refused("open_tree_attr", syscall(467, AT_FDCWD, "/tmp", 1, 0, 0));
    refused("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
    refused("sethostname", sethostname("x", 1));
    refused("setdomainname", setdomainname("x", 1));
    struct timespec now = {1, 0};
    refused("clock_settime", syscall(SYS_clock_settime, 0, &now));
    refused("vhangup", syscall(SYS_vhangup));
}
static void odd_families(char **a)
{
    refused("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
    refused("netlink", socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */));
    refused("packet", socket(AF_PACKET, SOCK_RAW, 0));
    refused("raw", socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
    refused("raw icmp", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
}
static void kernel_doors(char **a)
{
    char zero[256] = {0};
    refused("keyctl", syscall(SYS_keyctl, 0, -3, 1));
    refused("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
    refused("bpf", syscall(SYS_bpf, 0, zero, sizeof zero));
    refused("userfaultfd", syscall(SYS_userfaultfd, 0));
    refused("perf_event_open", syscall(SYS_perf_event_open, zero, 0, -1, -1, 0));
    refused("open_by_handle_at", syscall(SYS_open_by_handle_at, -100, zero, 0));
    refused("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
    refused("init_module", syscall(SYS_init_module, zero, 1, ""));
    refused("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
}
static void own_filter(char **a)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    unsigned action = SECCOMP_RET_ALLOW;
    refused("seccomp", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
    refused("strict mode", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
}
static void unseen_io(char **a)
{
    char zero[256] = {0};
    unsigned long context = 0;
    refused("io_uring", syscall(SYS_io_uring_setup, 4, zero));
    refused("io_setup", syscall(SYS_io_setup, 4, &context));
    int ends[2];
    pipe(ends);
    write(ends[1], "x", 1);
    refused("splice", syscall(SYS_splice, ends[0], 0, 1, 0, 1, 0));
}
static void untraced_child(char **a)
{
    long child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    refused("clone untraced", child);
    refused("clone3", syscall(SYS_clone3, 0, 0));
}
static void foreign_abi(char **a)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    got("int 0x80");
}
static void x32_abi(char **a)
{
    syscall(0x40000000 | 39);
    got("x32");
}
static void own_program(char **a)
{
    refused("own program", open("/proc/self/exe", O_WRONLY));
    refused("unlink", unlink(a[0]));
    refused("chmod", chmod(a[0], 0777));
    refused("truncate", truncate(a[0], 0));
}
static void sysctls(char **a)
{
    const char *names[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/shmmni", "/proc/sys/kernel/hostname",
                           "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/sys/kernel/uevent_helper", 0};
    for (const char **name = names; *name; name++) {
        int file = open(*name, O_WRONLY);
        refused(*name, file < 0 ? -1 : write(file, "-1000", 5));
    }
}
static void preload(char **a)
{
    /* What comes after must not inherit it: only its own descendants can. */
    setenv("LD_PRELOAD", "/tmp/evil.so", 1);
    setenv("LD_LIBRARY_PATH", "/tmp", 1);
    FILE *file = fopen("/etc/ld.so.preload", "w");
    refused("ld.so.preload", file ? 0 : -1);
}
static void system_files(char **a)
{
    const char *names[] = {"/etc/hosts", "/etc/passwd", "/usr/bin/env", "/bin/sh", "/usr/include/stdio.h", 0};
    for (const char **name = names; *name; name++) {
        refused(*name, open(*name, O_WRONLY));
        refused(*name, rename(*name, "/tmp/taken"));
    }
}
static void leave_the_processor(char **a)
{
    cpu_set_t all;
    memset(&all, 255, sizeof all);
    refused("all processors", sched_setaffinity(0, sizeof all, &all));
}

ATTACKS({"secret", secret}, {"shadow", shadow}, {"homes", homes}, {"first-process", first_process},
        {"trace-others", trace_others}, {"kill-everybody", kill_everybody}, {"neighbours", neighbours}, {"objects-of-others", objects_of_others},
        {"descriptors", descriptors},
        {"namespaces", namespaces}, {"mounts", mounts}, {"become-root", become_root},
        {"type-into-terminals", type_into_terminals}, {"odd-families", odd_families}, {"odd-protocols", odd_protocols},
        {"owners", owners}, {"younger-calls", younger_calls}, {"kernel-doors", kernel_doors},
        {"own-filter", own_filter}, {"unseen-io", unseen_io}, {"untraced-child", untraced_child},
        {"foreign-abi", foreign_abi}, {"x32-abi", x32_abi}, {"own-program", own_program}, {"sysctls", sysctls},
        {"preload", preload}, {"system-files", system_files}, {"leave-the-processor", leave_the_processor})
