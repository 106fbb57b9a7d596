/* A POSIX semaphore guards a counter on the heap; each thread holds it for all of its additions. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    sem_t free;
    int counter;
    int times;
};

static void *run(void *of)
{
    struct job *job = of;

    while (sem_wait(&job->free) == -1 && errno == EINTR)
        ;
    for (int left = job->times; left > 0; left--)
        job->counter += 1;
    sem_post(&job->free);
    return job;
}

int main(int argc, char **argv)
{
    char *end1 = "x", *end2 = "x";
    long n = argc == 3 ? strtol(argv[1], &end1, 10) : 0;
    long times = argc == 3 ? strtol(argv[2], &end2, 10) : 0;

    printf("counting with threads\n");
    if (*end1 || *end2 || n < 1 || n > 16 || times < 1 || times > 100000) {
        fprintf(stderr, "%s: wants 1 to 16 threads and 1 to 100000 times\n", argv[0]);
        exit(2);
    }
    struct job *job = malloc(sizeof *job);
    pthread_t *threads = calloc(n, sizeof *threads);
    if (job == NULL || threads == NULL) {
        perror("malloc");
        exit(2);
    }
    job->counter = 0;
    job->times = times;
    sem_init(&job->free, 0, 1);

    int failed = 0;
    long made = 0;
    while (made < n && !failed) {
        errno = pthread_create(threads + made, NULL, run, job);
        if (errno != 0) {
            perror("pthread_create");
            failed = 1;
        } else {
            made++;
        }
    }
    while (made-- > 0)
        pthread_join(threads[made], NULL);
    if (!failed)
        printf("counter: %d\n", job->counter);
    sem_destroy(&job->free);
    free(threads);
    free(job);
    return failed;
}
