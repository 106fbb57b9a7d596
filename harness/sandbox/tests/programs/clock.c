/* Every wait for a time, every timer and every clock: what each call returns, what it leaves, and when, in steps of 50 ms. */
#include "common.h"
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/times.h>

/* Newer processors have no call for it: the library makes pselect6 of it. */
#ifdef SYS_select
#define raw_select(...) syscall(SYS_select, __VA_ARGS__)
#else
#define raw_select select
#endif

#define MS 1000000LL
#define TELL(fmt, ...) tell(r, errno, fmt, ##__VA_ARGS__)

static long long began;
static volatile sig_atomic_t handled;
static int pipe_ends[2];

static long long now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}
static int rounded(double ms) { return (int)((ms + 25) / 50) * 50; }
static struct timespec spec(long long ns) { return (struct timespec){ns / (1000 * MS), ns % (1000 * MS)}; }
static struct timespec in_ms(clockid_t clock, int ms) { return spec(now(clock) + ms * MS); }
static int ms_of(struct timespec t) { return rounded(t.tv_sec * 1e3 + t.tv_nsec / 1e6); }
static int ms_of_tv(struct timeval t) { return rounded(t.tv_sec * 1e3 + t.tv_usec / 1e3); }
static void begin(void)
{
    errno = 0;
    began = now(CLOCK_MONOTONIC);
}
static void tell(long r, int error, const char *fmt, ...)
{
    va_list rest;
    int at = rounded((now(CLOCK_MONOTONIC) - began) / 1e6);
    printf("at=%d r=%ld %s ", at, r, r < 0 ? strerror(error) : "");
    va_start(rest, fmt);
    vprintf(fmt, rest);
    va_end(rest);
    puts("");
    fflush(stdout);
}
static void handle(int signal) { handled++; }
static void with_handler(int signal, int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    sigaction(signal, &action, 0);
    handled = 0;
}
/* In so many ms a child sends a signal to this process, or writes a byte into the pipe, or only ends. */
static void later(int ms, int signal)
{
    int us = getpid();
    if (fork() == 0) {
        sleep_ms(ms);
        if (signal)
            kill(us, signal);
        _exit(0);
    }
}
static void later_writes(int ms)
{
    if (fork() == 0) {
        sleep_ms(ms);
        if (write(pipe_ends[1], "x", 1) == 1)
            _exit(0);
    }
}
static void read_one(void) { must(read(pipe_ends[0], (char[1]){0}, 1), "read"); }
static void reap(void)
{
    while (wait(0) > 0 || errno == EINTR)
        ;
}

static const struct timespec constant = {0, 300 * MS};

static void sleeps(char **a)
{
    long r;
    struct timespec t, left = {0};
    begin(), r = nanosleep(&constant, 0), TELL("nanosleep");
    t = spec(300 * MS), begin(), r = clock_nanosleep(CLOCK_REALTIME, 0, &t, 0), TELL("clock_nanosleep");
    begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0), TELL("until, monotonic");
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, 0), TELL("until, real");
    begin(), t = in_ms(CLOCK_MONOTONIC, -300), r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0), TELL("until what is past");
    t = (struct timespec){-1, 0}, begin(), r = nanosleep(&t, 0), TELL("a negative time");
    begin(), r = syscall(SYS_nanosleep, 8, 0), TELL("a bad address");
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), begin(), r = nanosleep(&constant, &left), TELL("a handler, left=%d handled=%d", ms_of(left), handled), reap();
    with_handler(SIGUSR1, 0), later(100, SIGUSR1), begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0), TELL("a handler, until, handled=%d", handled), reap();
    signal(SIGCHLD, SIG_DFL), later(100, 0), begin(), r = nanosleep(&constant, 0), TELL("a child ends"), reap();
    int us = getpid();
    if (fork() == 0) {
        sleep_ms(100), kill(us, SIGSTOP), sleep_ms(100), kill(us, SIGCONT);
        _exit(0);
    }
    begin(), r = nanosleep(&constant, 0), TELL("stopped and continued"), reap();
    begin(), r = sleep(2), TELL("sleep");
    begin(), r = usleep(250000), TELL("usleep");
    with_handler(SIGUSR1, 0), later(1500, SIGUSR1), begin(), r = sleep(5), TELL("sleep and a handler"), reap();
}

