/* mini_shell: runs the commands that it reads, a line at a time. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 100

int main(void)
{
    char line[4096];

    while (fgets(line, sizeof line, stdin) != NULL) {
        char *words[WORDS_MAX + 1];
        int n = 0;

        for (char *word = strtok(line, " \t\n"); word != NULL && n < WORDS_MAX; word = strtok(NULL, " \t\n"))
            words[n++] = word;
        words[n] = NULL;

        /* TODO: is there a word at all? Is it `cd`, or `exit`? */

        /* TODO: `|`, `<`, `>`, `>>` and `&`. */

        /* TODO: a child becomes the command, and the shell waits for it. */
        printf("%s\n", words[0]);

        /* TODO: which background commands have ended? */
    }

    /* TODO: is there a child left? With which status does the shell end? */
    return 0;
}
