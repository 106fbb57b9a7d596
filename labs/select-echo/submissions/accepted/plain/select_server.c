#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/select.h>
#include <netinet/in.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_in addr;
    fd_set master, ready;
    int lfd, cfd, i, n, maxfd;
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
    FD_ZERO(&master);
    FD_SET(lfd, &master);
    maxfd = lfd;
    for (;;) {
        ready = master;
        if (select(maxfd + 1, &ready, NULL, NULL, NULL) < 0) {
            perror("select() error");
            exit(1);
        }
        for (i = 0; i <= maxfd; i++) {
            if (!FD_ISSET(i, &ready))
                continue;
            if (i == lfd) {
                cfd = accept(lfd, NULL, NULL);
                if (cfd < 0) {
                    perror("accept() error");
                    continue;
                }
                if (cfd >= FD_SETSIZE) {
                    close(cfd);
                    continue;
                }
                printf("new client on descriptor %d\n", cfd);
                FD_SET(cfd, &master);
                if (cfd > maxfd)
                    maxfd = cfd;
            } else if ((n = recv(i, buf, sizeof(buf), 0)) <= 0) {
                printf("client on descriptor %d has gone\n", i);
                close(i);
                FD_CLR(i, &master);
            } else {
                send(i, buf, n, 0);
            }
        }
    }
}
