/* Children, grandchildren, threads, and those that nobody waits for. */
#include "common.h"

/* By this name it is looked for on the host. */
static void daemonise(const char *name, int close_all)
{
    if (fork())
        exit(0);
    setsid();
    if (fork())
        exit(0);
    prctl(PR_SET_NAME, name);
    if (close_all)
        for (int fd = 0; fd < 3; fd++)
            close(fd);
}
/* The textbook's daemon: two forks, a session of its own, and a port. */
static void daemon_serves(char **a)
{
    daemonise(a[0], 1);
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
}
/* Ignores what it can, and holds on to the terminal. */
static void daemon_stubborn(char **a)
{
    for (int s = 1; s < 32; s++)
        signal(s, SIG_IGN);
    daemonise(a[0], 0);
    for (;;)
        pause();
}
static void orphan_computes(char **a)
{
    if (fork())
        exit(0);
    prctl(PR_SET_NAME, a[0]);
    for (;;)
        ;
}
/* Ends by itself a moment after its parent. */
static void orphan_ends(char **a)
{
    if (fork())
        exit(0);
    sleep_ms(30);
    puts("last line of an orphan");
    exit(3);
}
/* Its parent is gone; its own end is nobody's business, and its children are. */
static void generations(char **a)
{
    int n = atoi(a[0]);
    for (int i = 0; i < n; i++) {
        pid_t child = fork();
        if (child) {
            int status;
            waitpid(child, &status, 0);
            exit(WEXITSTATUS(status) + 1);
        }
    }
    exit(0);
}
/* `_exit(!!fork())`: the end of each outruns the news of its child. */
static void outrun(char **a)
{
    for (int i = 0; i < 40; i++)
        if (fork())
            _exit(0);
    _exit(0);
}
static void storm(char **a)
{
    int made = 0;
    for (int i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        made += child > 0;
    }
    while (wait(0) > 0)
        ;
    printf("%d\n", made);
}
static void *nothing(void *a) { return a; }
static void many_threads(char **a)
{
    pthread_t t[8];
    for (int round = 0; round < 25; round++) {
        for (int i = 0; i < 8; i++)
            must(-pthread_create(t + i, 0, nothing, 0), "pthread_create");
        for (int i = 0; i < 8; i++)
            pthread_join(t[i], 0);
    }
}
static void *send_one(void *s)
{
    must(send((long)s, "t", 1, 0), "send");
    return 0;
}
/* Threads share their process's descriptors, segments and number. */
static void threads_send(char **a)
{
    pthread_t t[3];
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
    for (int i = 0; i < 3; i++)
        pthread_create(t + i, 0, send_one, (void *)(long)pair[0]);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], 0);
    for (int i = 0; i < 3; i++)
        must(recv(pair[1], (char[9]){0}, 9, 0), "recv");
}
static void kill_all(char **a)
{
    int result = kill(-1, SIGKILL);
    /* Whoever comes here has nobody else whom it may kill: on Linux -1 spares the caller. */
    printf("kill: %s\n", result < 0 ? strerror(errno) : "done");
}
static void kill_first(char **a)
{
    printf("kill 1: %s\n", kill(1, SIGKILL) < 0 ? strerror(errno) : "done");
    /* In a pid namespace of its own it has none. */
    if (getppid() > 0)
        printf("kill parent: %s\n", kill(getppid(), SIGKILL) < 0 ? strerror(errno) : "done");
}
static void kill_group(char **a)
{
    if (fork() == 0)
        for (;;)
            pause();
    kill(0, SIGTERM);
    pause();
}
static void wait_here(char **a)
{
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
}
static void vforks(char **a)
{
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = vfork();
        if (child == 0)
            _exit(i);
        if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != i)
            exit(98);
    }
}
static void spawns(char **a)
{
    for (int i = 0; i < 5; i++)
        if (system("exit 3") >> 8 != 3)
            exit(98);
}
/* A child that holds on to the terminal after its parent's end, and says nothing. */
static void holds_output(char **a)
{
    puts("parent");
    fflush(stdout);
    if (fork())
        exit(0);
    signal(SIGHUP, SIG_IGN);
    for (;;)
        pause();
}
/* An exec while another thread forks: everybody is in the middle of something. */
static void *fork_always(void *a)
{
    for (;;) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        if (child > 0)
            waitpid(child, 0, 0);
    }
}
static void exec_in_a_storm(char **a)
{
    int n = atoi(a[0]);
    char left[9];
    if (n == 0)
        exit(0);
    pthread_t t[3];
    for (int i = 0; i < 3; i++)
        pthread_create(t + i, 0, fork_always, 0);
    sleep_ms(5);
    sprintf(left, "%d", n - 1);
    execl("/proc/self/exe", "descendants", "exec-in-a-storm", left, (char *)0);
    _exit(97);
}
static void named_pid(char **a) { printf("%d\n", getpid()); }

static const struct act acts[] = {
    {"daemon", daemon_serves}, {"stubborn", daemon_stubborn}, {"orphan-computes", orphan_computes},
    {"orphan-ends", orphan_ends}, {"generations", generations}, {"outrun", outrun}, {"storm", storm},
    {"many-threads", many_threads}, {"threads-send", threads_send}, {"kill-all", kill_all},
    {"kill-first", kill_first}, {"kill-group", kill_group}, {"wait-here", wait_here}, {"vforks", vforks},
    {"spawns", spawns}, {"holds-output", holds_output}, {"exec-in-a-storm", exec_in_a_storm},
    {"pid", named_pid}, {0}};
PLAY(acts)
