#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sembuf lock = { 0, -1, SEM_UNDO };
struct sembuf unlock = { 0, 1, SEM_UNDO };

main(int argc, char *argv[])
{
    int shm, sem, i, n, nproc, niter, pid;
    volatile int *p;

    printf("Counting with several processes...\n");
    if (argc != 3) {
        fprintf(stderr, "Usage: %s NPROC NITER\n", argv[0]);
        exit(1);
    }
    for (i = 1; i < 3; i++)
        if (strspn(argv[i], "0123456789") != strlen(argv[i])) {
            fprintf(stderr, "not a number: %s\n", argv[i]);
            exit(1);
        }
    nproc = atoi(argv[1]);
    niter = atoi(argv[2]);
    if (nproc < 1 || nproc > 16 || niter < 1 || niter > 100000) {
        fprintf(stderr, "1 to 16 processes, 1 to 100000 times\n");
        exit(1);
    }
    if ((shm = shmget(IPC_PRIVATE, 1024, IPC_CREAT | 0666)) < 0) {
        perror("shmget");
        exit(1);
    }
    p = shmat(shm, 0, 0);
    if (p == (void *)-1) {
        perror("shmat");
        shmctl(shm, IPC_RMID, 0);
        exit(1);
    }
    printf("at the beginning the counter is %d\n", *p);
    if ((sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0666)) < 0) {
        perror("semget");
        shmctl(shm, IPC_RMID, 0);
        exit(1);
    }
    semctl(sem, 0, SETVAL, 1);
    fflush(stdout);
    int failed = 0;
    for (n = 0; n < nproc; n++) {
        pid = fork();
        if (pid < 0) {
            perror("fork");
            failed = 1;
            break;
        }
        if (pid == 0) {
            for (i = 0; i < niter; i++) {
                if (semop(sem, &lock, 1) < 0 && semop(sem, &lock, 1) < 0) {
                    perror("semop");
                    exit(1);
                }
                (*p)++;
                if (semop(sem, &unlock, 1) < 0 && semop(sem, &unlock, 1) < 0) {
                    perror("semop");
                    exit(1);
                }
            }
            exit(0);
        }
    }
    int status;
    while (wait(&status) > 0)
        if (status != 0)
            failed = 1;
    if (!failed)
        printf("counter: %d\n", *p);
    *p = 0;
    shmdt((void *)p);
    shmctl(shm, IPC_RMID, 0);
    semctl(sem, 0, IPC_RMID, 0);
    exit(failed);
}
