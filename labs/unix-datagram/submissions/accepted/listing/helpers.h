#include <stdio.h>
#include <stdlib.h>

/* says what failed and why, then ends the program */
static void err_sys(char *text)
{
    perror(text);
    exit(1);
}

/* says something, then ends the program */
static void err_quit(char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}
