/* shm_create PATH ID SIZE: makes a new shared memory segment and says how others find it. */

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

    /* TODO: read ID (1 to 255) and SIZE (1 or more). What does atoi make of "x"? */

    /* TODO: the key is IPC_PRIVATE when PATH is "-", else what ftok says. Can ftok fail? */
    key_t key = IPC_PRIVATE;

    /* TODO: make the segment with shmget. Which two flags make sure that it is a new one? */
    int shmid = -1;
    if (shmid == -1) {
        /* TODO: say which call failed and why (perror). */
        return 1;
    }

    printf("key: 0x%08x\n", (unsigned)key);
    printf("shmid: %d\n", shmid);
    return 0;
}
