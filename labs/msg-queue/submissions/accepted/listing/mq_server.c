#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

#define SIZE 1024

struct my_msg {
    long type;
    char text[SIZE];
};

int main()
{
    struct my_msg req, res;
    int running = 1, pid, used, n;

    int msgid = msgget((key_t)200, 0666 | IPC_CREAT);
    if (msgid == -1) {
        perror("msgget");
        exit(EXIT_FAILURE);
    }
    while (running) {
        memset(&req, 0, sizeof(req));
        n = msgrcv(msgid, &req, 1000, 2, IPC_NOWAIT);
        if (n >= 0)
            break;
        n = msgrcv(msgid, &req, 1000, -2, 0);
        if (n == -1) {
            perror("msgrcv");
            msgctl(msgid, IPC_RMID, 0);
            exit(EXIT_FAILURE);
        }
        if (req.type == 2) {
            running = 0;
        } else if (sscanf(req.text, "%d%n", &pid, &used) == 1 && pid > 0 && req.text[used] == ' ') {
            res.type = pid;
            strcpy(res.text, "echo: ");
            strcat(res.text, req.text + used + 1);
            msgsnd(msgid, &res, strlen(res.text), 0);
        }
    }
    if (msgctl(msgid, IPC_RMID, 0) == -1) {
        perror("msgctl");
        exit(EXIT_FAILURE);
    }
    exit(EXIT_SUCCESS);
}
