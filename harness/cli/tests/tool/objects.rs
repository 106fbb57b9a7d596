//! The kernel's objects: what only they can tell of a wrong program, and right programs in other styles.

use super::one_case;

const HEADERS: &str = "#include <fcntl.h>\n#include <signal.h>\n#include <spawn.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
    #include <string.h>\n#include <sys/ipc.h>\n#include <sys/msg.h>\n#include <sys/socket.h>\n#include <sys/stat.h>\n#include <sys/un.h>\n#include <sys/wait.h>\n\
    #include <unistd.h>\nextern char **environ;\n";

/// The findings of each program that does this and did not pass have these words; none did not, where there are none. The first of
/// them is the reference.
#[track_caller]
fn check(expectations: &str, programs: &[(&str, &str)]) {
    check_with("", expectations, programs);
}

/// The same with this before `main()`.
#[track_caller]
fn check_with(before: &str, expectations: &str, programs: &[(&str, &str)]) {
    let source = |body: &str| {
        format!(
            "#define _GNU_SOURCE\n{HEADERS}{before}int main(void)\n{{\n{body}\n    return 0;\n}}\n"
        )
    };
    let spec = one_case::spec("family", "parent", expectations);
    one_case::check("family", &spec, source, programs);
}

/// A counter in a file that several processes raise: who holds which lock when, the kernel knows at each call.
#[test]
fn a_counter_in_a_file_is_raised_under_its_lock() {
    let raise = |lock: &str, unlock: &str| {
        format!(
            "int fd = open(\"/tmp/counter\", O_RDWR | O_CREAT, 0600);\
             for (int i = 0; i < 2; i++)\
                 if (fork() == 0) {{\
                     long n = 0; struct flock l = {{.l_type = F_WRLCK, .l_len = sizeof n}}; (void)l; (void)n;\
                     {lock}\
                     pread(fd, &n, sizeof n, 0); n++; pwrite(fd, &n, sizeof n, 0);\
                     {unlock}\
                     _exit(0);\
                 }}\
             while (wait(0) > 0) {{}}"
        )
    };
    let fcntl = raise(
        "fcntl(fd, F_SETLKW, &l);",
        "l.l_type = F_UNLCK; fcntl(fd, F_SETLK, &l);",
    );
    let lockf = raise("lockf(fd, F_LOCK, 0);", "lockf(fd, F_ULOCK, 0);");
    let flock = raise(
        "fd = open(\"/tmp/counter\", O_RDWR); flock(fd, LOCK_EX);",
        "flock(fd, LOCK_UN);",
    );
    let stdio = raise(
        "FILE *f = fopen(\"/tmp/counter\", \"r+\"); lockf(fileno(f), F_LOCK, 0); fputc('x', f); fflush(f);",
        "fclose(f);",
    );
    let none = raise("", "");
    let shared = raise("l.l_type = F_RDLCK; fcntl(fd, F_SETLKW, &l);", "");
    let early = raise(
        "fcntl(fd, F_SETLKW, &l); l.l_type = F_UNLCK; fcntl(fd, F_SETLK, &l);",
        "",
    );
    let other_bytes = raise("l.l_start = 1; fcntl(fd, F_SETLKW, &l);", "");
    let closed = raise(
        "fcntl(fd, F_SETLKW, &l); close(open(\"/tmp/counter\", O_RDONLY));",
        "",
    );
    let parent = format!(
        "struct flock p = {{.l_type = F_WRLCK}}; int at = open(\"/tmp/counter\", O_RDWR | O_CREAT, 0600); fcntl(at, F_SETLK, &p); {none}"
    );
    let bare = "without a lock on all of them";
    check_with(
        "#include <sys/file.h>\n",
        "[case.files.\"/tmp/counter\"]\nlocked = \"all\"\n",
        &[
            (&fcntl, ""),
            (&lockf, ""),
            (&flock, ""),
            (&stdio, ""),
            (&none, bare),
            (&shared, "under a shared lock"),
            (&early, bare),
            (&other_bytes, bare),
            (&closed, bare),
            (&parent, bare),
            ("return 0;", "is not there"),
            (
                "close(open(\"/tmp/counter\", O_RDWR | O_CREAT, 0600));",
                "never written",
            ),
        ],
    );
}

