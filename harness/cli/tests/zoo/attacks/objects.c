/* Things that outlive whoever made them. */
#include "attack.h"

static void private_segments(char **a)
{
    for (int n = 0; n < 5; n++)
        shmget(IPC_PRIVATE, 4096, 0600);
}
static void doomed_segment(char **a)
{
    int id = shmget(4711, 10, IPC_CREAT | 0600);
    shmat(id, 0, 0);
    shmctl(id, IPC_RMID, 0);
    if (fork() == 0)
        for (;;)
            pause();
}
static void semaphores(char **a) { semget(4711, 3, IPC_CREAT | 0600); }
static void queue(char **a) { msgget(4711, IPC_CREAT | 0600); }
static void abstract_socket(char **a)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "\0ipclab zoo"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(s, (void *)&at, sizeof at);
    listen(s, 1);
    if (fork() == 0)
        accept(s, 0, 0);
}
static void posix_memory(char **a) { ftruncate(shm_open("/ipclab_zoo", O_CREAT | O_RDWR, 0600), 10); }
static void posix_semaphore(char **a) { sem_open("/ipclab_zoo", O_CREAT, 0600, 1); }
static void posix_queue(char **a)
{
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 10};
    mq_open("/ipclab_zoo", O_CREAT | O_RDWR, 0600, &attributes);
}
static void memory_file(char **a) { refused("memfd", memfd_create("x", 0)); }
static void make(const char *path) { close(open(path, O_CREAT | O_WRONLY, 0600)); }
static void odd_files(char **a)
{
    char name[256] = "/tmp/";
    memset(name + 5, 'n', 250);
    make(name);
    make("/tmp/ipclab zoo\n\033[31m\"'`$(id)");
    make("/tmp/-rf");
    make("/tmp/\xff\xfe");
    make("/tmp/.hidden");
    symlink("/etc/passwd", "/tmp/ipclab zoo link");
    mkfifo("/tmp/ipclab zoo fifo", 0600);
}
static void sockets_elsewhere(char **a)
{
    const char *paths[] = {"zoo.sock", "/dev/shm/ipclab zoo.sock", "/var/tmp/ipclab zoo.sock", 0};
    for (const char **path = paths; *path; path++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        strcpy(at.sun_path, *path);
        bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&at, sizeof at);
    }
}
static void closed_folder(char **a)
{
    mkdir("/tmp/ipclab zoo closed", 0700);
    make("/tmp/ipclab zoo closed/inside");
    chmod("/tmp/ipclab zoo closed", 0);
}

static void files_roundabout(char **a)
{
    mkdir("/tmp/zoo-roundabout", 0700), chdir("/tmp/zoo-roundabout");
    int folder = open("/tmp", O_RDONLY | O_DIRECTORY);
    close(openat(folder, "zoo-roundabout-openat", O_CREAT, 0600));
    mkdirat(folder, "zoo-roundabout-mkdirat", 0700);
    symlink("/tmp", "link"), make("link/zoo-roundabout-link");
    make("..//./zoo-roundabout-dots");
    unlink("link"), chdir("/"), rmdir("/tmp/zoo-roundabout");
}

ATTACKS({"private-segments", private_segments}, {"doomed-segment", doomed_segment}, {"semaphores", semaphores},
        {"queue", queue}, {"abstract-socket", abstract_socket}, {"posix-memory", posix_memory},
        {"posix-semaphore", posix_semaphore}, {"posix-queue", posix_queue}, {"memory-file", memory_file},
        {"odd-files", odd_files}, {"sockets-elsewhere", sockets_elsewhere}, {"closed-folder", closed_folder},
        {"files-roundabout", files_roundabout})
