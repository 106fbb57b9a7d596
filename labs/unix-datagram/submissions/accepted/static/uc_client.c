/* uc_client: each message by writev() on a connected socket, each answer after select(). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char own[108];

static void tidy(void)
{
    if (own[0])
        unlink(own);
}

static int wrong(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX}, server = {.sun_family = AF_UNIX, .sun_path = "/tmp/uc_srv_socket"};
    if (argc < 2) {
        fprintf(stderr, "usage: %s MSG...\n", argv[0]);
        return EXIT_FAILURE;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return wrong("socket");
    snprintf(here.sun_path, sizeof here.sun_path, "/tmp/uc_cli_socket.%ld", (long)getpid());
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        return wrong("bind");
    strcpy(own, here.sun_path);
    atexit(tidy);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0)
        return wrong("connect");
    for (char **message = argv + 1; *message; message++) {
        struct iovec part = {*message, strlen(*message)};
        if (part.iov_len == 0 ? send(fd, "", 0, 0) < 0 : writev(fd, &part, 1) < 0)
            return wrong("writev");
        char answer[10];
        ssize_t size = -1;
        while (size < 0) {
            fd_set readable;
            FD_ZERO(&readable);
            FD_SET(fd, &readable);
            if (select(fd + 1, &readable, NULL, NULL, NULL) < 0 && errno != EINTR)
                return wrong("select");
            size = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
            if (size < 0 && errno != EAGAIN && errno != EINTR)
                return wrong("recv");
        }
        printf("%.*s\n", (int)size, answer);
    }
    return EXIT_SUCCESS;
}
