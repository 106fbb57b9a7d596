/* fifo_client [TEXT]: asks the server behind /tmp/fifo.requests; without a text, stops it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"
#define LONGEST 1000

static char own[64];

static int fail(const char *what)
{
    perror(what);
    if (*own)
        unlink(own);
    return 1;
}

int main(int argc, char *argv[])
{
    char request[LONGEST + 1], answer[LONGEST];
    int length = 5;

    if (argc > 2) {
        fputs("usage: fifo_client [TEXT]\n", stderr);
        return 1;
    }
    strcpy(request, "stop\n");
    if (argc == 2)
        length = snprintf(request, sizeof request, "%d %s\n", (int)getpid(), argv[1]);
    if (length > LONGEST) {
        fputs("fifo_client: this is longer than a request may be\n", stderr);
        return 1;
    }
    /* Without a server no process reads: ENXIO. */
    int requests = open(REQUESTS, O_WRONLY | O_NONBLOCK);
    if (requests < 0)
        return fail(REQUESTS);
    if (argc == 2) {
        snprintf(own, sizeof own, "/tmp/fifo.%d", (int)getpid());
        if (mkfifo(own, 0622) < 0) {
            perror(own);
            return 1;
        }
    }
    if (write(requests, request, (size_t)length) < 0)
        return fail(REQUESTS);
    close(requests);
    if (argc == 1)
        return 0;
    int answers = open(own, O_RDONLY);
    if (answers < 0)
        return fail(own);
    ssize_t got;
    while ((got = read(answers, answer, sizeof answer)) > 0)
        fwrite(answer, 1, (size_t)got, stdout);
    if (got < 0)
        return fail(own);
    unlink(own);
    return 0;
}