static void only(int fd, fd_set *set)
{
    FD_ZERO(set);
    FD_SET(fd, set);
}
static void selects(char **a)
{
    long r;
    fd_set f;
    struct timeval t;
    struct timespec s;
    int fd = pipe_ends[0];
    only(fd, &f), t = (struct timeval){0, 300000}, begin(), r = raw_select(fd + 1, &f, 0, 0, &t), TELL("select, set=%d left=%d", FD_ISSET(fd, &f), ms_of_tv(t));
    later_writes(100), only(fd, &f), t = (struct timeval){0, 300000}, begin(), r = raw_select(fd + 1, &f, 0, 0, &t), TELL("ready, set=%d left=%d", FD_ISSET(fd, &f), ms_of_tv(t)), read_one(), reap();
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), only(fd, &f), t = (struct timeval){0, 300000}, begin(), r = raw_select(fd + 1, &f, 0, 0, &t), TELL("a handler, left=%d handled=%d", ms_of_tv(t), handled), reap();
    later(100, 0), t = (struct timeval){0, 300000}, begin(), r = raw_select(0, 0, 0, 0, &t), TELL("a child ends, left=%d", ms_of_tv(t)), reap();
    t = (struct timeval){-1, 0}, begin(), r = raw_select(0, 0, 0, 0, &t), TELL("a negative time");
    t = (struct timeval){0, 0}, only(fd, &f), begin(), r = raw_select(fd + 1, &f, 0, 0, &t), TELL("no time, set=%d", FD_ISSET(fd, &f));
    t = (struct timeval){0, 1300000}, begin(), r = raw_select(0, 0, 0, 0, &t), TELL("many microseconds, left=%d", ms_of_tv(t));
    only(fd, &f), s = constant, begin(), r = syscall(SYS_pselect6, fd + 1, &f, 0, 0, &s, 0), TELL("pselect6, set=%d left=%d", FD_ISSET(fd, &f), ms_of(s));
    later_writes(100), only(fd, &f), s = constant, begin(), r = syscall(SYS_pselect6, fd + 1, &f, 0, 0, &s, 0), TELL("ready, set=%d left=%d", FD_ISSET(fd, &f), ms_of(s)), read_one(), reap();
    only(fd, &f), begin(), r = pselect(fd + 1, &f, 0, 0, &constant, 0), TELL("pselect, constant, set=%d", FD_ISSET(fd, &f));
    /* The mask of a wait is gone after it. */
    sigset_t blocked, none;
    sigemptyset(&none), sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1), sigprocmask(SIG_BLOCK, &blocked, 0);
    with_handler(SIGUSR1, 0), only(fd, &f), begin(), r = pselect(fd + 1, &f, 0, 0, &constant, &none), raise(SIGUSR1), TELL("pselect with a mask, handled=%d", handled);
    sigprocmask(SIG_UNBLOCK, &blocked, 0);
}

static void polls(char **a)
{
    long r;
    struct timespec s;
    struct pollfd f = {pipe_ends[0], POLLIN, 77};
    begin(), r = poll(&f, 1, 300), TELL("poll, events=%d", f.revents);
    later_writes(100), begin(), r = poll(&f, 1, 300), TELL("ready, events=%d", f.revents), read_one(), reap();
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), begin(), r = poll(&f, 1, 300), TELL("a handler, handled=%d", handled), reap();
    later(100, 0), begin(), r = poll(0, 0, 300), TELL("a child ends"), reap();
    begin(), r = poll(&f, 1, 0), TELL("no time");
    f.revents = 77, s = constant, begin(), r = syscall(SYS_ppoll, &f, 1, &s, 0, 0), TELL("ppoll, events=%d left=%d", f.revents, ms_of(s));
    later_writes(100), s = constant, begin(), r = syscall(SYS_ppoll, &f, 1, &s, 0, 0), TELL("ready, events=%d left=%d", f.revents, ms_of(s)), read_one(), reap();
    s = (struct timespec){0, 2000 * MS}, begin(), r = syscall(SYS_ppoll, &f, 1, &s, 0, 0), TELL("too many nanoseconds");
}

