#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CHILDREN\n", argv[0]);
        return 1;
    }
    int children = atoi(argv[1]);
    for (int i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid < 0) {
            perror("fork");
            return 1;
        }
        if (pid == 0)
            exit(i);
    }
    int status;
    pid_t pid;
    while ((pid = wait(&status)) > 0)
        printf("child %d ended with status %d\n", (int)pid, WEXITSTATUS(status));
    return 0;
}
