#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

static int complain(const char *call)
{
    perror(call);
    return EXIT_FAILURE;
}

int main(void)
{
    char copy[1024];

    printf("*** Shared memory, process 2 ***\n\n");
    int id = shmget(100, 0, 0444);
    if (id == -1)
        return complain("Is there a writer? shmget");

    struct shmid_ds info;
    if (shmctl(id, IPC_STAT, &info))
        return complain("shmctl");
    printf("Segment %d has %zu bytes, %lu attached\n", id, info.shm_segsz, (unsigned long)info.shm_nattch);

    const char *memory = shmat(id, NULL, SHM_RDONLY);
    if (memory == (const char *)-1)
        return complain("shmat");

    size_t most = info.shm_segsz < sizeof copy ? info.shm_segsz : sizeof copy;
    size_t length = strnlen(memory, most);
    memcpy(copy, memory, length);
    if (shmdt(memory))
        return complain("shmdt");
    printf("Message found: \"%.*s\"\n", (int)length, copy);

    if (shmctl(id, IPC_RMID, NULL))
        return complain("shmctl");
    printf("Segment removed. Good bye.");
    return EXIT_SUCCESS;
}
