/* Processes and what they have open, files that are left, and messages. */
#include "common.h"

static pid_t child(int status)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(status);
    return pid;
}
/* One of each: waited for by either call, left as a zombie, alive at the end. */
static void fates(char **a)
{
    (void)a;
    waitpid(child(3), 0, 0);
    siginfo_t info;
    child(4);
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    waitid(P_ALL, 0, &info, WEXITED);
    pid_t killed = fork();
    if (killed == 0)
        for (;;)
            pause();
    kill(killed, SIGKILL);
    waitpid(killed, 0, 0);
    pid_t zombie = child(5);
    waitid(P_PID, zombie, &info, WEXITED | WNOWAIT);
    if (fork() == 0)
        for (;;)
            pause();
    exit(0);
}
/* The kernel throws their statuses away. */
static void discards(char **a)
{
    (void)a;
    signal(SIGCHLD, SIG_IGN);
    child(1);
    while (wait(0) > 0)
        ;
    exit(0);
}
static void *nothing(void *arg)
{
    return arg;
}
static void threads(char **a)
{
    (void)a;
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        pthread_create(&thread, 0, nothing, 0);
        pthread_join(thread, 0);
    }
    exit(0);
}
static void *ends_thread(void *arg)
{
    pthread_detach(pthread_self());
    return arg;
}
static void *sleeps(void *arg)
{
    sleep(1000);
    return arg;
}
/* One of each: joined before and after its end, made detached, detached by itself, left running, left when it had ended. */
static void joins(char **a)
{
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (char *c = a[0]; *c; c++)
        switch (*c) {
        case 'j': pthread_create(&thread, 0, nothing, 0); pthread_join(thread, 0); break;
        case 'l': pthread_create(&thread, 0, nothing, 0); usleep(1000); pthread_join(thread, 0); break;
        case 'd': pthread_create(&thread, &detached, sleeps, 0); break;
        case 's': pthread_create(&thread, 0, ends_thread, 0); usleep(1000); break;
        case 'r': pthread_create(&thread, 0, sleeps, 0); break;
        case 'e': pthread_create(&thread, 0, nothing, 0); usleep(1000); break;
        case 'x': pthread_create(&thread, 0, nothing, 0); pthread_exit(0);
        }
    exit(0);
}
/* A pipe and a program at its end, with or without what it has no use for. */
static void runs(char **a)
{
    int leaks = strcmp(a[0], "leak") == 0;
    int ends[2];
    if (pipe2(ends, leaks ? 0 : O_CLOEXEC))
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execlp("echo", "echo", "one", "two words", (char *)0);
        _exit(127);
    }
    close(ends[1]);
    waitpid(pid, 0, 0);
    exit(0);
}
static void files(char **a)
{
    (void)a;
    int fd = open("/tmp/ipclab_test_holes", O_CREAT | O_WRONLY, 0600);
    fchmod(fd, 0640);
    pwrite(fd, "end", 3, 1 << 20);
    link("/tmp/ipclab_test_holes", "/tmp/ipclab_test_twin");
    symlink("ipclab_test_holes", "/tmp/ipclab_test_link");
    mkfifo("/tmp/ipclab_test_fifo", 0600);
    fd = open("here", O_CREAT | O_WRONLY, 0644);
    write(fd, "text", 4);
    exit(0);
}
struct letter {
    long type;
    char text[16];
};
static void sends(char **a)
{
    (void)a;
    int queue = msgget(236200, IPC_CREAT | 0600);
    struct letter one = {1, "first"}, two = {2, "second"};
    msgsnd(queue, &one, 5, 0);
    msgsnd(queue, &two, 6, 0);
    exit(0);
}
static void takes(char **a)
{
    (void)a;
    struct letter letter;
    int queue = msgget(236200, 0);
    msgrcv(queue, &letter, sizeof letter.text, 2, 0);
    msgrcv(queue, &letter, sizeof letter.text, 1, 0);
    msgctl(queue, IPC_RMID, 0);
    exit(0);
}
static void takes_one(char **a)
{
    (void)a;
    struct letter letter;
    exit(msgrcv(msgget(236200, 0), &letter, sizeof letter.text, 2, 0));
}
/* What was printed before a fork is in both of their buffers, unless it is a terminal's line. */
static void prints(char **a)
{
    (void)a;
    printf("once\n");
    if (fork() == 0)
        exit(0);
    wait(0);
    exit(isatty(1) ? 0 : 1);
}
/* Its own copy of the write end keeps it from the end of file. */
static void never_ends(char **a)
{
    (void)a;
    int ends[2];
    char byte;
    if (pipe(ends) || write(ends[1], "x", 1) != 1)
        exit(1);
    while (read(ends[0], &byte, 1) > 0)
        ;
    exit(0);
}

