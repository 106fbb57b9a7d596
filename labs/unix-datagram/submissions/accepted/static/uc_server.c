/* uc_server: signals come in ppoll() only, so that nothing is half done when they do. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define PLACE "/tmp/uc_srv_socket"

static volatile sig_atomic_t over;

static void stop(int number)
{
    (void)number;
    over = 1;
}

static int wrong(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    return EXIT_FAILURE;
}

static void upper(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] -= 'a' - 'A';
}

/* One datagram there and back; -1 when none can be taken any more. */
static int serve(int fd)
{
    char text[10];
    struct sockaddr_un from = {0};
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t size = recvmsg(fd, &message, 0);
    if (size < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    int named = message.msg_namelen > offsetof(struct sockaddr_un, sun_path);
    printf("server received %zd bytes from %.*s\n", size, (int)sizeof from.sun_path, named ? from.sun_path : "nobody");
    upper(text, size);
    part.iov_len = size;
    message.msg_control = NULL;
    message.msg_controllen = 0;
    message.msg_flags = 0;
    if (!named)
        fprintf(stderr, "this one has no name\n");
    else if (sendmsg(fd, &message, 0) < 0)
        wrong("sendmsg");
    return 0;
}

int main(void)
{
    sigset_t none, both;
    struct sigaction action = {.sa_handler = stop};
    struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = PLACE};
    struct stat about;

    sigemptyset(&none);
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return wrong("socket");
    if (lstat(PLACE, &about) == 0 && S_ISSOCK(about.st_mode))
        unlink(PLACE);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        return wrong("bind");
    int status = EXIT_SUCCESS;
    while (!over) {
        struct pollfd one = {fd, POLLIN, 0};
        int n = ppoll(&one, 1, NULL, &none);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || serve(fd) < 0) {
            status = wrong(n < 0 ? "ppoll" : "recvmsg");
            break;
        }
        fflush(stdout);
    }
    unlink(PLACE);
    close(fd);
    return status;
}
