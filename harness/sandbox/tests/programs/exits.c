/* Every way for a program to end. */
#include "common.h"

static void code(char **a) { exit(atoi(a[0])); }
static void at_once(char **a) { _exit(atoi(a[0])); }
static void segv(char **a) { *(volatile int *)8 = 1; }
static void stack(char **a)
{
    volatile char frame[4096];
    frame[0] = (long)a[0] & 1;
    stack(a);
    frame[1] = frame[0];
}
static volatile int zero;
static void fpe(char **a) { exit(7 / zero); }
static void ill(char **a) { __builtin_trap(); }
static void aborted(char **a) { abort(); }
static void raised(char **a) { raise(atoi(a[0])); }
static void broken_pipe(char **a)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    close(pair[1]);
    if (!strcmp(a[0], "send"))
        send(pair[0], "x", 1, 0);
    else
        write(pair[0], "x", 1);
}
static void broken_plain_pipe(char **a)
{
    int p[2];
    must(pipe(p), "pipe");
    close(p[0]);
    write(p[1], "x", 1);
}
/* Killed from outside while it waits in a call. */
static void killed_in_recv(char **a)
{
    pid_t parent = getpid();
    if (fork() == 0) {
        sleep_ms(50);
        kill(parent, atoi(a[0]));
        exit(0);
    }
    recv(bound(AF_INET, SOCK_DGRAM), (char[9]){0}, 9, 0);
}
/* A call long ago is not the call that it died in. */
static void segv_after_send(char **a)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    must(send(pair[0], "x", 1, 0), "send");
    segv(a);
}
/* The kernel says EFAULT; it is the library or the program that crashes. */
static void bad_pointer(char **a)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    if (send(pair[0], (void *)8, 1, 0) < 0)
        exit(errno == EFAULT ? 3 : 4);
}
static void *exit_from_thread(void *code)
{
    exit((long)code);
}
static void thread_exits(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, exit_from_thread, (void *)5);
    pause();
}
static void *late_return(void *a)
{
    sleep_ms(50);
    exit(7);
}
/* The first thread leaves; the last one decides. */
static void leader_leaves(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, late_return, 0);
    pthread_exit(0);
}
static void *crash_in_thread(void *a)
{
    *(volatile int *)8 = 1;
    return 0;
}
static void thread_crashes(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, crash_in_thread, 0);
    pause();
}
static void *exec_from_thread(void *a)
{
    execl("/proc/self/exe", "exits", "code", "9", (char *)0);
    _exit(97);
}
static void thread_execs(char **a)
{
    pthread_t t, u;
    pthread_create(&u, 0, late_return, 0);
    pthread_create(&t, 0, exec_from_thread, 0);
    for (;;)
        pause();
}
/* Again and again by another name, then an end. */
static void chain(char **a)
{
    char left[9];
    int n = atoi(a[0]);
    if (n == 0)
        exit(11);
    sprintf(left, "%d", n - 1);
    execl("/proc/self/exe", "exits", "chain", left, (char *)0);
    _exit(97);
}
static void shell(char **a) { execl("/bin/sh", "sh", "-c", "exec sh -c 'echo from a shell; exit 13'", (char *)0); }
static void script(char **a)
{
    int f = must(open("script", O_CREAT | O_WRONLY, 0755), "open");
    dprintf(f, "#!/bin/sh\necho from a script\nexit 6\n");
    close(f);
    execl("./script", "script", (char *)0);
    _exit(97);
}
static void exec_fails(char **a)
{
    execl("/no/such/program", "x", (char *)0);
    exit(errno == ENOENT ? 8 : 97);
}
static void handler(int signal)
{
    _exit(signal);
}
static void handled(char **a)
{
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
}
/* Waits for ever; what it does about a SIGTERM is its argument. */
static void asked(char **a)
{
    if (!strcmp(a[0], "exits"))
        signal(SIGTERM, handler);
    else if (!strcmp(a[0], "ignores"))
        signal(SIGTERM, SIG_IGN);
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
}
static void open_files(char **a)
{
    must(open("/dev/null", O_RDONLY), "open");
    bound(AF_INET, SOCK_DGRAM);
    int p[2];
    must(pipe(p), "pipe");
    close(p[0]);
    must(dup(1), "dup");
}
static void close_files(char **a)
{
    close(must(open("/dev/null", O_RDONLY), "open"));
    close(bound(AF_INET, SOCK_DGRAM));
}

static const struct act acts[] = {
    {"code", code}, {"at-once", at_once}, {"segv", segv}, {"stack", stack}, {"fpe", fpe}, {"ill", ill},
    {"abort", aborted}, {"raise", raised}, {"broken-pipe", broken_pipe}, {"broken-plain-pipe", broken_plain_pipe},
    {"killed-in-recv", killed_in_recv}, {"segv-after-send", segv_after_send}, {"bad-pointer", bad_pointer},
    {"thread-exits", thread_exits}, {"leader-leaves", leader_leaves}, {"thread-crashes", thread_crashes},
    {"thread-execs", thread_execs}, {"chain", chain}, {"shell", shell}, {"script", script},
    {"exec-fails", exec_fails}, {"handled", handled}, {"asked", asked}, {"open-files", open_files},
    {"close-files", close_files}, {0}};
PLAY(acts)
