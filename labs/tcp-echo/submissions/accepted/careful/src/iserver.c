/* iserver [N] - echo one message for each of N clients, one client after another. */
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const me = "Iserver";

/* A listening socket at every address of the machine, or -1 once the reason has been reported. */
static int open_service(void)
{
    struct addrinfo want, *list;
    memset(&want, 0, sizeof want);
    want.ai_family = AF_INET;
    want.ai_socktype = SOCK_STREAM;
    want.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    int rc = getaddrinfo(NULL, SERVICE, &want, &list);
    if (rc != 0) {
        fprintf(stderr, "%s - getaddrinfo() error: %s\n", me, gai_strerror(rc));
        return -1;
    }

    const char *failed = NULL;
    int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    if (fd == -1) {
        failed = "socket";
        goto done;
    }
    puts("Iserver - socket() is OK");
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1) {
        failed = "setsockopt";
        goto done;
    }
    puts("Binding the socket...");
    if (bind(fd, list->ai_addr, list->ai_addrlen) == -1) {
        failed = "bind";
        goto done;
    }
    puts("Iserver - bind() is OK");
    if (listen(fd, SOMAXCONN) == -1) {
        failed = "listen";
        goto done;
    }
    puts("Iserver - listen() is OK");
done:
    if (failed != NULL) {
        report(me, failed);
        if (fd != -1)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static void talk(int fd)
{
    char message[MESSAGE_MAX];
    puts("I am waiting client(s) to send message(s) to me...");
    const ssize_t n = read_message(fd, message, sizeof message);
    if (n == -1) {
        report(me, "recv");
    } else if (n == 0) {
        fputs("Iserver - the client hung up before it said anything\n", stderr);
    } else {
        printf("The message from client: \"");
        fwrite(message, 1, strnlen(message, (size_t)n), stdout);
        puts("\"");
        puts("Echoing it back to client...");
        if (write_all(fd, message, (size_t)n) == -1)
            report(me, "send");
        else
            puts("Iserver - send() is OK.");
    }
}

int main(int argc, char **argv)
{
    long wanted = 1;
    if (argc > 1) {
        char *rest;
        errno = 0;
        wanted = strtol(argv[1], &rest, 10);
        if (rest == argv[1] || *rest != '\0' || errno != 0 || wanted < 1) {
            fprintf(stderr, "%s - the number of clients must be 1 or more, not '%s'\n", me, argv[1]);
            return EXIT_FAILURE;
        }
    } else {
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    }

    signal(SIGPIPE, SIG_IGN);
    const int service = open_service();
    if (service == -1)
        return EXIT_FAILURE;
    puts("The Iserver is ready!");

    for (long round = 1; round <= wanted; ++round) {
        printf("Iteration: #%ld\n waiting on accept()\n", round);
        int guest;
        while ((guest = accept(service, NULL, NULL)) == -1) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            report(me, "accept");
            close(service);
            return EXIT_FAILURE;
        }
        puts("accept() is OK and completed successfully!");
        talk(guest);
        close(guest);
    }
    close(service);
    return EXIT_SUCCESS;
}
