/* shm_create PATH ID SIZE */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "Usage: %s PATH ID SIZE\n", argv[0]);
        return 1;
    }
    long id = atoi(argv[2]);
    long size = atoi(argv[3]);
    key_t key = IPC_PRIVATE;
    if (strcmp(argv[1], "-") != 0) {
        key = ftok(argv[1], (int)id);
        if (key == -1) {
            perror("ftok");
            return 1;
        }
    }
    int shmid = shmget(key, (size_t)size, IPC_CREAT | IPC_EXCL | 0640);
    if (shmid == -1) {
        perror("shmget");
        return 1;
    }
    printf("key: 0x%08x\n", (unsigned)key);
    printf("shmid: %d\n", shmid);
    return 0;
}
