/* The handlers do the work, and sigsuspend()'s place has ppoll(), which opens the mask for as long as it waits. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t counted, answered;
static volatile pid_t child;

static void count_and_answer(int number)
{
    int saved = errno;
    (void)number;
    counted++;
    kill(child, SIGUSR2);
    errno = saved;
}

static void note_answer(int number)
{
    (void)number;
    answered++;
}

static void fail(const char *call)
{
    perror(call);
    exit(EXIT_FAILURE);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction act = {.sa_handler = handler};
    if (sigfillset(&act.sa_mask) == -1 || sigaction(number, &act, NULL) == -1)
        fail("sigaction");
}

int main(int argc, char *argv[])
{
    sigset_t blocked, open;
    char *end;

    errno = 0;
    long n = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    if (argc != 2 || errno != 0 || end == argv[1] || *end != '\0' || n < 1 || n > 1000) {
        fprintf(stderr, "usage: %s N (1 to 1000)\n", argc > 0 ? argv[0] : "signal_count");
        return EXIT_FAILURE;
    }
    handle(SIGUSR1, count_and_answer);
    handle(SIGUSR2, note_answer);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) == -1)
        fail("sigprocmask");
    if (sigprocmask(SIG_BLOCK, NULL, &open) == -1)
        fail("sigprocmask");
    sigdelset(&open, SIGUSR1);
    sigdelset(&open, SIGUSR2);

    child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0) {
        for (long i = 1; i <= n; i++) {
            if (kill(getppid(), SIGUSR1) == -1)
                _exit(1);
            while (answered < i)
                if (ppoll(NULL, 0, NULL, &open) == -1 && errno != EINTR)
                    _exit(1);
        }
        _exit(0);
    }
    while (counted < n)
        if (ppoll(NULL, 0, NULL, &open) == -1 && errno != EINTR)
            fail("ppoll");

    int status;
    if (waitpid(child, &status, 0) == -1)
        fail("waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "the child failed\n");
        return EXIT_FAILURE;
    }
    printf("signals: %d\n", (int)counted);
    return EXIT_SUCCESS;
}
