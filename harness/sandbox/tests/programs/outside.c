/* Programs that look for a way to what is this machine's and not the case's, and some that only want what is theirs. */
#include "common.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/openat2.h>
#include <stddef.h>

static void got(const char *what) { printf("GOT %s\n", what), fflush(stdout); }
static void refused(const char *what, long result)
{
    if (result >= 0)
        got(what);
}
static struct sockaddr_in in4(const char *ip, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_aton(ip, &at.sin_addr);
    return at;
}
static int is_connected(int s, int port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    return getpeername(s, (void *)&peer, &length) == 0 && peer.sin_port == htons(port);
}

/* A TCP service of the host at port a[0]. */
static void tcp(char **a)
{
    int port = atoi(a[0]), s, x;
    struct sockaddr_in host = in4("127.0.0.1", port), any = in4("0.0.0.0", 0), zero = in4("0.0.0.0", port);
    refused("connect", connect(s = socket(AF_INET, SOCK_STREAM, 0), (void *)&host, sizeof host));
    refused("connect to 0.0.0.0", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&zero, sizeof zero));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr);
    refused("connect by IPv6", connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&six, sizeof six));
    struct iovec v = {"GET\n", 4};
    struct mmsghdr m[2] = {{{&host, sizeof host, &v, 1}}, {{&host, sizeof host, &v, 1}}};
    refused("sendmmsg", sendmmsg(s = socket(AF_INET, SOCK_STREAM, 0), m, 2, MSG_FASTOPEN));
    refused("sendto", sendto(s, "x", 1, MSG_FASTOPEN, (void *)&host, sizeof host));
    refused("sendmsg", sendmsg(s, &m[0].msg_hdr, MSG_FASTOPEN | MSG_NOSIGNAL));
    x = socket(AF_INET, SOCK_STREAM, 0);
    bind(x, (void *)&host, sizeof host);
    refused("connect after a bind that failed", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&host, sizeof host));
    x = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(x, (void *)&any, sizeof any), "bind");
    refused("connect after bind to port 0", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&host, sizeof host));
    s = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(s, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, &on, sizeof on);
    refused("connect put off", connect(s, (void *)&host, sizeof host));
    refused("write after it", send(s, "x", 1, MSG_NOSIGNAL));
    refused("SCTP", socket(AF_INET, SOCK_STREAM, 132));
    refused("MPTCP", socket(AF_INET, SOCK_STREAM, 262));
    puts("tried");
}

