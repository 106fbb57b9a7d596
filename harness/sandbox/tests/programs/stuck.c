/* Waits that nobody will ever end, and waits that only look like it. */
#include "common.h"

static int tcp_taken(void) { return must(accept(listening(AF_INET, SOCK_STREAM), 0, 0), "accept"); }
static void forever(void)
{
    for (;;)
        pause();
}

/* -- nobody will end these -- */
static void recv_server(char **a) { recv(tcp_taken(), (char[9]){0}, 9, 0); }
static void recv_client(char **a) { recv(connected(AF_INET, SOCK_STREAM), (char[9]){0}, 9, 0); }
static void accept_twice(char **a)
{
    int s = listening(AF_INET, SOCK_STREAM);
    accept(s, 0, 0);
    accept(s, 0, 0);
}
static void connect_once(char **a) { connected(AF_INET, SOCK_STREAM); }
static void udp_recv(char **a) { recv(bound(AF_INET, SOCK_DGRAM), (char[9]){0}, 9, 0); }
static void sem_op(char **a)
{
    int id = must(semget(IPC_PRIVATE, 1, 0600), "semget");
    struct sembuf down = {0, -1, 0};
    semop(id, &down, 1);
}
static void posix_sem(char **a)
{
    sem_t *s = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(s, 1, 0);
    if (fork() == 0)
        exit(0);
    wait(0);
    sem_wait(s);
}
static void mutex(char **a)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&m);
    pthread_mutex_lock(&m);
}
static void *lock_both(void *locks)
{
    pthread_mutex_t **l = locks;
    pthread_mutex_lock(l[0]);
    pthread_barrier_wait((void *)l[2]);
    pthread_mutex_lock(l[1]);
    return 0;
}
/* Two threads, two locks, in two orders; the main thread waits for one of them. */
static void lock_order(char **a)
{
    pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;
    pthread_barrier_t both;
    pthread_barrier_init(&both, 0, 2);
    void *first[] = {&one, &two, &both}, *second[] = {&two, &one, &both};
    pthread_t t, u;
    pthread_create(&t, 0, lock_both, first);
    pthread_create(&u, 0, lock_both, second);
    pthread_join(t, 0);
}
static void *wait_for_ever(void *a)
{
    forever();
    return 0;
}
static void join(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, wait_for_ever, 0);
    pthread_join(t, 0);
}
static void condition(char **a)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&m);
    pthread_cond_wait(&c, &m);
}
static void own_pipe(char **a)
{
    int p[2];
    must(pipe(p), "pipe");
    read(p[0], (char[9]){0}, 9);
}
static void full_pipe(char **a)
{
    static char much[1 << 20];
    int p[2];
    must(pipe(p), "pipe");
    write(p[1], much, sizeof much);
}
/* The classic: the parent keeps the writing end open, so its child never sees the end. */
static void kept_end(char **a)
{
    int p[2];
    must(pipe(p), "pipe");
    if (fork() == 0) {
        close(p[1]);
        while (read(p[0], (char[9]){0}, 9) > 0)
            ;
        exit(0);
    }
    write(p[1], "x", 1);
    wait(0);
}
/* What it reads from ends only when its parent does. */
static void kept_end_said(char **a)
{
    int p[2];
    must(pipe(p), "pipe");
    if (fork() == 0) {
        close(p[1]);
        while (read(p[0], (char[9]){0}, 9) > 0)
            ;
        sleep_ms(30);
        puts("end of file");
        exit(0);
    }
    wait(0);
}
static void waiting_child(char **a)
{
    if (fork() == 0)
        forever();
    wait(0);
}
static void waitid_child(char **a)
{
    siginfo_t info;
    if (fork() == 0)
        forever();
    waitid(P_ALL, 0, &info, WEXITED);
}
static void stop_self(char **a) { raise(SIGSTOP); }
static void stopped_child(char **a)
{
    if (fork() == 0)
        raise(SIGSTOP);
    wait(0);
}
static void vforked(char **a)
{
    if (vfork() == 0)
        forever();
}
static void queue(char **a)
{
    int id = must(msgget(IPC_PRIVATE, 0600), "msgget");
    struct { long kind; char text[9]; } m;
    msgrcv(id, &m, 9, 0, 0);
}
static void posix_queue(char **a)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 9};
    mqd_t q = must(mq_open("/ipclab_stuck", O_CREAT | O_RDWR, 0600, &attr), "mq_open");
    mq_unlink("/ipclab_stuck");
    mq_receive(q, (char[9]){0}, 9, 0);
}
static void poll_ever(char **a)
{
    struct pollfd p = {bound(AF_INET, SOCK_DGRAM), POLLIN};
    poll(&p, 1, -1);
}
/* Interrupted by a signal that nothing handles: the kernel goes on with the call as restart_syscall(2). */
static void poll_past_child(char **a)
{
    struct pollfd p = {bound(AF_INET, SOCK_DGRAM), POLLIN};
    if (fork() == 0) {
        char path[40], state = 0;
        sprintf(path, "/proc/%d/stat", (int)getppid());
        while (state != 'S') {
            FILE *f = fopen(path, "r");
            if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
                exit(1);
            fclose(f);
        }
        exit(0);
    }
    poll(&p, 1, -1);
}
static void select_ever(char **a)
{
    fd_set set;
    FD_ZERO(&set);
    int s = bound(AF_INET, SOCK_DGRAM);
    FD_SET(s, &set);
    select(s + 1, &set, 0, 0, 0);
}
static void epoll_ever(char **a)
{
    struct epoll_event e = {.events = EPOLLIN};
    int p = epoll_create1(0);
    epoll_ctl(p, EPOLL_CTL_ADD, bound(AF_INET, SOCK_DGRAM), &e);
    epoll_wait(p, &e, 1, -1);
}
static void event(char **a) { read(eventfd(0, 0), (char[9]){0}, 8); }
static void stdin_silent(char **a) { read(0, (char[9]){0}, 9); }
static void reads_terminal(char **a) { read(1, (char[9]){0}, 9); }
static void suspend(char **a)
{
    sigset_t none;
    sigemptyset(&none);
    sigsuspend(&none);
}
static void sig_wait(char **a)
{
    int got;
    sigset_t one;
    sigemptyset(&one), sigaddset(&one, SIGUSR1), sigprocmask(SIG_BLOCK, &one, 0);
    sigwait(&one, &got);
}
static void file_lock(char **a)
{
    int p[2], f = must(open("/tmp/ipclab_test_lock", O_CREAT | O_RDWR, 0600), "open");
    must(pipe(p), "pipe");
    if (fork() == 0) {
        f = must(open("/tmp/ipclab_test_lock", O_RDWR), "open");
        flock(f, LOCK_EX);
        write(p[1], "x", 1);
        forever();
    }
    read(p[0], (char[9]){0}, 1);
    unlink("/tmp/ipclab_test_lock");
    flock(f, LOCK_EX);
}
static void record_lock(char **a)
{
    struct flock all = {.l_type = F_WRLCK};
    int p[2], f = must(open("/tmp/ipclab_test_lock", O_CREAT | O_RDWR, 0600), "open");
    must(pipe(p), "pipe");
    if (fork() == 0) {
        fcntl(f, F_SETLKW, &all);
        write(p[1], "x", 1);
        forever();
    }
    read(p[0], (char[9]){0}, 1);
    unlink("/tmp/ipclab_test_lock");
    fcntl(f, F_SETLKW, &all);
}
static void fifo(char **a)
{
    must(mkfifo("/tmp/ipclab_test_fifo", 0600), "mkfifo");
    open("/tmp/ipclab_test_fifo", O_RDONLY);
}
/* Both ways at once, so that it opens, and nothing comes. */
static void read_fifo(char **a)
{
    must(mkfifo("/tmp/ipclab_test_fifo", 0600), "mkfifo");
    int f = must(open("/tmp/ipclab_test_fifo", O_RDWR), "open");
    unlink("/tmp/ipclab_test_fifo");
    read(f, (char[9]){0}, 9);
}
/* A stream into which more is written than everybody together takes in. */
static void unread_unix(char **a)
{
    static char much[8 << 20];
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    write(pair[0], much, sizeof much);
}
static void unread_tcp(char **a)
{
    static char much[16 << 20];
    if (a[0])
        write(connected(AF_INET, SOCK_STREAM), much, sizeof much);
    else {
        tcp_taken();
        forever();
    }
}
/* The queue of a Unix listener is full, and nobody accepts. */
static void backlog(char **a)
{
    int s = bound(AF_UNIX, SOCK_STREAM);
    must(listen(s, 0), "listen");
    connected(AF_UNIX, SOCK_STREAM);
    connected(AF_UNIX, SOCK_STREAM);
}
static void *recv_in_thread(void *s)
{
    recv((long)s, (char[9]){0}, 9, 0);
    return 0;
}
/* The first thread is gone; what is left of the process waits. */
static void leaderless(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, recv_in_thread, (void *)(long)bound(AF_INET, SOCK_DGRAM));
    pthread_exit(0);
}
static void handled(int signal) {}
/* A timer that was armed and has fired ends nothing any more. */
static void spent_alarm(char **a)
{
    struct itimerval soon = {.it_value = {0, 20000}};
    signal(SIGALRM, handled);
    setitimer(ITIMER_REAL, &soon, 0);
    pause();
    pause();
}
static void disarmed_alarm(char **a)
{
    alarm(100);
    alarm(0);
    pause();
}

