#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define KEY  100
#define SIZE 1024

int main(void)
{
    int id = shmget(KEY, SIZE, IPC_CREAT | 0644);
    if (id == -1) {
        perror("shmget");
        exit(1);
    }

    char *memory = shmat(id, NULL, 0);
    if (memory == (char *)-1) {
        perror("shmat");
        exit(1);
    }

    strcpy(memory, "Hello");

    if (shmdt(memory) == -1) {
        perror("shmdt");
        exit(1);
    }
    return 0;
}
