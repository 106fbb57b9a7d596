#include <sys/ipc.h>
#include <sys/shm.h>
#include <stdio.h>

int main()
{
    int id;
    char *where;

    id = shmget(100, 1024, 0);
    if (id == -1) {
        perror("shmget");
        exit(1);
    }

    where = (char *)shmat(id, 0, 0);
    if (where == (char *)-1) {
        perror("shmat");
        exit(1);
    }

    printf("%s\n", where);

    if (shmdt(where) == -1)
        perror("shmdt");

    if (shmctl(id, IPC_RMID, 0) == -1) {
        perror("shmctl");
        exit(1);
    }
    return 0;
}