/* -- these end by themselves -- */
static void nap(char **a) { sleep(1); }
static void poll_time(char **a) { poll(0, 0, 300); }
static void select_time(char **a)
{
    struct timeval t = {0, 300000};
    select(0, 0, 0, 0, &t);
}
static void alarm_pause(char **a)
{
    signal(SIGALRM, handled);
    alarm(1);
    pause();
}
static void interval(char **a)
{
    struct itimerval soon = {{0, 60000}, {0, 60000}};
    signal(SIGALRM, handled);
    setitimer(ITIMER_REAL, &soon, 0);
    for (int n = 0; n < 4; n++)
        pause();
}
static void posix_timer(char **a)
{
    timer_t t;
    struct itimerspec soon = {.it_value = {0, 200000000}};
    signal(SIGALRM, handled);
    must(timer_create(CLOCK_REALTIME, 0, &t), "timer_create");
    must(timer_settime(t, 0, &soon, 0), "timer_settime");
    pause();
}
static void timer_fd(char **a)
{
    struct itimerspec soon = {.it_value = {0, 200000000}};
    int t = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
    must(timerfd_settime(t, 0, &soon, 0), "timerfd_settime");
    must(read(t, (char[9]){0}, 8), "read");
}
static void timer_fd_polled(char **a)
{
    struct itimerspec soon = {.it_value = {0, 200000000}};
    int t = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
    must(timerfd_settime(t, 0, &soon, 0), "timerfd_settime");
    struct pollfd p = {t, POLLIN};
    poll(&p, 1, -1);
}
static void receive_timeout(char **a)
{
    struct timeval t = {0, 300000};
    int s = bound(AF_INET, SOCK_DGRAM);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    if (recv(s, (char[9]){0}, 9, 0) >= 0 || errno != EAGAIN)
        exit(98);
}
static void accept_timeout(char **a)
{
    struct timeval t = {0, 300000};
    int s = listening(AF_INET, SOCK_STREAM);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    if (accept(s, 0, 0) >= 0 || errno != EAGAIN)
        exit(98);
}
static void send_timeout(char **a)
{
    static char much[8 << 20];
    struct timeval t = {0, 300000};
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    write(pair[0], much, sizeof much);
    if (write(pair[0], much, sizeof much) >= 0 || errno != EAGAIN)
        exit(98);
}
static void condition_time(char **a)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 1;
    pthread_mutex_lock(&m);
    if (pthread_cond_timedwait(&c, &m, &t) != ETIMEDOUT)
        exit(98);
}
static void sem_time(char **a)
{
    int id = must(semget(IPC_PRIVATE, 1, 0600), "semget");
    struct sembuf down = {0, -1, 0};
    struct timespec t = {0, 300000000};
    if (semtimedop(id, &down, 1, &t) >= 0 || errno != EAGAIN)
        exit(98);
    semctl(id, 0, IPC_RMID);
}
static void *compute(void *a)
{
    compute_ms(300);
    return 0;
}
static void computing_thread(char **a)
{
    pthread_t t;
    pthread_create(&t, 0, compute, 0);
    pthread_join(t, 0);
}
static void computing_child(char **a)
{
    if (fork() == 0) {
        compute_ms(300);
        exit(0);
    }
    wait(0);
}
static void child_signal(char **a)
{
    signal(SIGCHLD, handled);
    sigset_t chld, none;
    sigemptyset(&none), sigemptyset(&chld), sigaddset(&chld, SIGCHLD), sigprocmask(SIG_BLOCK, &chld, 0);
    if (fork() == 0) {
        compute_ms(200);
        exit(0);
    }
    sigsuspend(&none);
}
static void continued(char **a)
{
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        exit(7);
    }
    int status;
    waitpid(child, &status, WUNTRACED);
    sleep_ms(200);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) != 7)
        exit(98);
}
static void vforked_sleep(char **a)
{
    if (vfork() == 0) {
        execl("/bin/sleep", "sleep", "0.3", (char *)0);
        _exit(97);
    }
    wait(0);
}
static void piped_sleep(char **a)
{
    FILE *p = popen("sleep 0.3; echo woken", "r");
    char line[99];
    if (!fgets(line, 99, p) || strcmp(line, "woken\n") || pclose(p))
        exit(98);
}
/* A FIFO whose other end is late. */
static void late_fifo(char **a)
{
    char text[9];
    must(mkfifo("/tmp/ipclab_test_fifo", 0600), "mkfifo");
    if (fork() == 0) {
        sleep_ms(200);
        int f = must(open("/tmp/ipclab_test_fifo", O_WRONLY), "open");
        sleep_ms(200);
        must(write(f, "late", 4), "write");
        exit(0);
    }
    int f = must(open("/tmp/ipclab_test_fifo", O_RDONLY), "open");
    if (read(f, text, 9) != 4)
        exit(98);
    unlink("/tmp/ipclab_test_fifo");
    wait(0);
}
/* Takes its input with a rest after each spoonful. */
static void slow_reader(char **a)
{
    static char spoon[4096];
    long all = 0, got;
    while ((got = read(0, spoon, sizeof spoon)) > 0) {
        all += got;
        sleep_ms(3);
    }
    printf("%ld\n", all);
}
static void slow_echo(char **a)
{
    char b;
    int c = tcp_taken();
    while (recv(c, &b, 1, 0) > 0)
        sleep_ms(40), send(c, &b, 1, 0);
}
static void ping(char **a)
{
    char b = 'x';
    int s = connected(AF_INET, SOCK_STREAM);
    for (int n = 0; n < 6; n++)
        must(send(s, &b, 1, 0), "send"), must(recv(s, &b, 1, 0), "recv");
}
/* As fast as they can: at every moment one of the two is just being woken. */
static void fast_echo(char **a)
{
    char b;
    int c = tcp_taken();
    while (recv(c, &b, 1, 0) > 0)
        send(c, &b, 1, 0);
}
static void fast_ping(char **a)
{
    char b = 'x';
    int s = connected(AF_INET, SOCK_STREAM), one = 1;
    for (int n = 0; n < 2000; n++)
        must(send(s, &b, 1, 0), "send"), must(recv(s, &b, 1, 0), "recv");
}
/* Semaphores and shared memory alone: nothing that a packet could be seen of. */
static void relay(char **a)
{
    int id = must(semget(IPC_PRIVATE, 2, 0600), "semget");
    struct sembuf mine = {0, -1, 0}, yours = {1, 1, 0};
    if (fork() == 0)
        for (;;) {
            struct sembuf wait_for = {1, -1, 0}, give = {0, 1, 0};
            if (semop(id, &wait_for, 1) < 0)
                exit(0);
            semop(id, &give, 1);
        }
    for (int n = 0; n < 1000; n++)
        must(semop(id, &yours, 1), "semop"), must(semop(id, &mine, 1), "semop");
    must(semctl(id, 0, IPC_RMID), "semctl");
    wait(0);
}