/* Two processes that write one after the other, and one that reads all of it in two reads. */
static void fifo_writes(char **a)
{
    int out = open("/tmp/ipclab_test_fifo", O_WRONLY);
    for (; *a; a++)
        if (write(out, *a, strlen(*a)) < 0)
            exit(1);
    exit(0);
}
static void fifo_reads(char **a)
{
    (void)a;
    char text[16];
    int in = open("/tmp/ipclab_test_fifo", O_RDONLY);
    while (read(in, text, 3) > 0)
        ;
    exit(0);
}

/* Removes whatever System V objects it can find. */
static void removes_all(char **a)
{
    for (int index = 0; index < 200; index++) {
        struct shmid_ds segment;
        struct semid_ds set;
        struct msqid_ds queue;
        shmctl(shmctl(index, SHM_STAT, &segment), IPC_RMID, 0);
        semctl(semctl(index, 0, SEM_STAT, &set), 0, IPC_RMID);
        msgctl(msgctl(index, MSG_STAT, (void *)&queue), IPC_RMID, 0);
    }
}
static int lock(int fd, int command, int type, long from, long length)
{
    struct flock wanted = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = length};
    return fcntl(fd, command, &wanted);
}
/* Letters: x, s lock bytes 0 to 9 for writing, for reading; y bytes 10 to 19; u unlocks; o locks all of it for this open file;
   f, F by flock(); c closes another descriptor of the file; k goes on in a child; w, r one byte at 5; W, R ten bytes from 5 on;
   a at the end; t cuts it off. */
static void locks(char **a)
{
    char bytes[10] = "0123456789";
    int fd = open("/tmp/locked", O_RDWR);
    for (const char *c = a[0]; *c; c++) {
        int other;
        switch (*c) {
        case 'x': lock(fd, F_SETLK, F_WRLCK, 0, 10); break;
        case 's': lock(fd, F_SETLKW, F_RDLCK, 0, 10); break;
        case 'y': lock(fd, F_SETLK, F_WRLCK, 10, 10); break;
        case 'u': lock(fd, F_SETLK, F_UNLCK, 0, 0); break;
        case 'o': lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0); break;
        case 'f': flock(fd, LOCK_EX); break;
        case 'F': flock(fd, LOCK_SH); break;
        case 'c': other = open("/tmp/locked", O_RDONLY), close(other); break;
        case 'k':
            if ((other = fork()) > 0) {
                waitpid(other, 0, 0);
                exit(0);
            }
            break;
        case 'w': pwrite(fd, bytes, 1, 5); break;
        case 'r': pread(fd, bytes, 1, 5); break;
        case 'W': lseek(fd, 5, SEEK_SET), write(fd, bytes, 10); break;
        case 'R': lseek(fd, 5, SEEK_SET), read(fd, bytes, 10); break;
        case 'a': lseek(fd, 0, SEEK_END), write(fd, bytes, 1); break;
        case 't': ftruncate(fd, 15); break;
        }
    }
}
/* Waits for bytes that its parent has locked, and that waits for it. */
static void waits_for_lock(char **a)
{
    int fd = open("/tmp/locked", O_RDWR);
    if (strcmp(a[0], "flock") == 0)
        flock(fd, LOCK_EX);
    else
        lock(fd, F_SETLK, F_WRLCK, 3, 0);
    if (fork() == 0) {
        fd = open("/tmp/locked", O_RDWR);
        lseek(fd, 4, SEEK_SET);
        if (strcmp(a[0], "flock") == 0)
            flock(fd, LOCK_SH);
        struct flock wanted = {.l_type = F_RDLCK, .l_whence = SEEK_CUR, .l_start = 2, .l_len = -4};
        fcntl(fd, F_SETLKW, &wanted);
        exit(1);
    }
    wait(0);
}

