/* iserver: nothing here blocks but epoll_wait(), which looks up once a second. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int queue;

static int fail(const char *call)
{
    char text[64];
    snprintf(text, sizeof text, "Iserver - %s() error", call);
    perror(text);
    return EXIT_FAILURE;
}

/* Waits until the descriptor can be read from, or written to. */
static int await(int fd, unsigned events)
{
    struct epoll_event wanted = {.events = events}, got;
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted) < 0)
        return -1;
    int n;
    do
        n = epoll_wait(queue, &got, 1, 1000);
    while (n == 0 || (n < 0 && errno == EINTR));
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, NULL);
    return n;
}

static int later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static ssize_t take(int fd, char *buffer, size_t size)
{
    ssize_t n;
    while ((n = recv(fd, buffer, size, 0)) < 0 && later())
        if (errno != EINTR && await(fd, EPOLLIN) < 0)
            return -1;
    return n;
}

static int give(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && !later())
            return -1;
        if (n < 0 && errno != EINTR && await(fd, EPOLLOUT) < 0)
            return -1;
        if (n > 0)
            data += n, size -= n;
    }
    return 0;
}

static void serve(int fd)
{
    char *message = NULL;
    size_t have = 0;
    puts("I am waiting client(s) to send message(s) to me...");
    for (;;) {
        char piece[64];
        ssize_t n = take(fd, piece, sizeof piece);
        if (n < 0) {
            fail("recv");
            break;
        }
        if (n > 0) {
            char *more = realloc(message, have + n);
            if (more == NULL)
                break;
            message = more;
            memcpy(message + have, piece, n);
            have += n;
            if (message[have - 1] != '\0')
                continue;
        }
        if (have == 0) {
            fputs("Iserver - recv(): nothing came\n", stderr);
            break;
        }
        printf("The message from client: \"%.*s\"\nEchoing it back to client...\n", (int)have, message);
        if (give(fd, message, have) < 0)
            fail("send");
        else
            puts("Iserver - send() is OK.");
        break;
    }
    free(message);
}

int main(int argc, char **argv)
{
    long left = 1;
    if (argc > 1) {
        char *end;
        left = strtol(argv[1], &end, 10);
        if (end == argv[1] || *end || left < 1) {
            fprintf(stderr, "Iserver - this is no count of clients: %s\n", argv[1]);
            return EXIT_FAILURE;
        }
    } else {
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    }
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (door < 0)
        return fail("socket");
    puts("Iserver - socket() is OK\nBinding the socket...");
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(12345)};
    if (bind(door, (void *)&me, sizeof me) < 0)
        return fail("bind");
    puts("Iserver - bind() is OK");
    if (listen(door, SOMAXCONN) < 0)
        return fail("listen");
    puts("Iserver - listen() is OK\nThe Iserver is ready!");
    queue = epoll_create1(EPOLL_CLOEXEC);
    if (queue < 0)
        return fail("epoll_create1");
    for (long n = 1; n <= left; n++) {
        int fd;
        printf("Iteration: #%ld\n waiting on accept()\n", n);
        while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) < 0) {
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            if (!later() || await(door, EPOLLIN) < 0)
                return fail("accept");
        }
        puts("accept() is OK and completed successfully!");
        serve(fd);
        close(fd);
    }
    close(queue);
    close(door);
    return EXIT_SUCCESS;
}
