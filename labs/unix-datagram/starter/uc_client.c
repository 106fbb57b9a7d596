/* uc_client MSG...: sends each argument to uc_server and prints the answers. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "uc_proto.h"

int main(int argc, char *argv[])
{
    struct sockaddr_un here;

    /* TODO: no arguments? Print a usage line and exit with 1. */

    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&here, 0, sizeof here);
    here.sun_family = AF_UNIX;
    snprintf(here.sun_path, sizeof here.sun_path, CLI_SOCK_PATH, (long)getpid());

    /* TODO: bind, so that the server can answer. */

    for (int i = 1; i < argc; i++) {
        /* TODO: send argv[i] to SRV_SOCK_PATH, receive the answer, print it. It has a length and no NUL. */
    }

    /* TODO: remove your socket file, here and wherever else you leave the program. */

    close(fd);
    return 0;
}