/// Whatever a student calls the file of their socket, it is one word of a peer's script, and no step of its own.
#[test]
fn a_server_at_a_path_of_its_own_choice() {
    check(
        "listens = \"unix:any\"\n[case.actor.client]\npeer = [\"connect {{parent.listens}}\", \"recv 'hello'\", \"recv EOF\"]\n\
         [case.leaves]\nmay = [\"{{parent.listens.path}}\"]\n",
        &[
            (&server("a b' to tcp:1"), ""),
            (
                "int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un a = {AF_UNIX, \"x\"}; bind(s, (void *)&a, sizeof a);",
                "bound x but never called listen()",
            ),
        ],
    );
}

/// A program that says hello to one client at this path.
fn server(path: &str) -> String {
    format!(
        "int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un a = {{AF_UNIX, \"{path}\"}}; bind(s, (void *)&a, sizeof a); \
         listen(s, 1); int c = accept(s, 0, 0); send(c, \"hello\", 5, 0); close(c);"
    )
}

#[test]
fn what_crosses_a_fifo() {
    check(
        "[case.actor.client]\npeer = [\"fifo open /tmp/req write\", \"fifo send 'hello'\", \"fifo close\"]\n\
         [case.given]\nfiles.\"/tmp/req\" = \"fifo\"\n[case.wire]\n\"client -> parent\" = { received = \"hello\" }\n",
        &[
            (
                "char b[9]; int f = open(\"/tmp/req\", O_RDONLY); while (read(f, b, 2) > 0) ;",
                "",
            ),
            (
                "char b[9]; int f = open(\"/tmp/req\", O_RDONLY); read(f, b, 2);",
                "parent received 2 bytes",
            ),
        ],
    );
}

#[test]
fn children_and_their_parents() {
    check(
        "[case.processes]\nchildren = 2\nends = [0, 3]\nzombies = 0\norphans = 0\n[case.calls]\nparent = [\"every fork() has wait()\"]\n",
        &[
            (
                "if (!fork()) _exit(0); if (!fork()) _exit(3); while (wait(0) > 0) ;",
                "",
            ),
            (
                "siginfo_t s; for (int i = 0; i < 2; i++) { pid_t p = vfork(); if (!p) _exit(3 * i); waitid(P_PID, p, &s, WEXITED); }",
                "",
            ),
            (
                "char *a[] = {\"sh\", \"-c\", \"exit 3\", 0}; pid_t p; posix_spawnp(&p, \"sh\", 0, 0, a, environ); waitpid(p, 0, 0);\
                 if (!(p = fork())) _exit(0); waitpid(p, 0, 0);",
                "",
            ),
            (
                "if (!fork()) _exit(0); if (!fork()) _exit(3); wait(0);",
                "instead of 0: process",
            ),
            (
                "if (!fork()) { if (!fork()) _exit(3); _exit(0); } wait(0);",
                "left 1 ",
            ),
            (
                "if (!fork()) _exit(3); if (!fork()) _exit(3); while (wait(0) > 0) ;",
                "no child of parent ended with status 0",
            ),
        ],
    );
}

