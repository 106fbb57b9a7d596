/* shm_reader: byte by byte, attached before the fork, printed by the child through a pipe. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int id = shmget(100, 1, 0400), ends[2], wrong;
    if (id < 0) {
        perror("shmget");
        return 1;
    }
    struct shmid_ds about;
    volatile const char *at = shmat(id, 0, SHM_RDONLY);
    if (at == (void *)-1) {
        perror("shmat");
        return 1;
    }
    if (shmctl(id, IPC_STAT, &about) < 0) {
        perror("shmctl");
        return 1;
    }
    if (pipe(ends) < 0) {
        perror("pipe");
        return 1;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 1;
    }
    if (child == 0) {
        char c;
        close(ends[1]);
        while (read(ends[0], &c, 1) == 1)
            putchar(c);
        putchar('\n');
        exit(0);
    }
    close(ends[0]);
    for (size_t n = 0; n < about.shm_segsz && at[n]; n++) {
        char c = at[n];
        if (write(ends[1], &c, 1) != 1)
            break;
    }
    close(ends[1]);
    waitpid(child, NULL, 0);
    wrong = shmdt((const void *)at) < 0;
    wrong |= shmctl(id, IPC_RMID, NULL) < 0;
    if (wrong)
        perror("shmctl");
    return wrong;
}
