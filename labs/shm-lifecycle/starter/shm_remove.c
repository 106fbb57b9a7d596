/* shm_remove SHMID: removes a segment, or marks it for removal while somebody is attached. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "Usage: %s SHMID\n", argv[0]);
        return 1;
    }

    /* TODO: read SHMID. 0 is a segment like any other: "x" must not mean it. */

    /* TODO: remove it with shmctl, and look whether that worked. */

    /* TODO: is it gone, or does it live until the last process detaches? Ask the kernel again. */

    return 0;
}