#[test]
fn what_programs_are_started_with() {
    let runs = "[case.processes]\nruns = [\"cat\"]\n[case.descriptors]\nof = \"pipes\"\nat_exec = 0\nat_wait = 0\n";
    let pipe = "int e[2]; pipe(e); if (!fork()) { dup2(e[0], 0); close(e[0]); close(e[1]); execlp(\"cat\", \"cat\", (char *)0); _exit(1); }";
    check(
        runs,
        &[
            (&format!("{pipe} close(e[0]); close(e[1]); wait(0);"), ""),
            (
                "int e[2]; pipe2(e, O_CLOEXEC); if (!fork()) { dup2(e[0], 0); execlp(\"cat\", \"cat\", (char *)0); _exit(1); }\
                 close_range(3, ~0U, 0); wait(0);",
                "",
            ),
            (
                "int e[2]; pipe(e); if (!fork()) { dup2(e[0], 0); close(e[1]); execlp(\"cat\", \"cat\", (char *)0); _exit(1); }\
                 close(e[0]); close(e[1]); wait(0);",
                "the program `cat` was started with 1 pipe end open",
            ),
            (
                &format!("{pipe} close(e[0]); wait(0);"),
                "waited with 1 pipe end open",
            ),
            // A pipe of its own, by which a handler wakes it, is no business of the child's.
            (
                &format!(
                    "int own[2]; pipe2(own, O_CLOEXEC); {pipe} close(e[0]); close(e[1]); wait(0);"
                ),
                "",
            ),
            // One that a child has which starts no program is.
            (
                &format!(
                    "int own[2]; pipe(own); if (!fork()) _exit(0); close(own[0]); {pipe} close(e[0]); close(e[1]); wait(0); wait(0);"
                ),
                "waited with 1 pipe end open",
            ),
        ],
    );
}

#[test]
fn signals_and_their_handlers() {
    let asked = "[[case.signals]]\nat = \"wait\"\nignores = \"SIGINT\"\n[[case.signals]]\nat = \"exec\"\ndefaults = [\"SIGINT\", \"SIGCHLD\"]\n\
                 [[case.signals]]\nreceives = \"SIGCHLD\"\nhandlers = \"safe\"\n";
    let shell = |handler: &str, child: &str| {
        format!(
            "void h(int s) {{ {handler} }} signal(SIGINT, SIG_IGN); signal(SIGCHLD, h); pid_t p = fork(); \
             if (!p) {{ {child} execlp(\"true\", \"true\", (char *)0); _exit(1); }} while (wait(0) > 0) ;"
        )
    };
    let resets = "signal(SIGINT, SIG_DFL);";
    check(
        asked,
        &[
            (&shell("write(1, \"\", 0);", resets), ""),
            // Without any handler.
            (
                "sigset_t s; int got; sigemptyset(&s); sigaddset(&s, SIGCHLD); sigprocmask(SIG_BLOCK, &s, 0); signal(SIGINT, SIG_IGN);\
                 if (!fork()) { signal(SIGINT, SIG_DFL); sigprocmask(SIG_UNBLOCK, &s, 0); execlp(\"true\", \"true\", (char *)0); _exit(1); }\
                 sigwait(&s, &got); wait(0);",
                "",
            ),
            (
                &shell("printf(\"a child\\n\");", resets),
                "the handler of SIGCHLD in parent calls printf() or puts() (family.c:",
            ),
            (&shell("free(malloc(9));", resets), "calls malloc()"),
            (
                &shell("write(1, \"\", 0);", ""),
                "the program `true` was started with SIGINT ignored",
            ),
            (
                "void h(int s) {} signal(SIGCHLD, h); if (!fork()) { execlp(\"true\", \"true\", (char *)0); _exit(1); } while (wait(0) > 0) ;",
                "waited for a child with SIGINT at its default",
            ),
        ],
    );
}

#[test]
fn threads_that_are_not_joined() {
    check_with(
        "#include <pthread.h>\nvoid *work(void *x) { return x; }\n",
        "[case.processes]\nthreads = 2\nunjoined = 0\n",
        &[
            (
                "pthread_t t[2]; for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, work, 0); for (int i = 0; i < 2; i++) pthread_join(t[i], 0);",
                "",
            ),
            (
                "pthread_t t; for (int i = 0; i < 2; i++) { pthread_create(&t, 0, work, 0); pthread_detach(t); } sleep(1);",
                "",
            ),
            (
                "pthread_t t[2]; for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, work, 0); sleep(1);",
                "ended with 2 threads neither joined nor detached (work() at family.c:",
            ),
        ],
    );
}

