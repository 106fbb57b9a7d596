/* signal_count N: a child sends N signals, its parent counts and answers each of them, and none is lost. The reference. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void note(int number)
{
    (void)number;
    came = 1;
}

/* Waits for the next signal. All are blocked but for in here, so that none comes between the look and the wait. */
static void wait_for_signal(const sigset_t *open)
{
    while (!came)
        sigsuspend(open);
    came = 0;
}

/* The number that a word is, or 0. */
static long number(const char *word, long most)
{
    char *end;
    errno = 0;
    long n = strtol(word, &end, 10);
    return errno == 0 && end != word && *end == '\0' && n >= 1 && n <= most ? n : 0;
}

int main(int argc, char *argv[])
{
    struct sigaction act = {.sa_handler = note};
    sigset_t both, open;
    long n = argc == 2 ? number(argv[1], 1000) : 0;

    if (n == 0) {
        fprintf(stderr, "usage: signal_count N (1 to 1000)\n");
        return 1;
    }
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, &open);
    sigdelset(&open, SIGUSR1);
    sigdelset(&open, SIGUSR2);
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGUSR2, &act, NULL);

    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        return 1;
    }
    if (child == 0) {
        for (long i = 0; i < n; i++) {
            kill(getppid(), SIGUSR1);
            wait_for_signal(&open);
        }
        _exit(0);
    }
    for (long i = 0; i < n; i++) {
        wait_for_signal(&open);
        kill(child, SIGUSR2);
    }
    if (waitpid(child, NULL, 0) == -1) {
        perror("waitpid");
        return 1;
    }
    printf("signals: %ld\n", n);
    return 0;
}
