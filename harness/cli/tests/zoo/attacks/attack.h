/* What every attack uses. An attack says `tried`, and `GOT` with what it got where it should have got nothing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct attack {
    const char *name;
    void (*go)(char **words);
};

static void got(const char *what)
{
    printf("GOT %s\n", what);
    fflush(stdout);
}

/* For calls that must not succeed. */
__attribute__((unused)) static void refused(const char *what, long result)
{
    if (result >= 0)
        got(what);
}

__attribute__((unused)) static void read_what(const char *path)
{
    char text[200];
    int file = open(path, O_RDONLY);
    long size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (size > 0) {
        text[size] = 0;
        printf("GOT %s: %s\n", path, text);
        fflush(stdout);
    }
}

#define ATTACKS(...)                                                       \
    int main(int argc, char **argv)                                        \
    {                                                                      \
        static const struct attack all[] = {__VA_ARGS__, {0}};             \
        for (const struct attack *one = all; argc > 1 && one->name; one++) \
            if (strcmp(one->name, argv[1]) == 0) {                         \
                puts("tried");                                             \
                fflush(stdout);                                            \
                one->go(argv + 2);                                         \
                puts("done");                                              \
                return 0;                                                  \
            }                                                              \
        return 99;                                                         \
    }
