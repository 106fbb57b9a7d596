#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <stdio.h>

/* exit and strcpy come without their headers here, as in the course's listing. */

int main()
{
    int id;
    char *where;

    id = shmget(100, 1024, IPC_CREAT | 0644);
    if (id == -1) {
        perror("shmget");
        exit(1);
    }

    where = (char *)shmat(id, 0, 0);
    if (where == (char *)-1) {
        perror("shmat");
        exit(1);
    }

    strcpy(where, "Hello");

    if (shmdt(where) == -1)
        perror("shmdt");

    return 0;
}
