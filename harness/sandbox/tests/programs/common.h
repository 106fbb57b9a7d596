/* What the test programs share. Each of them is a table of acts; the first argument names one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PORT 23456
#define PATH "/tmp/ipclab_test_server"
#define OWN_PATH "/tmp/ipclab_test_client"
#define KEY 236100

struct act {
    const char *name;
    void (*play)(char **args);
};

/* Status 99: the program's own preparations failed, so the test proves nothing. */
__attribute__((unused)) static long must(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(99);
    }
    return result;
}

__attribute__((unused)) static struct sockaddr_in inet(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

__attribute__((unused)) static struct sockaddr_un local(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    return at;
}

__attribute__((unused)) static int bound(int family, int kind)
{
    int s = must(socket(family, kind, 0), "socket");
    if (family == AF_INET) {
        struct sockaddr_in at = inet(PORT);
        must(bind(s, (void *)&at, sizeof at), "bind");
    } else {
        struct sockaddr_un at = local(PATH);
        must(bind(s, (void *)&at, sizeof at), "bind");
    }
    return s;
}

__attribute__((unused)) static int listening(int family, int kind)
{
    int s = bound(family, kind);
    must(listen(s, 5), "listen");
    return s;
}

__attribute__((unused)) static int connected(int family, int kind)
{
    int s = must(socket(family, kind, 0), "socket");
    if (family == AF_INET) {
        struct sockaddr_in at = inet(PORT);
        must(connect(s, (void *)&at, sizeof at), "connect");
    } else {
        struct sockaddr_un at = local(PATH);
        must(connect(s, (void *)&at, sizeof at), "connect");
    }
    return s;
}

__attribute__((unused)) static void compute_ms(int ms)
{
    struct timespec t;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

__attribute__((unused)) static void sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

#define PLAY(acts)                                                                     \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        for (const struct act *act = acts; act->name; act++)                           \
            if (argc > 1 && !strcmp(act->name, argv[1])) {                             \
                act->play(argv + 2);                                                   \
                return 0;                                                              \
            }                                                                          \
        fprintf(stderr, "no such act: %s\n", argc > 1 ? argv[1] : "");                 \
        return 99;                                                                     \
    }
