//! Origins that hang on the kind of a finding: what the run shows, and the line of the text that brings it about.

mod common;

use std::collections::BTreeMap;

use common::{Run, at, call, case, check, finding, line};
use ipclab_judge::MistakeKind;
use ipclab_spec::Aspect;
use ipclab_verdict::origin::Sources;
use serde_json::{Value, json};

const REFUSES: &str = "\
static int parse(const char *word)
{
    long value = strtol(word, &end, 10);
    if (value > 256)
        return -1;
    return *end == '\\0' ? value : -1;
}
int main(int argc, char *argv[])
{
    if (argc < 1)
        return 1;
    int count = parse(argv[1]);
    printf(\"%d\\n\", count);
    fork();
    return 0;
}
";

#[test]
fn what_should_have_been_refused_leads_to_what_looks_at_it() {
    let run = Run {
        printed: vec![(1, 13)],
        ..Run::ended(0)
    };
    let nothing = finding(Aspect::Output, "server printed nothing on stderr", &[]);
    check(REFUSES, &case("", "\"failure\""), &run, &nothing, 10);
    check(REFUSES, &case(" 1 2", "\"failure\""), &run, &nothing, 10);
    let with = |given: &str| {
        let message = format!(
            "with argument = \"{given}\" (the smallest input that fails): server printed nothing on stderr"
        );
        finding(Aspect::Output, &message, &[])
    };
    let one = case(" 1", "\"failure\"");
    check(REFUSES, &one, &run, &with("256"), 4);
    check(REFUSES, &one, &run, &with("3x"), 6);
}

const CHILDREN: &str = "\
int main(int argc, char *argv[])
{
    int status, bad = 0;
    for (int i = 0; i < 2; i++)
        if (fork() == 0)
            _exit(0);
    wait(&status);
    if (status >= 0)
        printf(\"it exited with %d\\n\", status);
    else
        printf(\"a signal ended it\\n\");
    if (WIFEXITED(status))
        bad = 1;
    if (!bad)
        printf(\"all is well\\n\");
    return WEXITSTATUS(status) + 1;
}
";

#[test]
fn what_is_said_of_children_leads_to_where_they_are_waited_for() {
    let plain = case("", "0");
    let run = Run {
        printed: vec![(1, 15)],
        trace: vec![
            call(1, "fork", &json!([]), 3, 5),
            call(2, "fork", &json!([]), 4, 5),
            call(3, "wait4", &json!([]), 3, 7),
        ],
        stdout: "all is well\\n",
        ..Run::ended(1)
    };
    let zombie = "server left 1 zombie instead of 0: process 4 ended and was never waited for";
    check(
        CHILDREN,
        &plain,
        &run,
        &finding(Aspect::Cleanup, zombie, &[5]),
        7,
    );
    // The text has a call that prints the line: what decides whether it runs.
    let missing = "server did not print `a signal ended it` on stdout";
    check(
        CHILDREN,
        &plain,
        &run,
        &finding(Aspect::Output, missing, &[]),
        8,
    );
    // A line hangs on a flag: what decides about the flag.
    let flag = "server printed `all is well`, which must not be there";
    check(
        CHILDREN,
        &plain,
        &run,
        &finding(Aspect::Output, flag, &[15]),
        12,
    );
    // The end that every way leads to, and not one that another status belongs to.
    let status = "server ended with status 1 instead of 0";
    check(
        CHILDREN,
        &plain,
        &run,
        &finding(Aspect::Exit, status, &[]),
        16,
    );
}

const COPIES: &str = "\
static void say(void)
{
    printf(\"it is not there\\n\");
    exit(2);
}
int main(int argc, char *argv[])
{
    char buffer[9];
    int n, out = open(\"/tmp/b\", O_WRONLY | O_CREAT, 0644);
    fchmod(out, 0600);
    for (int i = 0; i < 1; i++) {
        n = read(0, buffer, 9);
        n = strnlen(buffer, n);
        write(out, buffer, n);
    }
    say();
}
";

#[test]
fn a_file_leads_to_what_is_written_into_it() {
    let plain = case("", "0");
    let run = Run {
        trace: vec![call(1, "openat", &json!([{"path": "/tmp/b"}]), 3, 9)],
        ..Run::ended(0)
    };
    let of = |message: &str| finding(Aspect::Output, message, &[]);
    check(
        COPIES,
        &plain,
        &run,
        &of("/tmp/b has mode 0600 instead of 0644"),
        10,
    );
    let short = "/tmp/b does not hold the same as /tmp/a: it has 4 bytes, /tmp/a has 9 bytes, and one is the beginning of the other";
    check(COPIES, &plain, &run, &of(short), 13);
    check(COPIES, &plain, &run, &of(short), 11);
    let long = "/tmp/b does not hold the same as /tmp/a: it has 9 bytes, /tmp/a has 4 bytes, and one is the beginning of the other";
    check(COPIES, &plain, &run, &of(long), 14);
    let behind = "/tmp/b does not hold `new`: 25 more bytes stand behind it";
    check(COPIES, &plain, &run, &of(behind), 9);
}

#[test]
fn an_error_on_stdout_leads_to_what_prints_it() {
    let run = Run {
        stdout: "it is not there\\n",
        printed: vec![(1, 3)],
        ..Run::ended(2)
    };
    let silent = finding(Aspect::Output, "server printed nothing on stderr", &[16]);
    check(COPIES, &case("", "\"failure\""), &run, &silent, 3);
}

const SHARES: &str = "\
static unsigned char *counter;
static void work(int n)
{
    *counter = 0;
    *counter = *counter + 1;
}
int main(void)
{
    counter = shmat(shmget(IPC_PRIVATE, 4, 0600), NULL, 0);
    *counter = 0;
    work(1);
    printf(\"counter: %d\\n\", *counter);
    return 0;
}
";

#[test]
fn a_shared_number_leads_to_its_type_and_to_what_writes_it() {
    let plain = case("", "0");
    let run = Run::ended(0);
    let of = |message: &str| finding(Aspect::Output, message, &[12]);
    // 300 does not fit into a byte.
    let wraps = "server printed `counter: 44` instead of `counter: 300`";
    check(SHARES, &plain, &run, &of(wraps), 1);
    let cleared = "server printed `counter: 4` instead of `counter: 12`";
    check(SHARES, &plain, &run, &of(cleared), 4);
}

const CALLS: &str = "\
static const char *port;
static int take(int fd, char *into)
{
    int got;
    do
        got = recv(fd, into, 9, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : got;
}
int main(int argc, char *argv[])
{
    char text[9];
    port = \"7001\";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getaddrinfo(\"h\", port, &wanted, &found);
    connect(fd, found->ai_addr, found->ai_addrlen);
    shutdown(fd, SHUT_RDWR);
    int got = take(fd, text);
    printf(\"received %d bytes\\n\", got);
    poll(NULL, 0, -1);
    return 0;
}
";

#[test]
fn calls_lead_to_what_they_were_given_and_to_what_looks_at_them() {
    let plain = case("", "0");
    let failed = json!({
        "n": 2, "at_us": 0, "actor": 0, "pid": 2, "name": "recvfrom", "args": [], "tampered": "ENOMEM",
        "returned": {"value": -1, "errno": "ENOMEM"}, "lines": at(6),
    });
    let wait = json!({"actor": 0, "pid": 2, "call": "poll", "n": 3, "timed": false});
    let waiting = Run {
        exit: json!({"running": {"wait": wait}}),
        trace: vec![failed],
        ..Run::ended(0)
    };
    let although = "server never ended although recv() failed with ENOMEM: it waits in poll() (#3)";
    // To begin anew is no look at another error.
    check(
        CALLS,
        &plain,
        &waiting,
        &finding(Aspect::Exit, although, &[20]),
        8,
    );
    // A name of the file gets its value in another function; the port is a text there.
    let mut port = finding(
        Aspect::Calls,
        "server connects to port 7001 instead of 7000",
        &[16],
    );
    if let Some(mistake) = &mut port.mistake {
        mistake.kind = MistakeKind::Place;
    }
    check(CALLS, &plain, &Run::ended(0), &port, 13);
    // Nothing came since it had shut down its own end.
    let shut = Run {
        trace: vec![call(
            4,
            "shutdown",
            &json!([{"number": 3}, {"flags": ["shutdown", 2]}]),
            0,
            17,
        )],
        ..Run::ended(0)
    };
    let none =
        "server printed `received 0 bytes` instead of `received 6 bytes`: it received 0 bytes";
    check(
        CALLS,
        &plain,
        &shut,
        &finding(Aspect::Output, none, &[19]),
        17,
    );
}

const KEEPS: &str = "\
#define MODE 660
static void put(const char *text)
{
    size_t size = strlen(text) + 1;
    int fd = shm_open(\"/notes\", O_RDWR | O_CREAT, MODE);
    if (fd == -1)
        die();
    fchmod(fd, MODE);
    if (ftruncate(fd, size) == -1)
        die();
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(p, text, size);
}
int main(int argc, char *argv[])
{
    put(argv[1]);
    return 0;
}
";

/// A file that a mapping fills was said to come from `return 0`, and its mode from the `if` before `fchmod()`.
#[test]
fn a_mapped_file_leads_to_its_size_its_mode_and_its_mapping() {
    let plain = case(" hello", "0");
    let path = json!([{"path": "/dev/shm/notes"}]);
    let run = Run {
        trace: vec![call(1, "openat", &path, 3, 5)],
        ..Run::ended(0)
    };
    let said = |text: &str| finding(Aspect::Output, text, &[]);
    let behind = said("/dev/shm/notes does not hold `hello`: 1 more byte stands behind it");
    check(KEEPS, &plain, &run, &behind, 4);
    check(KEEPS, &plain, &run, &behind, 9);
    let mode = said("/dev/shm/notes has mode 1224 instead of 0660");
    check(KEEPS, &plain, &run, &mode, 1);
    check(KEEPS, &plain, &run, &mode, 8);
    let zero = "/dev/shm/notes does not hold `hello`: byte 0 is 0x00 instead of 0x68";
    check(KEEPS, &plain, &run, &said(zero), 11);
    check(KEEPS, &plain, &run, &said(zero), 5);
    // What is mapped for nobody else is right so.
    let anonymous = KEEPS.replace("MAP_PRIVATE", "MAP_PRIVATE | MAP_ANONYMOUS");
    let files = BTreeMap::from([("server.c".to_owned(), anonymous)]);
    let traced = Sources::new(&files).trace(&plain, Some(&run.evidence()), &said(zero));
    assert!(!traced.from.contains(&line(11)), "{:?}", traced.from);
}

const SERVES: &str = "\
int main(void)
{
    int queue = msgget(200, IPC_CREAT | 0600);
    for (;;) {
        if (msgrcv(queue, &in, 100, 0, 0) == -1)
            continue;
        msgsnd(queue, &out, 100, 0);
        break;
    }
    while (1) {
        n = msgsnd(queue, &out, 100, 0);
        if (n == -1)
            continue;
        break;
    }
    return 0;
}
";

#[test]
fn a_server_that_answers_once_leads_to_what_leaves_its_loop() {
    let plain = case("", "0");
    let run = Run::ended(0);
    let once = "server sent nothing to our client: its 11 bytes went elsewhere (#6)";
    check(SERVES, &plain, &run, &finding(Aspect::Bytes, once, &[7]), 8);
    // What is only tried until it succeeds ends like that as well.
    let files = BTreeMap::from([("server.c".to_owned(), SERVES.to_owned())]);
    let again = finding(Aspect::Bytes, once, &[11]);
    let traced = Sources::new(&files).trace(&plain, Some(&run.evidence()), &again);
    assert!(!traced.from.contains(&line(14)), "{:?}", traced.from);
}

#[test]
fn an_object_with_another_mode_leads_to_the_call_that_made_it() {
    let key = json!([{"key": 200}, {"flags": ["ipc-get", 0o1600]}]);
    let run = Run {
        trace: vec![call(1, "msgget", &key, 3, 3)],
        ..Run::ended(0)
    };
    let mode = "the message queue with key 200 has mode 0600 instead of 0666";
    check(
        SERVES,
        &case("", "0"),
        &run,
        &finding(Aspect::Memory, mode, &[]),
        3,
    );
}

const FINISHES: &str = "\
static int last_status = 0;
static void finish(int code)
{
    exit(code);
}
static void run(void)
{
    for (int i = 1; i >= 0; i--) {
        waitpid(pids[i], &status, 0);
        last_status = status;
    }
}
int main(void)
{
    run();
    if (failed)
        last_status = 1;
    finish(last_status);
}
";

/// The status went through a function and a variable of the file: only `exit(code)` was named.
#[test]
fn a_status_that_a_function_is_given_leads_to_where_it_is_computed() {
    let run = Run {
        ended_at: vec![4, 18],
        ..Run::ended(0)
    };
    let status = "server ended with status 0 instead of 7";
    let status = finding(Aspect::Exit, status, &[4, 18]);
    check(FINISHES, &case("", "0"), &run, &status, 10);
    check(FINISHES, &case("", "0"), &run, &status, 8);
    let own = "\
#define EXIT_FAILURE 0
int main(void)
{
    exit(EXIT_FAILURE);
}
";
    let run = Run {
        ended_at: vec![4],
        ..Run::ended(0)
    };
    let status = finding(Aspect::Exit, "server ended with status 0", &[4]);
    check(own, &case("", "\"failure\""), &run, &status, 1);
}

const SERIAL: &str = "\
int main(void)
{
    for (int i = 0; i < 2; i++) {
        pid = fork();
        waitid(P_PID, pid, &ended, WEXITED | WNOWAIT);
    }
    while (wait(&status) > 0)
        printf(\"%d exited\\n\", pid);
    return 0;
}
";

#[test]
fn children_that_run_one_after_the_other_lead_to_the_wait_between_them() {
    let run = |between: bool| {
        let mut trace = vec![call(1, "fork", &json!([]), 3, 4)];
        if between {
            trace.push(call(2, "waitid", &json!([]), 0, 5));
        }
        trace.push(call(3, "fork", &json!([]), 4, 4));
        trace.push(call(4, "wait4", &json!([]), 3, 7));
        Run {
            trace,
            ..Run::ended(0)
        }
    };
    let order = "server printed `4 exited` only on line 2, before what should stand before it";
    let order = finding(Aspect::Output, order, &[8]);
    check(SERIAL, &case("", "0"), &run(true), &order, 5);
    let files = BTreeMap::from([("server.c".to_owned(), SERIAL.to_owned())]);
    let traced = Sources::new(&files).trace(&case("", "0"), Some(&run(false).evidence()), &order);
    assert!(!traced.from.contains(&line(5)), "{:?}", traced.from);
}

/// The same of a run in which it waits in a call that is not in the trace, or has this number.
fn waits(call: &str, n: u32, object: &Value) -> Value {
    let ends = json!([{"actor": 0, "pid": 2, "fd": 3}]);
    let wait = json!({
        "actor": 0, "pid": 2, "call": call, "n": n, "object": object, "timed": false,
        "other_ends": if n == 0 { ends } else { json!([]) },
    });
    json!({"running": {"wait": wait, "on_sigterm": 0}})
}

const READS_ON: &str = "\
int main(void)
{
    int done = 0, have = 0;
    int fd = open(\"/tmp/requests\", O_RDWR);
    while (!done) {
        ssize_t n = read(fd, buf + have, MAX - have);
        if (n <= 0)
            break;
        char *line = strchr(buf, '\\n');
        if (line != NULL && strcmp(buf, \"quit\") == 0)
            done = 1;
        have = 0;
    }
    return 0;
}
";

#[test]
fn a_loop_that_waits_leads_to_what_it_carries_and_to_what_would_end_it() {
    let run = Run {
        exit: waits("read", 0, &json!({"file": "/tmp/requests"})),
        ..Run::ended(0)
    };
    let ended = finding(Aspect::Exit, "server never ended: it waits in read()", &[6]);
    check(READS_ON, &case("", "0"), &run, &ended, 10);
    let mut client = finding(
        Aspect::Bytes,
        "our client did not get what it expected: still waiting for it",
        &[6],
    );
    client.actor = Some("client".to_owned());
    check(READS_ON, &case("", "0"), &run, &client, 12);
    check(READS_ON, &case("", "0"), &run, &client, 10);
    let run = Run::ended(0);
    let gone = "our client did not get what it expected: server has ended, or never began";
    let mut gone = finding(Aspect::Bytes, gone, &[14]);
    gone.actor = Some("client".to_owned());
    let run = Run {
        ended_at: vec![14],
        ..run
    };
    check(READS_ON, &case("", "0"), &run, &gone, 4);
}

const TAKES: &str = "\
static int P(int set, int which)
{
    struct sembuf op = { which, -1, 0 };
    return semop(set, &op, 1);
}
int main(void)
{
    unsigned short values[2] = { 4, 0 };
    semctl(set, 0, SETALL, values);
    P(set, 1);
    P(set, 0);
    return 0;
}
";

#[test]
fn a_wait_for_a_semaphore_leads_to_what_is_held_and_to_what_set_it() {
    let takes = |n: u32, line: u32, returned: bool| {
        let operations =
            json!({"sem-ops": {"ops": [{"number": 1, "by": -1, "flags": 0}], "whole": true}});
        let mut call = call(n, "semop", &json!([{"number": 0}, operations]), 0, 4);
        call["lines"] =
            json!([{"file": "server.c", "line": 4}, {"file": "server.c", "line": line}]);
        if !returned {
            call["returned"] = Value::Null;
        }
        call
    };
    let set = json!([{"number": 0}, {"number": 0}, {"flags": ["control", 17]}]);
    let set = call(1, "semctl", &set, 0, 9);
    let never = "server never ended: it waits in semop() (#3)";
    let run = |trace: Vec<Value>| Run {
        exit: waits("semop", 3, &json!({"semaphores": 0})),
        trace,
        ..Run::ended(0)
    };
    let all = case("", "0");
    let held = run(vec![set.clone(), takes(2, 10, true), takes(3, 11, false)]);
    check(
        TAKES,
        &all,
        &held,
        &finding(Aspect::Exit, never, &[4, 11]),
        10,
    );
    let alone = run(vec![set.clone(), takes(3, 10, false)]);
    check(
        TAKES,
        &all,
        &alone,
        &finding(Aspect::Exit, never, &[4, 10]),
        8,
    );
    let values = "the semaphore set with key 300 has the values 4, 0 instead of 4, 1";
    let run = Run {
        trace: vec![set],
        ..Run::ended(0)
    };
    check(TAKES, &all, &run, &finding(Aspect::Memory, values, &[]), 9);
}

const MORE: &str = "\
static void put(struct buffer *b, int number)
{
    b->in = number;
}
int main(void)
{
    int fd = open(\"/tmp/requests\", O_WRONLY | O_CREAT, 0622);
    int id = shmget(300, 20, 0);
    struct buffer *b = shmat(id, NULL, 0);
    put(b, 5);
    printf(\"answer: \");
    while ((n = read(fd, buf, MAX)) > 0)
        fwrite(buf, 1, n, stdout);
    shmctl(id, IPC_RMID, NULL);
    return 0;
}
";

#[test]
fn what_is_too_much_leads_to_what_made_it() {
    let shows = |run: &Run, exit: &str, aspect, message: &str, lines: &[u32], expect| {
        check(
            MORE,
            &case("", exit),
            run,
            &finding(aspect, message, lines),
            expect,
        );
    };
    let printed = "server printed `answer: hello` instead of `hello`";
    shows(&Run::ended(0), "0", Aspect::Output, printed, &[13], 11);
    // What came out when it ended was printed before.
    let short = "server printed `he` where `hello` is expected";
    shows(&Run::ended(0), "0", Aspect::Output, short, &[15], 12);
    let creates = json!([{"path": "/tmp/requests"}, {"flags": ["open", 0o101]}]);
    let mut run = Run::ended(0);
    run.trace = vec![call(1, "open", &creates, 3, 7)];
    let never = "server ended with status 0";
    shows(&run, "\"failure\"", Aspect::Exit, never, &[15], 7);
    let holds = "the segment with key 300 does not hold `5`";
    run.trace = vec![call(1, "shmget", &json!([{"key": 300}]), 3, 8)];
    shows(&run, "0", Aspect::Memory, holds, &[], 3);
    let remove = json!([{"number": 3}, {"flags": ["control", 0]}]);
    let mut gone = call(3, "shmget", &json!([{"key": 300}]), -1, 8);
    gone["returned"]["errno"] = json!("ENOENT");
    run.trace = vec![call(2, "shmctl", &remove, 0, 14), gone];
    let failed =
        "server ended with status 1 instead of 0: shmget() failed with ENOENT (No such file) at #3";
    shows(&run, "0", Aspect::Exit, failed, &[8], 14);
}

const MISSED: &str = "\
static volatile sig_atomic_t stop;
static void on_term(int sig)
{
    stop = 1;
}
static ssize_t take(int fd, char *into, int *cut)
{
    ssize_t got = recvmsg(fd, into, 0);
    *cut = got == 16;
    if (got == 0)
        return -1;
    return got;
}
static size_t put(int fd, const char *text)
{
    size_t sent = 0, length = strlen(text) + 1;
    while (sent < length)
        sent += send(fd, text, length, 0);
    return sent;
}
int main(void)
{
    ssize_t got;
    struct pollfd event = {.events = POLLIN};
    struct sigaction sa = {.sa_handler = on_term};
    poll(&event, 1, -1);
    if (event.revents & POLLPRI)
        recv(3, buf, 1, MSG_OOB);
    while ((got = take(3, buf, &cut)) >= 0) {
        if (buf[0] == 0)
            continue;
        printf(\"record: %s%s\\n\", buf, cut ? \", cut\" : \"\");
    }
    printf(\"stream SO_TYPE: %d\\n\", SOCK_STREAM);
    printf(\"sent %zu bytes\\n\", put(3, \"x\"));
    if (stop)
        stop = 0;
    printf(\"total: %d\\n\", n);
    return 0;
}
";

#[test]
fn what_was_passed_over_leads_to_what_decided_it() {
    const SIGNALLED: &str =
        "0\n[case.actor.end]\npeer = [\"until server waits\", \"signal server SIGTERM\"]";
    let shows = |exit: &str, aspect, message: &str, lines: &[u32], expect| {
        let mut run = Run::ended(0);
        run.printed = vec![(1, 38)];
        let finding = finding(aspect, message, lines);
        check(MISSED, &case("", exit), &run, &finding, expect);
    };
    use Aspect::{Calls, Memory, Output};
    // A round that is skipped, and a function that says that it was the last one.
    let missing = "server did not print `record: abc` on stdout";
    shows("0", Output, missing, &[39], 30);
    shows("0", Output, missing, &[39], 10);
    // A text that a condition chooses, which a function writes.
    let chosen = "server printed `record: abc, cut` instead of `record: abc`";
    shows("0", Output, chosen, &[32], 9);
    // What the call should have asked for is only printed.
    let printed = "server called getsockopt(3, SO_REUSEADDR) = 0 at #3 instead of getsockopt(_, SO_TYPE, ...)";
    shows("0", Calls, printed, &[28], 34);
    // The call is there, and what it hangs on never holds.
    let flag = "server called recv() without MSG_OOB: recv(4, 0) = 4 at #11";
    shows("0", Calls, flag, &[29], 24);
    // How much is sent is measured in the function that sends.
    let more = "server printed `sent 2 bytes` instead of `sent 1 bytes`";
    shows("0", Output, more, &[35], 16);
    // What a handler noted, and what is done about it.
    let total = "server printed `total:`, which must not be there";
    shows(SIGNALLED, Output, total, &[38], 36);
    let shared = "no process wrote to a System V segment, so nothing was shared";
    shows("0", Memory, shared, &[39], 38);
}
