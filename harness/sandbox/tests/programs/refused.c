/* Calls that no program of a box may make, or not in that way. */
#include "common.h"
#include <sched.h>
#include <sys/prctl.h>

static void tell(const char *what, long result) { printf("%s %s\n", what, result < 0 ? strerror(errno) : "done"); }

/* A copy by splice() that goes on with read() and write() where the kernel has no splice(). */
static void copies(char **a)
{
    int ends[2];
    char text[6] = "";
    must(pipe(ends), "pipe");
    must(write(ends[1], "hello", 5), "write");
    for (int n = 0; n < 3; n++)
        tell("splice", splice(ends[0], 0, 1, 0, 5, 0));
    must(read(ends[0], text, 5), "read");
    puts(text);
}

static void ways(char **a)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    tell("affinity", sched_setaffinity(0, sizeof one, &one));
    tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
    tell("dumpable", prctl(PR_SET_DUMPABLE, 0));
    tell("name", prctl(PR_SET_NAME, "other"));
}

static void *nothing(void *x) { return x; }

/* What every program does: threads and children are made by calls that older kernels do not have. */
static void usual(char **a)
{
    pthread_t thread;
    must(pthread_create(&thread, 0, nothing, 0) ? -1 : 0, "pthread_create");
    pthread_join(thread, 0);
    must(system("true"), "system");
}

/* Does nothing else. */
static void asks(char **a)
{
    for (;;)
        splice(-1, 0, -1, 0, 1, 0);
}

static const struct act acts[] = {{"copies", copies}, {"ways", ways}, {"usual", usual}, {"asks", asks}, {0}};
PLAY(acts)