static volatile int go = 1;
static struct sockaddr_in flip;
static int flips[2];
static void *flipper(void *x)
{
    while (go)
        flip.sin_port = flips[0], flip.sin_port = flips[1];
    return 0;
}
/* Another thread changes the address between the port a[0] of the host and one of its own. */
static void race(char **a)
{
    int port = atoi(a[0]), own = socket(AF_INET, SOCK_STREAM, 0), ownu = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = in4("127.0.0.1", PORT);
    must(bind(own, (void *)&at, sizeof at), "bind"), must(listen(own, 500), "listen");
    must(bind(ownu, (void *)&at, sizeof at), "bind");
    flip = at, flips[0] = htons(port), flips[1] = htons(PORT);
    pthread_t t;
    pthread_create(&t, 0, flipper, 0);
    int well = 0;
    for (int n = 0; n < 150; n++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        well += connect(s, (void *)&flip, sizeof flip) == 0 && is_connected(s, PORT);
        if (is_connected(s, port))
            got("connect"), n = 150;
        close(s);
        int u = socket(AF_INET, SOCK_DGRAM, 0);
        struct iovec v = {"raced", 5};
        struct msghdr m = {&flip, sizeof flip, &v, 1};
        sendto(u, "raced", 5, 0, (void *)&flip, sizeof flip), sendmsg(u, &m, 0);
        close(u);
    }
    go = 0, pthread_join(t, 0);
    puts(well > 0 ? "tried" : "never won");
}
/* Another thread puts another socket at the descriptor's number, and another address behind its header. */
static int slot;
static struct msghdr header;
static struct sockaddr_in target;
static void *swapper(void *x)
{
    int u = socket(AF_INET, SOCK_DGRAM, 0), pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    while (go) {
        dup2(pair[0], slot), header.msg_name = 0, header.msg_namelen = 0;
        dup2(u, slot), header.msg_name = &target, header.msg_namelen = sizeof target;
    }
    return 0;
}
static void swap(char **a)
{
    target = in4("127.0.0.1", atoi(a[0]));
    struct iovec v[2] = {{"swap", 4}, {"ped", 3}};
    header.msg_iov = v, header.msg_iovlen = 2;
    slot = open("/dev/null", O_WRONLY);
    pthread_t t;
    pthread_create(&t, 0, swapper, 0);
    for (int n = 0; n < 400; n++) {
        sendmsg(slot, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
        sendto(slot, "swapped", 7, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)&target, sizeof target);
        connect(slot, (void *)&target, sizeof target);
        send(slot, "swapped", 7, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    go = 0, pthread_join(t, 0);
    puts("tried");
}
/* The address lies where another process writes, too. */
static void shared_memory(char **a)
{
    struct sockaddr_in *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *at = in4("127.0.0.1", atoi(a[0]));
    int good = htons(PORT), evil = at->sin_port, child = fork();
    if (child == 0)
        for (;;)
            at->sin_port = good, at->sin_port = evil;
    struct sockaddr_in own = in4("127.0.0.1", PORT);
    int l = socket(AF_INET, SOCK_STREAM, 0);
    bind(l, (void *)&own, sizeof own), listen(l, 500);
    for (int n = 0; n < 150; n++) {
        int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
        if (connect(s, (void *)at, sizeof *at) == 0 && is_connected(s, atoi(a[0])))
            got("connect"), n = 300;
        sendto(u, "raced", 5, 0, (void *)at, sizeof *at);
        close(s), close(u);
    }
    kill(child, SIGKILL), wait(0);
    puts("tried");
}

/* A UDP service of the host at port a[0], and the world. */
static void udp(char **a)
{
    struct sockaddr_in host = in4("127.0.0.1", atoi(a[0])), out = in4("192.0.2.77", 53);
    struct sockaddr_in *all[] = {&host, &out};
    for (int n = 0; n < 2; n++) {
        int u = socket(AF_INET, SOCK_DGRAM, 0);
        struct iovec v = {"x", 1};
        struct mmsghdr m[2] = {{{all[n], sizeof host, &v, 1}}, {{all[n], sizeof host, &v, 1}}};
        refused("sendto", sendto(u, "x", 1, 0, (void *)all[n], sizeof host));
        refused("sendmsg", sendmsg(u, &m[0].msg_hdr, 0));
        refused("sendmmsg", sendmmsg(u, m, 2, 0));
        refused("connect", connect(u, (void *)all[n], sizeof host));
        all[n]->sin_family = AF_UNSPEC;
        refused("sendto, unspecified", sendto(u, "x", 1, 0, (void *)all[n], sizeof host));
        refused("sendmsg, unspecified", sendmsg(u, &m[0].msg_hdr, 0));
        close(u);
    }
    unsigned char route[] = {131, 7, 4, 192, 0, 2, 78, 0};
    int u = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
    refused("source route", setsockopt(u, IPPROTO_IP, IP_OPTIONS, route, 8));
    unsigned char header[8] = {0};
    refused("routing header", setsockopt(six, IPPROTO_IPV6, IPV6_RTHDR, header, 8));
    refused("another device", setsockopt(u, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5));
    struct ip_mreq group = {0};
    inet_aton("239.1.2.3", &group.imr_multiaddr), inet_aton("127.0.0.1", &group.imr_interface);
    refused("a group", setsockopt(u, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    puts("tried");
}

static long to_name(int kind, const char *name, int length, int sends)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, name, length);
    int s = socket(AF_UNIX, kind, 0);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + length;
    return sends ? sendto(s, "x", 1, 0, (void *)&at, size) : connect(s, (void *)&at, size);
}
/* Unix sockets of the host: an abstract name, a path of a stream and one of datagrams. */
static void unix_sockets(char **a)
{
    char name[200] = "";
    strcpy(name + 1, a[0]);
    refused("abstract", to_name(SOCK_STREAM, name, 1 + strlen(a[0]), 0));
    refused("path", to_name(SOCK_STREAM, a[1], strlen(a[1]), 0));
    symlink(a[1], "link"), chdir("/tmp");
    refused("path, relative", to_name(SOCK_STREAM, a[1] + 5, strlen(a[1] + 5), 0));
    refused("datagrams", to_name(SOCK_DGRAM, a[2], strlen(a[2]), 0));
    refused("a datagram", to_name(SOCK_DGRAM, a[2], strlen(a[2]), 1));
    puts("tried");
}

/* A process of the same user, number a[0]. */
static void neighbours(char **a)
{
    int pid = atoi(a[0]);
    struct rlimit limit = {1, 1};
    struct sched_param none = {0};
    refused("prlimit", prlimit(pid, RLIMIT_CPU, &limit, 0));
    refused("prlimit, looking", prlimit(pid, RLIMIT_CPU, 0, &limit));
    refused("setpriority", setpriority(PRIO_PROCESS, pid, 19));
    refused("setpriority of a group", setpriority(PRIO_PGRP, getpgid(pid), 19));
    refused("setpriority of a user", setpriority(PRIO_USER, 0, 19));
    refused("sched_setscheduler", sched_setscheduler(pid, SCHED_IDLE, &none));
    refused("sched_setparam", sched_setparam(pid, &none));
    refused("ioprio_set", syscall(SYS_ioprio_set, 1, pid, 3 << 13));
    refused("ioprio_set of a user", syscall(SYS_ioprio_set, 3, getuid(), 3 << 13));
    refused("kill", kill(pid, SIGTERM));
    refused("kill of a group", kill(-getpgid(pid), SIGTERM));
    refused("kill of all", kill(-1, SIGTERM));
    refused("tkill", syscall(SYS_tkill, pid, SIGTERM));
    refused("tgkill", syscall(SYS_tgkill, pid, pid, SIGTERM));
    siginfo_t info = {.si_code = SI_QUEUE};
    refused("sigqueue", syscall(SYS_rt_sigqueueinfo, pid, SIGTERM, &info));
    refused("pidfd_send_signal", syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, pid, 0), SIGTERM, 0, 0));
    refused("move_pages", syscall(SYS_move_pages, pid, 0, 0, 0, 0, 0));
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    refused("F_SETOWN", fcntl(pair[0], F_SETOWN, pid));
    struct f_owner_ex owner = {F_OWNER_PID, pid};
    refused("F_SETOWN_EX", fcntl(pair[0], F_SETOWN_EX, &owner));
    refused("FIOSETOWN", ioctl(pair[0], FIOSETOWN, &pid));
    refused("SIOCSPGRP", ioctl(pair[0], SIOCSPGRP, &pid));
    puts("tried");
}
/* A semaphore set a[0], a segment a[1] and a queue a[2] of the host, by their identifiers. */
static void objects(char **a)
{
    struct sembuf up = {0, 1, 0};
    struct shmid_ds about;
    struct { long type; char text[8]; } message = {1, "x"};
    int sem = atoi(a[0]), shm = atoi(a[1]), msg = atoi(a[2]);
    refused("semop", semop(sem, &up, 1));
    refused("SETVAL", semctl(sem, 0, SETVAL, 5));
    refused("IPC_RMID of semaphores", semctl(sem, 0, IPC_RMID));
    refused("shmat", shmat(shm, 0, 0) == (void *)-1 ? -1 : 0);
    refused("IPC_STAT", shmctl(shm, IPC_STAT, &about));
    refused("IPC_RMID of a segment", shmctl(shm, IPC_RMID, 0));
    refused("msgsnd", msgsnd(msg, &message, 1, IPC_NOWAIT));
    refused("msgrcv", msgrcv(msg, &message, 8, 0, IPC_NOWAIT));
    refused("IPC_RMID of a queue", msgctl(msg, IPC_RMID, 0));
    shmget(atoi(a[3]), 0, 0);
    refused("shmat, by its key", shmat(shm, 0, 0) == (void *)-1 ? -1 : 0);
    puts("tried");
}

