/* Programs that tell what their calls gave them. */
#include "common.h"

static const char *how;
static int is(const char *name) { return !strcmp(how, name); }
static long take(int s, char *to, size_t room)
{
    struct iovec part = {to, room};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    return is("read") ? read(s, to, room) : is("readv") ? readv(s, &part, 1) : is("recvmsg") ? recvmsg(s, &m, 0)
                                                                             : recv(s, to, room, 0);
}
static long put(int s, char *from, size_t length)
{
    struct iovec part = {from, length};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    return is("read") ? write(s, from, length) : is("readv") ? writev(s, &part, 1)
           : is("recvmsg")                                   ? sendmsg(s, &m, 0)
                                                             : send(s, from, length, 0);
}
static int pair[2];
static void make_pair(void) { must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair"); }

/* Eight bytes in as many reads as it takes. */
static void reads(char **a)
{
    char text[9] = {0};
    how = a[0];
    make_pair();
    must(put(pair[0], "abcdefgh", 8), "put");
    for (long all = 0, got; all < 8; all += got) {
        got = take(pair[1], text + all, 8 - all);
        if (got < 0) {
            perror("take");
            got = 0;
        } else
            printf("%ld ", got);
    }
    puts(text);
}
static void writes(char **a)
{
    how = a[0];
    make_pair();
    for (long all = 0, put_now; all < 8; all += put_now)
        printf("%ld ", put_now = must(put(pair[0], "abcdefgh" + all, 8 - all), "put"));
    puts("");
}
static volatile int handled;
static void handler(int signal) { handled++; }
static void interrupted(char **a)
{
    char text[9] = {0};
    struct sigaction action = {.sa_handler = handler, .sa_flags = a[0] ? SA_RESTART : 0};
    sigaction(SIGUSR1, &action, 0);
    make_pair();
    must(send(pair[0], "abc", 3, 0), "send");
    long got = recv(pair[1], text, 9, 0);
    printf("%ld %s %d", got, got < 0 ? strerror(errno) : text, handled);
    if (got < 0)
        printf(" then %ld", (long)recv(pair[1], text, 9, 0));
    puts("");
}
/* A signal that is held back (or ignored) interrupts nothing. */
static void deaf(char **a)
{
    char text[9] = {0};
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    signal(SIGUSR1, !strcmp(a[0], "ignores") ? SIG_IGN : handler);
    if (!strcmp(a[0], "blocks"))
        sigprocmask(SIG_BLOCK, &set, 0);
    make_pair();
    must(send(pair[0], "abc", 3, 0), "send");
    long got = syscall(SYS_recvfrom, pair[1], text, 9, 0, 0, 0);
    printf("%ld %s %d", got, got < 0 ? strerror(errno) : text, handled);
    sigprocmask(SIG_UNBLOCK, &set, 0);
    printf(" %d\n", handled);
}
static void unhandled(char **a)
{
    make_pair();
    recv(pair[1], (char[9]){0}, 9, 0);
}
/* One of everything, each with its result. */
static void told(const char *name, long result) { printf("%s %ld %s\n", name, result, result < 0 ? strerror(errno) : ""); }
static void one_of_each(char **a)
{
    struct sockaddr_in at = inet(PORT);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    told("socket", s < 0 ? -1 : 0);
    told("bind", bind(s, (void *)&at, sizeof at));
    told("port", ntohs(at.sin_port));
    told("listen", listen(s, 5));
    int id = shmget(KEY, 100, IPC_CREAT | 0600);
    told("shmget", id < 0 ? -1 : 0);
    void *where = shmat(id, 0, 0);
    told("shmat", where == (void *)-1 ? -1 : 0);
    told("shmdt", shmdt(where));
    struct shmid_ds ds = {0};
    shmctl(id, IPC_STAT, &ds);
    told("attached", ds.shm_nattch);
    told("size", ds.shm_segsz);
    told("rmid", shmctl(id, IPC_RMID, 0));
    close(open("/tmp/ipclab_test_file", O_CREAT | O_RDWR, 0600));
    told("unlink", unlink("/tmp/ipclab_test_file"));
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    told("fork", child < 0 ? -1 : 0);
    told("wait", wait(0) < 0 ? -1 : 0);
    told("close", close(s));
}
#ifdef __x86_64__
/* Makes a call; whether every other register comes back as it was. */
static int kept(long *v, long *result)
{
    long before[6], after[6], bx = 0x1122334455667788;
    memcpy(before, v, sizeof before);
    register long r10 __asm__("r10") = v[3], r8 __asm__("r8") = v[4], r9 __asm__("r9") = v[5];
    long di = v[0], si = v[1], dx = v[2];
    __asm__ volatile("syscall"
                     : "+a"(*result), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9), "+b"(bx)
                     :
                     : "rcx", "r11", "memory");
    after[0] = di, after[1] = si, after[2] = dx, after[3] = r10, after[4] = r8, after[5] = r9;
    return !memcmp(before, after, sizeof after) && bx == 0x1122334455667788;
}
#else
static int kept(long *v, long *result)
{
    register long x0 __asm__("x0") = v[0], x1 __asm__("x1") = v[1], x2 __asm__("x2") = v[2];
    register long x3 __asm__("x3") = v[3], x4 __asm__("x4") = v[4], x5 __asm__("x5") = v[5];
    register long x6 __asm__("x6") = 666, x7 __asm__("x7") = 777, x8 __asm__("x8") = *result, x9 __asm__("x9") = 999;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x8), "+r"(x9)
                     :
                     : "memory");
    long number = *result, after[] = {v[0], x1, x2, x3, x4, x5};
    *result = x0;
    return !memcmp(v, after, sizeof after) && x6 == 666 && x7 == 777 && x8 == number && x9 == 999;
}
#endif
/* A call must give back every register but those of the kernel as it was, whatever was done to it on the way. */
static void registers(char **a)
{
    char text[9] = {0};
    struct sockaddr_in at = inet(PORT);
    make_pair();
    must(send(pair[0], "abcdefgh", 8, 0), "send");
    long number[] = {SYS_read, SYS_recvfrom, SYS_bind}, s = socket(AF_INET, SOCK_DGRAM, 0);
    long arguments[][6] = {{pair[1], (long)text, 2, 44, 55, 66}, {pair[1], (long)text, 2, MSG_DONTWAIT, 0, 0},
                           {s, (long)&at, sizeof at, 44, 55, 66}};
    for (int i = 0; i < 3; i++) {
        long result = number[i];
        const char *came_back = kept(arguments[i], &result) ? "same" : "changed";
        printf("%ld %s\n", result, came_back);
    }
    printf("%d\n", ntohs(at.sin_port));
}
static void sends(char **a)
{
    char text[99] = {0};
    make_pair();
    must(send(pair[0], "hello", 5, 0), "send");
    must(send(pair[0], ".", 1, 0), "send");
    printf("%ld ", (long)recv(pair[1], text, 98, 0));
    puts(text);
}
/* Lines on both streams, and a way to end. */
static void says(char **a)
{
    static const char fixed[] = "kept 1\n";
    puts("first 10");
    fflush(stdout);
    /* From memory that may only be read. */
    write(1, fixed, sizeof fixed - 1);
    struct iovec parts[] = {{"second ", 7}, {"20\n", 3}};
    writev(1, parts, 2);
    fputs("and why\n", stderr);
    printf("%s", fixed);
    fflush(stdout);
    exit(atoi(a[0]));
}
/* A socket pair is not the terminal: what is printed and what is sent are counted apart. */
static void says_and_sends(char **a)
{
    char text[99] = {0};
    make_pair();
    puts("before");
    must(write(pair[0], "hello", 5), "write");
    puts("after");
    printf("%ld %s\n", (long)read(pair[1], text, 98), text);
}
static void copies(char **a)
{
    for (int n = 0; n < 3; n++)
        told("socket", socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0);
}

static const struct act acts[] = {
    {"reads", reads}, {"writes", writes}, {"interrupted", interrupted}, {"deaf", deaf}, {"unhandled", unhandled},
    {"one-of-each", one_of_each}, {"registers", registers}, {"sends", sends}, {"copies", copies},
    {"says", says}, {"says-and-sends", says_and_sends}, {0}};
PLAY(acts)
