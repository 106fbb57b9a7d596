/* sp_client RECORD...: sends each argument to sp_server as one record and prints the answers. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/sp_srv_socket"

int main(int argc, char *argv[])
{
    struct sockaddr_un there;

    /* TODO: no arguments? Print a usage line and exit with 1. */

    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&there, 0, sizeof there);
    there.sun_family = AF_UNIX;
    strncpy(there.sun_path, SRV_SOCK_PATH, sizeof there.sun_path - 1);

    /* TODO: connect. */

    for (int i = 1; i < argc; i++) {
        /* TODO: send argv[i] as one record, receive the answer, print it. It has a length and no NUL. */
    }

    close(fd);
    return 0;
}
