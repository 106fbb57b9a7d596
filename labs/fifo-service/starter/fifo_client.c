/* fifo_client [TEXT]: asks the server behind /tmp/fifo.requests; without a text, stops it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"

int main(int argc, char *argv[])
{
    char own[64];

    /* TODO: without an argument: the line `stop`. */
    (void)argc;

    /* TODO: what when no process reads it? */
    int requests = open(REQUESTS, O_WRONLY);

    sprintf(own, "/tmp/fifo.%d", (int)getpid());
    mkfifo(own, 0622);

    dprintf(requests, "%d %s\n", (int)getpid(), argv[1]);

    /* TODO: read the answer until it ends, print it, and remove the FIFO. */
    return 0;
}