/// A program that joins a thread which waits for ever gets the reason of that wait.
#[test]
fn threads_that_wait_for_each_other() {
    let threads = "#include <pthread.h>\nstatic pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER; static pthread_barrier_t both;\n";
    let program = |second: &str| {
        format!(
            "void *a(void *x) {{ pthread_mutex_lock(&one); pthread_barrier_wait(&both); pthread_mutex_lock(&two); return x; }}\
             void *b(void *x) {{ {second} pthread_barrier_wait(&both); return x; }}\
             pthread_barrier_init(&both, 0, 2); pthread_t t, u; pthread_create(&t, 0, a, 0); pthread_create(&u, 0, b, 0); pthread_join(t, 0); pthread_join(u, 0);"
        )
    };
    check_with(
        threads,
        "exit = 0\n",
        &[
            (&program(""), ""),
            (
                &program(
                    "pthread_mutex_lock(&two); pthread_barrier_wait(&both); pthread_mutex_lock(&one);",
                ),
                "waits in pthread_join() at family.c:",
            ),
            (
                &program("pthread_mutex_lock(&two);").replace(
                    "pthread_mutex_lock(&two); return",
                    "pthread_mutex_lock(&one); return",
                ),
                "for a mutex that it holds itself",
            ),
        ],
    );
}

/// A thread has a number that no text of the program has: it is told by the function that it began with, and by its own name.
#[test]
fn threads_are_told_by_where_they_began() {
    let before = "#include <pthread.h>\nstatic pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;\n\
        static void *reader(void *x) { pthread_setname_np(pthread_self(), \"net\"); pthread_mutex_lock(&one); return x; }\n";
    let program = |end: &str| {
        format!(
            "pthread_t t; pthread_mutex_lock(&one);\npthread_create(&t, 0, reader, (void *)reader);\n{end}"
        )
    };
    let stuck = program("pthread_join(t, 0);");
    let programs = |expect| {
        [
            (
                program("pthread_mutex_unlock(&one); pthread_join(t, 0);"),
                "",
            ),
            (stuck.clone(), expect),
        ]
    };
    for expect in [
        "\"net\" (reader() at family.c:18, made at family.c:22) waits at family.c:18 for a mutex that thread",
        "pthread_join() at family.c:23 for thread",
    ] {
        let programs = programs(expect);
        let programs: Vec<(&str, &str)> = programs
            .iter()
            .map(|(body, expect)| (body.as_str(), *expect))
            .collect();
        check_with(before, "exit = 0\n", &programs);
    }
}

/// A parcel of one byte with a descriptor: `give()` sends it, `take()` receives it.
const PARCELS: &str = "#include <sys/uio.h>\n\
    static int give(int to, int fd) { char x = 'x', room[CMSG_SPACE(sizeof fd)] = {0}; struct iovec v = {&x, 1};\n\
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};\n\
    struct cmsghdr *c = CMSG_FIRSTHDR(&m); *c = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};\n\
    memcpy(CMSG_DATA(c), &fd, sizeof fd); return sendmsg(to, &m, 0) == 1; }\n\
    static int take(int from) { int fd = -1; char x, room[CMSG_SPACE(sizeof fd)]; struct iovec v = {&x, 1};\n\
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};\n\
    if (recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m)) memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd); return fd; }\n";

