/* udp_server: a socket that does not block, poll() with a timeout before each try, recvmsg(). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP);
    if (s < 0) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", s);
    struct sockaddr_in me = {AF_INET, htons(7000), {INADDR_ANY}, {0}};
    if (bind(s, (void *)&me, sizeof me)) {
        fprintf(stderr, "bind failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Let us wait for a remote client to send some data\n");
    char *data = malloc(5000);
    struct iovec room[2] = {{data, 1000}, {data + 1000, 4000}};
    struct msghdr m = {.msg_iov = room, .msg_iovlen = 2};
    ssize_t n;
    while ((n = recvmsg(s, &m, 0)) < 0 && (errno == EAGAIN || errno == EINTR)) {
        struct pollfd one = {s, POLLIN, 0};
        poll(&one, 1, 500);
    }
    if (n < 0) {
        fprintf(stderr, "recvmsg failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Received data (len %zd bytes): ", n);
    fwrite(data, 1, strnlen(data, n), stdout);
    putchar('\n');
    free(data);
    close(s);
    return 0;
}
