/* Counts with several processes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int shmid = -1, semid = -1;
static int *counter = (int *)-1;
static volatile sig_atomic_t asked;

static void on_term(int signal)
{
    (void)signal;
    asked = 1;
}

/* -1 takes the semaphore, 1 gives it back. */
static void change(int by)
{
    struct sembuf operation = {0, by, SEM_UNDO};
    while (semop(semid, &operation, 1) == -1)
        if (errno != EINTR) {
            perror("semop");
            _exit(1);
        }
}

static void clear_up(void)
{
    if (counter != (int *)-1)
        shmdt(counter);
    if (semid != -1 && semctl(semid, 0, IPC_RMID) == -1)
        perror("semctl");
    if (shmid != -1 && shmctl(shmid, IPC_RMID, NULL) == -1)
        perror("shmctl");
}

static void die(const char *call)
{
    perror(call);
    clear_up();
    exit(1);
}

static long number(const char *word, long most)
{
    char *end;
    long value = strtol(word, &end, 10);
    if (end == word || *end != '\0' || value < 1 || value > most) {
        fprintf(stderr, "usage: shm_counter NPROC NITER (1 to 16, 1 to 100000)\n");
        exit(1);
    }
    return value;
}

static void work(int n, long niter)
{
    (void)n;
    signal(SIGTERM, SIG_DFL);
    for (long i = 0; i < niter; i++) {
        change(-1);
        int was = *counter;
        *counter = was + 1;
        change(1);
    }
    _exit(0);
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: shm_counter NPROC NITER (1 to 16, 1 to 100000)\n");
        return 1;
    }
    long nproc = number(argv[1], 16), niter = number(argv[2], 100000);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);

    shmid = shmget(IPC_PRIVATE, sizeof(int), IPC_CREAT | 0600);
    if (shmid == -1)
        die("shmget");
    counter = shmat(shmid, NULL, 0);
    if (counter == (int *)-1)
        die("shmat");
    *counter = 0;
    semid = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    if (semid == -1)
        die("semget");
    if (semctl(semid, 0, SETVAL, 1) == -1)
        die("semctl");

    pid_t workers[16];
    int made = 0, bad = 0;
    for (; made < nproc; made++) {
        workers[made] = fork();
        if (workers[made] == 0)
            work(made, niter);
        if (workers[made] == -1) {
            perror("fork");
            bad = 1;
            break;
        }
    }
    for (int left = made; left > 0;) {
        int status;
        if (wait(&status) > 0) {
            left--;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                bad = 1;
        } else if (errno == EINTR && asked) {
            for (int n = 0; n < made; n++)
                kill(workers[n], SIGTERM);
            bad = 1;
        } else if (errno != EINTR) {
            break;
        }
    }
    if (!bad)
        printf("counter: %d\n", *counter);
    clear_up();
    return bad;
}
