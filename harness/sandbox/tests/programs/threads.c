/* Threads of one process that share memory of their own, guarded in many ways and in none. Each prints 12 where all is right. */
#include "common.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define THREADS 3
#define TIMES 4

static int count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem;
static atomic_int atomic;
static int ready, slots[THREADS];
static __thread int own;

static void run(int threads, void *(*work)(void *), void *arg)
{
    pthread_t t[THREADS];
    for (long n = 0; n < threads; n++)
        must(-pthread_create(&t[n], 0, work, arg ? arg : (void *)n), "pthread_create");
    for (int n = 0; n < threads; n++)
        pthread_join(t[n], 0);
}
static void tell(int n) { printf("%d\n", n); }

/* -- right -- */
static void *add_mutex(void *n) { for (int i = 0; i < TIMES; i++) { pthread_mutex_lock(&lock); count++; pthread_mutex_unlock(&lock); } return 0; }
static void mutex(char **a) { run(THREADS, add_mutex, 0); tell(count); }
static void *add_sem(void *n) { for (int i = 0; i < TIMES; i++) { sem_wait(&sem); count++; sem_post(&sem); } return 0; }
static void semaphore(char **a) { sem_init(&sem, 0, 1); run(THREADS, add_sem, 0); tell(count); }
static void *add_atomic(void *n) { for (int i = 0; i < TIMES; i++) atomic_fetch_add(&atomic, 1); return 0; }
static void atomics(char **a) { run(THREADS, add_atomic, 0); tell(atomic); }
static void *add_sync(void *n) { for (int i = 0; i < TIMES; i++) __sync_fetch_and_add(&count, 1); return 0; }
static void sync_builtin(char **a) { run(THREADS, add_sync, 0); tell(count); }
static void *add_compared(void *n)
{
    for (int i = 0; i < TIMES; i++) {
        int was = atomic_load(&atomic);
        while (!atomic_compare_exchange_weak(&atomic, &was, was + 1))
            ;
    }
    return 0;
}
static void compared(char **a) { run(THREADS, add_compared, 0); tell(atomic); }
static void *add_rwlock(void *n)
{
    for (int i = 0; i < TIMES; i++) {
        pthread_rwlock_rdlock(&rwlock);
        own += count;
        pthread_rwlock_unlock(&rwlock);
        pthread_rwlock_wrlock(&rwlock);
        count++;
        pthread_rwlock_unlock(&rwlock);
    }
    return 0;
}
static void rwlocked(char **a) { run(THREADS, add_rwlock, 0); tell(count); }
static void *add_spin(void *n) { for (int i = 0; i < TIMES; i++) { pthread_spin_lock(&spin); count++; pthread_spin_unlock(&spin); } return 0; }
static void spinlock(char **a) { pthread_spin_init(&spin, 0); run(THREADS, add_spin, 0); tell(count); }
static void *sum(void *n) { long own = 0; for (int i = 0; i < TIMES; i++) own++; return (void *)own; }
static void joined(char **a)
{
    pthread_t t[THREADS];
    void *part;
    for (int n = 0; n < THREADS; n++)
        pthread_create(&t[n], 0, sum, 0);
    for (int n = 0; n < THREADS; n++) {
        pthread_join(t[n], &part);
        count += (long)part;
    }
    tell(count);
}
static void *add_slot(void *n) { for (int i = 0; i < TIMES; i++) slots[(long)n]++; return 0; }
static void in_slots(char **a) { run(THREADS, add_slot, 0); tell(slots[0] + slots[1] + slots[2]); }
static void *add_own(void *n) { for (int i = 0; i < TIMES; i++) own++; pthread_mutex_lock(&lock); count += own; pthread_mutex_unlock(&lock); return 0; }
static void thread_local_(char **a) { run(THREADS, add_own, 0); tell(count); }
struct shared { pthread_mutex_t lock; int count; };
static void *add_heap(void *of) { struct shared *s = of; for (int i = 0; i < TIMES; i++) { pthread_mutex_lock(&s->lock); s->count++; pthread_mutex_unlock(&s->lock); } return 0; }
static void heap(char **a)
{
    struct shared *s = calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, 0);
    run(THREADS, add_heap, s);
    tell(s->count);
    free(s);
}
static void stack(char **a)
{
    struct shared s = {PTHREAD_MUTEX_INITIALIZER, 0};
    run(THREADS, add_heap, &s);
    tell(s.count);
}
static void *wait_ready(void *n)
{
    pthread_mutex_lock(&lock);
    while (!ready)
        pthread_cond_wait(&changed, &lock);
    count += TIMES;
    pthread_mutex_unlock(&lock);
    return 0;
}
static void *get_ready(void *n)
{
    pthread_mutex_lock(&lock);
    ready = 1;
    count += TIMES;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return 0;
}
static void *wait_or_get(void *n) { return n == 0 ? get_ready(0) : wait_ready(0); }
static void condition(char **a) { run(THREADS, wait_or_get, 0); tell(count); }
static void *in_phases(void *n)
{
    slots[(long)n] = TIMES;
    pthread_barrier_wait(&barrier);
    if (n == 0)
        count = slots[0] + slots[1] + slots[2];
    return 0;
}
static void barriers(char **a) { pthread_barrier_init(&barrier, 0, THREADS); run(THREADS, in_phases, 0); tell(count); }
static void begin(void) { ready = TIMES; }
static void *add_once(void *n) { pthread_once(&once, begin); pthread_mutex_lock(&lock); count += ready; pthread_mutex_unlock(&lock); return 0; }
static void at_once_(char **a) { run(THREADS, add_once, 0); tell(count); }
static void *print(void *n)
{
    char *text = malloc(100);
    for (int i = 0; i < 2; i++) {
        snprintf(text, 100, "thread %d", (int)(long)n);
        fprintf(stderr, "%s\n", text);
    }
    free(text);
    pthread_mutex_lock(&lock);
    count += TIMES;
    pthread_mutex_unlock(&lock);
    return 0;
}
static void printing(char **a) { run(THREADS, print, 0); tell(count); }
static int ends[2];
static char taken[THREADS];
static void *take(void *n) { if (read(ends[0], &taken[(long)n], 1) == 1) __sync_fetch_and_add(&count, taken[(long)n]); return 0; }
static void through_pipe(char **a)
{
    pthread_t t[THREADS];
    must(pipe(ends), "pipe");
    for (long n = 0; n < THREADS; n++)
        pthread_create(&t[n], 0, take, (void *)n);
    usleep(1000);
    must(write(ends[1], "\4\4\4", 3), "write");
    for (int n = 0; n < THREADS; n++)
        pthread_join(t[n], 0);
    tell(count);
}
static void *post(void *n) { count += TIMES; sem_post(&sem); return 0; }
static void detached(char **a)
{
    pthread_t t;
    sem_init(&sem, 0, 0);
    for (int n = 0; n < THREADS; n++) {
        pthread_create(&t, 0, post, 0);
        pthread_detach(t);
        sem_wait(&sem);
    }
    tell(count);
}
static void *spin_ready(void *n) { if (n == 0) { count = 12; atomic_store(&atomic, 1); } else while (!atomic_load(&atomic)) ; return 0; }
static void flagged(char **a) { run(2, spin_ready, 0); tell(count); }
static void *add_often(void *n) { for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&lock); count++; pthread_mutex_unlock(&lock); } return 0; }
static void often(char **a) { run(2, add_often, 0); tell(count == 2000 ? 12 : count); }

