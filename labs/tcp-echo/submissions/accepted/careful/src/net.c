#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void report(const char *who, const char *call)
{
    fprintf(stderr, "%s - %s() error: %s\n", who, call, strerror(errno));
}

int write_all(int fd, const void *data, size_t n)
{
    const char *at = data;
    const char *end = at + n;
    while (at < end) {
        ssize_t done = write(fd, at, (size_t)(end - at));
        if (done >= 0)
            at += done;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

ssize_t read_message(int fd, char *into, size_t max)
{
    size_t n = 0;
    while (n < max) {
        ssize_t done = read(fd, into + n, max - n);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (done == 0)
            break;
        int complete = memchr(into + n, 0, (size_t)done) != NULL;
        n += (size_t)done;
        if (complete)
            break;
    }
    return (ssize_t)n;
}
