/* mq_client [TEXT]: asks the server behind queue 200; without a text, stops it. */

#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#define KEY 200
#define LONGEST 1000

int main(int argc, char *argv[])
{
    struct { long type; char text[LONGEST + 6]; } message;
    int length = 0;

    if (argc > 2) {
        fputs("usage: mq_client [TEXT]\n", stderr);
        return 1;
    }
    if (argc == 2)
        length = snprintf(message.text, LONGEST + 1, "%d %s", (int)getpid(), argv[1]);
    if (length > LONGEST) {
        fputs("mq_client: this is longer than a request may be\n", stderr);
        return 1;
    }
    int id = msgget(KEY, 0);
    if (id < 0) {
        perror("msgget");
        return 1;
    }
    message.type = argc == 2 ? 1 : 2;
    if (msgsnd(id, &message, (size_t)length, 0) < 0) {
        perror("msgsnd");
        return 1;
    }
    if (argc == 1)
        return 0;
    ssize_t got = msgrcv(id, &message, sizeof message.text, getpid(), 0);
    if (got < 0) {
        perror("msgrcv");
        return 1;
    }
    printf("%.*s\n", (int)got, message.text);
    return 0;
}
