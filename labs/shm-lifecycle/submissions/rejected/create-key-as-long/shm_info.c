/* shm_info SHMID [mode MODE | lock | unlock | attach ADDRESS] */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

static int usage(const char *name)
{
    fprintf(stderr, "Usage: %s SHMID [mode MODE | lock | unlock | attach ADDRESS]\n", name);
    return 1;
}

static int number(const char *text, int base, unsigned long *value)
{
    char *end;
    errno = 0;
    *value = strtoul(text, &end, base);
    return end != text && *end == '\0' && errno == 0 && text[0] != '-';
}

static int control(int id, int command, struct shmid_ds *ds)
{
    if (shmctl(id, command, ds) == -1) {
        perror("shmctl");
        exit(1);
    }
    return 0;
}

static void show(int id, const struct shmid_ds *ds)
{
    unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
    int dest = ds->shm_perm.mode & SHM_DEST, locked = ds->shm_perm.mode & SHM_LOCKED;

    printf("shmid: %d\n", id);
    printf("shm_perm.key: 0x%08x\n", (unsigned)ds->shm_perm.__key);
    printf("shm_perm.uid: %u\n", ds->shm_perm.uid);
    printf("shm_perm.gid: %u\n", ds->shm_perm.gid);
    printf("shm_perm.cuid: %u\n", ds->shm_perm.cuid);
    printf("shm_perm.cgid: %u\n", ds->shm_perm.cgid);
    printf("shm_perm.mode: %04o\n", ds->shm_perm.mode & 0777);
    printf("shm_segsz: %zu\n", ds->shm_segsz);
    printf("shm_atime: %ld\n", (long)ds->shm_atime);
    printf("shm_dtime: %ld\n", (long)ds->shm_dtime);
    printf("shm_ctime: %ld\n", (long)ds->shm_ctime);
    printf("shm_cpid: %d\n", (int)ds->shm_cpid);
    printf("shm_lpid: %d\n", (int)ds->shm_lpid);
    printf("shm_nattch: %lu\n", (unsigned long)ds->shm_nattch);
    printf("pages: %lu\n", (ds->shm_segsz + page - 1) / page);
    printf("flags: %s\n", dest && locked ? "dest locked" : dest ? "dest" : locked ? "locked" : "none");
}

int main(int argc, char *argv[])
{
    struct shmid_ds ds;
    unsigned long id, value;
    void *at = NULL;

    if (argc < 2 || !number(argv[1], 10, &id) || id > 0x7fffffff)
        return usage(argv[0]);
    if (argc == 4 && strcmp(argv[2], "mode") == 0) {
        if (!number(argv[3], 8, &value) || value > 0777)
            return usage(argv[0]);
        control((int)id, IPC_STAT, &ds);
        ds.shm_perm.mode = (unsigned short)value;
        control((int)id, IPC_SET, &ds);
    } else if (argc == 3 && strcmp(argv[2], "lock") == 0) {
        control((int)id, SHM_LOCK, NULL);
    } else if (argc == 3 && strcmp(argv[2], "unlock") == 0) {
        control((int)id, SHM_UNLOCK, NULL);
    } else if (argc == 4 && strcmp(argv[2], "attach") == 0) {
        if (!number(argv[3], 16, &value))
            return usage(argv[0]);
        at = shmat((int)id, (void *)value, SHM_RDONLY | SHM_RND);
        if (at == (void *)-1) {
            perror("shmat");
            return 1;
        }
        printf("attached: %p\n", at);
    } else if (argc != 2) {
        return usage(argv[0]);
    }
    control((int)id, IPC_STAT, &ds);
    show((int)id, &ds);
    if (at != NULL && shmdt(at) == -1) {
        perror("shmdt");
        return 1;
    }
    return 0;
}
