/* Programs that look for a way to other actors, to the box's settings and to what is the host's. */
#include "common.h"
#include <dirent.h>

static void got(const char *what) { printf("GOT %s\n", what), fflush(stdout); }

/* Types into every terminal that it may open and that is not its own. */
static void type(char **a)
{
    char name[300], mine[100] = "";
    readlink("/proc/self/fd/1", mine, sizeof mine - 1);
    DIR *d = opendir("/dev/pts");
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(name, sizeof name, "/dev/pts/%s", e->d_name);
        if (e->d_name[0] == '.' || !strcmp(name, mine) || !strcmp(e->d_name, "ptmx"))
            continue;
        int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0)
            dprintf(fd, "forged\n"), got(name);
    }
    int fd = open("/dev/tty", O_RDWR | O_NONBLOCK);
    if (fd >= 0)
        dprintf(fd, "forged\n"), got("/dev/tty");
    printf("typed\n");
}
/* The same when it is told to. */
static void type_when_told(char **a)
{
    char word;
    int s = bound(AF_INET, SOCK_DGRAM);
    recv(s, &word, 1, 0);
    type(a);
}
static void tell(char **a)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = inet(PORT);
    must(sendto(s, "x", 1, 0, (void *)&at, sizeof at), "sendto");
}
/* Says something, and stays as long as it is not told to end. */
static void stay(char **a)
{
    printf("honest\n"), fflush(stdout);
    pause();
}
/* Its terminal has a name, which can be opened. */
static void named(char **a)
{
    char *name = ttyname(1);
    int fd = name ? open(name, O_WRONLY) : -1, again = open("/proc/self/fd/1", O_WRONLY);
    dprintf(fd, "by its name\n");
    dprintf(again, "again\n");
    printf("%d %d\n", isatty(1), isatty(0));
}
static void terminals(char **a)
{
    int n = 0;
    while (n < 5000 && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
        n++;
    printf("%s\n", n < 10 ? "few" : "many");
}
static void settings(char **a)
{
    const char *roots[] = {"", "/proc/self/root", "/proc/1/root", "/proc/thread-self/root", "/proc/self/cwd/..", 0};
    const char *names[] = {"kernel/shm_rmid_forced", "kernel/shmmni", "kernel/shmall", "kernel/shmmax", "kernel/sem",
                           "kernel/msgmni", "kernel/msgmax", "kernel/pid_max", "kernel/ns_last_pid",
                           "fs/mqueue/queues_max", "net/ipv4/ip_unprivileged_port_start", 0};
    char path[300], text[64];
    for (const char **root = roots; *root; root++)
        for (const char **name = names; *name; name++) {
            snprintf(path, sizeof path, "%s/proc/sys/%s", *root, *name);
            int in = open(path, O_RDONLY), n = read(in, text, sizeof text), out = open(path, O_WRONLY);
            if (n > 0 && write(out, text, n) == n)
                got(path);
            close(in), close(out);
        }
    printf("tried\n");
}
/* Locks and times of what is the host's. */
static void host(char **a)
{
    const char *names[] = {"/dev/null", "/dev/zero", "/usr/bin/env", "/usr", "/lab/apart", 0};
    struct flock whole = {.l_type = F_RDLCK}, open_file = whole;
    struct timespec times[2] = {{1}, {1}};
    for (const char **name = names; *name; name++) {
        int fd = open(*name, O_RDONLY);
        if (!flock(fd, LOCK_SH | LOCK_NB))
            got("flock");
        if (!fcntl(fd, F_SETLK, &whole))
            got("F_SETLK");
        if (!fcntl(fd, F_OFD_SETLK, &open_file))
            got("F_OFD_SETLK");
        if (!fcntl(fd, F_SETLEASE, F_RDLCK))
            got("F_SETLEASE");
        if (!utimensat(AT_FDCWD, *name, 0, 0) || !utimensat(AT_FDCWD, *name, times, 0))
            got("times");
        if (!fchmod(fd, 0666))
            got("mode");
    }
    printf("tried\n");
}
/* Locks of its own files go on as ever. */
static void locks(char **a)
{
    int fd = must(open("/tmp/ipclab_test_lock", O_CREAT | O_RDWR, 0600), "open");
    struct flock whole = {.l_type = F_WRLCK};
    must(flock(fd, LOCK_EX | LOCK_NB), "flock");
    must(fcntl(fd, F_SETLK, &whole), "F_SETLK");
    int here = must(open("ipclab_test_lock", O_CREAT | O_RDWR, 0600), "open");
    must(fcntl(here, F_SETLKW, &whole), "F_SETLKW");
    unlink("/tmp/ipclab_test_lock"), unlink("ipclab_test_lock");
    printf("locked\n");
}
/* Every process that it can see and that is not its own. */
static void others(char **a)
{
    char path[300];
    DIR *d = opendir("/proc");
    for (struct dirent *e; d && (e = readdir(d));) {
        int pid = atoi(e->d_name);
        if (pid <= 1 || pid == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%d/mem", pid);
        int fd = open(path, O_RDWR);
        printf("sees %d%s\n", pid, fd < 0 ? "" : " and its memory");
    }
    if (a[0] && open(a[0], O_RDONLY) >= 0)
        got(a[0]);
    kill(-1, SIGKILL);
    printf("looked\n");
}
static void numbers(char **a)
{
    printf("%d\n", getpid()), fflush(stdout);
    for (int n = 0; n < 3; n++)
        if (fork() == 0)
            printf("%d\n", getpid()), fflush(stdout), _exit(0);
    while (wait(0) > 0)
        ;
}

static void brood(char **a)
{
    for (int n = 0; n < 20000; n++) {
        if (fork() == 0)
            _exit(0);
        wait(0);
    }
}

static const struct act acts[] = {
    {"type", type}, {"type-when-told", type_when_told}, {"tell", tell}, {"brood", brood}, {"stay", stay}, {"named", named}, {"terminals", terminals}, {"settings", settings}, {"host", host},
    {"locks", locks}, {"others", others}, {"numbers", numbers}, {0}};
PLAY(acts)