/* One byte, and a descriptor with it. */
struct parcel {
    char byte;
    struct iovec vector;
    char control[CMSG_SPACE(sizeof(int))];
    struct mmsghdr message;
};
static struct mmsghdr *wrap(struct parcel *p, int fd)
{
    memset(p, 0, sizeof *p);
    p->byte = 'x';
    p->vector = (struct iovec){&p->byte, 1};
    p->message.msg_hdr = (struct msghdr){
        .msg_iov = &p->vector, .msg_iovlen = 1, .msg_control = p->control, .msg_controllen = sizeof p->control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&p->message.msg_hdr);
    *head = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return &p->message;
}
static int pass(int to, int fd)
{
    struct parcel parcel;
    return sendmsg(to, &wrap(&parcel, fd)->msg_hdr, 0) == 1;
}
static int take(int from)
{
    struct parcel parcel;
    int fd;
    if (recvmsg(from, &wrap(&parcel, -1)->msg_hdr, 0) != 1)
        return -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&parcel.message.msg_hdr)), sizeof fd);
    return fd;
}
/* A parent that passes descriptors to its child, or does not. Numbers: what a test expects. */
static void passes(char **a)
{
    int pair[2], ends[2];
    char byte;
    struct parcel parcel;
    const char *how = a[0];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    int is_pair = strcmp(how, "pair") == 0;
    pid_t child = fork();
    if (child == 0) {
        if (!is_pair)
            close(pair[0]);
        if (strcmp(how, "file") == 0 || strcmp(how, "keep") == 0 || strcmp(how, "end") == 0) {
            int fd = take(pair[1]);
            _exit(fd < 0 ? 1 : 0);
        } else if (strcmp(how, "many") == 0) {
            recvmmsg(pair[1], wrap(&parcel, -1), 1, 0, 0);
            _exit(0);
        } else if (strcmp(how, "peek") == 0) {
            recvmsg(pair[1], &wrap(&parcel, -1)->msg_hdr, MSG_PEEK);
            take(pair[1]);
            _exit(0);
        } else if (strcmp(how, "number") == 0) {
            int number;
            read(pair[1], &number, sizeof number);
            _exit(0);
        } else if (strcmp(how, "stuck") == 0) {
            take(pair[1]);
        } else if (is_pair) {
            read(pair[1], &byte, 1);
        }
        for (;;)
            pause();
    }
    close(pair[1]);
    int fd = open("/tmp/ipclab_test_passed", O_CREAT | O_RDWR, 0600);
    pipe(ends);
    if (strcmp(how, "file") == 0 || strcmp(how, "peek") == 0) {
        pass(pair[0], fd);
        close(fd);
        waitpid(child, 0, 0);
        /* The same file at the same number, and nothing that was passed. */
        open("/tmp/ipclab_test_passed", O_RDWR);
    } else if (strcmp(how, "keep") == 0) {
        pass(pair[0], fd);
        waitpid(child, 0, 0);
    } else if (strcmp(how, "end") == 0) {
        /* A copy of the end that was passed is that end, the other end is not. */
        pass(pair[0], ends[1]);
        dup2(ends[1], 20);
        close(ends[1]);
        waitpid(child, 0, 0);
    } else if (strcmp(how, "many") == 0) {
        sendmmsg(pair[0], wrap(&parcel, fd), 1, 0);
        waitpid(child, 0, 0);
    } else if (strcmp(how, "number") == 0) {
        write(pair[0], &fd, sizeof fd);
        waitpid(child, 0, 0);
    } else if (strcmp(how, "none") == 0) {
        pass(pair[0], 99);
        kill(child, SIGKILL);
        waitpid(child, 0, 0);
    } else if (strcmp(how, "stuck") == 0 || strcmp(how, "flight") == 0) {
        pass(pair[0], ends[1]);
        close(ends[1]);
        while (read(ends[0], &byte, 1) > 0)
            ;
    } else if (is_pair) {
        close(pair[0]);
        waitpid(child, 0, 0);
    }
    exit(0);
}
/* The first thread leaves, and another one closes what was open. */
static int left_open[2];
static void *closes(void *first)
{
    pthread_join(*(pthread_t *)first, 0);
    close(left_open[0]);
    close(left_open[1]);
    exit(0);
}
static void leader_leaves(char **a)
{
    (void)a;
    static pthread_t first;
    pthread_t thread;
    must(pipe(left_open), "pipe");
    first = pthread_self();
    pthread_create(&thread, 0, closes, &first);
    pthread_exit(0);
}
/* A program with an environment of its own. */
static void environment(char **a)
{
    (void)a;
    if (fork() == 0) {
        setenv("GREETING", "hello=you", 1);
        unsetenv("SECRET");
        execlp("true", "true", (char *)0);
        _exit(127);
    }
    wait(0);
    exit(0);
}

static const struct act acts[] = {
    {"fates", fates}, {"discards", discards}, {"threads", threads}, {"joins", joins}, {"runs", runs}, {"files", files},
    {"sends", sends}, {"takes", takes}, {"takes-one", takes_one}, {"prints", prints}, {"never-ends", never_ends},
    {"fifo-writes", fifo_writes}, {"fifo-reads", fifo_reads}, {"locks", locks}, {"removes-all", removes_all},
    {"waits-for-lock", waits_for_lock}, {"passes", passes}, {"environment", environment}, {"leader-leaves", leader_leaves}, {0}};
PLAY(acts)