/* What an honest program does with its own. */
static void own(char **a)
{
    struct sched_param none = {0};
    struct rlimit limit;
    int child = fork();
    if (child == 0)
        for (;;)
            pause();
    must(setpriority(PRIO_PROCESS, getpid(), getpriority(PRIO_PROCESS, 0) + 1), "setpriority");
    errno = 0, must(nice(1) == -1 && errno ? -1 : 0, "nice");
    must(sched_setscheduler(0, SCHED_BATCH, &none), "sched_setscheduler");
    must(prlimit(child, RLIMIT_CORE, 0, &limit), "prlimit");
    must(kill(0, 0), "kill of its group");
    must(kill(child, 0), "kill 0"), must(kill(child, SIGTERM), "kill"), must(wait(0), "wait");
    printf("%d", kill(child, 0) == -1 && errno == ESRCH);
    if ((child = fork()) == 0)
        setpgid(0, 0), raise(SIGSTOP);
    waitpid(child, 0, WUNTRACED);
    must(kill(-child, SIGKILL), "kill of a group"), must(wait(0), "wait");
    if ((child = fork()) == 0)
        for (;;)
            pause();
    must(kill(-1, SIGKILL), "kill of all"), must(wait(0), "wait");
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    must(fcntl(pair[0], F_SETOWN, getpid()), "F_SETOWN");
    puts(" done");
}

