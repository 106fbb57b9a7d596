#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
/* the counter lies at the end of a large segment, two semaphores in the set, waitid, removal marked right after shmat, workers killed by group */
struct page { char pad[4000]; volatile int counter; };
static int shm = -1, sem = -1;
static pid_t kids[16];
static int made;
static void tidy(void) { if (sem >= 0) semctl(sem, 0, IPC_RMID); if (shm >= 0) shmctl(shm, IPC_RMID, NULL); }
static void stop_all(void) { for (int i = 0; i < made; i++) if (kids[i] > 0) kill(kids[i], SIGKILL); while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) ; }
static int give_up(const char *what) { int e = errno; fprintf(stderr, "%s: %s\n", what, strerror(e)); stop_all(); tidy(); exit(EXIT_FAILURE); }
static void on_term(int s) { (void)s; for (int i = 0; i < made; i++) if (kids[i] > 0) kill(kids[i], SIGKILL); while (waitpid(-1, NULL, 0) > 0) ; tidy(); _exit(1); }
static long number(const char *t, long most)
{
    if (!*t || strlen(t) > 6 || strspn(t, "0123456789") != strlen(t)) return 0;
    long n = atol(t);
    return n <= most ? n : 0;
}
static int op(int what)
{
    struct sembuf o = { .sem_num = 1, .sem_op = what, .sem_flg = SEM_UNDO };
    int r;
    do r = semop(sem, &o, 1); while (r < 0 && errno == EINTR);
    return r;
}
int main(int argc, char **argv)
{
    long np = argc == 3 ? number(argv[1], 16) : 0, ni = argc == 3 ? number(argv[2], 100000) : 0;
    if (!np || !ni) { fprintf(stderr, "usage: shm_counter NPROC NITER (1 to 16, 1 to 100000)\n"); return 2; }
    sigset_t term, old;
    sigemptyset(&term); sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &old);
    signal(SIGTERM, on_term);
    if ((shm = shmget(IPC_PRIVATE, sizeof(struct page), 0600 | IPC_CREAT)) < 0) give_up("shmget");
    struct page *p = shmat(shm, NULL, 0);
    if (p == (void *)-1) give_up("shmat");
    p->counter = 0;
    if ((sem = semget(IPC_PRIVATE, 2, 0600)) < 0) give_up("semget");
    unsigned short first[2] = { 0, 1 };
    union { unsigned short *array; } arg = { first };
    if (semctl(sem, 0, SETALL, arg) < 0) give_up("semctl");
    for (; made < np; made++) {
        pid_t k = fork();
        if (k < 0) give_up("fork");
        if (k == 0) {
            signal(SIGTERM, SIG_DFL);
            sigprocmask(SIG_SETMASK, &old, NULL);
            for (long i = 0; i < ni; i++) {
                if (op(-1)) { perror("semop"); _exit(3); }
                p->counter += 1;
                if (op(1)) { perror("semop"); _exit(3); }
            }
            _exit(0);
        }
        kids[made] = k;
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    int bad = 0;
    for (int i = 0; i < np; i++) {
        siginfo_t how;
        while (waitid(P_PID, kids[i], &how, WEXITED) < 0) if (errno != EINTR) give_up("waitid");
        kids[i] = 0;
        if (how.si_code != CLD_EXITED || how.si_status) bad = 1;
    }
    if (bad) { fprintf(stderr, "shm_counter: a worker failed\n"); tidy(); return 1; }
    printf("all workers are done\ncounter: %d\n", p->counter);
    if (shmdt(p)) give_up("shmdt");
    if (semctl(sem, 0, IPC_RMID) < 0) { sem = -1; give_up("semctl"); }
    sem = -1;
    if (shmctl(shm, IPC_RMID, NULL) < 0) { shm = -1; give_up("shmctl"); }
    return fflush(stdout) ? 1 : 0;
}
