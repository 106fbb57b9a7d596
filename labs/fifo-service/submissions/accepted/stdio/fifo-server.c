#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *place = "/tmp/fifo.requests";

static void end(int signal)
{
    (void)signal;
    unlink(place);
    _exit(0);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    umask(0);
    if (mkfifo(place, S_IRUSR | S_IWUSR | S_IWGRP | S_IWOTH) && errno != EEXIST)
        err(EXIT_FAILURE, "%s", place);
    signal(SIGINT, end);
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);

    int in = open(place, O_RDONLY | O_NONBLOCK);
    int kept_open = open(place, O_WRONLY);
    if (in < 0 || kept_open < 0)
        err(EXIT_FAILURE, "%s", place);
    fcntl(in, F_SETFL, 0);
    FILE *requests = fdopen(in, "r");
    while (getline(&line, &room, requests) > 0) {
        char *path, *text = strchr(line, ' ');
        if (!strcmp(line, "stop\n"))
            break;
        if (text == NULL || text == line || strspn(line, "0123456789") != (size_t)(text - line))
            continue;
        *text++ = 0;
        if (asprintf(&path, "/tmp/fifo.%s", line) < 0)
            err(EXIT_FAILURE, "malloc");
        int fd = open(path, O_WRONLY);
        if (fd < 0) {
            warn("%s", path);
        } else {
            FILE *client = fdopen(fd, "w");
            fprintf(client, "echo: %s", text);
            fclose(client);
        }
        free(path);
    }
    unlink(place);
    return EXIT_SUCCESS;
}
