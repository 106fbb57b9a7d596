/* shm_remove SHMID */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char *argv[])
{
    struct shmid_ds ds;
    char *end;

    if (argc != 2) {
        fprintf(stderr, "Usage: %s SHMID\n", argv[0]);
        return 1;
    }
    errno = 0;
    long id = strtol(argv[1], &end, 10);
    if (end == argv[1] || *end != '\0' || errno != 0 || id < 0 || id > 0x7fffffff) {
        fprintf(stderr, "%s: %s is no identifier of a segment\n", argv[0], argv[1]);
        return 1;
    }
    if (shmctl((int)id, IPC_RMID, NULL) == -1) {
        perror("shmctl");
        return 1;
    }
    if (shmctl((int)id, IPC_STAT, &ds) == 0) {
        printf("segment %ld: marked for removal, %lu attached\n", id, (unsigned long)ds.shm_nattch);
    } else if (errno == EINVAL || errno == EIDRM) {
        printf("segment %ld: removed\n", id);
    } else {
        perror("shmctl");
        return 1;
    }
    return 0;
}