/// A parent opens a file, and its child reads it. Whether the child was handed what the parent has open, only the kernel knows.
#[test]
fn a_descriptor_is_passed_to_another_process() {
    let family = |kind: &str, child: &str, parent: &str| {
        format!(
            "char b[9]; int p[2], n = 0; (void)n; (void)b; socketpair(AF_UNIX, {kind}, 0, p);\
             if (!fork()) {{ close(p[0]); {child} _exit(0); }}\
             close(p[1]); int fd = open(\"/tmp/a\", O_RDONLY); {parent} wait(0);"
        )
    };
    let usual = family(
        "SOCK_STREAM",
        "n = take(p[1]); read(n, b, 4);",
        "give(p[0], fd); close(fd);",
    );
    // The parent may close all of it by its own end, and the other one may be the one that opens.
    let datagram = family(
        "SOCK_DGRAM",
        "n = take(p[1]); read(n, b, 4);",
        "give(p[0], fd); close_range(3, ~0U, 0);",
    );
    let other_way = family(
        "SOCK_SEQPACKET",
        "n = open(\"/tmp/a\", O_RDONLY); give(p[1], n);",
        "close(fd); fd = take(p[0]); read(fd, b, 4);",
    );
    let number = family(
        "SOCK_STREAM",
        "read(p[1], &n, sizeof n); read(n, b, 4);",
        "write(p[0], &fd, sizeof fd); close(fd);",
    );
    let by_path = family(
        "SOCK_STREAM",
        "read(p[1], b, 1); n = open(\"/tmp/a\", O_RDONLY); read(n, b, 4);",
        "write(p[0], \"x\", 1); close(fd);",
    );
    let keeps = family(
        "SOCK_STREAM",
        "n = take(p[1]); read(n, b, 4);",
        "give(p[0], fd);",
    );
    let no_room = family(
        "SOCK_STREAM",
        "read(p[1], b, 1);",
        "give(p[0], fd); close(fd);",
    );
    let an_end = family(
        "SOCK_STREAM",
        "n = take(p[1]);",
        "int e[2]; pipe(e); give(p[0], e[0]); close(e[0]); close(fd);",
    );
    check_with(
        PARCELS,
        "[case.given]\nfiles.\"/tmp/a\" = \"text\"\n\
         [[case.descriptors]]\nof = \"files\"\npasses = 1\nreceives = 1\n[[case.descriptors]]\nof = \"passed\"\nat_wait = 0\n",
        &[
            (&usual, ""),
            (&datagram, ""),
            (&other_way, ""),
            (
                &number,
                "passed 0 files over Unix sockets instead of 1; a number means nothing",
            ),
            (&by_path, "passed 0 files over Unix sockets instead of 1"),
            (&keeps, "waited with 1 passed descriptor open"),
            (&no_room, "one was sent and never received"),
            (&an_end, "passed 0 files over Unix sockets instead of 1"),
        ],
    );
}

/// Why the end of file does not come, where the end that keeps it away was passed, or is one of two sockets.
#[test]
fn an_end_of_file_that_never_comes() {
    let passes = |child: &str, parent: &str| {
        format!(
            "char b; int e[2], p[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, p);\
             if (!fork()) {{ close(p[0]); {child} pause(); }}\
             close(p[1]); pipe(e); give(p[0], e[1]); close(e[1]); {parent} while (read(e[0], &b, 1) > 0) ;"
        )
    };
    let pair = |parent: &str| {
        format!(
            "char b; int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s);\
             if (!fork()) {{ write(s[1], \"x\", 1); _exit(0); }} {parent} while (read(s[0], &b, 1) > 0) ; wait(0);"
        )
    };
    check_with(
        PARCELS,
        "exit = 0\n",
        &[
            (&pair("close(s[1]);"), ""),
            (
                &pair(""),
                "on one of two sockets: the other one is still open in itself (descriptor 4)",
            ),
            (&passes("close(take(p[1])); _exit(0);", ""), ""),
            (&passes("take(p[1]);", ""), ", passed at #"),
            (&passes("", ""), "and never received"),
        ],
    );
}

