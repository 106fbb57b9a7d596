#include "address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sends one message over the connected socket and shows the answer; names the call that failed, or NULL. */
static const char *ask(int fd, const char *message)
{
    char reply[MESSAGE_MAX];

    if (send(fd, message, strlen(message), 0) < 0)
        return "send error";

    ssize_t length = read(fd, reply, sizeof reply);
    if (length < 0)
        return "read error";

    if (fwrite(reply, 1, length, stdout) != (size_t)length || putchar('\n') == EOF || fflush(stdout) != 0)
        return "stdout";
    return NULL;
}

static const char *talk(int fd, char **messages)
{
    struct address server;
    const char *failed = NULL;

    if (address_of(&server, SERVER_PATH) != 0)
        return SERVER_PATH;
    if (connect(fd, (struct sockaddr *)&server.un, server.length) != 0)
        return "connect error";
    while (failed == NULL && *messages != NULL)
        failed = ask(fd, *messages++);
    return failed;
}

int main(int argc, char **argv)
{
    char path[64];
    struct address here;
    const char *failed = NULL;

    if (argc < 2) {
        fprintf(stderr, "usage: %s MSG...\n", argv[0]);
        return 2;
    }
    snprintf(path, sizeof path, "%s.%ld", CLIENT_PATH, (long)getpid());

    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) {
        perror("socket error");
        return EXIT_FAILURE;
    }
    if (address_of(&here, path) != 0 || bind(fd, (struct sockaddr *)&here.un, here.length) != 0) {
        perror("bind error");
        close(fd);
        return EXIT_FAILURE;
    }

    failed = talk(fd, argv + 1);
    if (failed != NULL)
        perror(failed);

    close(fd);
    unlink(path);
    return failed == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
