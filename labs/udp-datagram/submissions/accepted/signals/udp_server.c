/* udp_server: sigwaitinfo() waits for SIGIO, which the socket sends when something has come. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int wrong(const char *call)
{
    fprintf(stderr, "%s failed [%s]\n", call, strerror(errno));
    return 1;
}

int main(void)
{
    static char data[5000];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(7000)}, from;
    socklen_t length = sizeof from;
    sigset_t io;

    sigemptyset(&io);
    sigaddset(&io, SIGIO);
    sigprocmask(SIG_BLOCK, &io, NULL);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return wrong("socket");
    printf("Created a socket with fd: %d\n", fd);
    if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
        return wrong("fcntl");
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        return wrong("bind");
    printf("Let us wait for a remote client to send some data\n");
    ssize_t n;
    while ((n = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return wrong("recvfrom");
        if (sigwaitinfo(&io, NULL) < 0 && errno != EINTR)
            return wrong("sigwaitinfo");
        length = sizeof from;
    }
    printf("Received data (len %zd bytes): ", n);
    fwrite(data, 1, strnlen(data, n), stdout);
    printf("\n");
    close(fd);
    return 0;
}
