/* Twenty segments, one after the other: made, attached, written to, let go and removed. */
#include <string.h>
#include <sys/shm.h>

enum { SEGMENTS = 20, SIZE = 100 };

int main(void)
{
    for (int i = 0; i < SEGMENTS; i++) {
        int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
        char *at = shmat(id, NULL, 0);
        if (id == -1 || at == (char *)-1)
            return 1;
        memset(at, 'x', SIZE);
        if (shmdt(at) == -1 || shmctl(id, IPC_RMID, NULL) == -1)
            return 1;
    }
    return 0;
}
