#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SERVER  "/tmp/uc_srv_socket"
#define CLIENT  "/tmp/uc_cli_socket.%ld"
#define MSG_LEN 10

static struct sockaddr_un here = { .sun_family = AF_UNIX };

static void fail(const char *call)
{
    perror(call);
    unlink(here.sun_path);
    exit(1);
}

int main(int argc, char *argv[])
{
    struct sockaddr_un server = { .sun_family = AF_UNIX, .sun_path = SERVER };
    char reply[MSG_LEN];

    if (argc < 2) {
        fprintf(stderr, "Usage: %s MSG...\n", argv[0]);
        exit(1);
    }

    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        fail("socket error");
    snprintf(here.sun_path, sizeof here.sun_path, CLIENT, (long)getpid());
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        fail("bind error");

    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]);
        if (sendto(fd, argv[i], length, 0, (struct sockaddr *)&server, sizeof server) < 0)
            fail("sendto error");

        ssize_t count = recvfrom(fd, reply, MSG_LEN, 0, NULL, NULL);
        if (count < 0)
            fail("recvfrom error");
        printf("%.*s\n", (int)count, reply);
    }

    unlink(here.sun_path);
    return 0;
}
