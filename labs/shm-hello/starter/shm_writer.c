/* shm_writer: leaves the string "Hello" in the shared memory segment with key 100. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define KEY  100
#define SIZE 1024

int main(void)
{
    /* TODO: get the segment with shmget: KEY, SIZE bytes, created with mode 0644 if it is not there. */
    int id = -1;
    if (id == -1) {
        /* TODO: say which call failed and why (perror). */
        exit(1);
    }

    /* TODO: attach it with shmat. How does shmat tell that it failed? */

    /* TODO: store "Hello" with its NUL at the beginning of the segment. */

    /* TODO: detach it with shmdt. */

    return 0;
}
