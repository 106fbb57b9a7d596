#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#define MAX 1000

int main(int argc, char *argv[])
{
    struct sockaddr_in addr;
    struct pollfd fds[MAX];
    int lfd, i, n, nfds = 1;
    char buf[1024];

    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        exit(1);
    }
    if ((lfd = socket(AF_INET, SOCK_STREAM, 0)) < 0) {
        perror("socket() error");
        exit(1);
    }
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(atoi(argv[1]));
    addr.sin_addr.s_addr = INADDR_ANY;
    if (bind(lfd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        perror("bind() error");
        exit(1);
    }
    if (listen(lfd, 5) < 0) {
        perror("listen() error");
        exit(1);
    }
    printf("listening on port %s\n", argv[1]);
    fds[0].fd = lfd;
    fds[0].events = POLLIN;
    for (;;) {
        if (poll(fds, nfds, -1) < 0) {
            perror("poll() error");
            exit(1);
        }
        for (i = 1; i < nfds; i++) {
            if (fds[i].revents == 0)
                continue;
            n = recv(fds[i].fd, buf, sizeof(buf), 0);
            if (n <= 0) {
                close(fds[i].fd);
                fds[i--] = fds[--nfds];
            } else {
                send(fds[i].fd, buf, n, 0);
            }
        }
        if (fds[0].revents && nfds < MAX) {
            fds[nfds].fd = accept(lfd, NULL, NULL);
            fds[nfds].events = POLLIN;
            fds[nfds].revents = 0;
            if (fds[nfds].fd >= 0)
                nfds++;
        }
    }
}
