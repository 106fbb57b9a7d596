/* The self-pipe: each process has a pipe of its own, to which its handler writes and from which it reads. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int to_parent[2], to_child[2];

static void tell_parent(int number)
{
    int saved = errno;
    (void)number;
    if (write(to_parent[1], "!", 1) == -1)
        _exit(3);
    errno = saved;
}

static void tell_child(int number)
{
    int saved = errno;
    (void)number;
    if (write(to_child[1], "!", 1) == -1)
        _exit(3);
    errno = saved;
}

static void await(int end)
{
    char byte;
    while (read(end, &byte, 1) != 1)
        if (errno != EINTR) {
            perror("read");
            _exit(3);
        }
}

int main(int argc, char *argv[])
{
    struct sigaction act;
    char rest;
    int n;

    if (argc != 2 || sscanf(argv[1], "%d%c", &n, &rest) != 1 || n < 1 || n > 1000) {
        fputs("usage: signal_count N\n", stderr);
        return EXIT_FAILURE;
    }
    if (pipe(to_parent) == -1 || pipe(to_child) == -1) {
        perror("pipe");
        return EXIT_FAILURE;
    }
    memset(&act, 0, sizeof act);
    sigemptyset(&act.sa_mask);
    act.sa_flags = SA_RESTART;
    act.sa_handler = tell_parent;
    sigaction(SIGUSR1, &act, NULL);
    act.sa_handler = tell_child;
    sigaction(SIGUSR2, &act, NULL);

    pid_t child = fork();
    if (child < 0) {
        fprintf(stderr, "fork: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    if (child == 0) {
        for (int i = 0; i < n; i++) {
            kill(getppid(), SIGUSR1);
            await(to_child[0]);
        }
        _exit(0);
    }
    for (int i = 1; i <= n; i++) {
        await(to_parent[0]);
        kill(child, SIGUSR2);
        if (i == n)
            wait(NULL);
    }
    printf("signals: %d\n", n);
    return EXIT_SUCCESS;
}