#[test]
fn the_environment_that_programs_are_started_with() {
    let child = |before: &str, exec: &str| {
        format!(
            "setenv(\"SECRET\", \"x\", 1); pid_t p = fork(); if (!p) {{ {before} {exec} _exit(1); }} wait(0);"
        )
    };
    let exec = "execlp(\"true\", \"true\", (char *)0);";
    let sets = "setenv(\"GREETING\", \"hello\", 1); unsetenv(\"SECRET\");";
    check(
        "[case.processes]\nruns = [\"true\"]\nenvironment = [\"GREETING=hello\", \"no SECRET\"]\n",
        &[
            (&child(sets, exec), ""),
            (
                &child(
                    "char *own[] = {\"GREETING=hello\", 0};",
                    "execle(\"/bin/true\", \"true\", (char *)0, own);",
                ),
                "",
            ),
            (
                "setenv(\"GREETING\", \"hello\", 1); char *a[] = {\"true\", 0}; pid_t p; posix_spawnp(&p, \"true\", 0, 0, a, environ); wait(0);",
                "",
            ),
            (&child("unsetenv(\"SECRET\");", exec), "was started at #"),
            (
                &child("setenv(\"GREETING\", \"hello\", 1);", exec),
                "with `SECRET=x` in its environment instead of no SECRET",
            ),
            (
                &child(
                    "setenv(\"GREETING\", \"Hello\", 1); unsetenv(\"SECRET\");",
                    exec,
                ),
                "with `GREETING=Hello` in its environment instead of `GREETING=hello`",
            ),
            (
                "return 0;",
                "started no program that could have `GREETING=hello`",
            ),
        ],
    );
}

/// A directory of few entries is read by one look at it, of more it is not.
#[test]
fn a_directory_is_read_to_its_last_entry() {
    let headers = "#include <dirent.h>\n#include <ftw.h>\n#include <sys/syscall.h>\n\
        static int each(const char *p, const struct stat *s, int f, struct FTW *w) { return 0; }\n";
    let expectations = "[case.given]\nfiles.\"/tmp/d/a\" = \"\"\nfiles.\"/tmp/other/b\" = \"\"\n\
        files.\"/tmp/d/link\" = { target = \"../other\" }\n\
        [case.files.\"/tmp/d\"]\nwalked = true\n[case.files.\"/tmp/other\"]\nwalked = false\n";
    check_with(
        headers,
        expectations,
        &[
            (
                "DIR *d = opendir(\"/tmp/d\"); while (readdir(d)) ; closedir(d);",
                "",
            ),
            (
                "struct dirent **n; scandir(\"/tmp/d\", &n, 0, alphasort);",
                "",
            ),
            ("nftw(\"/tmp/d\", each, 9, FTW_PHYS);", ""),
            (
                "chdir(\"/tmp/d\"); if (!fork()) execlp(\"ls\", \"ls\", (char *)0); wait(0);",
                "",
            ),
            (
                "char b[4096]; int f = open(\"/tmp/d\", O_RDONLY | O_DIRECTORY); syscall(SYS_getdents64, f, b, sizeof b);",
                "and not to their end",
            ),
            (
                "open(\"/tmp/d/a\", O_RDONLY);",
                "the entries of /tmp/d were never read",
            ),
            (
                "nftw(\"/tmp/d\", each, 9, 0);",
                "read the entries of /tmp/other at #",
            ),
        ],
    );
}

/// What is in a semaphore set and how many messages wait in a queue, at a moment of the case and not at its end.
#[test]
fn semaphores_and_queues_at_a_moment() {
    let expectations = "exit = 0\n\
        [case.sem.300]\nafter = \"1s\"\nvalues = [0, 2]\n[case.msg.200]\nafter = \"1s\"\nmessages = 1\nmode = \"0600\"\n";
    let program = |values: &str, sends: &str, rest: &str| {
        format!(
            "int s = semget(300, 2, IPC_CREAT | 0600), q = msgget(200, IPC_CREAT | 0600), p[2]; unsigned short v[2] = {values};\
             struct {{ long t; char x; }} m = {{ 1, 'x' }}; semctl(s, 0, SETALL, v); {sends}\
             sleep(2); semctl(s, 0, IPC_RMID); msgctl(q, IPC_RMID, 0); {rest}"
        )
    };
    let sends = "msgsnd(q, &m, 1, 0);";
    check_with(
        "#include <sys/sem.h>\n",
        expectations,
        &[
            (&program("{ 0, 2 }", sends, ""), ""),
            (
                &program("{ 1, 2 }", sends, ""),
                "the semaphore set with key 300 has the values 1, 2 instead of 0, 2",
            ),
            (
                &program("{ 0, 2 }", "", ""),
                "0 messages waited in the message queue with key 200 instead of 1",
            ),
            (
                "return 0;",
                "the moment to look at the semaphore set with key 300 never came",
            ),
        ],
    );
}

