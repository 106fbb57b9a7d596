//! Origins in the function that did the work: one that the command line chose, or where the program was last seen.

mod common;

use std::collections::BTreeMap;

use common::{Run, at, call, case, check, finding, line};
use ipclab_report::Program;
use ipclab_spec::Aspect;
use ipclab_verdict::origin::Sources;
use serde_json::{Value, json};

/// A program with a function for each command.
const COMMANDS: &str = "\
static void put(const char *text)
{
    int fd = shm_open(path, O_RDWR | O_CREAT, 0660);
    if (write(fd, text, strlen(text)) == -1)
        exit(1);
}
static void get(void)
{
    int fd = shm_open(path, O_RDONLY | O_CREAT, 0660);
    if (1) {
        p = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            die();
        printf(\"%.*s\", (int)strcspn(p, \"x\"), p);
    }
    putchar(10);
}
static void rm(void)
{
    int fd = shm_open(path, O_RDWR, 0);
    close(fd);
}
static void die(void)
{
    perror(path);
    exit(1);
}
int main(int argc, char *argv[])
{
    if (strcmp(argv[1], \"put\") == 0)
        put(argv[2]);
    else if (strcmp(argv[1], \"get\") == 0)
        get();
    else if (strcmp(argv[1], \"rm\") == 0)
        rm();
    return 0;
}
";

/// A call with the line that made it and the one that called its function.
fn nested(name: &str, args: &Value, value: i64, lines: [u32; 2]) -> Value {
    let mut call = call(1, name, args, value, lines[0]);
    call["lines"] = lines.iter().map(|it| at(*it)[0].clone()).collect();
    call
}

#[test]
fn what_a_command_did_is_looked_for_in_its_function() {
    let of = |aspect: Aspect, message: &str| finding(aspect, message, &[37]);
    // It printed less, by a call that has no text of its own.
    let get = Run {
        trace: vec![nested("mmap", &json!([]), 7, [11, 33])],
        ..Run::ended(0)
    };
    let missing = of(Aspect::Output, "server did not print `and more`");
    check(COMMANDS, &case(" get", "0"), &get, &missing, 14);
    // It wrote into the object, and never mapped it; another command does.
    let put = Run {
        trace: vec![nested("openat", &json!([]), 3, [3, 31])],
        ..Run::ended(0)
    };
    let never = of(Aspect::Calls, "server never called mmap()");
    check(COMMANDS, &case(" put hello", "0"), &put, &never, 4);
    // Nothing was seen of it but how it was called.
    let still = finding(Aspect::Output, "/dev/shm/notes is still there: a file", &[]);
    check(COMMANDS, &case(" rm", "0"), &Run::ended(0), &still, 20);
    // It gave up in a function that says so and ends: what decides whether it calls what failed.
    let failed = Run {
        ended_at: vec![26, 13, 33],
        stderr: "notes: Invalid argument",
        printed: vec![(2, 25)],
        ..Run::ended(1)
    };
    let said =
        "server ended with status 1 instead of 0, and its last words are `notes: Invalid argument`";
    let exit = finding(Aspect::Exit, said, &[26, 13, 33]);
    check(COMMANDS, &case(" get", "0"), &failed, &exit, 10);
}

#[test]
fn a_file_that_is_not_there_leads_to_the_one_made_beside_it() {
    let flags = json!([{"path": "/dev/shm/put.notes"}, {"flags": ["open", 0o102]}]);
    let run = Run {
        trace: vec![nested("openat", &flags, 3, [3, 31])],
        ..Run::ended(0)
    };
    let message = "/dev/shm/notes is not there";
    let missing = finding(Aspect::Output, message, &[37]);
    check(COMMANDS, &case(" put hello", "0"), &run, &missing, 31);
    check(COMMANDS, &case(" put hello", "0"), &run, &missing, 3);
}

const REFUSES: &str = "\
int main(int argc, char *argv[])
{
    if (argc != 2)
        return 1;
    long id = atoi(argv[1]);
    if (id > 255)
        return 1;
    int set = semget(key(id), 1, IPC_CREAT | 0600);
    printf(\"set: %d\\n\", set);
    return 0;
}
";

#[test]
fn a_number_that_is_none_leads_to_what_believed_it() {
    let run = Run {
        printed: vec![(1, 9)],
        ..Run::ended(0)
    };
    let message = "with word = \"x\" (the smallest input that fails): server printed `set`, which must not be there: line 1 is `set: 0`";
    let printed = finding(Aspect::Output, message, &[9]);
    check(REFUSES, &case(" x", "\"failure\""), &run, &printed, 5);
}

#[test]
fn what_was_missing_and_was_made_leads_to_where() {
    let stderr = "\"failure\"\nstderr.contains = [\"semget\", \"No such file or directory\"]";
    let args = json!([{"number": 9}, {"number": 1}, {"flags": ["ipc-get", 0o1600]}]);
    let run = Run {
        trace: vec![call(1, "semget", &args, 4, 8)],
        ..Run::ended(0)
    };
    let nothing = finding(Aspect::Output, "server printed nothing on stderr", &[10]);
    check(REFUSES, &case(" 9", stderr), &run, &nothing, 8);
    // Another set than the one of the same key: what makes the key.
    let message = "server called semget() at #3, and it returned 1: expected semget(...) = EEXIST";
    let other = finding(Aspect::Calls, message, &[8]);
    check(REFUSES, &case(" 9", "0"), &Run::ended(0), &other, 5);
}

const SENDS: &str = "\
int main(int argc, char *argv[])
{
    struct message m;
    m.mtype = 1;
    if (argc == 2) {
        m.mtype = 1;
        length = strlen(argv[1]);
        if (length > 1000) {
            argv[1][1000] = 0;
            length = 1000;
        }
        memcpy(m.mtext, argv[1], length);
    }
    long type = strtol(m.mtext, &end, 10);
    size_t rest = strcspn(end, \" \");
    if (msgsnd(id, &m, 6 + rest, 0) == -1) {
        perror(\"msgsnd\");
        usleep(1000);
        exit(1);
    }
    return 0;
}
";

#[test]
fn a_message_leads_to_its_type_and_its_length() {
    let run = Run {
        trace: vec![call(1, "msgsnd", &json!([]), 0, 16)],
        ..Run::ended(0)
    };
    let mut waits = finding(
        Aspect::Exit,
        "our server never ended: it waits in msgrcv() (#5)",
        &[16],
    );
    waits.actor = Some("ours".to_owned());
    check(SENDS, &case("", "0"), &run, &waits, 4);
    // The 10 of strtol() is no length.
    let short = "server sent 10 bytes instead of 18 (#6): the message is cut";
    let short = finding(Aspect::Bytes, short, &[16]);
    check(SENDS, &case(" x", "0"), &run, &short, 15);
    // It looked at the length, and went on.
    let message = "with text = \"aaa…\" (2000 characters) (the smallest input that fails): server printed nothing on stderr";
    let long = finding(Aspect::Output, message, &[21]);
    check(SENDS, &case(" aaa", "\"failure\""), &run, &long, 9);
    // It gave up where it should have gone on.
    let gave_up = Run {
        stderr: "msgsnd: Resource temporarily unavailable",
        printed: vec![(2, 17)],
        ended_at: vec![19],
        ..Run::ended(1)
    };
    let missing = finding(
        Aspect::Output,
        "server did not print `4002 exited with 0` on stdout",
        &[],
    );
    check(SENDS, &case("", "0"), &gave_up, &missing, 19);
}

const SERVES: &str = "\
#define BLOCK 1
int main(void)
{
    while (!done) {
        n = msgrcv(id, &in, 100, -2, 0);
        if (n == -1)
            break;
        if (in.mtype == 9)
            break;
        msgsnd(id, &in, n, 0);
    }
    while ((n = read(in, buf, BLOCK)) > 0)
        write(out, buf, n);
    close(in);
    close(out);
    return 0;
}
";

#[test]
fn a_loop_that_is_left_leads_to_what_leaves_it() {
    let queue = SERVES.replace(
        "    while ((n = read(in, buf, BLOCK)) > 0)\n        write(out, buf, n);\n",
        "",
    );
    let run = Run {
        trace: vec![call(1, "msgrcv", &json!([]), 3, 5)],
        ..Run::ended(0)
    };
    let nothing = finding(
        Aspect::Bytes,
        "server sent nothing to our client: it never called msgsnd()",
        &[14],
    );
    check(&queue, &case("", "0"), &run, &nothing, 9);
}

#[test]
fn too_many_calls_lead_to_how_much_each_moves() {
    let run = Run {
        exit: json!({"stopped": {"kind": "calls", "limit": 1000}}),
        ..Run::ended(0)
    };
    let many = finding(
        Aspect::Exit,
        "server was stopped: it made more than 1000 system calls: a loop without end",
        &[],
    );
    check(SERVES, &case("", "0"), &run, &many, 1);
    check(SERVES, &case("", "0"), &run, &many, 12);
}

#[test]
fn of_several_calls_that_failed_unnoticed_all_are_named() {
    let failed = |n: u32, line: u32| {
        json!({
            "n": n, "at_us": 0, "actor": 0, "pid": 2, "name": "close", "args": [{"number": n}],
            "returned": {"value": -1, "errno": "EIO"}, "tampered": "EIO",
            "lines": at(line),
        })
    };
    let run = Run {
        trace: vec![failed(1, 14), failed(2, 15)],
        ..Run::ended(0)
    };
    let nothing = finding(Aspect::Output, "server printed nothing on stderr", &[]);
    check(SERVES, &case("", "\"failure\""), &run, &nothing, 15);
}

const UNBRACED: &str = "\
int main(void)
{
    if (argc != 2) {
        printf(\"Usage: server NUMBER\\n\");
        return 0;
    }
    int id = shmget(100, 1024, IPC_CREAT | 0644);
    if (id == -1)
        perror(\"shmget\");
        exit(1);
    char *memory = shmat(id, NULL, 0);
    strcpy(memory, \"Hello\");
    return 0;
}
";

#[test]
fn memory_that_nothing_was_stored_in_leads_to_the_end_before() {
    let run = Run {
        trace: vec![call(1, "shmget", &json!([]), 3, 7)],
        ended_at: vec![10],
        ..Run::ended(1)
    };
    let message = "the segment with key 100 does not hold `Hello`: nothing was stored in it";
    let empty = finding(Aspect::Memory, message, &[12]);
    check(UNBRACED, &case("", "0"), &run, &empty, 10);
    check(UNBRACED, &case("", "0"), &run, &empty, 8);
    // The end that belongs to what it said last.
    let usage = Run {
        stdout: "Usage: server NUMBER",
        printed: vec![(1, 4)],
        ..Run::ended(0)
    };
    let message = "server ended with status 0: a program that cannot do its work must end with another status, as exit(1) does";
    let status = finding(Aspect::Exit, message, &[]);
    check(UNBRACED, &case("", "\"failure\""), &usage, &status, 5);
}

#[test]
fn what_another_run_replaced_leads_to_where() {
    let mut given = case("", "0");
    let text = "format = 2\nlab = \"one\"\ntitle = \"t\"\n[program.server]\nsource = \"server.c\"\n\
        [[case]]\nid = \"one\"\ntitle = \"t\"\ntier = \"core\"\npoints = 1\n\
        given.files.\"/dev/shm/notes\" = \"hello\"\n\
        [case.actor.first]\nstudent = \"server\"\n\
        [case.actor.server]\nstudent = \"server\"\nafter = \"first exits\"\nstdout = \"HELLO\\n\"\n";
    let parsed = ipclab_spec::parse("one.toml", text);
    let parsed = parsed.unwrap_or_else(|said| panic!("{}", said.render(false)));
    given.clone_from(&parsed.spec.cases[0]);
    let mut removed = call(1, "unlink", &json!([{"path": "/dev/shm/notes"}]), 0, 20);
    let mut evidence = Run::ended(0).evidence();
    let mut first = evidence.actors[0].clone();
    first.name = "first".to_owned();
    evidence.actors.insert(0, first);
    removed["actor"] = json!(0);
    evidence.trace = vec![serde_json::from_value(removed).expect("a call")];
    let files = [("server.c".to_owned(), COMMANDS.to_owned())].into();
    let wrong = finding(Aspect::Output, "server printed nothing on stdout", &[16]);
    let traced =
        ipclab_verdict::origin::Sources::new(&files).trace(&given, Some(&evidence), &wrong);
    assert!(traced.from.contains(&line(20)), "{:?}", traced.from);
}

const HANDLES: &str = "\
static void note(int signal)
{
    printf(\"%d\\n\", signal);
}
int main(void)
{
    signal(SIGUSR1, note);
    kill(getppid(), SIGUSR2);
    for (int i = 1; i <= 2; i++) {
        puts(\"waiting\");
        client = accept(listener, NULL, NULL);
        if (client < 0) {
            perror(\"accept\");
            return 1;
        }
    }
    while (!came)
        pause();
    return 0;
}
";

#[test]
fn signals_lead_to_the_handler_and_to_the_call_that_was_made_otherwise() {
    let message = "the handler of SIGUSR1 in server calls printf() or puts() (server.c:3), which is not async-signal-safe: it may hang";
    let unsafe_call = finding(Aspect::Calls, message, &[18]);
    check(HANDLES, &case("", "0"), &Run::ended(0), &unsafe_call, 3);
    // A line that the file does not have is not believed.
    let run = Run::ended(0);
    let files = [("server.c".to_owned(), HANDLES.to_owned())].into();
    let message = message.replace(":3)", ":300)");
    let other = finding(Aspect::Calls, &message, &[18]);
    let traced = ipclab_verdict::origin::Sources::new(&files).trace(
        &case("", "0"),
        Some(&run.evidence()),
        &other,
    );
    assert!(!traced.from.contains(&line(300)), "{:?}", traced.from);
    let never = finding(Aspect::Calls, "server never called kill(_, SIGUSR1)", &[19]);
    check(HANDLES, &case("", "0"), &run, &never, 8);
}

#[test]
fn an_interrupted_call_of_the_serving_loop_is_named_itself() {
    let interrupted = json!({
        "n": 1, "at_us": 0, "actor": 0, "pid": 2, "name": "accept", "args": [{"number": 3}],
        "returned": {"value": -1, "errno": "EINTR"}, "lines": at(11),
    });
    let run = Run {
        trace: vec![interrupted],
        stderr: "accept: Interrupted system call",
        printed: vec![(2, 13)],
        ..Run::ended(1)
    };
    let nothing = "server sent nothing to our client: it ended with status 1";
    let nothing = finding(Aspect::Bytes, nothing, &[13]);
    check(HANDLES, &case("", "0"), &run, &nothing, 11);
}

/// A program was called wrong, and the report sent its reader to the file of another program.
#[test]
fn origins_are_in_files_of_the_program_at_fault() {
    let case = case("", "0");
    let own =
        "#include \"mode.h\"\nint main(void)\n{\n    open(\"/tmp/a\", MODE);\n    return 0;\n}\n";
    let files = BTreeMap::from([
        ("server.c".to_owned(), own.to_owned()),
        ("client.c".to_owned(), "#define MODE 2\n".to_owned()),
    ]);
    let mut run = Run::ended(0);
    run.trace = vec![call(
        1,
        "open",
        &json!([{"path": "/tmp/a"}, {"number": 2}]),
        3,
        4,
    )];
    let finding = finding(
        Aspect::Calls,
        "server called open(\"/tmp/a\", 2) at #1 instead of open(\"/tmp/a\", 0)",
        &[4],
    );
    let program = |name: &str, file: &str| -> Program {
        serde_json::from_value(json!({"name": name, "sources": [file]})).expect("a program")
    };
    let programs = [program("server", "server.c"), program("client", "client.c")];
    let evidence = run.evidence();
    let of = |sources: &Sources<'_>| {
        let traced = sources.trace(&case, Some(&evidence), &finding);
        let files = traced.from.into_iter().map(|line| line.file);
        files.collect::<Vec<_>>()
    };
    assert_eq!(of(&Sources::new(&files)), ["client.c"]);
    assert_eq!(of(&Sources::new(&files).of(&programs)), [""; 0]);
}

#[test]
fn a_data_race_leads_to_what_its_function_locks() {
    let program = |own: &str, locked: &str| {
        format!(
            "static pthread_mutex_t lock;\nstatic void *work(void *arg)\n{{\n{own}\n    for (;;) {{\n        \
             counter++;\n        {locked}(&lock);\n        counter++;\n        pthread_mutex_unlock(&lock);\n    }}\n}}\n"
        )
    };
    let race = "server has a data race: two threads use `counter` and nothing keeps them apart";
    let race = finding(Aspect::Memory, race, &[6]);
    let late = program("", "pthread_mutex_lock");
    check(&late, &case("", "0"), &Run::ended(0), &race, 7);
    let own = program("    pthread_mutex_t lock = FIRST;", "pthread_mutex_lock");
    check(&own, &case("", "0"), &Run::ended(0), &race, 4);
    let other = program("", "sem_wait");
    check(&other, &case("", "0"), &Run::ended(0), &race, 7);
}

#[test]
fn too_few_threads_lead_to_the_loop_that_makes_them_and_to_its_bound() {
    let program = "int main(int argc, char *argv[])\n{\n    int made = 0;\n    int wanted = atoi(argv[1]);\n    wanted = 1;\n    \
                   for (; made < wanted; made++)\n        pthread_create(&threads[made], NULL, work, NULL);\n}\n";
    let said = "server had 1 thread instead of 2 (beside the one that each process begins with)";
    let few = finding(Aspect::Calls, said, &[7]);
    for line in [5, 6] {
        check(program, &case("", "0"), &Run::ended(0), &few, line);
    }
}
