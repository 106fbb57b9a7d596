/* fork_wait CHILD...: makes a child for each argument, and reports how each of them ended. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    int signal; /* 0: it exits */
    int status;
    unsigned seconds;
};

/* Reads a number up to most, and says where it ends; NULL: there is none. */
static char *number(char *text, long most, int *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return NULL;
    long n = strtol(text, &end, 10);
    *value = (int)n;
    return n <= most ? end : NULL;
}

/* STATUS or sSIGNAL, and perhaps @SECONDS. */
static int understood(char *text, struct child *child)
{
    int seconds = 0;
    child->signal = child->status = 0;
    char *end = *text == 's' ? number(text + 1, 64, &child->signal) : number(text, 255, &child->status);
    if (end == NULL || (*text == 's' && child->signal == 0))
        return 0;
    if (*end == '@')
        end = number(end + 1, 3600, &seconds);
    child->seconds = (unsigned)seconds;
    return end != NULL && *end == '\0';
}

static void live(const struct child *child)
{
    sleep(child->seconds);
    printf("%d: my parent is %d\n", (int)getpid(), (int)getppid());
    fflush(stdout);
    if (child->signal != 0)
        raise(child->signal);
    _exit(child->status);
}

int main(int argc, char *argv[])
{
    struct child children[argc];
    int failed = 0, status;
    pid_t pid;

    if (argc < 2) {
        fputs("usage: fork_wait STATUS[@SECONDS]|sSIGNAL[@SECONDS] ...\n", stderr);
        return 1;
    }
    for (int i = 1; i < argc; i++)
        if (!understood(argv[i], &children[i])) {
            fprintf(stderr, "fork_wait: %s is no status and no signal\n", argv[i]);
            return 1;
        }
    printf("%d child%s\n", argc - 1, argc == 2 ? "" : "ren");
    fflush(stdout);
    for (int i = 1; i < argc; i++) {
        pid = fork();
        if (pid < 0) {
            perror("fork");
            failed++;
            break;
        }
        if (pid == 0)
            live(&children[i]);
    }
    while ((pid = wait(&status)) > 0) {
        if (WIFSIGNALED(status))
            printf("%d was ended by signal %d (%s)\n", (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            printf("%d exited with %d\n", (int)pid, WEXITSTATUS(status));
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    return failed;
}
