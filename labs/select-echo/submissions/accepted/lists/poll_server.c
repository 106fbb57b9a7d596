#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <signal.h>
#include <time.h>
#include "common.h"
int main(int argc, char **argv)
{
    sigset_t block, old;
    catch_signals();
    sigemptyset(&block); sigaddset(&block, SIGTERM); sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &old);
    int l = start_listening(argc == 2 ? argv[1] : NULL);
    struct client *all = NULL;
    struct pollfd *fds = NULL;
    while (!quit_now) {
        size_t n = 1, i = 1;
        for (struct client *c = all; c; c = c->next) n++;
        fds = realloc(fds, n * sizeof *fds);
        fds[0].fd = l; fds[0].events = POLLIN;
        for (struct client *c = all; c; c = c->next, i++) { fds[i].fd = c->fd; fds[i].events = c->data ? POLLOUT : POLLIN; }
        if (ppoll(fds, n, NULL, &old) < 0) { if (errno == EINTR) continue; perror("poll"); break; }
        i = 1;
        for (struct client **p = &all; *p; i++) {
            struct client *c = *p;
            int r = 0;
            if (fds[i].revents) r = c->data ? drain(c) : fill(c);
            if (r < 0) *p = bury(c); else p = &c->next;
        }
        if (fds[0].revents) all = welcome(l, all, 1 << 30);
    }
    while (all) all = bury(all);
    free(fds);
    close(l);
    return 0;
}
