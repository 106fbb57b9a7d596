/* comclient: connects without blocking, and polls with a timeout before each step. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int await(int fd, short events)
{
    struct pollfd one = {fd, events, 0};
    for (;;) {
        int n = poll(&one, 1, 5000);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

static int reach(const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *one;
    int wrong = getaddrinfo(host, "12345", &hints, &all), fd = -1, said = 0;
    if (wrong) {
        fprintf(stderr, "client - %s: %s\n", host, gai_strerror(wrong));
        return -1;
    }
    for (one = all; one; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd < 0) {
            perror("client - socket() error");
            break;
        }
        if (!said++)
            puts("client - socket() is OK.");
        fcntl(fd, F_SETFL, O_NONBLOCK);
        int error = 0;
        socklen_t size = sizeof error;
        if (connect(fd, one->ai_addr, one->ai_addrlen) < 0) {
            error = errno;
            if (error == EINPROGRESS && await(fd, POLLOUT) == 0)
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
        if (error == 0)
            break;
        close(fd);
        fd = -1;
        errno = error;
        if (!one->ai_next)
            perror("client - connect() error");
    }
    freeaddrinfo(all);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        printf("Usage: %s <Server_name or Server_IP_address>\n", argv[0]);
        return 2;
    }
    int fd = reach(argv[1]);
    if (fd < 0)
        return 1;
    printf("client - connect() is OK.\nconnect() completed successfully.\n");
    printf("Connection with %s using port 12345 established!\n", argv[1]);
    puts("Enter message to be sent to server:");
    char *line = NULL;
    size_t room = 0;
    if (getline(&line, &room, stdin) < 0) {
        fputs("client - there is no line\n", stderr);
        return 1;
    }
    line[strcspn(line, "\n")] = '\0';
    size_t size = strlen(line) + 1, sent = 0, got = 0;
    while (sent < size) {
        ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += n;
        else if (errno == EAGAIN)
            await(fd, POLLOUT);
        else if (errno != EINTR) {
            perror("client - send() error");
            return 1;
        }
    }
    printf("client - send() is OK.\n%zu bytes sent.\n", sent);
    char *echo = malloc(size);
    while (echo && got < size) {
        ssize_t n = recv(fd, echo + got, size - got, 0);
        if (n > 0)
            got += n;
        else if (n == 0)
            break;
        else if (errno == EAGAIN)
            await(fd, POLLIN);
        else if (errno != EINTR) {
            perror("client - recv() error");
            return 1;
        }
    }
    if (!echo || got != size || memcmp(line, echo, size)) {
        fputs("client - the echo is another\n", stderr);
        return 1;
    }
    printf("client - recv() is OK.\nThe sent message: \"%s\" successfully received by server and echoed back to client!\n%zu bytes received.\n", echo, got);
    close(fd);
    return 0;
}
