#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

enum { KEY = 300, FREE = 0, FULL = 1, MUTEX = 2, PLACES = 4 };

static int segment = -1, set = -1;

/* Also from the handler: both are system calls. */
static void remove_all(void)
{
    if (set != -1)
        semctl(set, 0, IPC_RMID);
    if (segment != -1)
        shmctl(segment, IPC_RMID, NULL);
}

static void on_signal(int number)
{
    remove_all();
    _exit(128 + number);
}

static void change(struct sembuf *operations, size_t count)
{
    while (semop(set, operations, count) != 0)
        if (errno != EINTR)
            err(EXIT_FAILURE, "semop");
}

static void set_value(int which, int value)
{
    if (semctl(set, which, SETVAL, value) != 0)
        err(EXIT_FAILURE, "semctl");
}

int main(void)
{
    atexit(remove_all);

    /* Signals wait until both identifiers are known. */
    sigset_t both, before;
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, &before);
    struct sigaction action = {.sa_handler = on_signal, .sa_mask = both};
    if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
        err(EXIT_FAILURE, "sigaction");

    segment = shmget(KEY, (1 + PLACES) * sizeof(int), IPC_CREAT | IPC_EXCL | 0666);
    if (segment == -1)
        err(EXIT_FAILURE, "shmget");
    const int *memory = shmat(segment, NULL, SHM_RDONLY);
    if (memory == (void *)-1)
        err(EXIT_FAILURE, "shmat");
    set = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0666);
    if (set == -1)
        err(EXIT_FAILURE, "semget");
    set_value(FULL, 0);
    set_value(MUTEX, 1);
    set_value(FREE, PLACES);
    sigprocmask(SIG_SETMASK, &before, NULL);

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned taken = 0;; taken++) {
        struct sembuf wait[] = {{FULL, -1, 0}, {MUTEX, -1, SEM_UNDO}};
        struct sembuf done[] = {{MUTEX, 1, SEM_UNDO}, {FREE, 1, 0}};
        change(wait, 2);
        int number = memory[1 + taken % PLACES];
        change(done, 2);
        if (number == -1)
            break;
        if (printf("%d\n", number) < 0)
            err(EXIT_FAILURE, "stdout");
    }
    return EXIT_SUCCESS;
}
