/* fifo_server: answers requests that come through /tmp/fifo.requests, until it is stopped. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"

static void answer(const char *line)
{
    char path[64];
    int client = 0;

    /* TODO: whose request is it, and what does it ask? */
    (void)line;

    sprintf(path, "/tmp/fifo.%d", client);
    int fd = open(path, O_WRONLY);
    /* TODO: the client may have gone. */
    dprintf(fd, "echo: \n");
    close(fd);
}

int main(void)
{
    char buffer[1001];

    /* TODO: make the FIFO, or find it. */

    /* TODO: what does read() give when the last client has closed it? */
    int requests = open(REQUESTS, O_RDONLY);

    /* TODO: again and again, until `stop`. How many lines are there? Is the last one whole? */
    ssize_t n = read(requests, buffer, 1000);
    if (n > 0) {
        buffer[n] = 0;
        answer(buffer);
    }

    /* TODO: remove the FIFO, on every way out. */
    return 0;
}
