/* Attacks on what there is only so much of. */
#include "attack.h"
#include <termios.h>

static void fork_bomb(char **a)
{
    for (;;)
        fork();
}
static void *sleeper(void *a)
{
    pause();
    return 0;
}
static void thread_bomb(char **a)
{
    pthread_t thread;
    while (pthread_create(&thread, 0, sleeper, 0) == 0)
        ;
    pause();
}
static void memory(char **a)
{
    for (;;) {
        char *block = malloc(1 << 20);
        if (!block)
            exit(7);
        memset(block, 1, 1 << 20);
    }
}
static void memory_of_many(char **a)
{
    for (int n = 0; n < 8; n++)
        if (fork() == 0) {
            memset(malloc(200 << 20), 1, 200 << 20);
            pause();
        }
    pause();
}
static void shared_memory(char **a)
{
    int file = memfd_create("much", 0);
    for (;;) {
        static char block[1 << 20];
        if (write(file, block, sizeof block) < 0)
            exit(7);
    }
}
static void disk(char **a)
{
    static char block[1 << 16];
    char name[64];
    for (int n = 0; n < 1000; n++) {
        snprintf(name, sizeof name, "%s/fill%d", a[0], n);
        int file = open(name, O_CREAT | O_WRONLY, 0600);
        signal(SIGXFSZ, SIG_IGN);
        while (file >= 0 && write(file, block, sizeof block) > 0)
            ;
        if (file < 0 || errno == ENOSPC)
            break;
        close(file);
    }
}
static void inodes(char **a)
{
    char name[64];
    for (int n = 0; n < 100000; n++) {
        snprintf(name, sizeof name, "%s/n%d", a[0], n);
        if (mkdir(name, 0700) < 0)
            exit(7);
    }
    got("100000 folders");
}
static void files_of_many(char **a)
{
    char name[64];
    for (int child = 0; child < 20; child++)
        if (fork() == 0) {
            for (int n = 0; n < 5000; n++) {
                snprintf(name, sizeof name, "/tmp/m%d.%d", child, n);
                close(open(name, O_CREAT | O_WRONLY, 0600));
            }
            _exit(0);
        }
    while (wait(0) > 0)
        ;
    got("100000 files");
}
static void socket_files(char **a)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    for (int n = 0; n < 20000; n++) {
        int s = socket(AF_UNIX, SOCK_DGRAM, 0);
        snprintf(at.sun_path, sizeof at.sun_path, "/tmp/s%d", n);
        bind(s, (void *)&at, sizeof at);
        close(s);
    }
    got("20000 socket files");
}
static void deep_folders(char **a)
{
    chdir("/tmp");
    for (int n = 0; n < 3000; n++)
        if (mkdir("deep", 0700) < 0 || chdir("deep") < 0)
            break;
}
static void descriptors(char **a)
{
    int n = 0;
    while (open("/dev/null", O_RDONLY) >= 0 && n < 100000)
        n++;
    if (n == 100000)
        got("100000 descriptors");
}
static void flood(char **a)
{
    static char block[1 << 16];
    memset(block, 'f', sizeof block);
    for (;;)
        write(atoi(a[0]), block, sizeof block);
}
/* What is thrown away before it is read was printed all the same. */
static void flood_flushed(char **a)
{
    for (int n = 0; n < 3000; n++) {
        write(1, "a word\n", 7);
        tcflush(1, TCOFLUSH);
    }
}
static void flood_both(char **a)
{
    static char block[1 << 12];
    memset(block, '\n', sizeof block);
    for (;;) {
        write(1, block, sizeof block);
        write(2, block, sizeof block);
    }
}
static void segments(char **a)
{
    int n = 0;
    while (n < 5000 && shmget(IPC_PRIVATE, 1, 0600) >= 0)
        n++;
    if (n == 5000)
        got("5000 segments");
}
static void large_segment(char **a)
{
    for (int n = 0; n < 50; n++) {
        int id = shmget(IPC_PRIVATE, 900 << 20, 0600);
        char *at = id < 0 ? (void *)-1 : shmat(id, 0, 0);
        if (at == (void *)-1)
            break;
        memset(at, 1, 900 << 20);
    }
}
static void semaphores(char **a)
{
    int n = 0;
    while (n < 50000 && semget(IPC_PRIVATE, 1, 0600) >= 0)
        n++;
    if (n == 50000)
        got("50000 semaphore sets");
}
static void queues(char **a)
{
    struct { long kind; char text[1000]; } message = {1};
    int n = 0, id;
    while (n < 50000 && (id = msgget(IPC_PRIVATE, 0600)) >= 0) {
        n++;
        while (msgsnd(id, &message, 1000, IPC_NOWAIT) == 0)
            ;
    }
    if (n == 50000)
        got("50000 queues");
}
static void calls(char **a)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    for (;;)
        bind(s, (void *)&at, 1);
}
static void cpu(char **a)
{
    for (;;)
        ;
}
static void deaf(char **a)
{
    for (int n = 1; n < 32; n++)
        signal(n, SIG_IGN);
    for (;;)
        pause();
}
static void stops_itself(char **a)
{
    raise(SIGSTOP);
    for (;;)
        pause();
}
static void sleeps(char **a)
{
    for (;;)
        sleep(100000);
}
static void daemon_(char **a)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            for (int fd = 0; fd < 10; fd++)
                close(fd);
            for (;;)
                pause();
        }
        _exit(0);
    }
    wait(0);
}
static void holds_terminal(char **a)
{
    if (fork() == 0) {
        signal(SIGHUP, SIG_IGN);
        for (;;)
            pause();
    }
}
static void generations(char **a)
{
    for (int n = 0; n < 3000; n++) {
        if (fork() == 0)
            _exit(0);
        wait(0);
    }
}
static void runs_away(char **a)
{
    /* Each generation ends at once and leaves the next: no number stays the same for long. */
    for (int n = 0; n < 100000; n++)
        if (fork() > 0)
            _exit(0);
    for (;;)
        pause();
}

ATTACKS({"fork-bomb", fork_bomb}, {"thread-bomb", thread_bomb}, {"memory", memory}, {"memory-of-many", memory_of_many},
        {"shared-memory", shared_memory}, {"disk", disk}, {"inodes", inodes},
        {"files-of-many", files_of_many}, {"socket-files", socket_files}, {"deep-folders", deep_folders},
        {"descriptors", descriptors}, {"flood", flood}, {"flood-both", flood_both}, {"flood-flushed", flood_flushed}, {"segments", segments},
        {"large-segment", large_segment}, {"semaphores", semaphores}, {"queues", queues}, {"calls", calls}, {"cpu", cpu},
        {"deaf", deaf}, {"stops-itself", stops_itself}, {"sleeps", sleeps}, {"daemon", daemon_},
        {"holds-terminal", holds_terminal}, {"generations", generations}, {"runs-away", runs_away})
