/* half_close HOST PORT: what shutdown 0, 1 and 2 do to a connection. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection to port at host. */
static int connected(const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;

    int why = getaddrinfo(host, port, &wanted, &found);
    if (why != 0) {
        fprintf(stderr, "getaddrinfo error: %s\n", gai_strerror(why));
        exit(1);
    }

    /* TODO: socket with found->ai_family, connect with found->ai_addr and found->ai_addrlen. Look at what they return.
     * There may be more than one address: found->ai_next. */

    freeaddrinfo(found);
    return -1;
}

int main(int argc, char *argv[])
{
    /* TODO: two arguments? A port that is a number from 1 to 65535? */

    int fd = connected(argv[1], argv[2]);
    /* TODO: shutdown 0, receive, send "still here". */
    close(fd);

    /* TODO: a second connection: send "question", shutdown 1, try to send "more", receive up to the end. */

    /* TODO: a third connection: shutdown 2, try to send "more", receive. */

    return 0;
}
