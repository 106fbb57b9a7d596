#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>
/* takes types 1 and 2 by a negative type; the queue's own end is atexit's */
static int id = -1;
static void gone(void) { if (id >= 0) msgctl(id, IPC_RMID, NULL); id = -1; }
static void sig(int s) { (void)s; if (id >= 0) msgctl(id, IPC_RMID, NULL); _exit(0); }
struct m { long type; char text[8192]; };
int main(void)
{
    static struct m in, out;
    id = msgget((key_t)200, IPC_CREAT | 0666);
    if (id == -1) { perror("msgget"); return 1; }
    struct msqid_ds ds;
    if (msgctl(id, IPC_STAT, &ds) == 0 && (ds.msg_perm.mode & 0777) != 0666) { ds.msg_perm.mode = 0666; msgctl(id, IPC_SET, &ds); }
    atexit(gone);
    signal(SIGTERM, sig); signal(SIGINT, sig);
    for (;;) {
        ssize_t n = msgrcv(id, &in, sizeof in.text - 1, -2, 0);
        if (n < 0) { if (errno == EINTR) continue; perror("msgrcv"); if (errno == EIDRM || errno == EINVAL) id = -1; return 1; }
        if (in.type == 2) return 0;
        in.text[n] = 0;
        char *end;
        if (in.text[0] < '0' || in.text[0] > '9') continue;
        long pid = strtol(in.text, &end, 10);
        if (pid <= 0 || *end != ' ') continue;
        size_t say = n - (end + 1 - in.text);
        out.type = pid;
        memcpy(out.text, "echo: ", 6);
        memcpy(out.text + 6, end + 1, say);
        while (msgsnd(id, &out, 6 + say, 0) < 0)
            if (errno != EINTR) { perror("msgsnd"); return 1; }
    }
}
