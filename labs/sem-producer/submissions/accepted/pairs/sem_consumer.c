#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>
/* two operations in one semop, SETVAL one by one, segment first */
struct buffer { int in; int number[4]; };
static int seg = -1, sem = -1;
static void clean(void) { if (sem != -1) semctl(sem, 0, IPC_RMID); if (seg != -1) shmctl(seg, IPC_RMID, NULL); }
static void handler(int s) { (void)s; clean(); _exit(0); }
static void die(const char *w) { perror(w); clean(); exit(1); }
int main(void)
{
    union { int val; } v;
    sigset_t both, old;
    sigemptyset(&both); sigaddset(&both, SIGTERM); sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, &old);
    signal(SIGTERM, handler); signal(SIGINT, handler);
    if ((seg = shmget(300, sizeof(struct buffer), IPC_CREAT | IPC_EXCL | 0666)) == -1) die("shmget");
    if ((sem = semget(300, 3, IPC_CREAT | IPC_EXCL | 0666)) == -1) die("semget");
    struct buffer *b = shmat(seg, NULL, 0);
    if (b == (void *)-1) die("shmat");
    memset(b, 0, sizeof *b);
    for (int i = 0; i < 3; i++) { v.val = i == 0 ? 4 : i == 1 ? 0 : 1; if (semctl(sem, i, SETVAL, v) == -1) die("semctl"); }
    sigprocmask(SIG_SETMASK, &old, NULL);
    for (int out = 0;; out = (out + 1) & 3) {
        struct sembuf get[2] = { { 1, -1, 0 }, { 2, -1, SEM_UNDO } }, put[2] = { { 2, 1, SEM_UNDO }, { 0, 1, 0 } };
        while (semop(sem, get, 2) == -1) if (errno != EINTR) die("semop");
        int n = b->number[out];
        while (semop(sem, put, 2) == -1) if (errno != EINTR) die("semop");
        if (n == -1) break;
        printf("%d\n", n);
        fflush(stdout);
    }
    shmdt(b);
    clean();
    return 0;
}
