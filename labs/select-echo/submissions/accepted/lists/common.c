#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common.h"
/* a linked list of clients with lazily made buffers; both programs share this file */
#define ROOM 4096
volatile int quit_now;
static void handler(int s) { (void)s; quit_now = 1; }
void catch_signals(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
}
int start_listening(const char *text)
{
    char *end;
    long port = text ? strtol(text, &end, 10) : 0;
    if (!text || strspn(text, "0123456789") != strlen(text) || port < 1 || port > 65535) { fprintf(stderr, "give a port from 1 to 65535\n"); exit(2); }
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (s < 0) { perror("socket"); exit(1); }
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = INADDR_ANY };
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&a, sizeof a)) { perror("bind"); close(s); exit(1); }
    if (listen(s, SOMAXCONN)) { perror("listen"); close(s); exit(1); }
    printf("listening on port %ld\n", port);
    fflush(stdout);
    return s;
}
struct client *welcome(int listener, struct client *list, int most)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) { if (errno == EINTR || errno == ECONNABORTED) { if (quit_now) return list; continue; } if (errno != EAGAIN) perror("accept"); return list; }
        if (fd >= most) { close(fd); continue; }
        struct client *c = calloc(1, sizeof *c);
        if (!c) { close(fd); return list; }
        c->fd = fd;
        c->next = list;
        list = c;
    }
}
int fill(struct client *c)
{
    if (!c->data && !(c->data = malloc(ROOM))) return -1;
    ssize_t n = read(c->fd, c->data, ROOM);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (n == 0) { c->ended = 1; return -1; }
    c->from = 0; c->to = n;
    return drain(c);
}
int drain(struct client *c)
{
    while (c->from < c->to) {
        ssize_t n = write(c->fd, c->data + c->from, c->to - c->from);
        if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        c->from += n;
    }
    free(c->data); c->data = NULL; c->from = c->to = 0;
    return 0;
}
struct client *bury(struct client *c)
{
    struct client *next = c->next;
    close(c->fd);
    free(c->data);
    free(c);
    return next;
}
