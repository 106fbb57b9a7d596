/* What programs do with signals, and what their handlers call. */
#include "common.h"
#include <setjmp.h>
#include <sys/signalfd.h>

static volatile sig_atomic_t came;
static sigjmp_buf back;

static void note(int signal)
{
    (void)signal;
    came++;
}
static void hold(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, 0);
}
static void states(char **a)
{
    (void)a;
    signal(SIGINT, note);
    signal(SIGPIPE, SIG_IGN);
    hold(SIGUSR1);
    raise(SIGUSR1);
    if (fork() == 0) {
        execlp("true", "true", (char *)0);
        _exit(127);
    }
    wait(0);
    signal(SIGINT, SIG_DFL);
    exit(0);
}
/* Waits for one, reads one, ignores one, and one has a handler. */
static void takes(char **a)
{
    (void)a;
    int got;
    sigset_t set;
    hold(SIGUSR1);
    hold(SIGUSR2);
    kill(getpid(), SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &got);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    int fd = signalfd(-1, &set, 0);
    kill(getpid(), SIGUSR2);
    struct signalfd_siginfo info;
    read(fd, &info, sizeof info);
    signal(SIGHUP, note);
    raise(SIGHUP);
    exit(0);
}
/* A child's signal ends a read of its parent's. */
static void interrupted(char **a)
{
    (void)a;
    int ends[2];
    char byte;
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGUSR1, &action, 0);
    if (pipe(ends))
        exit(1);
    if (fork() == 0) {
        usleep(1000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    read(ends[0], &byte, 1);
    exit(came == 1 ? 0 : 1);
}

static void writes(int signal)
{
    (void)signal;
    write(1, "safe\n", 5);
    while (waitpid(-1, 0, WNOHANG) > 0)
        ;
    came = 1;
}
static void prints_it(int signal)
{
    printf("signal %d\n", signal);
}
static void calls_exit(int signal)
{
    exit(signal - SIGUSR1);
}
/* Each is one update: on some processors one instruction, on others a load and a store that must not be parted. */
static void counts(int signal)
{
    static int wide;
    static short narrow;
    (void)signal;
    for (int i = 0; i < 3; i++) {
        __atomic_fetch_add(&wide, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&narrow, 1, __ATOMIC_RELAXED);
    }
    int expected = 3;
    if (!__atomic_compare_exchange_n(&wide, &expected, 4, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        _exit(9);
    if (__atomic_compare_exchange_n(&wide, &expected, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        _exit(8);
    if (expected != 4 || wide != 4 || narrow != 3)
        _exit(7);
}
__attribute__((noinline)) static void deep(int signal)
{
    char text[32];
    sprintf(text, "%d", signal);
    char *volatile copy = malloc(strlen(text));
    free(copy);
}
static void allocates(int signal)
{
    deep(signal);
}
static void jumps(int signal)
{
    siglongjmp(back, signal);
}
/* What the program does after a handler, further down the stack, is none of the handler's doing. */
__attribute__((noinline)) static void print_deep(int depth)
{
    volatile char room[20000];
    room[depth] = 1;
    if (depth > 0)
        print_deep(depth - 1);
    else
        printf("after\n");
}
static void nests(int signal)
{
    (void)signal;
    raise(SIGUSR2);
    write(1, "outer\n", 6);
}
static void runs(char **a)
{
    static const struct {
        const char *name;
        void (*handler)(int);
    } all[] = {{"writes", writes}, {"prints", prints_it}, {"exits", calls_exit}, {"allocates", allocates},
               {"jumps", jumps},   {"nests", nests},      {"counts", counts}, {0}};
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    int apart = a[1] && strcmp(a[1], "apart") == 0;
    struct sigaction action = {.sa_flags = SA_RESTART | (apart ? SA_ONSTACK : 0)};
    for (int i = 0; all[i].name; i++)
        if (strcmp(all[i].name, a[0]) == 0)
            action.sa_handler = all[i].handler;
    if (apart)
        must(sigaltstack(&stack, 0), "sigaltstack");
    must(sigaction(SIGUSR1, &action, 0), "sigaction");
    signal(SIGUSR2, prints_it);
    setvbuf(stdout, 0, _IONBF, 0);
    if (sigsetjmp(back, 1) == 0)
        raise(SIGUSR1);
    print_deep(3);
    exit(0);
}
static const struct act acts[] = {
    {"states", states}, {"takes", takes}, {"interrupted", interrupted}, {"runs", runs}, {0}};
PLAY(acts)
