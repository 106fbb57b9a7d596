/* sp_server: takes the records of one client and says how long each is. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/sp_srv_socket"
#define REC_LEN       16 /* the room for a record */

int main(void)
{
    struct sockaddr_un here;

    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&here, 0, sizeof here);
    here.sun_family = AF_UNIX;
    strncpy(here.sun_path, SRV_SOCK_PATH, sizeof here.sun_path - 1);

    /* TODO: an old socket file may be there. Remove it - but only a socket. */

    /* TODO: bind, listen, accept. */

    /* TODO: until the client has ended the connection:
     *   - take a record, at most REC_LEN bytes of it; was it longer?
     *   - print "record <number>: <length> bytes: <bytes>" or "record <number>: <length> bytes, cut: <bytes>"
     *   - answer "<length> bytes" or "<length> bytes, cut", in one send
     */

    /* TODO: print "end after <number> records"; remove the socket file, here and wherever else you leave. */

    close(fd);
    return 0;
}
