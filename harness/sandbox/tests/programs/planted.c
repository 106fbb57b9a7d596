/* Faults of a known depth: so many things have to come in an order of their own. Each prints 12, or 0 where it is met. */
#include "common.h"

struct shared { volatile int x, met; };
static struct shared *s;

static void set(void) { s->x = 1; }
static void set_and_clear(void) { s->x = 1; s->x = 0; }
static void set_twice(void) { s->x = 1; s->x = 2; }
/* Too early: it is not yet set. */
static void look_early(void) { if (s->x == 0) s->met = 1; }
/* Between the two writes. */
static void look_between(void) { if (s->x == 1) s->met = 1; }
/* Between them, and once more after the second. */
static void look_twice(void) { if (s->x == 1 && s->x == 2) s->met = 1; }

static void (*const acts_of[][2])(void) = {{set, look_early}, {set_and_clear, look_between}, {set_twice, look_twice}};

static void in_processes(int depth)
{
    s = mmap(0, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int n = 0; n < 2; n++)
        if (must(fork(), "fork") == 0) {
            acts_of[depth - 1][n]();
            _exit(0);
        }
    while (wait(0) > 0)
        ;
    printf("%d\n", s->met ? 0 : 12);
}
static void processes(char **a) { in_processes(atoi(a[0])); }

static const struct act acts[] = {{"processes", processes}, {0}};
PLAY(acts)
