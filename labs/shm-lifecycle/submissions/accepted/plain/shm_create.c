#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    key_t key;
    int shmid;

    if (argc != 4) {
        fprintf(stderr, "usage: shm_create PATH ID SIZE\n");
        exit(1);
    }
    if (strcmp(argv[1], "-") == 0)
        key = IPC_PRIVATE;
    else {
        key = ftok(argv[1], atoi(argv[2]));
        if (key == -1) {
            perror("ftok() failed");
            exit(1);
        }
    }
    if ((shmid = shmget(key, atoi(argv[3]), IPC_CREAT | IPC_EXCL | 0640)) == -1) {
        perror("shmget() failed");
        exit(1);
    }
    printf("key: 0x%08x\nshmid: %d\n", key, shmid);
    if (key == IPC_PRIVATE)
        printf("nobody else can find this one by a key\n");
    return 0;
}
