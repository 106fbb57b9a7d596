/* A counter in shared memory, guarded in many ways and in none. Three children add one to it four times each. */
#include "common.h"

#define CHILDREN 3
#define TIMES 4

struct place {
    long padding;
    volatile int count;
    int other;
};

static int seg, sem;
static struct place *p;

static void op(int n, int by)
{
    struct sembuf b = {n, by, SEM_UNDO};
    must(semop(sem, &b, 1), "semop");
}
static void prepare(void)
{
    seg = must(shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600), "shmget");
    p = shmat(seg, 0, 0);
    sem = must(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600), "semget");
    must(semctl(sem, 0, SETVAL, 1), "semctl");
    must(semctl(sem, 1, SETVAL, 1), "semctl");
}
static void tell(void)
{
    while (wait(0) > 0)
        ;
    printf("%d\n", p->count);
    shmdt(p);
    shmctl(seg, IPC_RMID, 0);
    semctl(sem, 0, IPC_RMID);
}
static void children(void (*work)(int))
{
    for (int n = 0; n < CHILDREN; n++)
        if (fork() == 0) {
            work(n);
            _exit(0);
        }
}
static void counted(void (*work)(int))
{
    prepare();
    children(work);
    tell();
}

/* -- right -- */
static void add_guarded(int n) { for (int i = 0; i < TIMES; i++) { op(0, -1); p->count++; op(0, 1); } }
static void guarded(char **a) { counted(add_guarded); }
static void add_all(int n) { op(0, -1); for (int i = 0; i < TIMES; i++) p->count++; op(0, 1); }
static void add_carelessly(int n)
{
    struct sembuf take = {0, -1, 0}, give = {0, 1, 0};
    for (int i = 0; i < TIMES; i++) {
        must(semop(sem, &take, 1), "semop");
        p->count++;
        must(semop(sem, &give, 1), "semop");
    }
}
static void without_undo(char **a) { counted(add_carelessly); }
static void whole(char **a) { counted(add_all); }
static void add_atomic(int n) { for (int i = 0; i < TIMES; i++) __atomic_fetch_add(&p->count, 1, __ATOMIC_SEQ_CST); }
static void atomic(char **a) { counted(add_atomic); }
static void add_compared(int n)
{
    for (int i = 0; i < TIMES; i++)
        for (int was = p->count; !__sync_bool_compare_and_swap(&p->count, was, was + 1); was = p->count)
            ;
}
static void compared(char **a) { counted(add_compared); }
static void add_at_end(int n)
{
    volatile int *last = (int *)((char *)p + 8188);
    for (int i = 0; i < TIMES; i++) { op(0, -1); *last = *last + 1; p->count = *last; op(0, 1); }
}
static void at_end(char **a) { counted(add_at_end); }
static void add_struct(int n)
{
    for (int i = 0; i < TIMES; i++) {
        op(0, -1);
        struct place copy = *p;
        copy.count++;
        copy.other = getpid();
        *p = copy;
        op(0, 1);
    }
}
static void structure(char **a) { counted(add_struct); }
static void add_own(int n)
{
    shmdt(p);
    p = shmat(seg, 0, 0);
    add_guarded(n);
}
static void own_attach(char **a) { counted(add_own); }
static void add_spinning(int n)
{
    for (int i = 0; i < TIMES; i++) {
        while (__sync_lock_test_and_set(&p->other, 1))
            ;
        p->count++;
        __sync_lock_release(&p->other);
    }
}
static void spinning(char **a) { counted(add_spinning); }
static void add_yielding(int n)
{
    for (int i = 0; i < TIMES; i++) {
        while (__sync_lock_test_and_set(&p->other, 1))
            sched_yield();
        p->count++;
        __sync_lock_release(&p->other);
    }
}
static void yielding(char **a) { counted(add_yielding); }
static void add_in_turn(int n)
{
    for (int i = 0; i < TIMES; i++) {
        while (p->other % CHILDREN != n)
            ;
        p->count++;
        p->other++;
    }
}
static void in_turn(char **a) { counted(add_in_turn); }
static void add_mutex(int n)
{
    for (int i = 0; i < TIMES; i++) {
        pthread_mutex_lock((void *)(p + 1));
        p->count++;
        pthread_mutex_unlock((void *)(p + 1));
    }
}
static void mutex(char **a)
{
    prepare();
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init((void *)(p + 1), &attr);
    children(add_mutex);
    tell();
}
static void add_posix(int n) { for (int i = 0; i < TIMES; i++) { sem_wait((void *)(p + 1)); p->count++; sem_post((void *)(p + 1)); } }
static void posix(char **a)
{
    prepare();
    sem_init((void *)(p + 1), 1, 1);
    children(add_posix);
    tell();
}
static int token[2];
static void add_token(int n)
{
    for (int i = 0; i < TIMES; i++) {
        char c;
        must(read(token[0], &c, 1), "read");
        p->count++;
        must(write(token[1], &c, 1), "write");
    }
}
static void tokens(char **a)
{
    pipe(token);
    write(token[1], "x", 1);
    counted(add_token);
}
/* The calls' own arguments are in the segment. */
static void add_inside(int n)
{
    struct sembuf *b = (struct sembuf *)(p + 10 + n);
    for (int i = 0; i < TIMES; i++) {
        *b = (struct sembuf){0, -1, SEM_UNDO};
        must(semop(sem, b, 1), "semop");
        p->count++;
        b->sem_op = 1;
        must(semop(sem, b, 1), "semop");
    }
}
static void inside(char **a) { counted(add_inside); }
static void through_calls(char **a)
{
    prepare();
    int fds[2];
    pipe(fds);
    memset(p, 0, 4096);
    strcpy((char *)p + 100, "by the kernel\n");
    must(write(fds[1], (char *)p + 100, 14), "write");
    must(read(fds[0], (char *)p + 200, 14), "read");
    struct iovec v[] = {{(char *)p + 200, 3}, {(char *)p + 203, 11}};
    must(writev(1, v, 2), "writev");
    printf("%s", (char *)p + 200);
    fflush(stdout);
    must(mprotect(p, 4096, PROT_READ | PROT_WRITE), "mprotect");
    children(add_guarded);
    tell();
}
static void look_then_clear(char **a)
{
    prepare();
    if (p->count != 0)
        exit(1);
    children(add_guarded);
    while (wait(0) > 0)
        ;
    int got = p->count;
    p->count = 0;
    p->count = got;
    tell();
}
static void polling(char **a)
{
    prepare();
    children(add_guarded);
    for (int left = CHILDREN; left > 0;)
        if (waitpid(-1, 0, WNOHANG) > 0)
            left--;
    tell();
}
static volatile sig_atomic_t gone;
static void on_child(int s) { gone = 1; }
static void flagged(char **a)
{
    signal(SIGCHLD, on_child);
    prepare();
    if (fork() == 0) {
        for (int i = 0; i < CHILDREN; i++)
            add_guarded(0);
        _exit(0);
    }
    while (!gone)
        ;
    tell();
}
/* A signal is taken only while it is waited for. */
static void suspended(char **a)
{
    sigset_t none, child;
    sigemptyset(&none), sigemptyset(&child), sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, 0);
    signal(SIGCHLD, on_child);
    if (fork() == 0)
        _exit(0);
    while (!gone)
        sigsuspend(&none);
    printf("12\n");
}
/* Calls that wait with a mask which lies in a segment. */
static void wait_inside(int how)
{
    sigset_t child, now;
    struct epoll_event came;
    prepare();
    sigset_t *before = (sigset_t *)(p + 1);
    sigemptyset(&child), sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, before);
    signal(SIGCHLD, on_child);
    int events = must(epoll_create1(0), "epoll_create1");
    if (fork() == 0)
        _exit(0);
    while (!gone) {
        int result = how == 0 ? sigsuspend(before) : how == 1 ? ppoll(0, 0, 0, before)
            : how == 2 ? pselect(0, 0, 0, 0, 0, before) : epoll_pwait(events, &came, 1, -1, before);
        if (result != -1 || errno != EINTR)
            printf("%d: %s\n", result, strerror(errno)), exit(1);
    }
    sigprocmask(SIG_BLOCK, 0, &now);
    must(shmctl(seg, IPC_RMID, 0), "shmctl");
    must(semctl(sem, 0, IPC_RMID), "semctl");
    printf("%d\n", 11 + sigismember(&now, SIGCHLD));
}
static void suspended_inside(char **a) { wait_inside(0); }
static void polled_inside(char **a) { wait_inside(1); }
static void selected_inside(char **a) { wait_inside(2); }
static void events_inside(char **a) { wait_inside(3); }
/* Memory that is shared without a segment. */
static void in_memory(int fd, void (*work)(int))
{
    p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    sem = must(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600), "semget");
    must(semctl(sem, 0, SETVAL, 1), "semctl");
    children(work);
    while (wait(0) > 0)
        ;
    printf("%d\n", p->count);
    semctl(sem, 0, IPC_RMID);
}
static void mapped(char **a) { in_memory(-1, add_guarded); }
static void named(char **a)
{
    int fd = must(shm_open("/turns", O_CREAT | O_RDWR, 0600), "shm_open");
    must(ftruncate(fd, 8192), "ftruncate");
    in_memory(fd, add_guarded);
    shm_unlink("/turns");
}
static void add_napping(int n) { for (int i = 0; i < TIMES; i++) { op(0, -1); int was = p->count; usleep(300); p->count = was + 1; op(0, 1); } }
static void napping(char **a) { counted(add_napping); }
static void add_looking(int n)
{
    char byte;
    struct stat file;
    int fd = must(open("/usr/bin/env", O_RDONLY), "open");
    must(read(fd, &byte, 1), "read");
    must(fstat(fd, &file), "fstat");
    must(stat("/usr/bin", &file), "stat");
    must(stat("/usr/bin/../../tmp", &file), "stat");
    close(fd);
    add_guarded(n);
}
static void looking(char **a) { counted(add_looking); }
static void *add_thread(void *n) { add_guarded(0); return 0; }
static void threads(char **a)
{
    prepare();
    pthread_t t[CHILDREN];
    for (int n = 0; n < CHILDREN; n++)
        pthread_create(&t[n], 0, add_thread, 0);
    for (int n = 0; n < CHILDREN; n++)
        pthread_join(t[n], 0);
    tell();
}
static void grandchildren(char **a)
{
    prepare();
    if (fork() == 0) {
        if (fork() == 0) {
            if (fork() == 0) {
                add_guarded(0);
                _exit(0);
            }
            add_guarded(0);
            wait(0);
            _exit(0);
        }
        add_guarded(0);
        wait(0);
        _exit(0);
    }
    wait(0);
    system("true");
    tell();
}
static void read_only(char **a)
{
    prepare();
    children(add_guarded);
    while (wait(0) > 0)
        ;
    struct place *again = shmat(seg, 0, SHM_RDONLY);
    printf("%d\n", again->count);
    fflush(stdout);
    again->count = 7;
}
static void stray(char **a)
{
    prepare();
    p->count = 1;
    *(volatile int *)16 = 1;
}
static void for_ever(char **a)
{
    prepare();
    if (fork() == 0)
        for (;;)
            if (p->other)
                _exit(0);
    wait(0);
}
static void alone(char **a)
{
    prepare();
    for (int i = 0; i < TIMES; i++)
        p->count++;
    tell();
}
static void killed(char **a)
{
    prepare();
    if (fork() == 0)
        for (;;)
            p->other++;
    while (p->other < 20)
        ;
    kill(0, SIGKILL);
}
static void stopped(char **a)
{
    prepare();
    int child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        add_guarded(0);
        _exit(0);
    }
    waitpid(child, 0, WUNTRACED);
    kill(child, SIGCONT);
    tell();
}