static void epolls(char **a)
{
    long r;
    struct timespec s;
    struct epoll_event e = {EPOLLIN, {0}};
    int ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, pipe_ends[0], &e);
    begin(), r = epoll_wait(ep, &e, 1, 300), TELL("epoll_wait");
    begin(), r = epoll_pwait(ep, &e, 1, 300, 0), TELL("epoll_pwait");
    s = constant, begin(), r = syscall(441, ep, &e, 1, &s, 0, 0), TELL("epoll_pwait2, time=%d", ms_of(s));
    later_writes(100), begin(), r = epoll_wait(ep, &e, 1, 300), TELL("ready"), read_one(), reap();
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), begin(), r = epoll_wait(ep, &e, 1, 300), TELL("a handler, handled=%d", handled), reap();
    later(100, 0), begin(), r = epoll_wait(ep, &e, 1, 300), TELL("a child ends"), reap();
    later_writes(200), later(100, 0), begin(), r = epoll_wait(ep, &e, 1, -1), TELL("a child ends, for ever"), read_one(), reap();
    with_handler(SIGALRM, 0), alarm(1), begin(), r = epoll_wait(ep, &e, 1, -1), TELL("an alarm, handled=%d", handled);
    with_handler(SIGALRM, 0), alarm(1), begin(), r = epoll_wait(ep, &e, 1, 1300), TELL("an alarm before the time, handled=%d", handled);
    with_handler(SIGUSR1, 0);
    int us = getpid();
    if (fork() == 0) {
        for (int n = 0; n < 4; n++)
            sleep_ms(100), kill(us, SIGUSR1);
        _exit(0);
    }
    begin();
    do {
        long long left = began + 290 * MS - now(CLOCK_MONOTONIC);
        r = epoll_wait(ep, &e, 1, left > 0 ? (left + 999999) / MS : 0);
    } while (r < 0 && now(CLOCK_MONOTONIC) < began + 290 * MS);
    TELL("a loop, handled=%d", handled), reap();
}

static int word;
static void *wakes(void *how)
{
    sleep_ms(100);
    if (how)
        word = 1;
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, 0, 0, 0);
    return 0;
}
static void futexes(char **a)
{
    long r;
    pthread_t thread;
    struct timespec t = constant;
    begin(), r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0), TELL("futex, time=%d", ms_of(t));
    pthread_create(&thread, 0, wakes, 0), begin(), r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0), TELL("waken"), pthread_join(thread, 0);
    pthread_create(&thread, 0, wakes, &word), begin(), r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0), TELL("changed and waken"), pthread_join(thread, 0);
    begin(), r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0), TELL("another value"), word = 0;
    begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &t, 0, -1), TELL("until, monotonic");
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, 0, -1), TELL("until, real");
    begin(), t = in_ms(CLOCK_REALTIME, -300), r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, 0, -1), TELL("until what is past");
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), t = constant, begin(), r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, 0, 0), TELL("a handler, handled=%d", handled), reap();
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&m);
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = -(errno = pthread_cond_timedwait(&c, &m, &t)), TELL("pthread_cond_timedwait");
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = -(errno = pthread_mutex_timedlock(&m, &t)), TELL("pthread_mutex_timedlock");
    sem_t s;
    sem_init(&s, 0, 0), begin(), t = in_ms(CLOCK_REALTIME, 300), r = sem_timedwait(&s, &t), TELL("sem_timedwait");
}
/* The newest of them waits for several words; kernels before 5.16 have none. */
static void many_futexes(char **a)
{
    long r;
    struct {
        uint64_t value, address;
        uint32_t flags, reserved;
    } two[2] = {{0, (uintptr_t)&word, FUTEX_32}, {0, (uintptr_t)(&word + 1), FUTEX_32}};
    struct timespec t;
    begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = syscall(449, two, 1, 0, &t, CLOCK_MONOTONIC), TELL("futex_waitv, monotonic");
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = syscall(449, two, 1, 0, &t, CLOCK_REALTIME), TELL("real");
    begin(), t = in_ms(CLOCK_MONOTONIC, -300), r = syscall(449, two, 1, 0, &t, CLOCK_MONOTONIC), TELL("until what is past");
    two[0].value = 1, begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = syscall(449, two, 1, 0, &t, CLOCK_MONOTONIC), TELL("another value");
}
/* What the library makes of them. */
static void *sleeps_a_second(void *unused)
{
    sleep_ms(1000);
    return 0;
}
static void library(char **a)
{
    long r;
    struct timespec t;
    pthread_t thread;
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c;
    pthread_condattr_t attributes;
    pthread_rwlock_wrlock(&lock);
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = -(errno = pthread_rwlock_timedwrlock(&lock, &t)), TELL("pthread_rwlock_timedwrlock, held by itself");
    pthread_rwlock_unlock(&lock), pthread_rwlock_rdlock(&lock);
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = -(errno = pthread_rwlock_timedwrlock(&lock, &t)), TELL("pthread_rwlock_timedwrlock");
    pthread_condattr_init(&attributes), pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), pthread_cond_init(&c, &attributes);
    pthread_mutex_lock(&m);
    begin(), t = in_ms(CLOCK_MONOTONIC, 300), r = -(errno = pthread_cond_timedwait(&c, &m, &t)), TELL("pthread_cond_timedwait, monotonic");
    pthread_create(&thread, 0, sleeps_a_second, 0);
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = -(errno = pthread_timedjoin_np(thread, 0, &t)), TELL("pthread_timedjoin_np");
    r = -(errno = pthread_join(thread, 0)), TELL("it has ended");
}
static void *holds(void *mutex)
{
    pthread_mutex_lock(mutex);
    sleep_ms(1000);
    return 0;
}
static void inherits(char **a)
{
    long r;
    pthread_t thread;
    pthread_mutex_t m;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&m, &attributes);
    pthread_create(&thread, 0, holds, &m), sleep_ms(100);
    begin();
    struct timespec t = in_ms(CLOCK_REALTIME, 300);
    r = -(errno = pthread_mutex_timedlock(&m, &t)), TELL("pthread_mutex_timedlock, inheriting");
    pthread_join(thread, 0);
    TELL("the holder has ended");
}

