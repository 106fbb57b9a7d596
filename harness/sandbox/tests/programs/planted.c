/* Faults of a known depth: so many things have to come in an order of their own. Each prints 12, or 0 where it is met. */
#include "common.h"
#include <pthread.h>

struct shared { volatile int x, met; };
static struct shared *s, of_threads;

static void *set(void *unused) { s->x = 1; return 0; }
static void *set_and_clear(void *unused) { s->x = 1; s->x = 0; return 0; }
static void *set_twice(void *unused) { s->x = 1; s->x = 2; return 0; }
/* Too early: it is not yet set. */
static void *look_early(void *unused) { if (s->x == 0) s->met = 1; return 0; }
/* Between the two writes. */
static void *look_between(void *unused) { if (s->x == 1) s->met = 1; return 0; }
/* Between them, and once more after the second. */
static void *look_twice(void *unused) { if (s->x == 1 && s->x == 2) s->met = 1; return 0; }

static void *(*const acts_of[][2])(void *) = {{set, look_early}, {set_and_clear, look_between}, {set_twice, look_twice}};

static void in_processes(int depth)
{
    s = mmap(0, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int n = 0; n < 2; n++)
        if (must(fork(), "fork") == 0) {
            acts_of[depth - 1][n](0);
            _exit(0);
        }
    while (wait(0) > 0)
        ;
    printf("%d\n", s->met ? 0 : 12);
}
static void in_threads(int depth)
{
    pthread_t t[2];
    s = &of_threads;
    for (int n = 0; n < 2; n++)
        must(-pthread_create(&t[n], 0, acts_of[depth - 1][n], 0), "pthread_create");
    for (int n = 0; n < 2; n++)
        pthread_join(t[n], 0);
    printf("%d\n", s->met ? 0 : 12);
}
static void processes(char **a) { in_processes(atoi(a[0])); }
static void threads(char **a) { in_threads(atoi(a[0])); }

static const struct act acts[] = {{"processes", processes}, {"threads", threads}, {0}};
PLAY(acts)
