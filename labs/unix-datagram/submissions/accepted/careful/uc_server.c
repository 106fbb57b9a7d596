#include "address.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* Signals are blocked except while recvmsg's pselect sleeps, so none slips in between the test and the call. */
static void catch_signals(sigset_t *outside)
{
    struct sigaction action = { .sa_handler = stop };
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, outside);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int remove_old_socket(const char *path)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return errno == ENOENT ? 0 : -1;
    return S_ISSOCK(about.st_mode) ? unlink(path) : 0; /* what is no socket stays; bind will complain */
}

static void upper(char *text, ssize_t length)
{
    for (; length > 0; text++, length--)
        if (*text >= 'a' && *text <= 'z')
            *text -= 'a' - 'A';
}

static int serve_one(int fd)
{
    struct address from = { .length = sizeof from.un };
    char text[MESSAGE_MAX];
    ssize_t length = recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from.un, &from.length);

    if (length < 0) {
        if (errno == EINTR)
            return 0;
        perror("recvfrom error");
        return -1;
    }
    printf("server received %zd bytes from %.*s\n", length, (int)sizeof from.un.sun_path, address_path(&from));
    fflush(stdout);
    upper(text, length);
    if (sendto(fd, text, length, 0, (struct sockaddr *)&from.un, from.length) != length)
        perror("sendto error"); /* the client's affair */
    return 0;
}

int main(void)
{
    struct address here;
    sigset_t outside;
    int status = EXIT_SUCCESS;

    if (address_of(&here, SERVER_PATH) != 0) {
        perror(SERVER_PATH);
        return EXIT_FAILURE;
    }
    catch_signals(&outside);

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        perror("socket error");
        return EXIT_FAILURE;
    }
    if (remove_old_socket(SERVER_PATH) != 0)
        perror("unlink error");
    if (bind(fd, (struct sockaddr *)&here.un, here.length) != 0) {
        perror("bind error");
        close(fd);
        return EXIT_FAILURE;
    }

    while (!stopped) {
        fd_set readable;

        FD_ZERO(&readable);
        FD_SET(fd, &readable);
        if (pselect(fd + 1, &readable, NULL, NULL, NULL, &outside) < 0) {
            if (errno == EINTR)
                continue;
            perror("pselect error");
            status = EXIT_FAILURE;
            break;
        }
        if (serve_one(fd) != 0) {
            status = EXIT_FAILURE;
            break;
        }
    }

    close(fd);
    unlink(SERVER_PATH);
    return status;
}
