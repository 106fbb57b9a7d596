/* mini_shell: runs the commands that it reads, a line at a time. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 100

static int status; /* of the last command, as $? is */

struct command {
    char *words[WORDS_MAX + 1];
    char *input, *output;
    int appends;
};

static int in_numbers(int how)
{
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

/* Says which background commands have ended. */
static void reap(int options)
{
    int how;
    pid_t ended;
    while ((ended = waitpid(-1, &how, options)) > 0 || (ended < 0 && errno == EINTR)) {
        if (ended > 0) {
            printf("%d ended with %d\n", (int)ended, in_numbers(how));
            fflush(stdout);
        }
    }
}

/* Puts a file where the program will look for its input or output. */
static void put_file(const char *path, int flags, int at)
{
    int fd = open(path, flags, 0644);
    if (fd < 0) {
        perror(path);
        _exit(1);
    }
    dup2(fd, at);
    close(fd);
}

static void become(const struct command *command)
{
    if (command->input)
        put_file(command->input, O_RDONLY, 0);
    if (command->output)
        put_file(command->output, O_WRONLY | O_CREAT | (command->appends ? O_APPEND : O_TRUNC), 1);
    execvp(command->words[0], command->words);
    int missing = errno == ENOENT;
    perror(command->words[0]);
    _exit(missing ? 127 : 126);
}

static int built_in(char **words)
{
    if (strcmp(words[0], "cd") == 0) {
        status = 0;
        if (chdir(words[1] ? words[1] : "/") < 0) {
            perror(words[1]);
            status = 1;
        }
        return 1;
    }
    if (strcmp(words[0], "exit") == 0) {
        if (words[1])
            status = atoi(words[1]);
        reap(0);
        exit(status & 255);
    }
    return 0;
}

/* Starts the commands of a pipeline, and waits for them unless they are in the background. */
static void run(struct command *commands, int count, int background)
{
    int before = -1, started = 0, failed = 0;
    pid_t children[WORDS_MAX];

    for (; started < count && !failed; started++) {
        int ends[2] = {-1, -1}, last = started == count - 1;
        if (!last && pipe2(ends, O_CLOEXEC) < 0) {
            perror("pipe");
            failed = 1;
            break;
        }
        pid_t child = fork();
        if (child == 0) {
            signal(SIGINT, SIG_DFL);
            if (before >= 0)
                dup2(before, 0);
            if (!last)
                dup2(ends[1], 1);
            become(&commands[started]);
        }
        if (before >= 0)
            close(before);
        if (!last)
            close(ends[1]);
        before = ends[0];
        if (child < 0) {
            perror("fork");
            failed = 1;
            break;
        }
        children[started] = child;
    }
    if (before >= 0)
        close(before);
    for (int i = 0; i < started && (!background || failed); i++) {
        int how;
        while (waitpid(children[i], &how, 0) < 0 && errno == EINTR)
            continue;
        status = in_numbers(how);
    }
    if (failed)
        status = 1;
    else if (background)
        status = 0;
}

/* Takes a line apart; gives how many commands it has, 0: none, -1: it makes no sense. */
static int read_commands(char *line, struct command *commands, int *background)
{
    int count = 0, words = 0;
    *background = 0;
    memset(&commands[0], 0, sizeof commands[0]);
    for (char *word = strtok(line, " \t\n"); word; word = strtok(NULL, " \t\n")) {
        struct command *command = &commands[count];
        if (*background)
            return -1;
        if (strcmp(word, "|") == 0) {
            if (words == 0)
                return -1;
            words = 0;
            memset(&commands[++count], 0, sizeof commands[0]);
        } else if (strcmp(word, "&") == 0) {
            *background = 1;
        } else if (strcmp(word, "<") == 0 || strcmp(word, ">") == 0 || strcmp(word, ">>") == 0) {
            char *path = strtok(NULL, " \t\n");
            if (path == NULL)
                return -1;
            if (*word == '<')
                command->input = path;
            else
                command->output = path;
            command->appends = word[0] == '>' && word[1] == '>';
        } else if (words < WORDS_MAX && count < WORDS_MAX - 1) {
            command->words[words++] = word;
        }
    }
    if (words == 0)
        return count == 0 && !*background && !commands[0].input && !commands[0].output ? 0 : -1;
    return count + 1;
}

int main(void)
{
    static struct command commands[WORDS_MAX];
    char *line = NULL;
    size_t room = 0;
    int background;

    signal(SIGINT, SIG_IGN);
    while (getline(&line, &room, stdin) > 0) {
        int count = read_commands(line, commands, &background);
        if (count < 0) {
            fprintf(stderr, "mini_shell: this line makes no sense\n");
            status = 2;
        } else if (count > 0 && !(count == 1 && built_in(commands[0].words))) {
            run(commands, count, background);
        }
        reap(WNOHANG);
    }
    reap(0);
    return status;
}
