/* Attacks on what is said of bytes: wrong ones are sent, and that is hidden. */
#include "attack.h"
#include <sys/sendfile.h>

#define PORT 7400

static int taken(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(s, (void *)&at, sizeof at);
    listen(s, 5);
    int c = accept(s, 0, 0);
    close(s);
    return c;
}
/* By a call whose buffers are not in its arguments. */
static void many(char **a)
{
    struct iovec part = {"xxxxx\n", 6};
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    sendmmsg(taken(), &m, 1, 0);
}
/* From a file, whose pages can change on their way. */
static void file(char **a)
{
    int f = open("/tmp/of-the-attack", O_CREAT | O_RDWR, 0600);
    unlink("/tmp/of-the-attack");
    write(f, "xxxxx\n", 6);
    off_t from = 0;
    sendfile(taken(), f, &from, 6);
}
/* Pages are put into the socket as they are. */
static void splices(char **a)
{
    int p[2];
    pipe(p);
    write(p[1], "xxxxx\n", 6);
    int c = taken();
    if (splice(p[0], 0, c, 0, 6, 0) < 0)
        send(c, "xxxxx\n", 6, 0);
}
/* A second thread changes the buffer when the first one is stopped at the tracer. */
static char text[] = "HELLO\n";
static volatile int tid, sent, go;
static int to;
static void *sender(void *x)
{
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_IDLE, &none);
    tid = syscall(SYS_gettid);
    while (!go)
        sched_yield();
    write(to, text, 6);
    sent = 1;
    return x;
}
static void swaps(char **a)
{
    pthread_t other;
    char name[64], status[4000];
    to = taken();
    pthread_create(&other, 0, sender, 0);
    while (!tid)
        sched_yield();
    snprintf(name, sizeof name, "/proc/self/task/%d/status", tid);
    int file = open(name, O_RDONLY);
    go = 1;
    for (int n = 0; !sent && n < 100000; n++) {
        long size = syscall(SYS_pread64, file, status, sizeof status - 1, 0L);
        status[size > 0 ? size : 0] = 0;
        char *state = strstr(status, "State:");
        if (!state || state[7] == 't')
            break;
    }
    memcpy(text, "xxxxx\n", 6);
    pthread_join(other, 0);
}
/* Rubbish in the middle of so many calls that not all of them are kept: of one kind, or each another. */
static void flood(char **a)
{
    int c = taken(), other = a[0] && !strcmp(a[0], "others");
    send(c, "HELLO\n", 6, 0);
    for (int n = 0; n < 3000; n++)
        shutdown(1000 + (other ? n : 0), 0);
    send(c, "rubbish", 7, MSG_NOSIGNAL);
    for (int n = 0; n < 3000; n++)
        shutdown(9000 + (other ? n : 0), 0);
}
/* No attack at all: an echo, byte by byte. */
static void bytewise(char **a)
{
    int c = taken();
    char b;
    while (recv(c, &b, 1, 0) == 1)
        send(c, &b, 1, 0);
}
/* The other end, a student's as well. */
static void reads(char **a)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    char b[100];
    int s = socket(AF_INET, SOCK_STREAM, 0);
    connect(s, (void *)&at, sizeof at);
    while (recv(s, b, sizeof b, 0) > 0) ;
}

ATTACKS({"many", many}, {"file", file}, {"splices", splices}, {"swaps", swaps}, {"flood", flood}, {"bytewise", bytewise}, {"reads", reads})
