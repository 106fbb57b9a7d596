#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 64

static void execute(char *command)
{
    char *words[MAX_WORDS + 1];
    int n = 0;
    char *p = command;

    while (n < MAX_WORDS) {
        while (*p == ' ')
            p++;
        if (*p == '\0')
            break;
        words[n++] = p;
        while (*p != ' ' && *p != '\0')
            p++;
        if (*p == '\0')
            break;
        *p++ = '\0';
    }
    words[n] = NULL;
    if (n > 0)
        execvp(words[0], words);
    fprintf(stderr, "pipex: %s: %s\n", n > 0 ? words[0] : "nothing to run", strerror(errno));
    _exit(errno == EACCES ? 126 : 127);
}

int main(int argc, char *argv[])
{
    int fds[2];

    if (argc != 5) {
        fprintf(stderr, "Usage: %s infile cmd1 cmd2 outfile\n", argv[0]);
        exit(EXIT_FAILURE);
    }
    if (pipe(fds) == -1) {
        perror("pipe");
        exit(EXIT_FAILURE);
    }

    pid_t left = fork();
    if (left == -1) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (left == 0) {
        int in = open(argv[1], O_RDONLY);
        if (in == -1) {
            perror(argv[1]);
            _exit(EXIT_FAILURE);
        }
        dup2(in, STDIN_FILENO);
        dup2(fds[1], STDOUT_FILENO);
        close(in);
        close(fds[0]);
        close(fds[1]);
        execute(argv[2]);
    }

    pid_t right = fork();
    if (right == -1) {
        perror("fork");
        close(fds[0]);
        close(fds[1]);
        waitpid(left, NULL, 0);
        exit(EXIT_FAILURE);
    }
    if (right == 0) {
        int out = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (out == -1) {
            perror(argv[4]);
            _exit(EXIT_FAILURE);
        }
        dup2(fds[0], STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        close(out);
        close(fds[0]);
        close(fds[1]); /* the second child's */
        execute(argv[3]);
    }

    /* The parent reads nothing and writes nothing. */
    close(fds[0]);
    close(fds[1]);

    int status;
    waitpid(left, NULL, 0);
    waitpid(right, &status, 0);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
