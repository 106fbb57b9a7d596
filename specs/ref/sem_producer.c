/* sem_producer [NUMBER...]: puts the numbers into the consumer's buffer; without any, puts -1, which ends the consumer. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define KEY 300
#define PLACES 4

enum { FREE, FILLED, MUTEX };

struct buffer {
    int in;
    int number[PLACES];
};

static int change(int set, int which, int by, int flags)
{
    struct sembuf operation = {.sem_num = which, .sem_op = by, .sem_flg = flags};
    while (semop(set, &operation, 1) < 0)
        if (errno != EINTR) {
            perror("semop");
            return -1;
        }
    return 0;
}

static int put(int set, struct buffer *buffer, int number)
{
    if (change(set, FREE, -1, 0) < 0 || change(set, MUTEX, -1, SEM_UNDO) < 0)
        return -1;
    buffer->number[buffer->in] = number;
    buffer->in = (buffer->in + 1) % PLACES;
    if (change(set, MUTEX, 1, SEM_UNDO) < 0 || change(set, FILLED, 1, 0) < 0)
        return -1;
    return 0;
}

/* A number of the handout's, or -1. */
static int number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && number <= 1000000 ? (int)number : -1;
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++)
        if (number_of(argv[i]) < 0) {
            fprintf(stderr, "sem_producer: no number from 0 to 1000000: %s\n", argv[i]);
            return 1;
        }
    int segment = shmget(KEY, sizeof(struct buffer), 0);
    if (segment < 0) {
        perror("shmget");
        return 1;
    }
    int set = semget(KEY, 3, 0);
    if (set < 0) {
        perror("semget");
        return 1;
    }
    struct buffer *buffer = shmat(segment, NULL, 0);
    if (buffer == (void *)-1) {
        perror("shmat");
        return 1;
    }
    if (argc == 1)
        return put(set, buffer, -1) < 0;
    for (int i = 1; i < argc; i++)
        if (put(set, buffer, number_of(argv[i])) < 0)
            return 1;
    return 0;
}
