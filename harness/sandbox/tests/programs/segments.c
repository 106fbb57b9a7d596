/* Segments: what lies behind them and beside them. */
#include "common.h"

static int segment(size_t size)
{
    return must(shmget(IPC_PRIVATE, size, IPC_CREAT | 0600), "shmget");
}
static char *attached(int id, const void *at, int flags)
{
    char *memory = shmat(id, at, flags);
    if (memory == (void *)-1)
        must(-1, "shmat");
    return memory;
}
static void removed(int id)
{
    must(shmctl(id, IPC_RMID, 0), "shmctl");
}
/* Touches a byte so far from the start of a segment of that size, having done something before. */
static void touches(char **a)
{
    int id = segment(atoi(a[0]));
    char *memory = attached(id, 0, 0), *second = attached(id, 0, 0);
    removed(id);
    void *filler = must((long)mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap") ? malloc(1 << 20) : 0;
    if (a[2] && !strcmp(a[2], "second"))
        memory = second;
    else
        must(shmdt(second), "shmdt");
    if (a[2] && !strcmp(a[2], "child")) {
        int status;
        if (must(fork(), "fork") == 0) {
            printf("%d\n", memory[atoi(a[1])]);
            exit(filler == 0);
        }
        wait(&status);
        if (WIFSIGNALED(status))
            raise(WTERMSIG(status));
        exit(WEXITSTATUS(status));
    }
    printf("%d\n", memory[atoi(a[1])]);
}
/* How many of the bytes behind the end are no zeros. */
static void behind(char **a)
{
    int size = atoi(a[0]), id = segment(size), others = 0;
    char *memory = attached(id, 0, 0);
    removed(id);
    for (int at = size; at % (int)sysconf(_SC_PAGESIZE); at++)
        others += memory[at] != 0;
    for (int at = 0; at < size; at++)
        if (memory[at])
            exit(98);
    printf("%d\n", others);
}
/* An address of its own stays, also where something is; the place of one that was detached is used again. */
static void chooses(char **a)
{
    int id = segment(100), other = segment(100);
    char *wanted = (char *)0x500000000000;
    puts(attached(id, wanted, 0) == wanted ? "as wanted" : "elsewhere");
    puts(attached(other, wanted + 123, SHM_RND | SHM_REMAP) == wanted ? "in its place" : "elsewhere");
    char *first = attached(id, 0, 0);
    must(shmdt(first), "shmdt");
    puts(attached(id, 0, 0) == first ? "again" : "another");
    void *taken = mmap(first + (1 << 30), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    char *beside = attached(other, 0, 0);
    puts(taken == first + (1 << 30) && beside != taken && beside[0] == 0 ? "beside" : "over");
    removed(id), removed(other);
}
/* What the kernel says of the last one who attached is the program itself. */
static void told(char **a)
{
    struct shmid_ds status;
    int id = segment(10);
    must(shmctl(id, IPC_STAT, &status), "shmctl");
    puts(status.shm_atime ? "attached before" : "never attached");
    char *memory = attached(id, 0, 0);
    must(shmctl(id, IPC_STAT, &status), "shmctl");
    printf("%ld by %s\n", (long)status.shm_nattch, status.shm_lpid == getpid() ? "itself" : "another");
    must(shmdt(memory), "shmdt");
    printf("%s\n", shmat(id + 100000, 0, 0) == (void *)-1 ? strerror(errno) : "attached");
    removed(id);
}

static const struct act acts[] = {
    {"touches", touches}, {"behind", behind}, {"chooses", chooses}, {"told", told}, {0}};
PLAY(acts)
