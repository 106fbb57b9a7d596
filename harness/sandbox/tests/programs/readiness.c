/* Servers that are ready late, elsewhere or never, and those who wait for them. */
#include "common.h"

/* Late, so that a client that is started too early finds nobody. */
static void tcp(char **a)
{
    int s = bound(AF_INET, SOCK_STREAM);
    sleep_ms(60);
    must(listen(s, 5), "listen");
    must(accept(s, 0, 0), "accept");
}
static void tcp6(char **a)
{
    int s = must(socket(AF_INET6, SOCK_STREAM, 0), "socket");
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    must(bind(s, (void *)&at, sizeof at), "bind");
    sleep_ms(60);
    must(listen(s, 5), "listen");
    must(accept(s, 0, 0), "accept");
}
static void unix_stream(char **a)
{
    int s = bound(AF_UNIX, SOCK_STREAM);
    sleep_ms(60);
    must(listen(s, 5), "listen");
    must(accept(s, 0, 0), "accept");
    unlink(PATH);
}
static void datagram(int family)
{
    char c;
    sleep_ms(60);
    int s = bound(family, SOCK_DGRAM);
    must(recv(s, &c, 1, 0), "recv");
    unlink(PATH);
}
static void udp(char **a) { datagram(AF_INET); }
static void unix_datagram(char **a) { datagram(AF_UNIX); }
static void segment(char **a)
{
    sleep_ms(60);
    int id = must(shmget(KEY, 100, IPC_CREAT | 0644), "shmget");
    struct shmid_ds ds;
    do {
        sleep_ms(1);
        must(shmctl(id, IPC_STAT, &ds), "shmctl");
    } while (ds.shm_lpid == 0);
    must(shmctl(id, IPC_RMID, 0), "shmctl");
}
static void by_child(char **a)
{
    if (fork() == 0)
        tcp(a);
    else
        wait(0);
}
/* Served, but not where it is asked for. */
static void elsewhere(char **a)
{
    int s = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    struct sockaddr_in at = inet(PORT + 1);
    must(bind(s, (void *)&at, sizeof at), "bind");
    must(listen(s, 5), "listen");
    if (a[0])
        accept(s, 0, 0);
}
/* Bound to the port, but it never listens. */
static void deaf(char **a)
{
    bound(AF_INET, SOCK_STREAM);
    pause();
}
static void ready_and_gone(char **a) { listening(AF_INET, SOCK_STREAM); }

static void call(char **a)
{
    if (!strcmp(a[0], "tcp"))
        connected(AF_INET, SOCK_STREAM);
    else if (!strcmp(a[0], "unix"))
        connected(AF_UNIX, SOCK_STREAM);
    else if (!strcmp(a[0], "udp"))
        must(send(connected(AF_INET, SOCK_DGRAM), "x", 1, 0), "send");
    else if (!strcmp(a[0], "unix-datagram"))
        must(send(connected(AF_UNIX, SOCK_DGRAM), "x", 1, 0), "send");
    else if (!strcmp(a[0], "shm"))
        must(-((long)shmat(must(shmget(KEY, 0, 0), "shmget"), 0, 0) == -1), "shmat");
}
static void accept_one(char **a)
{
    must(accept(listening(AF_INET, SOCK_STREAM), 0, 0), "accept");
}
static void nap(char **a) { sleep_ms(atoi(a[0])); }
static void nothing(char **a) {}

static const struct act acts[] = {
    {"tcp", tcp}, {"tcp6", tcp6}, {"unix", unix_stream}, {"udp", udp}, {"unix-datagram", unix_datagram},
    {"shm", segment}, {"by-child", by_child}, {"elsewhere", elsewhere}, {"deaf", deaf},
    {"ready-and-gone", ready_and_gone}, {"call", call}, {"accept", accept_one}, {"nap", nap}, {"nothing", nothing}, {0}};
PLAY(acts)