/* -- wrong -- */
static void add_plainly(int n) { for (int i = 0; i < TIMES; i++) p->count++; }
static void plain(char **a) { counted(add_plainly); }
#ifdef __x86_64__
static void add_at_once(int n) { for (int i = 0; i < TIMES; i++) __asm__ volatile("addl $1, %0" : "+m"(p->count)); }
#else
static void add_at_once(int n) { add_plainly(n); }
#endif
static void at_once(char **a) { counted(add_at_once); }
static void add_sum(int n) { int sum = p->count; for (int i = 0; i < TIMES; i++) sum++; p->count = sum; }
static void sum(char **a) { counted(add_sum); }
static void mapped_plain(char **a) { in_memory(-1, add_plainly); }
/* The child's signal may come before there is a handler for it, and before it is blocked: it ends the program. */
static void signalled(void (*late)(void))
{
    pid_t parent = getpid();
    if (fork() == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    late();
    wait(0);
    printf("12\n");
}
static void install(void) { signal(SIGUSR1, on_child); }
static void installed_late(char **a) { signalled(install); }
static void block(void) { sigset_t one; sigemptyset(&one), sigaddset(&one, SIGUSR1), sigprocmask(SIG_BLOCK, &one, 0); }
static void blocked_late(char **a) { signalled(block); }
static void nothing(void) {}
static void installed_first(char **a) { install(); signalled(nothing); }
static void blocked_first(char **a) { block(); signalled(nothing); }
/* The child may end between the look and the wait. */
static void paused(char **a)
{
    signal(SIGCHLD, on_child);
    if (fork() == 0)
        _exit(0);
    while (!gone)
        pause();
    printf("12\n");
}
static void add_early(int n) { for (int i = 0; i < TIMES; i++) { op(0, -1); int was = p->count; op(0, 1); p->count = was + 1; } }
static void early(char **a) { counted(add_early); }
static void add_late(int n) { for (int i = 0; i < TIMES; i++) { int was = p->count; op(0, -1); p->count = was + 1; op(0, 1); } }
static void late(char **a) { counted(add_late); }
static void add_two(int n) { for (int i = 0; i < TIMES; i++) { op(n & 1, -1); p->count++; op(n & 1, 1); } }
static void two(char **a) { counted(add_two); }
static void add_initialised(int n) { must(semctl(sem, 0, SETVAL, 1), "semctl"); add_guarded(n); }
static void initialised(char **a) { counted(add_initialised); }
static void add_cleared(int n) { op(0, -1); p->count = 0; op(0, 1); add_guarded(n); }
static void cleared(char **a) { counted(add_cleared); }
static void add_atomic_parts(int n) { for (int i = 0; i < TIMES; i++) __atomic_store_n(&p->count, __atomic_load_n(&p->count, __ATOMIC_SEQ_CST) + 1, __ATOMIC_SEQ_CST); }
static void atomic_parts(char **a) { counted(add_atomic_parts); }
static void *add_thread_plainly(void *n) { add_plainly(0); return 0; }
static void threads_plain(char **a)
{
    prepare();
    pthread_t t[CHILDREN];
    for (int n = 0; n < CHILDREN; n++)
        pthread_create(&t[n], 0, add_thread_plainly, 0);
    for (int n = 0; n < CHILDREN; n++)
        pthread_join(t[n], 0);
    tell();
}

/* -- ways round the watch -- */
/* The same pages at a second address. */
static void second_window(char **a)
{
    prepare();
    struct place *other = mremap(p, 0, 8192, MREMAP_MAYMOVE);
    must(mprotect(other, 8192, PROT_READ | PROT_WRITE), "mprotect");
    p = other;
    children(add_plainly);
    tell();
}
static void moved_window(char **a)
{
    prepare();
    p = mremap(p, 8192, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)p - (64 << 20));
    must(mprotect(p, 4096, PROT_READ | PROT_WRITE), "mprotect");
    children(add_plainly);
    tell();
}
/* Attached once more, over itself. */
static void replaced_window(char **a)
{
    prepare();
    if (shmat(seg, (void *)p, SHM_REMAP) != (void *)p)
        exit(99);
    children(add_plainly);
    tell();
}
/* The kernel reads and writes in the program's stead. */
static void add_by_calls(int n)
{
    int out[2], in[2], value;
    must(pipe(out), "pipe"), must(pipe(in), "pipe");
    for (int i = 0; i < TIMES; i++) {
        must(write(out[1], (int *)&p->count, 4), "write");
        must(read(out[0], &value, 4), "read");
        value++;
        must(write(in[1], &value, 4), "write");
        must(read(in[0], (int *)&p->count, 4), "read");
    }
}
static void by_calls(char **a) { counted(add_by_calls); }
/* Reads more than it writes. */
static void add_by_pieces(int n)
{
    for (int i = 0; i < TIMES; i++) {
        volatile long *both = (long *)&p->count;
        int value = *both;
        p->count = value + 1;
    }
}
static void by_pieces(char **a) { counted(add_by_pieces); }
static void add_by_own_memory(int n)
{
    int memory = open("/proc/self/mem", O_RDWR), value;
    for (int i = 0; i < TIMES; i++) {
        pread(memory, &value, 4, (off_t)&p->count);
        value++;
        pwrite(memory, &value, 4, (off_t)&p->count);
    }
}
static void by_own_memory(char **a) { counted(add_by_own_memory); }
static int sibling(void *a) { return 0; }
static void by_siblings(char **a)
{
    static char stack[1 << 16];
    long child = clone(sibling, stack + sizeof stack, CLONE_VM | SIGCHLD, 0);
    printf("%s\n", child < 0 ? "refused" : "GOT a process with the same memory");
}
static void goes_on(char **a) { printf("goes on\n"); }
static void unreadable(char **a)
{
    const char *copy = "./copy";
    char bytes[1 << 16];
    int from = must(open("/proc/self/exe", O_RDONLY), "exe"), to = must(creat(copy, 0111), "copy"), n;
    while ((n = read(from, bytes, sizeof bytes)) > 0)
        must(write(to, bytes, n), "write");
    close(to);
    must(execl(copy, "copy", "goes-on", (char *)0), "execl");
}
static void undumpable(char **a)
{
    int refused = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    printf("%s\n", refused < 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? "refused" : "GOT undumpable");
}
/* One thread waits in a call that points into the segment; another one of its process uses that. */
static int never[2];
static void *waits_inside(void *a)
{
    read(never[0], (char *)p + 100, 1);
    return 0;
}
static void add_beside(int n)
{
    pthread_t thread;
    must(pipe(never), "pipe");
    pthread_create(&thread, 0, waits_inside, 0);
    for (int i = 0; i < 3; i++)
        sched_yield(), sleep_ms(2);
    add_plainly(n);
    _exit(0);
}
static void beside(char **a) { counted(add_beside); }

