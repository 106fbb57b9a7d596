/* uc_server: one thread serves, main waits for the signals that end it. */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PLACE "/tmp/uc_srv_socket"

static void *serve(void *argument)
{
    int s = *(int *)argument;
    for (;;) {
        char text[10];
        struct sockaddr_un from;
        struct iovec part = {text, sizeof text};
        struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = recvmsg(s, &m, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            perror("recvmsg error");
            exit(1);
        }
        size_t name = m.msg_namelen > sizeof(sa_family_t) ? m.msg_namelen - sizeof(sa_family_t) : 0;
        printf("server received %zd bytes from %.*s\n", n, (int)strnlen(from.sun_path, name), from.sun_path);
        fflush(stdout);
        for (int i = 0; i < n; i++)
            if (text[i] >= 'a' && text[i] <= 'z')
                text[i] -= 'a' - 'A';
        part.iov_len = n;
        if (name == 0)
            fprintf(stderr, "sendmsg error: no name to answer to\n");
        else if (sendmsg(s, &m, 0) < 0)
            perror("sendmsg error");
    }
}

int main(void)
{
    sigset_t ends;
    int got, s = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un me = {.sun_family = AF_UNIX};
    struct stat about;
    pthread_t thread;
    if (s < 0) {
        perror("socket error");
        return 1;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    strcpy(me.sun_path, PLACE);
    if (!lstat(PLACE, &about) && S_ISSOCK(about.st_mode))
        unlink(PLACE);
    if (bind(s, (struct sockaddr *)&me, sizeof me) < 0) {
        perror("bind error");
        return 1;
    }
    if (pthread_create(&thread, NULL, serve, &s)) {
        unlink(PLACE);
        return 1;
    }
    sigwait(&ends, &got);
    unlink(PLACE);
    return 0;
}
