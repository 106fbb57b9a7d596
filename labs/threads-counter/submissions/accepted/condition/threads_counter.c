/* Detached threads, and a condition variable by which the last one tells the first thread that all are done. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_done = PTHREAD_COND_INITIALIZER;
static int counter, running;
static long times;

static void *worker(void *arg)
{
    (void)arg;
    for (long i = 0; i < times; i++) {
        pthread_mutex_lock(&lock);
        ++counter;
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&all_done);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void usage(void)
{
    fputs("usage: threads_counter NTHREADS NTIMES\n", stderr);
    exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
    int threads, read = 0, error = 0;
    char rest;

    if (argc != 3 || strlen(argv[1]) > 2 || strlen(argv[2]) > 6)
        usage();
    read += sscanf(argv[1], "%d%c", &threads, &rest) == 1;
    read += sscanf(argv[2], "%ld%c", &times, &rest) == 1;
    if (read != 2 || threads < 1 || threads > 16 || times < 1 || times > 100000)
        usage();

    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (int n = 0; n < threads && error == 0; n++) {
        pthread_t thread;
        pthread_mutex_lock(&lock);
        running++;
        error = pthread_create(&thread, &detached, worker, NULL);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            running--;
        }
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    while (running > 0)
        pthread_cond_wait(&all_done, &lock);
    int total = counter;
    pthread_mutex_unlock(&lock);
    if (error == 0)
        printf("counter: %d\n", total);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
