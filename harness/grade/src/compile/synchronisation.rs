//! Functions of the C library by which threads wait for each other, and which ThreadSanitizer does not know: C11's threads, which it
//! would not even see begin, and System V's and POSIX's queues and sets. The object that is linked to a program has these in their
//! place, so that no right program is told of a race that one of them prevents. What `read` and its relatives bring it takes for
//! written before they have waited; here it comes by way of a buffer of their own.
//!
//! C11's are made of the POSIX ones, as both C libraries make them: `mtx_t` and `cnd_t` have room for theirs. A call on a queue or a
//! set comes behind every one before it, whichever it is about: that hides a race where two have nothing to do with each other, and
//! invents none.

/// The source of these functions.
pub(super) fn source() -> String {
    let numbers = [
        ("SEMOP", nix::libc::SYS_semop),
        ("SEMTIMEDOP", nix::libc::SYS_semtimedop),
        ("MSGSND", nix::libc::SYS_msgsnd),
        ("MSGRCV", nix::libc::SYS_msgrcv),
        ("MQ_TIMEDSEND", nix::libc::SYS_mq_timedsend),
        ("MQ_TIMEDRECEIVE", nix::libc::SYS_mq_timedreceive),
    ];
    let numbers = numbers.map(|(name, number)| format!("IPCLAB_{name} = {number}"));
    format!("enum {{ {} }};\n{FUNCTIONS}", numbers.join(", "))
}

/// In C and in C++, within `extern "C"`. A submission's own functions of these names
/// count. Numbers are those of `threads.h`, of which name a submission might have a file.
const FUNCTIONS: &str = r#"
typedef unsigned long ipclab_size;
extern void *malloc(ipclab_size);
extern void free(void *);
extern void *memcpy(void *, const void *, ipclab_size);
extern long syscall(long, ...);
extern void *dlsym(void *, const char *) __attribute__((weak));
extern int pthread_create(unsigned long *, const void *, void *(*)(void *), void *);
extern int pthread_join(unsigned long, void **);
extern int pthread_detach(unsigned long);
extern void pthread_exit(void *) __attribute__((noreturn));
extern int pthread_once(void *, void (*)(void));
extern int pthread_mutex_init(void *, const void *);
extern int pthread_mutex_lock(void *);
extern int pthread_mutex_trylock(void *);
extern int pthread_mutex_timedlock(void *, const void *);
extern int pthread_mutex_unlock(void *);
extern int pthread_mutex_destroy(void *);
extern int pthread_mutexattr_init(void *);
extern int pthread_mutexattr_settype(void *, int);
extern int pthread_cond_init(void *, const void *);
extern int pthread_cond_signal(void *);
extern int pthread_cond_broadcast(void *);
extern int pthread_cond_wait(void *, void *);
extern int pthread_cond_timedwait(void *, void *, const void *);
extern int pthread_cond_destroy(void *);

#define OURS __attribute__((weak))
enum { IPCLAB_DONE = 0, IPCLAB_BUSY = 1, IPCLAB_FAILED = 2, IPCLAB_NO_MEMORY = 3, IPCLAB_TIMED_OUT = 4 };

static int ipclab_result(int error)
{
    switch (error) {
    case 0: return IPCLAB_DONE;
    case 16: return IPCLAB_BUSY;
    case 12: return IPCLAB_NO_MEMORY;
    case 110: return IPCLAB_TIMED_OUT;
    default: return IPCLAB_FAILED;
    }
}

struct ipclab_start {
    int (*function)(void *);
    void *argument;
};

static void *ipclab_begin(void *given)
{
    struct ipclab_start start = *(struct ipclab_start *)given;
    free(given);
    return (void *)(long)start.function(start.argument);
}

OURS int thrd_create(unsigned long *made, int (*function)(void *), void *argument)
{
    struct ipclab_start *start = (struct ipclab_start *)malloc(sizeof *start);
    if (!start)
        return IPCLAB_NO_MEMORY;
    start->function = function;
    start->argument = argument;
    int error = pthread_create(made, 0, ipclab_begin, start);
    if (error)
        free(start);
    return error == 11 ? IPCLAB_NO_MEMORY : ipclab_result(error);
}

OURS int thrd_join(unsigned long thread, int *result)
{
    void *returned = 0;
    int error = pthread_join(thread, &returned);
    if (!error && result)
        *result = (int)(long)returned;
    return ipclab_result(error);
}

OURS int thrd_detach(unsigned long thread) { return ipclab_result(pthread_detach(thread)); }
OURS void thrd_exit(int result) { pthread_exit((void *)(long)result); }
OURS void call_once(void *flag, void (*function)(void)) { pthread_once(flag, function); }

