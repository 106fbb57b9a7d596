/* Bytes over sockets of every kind, by every call that moves them. */
#include "common.h"

static int family, type, stream;
static const char *how;

static void kind(const char *name)
{
    family = *name == 'u' && strcmp(name, "udp") ? AF_UNIX : AF_INET;
    type = !strcmp(name, "tcp") || !strcmp(name, "unix-stream") ? SOCK_STREAM
           : !strcmp(name, "unix-seqpacket")                    ? SOCK_SEQPACKET
                                                                : SOCK_DGRAM;
    stream = type != SOCK_DGRAM;
}
static int is(const char *name) { return !strcmp(how, name); }
static int asks(void) { return is("recvfrom") || is("recvmsg"); }

static struct sockaddr_storage who;
static socklen_t who_length;

static long take(int s, char *to, size_t room)
{
    struct iovec parts[2] = {{to, 2}, {to + 2, room - 2}};
    who_length = sizeof who;
    if (is("read"))
        return must(read(s, to, room), "read");
    if (is("readv"))
        return must(readv(s, parts, 2), "readv");
    if (is("recv"))
        return must(recv(s, to, room, 0), "recv");
    if (is("recvfrom"))
        return must(recvfrom(s, to, room, 0, (void *)&who, &who_length), "recvfrom");
    struct msghdr m = {&who, who_length, parts, 2};
    long got = must(recvmsg(s, &m, 0), "recvmsg");
    who_length = m.msg_namelen;
    return got;
}
/* `to`: the address in `who`, for a datagram socket that is not connected. */
static void put(int s, const char *from, size_t length, int to)
{
    struct iovec parts[2] = {{(void *)from, 2}, {(void *)from + 2, length - 2}};
    void *name = to ? &who : 0;
    socklen_t name_length = to ? who_length : 0;
    if (is("read"))
        must(write(s, from, length), "write");
    else if (is("readv"))
        must(writev(s, parts, 2), "writev");
    else if (is("recv"))
        must(send(s, from, length, 0), "send");
    else if (is("recvfrom"))
        must(sendto(s, from, length, 0, name, name_length), "sendto");
    else {
        struct msghdr m = {name, name_length, parts, 2};
        must(sendmsg(s, &m, 0), "sendmsg");
    }
}
/* One message in; back in capitals, where it is known whom to. */
static void serve(char **a)
{
    char text[100];
    kind(a[0]), how = a[1];
    int s = stream ? listening(family, type) : bound(family, type);
    int c = stream ? must(accept(s, 0, 0), "accept") : s;
    long got = take(c, text, sizeof text);
    for (long i = 0; i < got; i++)
        text[i] = toupper(text[i]);
    if (stream || asks())
        put(c, text, got, !stream);
    unlink(PATH);
}
static void talk(char **a)
{
    char text[100];
    kind(a[0]), how = a[1];
    int s;
    if (stream || !asks())
        s = connected(family, type);
    else {
        s = must(socket(family, type, 0), "socket");
        if (family == AF_UNIX) {
            struct sockaddr_un own = local(OWN_PATH), at = local(PATH);
            must(bind(s, (void *)&own, sizeof own), "bind");
            memcpy(&who, &at, who_length = sizeof at);
        } else {
            struct sockaddr_in at = inet(PORT);
            memcpy(&who, &at, who_length = sizeof at);
        }
    }
    put(s, a[2], strlen(a[2]) + 1, !stream && asks());
    if (stream || asks())
        take(s, text, sizeof text), puts(text);
    unlink(OWN_PATH);
}

static int tcp_taken(void) { return must(accept(listening(AF_INET, SOCK_STREAM), 0, 0), "accept"); }

