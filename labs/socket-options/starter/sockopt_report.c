/* sockopt_report [BYTES]: what sockets tell of themselves, and what can be changed about them. */

#define _GNU_SOURCE /* for SOCK_NONBLOCK */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel says of an option that is a number. */
static int get(int fd, int option)
{
    int value = 0;
    /* TODO: getsockopt. What must stand in the length before the call? Can it fail? */
    (void)fd;
    (void)option;
    return value;
}

int main(int argc, char *argv[])
{
    int bytes = 10000;

    /* TODO: BYTES, when it is given. */
    (void)argc;
    (void)argv;

    /* TODO: a stream socket and a datagram socket. */
    int stream = -1;

    printf("stream SO_TYPE: %d\n", get(stream, SO_TYPE));
    /* TODO: datagram SO_TYPE; SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST before and after; SO_LINGER before and after. */

    printf("SO_RCVBUF asked: %d\n", bytes);
    /* TODO: before and after that; the same for SO_SNDBUF. */

    /* TODO: a non-blocking connect to 127.0.0.1, port 9009. Wait until it has come to an end. Then ask twice. */
    return 0;
}
