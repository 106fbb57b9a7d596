/* shm_writer: a child writes what the parent has made; an address of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int id = shmget((key_t)0x64, 1024, 0644 | IPC_CREAT), status = 1;
    if (id < 0) {
        perror("shmget");
        return EXIT_FAILURE;
    }
    pid_t child = fork();
    if (child == 0) {
        char *at = shmat(id, (void *)0x600000000000, SHM_RND);
        if (at == (void *)-1) {
            perror("shmat");
            _exit(1);
        }
        memcpy(at, "Hello", 6);
        if (shmdt(at) != 0) {
            perror("shmdt");
            _exit(1);
        }
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        perror("fork");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