static void ipc(char **a)
{
    long r;
    struct timespec t = constant;
    int id = must(semget(IPC_PRIVATE, 1, 0600), "semget");
    struct sembuf down = {0, -1, 0};
    begin(), r = semtimedop(id, &down, 1, &t), TELL("semtimedop");
    later(100, 0), begin(), r = semtimedop(id, &down, 1, &t), TELL("a child ends"), reap();
    semctl(id, 0, IPC_RMID);
    sigset_t signals;
    sigemptyset(&signals), sigaddset(&signals, SIGUSR2), sigprocmask(SIG_BLOCK, &signals, 0);
    begin(), r = sigtimedwait(&signals, 0, &t), TELL("sigtimedwait");
    later(100, SIGUSR2), begin(), r = sigtimedwait(&signals, 0, &t), TELL("the signal comes"), reap();
}
static void queues(char **a)
{
    long r;
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
    char name[32], room[8];
    sprintf(name, "/clock%d", getpid());
    mqd_t q = must(mq_open(name, O_CREAT | O_RDWR, 0600, &attributes), "mq_open");
    struct timespec t = in_ms(CLOCK_REALTIME, 300);
    begin(), r = mq_timedreceive(q, room, 8, 0, &t), TELL("mq_timedreceive");
    mq_send(q, "x", 1, 0);
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = mq_timedsend(q, "y", 1, 0, &t), TELL("mq_timedsend");
    begin(), t = in_ms(CLOCK_REALTIME, 300), r = mq_timedreceive(q, room, 8, 0, &t), TELL("what is there");
    mq_unlink(name);
}

static void sockets(char **a)
{
    long r;
    int s[2];
    char room[8], much[200000] = {0};
    socklen_t length = sizeof(struct timeval);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
    struct timeval t = {0, 300000}, set = {0};
    setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &set, &length);
    begin(), r = recv(s[0], room, 8, 0), TELL("recv, set=%d", ms_of_tv(set));
    begin(), r = read(s[0], room, 8), TELL("read");
    if (fork() == 0) {
        sleep_ms(100), must(write(s[1], "abc", 3), "write");
        _exit(0);
    }
    begin(), r = recv(s[0], room, 8, 0), TELL("what comes"), reap();
    with_handler(SIGUSR1, SA_RESTART), later(100, SIGUSR1), begin(), r = recv(s[0], room, 8, 0), TELL("a handler, handled=%d", handled), reap();
    later(100, 0), begin(), r = recv(s[0], room, 8, 0), TELL("a child ends"), reap();
    must(write(s[1], "abc", 3), "write");
    begin(), r = recv(s[0], room, 8, MSG_WAITALL), TELL("a part of what is wanted");
    setsockopt(s[1], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    begin();
    do
        r = send(s[1], much, sizeof much, 0);
    while (r == sizeof much);
    r = r > 0, TELL("a part is sent");
    begin(), r = send(s[1], much, sizeof much, 0), TELL("nothing is sent");
    int l = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    sprintf(at.sun_path + 1, "clock%d", getpid());
    must(bind(l, (void *)&at, sizeof at), "bind"), must(listen(l, 0), "listen");
    setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    begin(), r = accept(l, 0, 0), TELL("accept");
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    must(connect(c, (void *)&at, sizeof at), "connect"), must(c = accept(l, 0, 0), "accept");
    begin(), r = recv(c, room, 8, MSG_DONTWAIT), TELL("not waiting");
    t = (struct timeval){0};
    setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    if (fork() == 0) {
        sleep_ms(500), must(write(s[0], "abc", 3), "write");
        _exit(0);
    }
    begin(), r = recv(s[1], room, 8, 0), TELL("without a time"), reap();
}

