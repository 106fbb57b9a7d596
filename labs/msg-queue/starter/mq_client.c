/* mq_client [TEXT]: asks the server behind queue 200; without a text, stops it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>
#include <unistd.h>

struct message {
    long type;
    char text[1024];
};

int main(int argc, char *argv[])
{
    struct message m;

    /* TODO: find queue 200. A client does not make it. */
    int id = -1;

    /* TODO: without an argument: a message of type 2. */
    (void)argc;

    /* TODO: a request: type 1, your process number, a blank, the text. How many bytes? */
    m.type = 1;
    sprintf(m.text, "%d %s", (int)getpid(), argv[1]);
    msgsnd(id, &m, sizeof m.text, 0);

    /* TODO: wait for the answer that is for you, and print it. No NUL comes with it. */
    return 0;
}
