/* mq_server: answers what it finds in queue 200, until it is stopped. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>

struct message {
    long type;
    char text[1024];
};

int main(void)
{
    struct message request, answer;

    /* TODO: make queue 200, or find it. */
    int id = -1;

    /* TODO: again and again: wait for a request (type 1, or 2 to stop). How long is its text? Whose is it? */
    msgrcv(id, &request, sizeof request.text, 0, 0);

    /* TODO: the answer's type is the client's number, its text "echo: " and what the client said. */
    answer.type = 1;
    msgsnd(id, &answer, 0, 0);

    /* TODO: remove the queue, on every way out. */
    return 0;
}
