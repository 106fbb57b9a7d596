#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>
#include <unistd.h>

struct message {
    long mtype;
    char mtext[1100];
};

int main(int argc, char *argv[])
{
    struct message m;
    size_t length = 0;

    m.mtype = 2;
    if (argc == 2) {
        m.mtype = 1;
        int number = sprintf(m.mtext, "%d ", (int)getpid());
        length = number + strlen(argv[1]);
        if (length > 1000) {
            fprintf(stderr, "mq_client: at most %d characters\n", 1000 - number);
            exit(1);
        }
        memcpy(m.mtext + number, argv[1], strlen(argv[1]));
    } else if (argc > 2) {
        fprintf(stderr, "Usage: %s [text]\n", argv[0]);
        exit(1);
    }

    int id = msgget(200, 0);
    if (id == -1) {
        perror("msgget");
        exit(1);
    }
    if (msgsnd(id, &m, length, 0) == -1) {
        perror("msgsnd");
        exit(1);
    }
    if (m.mtype == 2)
        return 0;

    ssize_t n = msgrcv(id, &m, sizeof m.mtext - 1, getpid(), 0);
    if (n == -1) {
        perror("msgrcv");
        exit(1);
    }
    m.mtext[n] = 0;
    puts(m.mtext);
    return 0;
}
