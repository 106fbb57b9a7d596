#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* waitid, dprintf, strtol, and blocked SIGCHLD taken by sigwaitinfo */
struct kid { int signal, number; long seconds; };
static int parse(const char *text, struct kid *kid)
{
    char *end;
    const char *p = text;
    memset(kid, 0, sizeof *kid);
    if (*p == 's') kid->signal = 1, p++;
    if (!isdigit((unsigned char)*p)) return -1;
    errno = 0;
    long n = strtol(p, &end, 10);
    if (errno || n > (kid->signal ? 64 : 255) || (kid->signal && n < 1)) return -1;
    kid->number = n;
    if (*end == '@') {
        p = end + 1;
        if (!isdigit((unsigned char)*p)) return -1;
        kid->seconds = strtol(p, &end, 10);
        if (errno) return -1;
    }
    return *end ? -1 : 0;
}
static void child(const struct kid *kid)
{
    struct timespec t = { kid->seconds, 0 };
    while (nanosleep(&t, &t) == -1 && errno == EINTR) ;
    dprintf(STDOUT_FILENO, "%ld: my parent is %ld\n", (long)getpid(), (long)getppid());
    if (kid->signal) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(kid->number, SIG_DFL);
        kill(getpid(), kid->number);
        for (;;) pause();
    }
    _exit(kid->number);
}
int main(int argc, char **argv)
{
    struct kid kids[argc];
    int alive = 0, bad = 0, failed = 0;
    if (argc < 2) { fprintf(stderr, "usage: fork_wait CHILD...\n"); return 255; }
    for (int i = 1; i < argc; i++)
        if (parse(argv[i], &kids[i])) { fprintf(stderr, "fork_wait: what is '%s'?\n", argv[i]); return 255; }
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    dprintf(1, "%d child%s\n", argc - 1, argc == 2 ? "" : "ren");
    for (int i = 1; i < argc && !failed; i++) {
        pid_t pid = fork();
        if (pid == 0) { sigprocmask(SIG_UNBLOCK, &chld, NULL); child(&kids[i]); }
        if (pid < 0) { perror("fork"); failed = 1; } else alive++;
    }
    while (alive) {
        siginfo_t got;
        if (sigwaitinfo(&chld, &got) < 0 && errno != EINTR) break;
        for (;;) {
            siginfo_t how;
            how.si_pid = 0;
            if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG) < 0 || how.si_pid == 0) break;
            alive--;
            if (how.si_code == CLD_EXITED)
                dprintf(1, "%d exited with %d\n", (int)how.si_pid, how.si_status), bad += how.si_status != 0;
            else
                dprintf(1, "%d was ended by signal %d (%s)\n", (int)how.si_pid, how.si_status, strsignal(how.si_status)), bad++;
        }
    }
    return failed ? 255 : bad;
}
