/* select_server PORT: sends back to each of many clients what it sends, in one process that waits in select. */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s PORT\n", argv[0]);
        return 1;
    }

    /* TODO: read PORT. What does atoi make of "x", and htons of 65537? */
    int port = atoi(argv[1]);

    /* TODO: socket, SO_REUSEADDR, bind to INADDR_ANY, listen. Look at each result. */
    int listener = -1;
    if (listener == -1) {
        /* TODO: say which call failed and why (perror). */
        return 1;
    }
    printf("listening on port %d\n", port);

    for (;;) {
        /* TODO: wait in select for the listening socket and for every client.
         * A new client: accept it, and wait for it as well. How many can there be?
         * A client that has sent something: recv once, and send the same back to it.
         * A client that has gone: close it, and wait for it no longer. */
        break;
    }
    return 0;
}
