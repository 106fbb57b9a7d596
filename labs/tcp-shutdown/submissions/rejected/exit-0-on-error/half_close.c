/* half_close HOST PORT: what shutdown 0, 1 and 2 do to a connection. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *host, *port;

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(0);
}

static int connected(void)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;
    const char *call = "socket";
    int fd = -1, reason = 0;

    int why = getaddrinfo(host, port, &wanted, &found);
    if (why != 0) {
        fprintf(stderr, "getaddrinfo error: %s\n", gai_strerror(why));
        exit(0);
    }
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd < 0) {
            reason = errno;
            continue;
        }
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            break;
        call = "connect";
        reason = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    errno = reason;
    if (fd < 0)
        fail(call);
    return fd;
}

static void end(int fd, int how)
{
    if (shutdown(fd, how) < 0)
        fail("shutdown");
}

static size_t put(int fd, const char *text)
{
    size_t sent = 0, length = strlen(text);
    while (sent < length) {
        ssize_t now = send(fd, text + sent, length - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            fail("send");
        sent += (size_t)now;
    }
    return sent;
}

/* A send that must not work any more. */
static void refused(int fd, int how)
{
    ssize_t sent = send(fd, "more", 4, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR)
        sent = send(fd, "more", 4, MSG_NOSIGNAL);
    if (sent >= 0) {
        fprintf(stderr, "send error: it went in spite of shutdown\n");
        exit(1);
    }
    if (errno != EPIPE)
        fail("send");
    printf("shutdown %d: send: %s\n", how, strerror(errno));
}

/* Everything up to the end, in a new piece of memory. */
static char *take(int fd, size_t *length)
{
    char *all = NULL;
    size_t room = 0;

    for (*length = 0;;) {
        if (*length == room) {
            room = room ? 2 * room : 512;
            all = realloc(all, room);
            if (all == NULL)
                fail("realloc");
        }
        ssize_t got = recv(fd, all + *length, room - *length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail("recv");
        if (got == 0)
            return all;
        *length += (size_t)got;
    }
}

int main(int argc, char *argv[])
{
    size_t length;
    char *rest, *answer;

    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 1;
    }
    long number = strtol(argv[2], &rest, 10);
    if (rest == argv[2] || *rest != '\0' || number < 1 || number > 65535) {
        fprintf(stderr, "half_close: %s is no port\n", argv[2]);
        return 0;
    }
    host = argv[1];
    port = argv[2];

    int fd = connected();
    end(fd, SHUT_RD);
    free(take(fd, &length));
    printf("shutdown 0: received %zu bytes\n", length);
    printf("shutdown 0: sent %zu bytes\n", put(fd, "still here"));
    close(fd);

    fd = connected();
    printf("shutdown 1: sent %zu bytes\n", put(fd, "question"));
    end(fd, SHUT_WR);
    refused(fd, 1);
    answer = take(fd, &length);
    printf("shutdown 1: received %zu bytes: ", length);
    fwrite(answer, 1, length, stdout);
    putchar('\n');
    free(answer);
    close(fd);

    fd = connected();
    end(fd, SHUT_RDWR);
    refused(fd, 2);
    free(take(fd, &length));
    printf("shutdown 2: received %zu bytes\n", length);
    close(fd);
    return 0;
}
