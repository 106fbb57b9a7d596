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
    char line[1024], reply[1024];
    int fd, n;

    if (argc == 2)
        path = argv[1];
    if (strlen(path) > sizeof(addr.sun_path) - 1) {
        fprintf(stderr, "Server socket path too long: %s\n", path);
        exit(1);
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1) {
        perror("socket");
        exit(1);
    }
    memset(&addr, 0, sizeof(struct sockaddr_un));
    addr.sun_family = AF_UNIX;
    strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(struct sockaddr_un)) == -1) {
        perror("connect");
        exit(1);
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (write(fd, line, strlen(line)) == -1) {
            perror("write");
            exit(1);
        }
        n = read(fd, reply, sizeof(reply) - 1);
        if (n <= 0) {
            perror("read");
            exit(1);
        }
        reply[n] = '\0';
        printf("%s", reply);
    }
    close(fd);
    exit(0);
}
