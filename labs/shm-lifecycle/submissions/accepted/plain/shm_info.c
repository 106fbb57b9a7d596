#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    struct shmid_ds buf;
    int shmid;

    if (argc < 2) {
        fprintf(stderr, "usage: shm_info SHMID\n");
        exit(1);
    }
    shmid = atoi(argv[1]);
    if (shmctl(shmid, IPC_STAT, &buf) == -1) {
        perror("shmctl() failed");
        exit(1);
    }
    if (argc == 4 && strcmp(argv[2], "mode") == 0) {
        buf.shm_perm.mode = strtol(argv[3], NULL, 8);
        if (shmctl(shmid, IPC_SET, &buf) == -1) {
            perror("shmctl() failed");
            exit(1);
        }
        shmctl(shmid, IPC_STAT, &buf);
    }
    printf("shmid: %d\n", shmid);
    printf("shm_perm.key: 0x%08x\n", buf.shm_perm.__key);
    printf("shm_perm.uid: %d\n", buf.shm_perm.uid);
    printf("shm_perm.gid: %d\n", buf.shm_perm.gid);
    printf("shm_perm.cuid: %d\n", buf.shm_perm.cuid);
    printf("shm_perm.cgid: %d\n", buf.shm_perm.cgid);
    printf("shm_perm.mode: %04o\n", buf.shm_perm.mode & 0777);
    printf("shm_segsz: %d\n", (int)buf.shm_segsz);
    printf("shm_atime: %ld\n", buf.shm_atime);
    printf("shm_dtime: %ld\n", buf.shm_dtime);
    printf("shm_ctime: %ld\n", buf.shm_ctime);
    printf("shm_cpid: %d\n", buf.shm_cpid);
    printf("shm_lpid: %d\n", buf.shm_lpid);
    printf("shm_nattch: %d\n", (int)buf.shm_nattch);
    return 0;
}
