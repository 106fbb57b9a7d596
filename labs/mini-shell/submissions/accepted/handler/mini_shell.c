#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* everything is reaped in a SIGCHLD handler; the shell waits in sigsuspend; pipelines are built from the right by recursion */
#define MOST 512
static struct job { volatile pid_t pid; volatile int status, over, quiet; } jobs[MOST];
static volatile int njobs;
static sigset_t chld, usual;
static void reap(int s)
{
    int e = errno, st;
    pid_t p;
    (void)s;
    while ((p = waitpid(-1, &st, WNOHANG)) > 0)
        for (int i = 0; i < njobs; i++)
            if (jobs[i].pid == p && !jobs[i].over) { jobs[i].status = st; jobs[i].over = 1; break; }
    errno = e;
}
static int code(int st) { return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st); }
static int add(pid_t p, int quiet) { int n = njobs; jobs[n].pid = p; jobs[n].over = 0; jobs[n].quiet = quiet; njobs = n + 1; return n; }
static void run(char **w, int in, int out)
{
    char *args[256];
    int n = 0;
    sigprocmask(SIG_SETMASK, &usual, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    if (in != 0) { dup2(in, 0); close(in); }
    if (out != 1) { dup2(out, 1); close(out); }
    for (; *w; w++) {
        int fd, to;
        if (!strcmp(*w, "<")) { fd = open(w[1] ? w[1] : "", O_RDONLY); to = 0; }
        else if (!strcmp(*w, ">")) { fd = open(w[1] ? w[1] : "", O_WRONLY | O_CREAT | O_TRUNC, 0644); to = 1; }
        else if (!strcmp(*w, ">>")) { fd = open(w[1] ? w[1] : "", O_WRONLY | O_CREAT | O_APPEND, 0644); to = 1; }
        else { args[n++] = *w; continue; }
        if (fd < 0) { perror(w[1]); _exit(1); }
        dup2(fd, to);
        close(fd);
        w++;
    }
    args[n] = NULL;
    if (!n) _exit(0);
    execvp(args[0], args);
    int e = errno;
    fprintf(stderr, "%s: %s\n", args[0], strerror(e));
    _exit(e == ENOENT ? 127 : 126);
}
/* starts words[0..]; returns the number of the last job, -1 when something could not be had */
static int start(char **w, int in, int quiet)
{
    char **bar = w;
    int p[2] = { -1, 1 };
    while (*bar && strcmp(*bar, "|")) bar++;
    int more = *bar != NULL;
    if (more) {
        *bar = NULL;
        if (pipe2(p, O_CLOEXEC)) { perror("pipe"); if (in) close(in); return -1; }
    }
    pid_t pid = fork();
    if (pid == 0) { if (more) close(p[0]); run(w, in, p[1]); }
    if (in) close(in);
    if (more) close(p[1]);
    if (pid < 0) { perror("fork"); if (more) close(p[0]); return -1; }
    int me = add(pid, quiet);
    return more ? start(bar + 1, p[0], quiet) : me;
}
int main(void)
{
    char *line = NULL;
    size_t room = 0;
    int status = 0;
    struct sigaction sa = { .sa_handler = reap, .sa_flags = SA_RESTART };
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &usual);
    sigaction(SIGCHLD, &sa, NULL);
    signal(SIGINT, SIG_IGN);
    while (getline(&line, &room, stdin) > 0) {
        char *w[256], *save;
        int n = 0;
        for (char *t = strtok_r(line, " \t\n", &save); t; t = strtok_r(NULL, " \t\n", &save)) w[n++] = t;
        w[n] = NULL;
        if (n) {
            int back = !strcmp(w[n - 1], "&");
            if (back) w[--n] = NULL;
            if (!strcmp(w[0], "exit")) { if (w[1]) status = atoi(w[1]); break; }
            else if (!strcmp(w[0], "cd")) { status = 0; if (chdir(w[1] ? w[1] : getenv("HOME") ? getenv("HOME") : "/")) { perror(w[1]); status = 1; } }
            else if (n) {
                int first = njobs, last = start(w, 0, !back);
                if (back && last >= 0) { for (int i = first; i < last; i++) jobs[i].quiet = 1; status = 0; }
                else {
                    for (int i = first; i < njobs; i++) { jobs[i].quiet = 1; while (!jobs[i].over) sigsuspend(&usual); }
                    status = last < 0 ? 1 : code(jobs[last].status);
                }
            }
        }
        sigset_t pending;
        if (!sigpending(&pending) && sigismember(&pending, SIGCHLD)) { sigprocmask(SIG_UNBLOCK, &chld, NULL); sigprocmask(SIG_BLOCK, &chld, NULL); }
        for (int i = 0; i < njobs; i++)
            if (jobs[i].over && !jobs[i].quiet) { printf("%d ended with %d\n", (int)jobs[i].pid, code(jobs[i].status)); jobs[i].quiet = 1; }
        fflush(stdout);
        while (njobs && jobs[njobs - 1].over && jobs[njobs - 1].quiet) njobs--;
    }
    for (int i = 0; i < njobs; i++) while (!jobs[i].over) sigsuspend(&usual);
    free(line);
    return status;
}
