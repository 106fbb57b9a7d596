/* shm_counter NPROC NITER: NPROC processes add 1 to one counter in shared memory, NITER times each. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int shmid = -1, semid = -1;
static int *counter;

/* Adds by to the semaphore: -1 takes it, and waits until that is possible; 1 gives it back. */
static void change_semaphore(int by)
{
    /* TODO: semop with one struct sembuf. What if it fails, or is interrupted? What if this process dies after it? */
    (void)by;
}

/* What one worker does. It never returns. */
static void work(int niter)
{
    for (int i = 0; i < niter; i++) {
        /* TODO: nobody else may come between the read and the write of this. */
        *counter = *counter + 1;
    }
    _exit(0);
}

int main(int argc, char *argv[])
{
    int nproc = 0, niter = 0;

    /* TODO: take NPROC (1 to 16) and NITER (1 to 100000) from argv, and refuse everything else. */
    (void)argc;
    (void)argv;

    /* TODO: get a private segment that holds an int, attach it, set the int to 0. */

    /* TODO: get a private set of one semaphore, and set it to 1. Why here, and not in the workers? */
    (void)semid;
    (void)change_semaphore;

    for (int n = 0; n < nproc; n++) {
        /* TODO: fork; the child works. */
        if (0)
            work(niter);
    }

    /* TODO: wait for every worker. How did each of them end? */

    /* TODO: print the total. */

    /* TODO: remove the semaphore set and the segment, on every way out of this program. */
    (void)shmid;
    return 0;
}
