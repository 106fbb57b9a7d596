#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REQUESTS "/tmp/fifo.requests"
#define MAX 1000

static volatile sig_atomic_t done = 0;

static void on_signal(int sig)
{
    (void)sig;
    done = 1;
}

static void answer(const char *line)
{
    char path[100];
    char reply[MAX + 100];
    char *end;
    long pid = strtol(line, &end, 10);

    if (end == line || pid <= 0 || *end != ' ')
        return;
    sprintf(path, "/tmp/fifo.%ld", pid);
    int fd = open(path, O_WRONLY);
    if (fd == -1)
        return;
    sprintf(reply, "echo: %s\n", end + 1);
    if (write(fd, reply, strlen(reply)) == -1)
        perror(path);
    close(fd);
}

int main(void)
{
    struct sigaction sa;
    char buf[MAX + 1];
    size_t have = 0;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);

    if (mkfifo(REQUESTS, 0622) == -1 && errno != EEXIST) {
        perror(REQUESTS);
        exit(1);
    }
    chmod(REQUESTS, 0622);
    int fd = open(REQUESTS, O_RDWR);
    if (fd == -1) {
        perror(REQUESTS);
        unlink(REQUESTS);
        exit(1);
    }

    while (!done) {
        ssize_t n = read(fd, buf + have, MAX - have);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += n;
        buf[have] = '\0';

        char *line = buf, *newline;
        while (!done && (newline = strchr(line, '\n')) != NULL) {
            *newline = '\0';
            if (strcmp(line, "stop") == 0)
                done = 1;
            else
                answer(line);
            line = newline + 1;
        }
        have -= line - buf;
        memmove(buf, line, have);
        if (have == MAX)
            have = 0;
    }
    unlink(REQUESTS);
    return 0;
}
