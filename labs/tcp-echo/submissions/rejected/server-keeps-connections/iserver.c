/* iserver [N]: takes N connections one after another and echoes one message on each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_PORT 12345
#define BUFFER_SIZE 100

static void complain(const char *call)
{
    fprintf(stderr, "Iserver - %s() error: %s\n", call, strerror(errno));
}

/* The number in text, or 0 when it is not a number of clients. */
static long count_of(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' && n > 0 ? n : 0;
}

/* Receives until a NUL has come, the buffer is full or the client has no more. */
static ssize_t receive(int fd, char *buffer, size_t size)
{
    size_t have = 0;
    while (have < size && memchr(buffer, '\0', have) == NULL) {
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

/* What goes wrong with one client is said and ends its connection, not the server. */
static void serve(int fd)
{
    char buffer[BUFFER_SIZE];
    printf("I am waiting client(s) to send message(s) to me...\n");
    ssize_t got = receive(fd, buffer, sizeof buffer);
    if (got < 0) {
        complain("recv");
        return;
    }
    if (got == 0) {
        fprintf(stderr, "Iserver - recv(): the client left without a message\n");
        return;
    }
    printf("The message from client: \"%.*s\"\n", (int)got, buffer);
    printf("Echoing it back to client...\n");
    for (;;) {
        if (send_all(fd, buffer, got) < 0) {
            complain("send");
            return;
        }
        if (memchr(buffer, '\0', got) != NULL)
            break;
        /* The message is longer than the buffer: the rest goes the same way. */
        got = receive(fd, buffer, sizeof buffer);
        if (got < 0) {
            complain("recv");
            return;
        }
        if (got == 0)
            break;
    }
    printf("Iserver - send() is OK.\n");
}

int main(int argc, char *argv[])
{
    long clients = 1;
    if (argc < 2) {
        printf("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);
    } else {
        clients = count_of(argv[1]);
        if (clients == 0) {
            fprintf(stderr, "Iserver - not a number of clients: %s\n", argv[1]);
            return 1;
        }
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) {
        complain("socket");
        return 1;
    }
    printf("Iserver - socket() is OK\n");
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);

    printf("Binding the socket...\n");
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(SERVER_PORT);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) {
        complain("bind");
        close(listener);
        return 1;
    }
    printf("Iserver - bind() is OK\n");
    if (listen(listener, 5) < 0) {
        complain("listen");
        close(listener);
        return 1;
    }
    printf("Iserver - listen() is OK\n");
    printf("The Iserver is ready!\n");

    for (long i = 1; i <= clients; i++) {
        int client;
        printf("Iteration: #%ld\n", i);
        printf(" waiting on accept()\n");
        do
            client = accept(listener, NULL, NULL);
        while (client < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (client < 0) {
            complain("accept");
            close(listener);
            return 1;
        }
        printf("accept() is OK and completed successfully!\n");
        serve(client);
    }
    close(listener);
    return 0;
}
