/* fork_wait CHILD...: makes a child for each argument, and reports how each of them ended. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child does. It never returns. */
static void live(const char *word)
{
    /* TODO: sleep as long as the word says after its @. */
    /* TODO: print who you are and who your parent is. */
    /* TODO: s9 means: end by signal 9. */
    exit(atoi(word));
}

int main(int argc, char *argv[])
{
    /* TODO: look at all arguments before the first child is made. */

    printf("%d children\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        pid_t pid = fork();
        if (pid == 0)
            live(argv[i]);
        /* TODO: and if there is no child? */
    }

    /* TODO: wait for whichever child ends next, as long as there is one, and report how it ended. */

    /* TODO: the status is the number of children that did not end with 0. */
    return 0;
}