/* Each way of waiting for another thread. */
static void in_function(char **a)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
    pthread_barrier_t barrier;
    sem_t sem;
    pthread_t t;
    if (strcmp(a[0], "sem_wait") == 0) {
        sem_init(&sem, 0, 0);
        sem_wait(&sem);
    } else if (strcmp(a[0], "pthread_barrier_wait") == 0) {
        pthread_barrier_init(&barrier, 0, 2);
        pthread_barrier_wait(&barrier);
    } else if (strcmp(a[0], "pthread_cond_wait") == 0) {
        pthread_mutex_lock(&m);
        pthread_cond_wait(&c, &m);
    } else if (strcmp(a[0], "pthread_mutex_lock") == 0) {
        pthread_mutex_lock(&m);
        pthread_mutex_lock(&m);
    } else if (strcmp(a[0], "pthread_rwlock_rdlock") == 0) {
        pthread_rwlock_wrlock(&rw);
        pthread_create(&t, 0, (void *(*)(void *))pthread_rwlock_rdlock, &rw);
        pthread_join(t, 0);
    } else if (strcmp(a[0], "pthread_join") == 0) {
        pthread_create(&t, 0, wait_for_ever, 0);
        pthread_join(t, 0);
    }
}

static const struct act acts[] = {
    {"recv-server", recv_server}, {"recv-client", recv_client}, {"accept-twice", accept_twice},
    {"connect-once", connect_once}, {"udp-recv", udp_recv}, {"semop", sem_op}, {"posix-sem", posix_sem},
    {"in-function", in_function}, {"mutex", mutex}, {"lock-order", lock_order}, {"join", join}, {"condition", condition},
    {"own-pipe", own_pipe}, {"full-pipe", full_pipe}, {"kept-end", kept_end}, {"kept-end-said", kept_end_said}, {"waiting-child", waiting_child},
    {"waitid-child", waitid_child}, {"stop-self", stop_self}, {"stopped-child", stopped_child},
    {"vforked", vforked}, {"queue", queue}, {"posix-queue", posix_queue}, {"poll", poll_ever},
    {"poll-past-child", poll_past_child},
    {"select", select_ever}, {"epoll", epoll_ever}, {"event", event}, {"stdin", stdin_silent},
    {"terminal", reads_terminal}, {"suspend", suspend}, {"sigwait", sig_wait}, {"file-lock", file_lock},
    {"record-lock", record_lock}, {"fifo", fifo}, {"read-fifo", read_fifo}, {"unread-unix", unread_unix}, {"unread-tcp", unread_tcp},
    {"backlog", backlog}, {"leaderless", leaderless}, {"spent-alarm", spent_alarm},
    {"disarmed-alarm", disarmed_alarm},
    {"nap", nap}, {"poll-time", poll_time}, {"select-time", select_time}, {"alarm-pause", alarm_pause},
    {"interval", interval}, {"posix-timer", posix_timer}, {"timer-fd", timer_fd},
    {"timer-fd-polled", timer_fd_polled}, {"receive-timeout", receive_timeout},
    {"accept-timeout", accept_timeout}, {"send-timeout", send_timeout}, {"condition-time", condition_time},
    {"sem-time", sem_time}, {"computing-thread", computing_thread}, {"computing-child", computing_child},
    {"child-signal", child_signal}, {"continued", continued}, {"vforked-sleep", vforked_sleep},
    {"piped-sleep", piped_sleep}, {"slow-reader", slow_reader}, {"slow-echo", slow_echo}, {"ping", ping},
    {"fast-echo", fast_echo}, {"fast-ping", fast_ping}, {"relay", relay}, {"late-fifo", late_fifo}, {0}};
PLAY(acts)
