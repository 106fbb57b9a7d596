#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>

#define MAX 1000

struct message {
    long mtype;
    char mtext[MAX + 16];
};

static int id = -1;
static volatile sig_atomic_t done = 0;

static void on_signal(int sig)
{
    (void)sig;
    done = 1;
}

int main(void)
{
    struct message in, out;
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);

    id = msgget(200, IPC_CREAT | 0666);
    if (id == -1) {
        perror("msgget");
        exit(1);
    }

    while (!done) {
        ssize_t n = msgrcv(id, &in, MAX, -2, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            perror("msgrcv");
            msgctl(id, IPC_RMID, NULL);
            exit(1);
        }
        if (in.mtype == 2)
            break;

        in.mtext[n] = '\0';
        char *end;
        out.mtype = strtol(in.mtext, &end, 10);
        if (end == in.mtext || *end != ' ' || out.mtype <= 0)
            continue;
        end++;
        size_t rest = in.mtext + n - end;
        memcpy(out.mtext, "echo: ", 6);
        memcpy(out.mtext + 6, end, rest);
        if (msgsnd(id, &out, 6 + rest, 0) == -1)
            perror("msgsnd");
    }

    msgctl(id, IPC_RMID, NULL);
    return 0;
}
