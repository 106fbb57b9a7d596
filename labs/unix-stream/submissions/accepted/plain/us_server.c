#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_un addr;
    char *path = "/tmp/us_srv_socket";
    char buf[256];
    int sfd, cfd, n, i, total, client = 0;

    if (argc == 2)
        path = argv[1];
    if (strlen(path) > sizeof(addr.sun_path) - 1) {
        fprintf(stderr, "Server socket path too long: %s\n", path);
        exit(1);
    }
    sfd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (sfd == -1) {
        perror("socket");
        exit(1);
    }
    remove(path);
    memset(&addr, 0, sizeof(struct sockaddr_un));
    addr.sun_family = AF_UNIX;
    strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
    if (bind(sfd, (struct sockaddr *)&addr, sizeof(struct sockaddr_un)) == -1) {
        perror("bind");
        exit(1);
    }
    if (listen(sfd, 5) == -1) {
        perror("listen");
        exit(1);
    }
    for (;;) {
        cfd = accept(sfd, NULL, NULL);
        if (cfd == -1) {
            perror("accept");
            exit(1);
        }
        client++;
        total = 0;
        while ((n = read(cfd, buf, sizeof(buf))) > 0) {
            for (i = 0; i < n; i++)
                buf[i] = toupper((unsigned char)buf[i]);
            if (write(cfd, buf, n) != n) {
                perror("write");
                exit(1);
            }
            total += n;
        }
        printf("client %d: %d bytes\n", client, total);
        close(cfd);
    }
}