OURS int mtx_init(void *mutex, int type)
{
    long attributes[8] = {0};
    pthread_mutexattr_init(attributes);
    pthread_mutexattr_settype(attributes, type & 1);
    return ipclab_result(pthread_mutex_init(mutex, attributes));
}

OURS int mtx_lock(void *mutex) { return ipclab_result(pthread_mutex_lock(mutex)); }
OURS int mtx_trylock(void *mutex) { return ipclab_result(pthread_mutex_trylock(mutex)); }
OURS int mtx_timedlock(void *mutex, const void *until) { return ipclab_result(pthread_mutex_timedlock(mutex, until)); }
OURS int mtx_unlock(void *mutex) { return ipclab_result(pthread_mutex_unlock(mutex)); }
OURS void mtx_destroy(void *mutex) { pthread_mutex_destroy(mutex); }
OURS int cnd_init(void *condition) { return ipclab_result(pthread_cond_init(condition, 0)); }
OURS int cnd_signal(void *condition) { return ipclab_result(pthread_cond_signal(condition)); }
OURS int cnd_broadcast(void *condition) { return ipclab_result(pthread_cond_broadcast(condition)); }
OURS int cnd_wait(void *condition, void *mutex) { return ipclab_result(pthread_cond_wait(condition, mutex)); }
OURS int cnd_timedwait(void *condition, void *mutex, const void *until)
{
    return ipclab_result(pthread_cond_timedwait(condition, mutex, until));
}
OURS void cnd_destroy(void *condition) { pthread_cond_destroy(condition); }

/* The sanitizer takes what a call brings for written before what that waited for: here it is written behind it. */
typedef long (*ipclab_receive)(int, void *, ipclab_size, int, void *, void *);

static long ipclab_received(const char *name, int fd, void *bytes, ipclab_size count, int flags, void *from, void *length)
{
    ipclab_receive next = (ipclab_receive)dlsym((void *)-1L, name);
    char some[512];
    char *place = count <= sizeof some ? some : (char *)malloc(count);
    if (!place)
        return next(fd, bytes, count, flags, from, length);
    long result = next(fd, place, count, flags, from, length);
    if (result > 0)
        memcpy(bytes, place, (ipclab_size)result < count ? (ipclab_size)result : count);
    if (place != some)
        free(place);
    return result;
}

OURS long read(int fd, void *bytes, ipclab_size count) { return ipclab_received("read", fd, bytes, count, 0, 0, 0); }
OURS long recv(int fd, void *bytes, ipclab_size count, int flags)
{
    return ipclab_received("recv", fd, bytes, count, flags, 0, 0);
}
OURS long recvfrom(int fd, void *bytes, ipclab_size count, int flags, void *from, void *length)
{
    return ipclab_received("recvfrom", fd, bytes, count, flags, from, length);
}

static int ipclab_order;
#define ORDERED(call) \
    do { \
        __atomic_fetch_add(&ipclab_order, 1, __ATOMIC_ACQ_REL); \
        long result = (call); \
        __atomic_fetch_add(&ipclab_order, 1, __ATOMIC_ACQ_REL); \
        return result; \
    } while (0)

OURS int semop(int set, void *steps, ipclab_size count) { ORDERED(syscall(IPCLAB_SEMOP, set, steps, count)); }
OURS int semtimedop(int set, void *steps, ipclab_size count, const void *time)
{
    ORDERED(syscall(IPCLAB_SEMTIMEDOP, set, steps, count, time));
}
OURS int msgsnd(int queue, const void *message, ipclab_size bytes, int flags)
{
    ORDERED(syscall(IPCLAB_MSGSND, queue, message, bytes, flags));
}
OURS long msgrcv(int queue, void *message, ipclab_size bytes, long type, int flags)
{
    ORDERED(syscall(IPCLAB_MSGRCV, queue, message, bytes, type, flags));
}
OURS int mq_timedsend(int queue, const char *message, ipclab_size bytes, unsigned priority, const void *until)
{
    ORDERED(syscall(IPCLAB_MQ_TIMEDSEND, queue, message, bytes, priority, until));
}
OURS int mq_send(int queue, const char *message, ipclab_size bytes, unsigned priority)
{
    ORDERED(syscall(IPCLAB_MQ_TIMEDSEND, queue, message, bytes, priority, 0L));
}
OURS long mq_timedreceive(int queue, char *message, ipclab_size bytes, unsigned *priority, const void *until)
{
    ORDERED(syscall(IPCLAB_MQ_TIMEDRECEIVE, queue, message, bytes, priority, until));
}
OURS long mq_receive(int queue, char *message, ipclab_size bytes, unsigned *priority)
{
    ORDERED(syscall(IPCLAB_MQ_TIMEDRECEIVE, queue, message, bytes, priority, 0L));
}
"#;
