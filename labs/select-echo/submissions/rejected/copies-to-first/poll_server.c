/* poll_server PORT */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void die(const char *call)
{
    perror(call);
    exit(1);
}

static int open_listener(int argc, char *argv[])
{
    char *end;
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        exit(1);
    }
    long port = strtol(argv[1], &end, 10);
    if (end == argv[1] || *end != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "%s: %s is no port\n", argv[0], argv[1]);
        exit(1);
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        die("socket");
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        die("setsockopt");
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1)
        die("bind");
    if (listen(fd, 128) == -1)
        die("listen");
    printf("listening on port %ld\n", port);
    fflush(stdout);
    return fd;
}

static void catch_signals(void)
{
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* What a client is still to get back. */
struct client {
    size_t left, sent;
    char rest[4096];
};

/* Sends what is left as far as it goes; -1 when the client is gone. */
static int send_rest(int fd, struct client *client)
{
    while (client->sent < client->left) {
        ssize_t n = send(fd, client->rest + client->sent, client->left - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == -1)
            return errno == EAGAIN ? 0 : -1;
        client->sent += (size_t)n;
    }
    client->left = client->sent = 0;
    return 0;
}

/* One turn of a client that can be read or written; -1 when it is to be closed. */
static int serve(int fd, struct client *client)
{
    if (client->left == 0) {
        ssize_t n = recv(fd, client->rest, sizeof client->rest, MSG_DONTWAIT);
        if (n == 0)
            return -1;
        if (n == -1)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        client->left = (size_t)n;
    }
    if (fd != 4)
        send(4, client->rest, client->left, MSG_DONTWAIT | MSG_NOSIGNAL);
    return send_rest(fd, client);
}

int main(int argc, char *argv[])
{
    int listener = open_listener(argc, argv);
    size_t count = 1, room = 16;
    struct pollfd *fds = malloc(room * sizeof *fds);
    struct client **clients = malloc(room * sizeof *clients);

    if (fds == NULL || clients == NULL)
        die("malloc");
    catch_signals();
    fds[0].fd = listener;
    while (!ended) {
        for (size_t i = 0; i < count; i++)
            fds[i].events = i == 0 || clients[i]->left == 0 ? POLLIN : POLLOUT;
        if (poll(fds, count, -1) == -1) {
            if (errno == EINTR)
                continue;
            die("poll");
        }
        for (size_t i = count - 1; i > 0; i--) {
            if (fds[i].revents == 0 || serve(fds[i].fd, clients[i]) == 0)
                continue;
            close(fds[i].fd);
            free(clients[i]);
            count--;
            fds[i] = fds[count];
            clients[i] = clients[count];
        }
        if (fds[0].revents != 0) {
            int fd = accept(listener, NULL, NULL);
            if (fd == -1) {
                perror("accept");
                continue;
            }
            if (count == room) {
                room *= 2;
                fds = realloc(fds, room * sizeof *fds);
                clients = realloc(clients, room * sizeof *clients);
                if (fds == NULL || clients == NULL)
                    die("realloc");
            }
            fds[count].fd = fd;
            fds[count].revents = 0;
            clients[count] = calloc(1, sizeof **clients);
            if (clients[count] == NULL)
                die("calloc");
            count++;
        }
    }
    return 0;
}
