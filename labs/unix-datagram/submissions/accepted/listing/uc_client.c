#include "uc-proto.h"

struct sockaddr_un mine;

void tidy(void)
{
    unlink(mine.sun_path);
}

int main(int argc, char *argv[])
{
    struct sockaddr_un server;
    char text[MSG_LEN];
    size_t want;
    ssize_t count;
    int fd, k;

    if (argc < 2)
        err_quit("Usage: uc_client MSG...");

    if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) < 0)
        err_sys("socket error");

    memset(&mine, 0, sizeof(struct sockaddr_un));
    mine.sun_family = AF_UNIX;
    snprintf(mine.sun_path, sizeof(mine.sun_path), CLI_SOCK_PATH, (long)getpid());

    if (bind(fd, (struct sockaddr *)&mine, sizeof(struct sockaddr_un)) == -1)
        err_sys("bind error");
    atexit(tidy);

    memset(&server, 0, sizeof(struct sockaddr_un));
    server.sun_family = AF_UNIX;
    strncpy(server.sun_path, SRV_SOCK_PATH, sizeof(server.sun_path) - 1);

    for (k = 1; k < argc; k++) {
        want = strlen(argv[k]);
        if (sendto(fd, argv[k], want, 0, (struct sockaddr *)&server, sizeof(struct sockaddr_un)) != want)
            err_sys("sendto error");

        count = recvfrom(fd, text, MSG_LEN, 0, NULL, NULL);
        if (count == -1)
            err_sys("recvfrom error");
        printf("response %d: %.*s\n", k, (int)count, text);
    }

    exit(0);
}
