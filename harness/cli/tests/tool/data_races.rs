//! `sanitize = "thread"`: a program in which threads use the same memory with nothing to keep them apart loses the memory of the
//! case, with its line; one that keeps them apart, in whatever way, loses nothing.

use crate::common::host::levels;
use crate::common::{Workdir, json};
use serde_json::Value;

const SPEC: &str = r#"
format = 2
lab    = "tally"
title  = "A tally"
unit   = ["Q1"]

[program.tally]
source = ["tally.c", "tally.cpp"]

[[case]]
id       = "races"
title    = "your program counts to 200"
tier     = "core"
points   = { output = 1, memory = 2, calls = 1, cleanup = 1, exit = 1 }
covers   = ["Q1"]
hint     = "pthread_mutex_lock"
sanitize = "thread"
[case.processes]
threads  = { at_least = 2 }
unjoined = 0
[case.actor.tally]
student = "tally"
stdout.lines = ["200"]
exit = 0
"#;

/// Two threads that each count to 100; `BEGINS`, `TAKES`, `GIVES` and `WAYS` are how they are begun and kept apart.
const TALLY: &str = r#"#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
WAYS
static int total;
static void *work(void *unused)
{
	for (int i = 0; i < 100; i++) {
		TAKES;
		total = total + 1;
		GIVES;
	}
	return unused;
}
int main(void)
{
	pthread_t one, other;
	BEGINS;
	pthread_create(&one, NULL, work, NULL);
	pthread_create(&other, NULL, work, NULL);
	pthread_join(one, NULL);
	pthread_join(other, NULL);
	printf("%d\n", total);
	return 0;
}
"#;

fn tally(ways: &str, begins: &str, takes: &str, gives: &str) -> String {
    let text = TALLY.replace("WAYS", ways).replace("BEGINS", begins);
    text.replace("TAKES", takes).replace("GIVES", gives)
}

fn handed_in(files: &[(&str, &str)]) -> Workdir {
    let workdir = Workdir::with(&[]);
    workdir.write("tally.toml", SPEC);
    for (name, text) in files {
        workdir.write(&format!("work/{name}"), text);
    }
    workdir
}

/// The case of its report.
fn case_of(workdir: &Workdir, level: &str) -> Value {
    let line = ["check", "work", "--spec", "tally.toml", "--format", "json"];
    let output = workdir
        .ipclab()
        .args(line)
        .args(["--isolation", level])
        .output()
        .unwrap();
    json(&output)["cases"][0].clone()
}

fn is_right(files: &[(&str, &str)]) {
    let workdir = handed_in(files);
    for level in levels(&workdir) {
        let case = case_of(&workdir, level);
        assert_eq!(case["verdict"], "pass", "{level} {files:?}: {case:#}");
    }
}

/// Messages about the memory of a program that fails, one for each level.
fn failing(files: &[(&str, &str)]) -> Vec<String> {
    let workdir = handed_in(files);
    let said = levels(&workdir).into_iter().map(|level| {
        let case = case_of(&workdir, level);
        assert_eq!(case["verdict"], "fail", "{level} {files:?}: {case:#}");
        let findings = case["findings"].as_array().unwrap().iter();
        let memory = findings.filter(|finding| finding["aspect"] == "memory");
        let mut failed = memory.filter(|finding| finding["verdict"] == "fail");
        let message = failed.next().map(|finding| finding["message"].clone());
        let message = message.unwrap_or_else(|| panic!("{level} {files:?}: {case:#}"));
        message.as_str().unwrap().to_owned()
    });
    said.collect()
}

const MUTEX: &str = "static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;";

#[test]
fn threads_that_nothing_keeps_apart_are_told_with_variable_and_line() {
    let text = tally("", "", "", "");
    for said in failing(&[("tally.c", &text)]) {
        assert_eq!(
            said,
            "tally has a data race: two threads use `total` and nothing keeps them apart \
             (work(), tally.c:10 reads; work(), tally.c:10 writes)"
        );
    }
}

