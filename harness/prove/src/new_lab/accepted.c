#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("Usage: give me a number of children\n", stderr);
        exit(EXIT_FAILURE);
    }
    int n = atoi(argv[1]);
    for (int i = 0; i < n; ++i)
        if (fork() == 0)
            _exit(i);
    for (int i = 0; i < n; ++i) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        printf("child %d ended with status %d\n", pid, WEXITSTATUS(status));
    }
    return EXIT_SUCCESS;
}
