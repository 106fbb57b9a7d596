#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH "/tmp/sp_srv_socket"
#define SIZE 16

int main()
{
    struct sockaddr_un addr;
    char buf[SIZE + 1], reply[50];
    int sfd, cfd, n, records = 0;

    sfd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (sfd == -1) {
        perror("socket");
        exit(1);
    }
    unlink(PATH);
    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    strcpy(addr.sun_path, PATH);
    if (bind(sfd, (struct sockaddr *)&addr, sizeof(addr)) == -1) {
        perror("bind");
        exit(1);
    }
    if (listen(sfd, 5) == -1) {
        perror("listen");
        exit(1);
    }
    cfd = accept(sfd, NULL, NULL);
    if (cfd == -1) {
        perror("accept");
        exit(1);
    }
    while ((n = recv(cfd, buf, SIZE, MSG_TRUNC)) > 0) {
        records++;
        if (n > SIZE) {
            buf[SIZE] = '\0';
            sprintf(reply, "%d bytes, cut", SIZE);
        } else {
            buf[n] = '\0';
            sprintf(reply, "%d bytes", n);
        }
        printf("record %d: %s: %s\n", records, reply, buf);
        if (send(cfd, reply, strlen(reply), 0) == -1) {
            perror("send");
            exit(1);
        }
    }
    if (n == -1) {
        perror("recv");
        exit(1);
    }
    printf("end after %d records\n", records);
    close(cfd);
    close(sfd);
    unlink(PATH);
    return 0;
}
