/* A C11 atomic variable needs no lock. */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int counter;

static void *add(void *arg)
{
    long times = (long)arg;
    while (times-- > 0)
        atomic_fetch_add(&counter, 1);
    pthread_exit(NULL);
}

static long argument(const char *text, long most)
{
    long n = 0;
    if (*text == '\0')
        errx(1, "an argument is empty");
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            errx(1, "not a number: %s", text);
        n = n * 10 + (*text - '0');
        if (n > most)
            errx(1, "at most %ld", most);
    }
    if (n == 0)
        errx(1, "at least 1");
    return n;
}

int main(int argc, char *argv[])
{
    if (argc != 3)
        errx(1, "usage: threads_counter NTHREADS NTIMES");
    long n = argument(argv[1], 16), times = argument(argv[2], 100000), made;
    pthread_t threads[16];
    int error = 0;

    for (made = 0; made < n; made++)
        if ((error = pthread_create(&threads[made], NULL, add, (void *)times)) != 0)
            break;
    for (long i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    if (error != 0)
        errno = error, err(1, "pthread_create");
    printf("counter: %d\n", atomic_load(&counter));
    return 0;
}