#[test]
fn a_posix_semaphore_is_there_before() {
    let given = "[case.given]\nposix_sem.\"/places\" = { value = 2, mode = \"0640\" }\n";
    let open = "sem_t *s = sem_open(\"/places\", 0); if (s == SEM_FAILED) return 1;";
    let passed_on = "if (!fork()) { sleep(1); sem_post(s); _exit(0); } sem_wait(s); wait(0);";
    let program = |rest: &str| format!("{open} sem_wait(s); sem_wait(s); {rest}");
    let headers = "#include <semaphore.h>\n#include <sys/wait.h>\n";
    check_with(
        headers,
        &format!("{given}[case.posix_sem.\"/places\"]\nvalue = 0\nmode = \"0640\"\n"),
        &[
            (&program(""), ""),
            (&program(passed_on), ""),
            (
                &program("sem_post(s);"),
                "the POSIX semaphore /places has the value 1 instead of 0",
            ),
            (
                &program("sem_unlink(\"/places\");"),
                "there is no POSIX semaphore /places any more",
            ),
        ],
    );
    check_with(
        headers,
        given,
        &[
            (&program(""), ""),
            (
                &program("sem_unlink(\"/places\"); sem_open(\"/places\", O_CREAT, 0600, 1);"),
                "the POSIX semaphore /places was left behind: no sem_unlink()",
            ),
        ],
    );
}

