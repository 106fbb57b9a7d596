/* threads_counter NTHREADS NTIMES: threads add to one counter under a mutex. The reference. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    int value;
} counter = {PTHREAD_MUTEX_INITIALIZER, 0};

static int times;

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < times; i++) {
        pthread_mutex_lock(&counter.lock);
        counter.value++;
        pthread_mutex_unlock(&counter.lock);
    }
    return NULL;
}

/* The number that a word is, or 0. */
static long number(const char *word, long most)
{
    char *end;
    errno = 0;
    long n = strtol(word, &end, 10);
    return errno == 0 && end != word && *end == '\0' && n >= 1 && n <= most ? n : 0;
}

int main(int argc, char *argv[])
{
    long threads = argc == 3 ? number(argv[1], 16) : 0;
    pthread_t made[16];
    int count = 0, error = 0;

    times = argc == 3 ? (int)number(argv[2], 100000) : 0;
    if (threads == 0 || times == 0) {
        fprintf(stderr, "usage: threads_counter NTHREADS NTIMES (1 to 16, 1 to 100000)\n");
        return 1;
    }
    while (count < threads && error == 0) {
        error = pthread_create(&made[count], NULL, add, NULL);
        if (error == 0)
            count++;
        else
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
    }
    for (int i = 0; i < count; i++)
        pthread_join(made[i], NULL);
    if (error != 0)
        return 1;
    printf("counter: %d\n", counter.value);
    return 0;
}
