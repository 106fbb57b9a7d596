/* No fork() of its own: posix_spawnp() starts everything, and says what went wrong in its result. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int result;

static void nothing(int signal)
{
    (void)signal;
}

static int code_of(const siginfo_t *end)
{
    return end->si_code == CLD_EXITED ? end->si_status : 128 + end->si_status;
}

static void tell_of_ended(int options)
{
    siginfo_t end;
    for (;;) {
        end.si_pid = 0;
        if (waitid(P_ALL, 0, &end, WEXITED | options) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        if (end.si_pid == 0)
            return;
        dprintf(STDOUT_FILENO, "%d ended with %d\n", end.si_pid, code_of(&end));
    }
}

/* The next word of a text, which is cut there; NULL: there is none. */
static char *next_word(char **text)
{
    while (isspace((unsigned char)**text))
        ++*text;
    if (**text == 0)
        return NULL;
    char *word = *text;
    while (**text && !isspace((unsigned char)**text))
        ++*text;
    if (**text)
        *(*text)++ = 0;
    return word;
}

/* A file that stands beside a command; 0: it is open. */
static int open_beside(const char *path, int flags, int *fd)
{
    int opened = open(path, flags | O_CLOEXEC, 0644);
    if (opened < 0) {
        fprintf(stderr, "%s: %m\n", path);
        return -1;
    }
    if (*fd >= 0)
        close(*fd);
    *fd = opened;
    return 0;
}

/* Starts a command with these files; gives its process, or minus its status where there is none. */
static pid_t start(char **words, int in, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t child;

    posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawnp(&child, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error == 0)
        return child;
    fprintf(stderr, "%s: %s\n", words[0], strerror(error));
    return error == ENOENT ? -127 : error == EACCES ? -126 : -1;
}

static void run_line(char *text)
{
    char *words[512], *word;
    int count = 0, in = -1, out = -1, pids = 0;
    bool background = false, broken = false, more = true;
    pid_t pid[256];

    while (more) {
        word = next_word(&text);
        more = word != NULL;
        bool is_pipe = word && !strcmp(word, "|");
        if (word && !strcmp(word, "&")) {
            background = true;
        } else if (word && (!strcmp(word, "<") || !strcmp(word, ">") || !strcmp(word, ">>"))) {
            char *path = next_word(&text);
            if (!path)
                broken = true;
            else if (*word == '<')
                broken |= open_beside(path, O_RDONLY, &in) < 0;
            else
                broken |= open_beside(path, O_WRONLY | O_CREAT | (word[1] ? O_APPEND : O_TRUNC), &out) < 0;
        } else if (word && !is_pipe) {
            words[count++] = word;
        } else if (count > 0) {
            int ends[2] = {-1, -1};
            words[count] = NULL;
            if (is_pipe && pipe2(ends, O_CLOEXEC) < 0) {
                perror("pipe");
                result = 1;
                break;
            }
            if (!is_pipe && pids == 0 && !strcmp(words[0], "exit")) {
                if (count > 1)
                    result = atoi(words[1]);
                tell_of_ended(0);
                exit(result);
            }
            if (!is_pipe && pids == 0 && !strcmp(words[0], "cd")) {
                result = chdir(count > 1 ? words[1] : getenv("HOME")) < 0;
                if (result)
                    perror(words[1]);
            } else {
                pid[pids++] = broken ? -1 : start(words, in, out >= 0 ? out : ends[1]);
            }
            if (in >= 0)
                close(in);
            if (out >= 0)
                close(out);
            if (ends[1] >= 0)
                close(ends[1]);
            in = ends[0];
            out = -1;
            count = 0;
            broken = false;
        }
    }
    if (in >= 0)
        close(in);
    for (int i = 0; i < pids; i++) {
        siginfo_t end;
        if (pid[i] < 0) {
            result = -pid[i];
        } else if (!background) {
            while (waitid(P_PID, pid[i], &end, WEXITED) < 0 && errno == EINTR)
                ;
            result = code_of(&end);
        } else {
            result = 0;
        }
    }
}

int main(void)
{
    struct sigaction caught = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    char *line = NULL;
    size_t size = 0;

    sigaction(SIGINT, &caught, NULL);
    while (getline(&line, &size, stdin) >= 0) {
        run_line(line);
        tell_of_ended(WNOHANG);
    }
    tell_of_ended(0);
    return result;
}
