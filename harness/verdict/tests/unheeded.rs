//! Failures that a program did not heed, or gave up on, and what let something through.

mod common;

use common::{Run, at, call, case, check, finding};
use ipclab_judge::MistakeKind;
use ipclab_spec::Aspect;
use serde_json::{Value, json};

fn failed(n: u32, name: &str, errno: &str, line: u32) -> Value {
    json!({
        "n": n, "at_us": 0, "actor": 0, "pid": 2, "name": name, "args": [],
        "returned": {"value": -1, "errno": errno}, "lines": at(line),
    })
}

fn made_to_fail(n: u32, name: &str, errno: &str, line: u32) -> Value {
    let mut call = failed(n, name, errno, line);
    call["tampered"] = json!(errno);
    call
}

#[test]
fn a_failure_that_was_forgotten_leads_to_what_forgets_it() {
    let program = "int main(void)\n{\n    int error = 0;\n    for (; made < wanted; made++) {\n        \
                   error = pthread_create(&threads[made], NULL, work, NULL);\n        error = 0;\n    }\n    \
                   if (error != 0)\n        return 1;\n    printf(\"total %d\\n\", total);\n    return 0;\n}\n";
    let run = Run {
        printed: vec![(1, 10)],
        trace: vec![made_to_fail(1, "clone", "EAGAIN", 5)],
        ..Run::ended(0)
    };
    let said = "server printed `total`, which must not be there: line 1 is `total 4`";
    let goes_on = finding(Aspect::Output, said, &[10]);
    check(program, &case(" 3", "\"failure\""), &run, &goes_on, 6);
    // Where nothing forgets it, what looks at it.
    let heeded = program.replace("        error = 0;\n", "\n");
    check(&heeded, &case(" 3", "\"failure\""), &run, &goes_on, 8);
}