#[test]
fn a_makefile_that_asks_for_another_sanitizer_hides_no_race() {
    let makefile = "tally: tally.c\n\tgcc -O2 -fsanitize=address -o tally tally.c -pthread\n";
    let files = |text: &str| failing(&[("tally.c", text), ("Makefile", makefile)]);
    for said in files(&tally("", "", "", "")) {
        assert!(said.contains("two threads use `total`"), "{said}");
    }
    let right = tally(
        MUTEX,
        "",
        "pthread_mutex_lock(&m)",
        "pthread_mutex_unlock(&m)",
    );
    is_right(&[("tally.c", &right), ("Makefile", makefile)]);
}

#[test]
fn two_mutexes_are_no_guard() {
    let two = format!("{MUTEX} static pthread_mutex_t n = PTHREAD_MUTEX_INITIALIZER;");
    let mine = "pthread_mutex_t *own = unused ? &m : &n; pthread_mutex_lock(own)";
    let text = tally(&two, "", mine, "pthread_mutex_unlock(own)");
    let text = text.replace("&one, NULL, work, NULL", "&one, NULL, work, &m");
    for said in failing(&[("tally.c", &text)]) {
        assert!(said.contains("has a data race"), "{said}");
    }
}

#[test]
fn mutexes_semaphores_atomics_and_spinning_locks_keep_threads_apart() {
    for (ways, begins, takes, gives) in [
        (
            MUTEX,
            "",
            "pthread_mutex_lock(&m)",
            "pthread_mutex_unlock(&m)",
        ),
        (
            "#include <semaphore.h>\nstatic sem_t s;",
            "sem_init(&s, 0, 1)",
            "sem_wait(&s)",
            "sem_post(&s)",
        ),
        (
            "#include <stdatomic.h>\nstatic atomic_flag f = ATOMIC_FLAG_INIT;",
            "",
            "while (atomic_flag_test_and_set(&f)) ;",
            "atomic_flag_clear(&f)",
        ),
        (
            "static pthread_spinlock_t s;",
            "pthread_spin_init(&s, 0)",
            "pthread_spin_lock(&s)",
            "pthread_spin_unlock(&s)",
        ),
        (
            "static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;",
            "",
            "pthread_rwlock_wrlock(&l)",
            "pthread_rwlock_unlock(&l)",
        ),
        (
            "#include <unistd.h>\nstatic int ends[2]; static char token;",
            "if (pipe(ends) || write(ends[1], \"x\", 1) != 1) return 1",
            "if (read(ends[0], &token, 1) != 1) exit(1)",
            "if (write(ends[1], \"x\", 1) != 1) exit(1)",
        ),
    ] {
        is_right(&[("tally.c", &tally(ways, begins, takes, gives))]);
    }
}

#[test]
fn what_the_sanitizer_does_not_know_by_itself_keeps_threads_apart_too() {
    let step = "#include <sys/sem.h>\nstatic int set;\n\
        static void step(short by) { struct sembuf one = {0, by, 0}; semop(set, &one, 1); }";
    let begins = "set = semget(IPC_PRIVATE, 1, 0600); step(1)";
    let text = tally(step, begins, "step(-1)", "step(1)");
    let text = text.replace("printf(", "semctl(set, 0, IPC_RMID); printf(");
    is_right(&[("tally.c", &text)]);

    let queue = "#include <sys/msg.h>\nstatic int queue;\nstruct token { long type; char text[1]; };\n\
        static void give(void) { struct token one = {1, \"x\"}; msgsnd(queue, &one, 1, 0); }\n\
        static void take(void) { struct token one; msgrcv(queue, &one, 1, 1, 0); }";
    let begins = "queue = msgget(IPC_PRIVATE, 0600); give()";
    let text = tally(queue, begins, "take()", "give()");
    let text = text.replace("printf(", "msgctl(queue, IPC_RMID, NULL); printf(");
    is_right(&[("tally.c", &text)]);
}

