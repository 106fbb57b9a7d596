/* sockopt_report [BYTES] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *call)
{
    perror(call);
    exit(1);
}

static int open_socket(int type)
{
    int fd = socket(AF_INET, type, 0);
    if (fd == -1)
        die("socket");
    return fd;
}

static int get(int fd, int option)
{
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, option, &value, &length) == -1)
        die("getsockopt");
    return value;
}

static void set(int fd, int option, int value)
{
    if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) == -1)
        die("setsockopt");
}

static void turn_on(int fd, int option, const char *name)
{
    printf("%s before: %d\n", name, get(fd, option));
    set(fd, option, 1);
    printf("%s after: %d\n", name, get(fd, option));
}

static void resize(int fd, int option, const char *name, int bytes)
{
    printf("%s before: %d\n", name, get(fd, option));
    printf("%s asked: %d\n", name, bytes);
    set(fd, option, bytes);
    printf("%s after: %d\n", name, get(fd, option));
}

static void show_linger(int fd, const char *when)
{
    struct linger linger;
    socklen_t length = sizeof linger;
    if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) == -1)
        die("getsockopt");
    printf("SO_LINGER %s: %d %d\n", when, linger.l_onoff, linger.l_linger);
}

static void pending_error(void)
{
    struct sockaddr_in nobody = {0};
    struct pollfd wait = {0};
    int fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK);

    nobody.sin_family = AF_INET;
    nobody.sin_port = htons(9009);
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&nobody, sizeof nobody) == -1 && errno != EINPROGRESS)
        die("connect");
    wait.fd = fd;
    wait.events = POLLOUT;
    if (poll(&wait, 1, -1) == -1)
        die("poll");
    int error = get(fd, SO_ERROR);
    printf("SO_ERROR: %d (%s)\n", error, error == 0 ? "no error" : strerror(error));
    printf("SO_ERROR again: %d\n", get(fd, SO_ERROR));
    close(fd);
}

int main(int argc, char *argv[])
{
    struct linger linger = {1, 5};
    long bytes = 10000;
    FILE *copy = fopen("/tmp/report", "w");

    if (copy != NULL)
        fclose(copy);

    if (argc > 1) {
        char *end;
        errno = 0;
        bytes = strtol(argv[1], &end, 10);
        if (argc > 2 || end == argv[1] || *end != '\0' || errno != 0 || bytes < 1 || bytes > 2147483647) {
            fprintf(stderr, "Usage: %s [BYTES]\n", argv[0]);
            return 1;
        }
    }
    int stream = open_socket(SOCK_STREAM), datagram = open_socket(SOCK_DGRAM);
    printf("stream SO_TYPE: %d\n", get(stream, SO_TYPE));
    printf("datagram SO_TYPE: %d\n", get(datagram, SO_TYPE));
    turn_on(stream, SO_REUSEADDR, "SO_REUSEADDR");
    turn_on(stream, SO_KEEPALIVE, "SO_KEEPALIVE");
    turn_on(datagram, SO_BROADCAST, "SO_BROADCAST");
    show_linger(stream, "before");
    if (setsockopt(stream, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == -1)
        die("setsockopt");
    show_linger(stream, "after");
    resize(stream, SO_RCVBUF, "SO_RCVBUF", (int)bytes);
    resize(stream, SO_SNDBUF, "SO_SNDBUF", (int)bytes);
    close(stream);
    close(datagram);
    pending_error();
    return 0;
}
