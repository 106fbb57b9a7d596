/* Descriptors close themselves, the search along PATH is our own, and waitid tells who ended. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct stage {
    const char *file;
    int flags, keeps, at; /* which of the pipe's ends it keeps, and where */
    char *command;
    pid_t pid;
};

static int try(char **argv)
{
    if (strchr(argv[0], '/') != NULL) {
        execve(argv[0], argv, environ);
        return errno;
    }
    const char *list = getenv("PATH");
    char *rest = strdup(list != NULL ? list : "/bin:/usr/bin");
    int why = ENOENT;
    for (char *folder; (folder = strsep(&rest, ":")) != NULL;) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, argv[0]);
        execve(path, argv, environ);
        if (errno != ENOENT)
            why = errno;
    }
    return why;
}

static void become(struct stage *stage, const int *ends)
{
    int file = open(stage->file, stage->flags | O_CLOEXEC, 0666 & ~022);
    if (file < 0)
        err(1, "%s", stage->file);
    if (dup3(ends[stage->keeps], stage->at, 0) < 0 || dup3(file, 1 - stage->at, 0) < 0)
        err(1, "dup3");
    char **argv = NULL, *word;
    size_t n = 0;
    while ((word = strsep(&stage->command, " ")) != NULL) {
        if (*word == '\0')
            continue;
        argv = realloc(argv, (n + 2) * sizeof *argv);
        argv[n++] = word;
        argv[n] = NULL;
    }
    if (n == 0)
        errx(127, "no command");
    int why = try(argv);
    warnx("%s: %s", argv[0], strerror(why));
    exit(why == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        errx(2, "wants an input file, two commands and an output file");
    struct stage stages[2] = {
        {argv[1], O_RDONLY, 1, STDOUT_FILENO, argv[2], -1},
        {argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0, STDIN_FILENO, argv[3], -1},
    };
    int ends[2], result = EXIT_FAILURE;
    if (pipe2(ends, O_CLOEXEC) < 0)
        err(EXIT_FAILURE, "cannot make a pipe");
    for (int i = 0; i < 2; i++) {
        stages[i].pid = fork();
        if (stages[i].pid == 0)
            become(&stages[i], ends);
        if (stages[i].pid < 0) {
            warn("cannot make process %d", i);
            break;
        }
    }
    close(ends[0]);
    close(ends[1]);
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED) == 0)
        if (info.si_pid == stages[1].pid)
            result = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return result;
}
