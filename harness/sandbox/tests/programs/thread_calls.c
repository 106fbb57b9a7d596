/* Calls of threads that reach what threads share in ways that no argument shows, or long after they began. Each prints 12. */
#include "common.h"
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <ucontext.h>

#define THREADS 3
#define TIMES 4

static atomic_int atomic;
static int ends[2], other_ends[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;

static void run(int threads, void *(*work)(void *))
{
    pthread_t t[THREADS];
    for (long n = 0; n < threads; n++)
        must(-pthread_create(&t[n], 0, work, (void *)n), "pthread_create");
    for (int n = 0; n < threads; n++)
        pthread_join(t[n], 0);
}
static void tell(int n) { printf("%d\n", n); }
static void add(int n) { atomic_fetch_add(&atomic, n); }
/* Other threads have to be able to run, and use what they share, while one waits. */
static void *use(void *unused) { for (int i = 0; i < TIMES; i++) { pthread_mutex_lock(&lock); count++; pthread_mutex_unlock(&lock); } return 0; }

/* -- pointers in memory -- */
static sigset_t mask;
static struct timespec soon = {0, 1000000};
static void *select_masked(void *n) { if (pselect(0, 0, 0, 0, &soon, &mask) == 0) add(TIMES); return 0; }
static void selected(char **a) { sigemptyset(&mask); run(THREADS, select_masked); tell(atomic); }
static char in[THREADS][64], out[THREADS][64], name[THREADS][128], control[THREADS][256];
static void *pass_message(void *of)
{
    long n = (long)of;
    struct iovec from = {out[n], 5}, to = {in[n], sizeof in[n]};
    struct sockaddr_un *address = (struct sockaddr_un *)name[n];
    struct msghdr sent = {.msg_iov = &from, .msg_iovlen = 1}, got = {.msg_iov = &to, .msg_iovlen = 1, .msg_name = address,
        .msg_namelen = sizeof name[n], .msg_control = control[n], .msg_controllen = sizeof control[n]};
    struct cmsghdr *sender = (struct cmsghdr *)control[n];
    int pair[2], on = 1;
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
    must(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "setsockopt");
    strcpy(out[n], "four");
    if (sendmsg(pair[0], &sent, 0) == 5 && recvmsg(pair[1], &got, 0) == 5 && strcmp(in[n], "four") == 0
        /* Whose number it is: at the shared level the supervisor sends for a program with threads. */
        && sender->cmsg_type == SCM_CREDENTIALS && ((struct ucred *)CMSG_DATA(sender))->pid > 0)
        add(TIMES);
    return 0;
}
static void messages(char **a) { run(THREADS, pass_message); tell(atomic); }
static void *scatter(void *of)
{
    long n = (long)of;
    struct iovec both[2] = {{in[n], 2}, {name[n], 3}}, from[2] = {{out[n], 1}, {control[n], 4}};
    int pair[2], file = fileno(tmpfile());
    strcpy(out[n], "f");
    strcpy(control[n], "our");
    must(pipe(pair), "pipe");
    if (writev(pair[1], from, 2) == 5 && readv(pair[0], both, 2) == 5 && !strcmp(name[n], "ur") && pwritev(file, from, 2, 0) == 5
        && preadv(file, both, 2, 0) == 5 && in[n][0] == 'f')
        add(TIMES);
    return 0;
}
static void vectors(char **a) { run(THREADS, scatter); tell(atomic); }
static int there[THREADS];
static void *ask_for_bytes(void *of)
{
    long n = (long)of;
    int pair[2];
    must(pipe(pair), "pipe");
    must(write(pair[1], "four", 4), "write");
    if (ioctl(pair[0], FIONREAD, &there[n]) == 0)
        add(there[n]);
    return 0;
}
static void asked(char **a) { run(THREADS, ask_for_bytes); tell(atomic); }
static char *words[] = {"sh", "-c", "exit 4", 0};
static void *run_shell(void *n)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execv("/bin/sh", words);
        _exit(9);
    }
    if (waitpid(child, &status, 0) == child)
        add(WEXITSTATUS(status));
    return 0;
}
static void shells(char **a) { run(THREADS, run_shell); tell(atomic); }
static void *run_system(void *n) { add(WEXITSTATUS(system("exit 4"))); return 0; }
static void systems(char **a) { run(THREADS, run_system); tell(atomic); }
static void *read_shell(void *n)
{
    FILE *from = popen("echo 4", "r");
    char *line = 0;
    size_t room = 0;
    if (from && getline(&line, &room, from) > 0)
        add(atoi(line));
    if (from)
        pclose(from);
    free(line);
    return 0;
}
static void popened(char **a) { run(THREADS, read_shell); tell(atomic); }

