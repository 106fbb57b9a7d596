/* shm_reader: prints the string in the shared memory segment with key 100, then removes the segment. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define KEY 100

int main(void)
{
    /* TODO: find the segment with shmget. Which flag must not be given here? */
    int id = -1;
    if (id == -1) {
        /* TODO: say which call failed and why (perror). */
        exit(1);
    }

    /* TODO: attach it with shmat. Does a reader need to write? */

    /* TODO: print the string in it, on a line of its own. What if there is no NUL in the segment? */

    /* TODO: detach it with shmdt. */

    /* TODO: remove it with shmctl. */

    return 0;
}
