#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* close and dup instead of dup2, own search along PATH with execve, second command first */
extern char **environ;
static void die(const char *what, int status) { fprintf(stderr, "pipex: %s: %s\n", what, strerror(errno)); _exit(status); }
static void become(char *command)
{
    char *words[strlen(command) / 2 + 2];
    int n = 0;
    for (char *w = strtok(command, " "); w; w = strtok(NULL, " ")) words[n++] = w;
    words[n] = NULL;
    if (n == 0) { fprintf(stderr, "pipex: empty command\n"); _exit(127); }
    if (strchr(words[0], '/')) {
        execve(words[0], words, environ);
        die(words[0], errno == ENOENT || errno == ENOTDIR ? 127 : 126);
    }
    const char *path = getenv("PATH");
    int denied = 0;
    if (!path) path = "/usr/bin:/bin";
    char *copy = strdup(path), *rest = copy, *dir;
    while ((dir = strsep(&rest, ":"))) {
        char full[4096];
        snprintf(full, sizeof full, "%s/%s", *dir ? dir : ".", words[0]);
        execve(full, words, environ);
        if (errno == EACCES) denied = 1;
        else if (errno != ENOENT && errno != ENOTDIR) die(words[0], 126);
    }
    errno = denied ? EACCES : ENOENT;
    die(words[0], denied ? 126 : 127);
}
int main(int argc, char **argv)
{
    int p[2], status = 0, left = 0, st;
    pid_t a, b, w;
    if (argc != 5) { fprintf(stderr, "usage: pipex INPUT COMMAND1 COMMAND2 OUTPUT\n"); exit(2); }
    if (pipe(p) != 0) { perror("pipe"); exit(1); }
    b = fork();
    if (b < 0) { perror("fork"); exit(1); }
    if (b == 0) {
        int o;
        close(p[1]);
        o = open(argv[4], O_CREAT | O_WRONLY | O_TRUNC, 0644);
        if (o < 0) die(argv[4], 1);
        close(0); if (dup(p[0]) != 0) die("dup", 1);
        close(1); if (dup(o) != 1) die("dup", 1);
        close(p[0]); close(o);
        become(argv[3]);
    }
    left = 1;
    a = fork();
    if (a < 0) { perror("fork"); close(p[0]); close(p[1]); while (wait(NULL) > 0); exit(1); }
    if (a == 0) {
        int i;
        close(p[0]);
        i = open(argv[1], O_RDONLY);
        if (i < 0) die(argv[1], 1);
        close(0); if (dup(i) != 0) die("dup", 1);
        close(1); if (dup(p[1]) != 1) die("dup", 1);
        close(p[1]); close(i);
        become(argv[2]);
    }
    left = 2;
    close(p[0]);
    close(p[1]);
    while (left > 0 && (w = wait(&st)) > 0) { left--; if (w == b) status = st; }
    if (WIFSIGNALED(status)) exit(128 + WTERMSIG(status));
    exit(WEXITSTATUS(status));
}
