#include "hello.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    static const char greeting[] = "Hello";
    int id = shmget(HELLO_KEY, HELLO_SIZE, IPC_CREAT | HELLO_MODE);

    if (id < 0)
        die("shmget");

    char *segment = attach(id, 0);
    memcpy(segment, greeting, sizeof greeting); /* with its NUL */
    detach(segment);

    return EXIT_SUCCESS;
}
