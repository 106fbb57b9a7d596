/* Linked without any shared library. */
#include "common.h"
static void pair(char **a)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    must(write(pair[0], "static", 6), "write");
    must(read(pair[1], (char[9]){0}, 9), "read");
    puts("no library");
    exit(4);
}
static void note(int signal)
{
    (void)signal;
}
static void one_signal(char **a)
{
    (void)a;
    signal(SIGUSR1, note);
    raise(SIGUSR1);
    exit(0);
}
static const struct act acts[] = {{"pair", pair}, {"signal", one_signal}, {0}};
PLAY(acts)
