/* pipex INPUT COMMAND COMMAND OUTPUT: what a shell does with `< INPUT COMMAND | COMMAND > OUTPUT`. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Puts a descriptor at 0 or 1. */
static void place(int descriptor, int at)
{
    if (descriptor == at)
        return;
    if (dup2(descriptor, at) < 0) {
        perror("dup2");
        _exit(1);
    }
    close(descriptor);
}

static int open_file(const char *path, int flags)
{
    int descriptor = open(path, flags, 0644);
    if (descriptor < 0) {
        perror(path);
        _exit(1);
    }
    return descriptor;
}

/* Becomes the command. */
static void run(char *command)
{
    size_t words = strlen(command) / 2 + 2, n = 0;
    char **argv = calloc(words, sizeof *argv);
    if (argv == NULL) {
        perror("calloc");
        _exit(1);
    }
    for (char *word = strtok(command, " "); word != NULL; word = strtok(NULL, " "))
        argv[n++] = word;
    if (n == 0) {
        fputs("pipex: an empty command\n", stderr);
        _exit(127);
    }
    execvp(argv[0], argv);
    int why = errno;
    perror(argv[0]);
    _exit(why == ENOENT ? 127 : 126);
}

int main(int argc, char *argv[])
{
    int ends[2];
    pid_t first, second;

    if (argc != 5) {
        fputs("usage: pipex INPUT COMMAND COMMAND OUTPUT\n", stderr);
        return 1;
    }
    if (pipe(ends) < 0) {
        perror("pipe");
        return 1;
    }
    first = fork();
    if (first < 0) {
        perror("fork");
        return 1;
    }
    if (first == 0) {
        close(ends[0]);
        place(ends[1], 1);
        place(open_file(argv[1], O_RDONLY), 0);
        run(argv[2]);
    }
    close(ends[1]);
    second = fork();
    if (second == 0) {
        place(ends[0], 0);
        place(open_file(argv[4], O_WRONLY | O_CREAT | O_TRUNC), 1);
        run(argv[3]);
    }
    if (second < 0)
        perror("fork");
    close(ends[0]);

    int status, result = 1;
    pid_t ended;
    while ((ended = wait(&status)) > 0)
        if (ended == second)
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}
