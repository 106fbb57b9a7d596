/* fifo_server: answers requests that come through /tmp/fifo.requests, until it is stopped. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"
#define LONGEST 1000

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* Answers a line; a client that is not there any more is left out. */
static void answer(const char *line)
{
    char path[64], reply[LONGEST + 16], *text;
    long client = strtol(line, &text, 10);
    if (line[0] < '0' || line[0] > '9' || client <= 0 || *text != ' ')
        return;
    snprintf(path, sizeof path, "/tmp/fifo.%ld", client);
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return;
    int length = snprintf(reply, sizeof reply, "echo: %s\n", text + 1);
    for (int done = 0; done < length;) {
        ssize_t written = write(fd, reply + done, (size_t)(length - done));
        if (written < 0 && errno != EINTR)
            break;
        if (written > 0)
            done += (int)written;
    }
    close(fd);
}

static int fail(void)
{
    perror(REQUESTS);
    unlink(REQUESTS);
    return 1;
}

int main(void)
{
    char buffer[LONGEST + 1];
    size_t filled = 0;
    struct sigaction action = {.sa_handler = stop};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (mkfifo(REQUESTS, 0622) < 0 && errno != EEXIST) {
        perror(REQUESTS);
        return 1;
    }
    chmod(REQUESTS, 0622);
    /* Its own writing end keeps the end of file away when the last client closes. */
    int requests = open(REQUESTS, O_RDWR);
    if (requests < 0)
        return fail();
    while (!stopped) {
        ssize_t got = read(requests, buffer + filled, LONGEST - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail();
        filled += (size_t)got;
        char *end, *line = buffer;
        while (!stopped && (end = memchr(line, '\n', filled - (size_t)(line - buffer))) != NULL) {
            *end = 0;
            if (strcmp(line, "stop") == 0)
                stopped = 1;
            else
                answer(line);
            line = end + 1;
        }
        filled -= (size_t)(line - buffer);
        memmove(buffer, line, filled);
        if (filled == LONGEST)
            filled = 0; /* no request is as long */
    }
    unlink(REQUESTS);
    return 0;
}
