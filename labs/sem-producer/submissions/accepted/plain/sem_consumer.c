#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

struct buffer {
    int in;
    int number[4];
};

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static volatile sig_atomic_t ended;

static void end(int sig)
{
    (void)sig;
    ended = 1;
}

static int P(int semid, int which, int flags)
{
    struct sembuf op = { which, -1, flags };
    while (semop(semid, &op, 1) == -1) {
        if (errno == EINTR && !ended)
            continue;
        if (!ended)
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

static int consume(int semid, struct buffer *b)
{
    int out = 0;

    while (1) {
        if (P(semid, 1, 0) == -1)
            return -1;
        if (P(semid, 2, SEM_UNDO) == -1)
            return -1;
        int number = b->number[out];
        if (V(semid, 2, SEM_UNDO) == -1)
            return -1;
        if (V(semid, 0, 0) == -1)
            return -1;
        out = (out + 1) % 4;
        if (number == -1)
            return 0;
        printf("%d\n", number);
        fflush(stdout);
    }
}

int main(void)
{
    unsigned short values[3] = { 4, 0, 1 };
    union semun arg;
    struct sigaction sa = { .sa_handler = end };
    int status = 1;

    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);

    int shmid = shmget(300, sizeof(struct buffer), IPC_CREAT | IPC_EXCL | 0666);
    if (shmid == -1) {
        perror("shmget");
        return 1;
    }
    struct buffer *b = shmat(shmid, NULL, 0);
    if (b == (void *)-1) {
        perror("shmat");
        shmctl(shmid, IPC_RMID, NULL);
        return 1;
    }
    b->in = 0;
    int semid = semget(300, 3, IPC_CREAT | IPC_EXCL | 0666);
    if (semid == -1) {
        perror("semget");
        shmctl(shmid, IPC_RMID, NULL);
        return 1;
    }
    arg.array = values;
    if (semctl(semid, 0, SETALL, arg) == -1)
        perror("semctl");
    else if (consume(semid, b) == 0)
        status = 0;
    semctl(semid, 0, IPC_RMID);
    shmctl(shmid, IPC_RMID, NULL);
    return status;
}
