#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    /* Make as many children as argv[1] says, child number i ending with status i. */
    /* Wait for each, and print: child PID ended with status STATUS */
    (void)argc;
    (void)argv;
    return 0;
}
