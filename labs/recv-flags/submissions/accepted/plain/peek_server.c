#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main()
{
    struct sockaddr_in addr;
    fd_set in, ex;
    char buf[10010], head[5], reply[50], c;
    int sd, cd, n, len, got;

    sd = socket(AF_INET, SOCK_STREAM, 0);
    if (sd == -1) {
        perror("socket() error");
        exit(1);
    }
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(7100);
    addr.sin_addr.s_addr = INADDR_ANY;
    if (bind(sd, (struct sockaddr *)&addr, sizeof(addr)) == -1) {
        perror("bind() error");
        exit(1);
    }
    if (listen(sd, 5) == -1) {
        perror("listen() error");
        exit(1);
    }
    cd = accept(sd, NULL, NULL);
    if (cd == -1) {
        perror("accept() error");
        exit(1);
    }
    while (1) {
        FD_ZERO(&in);
        FD_ZERO(&ex);
        FD_SET(cd, &in);
        FD_SET(cd, &ex);
        if (select(cd + 1, &in, NULL, &ex, NULL) == -1) {
            perror("select() error");
            exit(1);
        }
        if (FD_ISSET(cd, &ex)) {
            if (recv(cd, &c, 1, MSG_OOB) == -1) {
                perror("recv() error");
                exit(1);
            }
            printf("urgent: %c\n", c);
            send(cd, "urgent\n", 7, 0);
            continue;
        }
        n = recv(cd, head, 4, MSG_PEEK | MSG_WAITALL);
        if (n == -1) {
            perror("recv() error");
            exit(1);
        }
        if (n == 0)
            break;
        head[n] = '\0';
        if (n < 4 || strspn(head, "0123456789") != 4) {
            fprintf(stderr, "bad length: %s\n", head);
            exit(1);
        }
        printf("peeked: %s\n", head);
        len = atoi(head);
        got = recv(cd, buf, 4 + len, MSG_WAITALL) - 4;
        buf[4 + got] = '\0';
        printf("message: %d of %d bytes: %s\n", got, len, buf + 4);
        sprintf(reply, "%d of %d\n", got, len);
        send(cd, reply, strlen(reply), 0);
    }
    printf("end\n");
    close(cd);
    close(sd);
    return 0;
}
