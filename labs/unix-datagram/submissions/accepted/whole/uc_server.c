#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SERVER  "/tmp/uc_srv_socket"
#define MSG_LEN 10

static void tidy(int signal)
{
    (void)signal;
    unlink(SERVER);
    _exit(0);
}

static void fail(const char *call)
{
    perror(call);
    exit(1);
}

int main(void)
{
    struct sockaddr_un here = { .sun_family = AF_UNIX, .sun_path = SERVER }, from;
    struct stat about;
    char text[MSG_LEN];

    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        fail("socket error");

    if (lstat(SERVER, &about) == 0 && S_ISSOCK(about.st_mode))
        unlink(SERVER);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        fail("bind error");
    signal(SIGINT, tidy);
    signal(SIGTERM, tidy);

    for (;;) {
        socklen_t length = sizeof from;
        memset(&from, 0, sizeof from);
        ssize_t count = recvfrom(fd, text, MSG_LEN, 0, (struct sockaddr *)&from, &length);
        if (count < 0)
            fail("recvfrom error");
        printf("server received %ld bytes from %s\n", (long)count, from.sun_path);

        for (ssize_t i = 0; i < count; i++)
            text[i] = toupper((unsigned char)text[i]);

        if (sendto(fd, text, count, 0, (struct sockaddr *)&from, length) < 0)
            perror("sendto error");
    }
}
