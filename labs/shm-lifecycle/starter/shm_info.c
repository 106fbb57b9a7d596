/* shm_info SHMID [mode MODE | lock | unlock | attach ADDRESS]: what the kernel keeps of a segment. */

#define _GNU_SOURCE /* for SHM_DEST and SHM_LOCKED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

static void show(int id, const struct shmid_ds *ds)
{
    printf("shmid: %d\n", id);
    printf("shm_perm.key: 0x%08x\n", (unsigned)ds->shm_perm.__key);
    /* TODO: shm_perm.uid, shm_perm.gid, shm_perm.cuid, shm_perm.cgid, shm_perm.mode, shm_segsz, the three times,
     * shm_cpid, shm_lpid, shm_nattch, pages and flags, in this order, each on a line. */
}

int main(int argc, char *argv[])
{
    struct shmid_ds ds = {0};

    if (argc < 2) {
        fprintf(stderr, "Usage: %s SHMID [mode MODE | lock | unlock | attach ADDRESS]\n", argv[0]);
        return 1;
    }

    /* TODO: read SHMID. Is everything a number that is given? */
    int id = -1;

    /* TODO: do what the second argument says, when there is one. */

    /* TODO: let shmctl fill ds (IPC_STAT), and look whether it did. */

    show(id, &ds);

    /* TODO: detach what you have attached. */
    return 0;
}
