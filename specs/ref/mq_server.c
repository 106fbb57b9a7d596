/* mq_server: answers what it finds in queue 200, until it is stopped. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#define KEY 200
#define LONGEST 1000

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* The answer to a request, or none: its type is 0 then. */
static size_t answer(const char *request, size_t length, long *type, char *text)
{
    size_t digits = 0;
    long to = 0;
    while (digits < length && request[digits] >= '0' && request[digits] <= '9' && to < 100000000)
        to = 10 * to + (request[digits++] - '0');
    *type = digits < length && request[digits] == ' ' ? to : 0;
    if (*type == 0)
        return 0;
    memcpy(text, "echo: ", 6);
    memcpy(text + 6, request + digits + 1, length - digits - 1);
    return 6 + length - digits - 1;
}

int main(void)
{
    struct { long type; char text[LONGEST]; } request;
    struct { long type; char text[LONGEST + 6]; } reply;
    struct sigaction action = {.sa_handler = stop};
    int status = 0;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    int id = msgget(KEY, IPC_CREAT | 0666);
    if (id < 0) {
        perror("msgget");
        return 1;
    }
    while (!stopped) {
        /* Types 1 and 2, and no answer that waits for its client. */
        ssize_t length = msgrcv(id, &request, LONGEST, -2, 0);
        if (length < 0) {
            if (errno == EINTR)
                continue;
            perror("msgrcv");
            status = 1;
            break;
        }
        if (request.type == 2)
            break;
        size_t bytes = answer(request.text, (size_t)length, &reply.type, reply.text);
        if (reply.type > 0 && msgsnd(id, &reply, bytes, 0) < 0)
            perror("msgsnd");
    }
    if (msgctl(id, IPC_RMID, NULL) < 0) {
        perror("msgctl");
        status = 1;
    }
    return status;
}
