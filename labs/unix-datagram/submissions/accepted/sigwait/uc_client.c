/* uc_client: atexit() removes its socket file, whichever way it ends. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un own = {.sun_family = AF_UNIX};

static void clean(void)
{
    unlink(own.sun_path);
}

static void check(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s error: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un server = {AF_UNIX, "/tmp/uc_srv_socket"};
    if (argc == 1) {
        fprintf(stderr, "usage: %s message...\n", *argv);
        return EXIT_FAILURE;
    }
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    check(s, "socket");
    sprintf(own.sun_path, "/tmp/uc_cli_socket.%d", (int)getpid());
    unlink(own.sun_path);
    check(bind(s, (void *)&own, sizeof own), "bind");
    atexit(clean);
    check(connect(s, (void *)&server, sizeof server), "connect");
    while (*++argv) {
        char reply[10];
        struct pollfd one = {s, POLLIN, 0};
        int ready;
        ssize_t n;
        check(send(s, *argv, strlen(*argv), 0), "send");
        do
            ready = poll(&one, 1, 3000);
        while (ready == 0 || (ready < 0 && errno == EINTR));
        check(ready, "poll");
        while ((n = read(s, reply, sizeof reply)) < 0 && errno == EINTR)
            ;
        check(n, "read");
        fwrite(reply, 1, n, stdout);
        fputs("\n", stdout);
    }
    close(s);
    return EXIT_SUCCESS;
}
