/* A read-write lock guards the counter; the threads count for themselves in a variable of their own, too. */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_rwlock_t guard = PTHREAD_RWLOCK_INITIALIZER;
static int counter;
static unsigned long times;
static __thread unsigned long own;

static void *count(void *unused)
{
    while (own < times) {
        pthread_rwlock_wrlock(&guard);
        counter += 1;
        pthread_rwlock_unlock(&guard);
        own++;
    }
    return unused;
}

static unsigned long value(const char *text, unsigned long most)
{
    char *end = NULL;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end || n == 0 || n > most)
        error(1, 0, "%s is no number from 1 to %lu", text, most);
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        error(1, 0, "wants NTHREADS and NTIMES");
    unsigned long n = value(argv[1], 16);
    times = value(argv[2], 100000);

    pthread_t *threads = malloc(n * sizeof *threads);
    unsigned long made = 0;
    int code = 0;
    while (made < n && (code = pthread_create(&threads[made], NULL, count, NULL)) == 0)
        made++;
    for (unsigned long i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    if (code)
        error(1, code, "pthread_create");
    pthread_rwlock_rdlock(&guard);
    printf("counter: %d\n", counter);
    pthread_rwlock_unlock(&guard);
    return 0;
}