#[test]
fn posix_semaphores_and_queues() {
    let headers = "#include <mqueue.h>\n#include <semaphore.h>\n\
        static mqd_t made(long most, long size) { struct mq_attr a = { .mq_maxmsg = most, .mq_msgsize = size };\n\
        umask(0); return mq_open(\"/jobs\", O_RDWR | O_CREAT, 0620, &a); }\n";
    let expectations = "[case.given]\nposix_mq.\"/old\" = { messages = [{ text = \"a\" }, { priority = 5, text = \"b\" }], maxmsg = 4, msgsize = 8, mode = \"0666\" }\n\
        [case.posix_sem.\"/places\"]\nvalue = 3\nmode = \"0600\"\n\
        [case.posix_mq.\"/jobs\"]\nmessages = 2\nholds = [\"urgent\", \"first\"]\nmaxmsg = 4\nmsgsize = 16\nmode = \"0620\"\n\
        [case.posix_mq.\"/old\"]\nholds = [\"a\"]\n";
    let semaphore = "sem_t *s = sem_open(\"/places\", O_CREAT | O_EXCL, 0600, 4); sem_wait(s);";
    let take = "char b[8]; unsigned p; mqd_t o = mq_open(\"/old\", O_RDONLY);\
        if (mq_receive(o, b, 8, &p) != 1 || *b != 'b' || p != 5) return 1;";
    let put = |made: &str| {
        format!("mqd_t q = {made}; mq_send(q, \"first\", 5, 0); mq_send(q, \"urgent\", 6, 9);")
    };
    let right = put("made(4, 16)");
    let program = |parts: &[&str]| parts.join(" ");
    check_with(
        headers,
        expectations,
        &[
            (&program(&[semaphore, &right, take]), ""),
            (
                &program(&[
                    &right,
                    "sem_t *s = sem_open(\"/places\", O_CREAT, 0600, 0); for (int i = 0; i < 3; i++) sem_post(s);",
                    take,
                ]),
                "",
            ),
            (
                &program(&[&semaphore.replace("sem_wait(s);", ""), &right, take]),
                "the POSIX semaphore /places has the value 4 instead of 3",
            ),
            (
                &program(&[semaphore, "sem_unlink(\"/places\");", &right, take]),
                "there is no POSIX semaphore /places any more",
            ),
            (
                &program(&[&semaphore.replace("/places", "/place"), &right, take]),
                "the POSIX semaphore /place was left behind: no sem_unlink()",
            ),
            (
                &program(&[
                    "int f = shm_open(\"/sem.places\", O_CREAT | O_RDWR, 0600); ftruncate(f, 31);",
                    &right,
                    take,
                ]),
                "the POSIX semaphore /places is no semaphore: sem_open() did not make it",
            ),
            (
                &program(&[semaphore, &put("made(10, 16)"), take]),
                "the POSIX message queue /jobs has room for 10 messages instead of 4 messages",
            ),
            (
                &program(&[semaphore, &put("made(4, 8)"), take]),
                "has messages of 8 bytes instead of 16 bytes",
            ),
            (
                &program(&[semaphore, &right.replace(", 9)", ", 0)"), take]),
                "the POSIX message queue /jobs held `first`, `urgent` instead of `urgent`, `first`",
            ),
            (
                &program(&[semaphore, &right, "mq_unlink(\"/jobs\");", take]),
                "there is no POSIX message queue /jobs any more",
            ),
            (
                &program(&[semaphore, &right]),
                "the POSIX message queue /old held `b`, `a` instead of `a`",
            ),
        ],
    );
    check_with(
        headers,
        "[case.posix_sem.\"/places\"]\nexists = false\n[case.posix_mq.\"/jobs\"]\nexists = false\n",
        &[
            ("made(1, 1); mq_unlink(\"/jobs\");", ""),
            (
                "made(1, 1);",
                "the POSIX message queue /jobs is still there: no mq_unlink()",
            ),
            (
                semaphore,
                "the POSIX semaphore /places is still there: no sem_unlink()",
            ),
        ],
    );
}

#[test]
fn files_and_queues() {
    check(
        "stdout_is = \"file\"\nstdout = \"once\"\n[case.given]\nfiles.\"/tmp/a\" = \"text\"\nmsg.700 = { messages = [{ mtype = 2, text = \"x\" }] }\n\
         [case.files.\"/tmp/copy\"]\nsame_as = \"/tmp/a\"\nmode = \"0640\"\nlinks = 1\n[case.msg.700]\nmessages = 0\n",
        &[
            (
                "char b[99]; struct { long t; char x[9]; } m; msgrcv(msgget(700, 0), &m, 9, 0, 0); umask(0);\
                 int in = open(\"/tmp/a\", O_RDONLY), out = open(\"/tmp/copy\", O_CREAT | O_WRONLY, 0640);\
                 write(out, b, read(in, b, 99)); printf(\"once\"); fflush(stdout); if (!fork()) exit(0); wait(0);",
                "",
            ),
            (
                "link(\"/tmp/a\", \"/tmp/copy\");",
                "copy has 2 links instead of 1",
            ),
            (
                "close(open(\"/tmp/copy\", O_CREAT | O_WRONLY, 0640));",
                "does not hold the same as /tmp/a",
            ),
            (
                "char b[99]; struct { long t; char x[9]; } m; msgrcv(msgget(700, 0), &m, 9, 0, 0); umask(0);\
                 int in = open(\"/tmp/a\", O_RDONLY), out = open(\"/tmp/copy\", O_CREAT | O_WRONLY, 0640);\
                 write(out, b, read(in, b, 99)); printf(\"once\"); if (!fork()) exit(0); wait(0);",
                "once",
            ),
        ],
    );
}
