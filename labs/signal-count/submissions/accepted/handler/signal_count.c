/* signal_count N: both signals are blocked from before the fork on, and open in sigsuspend() alone. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 1000

static volatile sig_atomic_t came;

static void note(int number)
{
    (void)number;
    came = 1;
}

static int number(const char *word)
{
    if (*word == '\0' || strspn(word, "0123456789") != strlen(word) || strlen(word) > 4)
        return 0;
    int n = atoi(word);
    return n <= MOST ? n : 0;
}

int main(int argc, char *argv[])
{
    sigset_t both, before;

    int n = argc == 2 ? number(argv[1]) : 0;
    if (n == 0) {
        fprintf(stderr, "usage: signal_count N, 1 to %d\n", MOST);
        return 1;
    }
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, &before);
    signal(SIGUSR1, note);
    signal(SIGUSR2, note);

    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        return 1;
    }
    if (child == 0) {
        for (int i = 0; i < n; i++) {
            kill(getppid(), SIGUSR1);
            while (!came)
                sigsuspend(&before);
            came = 0;
        }
        _exit(0);
    }
    int counted = 0;
    while (counted < n) {
        while (!came)
            sigsuspend(&before);
        came = 0;
        counted++;
        kill(child, SIGUSR2);
    }
    waitpid(child, NULL, 0);
    printf("signals: %d\n", counted);
    return 0;
}
