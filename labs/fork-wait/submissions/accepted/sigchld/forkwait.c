/* Children are collected where SIGCHLD says that some have ended; the main program sleeps in sigsuspend(). */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct end { pid_t pid; int status; };
static struct end ends[4096];
static volatile sig_atomic_t ended;

static void collect(int signal)
{
    int saved = errno, status;
    (void)signal;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        ends[ended++] = (struct end){pid, status};
    errno = saved;
}

static bool read_child(const char *text, int *number, bool *dies, unsigned *pause)
{
    int used = 0;
    unsigned value, seconds = 0;
    *dies = *text == 's';
    text += *dies;
    if (!isdigit((unsigned char)*text) || sscanf(text, "%u%n", &value, &used) < 1)
        return false;
    text += used;
    if (*text == '@') {
        if (!isdigit((unsigned char)text[1]) || sscanf(text, "@%u%n", &seconds, &used) < 1)
            return false;
        text += used;
    }
    *number = (int)value;
    *pause = seconds;
    return *text == '\0' && (*dies ? value >= 1 && value <= 64 : value <= 255);
}

int main(int argc, char **argv)
{
    int number, failures = 0, made = 0, told = 0;
    bool dies;
    unsigned pause;
    sigset_t blocked, usual;

    if (argc == 1)
        errx(EXIT_FAILURE, "no children wanted: give me their statuses");
    for (int i = 1; i < argc; i++)
        if (!read_child(argv[i], &number, &dies, &pause))
            errx(EXIT_FAILURE, "%s: not understood", argv[i]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d child%s\n", argc - 1, argc > 2 ? "ren" : "");
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &usual);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = collect, .sa_flags = SA_RESTART}, NULL);
    for (int i = 1; i < argc; i++, made++) {
        pid_t pid = fork();
        if (pid < 0) {
            warn("fork");
            failures = 1;
            break;
        }
        if (pid == 0) {
            signal(SIGCHLD, SIG_DFL);
            sigprocmask(SIG_SETMASK, &usual, NULL);
            read_child(argv[i], &number, &dies, &pause);
            sleep(pause);
            printf("%d: my parent is %d\n", (int)getpid(), (int)getppid());
            if (dies)
                raise(number);
            _exit(number);
        }
    }
    while (told < made) {
        while (told == ended)
            sigsuspend(&usual);
        struct end *end = &ends[told++];
        if (WIFSIGNALED(end->status))
            printf("%d was ended by signal %d (%s)\n", (int)end->pid, WTERMSIG(end->status), strsignal(WTERMSIG(end->status)));
        else
            printf("%d exited with %d\n", (int)end->pid, WEXITSTATUS(end->status));
        failures += end->status != 0;
    }
    return failures;
}
