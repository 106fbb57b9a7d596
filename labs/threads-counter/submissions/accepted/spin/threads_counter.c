/* A spin lock made of an atomic flag guards the counter; results of threads are looked at, too. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_flag taken = ATOMIC_FLAG_INIT;
static int counter;

static void lock(void)
{
    while (atomic_flag_test_and_set(&taken))
        sched_yield();
}

static void unlock(void) { atomic_flag_clear(&taken); }

static void *add(void *times)
{
    long done = 0;

    for (; done < (long)times; done++) {
        lock();
        counter++;
        unlock();
    }
    return (void *)done;
}

static void usage(const char *name)
{
    fprintf(stderr, "usage: %s NTHREADS NTIMES\n", name);
    exit(1);
}

int main(int argc, char *argv[])
{
    pthread_t threads[16];
    long values[2];
    const long most[2] = {16, 100000};

    if (argc != 3)
        usage(argv[0]);
    for (int i = 0; i < 2; i++) {
        char *end;
        values[i] = strtol(argv[i + 1], &end, 10);
        if (end == argv[i + 1] || *end != '\0' || values[i] < 1 || values[i] > most[i])
            usage(argv[0]);
    }
    for (long i = 0; i < values[0]; i++) {
        int error = pthread_create(&threads[i], NULL, add, (void *)values[1]);
        if (error != 0) {
            while (i-- > 0)
                pthread_join(threads[i], NULL);
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            return 1;
        }
    }
    for (long i = 0; i < values[0]; i++) {
        void *done;
        pthread_join(threads[i], &done);
        if ((long)done != values[1])
            abort();
    }
    printf("counter: %d\n", counter);
    return 0;
}