static void more_sockets(char **a)
{
    long r;
    int s[2], l = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), c[3];
    char room[8], much[200000] = {0};
    struct timeval t = {0, 300000};
    struct iovec v = {room, 8};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int u = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    must(bind(u, (void *)&at, sizeof at), "bind");
    setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    begin(), r = recvfrom(u, room, 8, 0, 0, 0), TELL("recvfrom");
    begin(), r = recvmsg(u, &m, 0), TELL("recvmsg");
    begin(), r = readv(u, &v, 1), TELL("readv");
    if (fork() == 0) {
        begin(), r = recv(u, room, 8, 0), TELL("recv in a child");
        _exit(0);
    }
    reap();
    begin(), r = recv(dup(u), room, 8, 0), TELL("by another number");
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
    setsockopt(s[1], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    while (send(s[1], much, sizeof much, MSG_DONTWAIT) > 0)
        ;
    v = (struct iovec){much, sizeof much};
    begin(), r = write(s[1], much, sizeof much), TELL("write");
    begin(), r = sendmsg(s[1], &m, 0), TELL("sendmsg");
    begin(), r = writev(s[1], &v, 1), TELL("writev");
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    sprintf(path.sun_path + 1, "clock%d", getpid());
    must(bind(l, (void *)&path, sizeof path), "bind"), must(listen(l, 0), "listen");
    for (int n = 0; n < 3; n++) {
        c[n] = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
        setsockopt(c[n], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    }
    must(connect(c[0], (void *)&path, sizeof path), "connect");
    begin(), r = connect(c[1], (void *)&path, sizeof path), TELL("connect to a full queue");
    if (fork() == 0) {
        sleep_ms(100), accept(l, 0, 0);
        _exit(0);
    }
    begin(), r = connect(c[2], (void *)&path, sizeof path), TELL("one is taken from it"), reap();
}

static void alarms(char **a)
{
    long r;
    char c;
    struct timespec left, t;
    with_handler(SIGALRM, 0), begin(), alarm(1), r = pause(), TELL("pause, handled=%d", handled);
    begin(), alarm(5), sleep_ms(2000), r = alarm(0), TELL("what is left");
    begin(), alarm(5), sleep_ms(4700), r = alarm(0), TELL("less than a second is left");
    begin(), r = alarm(0), TELL("nothing is left");
    with_handler(SIGALRM, SA_RESTART), later_writes(1500), begin(), alarm(1), r = read(pipe_ends[0], &c, 1), TELL("read goes on, handled=%d", handled), reap();
    with_handler(SIGALRM, 0), begin(), alarm(1), r = read(pipe_ends[0], &c, 1), TELL("read is interrupted, handled=%d", handled);
    with_handler(SIGALRM, 0), t = spec(3000 * MS), begin(), alarm(1), r = nanosleep(&t, &left), TELL("nanosleep, handled=%d left=%d", handled, ms_of(left));
    struct itimerval v = {{0, 100000}, {0, 100000}}, old;
    with_handler(SIGALRM, 0), begin(), setitimer(ITIMER_REAL, &v, 0);
    while (handled < 5)
        pause();
    r = handled, TELL("an interval");
    v = (struct itimerval){{0, 0}, {2, 0}}, setitimer(ITIMER_REAL, &v, &old), begin(), sleep_ms(500), r = getitimer(ITIMER_REAL, &v);
    TELL("getitimer, left=%d, interval was %d", ms_of_tv(v.it_value), ms_of_tv(old.it_interval));
    begin(), r = alarm(0), TELL("alarm and setitimer are one");
    v = (struct itimerval){{0, 0}, {0, 2000000}}, begin(), r = setitimer(ITIMER_REAL, &v, 0), TELL("too many microseconds");
    signal(SIGALRM, SIG_DFL);
    int status, pid = fork();
    if (pid == 0) {
        alarm(1);
        for (;;)
            pause();
    }
    begin(), r = waitpid(pid, &status, 0) == pid, TELL("a child dies of signal %d", WTERMSIG(status));
    sigset_t blocked, before;
    sigemptyset(&blocked), sigaddset(&blocked, SIGALRM), sigprocmask(SIG_BLOCK, &blocked, &before);
    with_handler(SIGALRM, 0), begin(), alarm(1), r = sigsuspend(&before), TELL("sigsuspend, handled=%d", handled);
    int got;
    begin(), alarm(1), sigwait(&blocked, &got), r = got, TELL("sigwait");
    begin(), alarm(1), sleep_ms(1500), r = sigpending(&before), TELL("it stays pending: %d", sigismember(&before, SIGALRM));
    begin(), execl("/proc/self/exe", "clock", "woken", (char *)0);
}
static void woken(char **a)
{
    long r = 0;
    begin();
    sigset_t blocked, none;
    sigemptyset(&none);
    with_handler(SIGALRM, 0), r = sigsuspend(&none), TELL("pending across exec, handled=%d", handled);
}

/* What is armed when a program makes a child, and when it becomes another program. */
static void execs(char **a)
{
    long r;
    struct itimerval v = {{0, 0}, {1, 500000}}, left;
    struct itimerspec in_a_second = {{0, 0}, {1, 0}};
    timer_t t;
    char fd[16];
    begin(), alarm(2);
    if (fork() == 0) {
        r = alarm(0), TELL("a child has no alarm of its parent's");
        exit(0);
    }
    reap();
    with_handler(SIGALRM, 0), r = pause(), TELL("the parent has, handled=%d", handled);
    signal(SIGUSR1, SIG_IGN);
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    must(timer_create(CLOCK_MONOTONIC, &e, &t), "timer_create"), timer_settime(t, 0, &in_a_second, 0);
    int f = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
    timerfd_settime(f, 0, &in_a_second, 0), sprintf(fd, "%d", f);
    setitimer(ITIMER_REAL, &v, 0), execl("/proc/self/exe", "clock", "is-another", fd, (char *)0);
}
static void is_another(char **a)
{
    long r;
    uint64_t n = 0;
    begin(), with_handler(SIGALRM, 0);
    r = read(atoi(a[0]), &n, 8), TELL("its descriptor of a timer, n=%d", (int)n);
    r = pause(), TELL("its alarm, handled=%d", handled);
}

static void notified(union sigval value) { handled += value.sival_int; }
static void timers(char **a)
{
    long r;
    timer_t t;
    siginfo_t info;
    struct itimerspec v = {{0, 0}, {0, 300 * MS}}, old;
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
    with_handler(SIGUSR1, 0), must(timer_create(CLOCK_MONOTONIC, &e, &t), "timer_create");
    begin(), timer_settime(t, 0, &v, 0), r = pause(), TELL("timer_settime, handled=%d", handled);
    begin(), v.it_value = in_ms(CLOCK_MONOTONIC, 300), timer_settime(t, TIMER_ABSTIME, &v, 0), r = pause(), TELL("until, handled=%d", handled);
    v.it_value = spec(2000 * MS), timer_settime(t, 0, &v, 0), begin(), sleep_ms(500), r = timer_gettime(t, &old), TELL("timer_gettime, left=%d", ms_of(old.it_value));
    v.it_value = spec(0), begin(), r = timer_settime(t, 0, &v, &old), TELL("disarmed, left=%d", ms_of(old.it_value));
    sigset_t signals;
    sigemptyset(&signals), sigaddset(&signals, SIGUSR1), sigprocmask(SIG_BLOCK, &signals, 0);
    v = (struct itimerspec){{0, 100 * MS}, {0, 100 * MS}}, begin(), timer_settime(t, 0, &v, 0), r = sigwaitinfo(&signals, &info);
    TELL("sigwaitinfo, code=%d value=%d", info.si_code, info.si_value.sival_int);
    r = sigwaitinfo(&signals, &info), TELL("once more");
    begin(), r = timer_delete(t), TELL("timer_delete");
    begin(), r = timer_gettime(t, &old), TELL("it is gone");
    e = (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_int = 1};
    handled = 0, must(timer_create(CLOCK_REALTIME, &e, &t), "timer_create");
    begin(), timer_settime(t, 0, &v, 0), sleep_ms(350), r = handled, timer_delete(t), TELL("a thread each time");
    with_handler(SIGALRM, 0), must(timer_create(CLOCK_BOOTTIME, 0, &t), "timer_create");
    v = (struct itimerspec){{0, 0}, {1, 0}}, begin(), timer_settime(t, 0, &v, 0), r = pause(), TELL("without an event, handled=%d", handled);
}

static void timer_fds(char **a)
{
    long r;
    uint64_t n = 0;
    struct itimerspec v = {{0, 0}, {0, 300 * MS}}, old;
    int f = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
    begin(), timerfd_settime(f, 0, &v, 0), r = read(f, &n, 8), TELL("read, n=%d", (int)n);
    begin(), v.it_value = in_ms(CLOCK_MONOTONIC, 300), timerfd_settime(f, TFD_TIMER_ABSTIME, &v, 0), r = read(f, &n, 8), TELL("until, n=%d", (int)n);
    v = (struct itimerspec){{0, 100 * MS}, {0, 100 * MS}}, begin(), timerfd_settime(f, 0, &v, 0), sleep_ms(350), r = read(f, &n, 8), TELL("an interval, n=%d", (int)n);
    r = read(f, &n, 8), TELL("the next, n=%d", (int)n);
    v = (struct itimerspec){{0, 0}, {2, 0}}, timerfd_settime(f, 0, &v, &old), begin(), sleep_ms(500), r = timerfd_gettime(f, &v), TELL("timerfd_gettime, left=%d, interval was %d", ms_of(v.it_value), ms_of(old.it_interval));
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {0}};
    epoll_ctl(ep, EPOLL_CTL_ADD, f, &e), begin(), r = epoll_wait(ep, &e, 1, -1), TELL("epoll_wait");
    v.it_value = spec(0), timerfd_settime(f, 0, &v, 0), begin(), r = epoll_wait(ep, &e, 1, 200), TELL("disarmed");
    v.it_value = spec(300 * MS), timerfd_settime(f, 0, &v, 0), close(f), begin(), r = epoll_wait(ep, &e, 1, 500), TELL("closed");
    f = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK), "timerfd_create");
    v.it_value = spec(300 * MS), timerfd_settime(f, 0, &v, 0), begin(), r = read(f, &n, 8), TELL("not waiting");
    if (fork() == 0)
        sleep_ms(1000), _exit(0);
    struct pollfd p = {f, POLLIN, 0};
    begin(), r = poll(&p, 1, 1000), TELL("poll, a child has it, too"), reap();
}