static const struct act acts[] = {
    {"guarded", guarded}, {"looking", looking}, {"without-undo", without_undo}, {"whole", whole}, {"atomic", atomic}, {"compared", compared}, {"at-end", at_end},
    {"structure", structure}, {"own-attach", own_attach}, {"spinning", spinning}, {"yielding", yielding},
    {"second-window", second_window}, {"moved-window", moved_window}, {"replaced-window", replaced_window},
    {"by-calls", by_calls}, {"by-pieces", by_pieces}, {"by-own-memory", by_own_memory}, {"by-siblings", by_siblings},
    {"unreadable", unreadable}, {"undumpable", undumpable}, {"goes-on", goes_on}, {"beside", beside},
    {"in-turn", in_turn}, {"mutex", mutex}, {"posix", posix}, {"tokens", tokens}, {"inside", inside},
    {"through-calls", through_calls}, {"look-then-clear", look_then_clear}, {"polling", polling},
    {"flagged", flagged}, {"napping", napping}, {"threads", threads}, {"suspended", suspended}, {"suspended-inside", suspended_inside}, {"polled-inside", polled_inside}, {"selected-inside", selected_inside}, {"events-inside", events_inside}, {"mapped", mapped}, {"named", named}, {"mapped-plain", mapped_plain}, {"paused", paused}, {"installed-late", installed_late}, {"blocked-late", blocked_late}, {"installed-first", installed_first}, {"blocked-first", blocked_first}, {"grandchildren", grandchildren},
    {"read-only", read_only}, {"stray", stray}, {"for-ever", for_ever}, {"killed", killed}, {"alone", alone}, {"stopped", stopped},
    {"plain", plain}, {"at-once", at_once}, {"sum", sum}, {"early", early}, {"late", late}, {"two", two},
    {"initialised", initialised}, {"cleared", cleared}, {"atomic-parts", atomic_parts},
    {"threads-plain", threads_plain}, {0}};
PLAY(acts)
