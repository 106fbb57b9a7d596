#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define KEY 100

int main(void)
{
    int id = shmget(KEY, 0, 0);
    if (id == -1) {
        perror("shmget");
        exit(1);
    }

    struct shmid_ds info;
    if (shmctl(id, IPC_STAT, &info) == -1) {
        perror("shmctl");
        exit(1);
    }

    char *memory = shmat(id, NULL, SHM_RDONLY);
    if (memory == (char *)-1) {
        perror("shmat");
        exit(1);
    }

    printf("%.*s\n", (int)info.shm_segsz, memory);

    if (shmdt(memory) == -1) {
        perror("shmdt");
        exit(1);
    }
    if (shmctl(id, IPC_RMID, NULL) == -1) {
        perror("shmctl");
        exit(1);
    }
    return 0;
}
