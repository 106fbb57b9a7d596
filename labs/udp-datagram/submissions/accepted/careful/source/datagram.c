#include "datagram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int give_up(const char *call, int fd)
{
    fprintf(stderr, "%s failed [%s]\n", call, strerror(errno));
    if (fd >= 0)
        close(fd);
    return EXIT_FAILURE;
}

int datagram_socket(const char *host, struct addrinfo **where)
{
    const struct addrinfo hints = {
        .ai_family = AF_INET,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    const int rc = getaddrinfo(host, "7000", &hints, where);
    if (rc != 0) {
        fprintf(stderr, "getaddrinfo failed [%s]\n", gai_strerror(rc));
        return -1;
    }
    const int fd = socket((*where)->ai_family, (*where)->ai_socktype, (*where)->ai_protocol);
    if (fd < 0) {
        freeaddrinfo(*where);
        give_up("socket", fd);
        return -1;
    }
    printf("Created a socket with fd: %d\n", fd);
    return fd;
}
