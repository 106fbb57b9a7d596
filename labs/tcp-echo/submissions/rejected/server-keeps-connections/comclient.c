/* comclient HOST: sends one line to the iserver at HOST and prints the echo. */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_PORT 12345

static void complain(const char *call, int error)
{
    fprintf(stderr, "client - %s() error: %s\n", call, strerror(error));
}

/* A socket connected to host, or -1 when that has been complained about. */
static int connect_to(const char *host)
{
    struct addrinfo hints = {0}, *found;
    char port[8];
    snprintf(port, sizeof port, "%d", SERVER_PORT);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed != 0) {
        fprintf(stderr, "client - getaddrinfo() error: %s\n", gai_strerror(failed));
        return -1;
    }
    int fd = -1, error = 0;
    const char *call = "socket";
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd < 0) {
            call = "socket";
            error = errno;
            continue;
        }
        if (a == found)
            printf("client - socket() is OK.\n");
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            break;
        call = "connect";
        error = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    if (fd < 0)
        complain(call, error);
    return fd;
}

static int send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        size -= put;
    }
    return 0;
}

/* Receives until size bytes are there or the server has closed. */
static ssize_t recv_all(int fd, char *buffer, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got = recv(fd, buffer + have, size - have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += got;
    }
    return have;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        printf("Usage: %s <Server_name or Server_IP_address>\n", argv[0]);
        return 1;
    }
    int fd = connect_to(argv[1]);
    if (fd < 0)
        return 1;
    printf("client - connect() is OK.\n");
    printf("connect() completed successfully.\n");
    printf("Connection with %s using port %d established!\n", argv[1], SERVER_PORT);

    int status = 1;
    char *line = NULL, *echo = NULL;
    size_t room = 0;
    printf("Enter message to be sent to server:\n");
    ssize_t length = getline(&line, &room, stdin);
    if (length < 0) {
        fprintf(stderr, "client - no message: end of input\n");
        goto out;
    }
    if (length > 0 && line[length - 1] == '\n')
        line[length - 1] = '\0';
    size_t size = strlen(line) + 1;
    if (send_all(fd, line, size) < 0) {
        complain("send", errno);
        goto out;
    }
    printf("client - send() is OK.\n");
    printf("%zu bytes sent.\n", size);

    echo = malloc(size + 1);
    if (echo == NULL) {
        complain("malloc", errno);
        goto out;
    }
    ssize_t got = recv_all(fd, echo, size);
    if (got < 0) {
        complain("recv", errno);
        goto out;
    }
    echo[got] = '\0';
    if ((size_t)got != size || memcmp(echo, line, size) != 0) {
        fprintf(stderr, "client - recv() error: %zd bytes came back, and they are not the message\n", got);
        goto out;
    }
    printf("client - recv() is OK.\n");
    printf("The sent message: \"%s\" successfully received by server and echoed back to client!\n", echo);
    printf("%zd bytes received.\n", got);
    status = 0;
out:
    free(echo);
    free(line);
    close(fd);
    return status;
}
