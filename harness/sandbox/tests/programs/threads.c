/* Threads of one process that share memory of their own, guarded in many ways and in none. Each prints 12 where all is right. */
#include "common.h"
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
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

/* -- right, and close to what only the loader, the C library and the kernel touch -- */
static void *add_and_exit(void *n) { add_atomic(n); pthread_exit((void *)1); }
static void thread_exits(char **a)
{
    pthread_t t[THREADS];
    void *one;
    for (int n = 0; n < THREADS; n++)
        must(-pthread_create(&t[n], 0, add_and_exit, 0), "pthread_create");
    for (int n = 0; n < THREADS; n++)
        if (pthread_join(t[n], &one) || one != (void *)1)
            atomic_fetch_add(&atomic, 100);
    tell(atomic);
}
static void *add_and_tell(void *n) { if (atomic_fetch_add(&atomic, TIMES) == 2 * TIMES) tell(atomic); return 0; }
static void main_exits(char **a)
{
    pthread_t t;
    for (int n = 0; n < THREADS; n++)
        must(-pthread_create(&t, 0, add_and_tell, 0), "pthread_create");
    pthread_exit(0);
}
static void *exit_and_tell(void *n) { add_and_tell(n); pthread_exit(0); }
static void all_exit(char **a)
{
    pthread_t t;
    for (int n = 0; n < THREADS; n++)
        must(-pthread_create(&t, 0, exit_and_tell, 0), "pthread_create");
    pthread_exit(0);
}
static void add_at_end(void *n) { atomic_fetch_add(&atomic, TIMES); }
static void *wait_for_cancel(void *n)
{
    pthread_cleanup_push(add_at_end, 0);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return 0;
}
static void cancelled(char **a)
{
    pthread_t t[THREADS];
    void *how;
    for (int n = 0; n < THREADS; n++)
        must(-pthread_create(&t[n], 0, wait_for_cancel, 0), "pthread_create");
    usleep(1000);
    for (int n = 0; n < THREADS; n++)
        must(-pthread_cancel(t[n]), "pthread_cancel");
    for (int n = 0; n < THREADS; n++)
        if (pthread_join(t[n], &how) || how != PTHREAD_CANCELED)
            atomic_fetch_add(&atomic, 100);
    tell(atomic);
}
static pthread_key_t key;
static void add_key(void *of) { atomic_fetch_add(&atomic, *(int *)of); free(of); }
static void *set_key(void *n) { int *of = malloc(sizeof *of); *of = TIMES; pthread_setspecific(key, of); if (n) pthread_exit(0); return 0; }
static void destroyed(char **a) { pthread_key_create(&key, add_key); run(THREADS, set_key, 0); tell(atomic); }
static void *look_up(void *n)
{
    struct addrinfo *found = 0, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo("localhost", "80", &hints, &found) == 0)
        freeaddrinfo(found);
    atomic_fetch_add(&atomic, TIMES);
    return 0;
}
static void looked_up(char **a) { run(THREADS, look_up, 0); tell(atomic); }
static void *load(void *n)
{
    void *library = dlopen("libm.so.6", RTLD_NOW);
    double (*root)(double) = library ? (double (*)(double))dlsym(library, "sqrt") : 0;
    atomic_fetch_add(&atomic, root ? (int)root(16) : 0);
    if (library)
        dlclose(library);
    return 0;
}
static void loaded(char **a) { run(THREADS, load, 0); tell(atomic); }
static void *print_out(void *n) { for (int i = 0; i < TIMES; i++) { printf("thread\n"); atomic_fetch_add(&atomic, 1); } return 0; }
static void printing_out(char **a) { run(THREADS, print_out, 0); tell(atomic); }
static void *fork_one(void *n)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        char *text = strdup("4");
        count += atoi(text);
        exit(count);
    }
    if (waitpid(child, &status, 0) == child && WIFEXITED(status))
        atomic_fetch_add(&atomic, WEXITSTATUS(status));
    return 0;
}
static void forked(char **a) { run(THREADS, fork_one, 0); tell(atomic); }
static int compare(const void *one, const void *two) { return *(const int *)one - *(const int *)two; }
static void *allocate(void *n)
{
    int right = 1;
    for (int i = 0; i < 3; i++) {
        size_t many = i == 1 ? 1 << 16 : 16;
        int *all = malloc(many * sizeof *all), *sorted = calloc(200, sizeof *sorted);
        all[0] = i + 1;
        all[many - 1] = 7;
        all = realloc(all, 4 * many * sizeof *all);
        right &= all[0] == i + 1 && all[many - 1] == 7;
        for (int k = 0; k < 20; k++)
            sorted[k] = (k * 7 + 3) % 20;
        qsort(sorted, 20, sizeof *sorted, compare);
        right &= sorted[0] == 0 && sorted[19] == 19;
        all = realloc(all, 8);
        right &= all[0] == i + 1;
        free(all);
        free(sorted);
    }
    atomic_fetch_add(&atomic, right ? TIMES : 100);
    return 0;
}
static void allocated(char **a) { run(THREADS, allocate, 0); tell(atomic); }
static char *noted;
static void on_signal(int number) { int was = errno; noted[number] = 1; count++; errno = was; }
static void *signal_self(void *n) { for (int i = 0; i < TIMES; i++) pthread_kill(pthread_self(), n ? SIGUSR2 : SIGUSR1); return 0; }
static void handled(char **a)
{
    struct sigaction act = {.sa_handler = on_signal};
    noted = calloc(1, 65);
    sigaction(SIGUSR1, &act, 0);
    sigaction(SIGUSR2, &act, 0);
    run(1, signal_self, 0);
    run(1, signal_self, &act);
    kill(getpid(), SIGUSR1);
    run(1, add_atomic, 0);
    tell(count + atomic - 1);
}
static char stacks[THREADS][1 << 16] __attribute__((aligned(4096)));
static void own_stacks(char **a)
{
    pthread_t t[THREADS];
    for (int n = 0; n < THREADS; n++) {
        pthread_attr_t attr;
        pthread_attr_init(&attr);
        must(-pthread_attr_setstack(&attr, stacks[n], sizeof stacks[n]), "pthread_attr_setstack");
        must(-pthread_create(&t[n], &attr, add_mutex, 0), "pthread_create");
        pthread_attr_destroy(&attr);
    }
    for (int n = 0; n < THREADS; n++)
        pthread_join(t[n], 0);
    tell(count);
}
static void heap_stack(char **a)
{
    pthread_t t;
    pthread_attr_t attr;
    void *mine = 0;
    must(-posix_memalign(&mine, 4096, 1 << 16), "posix_memalign");
    pthread_attr_init(&attr);
    must(-pthread_attr_setstack(&attr, mine, 1 << 16), "pthread_attr_setstack");
    must(-pthread_create(&t, &attr, add_mutex, 0), "pthread_create");
    pthread_join(t, 0);
    run(2, add_mutex, 0);
    tell(count);
}
static void *execute(void *n) { execl("/proc/self/exe", "threads", "joined", (char *)0); return 0; }
static void executed(char **a) { pthread_t t; pthread_create(&t, 0, execute, 0); pthread_join(t, 0); tell(1); }
static void *wait_for_ever(void *n) { if (n) sem_wait(&sem); else if (read(ends[0], taken, 1) == 1) tell(1); return 0; }
static void exit_beside(char **a)
{
    pthread_t t;
    must(pipe(ends), "pipe");
    sem_init(&sem, 0, 0);
    pthread_create(&t, 0, wait_for_ever, 0);
    pthread_create(&t, 0, wait_for_ever, &t);
    usleep(1000);
    tell(12);
    exit(0);
}
static void *tell_and_exit(void *n) { tell(12); exit(0); }
static void thread_ends_all(char **a) { run(1, tell_and_exit, 0); tell(1); }
static void *read_word(void *n) { char word[16]; if (fgets(word, sizeof word, (FILE *)n)) atomic_fetch_add(&atomic, atoi(word)); return 0; }
static void read_file(char **a)
{
    FILE *file = tmpfile();
    fputs("4\n4\n4\n", file);
    rewind(file);
    run(THREADS, read_word, file);
    fclose(file);
    tell(atomic);
}
static char *spare;
static void *signal_there(void *n)
{
    stack_t other = {.ss_sp = spare, .ss_size = 1 << 14};
    must(sigaltstack(&other, 0), "sigaltstack");
    for (int i = 0; i < TIMES; i++)
        raise(SIGUSR1);
    return 0;
}
static void alternate(char **a)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    noted = calloc(1, 65);
    spare = malloc(1 << 14);
    sigaction(SIGUSR1, &act, 0);
    signal_there(0);
    run(1, signal_there, 0);
    run(1, signal_there, 0);
    tell(count);
}
static struct { char before[64]; pthread_mutex_t lock; } *robust;
static void *die_with_it(void *n) { pthread_mutex_lock(&robust->lock); return 0; }
static void robust_mutex(char **a)
{
    pthread_mutexattr_t attr;
    robust = calloc(1, sizeof *robust);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust->lock, &attr);
    run(1, die_with_it, 0);
    int result = pthread_mutex_lock(&robust->lock);
    tell(result == EOWNERDEAD && pthread_mutex_consistent(&robust->lock) == 0 ? 12 : result);
}
extern char **environ;
static void *spawn_one(void *n)
{
    char *args[] = {"threads", "joined", 0};
    int status;
    pid_t child;
    if (posix_spawn(&child, "/proc/self/exe", 0, 0, args, environ) == 0 && waitpid(child, &status, 0) == child && status == 0)
        atomic_fetch_add(&atomic, TIMES);
    return 0;
}
static void spawned(char **a) { run(THREADS, spawn_one, 0); tell(atomic); }

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
    {"thread-exits", thread_exits}, {"main-exits", main_exits}, {"all-exit", all_exit}, {"cancelled", cancelled},
    {"destroyed", destroyed}, {"looked-up", looked_up}, {"loaded", loaded}, {"printing-out", printing_out}, {"forked", forked},
    {"allocated", allocated}, {"handled", handled}, {"own-stacks", own_stacks}, {"heap-stack", heap_stack},
    {"executed", executed}, {"exit-beside", exit_beside}, {"thread-ends-all", thread_ends_all}, {"read-file", read_file},
    {"alternate", alternate}, {"robust", robust_mutex}, {"spawned", spawned},
    {"plain", plain}, {"update", update}, {"heap-plain", heap_plain}, {"stack-plain", stack_plain},
    {"mapped-plain", mapped_plain}, {"early", early}, {"two", two}, {"by-order", by_order}, {"lost", lost}, {"if", if_},
    {"no-wait", no_wait}, {0}};
PLAY(acts)
