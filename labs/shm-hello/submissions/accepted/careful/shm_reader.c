#include "hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    /* Size 0: any segment with this key will do, and none is made. */
    int id = shmget(HELLO_KEY, 0, 0);

    if (id < 0)
        die("shmget");

    struct shmid_ds about;
    if (shmctl(id, IPC_STAT, &about) != 0)
        die("shmctl");

    const char *segment = attach(id, SHM_RDONLY);
    size_t length = strnlen(segment, about.shm_segsz);

    if (fwrite(segment, 1, length, stdout) != length || putchar('\n') == EOF || fflush(stdout) != 0)
        die("stdout");
    detach(segment);

    if (shmctl(id, IPC_RMID, NULL) != 0)
        die("shmctl");
    return EXIT_SUCCESS;
}
