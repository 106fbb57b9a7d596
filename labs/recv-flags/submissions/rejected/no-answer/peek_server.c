/* peek_server: one client on port 7100, with the flags of recv. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT   7100
#define DIGITS 4

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(1);
}

static ssize_t take(int client, char *bytes, size_t length, int flags)
{
    ssize_t got;
    do
        got = recv(client, bytes, length, flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        fail("recv");
    return got;
}

static void answer(int client, const char *text)
{
    ssize_t sent;
    do
        sent = send(client, text, strlen(text), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        perror("send error");
}

/* Takes an urgent byte, if there is one, within so many milliseconds (-1: waits for anything to come). */
static int urgent(int client, int wait)
{
    struct pollfd event = {.fd = client, .events = POLLIN | POLLPRI};
    char byte;

    while (poll(&event, 1, wait) < 0)
        if (errno != EINTR)
            fail("poll");
    if (!(event.revents & POLLPRI))
        return 0;
    take(client, &byte, 1, MSG_OOB);
    printf("urgent: %c\n", byte);
    fflush(stdout);
    answer(client, "urgent\n");
    return 1;
}

int main(void)
{
    static char message[DIGITS + 9999];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    char text[40];
    int on = 1;

    here.sin_addr.s_addr = htonl(INADDR_ANY);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        fail("setsockopt");
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        fail("bind");
    if (listen(fd, 1) < 0)
        fail("listen");
    int client = accept(fd, NULL, NULL);
    while (client < 0 && errno == EINTR)
        client = accept(fd, NULL, NULL);
    if (client < 0)
        fail("accept");

    for (;;) {
        char digits[DIGITS + 1] = "";

        while (urgent(client, -1))
            ;
        ssize_t seen = take(client, digits, DIGITS, MSG_PEEK | MSG_WAITALL);
        if (seen == 0)
            break;
        if (seen < DIGITS || strspn(digits, "0123456789") < DIGITS) {
            fprintf(stderr, "recv error: \"%s\" is no length\n", digits);
            return 1;
        }
        printf("peeked: %s\n", digits);
        fflush(stdout);

        size_t length = DIGITS + (size_t)atoi(digits), got = 0;
        while (got < length) {
            ssize_t more = take(client, message + got, length - got, MSG_WAITALL);
            if (more == 0)
                break;
            got += (size_t)more;
            if (got < length)
                urgent(client, 0);
        }
        snprintf(text, sizeof text, "%zu of %zu\n", got - DIGITS, length - DIGITS);
        printf("message: %zu of %zu bytes: ", got - DIGITS, length - DIGITS);
        fwrite(message + DIGITS, 1, got - DIGITS, stdout);
        putchar('\n');
        fflush(stdout);
    }
    printf("end\n");
    close(client);
    close(fd);
    return 0;
}