static void *sleeps_for(void *ms)
{
    sleep_ms((long)ms);
    printf("thread %ld\n", (long)ms), fflush(stdout);
    return 0;
}
static void threads(char **a)
{
    long r = 0;
    pthread_t t[4];
    begin();
    for (long n = 3; n > 0; n--)
        pthread_create(&t[n], 0, sleeps_for, (void *)(n * 100));
    for (int n = 1; n < 4; n++)
        pthread_join(t[n], 0);
    TELL("three threads");
    begin(), r = system("sleep 1; sleep 0.5 & wait"), TELL("a shell");
    begin();
    for (int n = 3; n > 0; n--)
        if (fork() == 0)
            sleep_ms(n * 100), _exit(n);
    int status;
    for (r = 0; wait(&status) > 0;)
        r = r * 10 + WEXITSTATUS(status);
    TELL("three children");
    int there[2], back[2];
    must(pipe(there), "pipe"), must(pipe(back), "pipe");
    char c;
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &c, 1) == 1)
            sleep_ms(50), must(write(back[1], &c, 1), "write");
        _exit(0);
    }
    begin(), r = 0;
    for (int n = 0; n < 10; n++) {
        must(write(there[1], "x", 1), "write");
        struct pollfd f = {back[0], POLLIN, 0};
        r += poll(&f, 1, 5000), must(read(back[0], &c, 1), "read");
    }
    TELL("ten times there and back"), close(there[1]), reap();
}

