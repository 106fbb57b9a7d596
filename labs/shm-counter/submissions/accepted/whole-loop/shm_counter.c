/* The semaphore is a barrier and a lock in one set; a worker keeps it for all of its additions. The counter is the last
 * word of a page, in a struct with other things. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared {
    char name[32];
    pid_t last[16];
    char padding[4096 - 32 - 16 * sizeof(pid_t) - sizeof(int)];
    int count;
};

enum { LOCK, START, SEMAPHORES };

static int segment, set;
static struct shared *shared;

static int both(int one, int by, int other, int other_by)
{
    struct sembuf ops[] = {{one, by, SEM_UNDO}, {other, other_by, 0}};
    int done;
    do
        done = semtimedop(set, ops, other_by == 99 ? 1 : 2, NULL);
    while (done == -1 && errno == EINTR);
    if (done == -1)
        perror("semop");
    return done;
}

static bool is_number(const char *word, long most, long *value)
{
    if (strspn(word, "0123456789") != strlen(word) || strlen(word) == 0 || strlen(word) > 9)
        return false;
    *value = atol(word);
    return *value >= 1 && *value <= most;
}

static int worker(int nth, long times)
{
    /* Taken when START is 0, that is, when everybody may begin. */
    if (both(LOCK, -1, START, 0) == -1)
        return 1;
    shared->last[nth] = getpid();
    for (long i = 0; i < times; i++)
        __atomic_add_fetch(&shared->count, 1, __ATOMIC_RELAXED);
    return both(LOCK, 1, LOCK, 99) == -1;
}

static void remove_both(void)
{
    shmctl(segment, IPC_RMID, NULL);
    if (set != -1)
        semctl(set, 0, IPC_RMID);
}

int main(int argc, char **argv)
{
    long workers, times;
    if (argc != 3 || !is_number(argv[1], 16, &workers) || !is_number(argv[2], 100000, &times))
        errx(2, "give me two numbers, 1..16 and 1..100000");
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, &before);

    set = -1;
    segment = shmget(IPC_PRIVATE, sizeof *shared, 0600);
    if (segment == -1)
        err(2, "shmget");
    atexit(remove_both);
    shared = shmat(segment, NULL, 0);
    if (shared == (void *)-1)
        err(2, "shmat");
    strcpy(shared->name, "the counter");
    set = semget(IPC_PRIVATE, SEMAPHORES, 0600);
    if (set == -1)
        err(2, "semget");
    unsigned short values[SEMAPHORES] = {[LOCK] = 1, [START] = 1};
    if (semctl(set, 0, SETALL, values) == -1)
        err(2, "semctl");

    bool fine = true;
    pid_t pids[16];
    int made = 0;
    while (made < workers) {
        pid_t pid = fork();
        if (pid == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL);
            _exit(worker(made, times));
        }
        if (pid == -1) {
            warn("fork");
            fine = false;
            break;
        }
        pids[made++] = pid;
    }
    fprintf(stderr, "%s has %d workers\n", shared->name, made);
    semctl(set, START, SETVAL, 0);
    int left = made;
    while (left > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            left--;
            fine = fine && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        } else {
            int caught = 0;
            sigwait(&mask, &caught);
            if (caught == SIGTERM) {
                fine = false;
                for (int n = 0; n < made; n++)
                    kill(pids[n], SIGKILL);
            }
        }
    }
    if (fine)
        printf("%s says:\ncounter: %d\n", shared->name, shared->count);
    shmdt(shared);
    return fine ? 0 : 2;
}