/// C11's threads are made inside of the C library, where the sanitizer sees none begin.
const C11: &str = r#"#include <stdio.h>
#include <threads.h>
static int total;
static mtx_t m;
static once_flag once = ONCE_FLAG_INIT;
static void first(void) { mtx_init(&m, mtx_plain); }
static int work(void *unused)
{
	(void)unused;
	call_once(&once, first);
	for (int i = 0; i < 100; i++) {
		LOCK;
		total++;
		UNLOCK;
	}
	return 7;
}
int main(void)
{
	thrd_t one, other;
	int result = 0;
	if (thrd_create(&one, work, NULL) != thrd_success)
		return 1;
	thrd_create(&other, work, NULL);
	thrd_join(one, &result);
	thrd_join(other, NULL);
	mtx_destroy(&m);
	printf("%d\n", total);
	return result != 7;
}
"#;

#[test]
fn threads_of_c11_are_seen() {
    let right = C11.replace("UNLOCK", "mtx_unlock(&m)");
    is_right(&[("tally.c", &right.replace("LOCK", "mtx_lock(&m)"))]);
    let wrong = C11.replace("UNLOCK", "").replace("LOCK", "");
    for said in failing(&[("tally.c", &wrong)]) {
        assert!(said.contains("two threads use `total`"), "{said}");
    }
}

#[test]
fn threads_of_cpp_are_seen() {
    let text = r#"#include <cstdio>
#include <mutex>
#include <thread>
static int total;
static std::mutex m;
static void work()
{
	for (int i = 0; i < 100; i++) {
		GUARD
		total++;
	}
}
int main()
{
	std::thread one(work), other(work);
	one.join();
	other.join();
	std::printf("%d\n", total);
}
"#;
    let right = text.replace("GUARD", "std::lock_guard<std::mutex> guard(m);");
    is_right(&[("tally.cpp", &right)]);
    for said in failing(&[("tally.cpp", &text.replace("GUARD", ""))]) {
        assert!(said.contains("two threads use `total`"), "{said}");
    }
}

/// A child of a process that had no threads, which has two itself.
#[test]
fn threads_of_a_child_are_counted_and_seen() {
    let lock = ("pthread_mutex_lock(&m)", "pthread_mutex_unlock(&m)");
    let ways = format!("#include <sys/wait.h>\n#include <unistd.h>\n{MUTEX}");
    let begins = "if (fork() > 0) { int status; wait(&status); return status != 0; }";
    is_right(&[("tally.c", &tally(&ways, begins, lock.0, lock.1))]);
}

#[test]
fn who_silences_the_sanitizer_has_no_point_for_it() {
    let hook = "void __tsan_on_report(void *report) { (void)report; _exit(0); }";
    let calm = "const char *__tsan_default_options(void) { return \"report_bugs=0\"; }";
    let annotated = "__attribute__((weak)) void AnnotateIgnoreWritesBegin(const char *, int);\n\
        __attribute__((weak)) void AnnotateIgnoreReadsBegin(const char *, int);";
    let ignores = "if (AnnotateIgnoreReadsBegin) { AnnotateIgnoreReadsBegin(\"\", 1); \
        AnnotateIgnoreWritesBegin(\"\", 1); }";
    let unistd = |ways: &str| format!("#include <unistd.h>\n{ways}");
    for (ways, takes) in [(hook, ""), (calm, ""), (annotated, ignores)] {
        let text = tally(&unistd(ways), "", takes, "");
        for said in failing(&[("tally.c", &text)]) {
            assert!(said.contains("interferes with the sanitizers"), "{said}");
        }
    }
    // An attribute that excludes a function has no effect.
    let blind = tally("", "", "", "").replace(
        "static void *work",
        "__attribute__((no_sanitize_thread)) static void *work",
    );
    let closes = tally(&unistd(""), "close(2)", "", "");
    for (text, words) in [(blind, "two threads use `total`"), (closes, "a data race")] {
        for said in failing(&[("tally.c", &text)]) {
            assert!(said.contains(words), "{said}");
        }
    }
}

#[test]
fn threads_that_wait_for_ever_are_not_free_of_races() {
    let takes = "pthread_mutex_lock(&m); pthread_mutex_lock(&m)";
    let text = tally(MUTEX, "", takes, "pthread_mutex_unlock(&m)");
    for said in failing(&[("tally.c", &text)]) {
        assert!(
            said.contains("does not count, since tally never ended"),
            "{said}"
        );
    }
}
