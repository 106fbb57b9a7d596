/* Without a handler: both signals stay blocked, and sigwait() takes them. */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void take(int wanted)
{
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, wanted);
    do {
        if (sigwait(&set, &got) != 0)
            errx(1, "sigwait");
    } while (got != wanted);
}

int main(int argc, char **argv)
{
    char *end = "x";
    long n = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    if (*end != '\0' || end == argv[1] || n < 1 || n > 1000)
        errx(2, "wants a number of signals, 1 to 1000");

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);

    pid_t parent = getpid();
    pid_t child = fork();
    switch (child) {
    case -1:
        err(2, "fork");
    case 0:
        while (n-- > 0) {
            kill(parent, SIGUSR1);
            take(SIGUSR2);
        }
        exit(0);
    }
    long counted = 0;
    for (; counted < n; counted++) {
        take(SIGUSR1);
        kill(child, SIGUSR2);
    }
    int status;
    while (waitpid(child, &status, 0) == -1)
        ;
    printf("all have come\nsignals: %ld\n", counted);
    exit(0);
}