static void clocks(char **a)
{
    long r = 0;
    static const clockid_t all[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
    long long before[7], of_day, seconds, ticks;
    struct timeval t;
    struct tms used;
    for (int n = 0; n < 7; n++)
        before[n] = now(all[n]);
    gettimeofday(&t, 0), of_day = t.tv_sec * 1000000LL + t.tv_usec, seconds = time(0), ticks = times(&used);
    begin(), sleep_ms(5000);
    for (int n = 0; n < 7; n++)
        TELL("clock %d: %d", all[n], rounded((now(all[n]) - before[n]) / 1e6));
    gettimeofday(&t, 0), TELL("gettimeofday: %d", rounded((t.tv_sec * 1000000LL + t.tv_usec - of_day) / 1e3));
    TELL("time: %d", time(0) - seconds >= 5 && time(0) - seconds <= 6);
    TELL("times: %d", rounded((times(&used) - ticks) * 1e3 / sysconf(_SC_CLK_TCK)));
    TELL("processor time: %d", now(CLOCK_PROCESS_CPUTIME_ID) < 2000 * MS);
    gettimeofday(&t, 0), TELL("they agree: %d %d", llabs(t.tv_sec - now(CLOCK_REALTIME) / (1000 * MS)) <= 1, labs(time(0) - t.tv_sec) <= 1);
    begin(), r = syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), TELL("a bad address");
    begin(), r = syscall(SYS_clock_gettime, 99, &t), TELL("no such clock");
    begin(), r = syscall(SYS_gettimeofday, 0, 0), TELL("nothing is asked");
}

/* Whether the clocks that wake the machine can be read hangs on the machine; where they can, they go by the others. */
static void waking_clocks(char **a)
{
    static const clockid_t all[] = {CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM};
    for (int n = 0; n < 2; n++) {
        struct timespec before, after, t = spec(300 * MS);
        long r = clock_gettime(all[n], &before) || nanosleep(&t, 0) || clock_gettime(all[n], &after);
        printf("%d %d\n", all[n], r ? -1 : ms_of(after) - ms_of(before));
    }
}

static void asking(char **a)
{
    long r = 0;
    time_t end = time(0) + 2;
    while (time(0) < end)
        ;
    puts("time is over");
    begin();
    while (now(CLOCK_MONOTONIC) < began + 200 * MS)
        ;
    TELL("so is that");
}
/* A handler ends a loop that computes and makes no call. */
static void spinning(char **a)
{
    long r = 0;
    with_handler(SIGALRM, 0), alarm(1);
    while (!handled)
        ;
    puts("over");
}

