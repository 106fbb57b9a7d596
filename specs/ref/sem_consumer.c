/* sem_consumer [PAUSE]: makes a buffer of four numbers, and prints what producers put into it until one puts -1.
   It waits PAUSE seconds before it takes each number, so that the buffer fills. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#define KEY 300
#define PLACES 4

enum { FREE, FILLED, MUTEX };

struct buffer {
    int in;
    int number[PLACES];
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* 0, or -1 when the call failed or a signal is to end us. */
static int change(int set, int which, int by, int flags)
{
    struct sembuf operation = {.sem_num = which, .sem_op = by, .sem_flg = flags};
    while (semop(set, &operation, 1) < 0) {
        if (errno != EINTR) {
            perror("semop");
            return -1;
        }
        if (stopped)
            return -1;
    }
    return 0;
}

/* The status to end with, when -1 has come or nothing can be taken any more. */
static int take_all(int set, const struct buffer *buffer, unsigned pause)
{
    int out = 0;
    for (;;) {
        if (pause > 0)
            sleep(pause);
        if (stopped)
            return 0;
        if (change(set, FILLED, -1, 0) < 0)
            return stopped ? 0 : 1;
        if (change(set, MUTEX, -1, SEM_UNDO) < 0)
            return stopped ? 0 : 1;
        int number = buffer->number[out];
        out = (out + 1) % PLACES;
        if (change(set, MUTEX, 1, SEM_UNDO) < 0 || change(set, FREE, 1, 0) < 0)
            return stopped ? 0 : 1;
        if (number < 0)
            return 0;
        printf("%d\n", number);
        fflush(stdout);
    }
}

/* Makes the set with its values, and lets take_all() work with it. */
static int with_set(const struct buffer *buffer, unsigned pause)
{
    union { int val; unsigned short *array; } values = {.array = (unsigned short[]){PLACES, 0, 1}};
    int status = 1;
    int set = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0666);
    if (set < 0) {
        perror("semget");
        return 1;
    }
    if (semctl(set, 0, SETALL, values) < 0)
        perror("semctl");
    else
        status = take_all(set, buffer, pause);
    if (semctl(set, 0, IPC_RMID) < 0) {
        perror("semctl");
        status = 1;
    }
    return status;
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    int segment = shmget(KEY, sizeof(struct buffer), IPC_CREAT | IPC_EXCL | 0666);
    if (segment < 0) {
        perror("shmget");
        return 1;
    }
    int status = 1;
    struct buffer *buffer = shmat(segment, NULL, 0);
    if (buffer == (void *)-1)
        perror("shmat");
    else
        status = with_set(buffer, argc > 1 ? (unsigned)atoi(argv[1]) : 0);
    if (shmctl(segment, IPC_RMID, NULL) < 0) {
        perror("shmctl");
        status = 1;
    }
    return status;
}
