/* Programs whose memory is no witness of what they send. */
#include "common.h"

#define SIZE 64

static int family, type;
static char buffer[SIZE + 1];

static void kind(const char *name)
{
    family = *name == 't' ? AF_INET : AF_UNIX;
    type = strstr(name, "seqpacket") ? SOCK_SEQPACKET : SOCK_STREAM;
}
static void *swap(void *x)
{
    for (;;) {
        memset(buffer, 'A', SIZE);
        memset(buffer, 'B', SIZE);
    }
}
/* The buffer changes without end while it is sent. */
static void swaps(char **a)
{
    pthread_t other;
    kind(a[0]);
    int s = connected(family, type);
    memset(buffer, 'A', SIZE);
    pthread_create(&other, 0, swap, 0);
    for (int n = atoi(a[1]); n > 0; n--) {
        must(send(s, buffer, SIZE, 0), "send");
        must(recv(s, (char[1]){0}, 1, 0), "recv");
    }
}
/* Says what really came. */
static void prints(char **a)
{
    char text[SIZE + 1] = "";
    kind(a[0]);
    int c = must(accept(listening(family, type), 0, 0), "accept");
    unlink(PATH);
    while (must(recv(c, text, SIZE, MSG_WAITALL), "recv") > 0) {
        puts(text);
        must(send(c, "k", 1, 0), "send");
    }
}
/* One message by each of the calls that show no buffer. */
static void unusual(char **a)
{
    kind(a[0]);
    int s = connected(family, type), file = must(open("/tmp", O_TMPFILE | O_RDWR, 0600), "open");
    struct iovec part[2] = {{"first ", 6}, {"second ", 7}};
    struct mmsghdr m[2] = {{{.msg_iov = part, .msg_iovlen = 1}}, {{.msg_iov = part + 1, .msg_iovlen = 1}}};
    if (must(sendmmsg(s, m, 2, 0), "sendmmsg") != 2 || m[0].msg_len != 6 || m[1].msg_len != 7)
        exit(98);
    must(write(file, "third", 5), "write");
    must(sendfile(s, file, &(off_t){0}, 5), "sendfile");
}
static void prints_all(char **a)
{
    char text[2][100];
    struct iovec part[2] = {{text[0], 99}, {text[1], 99}};
    struct mmsghdr m[2] = {{{.msg_iov = part, .msg_iovlen = 1}}, {{.msg_iov = part + 1, .msg_iovlen = 1}}};
    kind(a[0]);
    int c = must(accept(listening(family, type), 0, 0), "accept");
    unlink(PATH);
    for (long got; (got = must(recvmmsg(c, m, 2, MSG_WAITFORONE, 0), "recvmmsg")) > 0 && m[0].msg_len;)
        for (long n = 0; n < got; n++)
            fwrite(text[n], 1, m[n].msg_len, stdout);
}

static const struct act acts[] = {
    {"swaps", swaps}, {"prints", prints}, {"unusual", unusual}, {"prints-all", prints_all}, {0}};
PLAY(acts)