/* -- sleepers: one waits, the others use what it will be given -- */
static int status;
static void *wait_for_child(void *n)
{
    if (n)
        return use(0);
    pid_t child = fork();
    if (child == 0) {
        usleep(1000);
        _exit(12);
    }
    if (wait(&status) == child)
        add(WEXITSTATUS(status));
    return 0;
}
static void waited(char **a) { run(THREADS, wait_for_child); tell(atomic); }
static char datagram[64];
static void *receive_late(void *n)
{
    if (n == 0) {
        if (recv(ends[0], datagram, sizeof datagram, 0) == 2)
            add(atoi(datagram));
        return 0;
    }
    use(0);
    if (n == (void *)1)
        must(send(ends[1], "12", 2, 0), "send");
    return 0;
}
static void received(char **a) { must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair"); run(THREADS, receive_late); tell(atomic); }
static struct sockaddr_un from;
static socklen_t from_length = sizeof from;
static int listener;
static void *accept_late(void *n)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = PATH};
    if (n == 0) {
        int taken = accept(listener, (struct sockaddr *)&from, &from_length);
        if (taken >= 0 && from.sun_family == AF_UNIX)
            add(12);
        return 0;
    }
    use(0);
    if (n == (void *)1)
        must(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to), "connect");
    return 0;
}
static void accepted(char **a)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = PATH};
    unlink(PATH);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&own, sizeof own), "bind");
    must(listen(listener, 3), "listen");
    run(THREADS, accept_late);
    unlink(PATH);
    tell(atomic);
}
static struct { long type; char text[8]; } taken;
static int queue;
static void *take_late(void *n)
{
    struct { long type; char text[8]; } given = {1, "12"};
    if (n == 0) {
        if (msgrcv(queue, &taken, sizeof taken.text, 0, 0) == 3)
            add(atoi(taken.text));
        return 0;
    }
    use(0);
    if (n == (void *)1)
        must(msgsnd(queue, &given, 3, 0), "msgsnd");
    return 0;
}
static void queued(char **a) { queue = must(msgget(IPC_PRIVATE, 0600), "msgget"); run(THREADS, take_late); msgctl(queue, IPC_RMID, 0); tell(atomic); }
static struct pollfd both[2];
static void *poll_late(void *n)
{
    if (n == 0) {
        if (poll(both, 2, 1000) == 1 && both[1].revents == POLLIN && poll(both, 1, 5) == 0)
            add(12);
        return 0;
    }
    use(0);
    if (n == (void *)1)
        must(write(other_ends[1], "x", 1), "write");
    return 0;
}
static void polled(char **a)
{
    must(pipe(ends) | pipe(other_ends), "pipe");
    both[0] = (struct pollfd){ends[0], POLLIN, 0};
    both[1] = (struct pollfd){other_ends[0], POLLIN, 0};
    run(THREADS, poll_late);
    tell(atomic);
}
static siginfo_t info;
static void *wait_for_signal(void *n)
{
    if (n == 0) {
        if (sigwaitinfo(&mask, &info) == SIGUSR1 && info.si_pid == getpid())
            add(12);
        return 0;
    }
    use(0);
    if (n == (void *)1)
        kill(getpid(), SIGUSR1);
    return 0;
}
static void signalled(char **a)
{
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mask, 0);
    run(THREADS, wait_for_signal);
    tell(atomic);
}
static FILE *lines;
static char line[64];
static void *read_line_late(void *n)
{
    if (n == 0) {
        if (fgets(line, sizeof line, lines))
            add(atoi(line));
        return 0;
    }
    use(0);
    if (n == (void *)1)
        must(write(ends[1], "12\n", 3), "write");
    return 0;
}
static void lines_read(char **a) { must(pipe(ends), "pipe"); lines = fdopen(ends[0], "r"); run(THREADS, read_line_late); tell(atomic); }
static uint64_t events;
static void *read_events(void *n)
{
    if (n == 0) {
        if (read(ends[0], &events, sizeof events) == sizeof events)
            add((int)events);
        return 0;
    }
    use(0);
    uint64_t more = 12;
    if (n == (void *)1)
        must(write(ends[0], &more, sizeof more), "write");
    return 0;
}
static void events_read(char **a) { ends[0] = must(eventfd(0, 0), "eventfd"); run(THREADS, read_events); tell(atomic); }
static void *sleep_by_global(void *n) { if (n == 0) add(nanosleep(&soon, 0) == 0 ? 12 : 0); else use(0); return 0; }
static void slept(char **a) { run(THREADS, sleep_by_global); tell(atomic); }
static pthread_mutex_t inherits;
static void *add_inherited(void *n) { for (int i = 0; i < TIMES; i++) { pthread_mutex_lock(&inherits); count++; pthread_mutex_unlock(&inherits); } return 0; }
static void inherited(char **a)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&inherits, &attr);
    run(THREADS, add_inherited);
    tell(count);
}

