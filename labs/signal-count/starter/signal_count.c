/* signal_count N: a child sends N signals, and its parent counts and answers each of them. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void note(int number)
{
    (void)number;
    came = 1;
}

int main(int argc, char *argv[])
{
    long n = argc > 1 ? atol(argv[1]) : 1; /* TODO: look at it first. */

    signal(SIGUSR1, note);

    pid_t child = fork();
    if (child == 0) {
        /* TODO: N times, and wait for SIGUSR2 after each. */
        kill(getppid(), SIGUSR1);
        _exit(0);
    }

    /* TODO: count until N have come, and answer each. What if the signal comes right before pause()? */
    if (!came)
        pause();

    /* TODO: wait for the child. */
    printf("signals: %ld\n", n);
    return 0;
}
