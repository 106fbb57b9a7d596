/* threads_counter NTHREADS NTIMES: the counter and its mutex are globals. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 16
#define MOST_TIMES 100000

static int counter;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int times;

static void *work(void *arg)
{
    (void)arg;
    for (int i = 0; i < times; i++) {
        pthread_mutex_lock(&lock);
        int was = counter;
        counter = was + 1;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static int number(const char *word, int most)
{
    if (*word == '\0' || strspn(word, "0123456789") != strlen(word) || strlen(word) > 6)
        return 0;
    int n = atoi(word);
    return n <= most ? n : 0;
}

int main(int argc, char *argv[])
{
    pthread_t threads[MOST_THREADS];
    int made = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: threads_counter NTHREADS NTIMES\n");
        return 1;
    }
    int wanted = number(argv[1], MOST_THREADS);
    times = number(argv[2], MOST_TIMES);
    if (wanted == 0 || times == 0) {
        fprintf(stderr, "NTHREADS is 1 to %d, NTIMES 1 to %d\n", MOST_THREADS, MOST_TIMES);
        return 1;
    }

    int error = 0;
    for (; made < wanted; made++) {
        error = pthread_create(&threads[made], NULL, work, NULL);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            break;
        }
    }
    for (int n = 0; n < made; n++)
        pthread_join(threads[n], NULL);
    if (error != 0)
        return 1;
    printf("counter: %d\n", counter);
    return 0;
}
