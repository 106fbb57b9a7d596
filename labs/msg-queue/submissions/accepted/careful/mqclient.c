#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char *text = NULL;
    int length = argc > 1 ? asprintf(&text, "%d %s", (int)getpid(), argv[1]) : 0;

    if (argc > 2 || length < 0 || length > 1000)
        errx(2, "one text of less than 1000 bytes, or none");
    int queue = msgget(200, 0600);
    if (queue < 0)
        err(1, "msgget");
    struct msgbuf *message = malloc(sizeof *message + 1006);
    message->mtype = argc > 1 ? 1 : 2;
    for (int i = 0; i < length; i++)
        message->mtext[i] = text[i];
    if (msgsnd(queue, message, (size_t)length, 0))
        err(1, "msgsnd");
    if (argc > 1) {
        ssize_t n = msgrcv(queue, message, 1006, getpid(), 0);
        if (n < 0)
            err(1, "msgrcv");
        dprintf(STDOUT_FILENO, "%.*s\n", (int)n, message->mtext);
    }
    return 0;
}
