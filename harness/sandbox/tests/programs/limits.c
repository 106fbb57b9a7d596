/* Programs that take more than they may. */
#include "common.h"

static void cpu(char **a)
{
    for (int n = atoi(a[0]); n > 1; n--)
        if (fork() == 0)
            break;
    for (;;)
        ;
}
static void *spin(void *a)
{
    for (;;)
        ;
}
static void cpu_thread(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, spin, 0);
    pthread_join(t, 0);
}
/* Many that each take little: none of them alone would be noticed. */
static void cpu_brood(char **a)
{
    for (;;) {
        if (fork() == 0) {
            compute_ms(5);
            _exit(0);
        }
        wait(0);
    }
}
/* Ends well, having computed for a while in a child. */
static void cpu_before_the_end(char **a)
{
    if (fork() == 0) {
        compute_ms(5);
        _exit(0);
    }
    wait(0);
}
static void flood(char **a)
{
    static char b[8192];
    memset(b, 'f', sizeof b);
    for (;;)
        if (write(atoi(a[0]), b, sizeof b) < 0)
            exit(98);
}
static void lines(char **a)
{
    for (;;)
        if (write(atoi(a[0]), "line\n", 5) < 0)
            exit(98);
}
static void lines_at_once(char **a)
{
    static char b[2000];
    memset(b, '\n', sizeof b);
    for (char *at = b; at < b + 600; at += 200)
        write(atoi(a[0]), at, 200);
}
static void fork_bomb(char **a)
{
    for (;;)
        fork();
}
static void *sleeper(void *a)
{
    pause();
    return 0;
}
static void thread_bomb(char **a)
{
    pthread_t t;
    for (int n = 0; n < 1000; n++)
        if (pthread_create(&t, 0, sleeper, 0))
            break;
    pause();
}
static void polite_forks(char **a)
{
    int n = 0;
    for (; n < 1000; n++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        if (child < 0)
            break;
    }
    exit(n < 1000 ? 7 : 98);
}
static void memory(char **a)
{
    for (;;) {
        char *p = malloc(1 << 20);
        if (!p)
            exit(7);
        memset(p, 1, 1 << 20);
    }
}
static void memory_brood(char **a)
{
    for (int n = 0; n < 4; n++)
        if (fork() == 0) {
            memset(malloc(60 << 20), 1, 60 << 20);
            pause();
        }
    pause();
}
/* Populated, dropped and unmapped but for a page: the pages stay. */
static void drop_shared(size_t size, int file)
{
    char *at = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
    if (at == MAP_FAILED)
        exit(7);
    memset(at, 1, size);
    madvise(at, size, MADV_DONTNEED);
    size_t page = sysconf(_SC_PAGESIZE);
    munmap(at + page, size - page);
}
static void shared_dropped(char **a)
{
    for (int n = 0; n < 6; n++)
        drop_shared(60 << 20, -1);
    pause();
}
static void zero_dropped(char **a)
{
    for (int n = 0; n < 6; n++)
        drop_shared(60 << 20, open("/dev/zero", O_RDWR));
    pause();
}
/* As much in all, and never at once. */
static void shared_in_turn(char **a)
{
    for (int n = 0; n < 6; n++) {
        char *at = mmap(0, 60 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        memset(at, 1, 60 << 20);
        munmap(at, 60 << 20);
    }
}
static void memory_at_last(char **a)
{
    int ready[2];
    char byte;
    must(pipe(ready), "pipe");
    for (int n = 0; n < 3; n++)
        if (fork() == 0) {
            memset(malloc(61 << 20), 1, 61 << 20);
            must(write(ready[1], "", 1), "write");
            pause();
        }
    for (int n = 0; n < 3; n++)
        must(read(ready[0], &byte, 1), "read");
    memset(malloc(20 << 20), 1, 20 << 20);
    pause();
}
static void file(char **a)
{
    static char b[1 << 16];
    int f = must(open(a[0], O_CREAT | O_WRONLY, 0600), "open");
    if (a[1])
        signal(SIGXFSZ, SIG_IGN);
    for (;;)
        if (write(f, b, sizeof b) < 0)
            exit(errno == EFBIG ? 7 : 98);
}
static void sockets(char **a)
{
    int n = 0;
    while (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        n++;
    exit(errno == EMFILE ? 7 : 98);
}
static void opens(char **a)
{
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
    exit(errno == EMFILE ? 7 : 98);
}
static void calls(char **a)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), value;
    socklen_t length = sizeof value;
    for (;;)
        getsockopt(s, SOL_SOCKET, SO_TYPE, &value, &length);
}
static void segments(char **a)
{
    int n = 0;
    while (n < 5000 && shmget(IPC_PRIVATE, 1, 0600) >= 0)
        n++;
    exit(n < 5000 ? 7 : 98);
}
/* Made without end: whoever gets to a thousand was not stopped. */
static void without_end(int (*make)(const char *name))
{
    char name[64];
    for (int n = 0; n < 1000; n++) {
        snprintf(name, sizeof name, "/tmp/ipclab_test_%d", n);
        must(make(name), "make");
    }
    exit(98);
}
static int one_file(const char *name)
{
    int f = open(name, O_CREAT | O_WRONLY, 0600);
    return f < 0 ? f : close(f);
}
static int one_folder(const char *name) { return mkdir(name, 0700); }
static int one_link(const char *name) { return symlink("/nowhere", name); }
static int one_socket(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, name);
    int s = socket(AF_UNIX, SOCK_DGRAM, 0), bound = bind(s, (void *)&at, sizeof at);
    close(s);
    return bound;
}
static void files(char **a) { without_end(one_file); }
static void folders(char **a) { without_end(one_folder); }
static void links(char **a) { without_end(one_link); }
static void socket_files(char **a) { without_end(one_socket); }
static void long_names(char **a)
{
    static char name[4096];
    memset(name, 1, 4000);
    for (;;)
        unlink(name);
}
static void full_segments(char **a)
{
    for (int n = 0; n < 40; n++) {
        char *at = shmat(shmget(IPC_PRIVATE, 1 << 17, 0600), 0, 0);
        memset(at, 0xff, 1 << 17);
    }
}
static void core(char **a) { abort(); }
/* Sends descriptors to nobody, as many as it may. */
static void in_flight(char **a)
{
    int pair[2], fds[30], holds = a[0] && strcmp(a[0], "and-holds") == 0;
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    for (int i = 0; i < 30; i++)
        fds[i] = pair[0];
    char control[CMSG_SPACE(sizeof fds)] = {0}, byte = 'x';
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    *rights = (struct cmsghdr){CMSG_LEN(sizeof fds), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), fds, sizeof fds);
    while (sendmsg(pair[0], &message, MSG_DONTWAIT) > 0)
        ;
    printf("%s\n", strerrorname_np(errno)), fflush(stdout);
    while (holds)
        ;
    pause();
}
/* Passes a descriptor to itself, a thousand times. */
static void passes(char **a)
{
    int pair[2], times = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (; times < 1000; times++) {
        char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
        struct iovec vector = {&byte, 1};
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        *rights = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), &pair[0], sizeof(int));
        if (sendmsg(pair[0], &message, 0) < 0 || recvmsg(pair[1], &message, 0) < 0)
            break;
        int came;
        memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof came);
        close(came);
    }
    printf("%d %s\n", times, times < 1000 ? strerrorname_np(errno) : "all");
}
/* Takes what the kernel counts by user. Prints how much it got, up to what would harm nobody. */
static void by_user(char **a)
{
    int watchers = 0, signals = 0, pair[2];
    while (watchers < 100 && inotify_init() >= 0)
        watchers++;
    sigset_t blocked;
    sigemptyset(&blocked), sigaddset(&blocked, SIGRTMIN), sigprocmask(SIG_BLOCK, &blocked, 0);
    while (signals < 3000 && sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0)
        signals++;
    must(pipe(pair), "pipe");
    int larger = fcntl(pair[0], F_SETPIPE_SZ, 1 << 20);
    printf("%d %d %s %d\n", watchers, signals, larger < 0 ? strerrorname_np(errno) : "larger", fcntl(pair[0], F_GETPIPE_SZ));
}
/* Touches a page in every 2 MiB: each takes a page of the kernel's to say where it is, and all of them are the same one of zeros. */
static void page_tables(char **a)
{
    size_t size = (size_t)150 << 30;
    volatile char *all = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(all == MAP_FAILED ? -1 : 0, "mmap");
    must(madvise((void *)all, size, MADV_NOHUGEPAGE), "madvise");
    for (size_t at = 0; at < size; at += 2 << 20)
        (void)all[at];
    puts("all of it");
}
/* Makes pipes and keeps both ends of each, in processes of fifty. Prints how many it got, and what became of another one. */
static void pipes(char **a)
{
    int got = 0, pair[2];
    for (int child = 0; child < atoi(a[0]); child++) {
        int n = 0, told[2];
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, told), "socketpair");
        if (fork() == 0) {
            while (n < 50 && pipe(pair) == 0)
                n++;
            must(write(told[1], &n, sizeof n), "write");
            pause();
        }
        must(read(told[0], &n, sizeof n), "read");
        got += n;
    }
    errno = 0;
    int another = pipe(pair);
    printf("%d %s\n", got, another < 0 ? strerrorname_np(errno) : "another"), fflush(stdout);
    kill(0, SIGKILL);
}
/* One after the other. */
static void pipes_in_turn(char **a)
{
    int pair[2], made = 0;
    while (made < 1000 && pipe(pair) == 0)
        made++, close(pair[0]), close(pair[1]);
    printf("%d\n", made);
}
static void fifos(char **a)
{
    char name[99];
    for (int n = 0; n < atoi(a[0]); n++)
        sprintf(name, "fifo%d", n), mkfifo(name, 0600), must(open(name, O_RDWR), "open"), unlink(name);
    puts("made");
}
/* In every way there is; prints what became of it. */
static void lower_priority(char **a)
{
    struct sched_param none = {0};
    int before = getpriority(PRIO_PROCESS, 0);
    printf("%d", nice(3) == before);
    printf("%d%d", setpriority(PRIO_PROCESS, 0, 19), setpriority(PRIO_PROCESS, getpid(), 19));
    printf("%d%d", setpriority(PRIO_PGRP, 0, 19), sched_setscheduler(0, SCHED_IDLE, &none));
    printf("%d", sched_setscheduler(getpid(), SCHED_IDLE, &none));
    struct { unsigned size, policy; unsigned long long flags, rest[4]; } idle = {48, SCHED_IDLE, 0, {0}};
    printf("%ld", syscall(SYS_sched_setattr, 0, &idle, 0));
    printf("%ld", syscall(SYS_ioprio_set, 1, 0, 3 << 13));
    printf(" %d %d %d\n", getpriority(PRIO_PROCESS, 0) == before, sched_getscheduler(0),
           syscall(SYS_ioprio_get, 1, 0) == 3 << 13);
}
/* Reads past the cache without end: it waits for the disk, which takes no processor time and no call that is watched. */
static void disk(char **a)
{
    const char *names[] = {"/usr/bin/perl", "/usr/bin/bash", "/bin/sh", 0};
    int fd = -1;
    for (int n = 0; fd < 0 && names[n]; n++)
        fd = open(names[n], O_RDONLY | O_DIRECT);
    void *room;
    must(posix_memalign(&room, 4096, 1 << 20), "posix_memalign"), must(fd, "open past the cache");
    for (;;)
        must(pread(fd, room, 1 << 20, 0), "pread");
}