/* Each connection is served by a child; the parent closes its copy. */
static void fork_serve(char **a)
{
    int s = listening(AF_INET, SOCK_STREAM);
    for (int n = atoi(a[0]); n > 0; n--) {
        int c = must(accept(s, 0, 0), "accept");
        if (fork() == 0) {
            char b;
            must(recv(c, &b, 1, 0), "recv");
            must(send(c, &b, 1, 0), "send");
            exit(0);
        }
        close(c);
    }
    while (wait(0) > 0)
        ;
}
static void say(char **a)
{
    char b;
    int s = connected(AF_INET, SOCK_STREAM);
    must(send(s, a[0], 1, 0), "send");
    must(recv(s, &b, 1, 0), "recv");
    printf("%c\n", b);
}
/* Both connect before either speaks, the second one first. */
static void crossed(char **a)
{
    int f = !strcmp(a[0], "tcp") ? AF_INET : AF_UNIX;
    int one = connected(f, SOCK_STREAM), two = connected(f, SOCK_STREAM);
    must(send(two, "two", 3, 0), "send");
    must(send(one, "one!", 4, 0), "send");
}
static void crossed_server(char **a)
{
    char text[9];
    int s = listening(!strcmp(a[0], "tcp") ? AF_INET : AF_UNIX, SOCK_STREAM);
    int one = must(accept(s, 0, 0), "accept"), two = must(accept(s, 0, 0), "accept");
    must(recv(one, text, 9, 0), "recv");
    must(recv(two, text, 9, 0), "recv");
    unlink(PATH);
}
static void duplicated(char **a)
{
    char b;
    int c = tcp_taken(), d = dup(c), e = dup2(c, 77), f = fcntl(c, F_DUPFD, 50);
    close(c);
    must(recv(d, &b, 1, 0), "recv");
    must(send(e, &b, 1, 0), "send");
    must(write(f, "!", 1), "write");
}
static void duplicated_talk(char **a)
{
    char b[2];
    int s = connected(AF_INET, SOCK_STREAM);
    must(send(s, "d", 1, 0), "send");
    must(recv(s, b, 2, MSG_WAITALL), "recv");
}
/* The listening socket goes on in another program, which has only its number. */
static void handed(char **a)
{
    char fd[9];
    sprintf(fd, "%d", listening(AF_INET, SOCK_STREAM));
    execl("/proc/self/exe", "wire", "taken-over", fd, (char *)0);
}
static void taken_over(char **a)
{
    char b;
    int c = must(accept(atoi(a[0]), 0, 0), "accept");
    must(recv(c, &b, 1, 0), "recv");
    must(send(c, &b, 1, 0), "send");
}
/* The accepted socket goes to another process in a message. */
static void passed(char **a)
{
    int pair[2], fd;
    char room[CMSG_SPACE(sizeof fd)], b;
    struct iovec part = {&b, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    if (fork() == 0) {
        must(recvmsg(pair[1], &m, 0), "recvmsg");
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
        must(recv(fd, &b, 1, 0), "recv");
        must(send(fd, &b, 1, 0), "send");
        exit(0);
    }
    b = '*', fd = tcp_taken();
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    must(sendmsg(pair[0], &m, 0), "sendmsg");
    close(fd);
    wait(0);
}
static void pair_of_two(char **a)
{
    int pair[2];
    char text[9];
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
    if (fork() == 0) {
        must(recv(pair[1], text, 9, 0), "recv");
        must(send(pair[1], "back", 4, 0), "send");
        exit(0);
    }
    must(send(pair[0], "to", 2, 0), "send");
    must(recv(pair[0], text, 9, 0), "recv");
    wait(0);
}
static void peek(char **a)
{
    char text[9];
    int c = tcp_taken();
    must(recv(c, text, 2, MSG_PEEK), "recv");
    must(recv(c, text, 9, MSG_PEEK), "recv");
    must(recv(c, text, 9, 0), "recv");
    must(recv(c, text, 9, 0), "recv");
}
static void send_text(char **a)
{
    must(send(connected(AF_INET, SOCK_STREAM), a[0], strlen(a[0]), 0), "send");
}
static void datagrams_in(char **a)
{
    char text[9];
    int s = bound(AF_INET, SOCK_DGRAM), truncated = a[0] ? MSG_TRUNC : 0;
    must(recv(s, text, 9, truncated), "recv");
    must(recv(s, text, 4, truncated), "recv");
    struct iovec part = {text, 4};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    must(recvmsg(s, &m, truncated), "recvmsg");
}
/* An empty one, then two that are longer than the room for them. */
static void datagrams_out(char **a)
{
    int s = connected(AF_INET, SOCK_DGRAM);
    must(send(s, "", 0, 0), "send");
    must(send(s, "0123456", 7, 0), "send");
    must(send(s, "abcdef", 6, 0), "send");
}
static void many_in(char **a)
{
    char text[2][9];
    struct iovec part[2] = {{text[0], 9}, {text[1], 9}};
    struct mmsghdr m[2] = {{{.msg_iov = part, .msg_iovlen = 1}}, {{.msg_iov = part + 1, .msg_iovlen = 1}}};
    if (must(recvmmsg(bound(AF_INET, SOCK_DGRAM), m, 2, 0, 0), "recvmmsg") != 2)
        exit(98);
}
static void many_out(char **a)
{
    struct iovec part[2] = {{"first", 5}, {"second", 6}};
    struct mmsghdr m[2] = {{{.msg_iov = part, .msg_iovlen = 1}}, {{.msg_iov = part + 1, .msg_iovlen = 1}}};
    must(sendmmsg(connected(AF_INET, SOCK_DGRAM), m, 2, 0), "sendmmsg");
}
/* More than any buffer between the two holds, in pieces as the kernel likes. */
static void much_in(char **a)
{
    static char b[70000];
    long all = 0, got;
    int c = tcp_taken();
    while ((got = must(recv(c, b, sizeof b, 0), "recv")) > 0)
        all += got;
    printf("%ld\n", all);
}
static void much_out(char **a)
{
    static char b[100000];
    int s = connected(AF_INET, SOCK_STREAM);
    memset(b, 'm', sizeof b);
    for (int n = 0; n < 70; n++)
        must(write(s, b, sizeof b), "write");
}
/* Says all it has to say, and still hears the answer. */
static void half_close(char **a)
{
    char text[9];
    int s = connected(AF_INET, SOCK_STREAM);
    must(send(s, "q", 1, 0), "send");
    must(shutdown(s, SHUT_WR), "shutdown");
    must(recv(s, text, 9, 0), "recv");
}
static void until_end(char **a)
{
    char text[9];
    int c = tcp_taken();
    while (must(recv(c, text, 9, 0), "recv") > 0)
        ;
    must(send(c, "answer", 6, 0), "send");
}
static void abstract(char **a)
{
    struct sockaddr_un at = {AF_UNIX, "\0ipclab test"};
    socklen_t length = sizeof(sa_family_t) + 12;
    int s = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), c = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    must(bind(s, (void *)&at, length), "bind");
    must(listen(s, 1), "listen");
    must(connect(c, (void *)&at, length), "connect");
    int d = must(accept(s, 0, 0), "accept");
    must(write(c, "abc", 3), "write");
    must(read(d, (char[9]){0}, 9), "read");
}
/* Neither a failed send nor one into a full socket is a transfer. */
static void failed(char **a)
{
    signal(SIGPIPE, SIG_IGN);
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    must(send(pair[0], "x", 1, 0), "send");
    if (recv(pair[0], (char[9]){0}, 9, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        exit(98);
    close(pair[1]);
    if (send(pair[0], "y", 1, 0) >= 0 || errno != EPIPE)
        exit(98);
}
static void urgent(char **a)
{
    int s = connected(AF_INET, SOCK_STREAM);
    must(send(s, "!", 1, MSG_OOB), "send");
    must(recv(s, (char[9]){0}, 9, 0), "recv");
}
static void urgent_in(char **a)
{
    int c = tcp_taken();
    struct pollfd p = {c, POLLPRI};
    must(poll(&p, 1, -1), "poll");
    must(recv(c, (char[9]){0}, 9, MSG_OOB), "recv");
    must(send(c, "k", 1, 0), "send");
}
/* Three records, one of them empty and one too long for the room, and then the end. */
static void records_in(char **a)
{
    char text[9];
    int c = must(accept(listening(AF_UNIX, SOCK_SEQPACKET), 0, 0), "accept");
    must(recv(c, text, 9, 0), "recv");
    must(recv(c, text, 9, 0), "recv");
    must(recv(c, text, 4, MSG_TRUNC), "recv");
    if (must(recv(c, text, 9, 0), "recv") != 0)
        exit(98);
    struct iovec part = {text, 9};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    must(recvmsg(c, &m, 0), "recvmsg");
}
static void records_out(char **a)
{
    int s = connected(AF_UNIX, SOCK_SEQPACKET);
    must(send(s, "one", 3, 0), "send");
    must(send(s, "", 0, 0), "send");
    must(send(s, "longer", 6, 0), "send");
}
/* Answers in two calls: the second waits for the first to be acknowledged, which the other end puts off. */
static void in_two(char **a)
{
    int c = tcp_taken();
    for (int n = 0; n < 30; n++) {
        must(recv(c, (char[9]){0}, 1, 0), "recv");
        must(send(c, "a", 1, 0), "send");
        must(send(c, "b", 1, 0), "send");
    }
}
static void puts_off(char **a)
{
    int s = connected(AF_INET, SOCK_STREAM), no = 0;
    for (int n = 0; n < 30; n++) {
        must(send(s, "q", 1, 0), "send");
        must(setsockopt(s, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no), "setsockopt");
        must(recv(s, (char[9]){0}, 1, 0), "recv");
        must(setsockopt(s, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no), "setsockopt");
        must(recv(s, (char[9]){0}, 1, 0), "recv");
    }
}
static int last_one;
static void last_words(int signal)
{
    send(last_one, "late", 4, MSG_NOSIGNAL);
    _exit(0);
}
/* Waits for ever, and says something when it is asked to end. */
static void late(char **a)
{
    last_one = tcp_taken();
    signal(SIGTERM, last_words);
    recv(last_one, (char[9]){0}, 9, 0);
}
static void late_talk(char **a)
{
    int s = connected(AF_INET, SOCK_STREAM);
    signal(SIGTERM, SIG_IGN);
    recv(s, (char[9]){0}, 9, 0);
    pause();
}
/* What is written to a file or a pipe crosses no wire. */
static void elsewhere(char **a)
{
    int p[2], f = must(open("/tmp/ipclab_test_file", O_CREAT | O_RDWR, 0600), "open");
    must(pipe(p), "pipe");
    must(write(f, "file", 4), "write");
    must(write(p[1], "pipe", 4), "write");
    must(read(p[0], (char[9]){0}, 9), "read");
    must(unlink("/tmp/ipclab_test_file"), "unlink");
    puts("out");
}
/* A descriptor number that was another socket a moment ago. */
static void number_again(char **a)
{
    int pair[2], before = connected(AF_INET, SOCK_STREAM);
    must(send(before, "1", 1, 0), "send");
    close(before);
    int after = connected(AF_INET, SOCK_STREAM);
    if (after != before)
        exit(98);
    must(send(after, "22", 2, 0), "send");
}
static void two_after_another(char **a)
{
    int s = listening(AF_INET, SOCK_STREAM);
    for (int n = 0; n < 2; n++) {
        int c = must(accept(s, 0, 0), "accept");
        must(recv(c, (char[9]){0}, 9, 0), "recv");
        close(c);
    }
}

static const struct act acts[] = {
    {"serve", serve}, {"talk", talk}, {"fork-serve", fork_serve}, {"say", say}, {"crossed", crossed},
    {"crossed-server", crossed_server}, {"duplicated", duplicated}, {"duplicated-talk", duplicated_talk},
    {"handed", handed}, {"taken-over", taken_over}, {"passed", passed}, {"pair", pair_of_two}, {"peek", peek},
    {"send", send_text}, {"datagrams-in", datagrams_in}, {"datagrams-out", datagrams_out}, {"many-in", many_in},
    {"many-out", many_out}, {"much-in", much_in}, {"much-out", much_out}, {"half-close", half_close},
    {"until-end", until_end}, {"abstract", abstract}, {"failed", failed}, {"urgent", urgent},
    {"urgent-in", urgent_in}, {"elsewhere", elsewhere}, {"number-again", number_again},
    {"two-after-another", two_after_another}, {"in-two", in_two}, {"puts-off", puts_off}, {"late", late}, {"late-talk", late_talk}, {"records-in", records_in}, {"records-out", records_out}, {0}};
PLAY(acts)