/* -- for other tests -- */
static void *says(void *word)
{
    for (int n = 0; n < 3; n++)
        sleep_ms(word == (void *)"one" ? 100 : 150), printf("%s\n", (char *)word), fflush(stdout);
    return 0;
}
/* Which of two timers fires first shows in what is printed. */
static void two_timers(char **a)
{
    pthread_t one, two;
    pthread_create(&two, 0, says, "two"), pthread_create(&one, 0, says, "one");
    compute_ms(2);
    pthread_join(one, 0), pthread_join(two, 0);
}
/* Three wait until the same moment; they have begun to wait in this order. */
static void ties(char **a)
{
    struct timespec end = in_ms(CLOCK_MONOTONIC, 1000);
    static const char *names[] = {"second", "third", "first"};
    for (int n = 0; n < 3; n++) {
        if (fork() == 0) {
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, 0);
            puts(names[n]);
            exit(0);
        }
        sleep_ms(10);
    }
    reap();
}
static void sleeps_for_ever(char **a)
{
    for (;;)
        sleep(1);
}
static void polls_for_ever(char **a)
{
    struct pollfd f = {pipe_ends[0], POLLIN, 0};
    for (;;)
        poll(&f, 1, 1);
}
static void counts_down(char **a)
{
    for (int n = 0; n < 100; n++)
        sleep(1);
    puts("done");
}
static void sleeps_long(char **a) { sleep(15); }
static void paced_server(char **a)
{
    char b;
    int c = must(accept(listening(AF_INET, SOCK_STREAM), 0, 0), "accept");
    while (recv(c, &b, 1, 0) > 0)
        sleep(1), must(send(c, &b, 1, 0), "send");
}
static void paced_client(char **a)
{
    char b = 'x';
    int s = connected(AF_INET, SOCK_STREAM);
    for (int n = 0; n < 10; n++)
        sleep(1), must(send(s, &b, 1, 0), "send"), must(recv(s, &b, 1, 0), "recv");
}
static void three_hundred(char **a) { sleep_ms(300); }
/* A server that waits with a timeout, and serves one client after another. */
static void select_server(char **a)
{
    int s = listening(AF_INET, SOCK_STREAM), c;
    for (;;) {
        fd_set f;
        struct timeval t = {5, 0};
        only(s, &f);
        if (select(s + 1, &f, 0, 0, &t) > 0)
            must(c = accept(s, 0, 0), "accept"), must(send(c, "x", 1, 0), "send"), close(c);
    }
}
static void late_server(char **a)
{
    sleep(3);
    select_server(a);
}
static void client(char **a)
{
    char b;
    int s = connected(AF_INET, SOCK_STREAM);
    printf("%zd\n", recv(s, &b, 1, 0));
}
static void what_time(char **a)
{
    printf("%d\n", rounded(now(CLOCK_MONOTONIC) / 1e6) % 50);
}
static void computes(char **a)
{
    for (volatile long n = 0; n < 30000000; n++)
        ;
    for (int n = 0; n < 20000; n++)
        syscall(SYS_getppid);
}
static void asks_much(char **a)
{
    for (int n = 0; n < 10000; n++)
        now(CLOCK_MONOTONIC);
}

static const struct act acts[] = {
    {"sleeps", sleeps}, {"selects", selects}, {"polls", polls}, {"epolls", epolls}, {"futexes", futexes}, {"inherits", inherits},
    {"many-futexes", many_futexes}, {"library", library}, {"ipc", ipc}, {"queues", queues}, {"sockets", sockets},
    {"more-sockets", more_sockets}, {"alarms", alarms}, {"woken", woken}, {"execs", execs}, {"is-another", is_another},
    {"timers", timers}, {"timer-fds", timer_fds}, {"threads", threads}, {"clocks", clocks}, {"waking-clocks", waking_clocks},
    {"asking", asking}, {"spinning", spinning}, {"ties", ties}, {"two-timers", two_timers}, {"sleeps-for-ever", sleeps_for_ever}, {"polls-for-ever", polls_for_ever},
    {"counts-down", counts_down}, {"sleeps-long", sleeps_long}, {"paced-server", paced_server}, {"paced-client", paced_client},
    {"three-hundred", three_hundred},
    {"select-server", select_server}, {"late-server", late_server}, {"client", client}, {"what-time", what_time},
    {"computes", computes}, {"asks-much", asks_much}, {0}};
__attribute__((constructor)) static void makes_pipe(void) { must(pipe(pipe_ends), "pipe"); }
PLAY(acts)
