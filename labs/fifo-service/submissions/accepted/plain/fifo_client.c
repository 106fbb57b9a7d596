#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"
#define MAX 1000

int main(int argc, char *argv[])
{
    char own[100];
    char buf[MAX + 1];
    ssize_t n;

    if (argc > 2) {
        fprintf(stderr, "usage: fifo_client [text]\n");
        exit(1);
    }
    if (argc == 2 && strlen(argv[1]) > MAX - 20) {
        fprintf(stderr, "fifo_client: this is too long\n");
        exit(1);
    }

    int out = open(REQUESTS, O_WRONLY | O_NONBLOCK);
    if (out == -1) {
        perror(REQUESTS);
        exit(1);
    }
    if (argc == 1) {
        if (write(out, "stop\n", 5) != 5) {
            perror(REQUESTS);
            exit(1);
        }
        return 0;
    }

    sprintf(own, "/tmp/fifo.%d", (int)getpid());
    if (mkfifo(own, 0622) == -1) {
        perror(own);
        exit(1);
    }
    sprintf(buf, "%d %s\n", (int)getpid(), argv[1]);
    if (write(out, buf, strlen(buf)) == -1) {
        perror(REQUESTS);
        unlink(own);
        exit(1);
    }
    int in = open(own, O_RDONLY);
    if (in == -1) {
        perror(own);
        unlink(own);
        exit(1);
    }
    while ((n = read(in, buf, MAX)) > 0)
        fwrite(buf, 1, n, stdout);
    close(in);
    unlink(own);
    return 0;
}
