#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_un addr;
    char reply[100];
    int fd, i, n;

    if (argc < 2) {
        printf("Usage: ./sp_client RECORD...\n");
        exit(1);
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd == -1) {
        perror("socket");
        exit(1);
    }
    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    strcpy(addr.sun_path, "/tmp/sp_srv_socket");
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == -1) {
        perror("connect");
        exit(1);
    }
    for (i = 1; i < argc; i++) {
        if (write(fd, argv[i], strlen(argv[i])) == -1) {
            perror("write");
            exit(1);
        }
        n = read(fd, reply, sizeof(reply) - 1);
        if (n <= 0) {
            perror("read");
            exit(1);
        }
        reply[n] = '\0';
        printf("%s\n", reply);
    }
    close(fd);
    return 0;
}
