/* A parent and its child that send each other signals, and wait for them. Each prints 12 where no signal is lost. */
#include "common.h"

#define TIMES 2

static volatile sig_atomic_t came;
static int sum;
static sigset_t both, none;

static void note(int number) { came = 1; }
static void prepare(void)
{
    sigemptyset(&none), sigemptyset(&both), sigaddset(&both, SIGUSR1), sigaddset(&both, SIGUSR2);
    signal(SIGUSR1, note);
    signal(SIGUSR2, note);
}
static void block(int how) { sigprocmask(how, &both, 0); }
static void await(void) { while (!came) sigsuspend(&none); }
static void child(void)
{
    for (int i = 0; i < TIMES; i++) {
        kill(getppid(), SIGUSR1);
        await();
        came = 0;
    }
    _exit(0);
}
static void play(void (*answer)(pid_t))
{
    prepare();
    block(SIG_BLOCK);
    pid_t other = fork();
    if (other == 0)
        child();
    for (int i = 0; i < TIMES; i++)
        answer(other);
    waitpid(other, 0, 0);
    printf("%d\n", sum);
}
static void answer_first(pid_t other) { await(); came = 0; sum += 6; kill(other, SIGUSR2); }
static void right(char **a) { play(answer_first); }
/* Open while it works: the next signal comes when the last is answered, and no sooner. */
static void answer_open(pid_t other) { await(); came = 0; block(SIG_UNBLOCK); sum += 6; block(SIG_BLOCK); kill(other, SIGUSR2); }
static void open_work(char **a) { play(answer_open); }
/* The next signal may come between the answer and the next instruction. */
static void answer_late(pid_t other) { await(); block(SIG_UNBLOCK); kill(other, SIGUSR2); came = 0; block(SIG_BLOCK); sum += 6; }
static void cleared_late(char **a) { play(answer_late); }
/* The handler and the program both add to the same variable, in two steps. */
static void add(int number) { came = 1; sum += 6; }
static void add_both(char **a)
{
    prepare();
    signal(SIGUSR1, add);
    pid_t parent = getpid(), other = fork();
    if (other == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    sum += 6;
    waitpid(other, 0, 0);
    printf("%d\n", sum);
}
static void add_masked(char **a)
{
    prepare();
    signal(SIGUSR1, add);
    pid_t parent = getpid(), other = fork();
    if (other == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    block(SIG_BLOCK);
    sum += 6;
    block(SIG_UNBLOCK);
    waitpid(other, 0, 0);
    printf("%d\n", sum);
}

static const struct act acts[] = {
    {"right", right}, {"open-work", open_work}, {"cleared-late", cleared_late}, {"add-both", add_both}, {"add-masked", add_masked}, {0}};
PLAY(acts)