/* -- masks that calls bring -- */
static sigset_t open_mask;
static volatile sig_atomic_t came;
static void note(int number) { came = 1; }
static int masked;
static struct epoll_event found;
static void *wait_masked(void *n)
{
    if (n == 0) {
        while (!came) {
            int result = masked == 0 ? sigsuspend(&open_mask) : masked == 1 ? ppoll(both, 1, 0, &open_mask)
                : masked == 2 ? pselect(0, 0, 0, 0, 0, &open_mask) : epoll_pwait(ends[0], &found, 1, -1, &open_mask);
            if (result != -1 || errno != EINTR)
                return 0;
        }
        sigset_t now;
        pthread_sigmask(SIG_BLOCK, 0, &now);
        add(sigismember(&now, SIGUSR1) ? 12 : 11);
        return 0;
    }
    use(0);
    if (n == (void *)1)
        kill(getpid(), SIGUSR1);
    return 0;
}
static void wait_with_mask(int how)
{
    masked = how;
    must(how == 3 ? ends[0] = epoll_create1(0) : pipe(ends), "pipe");
    both[0] = (struct pollfd){ends[0], POLLIN, 0};
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mask, &open_mask);
    signal(SIGUSR1, note);
    run(THREADS, wait_masked);
    tell(atomic);
}
static void suspends(char **a) { wait_with_mask(0); }
static void polls_masked(char **a) { wait_with_mask(1); }
static void selects_masked(char **a) { wait_with_mask(2); }
static void events_masked(char **a) { wait_with_mask(3); }

/* -- what the kernel writes by itself -- */
static ucontext_t first, second;
static char context_stack[1 << 16] __attribute__((aligned(16)));
static void handle(int number) { add(TIMES); }
static void signal_there(void) { for (int i = 0; i < 3; i++) raise(SIGUSR1); }
static void *switch_stack(void *n)
{
    getcontext(&second);
    second.uc_stack.ss_sp = context_stack;
    second.uc_stack.ss_size = sizeof context_stack;
    second.uc_link = &first;
    makecontext(&second, signal_there, 0);
    swapcontext(&first, &second);
    return 0;
}
static void context(char **a) { signal(SIGUSR1, handle); run(1, switch_stack); tell(atomic); }

/* -- wrong arguments stay wrong -- */
static void *pass_nothing(void *of)
{
    long n = (long)of;
    must(pipe(n ? other_ends : ends), "pipe");
    int end = n ? other_ends[0] : ends[0];
    must(write(n ? other_ends[1] : ends[1], "four", 4), "write");
    if (read(end, (void *)8, 4) == -1 && errno == EFAULT && read(end, in[n], 4) == 4 && in[n][3] == 'r')
        add(6);
    return 0;
}
static void nowhere(char **a) { run(2, pass_nothing); tell(atomic); }

static const struct act acts[] = {
    {"selected", selected}, {"messages", messages}, {"vectors", vectors}, {"asked", asked}, {"shells", shells},
    {"systems", systems}, {"popened", popened}, {"waited", waited}, {"received", received}, {"accepted", accepted},
    {"queued", queued}, {"polled", polled}, {"signalled", signalled}, {"lines-read", lines_read}, {"events-read", events_read},
    {"slept", slept}, {"inherited", inherited}, {"context", context}, {"suspends", suspends}, {"polls-masked", polls_masked}, {"selects-masked", selects_masked},
    {"events-masked", events_masked}, {"nowhere", nowhere}, {0}};
PLAY(acts)