/* -- wrong -- */
static void *add_plainly(void *n) { int was = count; count = was + 6; return 0; }
static void plain(char **a) { run(2, add_plainly, 0); tell(count); }
static void *add_by_one(void *n) { count += 6; return 0; }
static void update(char **a) { run(2, add_by_one, 0); tell(count); }
static void *add_to(void *of) { struct shared *s = of; s->count += 6; return 0; }
static void heap_plain(char **a) { struct shared *s = calloc(1, sizeof *s); run(2, add_to, s); tell(s->count); }
static void stack_plain(char **a) { struct shared s = {PTHREAD_MUTEX_INITIALIZER, 0}; run(2, add_to, &s); tell(s.count); }
static void mapped_plain(char **a) { struct shared *s = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); run(2, add_to, s); tell(s->count); }
static void *add_early(void *n)
{
    pthread_mutex_lock(&lock);
    int was = count;
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    count = was + 6;
    pthread_mutex_unlock(&lock);
    return 0;
}
static void early(char **a) { run(2, add_early, 0); tell(count); }
static void *add_two(void *n) { pthread_mutex_t *m = n ? &lock : &other; pthread_mutex_lock(m); count += 6; pthread_mutex_unlock(m); return 0; }
static void two(char **a) { run(2, add_two, 0); tell(count); }
static void *take_both(void *n)
{
    pthread_mutex_lock(n ? &lock : &other);
    pthread_mutex_lock(n ? &other : &lock);
    count += 6;
    pthread_mutex_unlock(n ? &other : &lock);
    pthread_mutex_unlock(n ? &lock : &other);
    return 0;
}
static void by_order(char **a) { run(2, take_both, 0); tell(count); }
static void *wait_late(void *n)
{
    if (n) {
        if (!ready) {
            pthread_mutex_lock(&lock);
            pthread_cond_wait(&changed, &lock);
            pthread_mutex_unlock(&lock);
        }
    } else {
        ready = 1;
        pthread_cond_signal(&changed);
    }
    return 0;
}
static void lost(char **a) { run(2, wait_late, 0); tell(12); }
static void *put_or_take(void *n)
{
    pthread_mutex_lock(&lock);
    if (n == 0) {
        ready = 1;
        pthread_cond_broadcast(&changed);
    } else {
        if (!ready)
            pthread_cond_wait(&changed, &lock);
        if (ready)
            count += 12;
        ready--;
    }
    pthread_mutex_unlock(&lock);
    return 0;
}
static void if_(char **a) { run(3, put_or_take, 0); tell(ready == -1 ? 12 : 13); }
static void *set(void *n) { count = 12; return 0; }
static void no_wait(char **a) { pthread_t t; pthread_create(&t, 0, set, 0); int was = count; pthread_join(t, 0); tell(was); }

static const struct act acts[] = {
    {"mutex", mutex}, {"semaphore", semaphore}, {"atomics", atomics}, {"sync", sync_builtin}, {"compared", compared},
    {"rwlock", rwlocked}, {"spinlock", spinlock}, {"joined", joined}, {"slots", in_slots}, {"thread-local", thread_local_},
    {"heap", heap}, {"stack", stack}, {"condition", condition}, {"barrier", barriers}, {"once", at_once_},
    {"printing", printing}, {"through-pipe", through_pipe}, {"detached", detached}, {"flagged", flagged}, {"often", often},
    {"plain", plain}, {"update", update}, {"heap-plain", heap_plain}, {"stack-plain", stack_plain},
    {"mapped-plain", mapped_plain}, {"early", early}, {"two", two}, {"by-order", by_order}, {"lost", lost}, {"if", if_},
    {"no-wait", no_wait}, {0}};
PLAY(acts)
