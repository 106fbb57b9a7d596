#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/select.h>
#include <unistd.h>
#include <signal.h>
#include "common.h"
int main(int argc, char **argv)
{
    sigset_t block, old;
    catch_signals();
    sigemptyset(&block); sigaddset(&block, SIGTERM); sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &old);
    int l = start_listening(argc == 2 ? argv[1] : NULL);
    struct client *all = NULL;
    while (!quit_now) {
        fd_set in, out;
        int most = l;
        FD_ZERO(&in); FD_ZERO(&out); FD_SET(l, &in);
        for (struct client *c = all; c; c = c->next) { FD_SET(c->fd, c->data ? &out : &in); if (c->fd > most) most = c->fd; }
        if (pselect(most + 1, &in, &out, NULL, NULL, &old) < 0) { if (errno == EINTR) continue; perror("select"); break; }
        for (struct client **p = &all; *p;) {
            struct client *c = *p;
            int r = 0;
            if (FD_ISSET(c->fd, &out)) r = drain(c);
            else if (FD_ISSET(c->fd, &in)) r = fill(c);
            if (r < 0) *p = bury(c); else p = &c->next;
        }
        if (FD_ISSET(l, &in)) all = welcome(l, all, FD_SETSIZE);
    }
    while (all) all = bury(all);
    close(l);
    return 0;
}
