/* threads_counter NTHREADS NTIMES: threads add to one counter, and lose nothing. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int counter;

static void *work(void *arg)
{
    int times = *(int *)arg;

    for (int i = 0; i < times; i++)
        counter++; /* TODO: what if another thread does the same right now? */
    return NULL;
}

int main(int argc, char *argv[])
{
    pthread_t thread;
    static int times;

    /* TODO: look at the arguments before the first thread is made. */
    times = argc > 2 ? atoi(argv[2]) : 1;

    /* TODO: make NTHREADS of them, and look at what pthread_create returns. */
    pthread_create(&thread, NULL, work, &times);

    /* TODO: wait for all of them. */
    pthread_join(thread, NULL);

    printf("counter: %d\n", counter);
    return 0;
}
