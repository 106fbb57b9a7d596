#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { KEY = 300, FREE = 0, FULL = 1, MUTEX = 2, PLACES = 4 };

static int set;
static int *memory;

static void change(struct sembuf *operations, size_t count)
{
    while (semop(set, operations, count) != 0)
        if (errno != EINTR)
            err(EXIT_FAILURE, "semop");
}

static void put(int number)
{
    struct sembuf wait[] = {{FREE, -1, 0}, {MUTEX, -1, SEM_UNDO}};
    struct sembuf done[] = {{MUTEX, 1, SEM_UNDO}, {FULL, 1, 0}};
    change(wait, 2);
    int place = memory[0];
    memory[1 + place] = number;
    memory[0] = place == PLACES - 1 ? 0 : place + 1;
    change(done, 2);
}

static int number_of(const char *text)
{
    int number = 0;
    if (*text == '\0')
        errx(EXIT_FAILURE, "a number is missing");
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9')
            errx(EXIT_FAILURE, "not a number: %s", text);
        number = 10 * number + (*digit - '0');
        if (number > 1000000)
            errx(EXIT_FAILURE, "more than 1000000: %s", text);
    }
    return number;
}

int main(int argc, char *argv[])
{
    int *numbers = calloc((size_t)argc, sizeof *numbers);
    if (numbers == NULL)
        err(EXIT_FAILURE, "calloc");
    for (int i = 1; i < argc; i++)
        numbers[i - 1] = number_of(argv[i]);
    int count = argc - 1;
    if (count == 0)
        numbers[count++] = -1;

    set = semget(KEY, 0, 0);
    if (set == -1)
        err(EXIT_FAILURE, "semget");
    int segment = shmget(KEY, 0, 0);
    if (segment == -1)
        err(EXIT_FAILURE, "shmget");
    memory = shmat(segment, NULL, 0);
    if (memory == (void *)-1)
        err(EXIT_FAILURE, "shmat");

    for (int i = 0; i < count; i++)
        put(numbers[i]);
    if (shmdt(memory) != 0)
        err(EXIT_FAILURE, "shmdt");
    free(numbers);
    return EXIT_SUCCESS;
}
