#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts a command that reads and writes these; both are closed here afterwards. */
static pid_t start(char *command, int in, int out, int *failed)
{
    pid_t pid = -1;
    char *argv[100];
    int n = 0, why = 0;
    char *save;

    for (char *word = strtok_r(command, " \t", &save); word && n < 99; word = strtok_r(NULL, " \t", &save))
        argv[n++] = word;
    argv[n] = NULL;
    if (in >= 0 && out >= 0) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in, 0);
        posix_spawn_file_actions_adddup2(&actions, out, 1);
        why = n > 0 ? posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) : ENOENT;
        posix_spawn_file_actions_destroy(&actions);
        if (why != 0) {
            pid = -1;
            fprintf(stderr, "%s: %s\n", n > 0 ? argv[0] : "command", strerror(why));
            *failed = why == EAGAIN ? 1 : why == ENOENT ? 127 : 126;
        }
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return pid;
}

static int opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        fprintf(stderr, "pipex: cannot open %s (%s)\n", path, strerror(errno));
    return fd;
}

int main(int argc, char **argv)
{
    int p[2], status, result = 1, ignored = 0;

    if (argc != 5)
        return fputs("pipex: four arguments, please\n", stderr), 1;
    if (pipe2(p, O_CLOEXEC))
        return perror("pipe2"), 1;
    pid_t one = start(argv[2], opened(argv[1], O_RDONLY), p[1], &ignored);
    if (ignored == 1)
        return 1;
    pid_t two = start(argv[3], p[0], opened(argv[4], O_WRONLY | O_CREAT | O_TRUNC), &result);
    if (two > 0 && waitpid(two, &status, 0) == two)
        result = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) + 128;
    if (one > 0)
        waitpid(one, NULL, 0);
    return result;
}
