#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_LINE 4096
#define MAX_WORDS 256
#define MAX_COMMANDS 32
#define BLANKS " \t\n"

struct command {
    char *argv[MAX_WORDS];
    int argc;
    char *in;
    char *out;
    int append;
};

static struct command cmds[MAX_COMMANDS];
static int ncmds;
static int background;
static int last_status = 0;

static int decode(int status)
{
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

static void tell(pid_t pid, int status)
{
    printf("%d ended with %d\n", (int)pid, decode(status));
    fflush(stdout);
}

static void reap(void)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        tell(pid, status);
}

static void finish(int code)
{
    int status;
    pid_t pid;
    while ((pid = wait(&status)) > 0)
        tell(pid, status);
    exit(code);
}

static int parse(char *line)
{
    char *word;

    memset(cmds, 0, sizeof cmds);
    ncmds = 0;
    background = 0;
    struct command *c = &cmds[0];
    for (word = strtok(line, BLANKS); word != NULL; word = strtok(NULL, BLANKS)) {
        if (strcmp(word, "|") == 0) {
            if (ncmds + 1 == MAX_COMMANDS)
                return -1;
            c = &cmds[++ncmds];
        } else if (strcmp(word, "&") == 0) {
            background = 1;
        } else if (strcmp(word, "<") == 0) {
            c->in = strtok(NULL, BLANKS);
        } else if (strcmp(word, ">") == 0) {
            c->out = strtok(NULL, BLANKS);
            c->append = 0;
        } else if (strcmp(word, ">>") == 0) {
            c->out = strtok(NULL, BLANKS);
            c->append = 1;
        } else if (c->argc < MAX_WORDS - 1) {
            c->argv[c->argc++] = word;
        }
    }
    if (ncmds == 0 && c->argc == 0)
        return 0;
    ncmds++;
    for (int i = 0; i < ncmds; i++) {
        if (cmds[i].argc == 0) {
            fprintf(stderr, "mini_shell: a command is missing\n");
            return -1;
        }
    }
    return ncmds;
}

static void redirect(const char *path, int flags, int to)
{
    int fd = open(path, flags, 0644);
    if (fd == -1) {
        perror(path);
        _exit(1);
    }
    dup2(fd, to);
    close(fd);
}

static void child(struct command *c)
{
    signal(SIGINT, SIG_DFL);
    if (c->in != NULL)
        redirect(c->in, O_RDONLY, STDIN_FILENO);
    if (c->out != NULL)
        redirect(c->out, O_WRONLY | O_CREAT | (c->append ? O_APPEND : O_TRUNC), STDOUT_FILENO);
    execvp(c->argv[0], c->argv);
    perror(c->argv[0]);
    _exit(127);
}

static void run(void)
{
    int pipes[MAX_COMMANDS][2];
    pid_t pids[MAX_COMMANDS];
    int i, j, status, started;
    int made, failed = 0;

    for (made = 0; made < ncmds - 1; made++) {
        if (pipe(pipes[made]) == -1) {
            perror("pipe");
            failed = 1;
            break;
        }
    }
    for (started = 0; !failed && started < ncmds; started++) {
        pids[started] = fork();
        if (pids[started] == -1) {
            perror("fork");
            failed = 1;
            break;
        }
        if (pids[started] == 0) {
            if (started > 0)
                dup2(pipes[started - 1][0], STDIN_FILENO);
            if (started < ncmds - 1)
                dup2(pipes[started][1], STDOUT_FILENO);
            for (j = 0; j < made; j++) {
                close(pipes[j][0]);
                close(pipes[j][1]);
            }
            child(&cmds[started]);
        }
    }
    for (j = 0; j < made; j++) {
        close(pipes[j][0]);
        close(pipes[j][1]);
    }
    if (background && !failed) {
        last_status = 0;
        return;
    }
    for (i = 0; i < started; i++) {
        waitpid(pids[i], &status, 0);
        last_status = decode(status);
    }
    if (failed)
        last_status = 1;
}

int main(void)
{
    char line[MAX_LINE];

    signal(SIGINT, SIG_IGN);
    while (fgets(line, sizeof line, stdin) != NULL) {
        int n = parse(line);
        if (n == -1) {
            last_status = 2;
        } else if (n > 0 && strcmp(cmds[0].argv[0], "exit") == 0) {
            finish(cmds[0].argc > 1 ? atoi(cmds[0].argv[1]) : last_status);
        } else if (n > 0 && strcmp(cmds[0].argv[0], "cd") == 0) {
            last_status = 0;
            if (cmds[0].argc != 2 || chdir(cmds[0].argv[1]) == -1) {
                perror(cmds[0].argc == 2 ? cmds[0].argv[1] : "cd");
                last_status = 1;
            }
        } else if (n > 0) {
            run();
        }
        reap();
    }
    finish(last_status);
}
