#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int is_signal;
    long value;
    long seconds;
} Task;

/* -1: wrong. */
static int parse(const char *word, Task *task)
{
    char *end;

    task->is_signal = word[0] == 's';
    task->seconds = 0;
    word += task->is_signal;
    if (strchr("0123456789", word[0]) == NULL || word[0] == '\0')
        return -1;
    task->value = strtol(word, &end, 10);
    if (task->is_signal ? task->value < 1 || task->value > 64 : task->value > 255)
        return -1;
    if (*end == '@') {
        word = end + 1;
        task->seconds = strtol(word, &end, 10);
        if (end == word || task->seconds < 0)
            return -1;
    }
    return *end == '\0' ? 0 : -1;
}

static void be_child(Task task)
{
    if (task.seconds > 0)
        sleep(task.seconds);
    printf("%d: my parent is %d\n", getpid(), getppid());
    fflush(stdout);
    if (task.is_signal)
        kill(getpid(), task.value);
    exit(task.value);
}

int main(int argc, char *argv[])
{
    int made = 0, bad = 0;

    if (argc < 2) {
        fprintf(stderr, "Usage: %s child...\n", argv[0]);
        exit(1);
    }
    Task *tasks = malloc(sizeof(Task) * (argc - 1));
    for (int i = 0; i < argc - 1; i++) {
        if (parse(argv[i + 1], &tasks[i]) == -1) {
            fprintf(stderr, "%s: what is %s?\n", argv[0], argv[i + 1]);
            exit(1);
        }
    }

    printf(argc == 2 ? "1 child\n" : "%d children\n", argc - 1);
    fflush(stdout);

    for (int i = 0; i < argc - 1; i++) {
        pid_t pid = fork();
        if (pid == -1) {
            perror("fork");
            bad++;
            break;
        }
        if (pid == 0)
            be_child(tasks[i]);
        made++;
    }

    for (int i = 0; i < made; i++) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (WIFEXITED(status)) {
            printf("%d exited with %d\n", pid, WEXITSTATUS(status));
            if (WEXITSTATUS(status) != 0)
                bad++;
        } else {
            printf("%d was ended by signal %d (%s)\n", pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
            bad++;
        }
    }
    free(tasks);
    return bad;
}
