/* sem_consumer: makes a buffer of four numbers, and prints what producers put into it. */

#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>

#define KEY 300
#define PLACES 4

struct buffer {
    int in;                 /* where the next number is put: 0 to 3 */
    int number[PLACES];
};

/* For semctl(); the headers do not have it. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

int main(void)
{
    int out = 0;

    /* TODO: make the segment, attach it. It must not be there before. */
    struct buffer *buffer = NULL;

    /* TODO: make three semaphores, and set them: free places, numbers, the mutex. */

    /* TODO: again and again: wait for a number, take it from place `out`, give the place back. */
    (void)buffer;
    (void)out;

    /* TODO: after -1, or when a call fails: remove both. */
    return 0;
}
