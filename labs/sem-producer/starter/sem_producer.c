/* sem_producer [NUMBER...]: puts numbers into the consumer's buffer; without any, -1. */

#include <stdio.h>
#include <stdlib.h>
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

int main(int argc, char *argv[])
{
    /* TODO: look at all arguments first. */

    /* TODO: find the segment and the semaphores. A producer does not make them. */
    struct buffer *buffer = NULL;

    /* TODO: for each number: wait for a free place, put it at `in`, move `in` on, tell the consumer.
       Which of it needs the mutex? */
    for (int i = 1; i < argc; i++)
        printf("%d\n", atoi(argv[i]));
    (void)buffer;
    return 0;
}
