/* pipex INPUT COMMAND COMMAND OUTPUT: what a shell does with `< INPUT COMMAND | COMMAND > OUTPUT`. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Becomes the command, whose words have blanks between them. It never returns. */
static void run(char *command)
{
    char *words[] = {command, NULL};

    /* TODO: "head -n 1" is three words. */
    execvp(words[0], words);
    /* TODO: execvp() came back, so it failed. Which status does a shell give? */
    _exit(1);
}

int main(int argc, char *argv[])
{
    /* TODO: look at argc. */
    (void)argc;

    /* TODO: make the pipe. */

    pid_t first = fork();
    if (first == 0) {
        /* TODO: the input file at 0, the pipe's write end at 1, and everything else closed. */
        run(argv[2]);
    }

    /* TODO: the second child: the pipe's read end at 0, the output file at 1. */

    /* TODO: close what the parent does not need. Wait for both. Which status is the program's? */
    return 0;
}