/* Leaves what it sends where nobody reads it; prints how many MiB the sockets took. */
static void in_sockets(char **a)
{
    static char block[1 << 20];
    int room = 64 << 20;
    long sent = 0, bytes;
    for (int n = 0; n < atoi(a[0]); n++) {
        int ends[2];
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        while ((bytes = send(ends[0], block, sizeof block, MSG_DONTWAIT)) > 0)
            sent += bytes;
        /* It is nobody's descriptor any more, and holds what it holds. */
        close(ends[0]);
    }
    printf("%ld\n", sent >> 20);
    fflush(stdout), pause();
}
static void through_sockets(char **a)
{
    static char block[100000];
    int ends[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    for (int n = 0; n < atoi(a[0]); n++)
        must(write(ends[0], block, sizeof block), "write"), must(recv(ends[1], block, sizeof block, MSG_WAITALL), "recv");
    puts("through");
}

static const struct act acts[] = {
    {"cpu", cpu}, {"cpu-thread", cpu_thread}, {"cpu-brood", cpu_brood}, {"cpu-before-the-end", cpu_before_the_end}, {"flood", flood}, {"lines", lines},
    {"lines-at-once", lines_at_once}, {"fork-bomb", fork_bomb},
    {"thread-bomb", thread_bomb}, {"polite-forks", polite_forks}, {"memory", memory},
    {"memory-brood", memory_brood}, {"memory-at-last", memory_at_last}, {"shared-dropped", shared_dropped},
    {"zero-dropped", zero_dropped}, {"shared-in-turn", shared_in_turn}, {"file", file}, {"sockets", sockets}, {"opens", opens}, {"calls", calls},
    {"segments", segments}, {"files", files}, {"folders", folders}, {"links", links}, {"socket-files", socket_files},
    {"long-names", long_names}, {"full-segments", full_segments}, {"core", core}, {"lower-priority", lower_priority}, {"in-flight", in_flight}, {"passes", passes}, {"by-user", by_user}, {"pipes", pipes}, {"pipes-in-turn", pipes_in_turn}, {"fifos", fifos}, {"page-tables", page_tables}, {"disk", disk}, {"in-sockets", in_sockets}, {"through-sockets", through_sockets}, {0}};
PLAY(acts)
