/* Two threads each, so small that every schedule can be tried. Each prints what came of the order in which they ran. */
#include "common.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static int count, seen, ready;
static char text[8], copy[8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, asked = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static atomic_int turn, handled;
static __thread int own;

static void run(void *(*one)(void *), void *(*two)(void *))
{
    pthread_t a, b;
    must(-pthread_create(&a, 0, one, 0), "pthread_create");
    must(-pthread_create(&b, 0, two, (void *)1), "pthread_create");
    pthread_join(a, 0);
    pthread_join(b, 0);
}

static void *add(void *n) { int was = count; count = was + 6; return 0; }
static void added(char **a) { run(add, add); printf("%d\n", count); }

static void *set(void *n) { seen = seen * 10 + count; count = n ? 2 : 1; return 0; }
static void looked(char **a) { run(set, set); printf("%d %d\n", seen, count); }

static void *lock_both(void *n)
{
    pthread_mutex_lock(n ? &lock : &other);
    pthread_mutex_lock(n ? &other : &lock);
    count = count * 10 + (n ? 2 : 1);
    pthread_mutex_unlock(n ? &other : &lock);
    pthread_mutex_unlock(n ? &lock : &other);
    return 0;
}
static void crossed(char **a) { run(lock_both, lock_both); printf("%d\n", count); }

static void *give(void *n) { ready = 1; pthread_cond_signal(&changed); return 0; }
static void *take(void *n)
{
    if (!ready) {
        pthread_mutex_lock(&lock);
        count = 1;
        pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
    }
    return 0;
}
static void missed(char **a) { run(give, take); printf("%d\n", count); }

/* Words of their own: who waits on one is not woken by the other. */
static void *ask(void *n)
{
    pthread_mutex_lock(&lock);
    ready = 1;
    pthread_cond_signal(&asked);
    if (ready == 1) {
        seen = 1;
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}
static void *answer(void *n)
{
    pthread_mutex_lock(&lock);
    if (!ready) {
        count = 1;
        pthread_cond_wait(&asked, &lock);
    }
    ready = 2;
    pthread_mutex_unlock(&lock);
    if (seen)
        pthread_cond_signal(&changed);
    return 0;
}
static void two_words(char **a) { run(ask, answer); printf("%d %d %d\n", ready, seen, count); }

static void *try_it(void *n) { if (sem_trywait(&sem) == 0) count = count * 10 + (n ? 2 : 1); sem_post(&sem); return 0; }
static void tried(char **a) { sem_init(&sem, 0, 0); run(try_it, try_it); printf("%d\n", count); }

static void *shift(void *n) { atomic_store(&turn, atomic_load(&turn) * 10 + (n ? 2 : 1)); return 0; }
static void shifted(char **a) { run(shift, shift); printf("%d\n", atomic_load(&turn)); }

/* Signals: one thread blocks and lets through, the other one sends. */
static void count_it(int signal) { atomic_store(&handled, own + 1); }
static void *mask(void *n)
{
    sigset_t set;
    own = 1;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, 0);
    count = atomic_load(&handled);
    pthread_sigmask(SIG_UNBLOCK, &set, 0);
    seen = atomic_load(&handled);
    return 0;
}
static pthread_t first;
static void *send_it(void *n) { own = 2; pthread_kill(first, SIGUSR1); return 0; }
static void masked(char **a)
{
    pthread_t b;
    signal(SIGUSR1, count_it);
    must(-pthread_create(&first, 0, mask, 0), "pthread_create");
    must(-pthread_create(&b, 0, send_it, (void *)1), "pthread_create");
    pthread_join(b, 0);
    pthread_join(first, 0);
    printf("%d %d %d\n", count, seen, atomic_load(&handled));
}
static void *mask_own(void *n)
{
    sigset_t set, was;
    own = n ? 2 : 1;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &was);
    count = count * 10 + own;
    if (n)
        kill(getpid(), SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &was, 0);
    return 0;
}
static void both_masked(char **a) { signal(SIGUSR1, count_it); run(mask_own, mask_own); printf("%d %d\n", count, handled != 0); }

/* What a library does to memory that both use. */
static void *write_it(void *n) { memcpy(text, n ? "222" : "111", 4); return 0; }
static void *copy_it(void *n) { memcpy(copy, text, 4); return 0; }
static void copied(char **a) { strcpy(text, "000"); run(write_it, copy_it); printf("%s %s\n", text, copy); }

static const struct act acts[] = {
    {"added", added}, {"looked", looked}, {"crossed", crossed}, {"missed", missed}, {"two-words", two_words}, {"tried", tried},
    {"shifted", shifted}, {"masked", masked}, {"both-masked", both_masked}, {"copied", copied}, {0}};
PLAY(acts)