static void nothing(int signal) {}
static int listener(int backlog)
{
    struct sockaddr_in at = in4("127.0.0.1", PORT);
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    must(bind(s, (void *)&at, sizeof at), "bind");
    if (backlog >= 0)
        must(listen(s, backlog), "listen");
    return s;
}
static void result(const char *what, long result) { printf("%s: %s\n", what, result < 0 ? strerror(errno) : "0"), fflush(stdout); }
/* Every way in which a connection begins or does not. */
static void connections(char **a)
{
    struct sockaddr_in at = in4("127.0.0.1", PORT), none = {.sin_family = AF_UNSPEC};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    result("nobody", connect(s, (void *)&at, sizeof at));
    int l = listener(0);
    result("listener", connect(s, (void *)&at, sizeof at));
    result("again", connect(s, (void *)&at, sizeof at));
    result("unspecified", connect(s, (void *)&none, sizeof none));
    result("no socket", connect(0, (void *)&at, sizeof at));
    result("no descriptor", connect(77, (void *)&at, sizeof at));
    result("nowhere", connect(s, (void *)8, sizeof at));
    result("short", connect(s, (void *)&at, 4));
    result("taken", bind(s, (void *)&at, sizeof at));
    int t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    close(accept(l, 0, 0));
    result("non-blocking", connect(t, (void *)&at, sizeof at));
    struct pollfd ready = {t, POLLOUT, 0};
    poll(&ready, 1, -1);
    socklen_t length = sizeof error;
    getsockopt(t, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("%d %d\n", error, is_connected(t, PORT));
    result("again", connect(t, (void *)&at, sizeof at));
    puts("done");
}
/* A connection that is not answered: a signal ends the wait, or a time does. */
static void unanswered(char **a)
{
    struct sockaddr_in at = in4("127.0.0.1", PORT);
    int l = listener(0), s;
    for (int n = 0; n < 2; n++) {
        s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(s, (void *)&at, sizeof at);
    }
    s = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval time = {0, 100000};
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    result("timeout", connect(s, (void *)&at, sizeof at));
    struct sigaction act = {.sa_handler = nothing};
    sigaction(SIGALRM, &act, 0);
    s = socket(AF_INET, SOCK_STREAM, 0);
    struct itimerval soon = {{0, 0}, {0, 100000}};
    setitimer(ITIMER_REAL, &soon, 0);
    result("signal", connect(s, (void *)&at, sizeof at));
    act.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &act, 0);
    s = socket(AF_INET, SOCK_STREAM, 0);
    if (fork() == 0) {
        usleep(300000);
        for (int n = 0; n < 9; n++)
            accept(l, 0, 0);
        _exit(0);
    }
    setitimer(ITIMER_REAL, &soon, 0);
    result("restarted", connect(s, (void *)&at, sizeof at));
    puts("done");
    exit(0);
}

