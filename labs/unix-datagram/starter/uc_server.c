/* uc_server: turns each datagram that it gets to upper case and sends it back to its sender. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "uc_proto.h"

int main(void)
{
    struct sockaddr_un here;

    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&here, 0, sizeof here);
    here.sun_family = AF_UNIX;
    strncpy(here.sun_path, SRV_SOCK_PATH, sizeof here.sun_path - 1);

    /* TODO: an old socket file may be there. Remove it - but only a socket. */

    /* TODO: bind. */

    /* TODO: for ever:
     *   - recvfrom: at most MSG_LEN bytes; where from?
     *   - print "server received <count> bytes from <path>"
     *   - each byte to upper case
     *   - sendto: as many bytes, back to where they came from
     */

    close(fd);
    return 0;
}