const OPENS: &str = "\
int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, \"usage\\n\");
        exit(1);
    }
    printf(\"copying\\n\");
    int in = open(argv[1], O_RDONLY | O_NOFOLLOW);
    if (in == -1) {
        perror(argv[1]);
        exit(1);
    }
    close(in);
    write(in, \"x\", 1);
    return 0;
}
";

#[test]
fn an_error_that_a_program_gave_up_on_leads_to_its_call() {
    let missing = "/tmp/b is not there: it ended with status 1";
    let missing = finding(Aspect::Output, missing, &[11]);
    let mut run = Run {
        stderr: "/tmp/a: Too many levels of symbolic links",
        ended_at: vec![11],
        ..Run::ended(1)
    };
    // The call is not watched.
    check(OPENS, &case(" 1 2", "0"), &run, &missing, 8);
    run.trace = vec![failed(1, "open", "ELOOP", 8)];
    check(OPENS, &case(" 1 2", "0"), &run, &missing, 8);
    // What came too late was undone before.
    let unsent = "server did not print `sent` on stdout: it ended with status 1";
    let unsent = finding(Aspect::Output, unsent, &[11]);
    run.stderr = "send error: Bad file descriptor";
    run.trace = vec![call(1, "close", &json!([{"number": 3}]), 0, 13)];
    check(OPENS, &case(" 1 2", "0"), &run, &unsent, 13);
}

#[test]
fn a_call_that_fails_for_ever_leads_to_what_looks_at_its_result() {
    let program = "int main(void)\n{\n    while (!done) {\n        ssize_t n = msgrcv(id, &in, MAX, 0, 0);\n        \
                   if (n == -1)\n            continue;\n        msgsnd(id, &in, n, 0);\n    }\n}\n";
    let run = Run {
        exit: json!({"stopped": {"kind": "calls", "limit": 1000}}),
        trace: vec![failed(1, "msgrcv", "EIDRM", 4)],
        ..Run::ended(0)
    };
    let many = "server was stopped: it made more than 1000 system calls: a loop without end";
    let many = finding(Aspect::Exit, many, &[4]);
    check(program, &case("", "0"), &run, &many, 5);
}

const RUNS: &str = "\
static int parse(char *line)
{
    for (; *line != 0; line++)
        if (*line == '|')
            return -1;
    return n;
}
int main(void)
{
    while (fgets(line, 9, stdin) != NULL) {
        int n = parse(line);
        if (n == -1) {
            status = 2;
        } else if (n > 0 && strcmp(all[0].argv[0], \"quit\") == 0) {
            return 0;
        } else {
            run(all);
        }
    }
}
static void run(struct one *all)
{
    execvp(all[0].argv[0], all[0].argv);
    perror(all[0].argv[0]);
    _exit(127);
}
";

/// A member `argv` was taken for the one of `main`, and the line was said to come from itself.
#[test]
fn a_crash_on_what_a_function_let_through_leads_to_that_functions_last_look() {
    let run = Run {
        exit: json!({"signal": {"signal": 11, "name": "SIGSEGV"}}),
        ..Run::ended(0)
    };
    let crash = "server was killed by SIGSEGV (signal 11): it touched memory that is not its own";
    let mut crash = finding(Aspect::Exit, crash, &[14]);
    let mistake = crash.mistake.as_mut().expect("a mistake");
    mistake.kind = MistakeKind::Crash;
    check(RUNS, &case("", "0"), &run, &crash, 4);
}

#[test]
fn a_word_that_is_no_program_leads_to_where_words_are_compared() {
    let mut run = failed(1, "execve", "ENOENT", 24);
    run["lines"] = json!([{"file": "server.c", "line": 23}, {"file": "server.c", "line": 17}]);
    let run = Run {
        trace: vec![run],
        ..Run::ended(127)
    };
    let said = "server ended with status 127 instead of 7: exec() failed with ENOENT at #1";
    let unknown = finding(Aspect::Exit, said, &[23, 17]);
    check(RUNS, &case("", "0"), &run, &unknown, 14);
}

const CHILDREN: &str = "\
static void child(void)
{
    exit(128 + 9);
}
int main(void)
{
    pid_t pid = fork();
    if (pid == 0)
        child();
    wait(&status);
    if (WIFEXITED(status))
        printf(\"%d exited with %d\\n\", pid, WEXITSTATUS(status));
    else
        printf(\"%d was ended by signal %d\\n\", pid, WTERMSIG(status));
    return 0;
}
";

#[test]
fn a_child_that_ended_in_another_way_leads_to_how_it_ends_itself() {
    let run = Run {
        stdout: "4002 exited with 137",
        printed: vec![(1, 12)],
        ..Run::ended(0)
    };
    let message = "server did not print `4002 was ended by signal 9` on stdout";
    let pretends = finding(Aspect::Output, message, &[15]);
    check(CHILDREN, &case("", "0"), &run, &pretends, 3);
    check(CHILDREN, &case("", "0"), &run, &pretends, 11);
}

#[test]
fn a_child_that_was_never_made_leads_to_where_its_number_is_taken_from() {
    let program = "int main(void)\n{\n    puts(\"one\");\n    pid_t child = getpid();\n    kill(child, SIGUSR2);\n    return 0;\n}\n";
    let none = "server had no child that ended with status 0";
    let none = finding(Aspect::Calls, none, &[6]);
    check(program, &case("", "0"), &Run::ended(0), &none, 4);
}

#[test]
fn threads_that_are_never_joined_lead_to_where_they_are_let_go() {
    let program = "int main(void)\n{\n    for (int i = 0; i < n; i++)\n        pthread_create(&threads[i], NULL, work, NULL);\n    \
                   for (int i = 0; i < n; i++)\n        pthread_detach(threads[i]);\n    printf(\"%d\\n\", total);\n}\n";
    let early = finding(Aspect::Output, "server printed `0` instead of `5`", &[7]);
    check(program, &case("", "0"), &Run::ended(0), &early, 6);
    let forgotten = program.replace("pthread_detach", "use");
    check(&forgotten, &case("", "0"), &Run::ended(0), &early, 4);
}

#[test]
fn a_count_of_attachments_leads_to_the_last_change_of_it() {
    let program = "int main(void)\n{\n    char *at = shmat(id, NULL, 0);\n    shmdt(at);\n    shmctl(id, IPC_STAT, &ds);\n    \
                   printf(\"shm_nattch: %lu\\n\", (unsigned long)ds.shm_nattch);\n    shmdt(at);\n}\n";
    let stat = json!([{"number": 0}, {"flags": ["control", 2]}]);
    let run = Run {
        trace: vec![
            call(1, "shmat", &json!([]), 4096, 3),
            call(2, "shmdt", &json!([]), 0, 4),
            call(3, "shmctl", &stat, 0, 5),
            call(4, "shmdt", &json!([]), 0, 7),
        ],
        ..Run::ended(0)
    };
    let count = "server printed `shm_nattch: 0` instead of `shm_nattch: 1`";
    let count = finding(Aspect::Output, count, &[6]);
    check(program, &case("", "0"), &run, &count, 4);
}

#[test]
fn a_loop_that_ends_early_leads_to_what_gave_its_bound_a_value() {
    let program = "int main(int argc, char *argv[])\n{\n    long clients = atoi(argv[1]);\n    clients = 1;\n    puts(\"ready\");\n    \
                   for (long i = 1; i <= clients; i++) {\n        printf(\"Iteration: #%ld\\n\", i);\n    }\n    return 0;\n}\n";
    let run = Run {
        stdout: "ready\nIteration: #1",
        printed: vec![(1, 5), (1, 7)],
        ..Run::ended(0)
    };
    let missing = "server did not print `Iteration: #2` on stdout";
    let missing = finding(Aspect::Output, missing, &[9]);
    check(program, &case(" 2", "0"), &run, &missing, 4);
}

#[test]
fn a_call_that_looks_where_one_should_set_leads_to_where_it_is_left_out() {
    let program = "int main(void)\n{\n    if (sets) {\n        shmctl(id, IPC_STAT, &ds);\n        ds.shm_perm.mode = 0600;\n        \
                   return 0;\n    }\n    return 1;\n}\n";
    let said =
        "server called shmctl(0, IPC_STAT, 0x7f) = 0 at #5 instead of shmctl(_, IPC_SET, ...) = 0";
    let looks = finding(Aspect::Calls, said, &[4]);
    check(program, &case("", "0"), &Run::ended(0), &looks, 6);
}

#[test]
fn what_was_never_called_leads_to_the_value_that_was_printed_without_it() {
    let program = "int main(void)\n{\n    int n = 5;\n    int counted = n;\n    wait(NULL);\n    printf(\"%d\\n\", counted);\n    return 0;\n}\n";
    let run = Run {
        printed: vec![(1, 6)],
        ..Run::ended(0)
    };
    let never = finding(Aspect::Calls, "server never called kill()", &[7]);
    check(program, &case("", "0"), &run, &never, 4);
}

#[test]
fn a_number_out_of_range_leads_to_what_gives_it_back() {
    let program = |gives: &str| {
        format!(
            "static int number(const char *word)\n{{\n    if (*word == 0 || strlen(word) > 4)\n        return 0;\n    \
             int n = atoi(word);\n    return {gives};\n}}\nint main(int argc, char *argv[])\n{{\n    int n = number(argv[1]);\n    \
             printf(\"%d\\n\", n);\n    return 0;\n}}\n"
        )
    };
    let run = Run {
        printed: vec![(1, 11)],
        ..Run::ended(0)
    };
    let said = "server printed `1`, which must not be there: line 1 is `1001`";
    let taken = finding(Aspect::Output, said, &[11]);
    let most = program("n <= 1000 ? n : 1000");
    for text in [&program("n"), &most] {
        check(text, &case(" 1001", "\"failure\""), &run, &taken, 6);
    }
    // A text that is no number was to be seen before.
    check(&most, &case(" 3x", "\"failure\""), &run, &taken, 3);
}

/// Only two bytes differed, and the reader was sent to the length.
#[test]
fn another_byte_leads_to_what_wrote_it_and_not_to_the_length() {
    let program = "#define SIZE 10\nint main(void)\n{\n    ssize_t count = recvfrom(fd, text, SIZE, 0, from, &length);\n    \
                   for (ssize_t i = 0; i < count; i++)\n        text[i] -= 32;\n    sendto(fd, text, count, 0, from, length);\n}\n";
    let said = "server sent `N\\xa3\\x89E` instead of `N\u{e9}E` in message 1 (#9): byte 1 is 0xa3 instead of 0xc3";
    let other = finding(Aspect::Bytes, said, &[7]);
    check(program, &case("", "0"), &Run::ended(0), &other, 6);
}

/// What a program cleared up when it ended was taken for a file that had been in its way.
#[test]
fn a_file_that_is_removed_at_the_end_was_in_nobodys_way() {
    let program = "static void tidy(void)\n{\n    if (bound)\n        unlink(bound);\n}\nint main(int argc, char *argv[])\n{\n    \
                   const char *path = argv[1];\n    if (strlen(path) > sizeof here.sun_path)\n        return 1;\n    bind(fd, here, length);\n    \
                   for (;;)\n        accept(fd, NULL, NULL);\n}\n";
    let wait = json!({"actor": 0, "pid": 2, "call": "accept", "n": 2});
    let run = Run {
        exit: json!({"running": {"wait": wait}}),
        trace: vec![
            call(1, "bind", &json!([]), 0, 11),
            call(3, "unlink", &json!([{"path": "/tmp/s"}]), 0, 4),
        ],
        ..Run::ended(0)
    };
    let never = finding(
        Aspect::Exit,
        "server never ended: it waits in accept() (#2)",
        &[13],
    );
    check(program, &case(" /tmp/s", "\"failure\""), &run, &never, 8);
    check(program, &case(" /tmp/s", "\"failure\""), &run, &never, 9);
}
