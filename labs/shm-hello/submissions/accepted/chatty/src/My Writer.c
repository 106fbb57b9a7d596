#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

struct board {
    char text[1024];
};

int main(void)
{
    char line[32];
    printf("*** Shared memory, process 1 ***\n\n");
    printf("Press ENTER to write: ");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        printf("(nobody pressed it)\n");

    /* an existing one first, otherwise a new one */
    int id = shmget(100, sizeof(struct board), 0644 | IPC_CREAT | IPC_EXCL);
    if (id == -1)
        id = shmget(100, sizeof(struct board), 0);
    if (id == -1) {
        perror("Could not get the memory: shmget");
        return EXIT_FAILURE;
    }
    printf("My segment has the number %d\n", id);

    struct board *board = shmat(id, NULL, 0);
    if ((long)board == -1L) {
        perror("Could not attach the memory: shmat");
        return EXIT_FAILURE;
    }
    printf("It is mapped at %p\n", (void *)board);
    sprintf(board->text, "%s", "Hello");
    printf("Stored %zu characters\n", strlen(board->text));

    if (shmdt(board)) {
        perror("Could not detach the memory: shmdt");
        return EXIT_FAILURE;
    }
    puts("Done!");
    return EXIT_SUCCESS;
}
