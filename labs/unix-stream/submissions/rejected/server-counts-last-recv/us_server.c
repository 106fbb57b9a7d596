/* us_server [PATH]: sends back in upper case what each client sends. */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/us_srv_socket"

static volatile sig_atomic_t stop;
static const char *bound;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void remove_socket(void)
{
    if (bound)
        unlink(bound);
}

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(1);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* All of it, or -1. */
static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR && !stop)
                continue;
            return -1;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static long serve(int client)
{
    char buffer[1024];
    long received = 0;

    while (!stop) {
        ssize_t got = recv(client, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            perror("recv error");
        if (got <= 0)
            break;
        received = got;
        for (ssize_t i = 0; i < got; i++)
            buffer[i] = upper(buffer[i]);
        if (send_all(client, buffer, (size_t)got) < 0) {
            perror("send error");
            break;
        }
    }
    return received;
}

int main(int argc, char *argv[])
{
    const char *path = argc > 1 ? argv[1] : SRV_SOCK_PATH;
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    struct stat file;

    if (strlen(path) >= sizeof here.sun_path) {
        fprintf(stderr, "us_server: %s: %s\n", path, strerror(ENAMETOOLONG));
        return 1;
    }
    strcpy(here.sun_path, path);

    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    if (lstat(path, &file) == 0 && S_ISSOCK(file.st_mode))
        unlink(path);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
    if (bind(fd, (struct sockaddr *)&here, length) < 0)
        fail("bind");
    bound = path;
    atexit(remove_socket);
    if (listen(fd, 5) < 0)
        fail("listen");

    for (int number = 1; !stop; number++) {
        int client = accept(fd, NULL, NULL);
        if (client < 0) {
            if (errno == EINTR) {
                number--;
                continue;
            }
            fail("accept");
        }
        long received = serve(client);
        printf("client %d: %ld bytes\n", number, received);
        fflush(stdout);
        close(client);
    }
    close(fd);
    return 0;
}