/* Files in a folder a[0] that is not its own and that it may write to. */
static void files(char **a)
{
    char path[300], shm[300];
    struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 0600};
#define AT(name) (snprintf(path, sizeof path, "%s/%s", a[0], name), path)
    close(syscall(SYS_openat2, AT_FDCWD, AT("ipclab-openat2"), &how, sizeof how));
    close(syscall(SYS_openat2, AT_FDCWD, "/tmp/ipclab-openat2-top", &how, sizeof how));
    close(syscall(SYS_openat2, AT_FDCWD, "/dev/shm/ipclab-openat2", &how, sizeof how));
    close(open(AT("..//./ipclab-dots"), O_CREAT, 0600));
    mkdir(AT("ipclab-folder"), 0700), close(open(AT("ipclab-folder/file"), O_CREAT, 0600));
    int folder = open(a[0], O_RDONLY | O_DIRECTORY);
    mkdirat(folder, "ipclab-mkdirat", 0700);
    close(openat(folder, "ipclab-openat", O_CREAT, 0600));
    symlinkat("/etc/passwd", folder, "ipclab-symlinkat");
    linkat(folder, "ipclab-openat", folder, "ipclab-linkat", 0);
    mknodat(folder, "ipclab-fifo", S_IFIFO | 0600, 0);
    renameat(folder, "ipclab-openat", folder, "ipclab-renamed");
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "ipclab-bound"};
    chdir(a[0]);
    mkdir("ipclab-relative/", 0700), close(open("ipclab-by-cwd", O_CREAT, 0600));
    bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&at, sizeof at);
    int nameless = open(".", O_TMPFILE | O_WRONLY, 0600);
    snprintf(shm, sizeof shm, "/proc/self/fd/%d", nameless);
    linkat(AT_FDCWD, shm, AT_FDCWD, "ipclab-linked", AT_SYMLINK_FOLLOW);
    close(open(AT("theirs"), O_CREAT | O_RDONLY, 0600));
    mq_open("/ipclab-queue", O_CREAT | O_RDWR, 0600, 0);
    puts("tried");
}

/* In a build: what is the network's, and what stays. */
static void build(char **a)
{
    struct sockaddr_in at = in4("127.0.0.1", atoi(a[0])), out = in4("192.0.2.77", 53);
    refused("a socket", socket(AF_INET, SOCK_STREAM, 0));
    refused("a datagram socket", socket(AF_INET6, SOCK_DGRAM, 0));
    refused("a Unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
    refused("a segment", shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600));
    refused("semaphores", semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
    refused("a queue", msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    refused("a POSIX queue", mq_open("/ipclab-queue", O_CREAT | O_RDWR, 0600, 0));
    refused("a file in /tmp", open("/tmp/ipclab-of-a-build", O_CREAT, 0600));
    refused("a file in /dev/shm", open("/dev/shm/ipclab-of-a-build", O_CREAT, 0600));
    refused("a file in /var/tmp", open("/var/tmp/ipclab-of-a-build", O_CREAT, 0600));
    puts("tried");
}

static const struct act acts[] = {{"tcp", tcp}, {"race", race}, {"swap", swap}, {"shared-memory", shared_memory}, {"udp", udp},
    {"unix", unix_sockets}, {"neighbours", neighbours}, {"objects", objects}, {"own", own}, {"connections", connections},
    {"unanswered", unanswered}, {"files", files}, {"build", build}, {0}};
PLAY(acts)
