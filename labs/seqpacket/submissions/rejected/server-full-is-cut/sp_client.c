/* sp_client RECORD...: sends each argument to sp_server as one record and prints the answers. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/sp_srv_socket"

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(1);
}

int main(int argc, char *argv[])
{
    struct sockaddr_un there = {.sun_family = AF_UNIX, .sun_path = SRV_SOCK_PATH};
    char answer[64];

    if (argc < 2) {
        fprintf(stderr, "usage: %s RECORD...\n", argv[0]);
        return 1;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd < 0)
        fail("socket");
    if (connect(fd, (struct sockaddr *)&there, sizeof there) < 0)
        fail("connect");
    for (int i = 1; i < argc; i++) {
        if (send(fd, argv[i], strlen(argv[i]), MSG_NOSIGNAL) < 0)
            fail("send");
        ssize_t length = recv(fd, answer, sizeof answer, 0);
        if (length < 0)
            fail("recv");
        if (length == 0) {
            fprintf(stderr, "recv error: the server has ended\n");
            return 1;
        }
        printf("%.*s\n", (int)length, answer);
    }
    close(fd);
    return 0;
}
