/* peek_server: one client on port 7100, with the flags of recv. */

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT   7100
#define DIGITS 4

int main(void)
{
    char message[DIGITS + 9999];
    struct sockaddr_in here;

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_port = htons(PORT);
    here.sin_addr.s_addr = htonl(INADDR_ANY);

    /* TODO: bind, listen, accept. */

    /* TODO: until the client has ended:
     *   - poll for POLLIN and POLLPRI. POLLPRI: take the urgent byte with MSG_OOB, print "urgent: <byte>", answer "urgent\n".
     *   - look at the DIGITS with MSG_PEEK | MSG_WAITALL; print "peeked: <digits>".
     *   - take digits and text with MSG_WAITALL; print "message: <came> of <length> bytes: <text>", answer "<came> of <length>\n".
     */

    /* TODO: print "end". */

    close(fd);
    return 0;
}
