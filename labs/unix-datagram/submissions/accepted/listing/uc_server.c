#include "uc-proto.h"

int main(int argc, char *argv[])
{
    struct sockaddr_un mine, theirs;
    socklen_t theirs_len;
    char text[MSG_LEN];
    ssize_t count;
    int fd, k;

    if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) < 0)
        err_sys("socket error");

    memset(&mine, 0, sizeof(struct sockaddr_un));
    mine.sun_family = AF_UNIX;
    strncpy(mine.sun_path, SRV_SOCK_PATH, sizeof(mine.sun_path) - 1);

    if (access(mine.sun_path, F_OK) == 0)
        unlink(mine.sun_path);

    if (bind(fd, (struct sockaddr *)&mine, sizeof(struct sockaddr_un)) < 0)
        err_sys("bind error");

    for (;;) {
        theirs_len = sizeof(struct sockaddr_un);
        count = recvfrom(fd, text, MSG_LEN, 0, (struct sockaddr *)&theirs, &theirs_len);
        if (count < 1)
            err_sys("recvfrom error");

        printf("server received %ld bytes from %s\n", (long)count, theirs.sun_path);

        for (k = 0; k < count; k++)
            text[k] = toupper((unsigned char)text[k]);

        if (sendto(fd, text, count, 0, (struct sockaddr *)&theirs, theirs_len) != count)
            err_sys("sendto error");
    }
}
