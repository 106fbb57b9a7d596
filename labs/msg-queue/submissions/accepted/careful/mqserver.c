/* Buffers grow as messages ask for it, and a handler removes the queue. */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/stat.h>

static int queue;

static void finish(int signal)
{
    (void)signal;
    msgctl(queue, IPC_RMID, NULL);
    _Exit(0);
}

static bool serve(struct msgbuf *request, size_t length)
{
    const char *text = request->mtext, *end = text + length;
    long to = 0;

    if (request->mtype == 2)
        return false;
    for (; text < end && isdigit((unsigned char)*text) && to < 1L << 30; text++)
        to = to * 10 + *text - '0';
    if (to == 0 || text == end || *text++ != ' ')
        return true;
    size_t rest = (size_t)(end - text);
    struct { long type; char text[]; } *reply = malloc(sizeof *reply + 6 + rest);
    if (reply == NULL)
        err(1, "malloc");
    reply->type = to;
    memcpy(mempcpy(reply->text, "echo: ", 6), text, rest);
    if (msgsnd(queue, reply, 6 + rest, IPC_NOWAIT) < 0)
        warn("msgsnd: the answer to %ld is lost", to);
    free(reply);
    return true;
}

int main(void)
{
    size_t room = 64;
    struct msgbuf *request = malloc(sizeof *request + room);
    ssize_t length;

    if ((queue = msgget(200, IPC_CREAT | S_IRUSR | S_IWUSR | 066)) < 0)
        err(1, "msgget");
    signal(SIGTERM, finish);
    signal(SIGINT, finish);
    for (;;) {
        while ((length = msgrcv(queue, request, room, -2, 0)) < 0 && errno == E2BIG) {
            room *= 2;
            request = realloc(request, sizeof *request + room);
        }
        if (length < 0) {
            warn("msgrcv");
            msgctl(queue, IPC_RMID, NULL);
            return 1;
        }
        if (!serve(request, (size_t)length))
            break;
    }
    if (msgctl(queue, IPC_RMID, NULL) < 0)
        err(1, "msgctl");
    return 0;
}
