#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

struct buffer {
    int in;
    int number[4];
};

static int P(int semid, int which, int flags)
{
    struct sembuf op = { which, -1, flags };
    while (semop(semid, &op, 1) == -1) {
        if (errno == EINTR)
            continue;
        perror("semop");
        return -1;
    }
    return 0;
}

static int V(int semid, int which, int flags)
{
    struct sembuf op = { which, 1, flags };
    if (semop(semid, &op, 1) == -1) {
        perror("semop");
        return -1;
    }
    return 0;
}

static int produce(int semid, struct buffer *b, int number)
{
    if (P(semid, 0, 0) == -1)
        return -1;
    if (P(semid, 2, SEM_UNDO) == -1)
        return -1;
    b->number[b->in] = number;
    b->in = (b->in + 1) % 4;
    if (V(semid, 2, SEM_UNDO) == -1)
        return -1;
    return V(semid, 1, 0);
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        char *rest;
        long n = strtol(argv[i], &rest, 10);
        if (rest == argv[i] || *rest != '\0' || n < 0 || n > 1000000) {
            fprintf(stderr, "usage: sem_producer [NUMBER...], each 0 to 1000000\n");
            return 1;
        }
    }

    int shmid = shmget(300, sizeof(struct buffer), 0);
    if (shmid == -1) {
        perror("shmget");
        return 1;
    }
    struct buffer *b = shmat(shmid, NULL, 0);
    if (b == (void *)-1) {
        perror("shmat");
        return 1;
    }
    int semid = semget(300, 3, 0);
    if (semid == -1) {
        perror("semget");
        return 1;
    }

    if (argc == 1)
        return produce(semid, b, -1) == -1;
    for (int i = 1; i < argc; i++)
        if (produce(semid, b, atoi(argv[i])) == -1)
            return 1;
    return 0;
}
