/* us_server [PATH]: sends back in upper case what each client sends. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/us_srv_socket"

int main(int argc, char *argv[])
{
    const char *path = argc > 1 ? argv[1] : SRV_SOCK_PATH;
    struct sockaddr_un here;

    /* TODO: does path fit into here.sun_path, with its NUL? If not, say so and exit with 1. */

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&here, 0, sizeof here);
    here.sun_family = AF_UNIX;
    /* TODO: path into here.sun_path. */

    /* TODO: an old socket file may be there. Remove it - but only a socket. */

    /* TODO: bind, listen. */

    /* TODO: for ever:
     *   - accept
     *   - recv, each byte to upper case, send all of it back, until recv gives 0
     *   - print "client <number>: <bytes> bytes"
     *   - close the connection
     */

    close(fd);
    return 0;
}
