/* Attacks by what a kernel has besides: calls that few programs make, and waits that few programs have. */
#include "attack.h"
#include <linux/futex.h>
#include <linux/landlock.h>
#include <sys/inotify.h>
#include <sys/timex.h>
#include <termios.h>

static long free_mib(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[200];
    long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemFree: %ld", &kib) == 1)
            break;
    if (f) fclose(f);
    return kib >> 10;
}
/* Has the kernel turn every call away at moments that the tracer cannot know. */
static volatile char selector;
static void *flips(void *x) { for (long n = 0; selector != 2; n++) selector = n & 1; return x; }
static void allow(int s) { selector = 0; }
static void dispatch(char **a)
{
    pthread_t thread;
    signal(SIGSYS, allow);
    pthread_create(&thread, 0, flips, 0);
    prctl(59, 1, 0, 0, &selector);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7777), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int n = 0; n < 30; n++) {
        int s = socket(AF_INET, SOCK_DGRAM, 0);
        bind(s, (void *)&at, sizeof at);
        sendto(s, "x", 1, 0, (void *)&at, sizeof at);
        char b[4];
        recv(s, b, 4, MSG_DONTWAIT);
        close(s);
    }
    selector = 0;
    prctl(59, 0, 0, 0, 0);
    selector = 2;
    exit(0);
}
/* Asks for the time by the oldest way that there is, where no call of the tracer's own can be put in. */
static void vsyscall(char **a)
{
    long (*seconds)(long *) = (void *)0xffffffffff600400;
    for (int n = 0; n < 500; n++)
        seconds(0);
}
static void own_landlock(char **a)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = 0x1fff};
    for (int n = 0; n < 16; n++) {
        int rules = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
        if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
            break;
        close(rules);
    }
    int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
    char *p = shmat(id, 0, 0);
    p[0] = 1, shmdt(p), shmctl(id, IPC_RMID, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7777), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
    bind(s, (void *)&at, sizeof at), listen(s, 1), connect(c, (void *)&at, sizeof at), write(c, "x", 1);
    if (fork() == 0)
        _exit(0);
    wait(0);
}
static void counted(int s) { }
static void lowers_or_not(void) { }
static void forged_signals(char **a)
{
    int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGSYS, SIGCHLD, SIGALRM, SIGXCPU, SIGXFSZ, 32, 33, 34, 64};
    int codes[] = {1, 2, 3, 4, 5, 6, 0x80, SI_TKILL, SI_QUEUE, 5 | 1 << 8, 5 | 4 << 8, 5 | 7 << 8, 5 | 128 << 8, 60};
    char *segment = shmat(shmget(4711, 4096, 0600 | IPC_CREAT), 0, 0);
    void *at[] = {lowers_or_not, segment, 0, (void *)-1};
    for (int s = 0; s < 13; s++) {
        signal(signals[s], counted);
        for (int c = 0; c < 14; c++)
            for (int n = 0; n < 4; n++) {
                siginfo_t info = {.si_signo = signals[s], .si_code = codes[c]};
                info.si_addr = at[n];
                syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), signals[s], &info);
            }
    }
    shmdt(segment), shmctl(shmget(4711, 0, 0), IPC_RMID, 0);
}
static void trap_flag(char **a)
{
    signal(SIGTRAP, counted);
    __asm__ volatile("pushfq; orq $0x100,(%%rsp); popfq" ::: "memory");
    int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
    char *p = shmat(id, 0, 0);
    p[0] = 1, shmdt(p), shmctl(id, IPC_RMID, 0);
    if (fork() == 0)
        _exit(0);
    wait(0);
    __asm__ volatile("pushfq; andq $~0x100,(%%rsp); popfq" ::: "memory");
}
static void lowers_limits(char **a)
{
    struct rlimit none = {0, 0};
    int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_UNIX, SOCK_DGRAM, 0);
    for (int limit = 0; limit < RLIM_NLIMITS; limit++)
        if (limit != RLIMIT_CPU)
            setrlimit(limit, &none);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7777), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/tmp/of-the-attack"};
    bind(s, (void *)&at, sizeof at), listen(s, 1), connect(c, (void *)&at, sizeof at), write(c, "x", 1);
    bind(u, (void *)&path, sizeof path), unlink(path.sun_path), sendto(u, "x", 1, 0, (void *)&path, sizeof path);
    int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
    shmat(id, 0, 0), shmctl(id, IPC_RMID, 0);
    open("/tmp/of-the-attack", O_CREAT | O_RDWR, 0600), unlink("/tmp/of-the-attack");
}
/* Memory that the tracer may not close or take away. */
static void seals(char **a)
{
    int id = shmget(IPC_PRIVATE, 8192, 0600 | IPC_CREAT);
    char *p = shmat(id, 0, 0);
    syscall(462 /* mseal */, p, 8192, 0);
    syscall(329 /* pkey_mprotect */, p, 8192, PROT_READ | PROT_WRITE, -1);
    madvise(p, 4096, 102 /* MADV_GUARD_INSTALL */);
    p[4096] = 1;
    shmdt(p), shmctl(id, IPC_RMID, 0);
}
/* What lies in sockets. */
static void socket_buffers(char **a)
{
    long before = free_mib();
    static char block[1 << 16];
    for (int child = 0; child < atoi(a[0]); child++)
        if (fork() == 0) {
            int size = 8 << 20;
            for (int n = 0; n < 400; n++) {
                int pair[2];
                if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                    break;
                for (int end = 0; end < 2; end++) {
                    setsockopt(pair[end], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
                    while (send(pair[end], block, sizeof block, MSG_DONTWAIT) > 0) ;
                }
            }
            _exit(0 * pause());
        }
    long most = 0;
    for (int n = 0; n < 20; n++) { struct timespec t = {0, 100000000}; nanosleep(&t, 0); long now = before - free_mib(); if (now > most) most = now; }
    printf("MiB %ld\n", most), fflush(stdout);
    if (most > 1500) got("memory in sockets");
    kill(0, SIGKILL);
}
static int connected(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7778), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(s, (void *)&at, sizeof at), listen(s, 1);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    connect(ends[0], (void *)&at, sizeof at);
    return ends[1] = accept(s, 0, 0);
}
static void lingers(char **a)
{
    int ends[2];
    static char block[1 << 16];
    struct linger hour = {1, 3600};
    connected(ends);
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &hour, sizeof hour);
    while (send(ends[0], block, sizeof block, MSG_DONTWAIT) > 0) ;
    close(ends[0]);
}
static void child_without_end(char **a)
{
    if (vfork() == 0) { pause(); _exit(0); }
}
static void opens_fifo(char **a)
{
    mkfifo("/tmp/of-the-attack", 0600);
    open("/tmp/of-the-attack", O_RDONLY);
}
static void waits_for_inotify(char **a)
{
    char b[100];
    int n = inotify_init();
    inotify_add_watch(n, "/tmp", IN_CREATE);
    read(n, b, sizeof b);
}
static void waits_for_lock(char **a)
{
    struct flock lock = {.l_type = F_WRLCK};
    int one = open("/tmp/of-the-attack", O_CREAT | O_RDWR, 0600), two = open("/tmp/of-the-attack", O_RDWR);
    unlink("/tmp/of-the-attack");
    fcntl(one, F_OFD_SETLK, &lock), fcntl(two, F_OFD_SETLKW, &lock);
}
static unsigned locked;
static void *dies_with_lock(void *x) { syscall(SYS_futex, &locked, FUTEX_LOCK_PI, 0, 0, 0, 0); pause(); return x; }
static void waits_for_owner(char **a)
{
    pthread_t thread;
    pthread_create(&thread, 0, dies_with_lock, 0);
    while (!*(volatile unsigned *)&locked) sched_yield();
    syscall(SYS_futex, &locked, FUTEX_LOCK_PI, 0, 0, 0, 0);
}
/* A name that reads like the rest of its row in /proc. */
static void named_like_a_row(char **a)
{
    const char *names[] = {") Z 1 1 1 (", "\n) R 0 0", "x) S 2", ") X ", "((((", "))))", "\xff\xfe)", " ", ""};
    for (int n = 0; n < 9; n++) {
        prctl(PR_SET_NAME, names[n]);
        pid_t child = fork();
        if (child == 0) { prctl(PR_SET_NAME, names[8 - n]); _exit(0); }
        waitpid(child, 0, 0);
    }
    prctl(PR_SET_NAME, ") Z 1 1 1 (");
}
static void sparse(char **a)
{
    signal(SIGXFSZ, SIG_IGN);
    int f = open("/tmp/sparse", O_CREAT | O_RDWR, 0600);
    for (long size = 1L << 62; size > 1 << 20 && ftruncate(f, size) < 0; size >>= 1) ;
    f = open("/dev/shm/sparse", O_CREAT | O_RDWR, 0600);
    for (long size = 1L << 62; size > 1 << 20 && ftruncate(f, size) < 0; size >>= 1) ;
}
static void sets_clocks(char **a)
{
    struct timex change = {.modes = ADJ_FREQUENCY | ADJ_OFFSET, .freq = 1 << 20, .offset = 1000};
    struct timeval day = {86400, 0};
    refused("adjtimex", adjtimex(&change));
    refused("settimeofday", settimeofday(&day, 0));
    refused("clock_adjtime", clock_adjtime(CLOCK_REALTIME, &change));
    int f = open("/proc/self/timens_offsets", O_WRONLY);
    refused("timens_offsets", f < 0 ? -1 : write(f, "1 1000 0\n", 9));
    f = open("/dev/rtc0", O_RDWR);
    refused("rtc", f);
}
static void becomes_itself(char **a)
{
    char *again[] = {"odd", "becomes-itself", a[0] && atoi(a[0]) > 3000 ? "5000" : "1", 0};
    char count[20];
    int n = a[0] ? atoi(a[0]) : 0;
    snprintf(count, sizeof count, "%d", n + 1);
    again[2] = count;
    if (n < 3000) execv("/proc/self/exe", again);
}
static void long_words(char **a)
{
    static char word[120000];
    char *words[8] = {"/bin/true"};
    memset(word, '\x1b', sizeof word - 1);
    for (int n = 1; n < 7; n++) words[n] = word;
    for (int n = 0; n < 50; n++) {
        if (fork() == 0) { execv("/bin/true", words); _exit(1); }
        wait(0);
    }
}
static void terminal_of_its_own(char **a)
{
    char name[100] = "";
    ttyname_r(1, name, sizeof name);
    ioctl(1, TIOCEXCL), ioctl(1, TIOCNOTTY), ioctl(1, TIOCSCTTY, 1);
    chmod(name, 0), chown(name, -1, 1);
    struct winsize size = {65535, 65535, 65535, 65535};
    ioctl(1, TIOCSWINSZ, &size);
    int on = 1;
    ioctl(1, TIOCPKT, &on), ioctl(1, TIOCSPTLCK, &on), ioctl(1, TIOCCONS), ioctl(1, TIOCVHANGUP);
    struct termios modes;
    tcgetattr(1, &modes);
    modes.c_oflag = 0xffffffff, modes.c_lflag = 0xffffffff, modes.c_iflag = 0xffffffff;
    tcsetattr(1, TCSANOW, &modes);
    printf("still here\n");
}
static void odd_settings(char **a)
{
    for (int option = 1; option < 80; option++)
        if (option != PR_SET_PDEATHSIG && option != 59 && option != PR_SET_NAME)
            for (long value = 0; value < 3; value++)
                syscall(SYS_prctl, option, value, 0, 0, 0);
    prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0);
    prctl(0x59616d61 /* PR_SET_PTRACER */, -1L, 0, 0, 0);
    syscall(158 /* arch_prctl */, 0x1012, 0);
    int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
    char *p = shmat(id, 0, 0);
    p[0] = 1, shmdt(p), shmctl(id, IPC_RMID, 0);
    if (fork() == 0) _exit(0);
    wait(0);
}
static void closed_segment(char **a)
{
    int id = shmget(4712, 4096, 0600 | IPC_CREAT);
    struct shmid_ds s;
    shmctl(id, IPC_STAT, &s);
    s.shm_perm.mode = 0;
    shmctl(id, IPC_SET, &s), shmctl(id, SHM_LOCK, 0);
}
static void huge_pages(char **a)
{
    refused("huge pages", mmap(0, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED ? -1 : 0);
    refused("a huge segment", shmget(IPC_PRIVATE, 2 << 20, 0600 | IPC_CREAT | SHM_HUGETLB));
}
/* Takes what a descriptor in a message holds, in a circle that only the kernel's collector finds. */
static void circle_of_sockets(char **a)
{
    for (int n = 0; n < 100; n++) {
        int pair[2];
        socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
        char room[CMSG_SPACE(sizeof pair)] = {0};
        struct iovec one = {"x", 1};
        struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof pair);
        memcpy(CMSG_DATA(c), pair, sizeof pair);
        sendmsg(pair[0], &m, 0);
        close(pair[0]), close(pair[1]);
    }
}
/* Unmaps the very instructions by which it called. */
static void takes_itself_away(char **a)
{
    unsigned long page = 4096;
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[400];
    unsigned long from, to, low = 0, high = 0;
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "libc") && sscanf(line, "%lx-%lx", &from, &to) == 2) {
            if (!low) low = from;
            high = to;
        }
    fflush(stdout);
    munmap((void *)(low / page * page), high - low);
}
static void signal_storm(char **a)
{
    signal(SIGUSR1, counted);
    for (;;)
        raise(SIGUSR1);
}
static void stack_anywhere(char **a)
{
    fflush(stdout);
    __asm__ volatile("mov $0, %%rsp; mov $57, %%eax; syscall; mov $41, %%eax; mov $2, %%edi; mov $1, %%esi; xor %%edx, %%edx; syscall; mov $231, %%eax; xor %%edi, %%edi; syscall" ::: "memory");
}

ATTACKS({"dispatch", dispatch}, {"vsyscall", vsyscall}, {"own-landlock", own_landlock}, {"forged-signals", forged_signals},
        {"trap-flag", trap_flag}, {"lowers-limits", lowers_limits}, {"seals", seals}, {"socket-buffers", socket_buffers}, {"lingers", lingers},
        {"child-without-end", child_without_end}, {"opens-fifo", opens_fifo},
        {"waits-for-inotify", waits_for_inotify}, {"waits-for-lock", waits_for_lock}, {"waits-for-owner", waits_for_owner},
        {"named-like-a-row", named_like_a_row}, {"sparse", sparse}, {"sets-clocks", sets_clocks},
        {"becomes-itself", becomes_itself}, {"long-words", long_words}, {"terminal-of-its-own", terminal_of_its_own},
        {"odd-settings", odd_settings}, {"closed-segment", closed_segment}, {"huge-pages", huge_pages},
        {"circle-of-sockets", circle_of_sockets}, {"takes-itself-away", takes_itself_away}, {"signal-storm", signal_storm},
        {"stack-anywhere", stack_anywhere})
