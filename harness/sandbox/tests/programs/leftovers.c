/* Programs that do not clean up. */
#include "common.h"

static void segment(char **a)
{
    int id = must(shmget(KEY, 10, IPC_CREAT | 0640), "shmget");
    strcpy(shmat(id, 0, 0), "left");
}
static void private_segment(char **a) { must(shmget(IPC_PRIVATE, 4096, 0600), "shmget"); }
static void removed(char **a)
{
    int id = must(shmget(KEY, 10, IPC_CREAT | 0600), "shmget");
    shmat(id, 0, 0);
    must(shmctl(id, IPC_RMID, 0), "shmctl");
}
/* Marked for removal under somebody who is still attached when the case is over. */
static void doomed(char **a)
{
    int id = must(shmget(KEY, 10, IPC_CREAT | 0600), "shmget");
    shmat(id, 0, 0);
    must(shmctl(id, IPC_RMID, 0), "shmctl");
    if (fork() == 0)
        pause();
}
static void by_child(char **a)
{
    if (fork() == 0)
        segment(a), exit(0);
    wait(0);
}
static void semaphores(char **a)
{
    int id = must(semget(KEY, 3, IPC_CREAT | 0600), "semget");
    must(semctl(id, 1, SETVAL, 7), "semctl");
}
static void queue(char **a)
{
    struct { long kind; char text[5]; } m = {1, "left"};
    int id = must(msgget(KEY, IPC_CREAT | 0600), "msgget");
    must(msgsnd(id, &m, 5, 0), "msgsnd");
    must(msgsnd(id, &m, 5, 0), "msgsnd");
}
static void put(const char *path, const char *text)
{
    int f = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644), path);
    must(write(f, text, strlen(text)), path);
    close(f);
}
static void files(char **a)
{
    must(mkdir("/tmp/ipclab test", 0700), "mkdir");
    put("/tmp/ipclab test/new\nline", "12345");
    put("/tmp/ipclab test/\xff\xfe", "");
    must(symlink("/etc/passwd", "/tmp/ipclab test/link"), "symlink");
    must(mkfifo("/tmp/ipclab test/fifo", 0600), "mkfifo");
    put("in cwd", "123");
}
static void socket_file(char **a) { bound(AF_UNIX, SOCK_DGRAM); }
static void socket_in_cwd(char **a)
{
    struct sockaddr_un at = local("own.sock");
    must(bind(must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), (void *)&at, sizeof at), "bind");
}
static void replace(char **a)
{
    must(unlink(PATH), "unlink");
    bound(AF_UNIX, SOCK_DGRAM);
}
static void remove_path(char **a) { must(unlink(a[0]), "unlink"); }
static void change(char **a) { put(a[0], "changed"); }
static void renames(char **a)
{
    put("/tmp/ipclab_test_before", "x");
    must(rename("/tmp/ipclab_test_before", "/tmp/ipclab_test_after"), "rename");
}
static void posix(char **a)
{
    int f = must(shm_open("/ipclab_test_shm", O_CREAT | O_RDWR, 0600), "shm_open");
    must(ftruncate(f, 33), "ftruncate");
    must(-(sem_open("/ipclab_test_sem", O_CREAT, 0600, 1) == SEM_FAILED), "sem_open");
}
static void given_semaphore(char **a)
{
    sem_t *s = sem_open("/ipclab_test_given", 0);
    must(-(s == SEM_FAILED), "sem_open");
    for (int n = 0; n < 3; n++)
        must(sem_trywait(s), "sem_trywait");
    must(-(sem_trywait(s) != -1 || errno != EAGAIN), "another value");
    /* Who waits in another process is woken. */
    if (must(fork(), "fork") == 0) {
        must(sem_wait(s), "sem_wait");
        _exit(0);
    }
    must(sem_post(s), "sem_post");
    wait(0);
}
static void posix_queue(char **a)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 9};
    must(mq_open("/ipclab_test_mq", O_CREAT | O_RDWR, 0600, &attr), "mq_open");
}
static void serve(char **a)
{
    bound(AF_INET, SOCK_DGRAM);
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
}
static void nothing(char **a)
{
    put("/tmp/ipclab_test_gone", "x");
    must(unlink("/tmp/ipclab_test_gone"), "unlink");
    int id = must(shmget(KEY, 10, IPC_CREAT | 0600), "shmget");
    must(shmctl(id, IPC_RMID, 0), "shmctl");
}
/* Writes into a segment that is already there, waits, writes again. */
static void in_two_steps(char **a)
{
    char *at = shmat(must(shmget(KEY, 10, IPC_CREAT | 0600), "shmget"), 0, 0);
    strcpy(at, "one");
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
    strcpy(at, "two");
}
/* How large the segment with this identifier is. */
static void size_of(char **a)
{
    struct shmid_ds ds;
    must(shmctl(atoi(a[0]), IPC_STAT, &ds), "shmctl");
    printf("%s has %zu\n", a[0], ds.shm_segsz);
}
/* Whether most descriptors below this number are open, and the next ones are not. */
static void holds(char **a)
{
    int below = atoi(a[0]), open = 0, beyond = 0;
    for (int f = 3; f < below; f++)
        open += fcntl(f, F_GETFD) != -1;
    for (int f = below; f < below + 50; f++)
        beyond += fcntl(f, F_GETFD) != -1;
    printf("%s, %d beyond\n", open > below - 30 ? "most" : "few", beyond);
}
static void let_on(char **a) { connected(AF_INET, SOCK_STREAM); }
static void read_foreign(char **a)
{
    int id = shmget(KEY, 0, 0600);
    printf("%s\n", id < 0 ? strerror(errno) : shmat(id, 0, 0) == (void *)-1 ? strerror(errno) : "attached");
}

static const struct act acts[] = {
    {"segment", segment}, {"private", private_segment}, {"removed", removed}, {"doomed", doomed},
    {"by-child", by_child}, {"semaphores", semaphores}, {"queue", queue}, {"files", files}, {"given-semaphore", given_semaphore},
    {"socket-file", socket_file}, {"socket-in-cwd", socket_in_cwd}, {"replace", replace}, {"remove", remove_path},
    {"change", change}, {"renames", renames}, {"posix", posix}, {"posix-queue", posix_queue}, {"serve", serve},
    {"nothing", nothing}, {"in-two-steps", in_two_steps}, {"let-on", let_on}, {"holds", holds}, {"size-of", size_of}, {"read-foreign", read_foreign}, {0}};
PLAY(acts)
