#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>
struct msgbuf_ { long mtype; char mtext[2048]; };
int main(int argc, char *argv[])
{
    struct msgbuf_ *m = malloc(sizeof *m);
    int q, len;
    if (argc > 2) { fprintf(stderr, "usage: mq_client [TEXT]\n"); return 2; }
    if ((q = msgget(200, 0)) < 0) { perror("msgget"); return 1; }
    if (argc == 1) {
        m->mtype = 2;
        if (msgsnd(q, m, 0, 0)) { perror("msgsnd"); return 1; }
        free(m);
        return 0;
    }
    if (strlen(argv[1]) > 1990 || (len = sprintf(m->mtext, "%d %s", getpid(), argv[1])) > 1000) {
        fprintf(stderr, "mq_client: text does not fit\n");
        return 1;
    }
    m->mtype = 1;
    if (msgsnd(q, m, len, 0)) { perror("msgsnd"); return 1; }
    ssize_t n;
    do n = msgrcv(q, m, sizeof m->mtext, getpid(), MSG_NOERROR); while (n < 0 && errno == EINTR);
    if (n < 0) { perror("msgrcv"); return 1; }
    write(1, m->mtext, n);
    write(1, "\n", 1);
    free(m);
    return 0;
}
