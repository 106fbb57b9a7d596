/* shm_create PATH ID SIZE */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* A number from low to high and nothing else, or -1. */
static long number(const char *text, long low, long high)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < low || value > high)
        return -1;
    return value;
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "Usage: %s PATH ID SIZE\n", argv[0]);
        return 1;
    }
    long id = number(argv[2], 1, 255);
    long size = number(argv[3], 1, 1L << 40);
    if (id == -1 || size == -1) {
        fprintf(stderr, "%s: ID is 1 to 255, SIZE is 1 or more\n", argv[0]);
        return 1;
    }
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
