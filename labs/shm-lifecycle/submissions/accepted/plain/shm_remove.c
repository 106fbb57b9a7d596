#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    struct shmid_ds buf;
    int shmid;

    if (argc != 2) {
        fprintf(stderr, "usage: shm_remove SHMID\n");
        exit(1);
    }
    shmid = atoi(argv[1]);
    if (shmctl(shmid, IPC_RMID, 0) == -1) {
        perror("shmctl() failed");
        exit(1);
    }
    if (shmctl(shmid, IPC_STAT, &buf) == -1)
        printf("segment %d: removed\n", shmid);
    else
        printf("segment %d: marked for removal, %d attached\n", shmid, (int)buf.shm_nattch);
    return 0;
}
