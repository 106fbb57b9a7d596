/* comclient HOST - send one line to the echo server at HOST and show what comes back.
   A line of more than 99 characters is refused before anything is sent. */
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const me = "client";

static int reach(const char *host)
{
    struct addrinfo want, *list;
    memset(&want, 0, sizeof want);
    want.ai_family = AF_UNSPEC;
    want.ai_socktype = SOCK_STREAM;
    want.ai_flags = AI_NUMERICSERV;
    int rc = getaddrinfo(host, SERVICE, &want, &list);
    if (rc != 0) {
        fprintf(stderr, "%s - getaddrinfo() error: %s: %s\n", me, host, gai_strerror(rc));
        return -1;
    }
    int fd = -1, said = 0;
    for (const struct addrinfo *at = list; at != NULL && fd == -1; at = at->ai_next) {
        const int last = at->ai_next == NULL;
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd == -1) {
            if (last)
                report(me, "socket");
            continue;
        }
        if (!said++)
            puts("client - socket() is OK.");
        if (connect(fd, at->ai_addr, at->ai_addrlen) == -1) {
            if (last)
                report(me, "connect");
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

/* One line of standard input without its newline, at most MESSAGE_MAX - 1 characters. 0 or -1. */
static int ask(char *line)
{
    char typed[MESSAGE_MAX + 1]; /* and the newline */
    puts("Enter message to be sent to server:");
    if (fgets(typed, sizeof typed, stdin) == NULL) {
        fprintf(stderr, "%s - there is no line to send\n", me);
        return -1;
    }
    const size_t length = strcspn(typed, "\n");
    if (length >= MESSAGE_MAX) {
        fprintf(stderr, "%s - a message has at most %d characters\n", me, MESSAGE_MAX - 1);
        return -1;
    }
    typed[length] = '\0';
    memcpy(line, typed, length + 1);
    return 0;
}

static int converse(int fd)
{
    char message[MESSAGE_MAX], echo[MESSAGE_MAX];
    if (ask(message) == -1)
        return -1;
    const size_t size = strlen(message) + 1;

    if (write_all(fd, message, size) == -1) {
        report(me, "send");
        return -1;
    }
    puts("client - send() is OK.");
    printf("%zu bytes sent.\n", size);

    const ssize_t back = read_message(fd, echo, size);
    if (back == -1) {
        report(me, "recv");
        return -1;
    }
    if ((size_t)back < size) {
        fprintf(stderr, "%s - recv() error: the server closed after %zd of %zu bytes\n", me, back, size);
        return -1;
    }
    echo[size - 1] = '\0';
    puts("client - recv() is OK.");
    printf("The sent message: \"%s\" successfully received by server and echoed back to client!\n", echo);
    printf("%zd bytes received.\n", back);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        printf("Usage: %s <Server_name or Server_IP_address>\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    const int fd = reach(argv[1]);
    if (fd == -1)
        return EXIT_FAILURE;
    puts("client - connect() is OK.");
    puts("connect() completed successfully.");
    printf("Connection with %s using port %s established!\n", argv[1], SERVICE);
    const int rc = converse(fd);
    close(fd);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
