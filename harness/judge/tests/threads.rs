//! What the judge says about threads that wait for each other.

use crate::common::{EvidenceBuilder, case, check};
use ipclab_evidence::{Awaited, Exit, KnownThread, SourceLine, ThreadStart, ThreadWait};

fn line(line: u32) -> SourceLine {
    SourceLine {
        file: "client.c".to_owned(),
        line,
    }
}

#[test]
fn who_holds_what_a_thread_waits_for() {
    let case = case("[case.actor.client]\nstudent = \"client\"\nexit = 0\n");
    let right = EvidenceBuilder::of(&["client"]);
    let waits = |thread, line, awaits| ThreadWait {
        thread,
        made_by: (thread > 2).then_some(1),
        lines: Vec::from_iter(line),
        awaits,
        function: None,
    };
    let in_function = |wait, function: &str| ThreadWait {
        function: Some(function.to_owned()),
        ..wait
    };
    // Threads 7 to 9, of which more is known.
    let known = || {
        let known = |thread, name: Option<&str>, function: Option<&str>| KnownThread {
            thread,
            name: name.map(str::to_owned),
            start: function.map(|function| ThreadStart {
                function: Some(function.to_owned()),
                line: line(5),
            }),
        };
        vec![
            known(7, None, Some("reader")),
            known(8, Some("a\u{1b}b"), Some("writer")),
            known(9, Some("net"), None),
        ]
    };
    for (threads, said) in [
        (
            vec![
                waits(2, Some(line(30)), Awaited::End(7)),
                waits(7, Some(line(12)), Awaited::Mutex(8)),
                waits(8, Some(line(18)), Awaited::Mutex(7)),
            ],
            "pthread_join() at client.c:30 for thread 7 to end; thread 7 (reader() at client.c:5, made at client.c:28) waits at client.c:12 for a mutex that thread 8 \"a\\x1bb\" holds; thread 8 \"a\\x1bb\" (writer() at client.c:5, made at client.c:28) waits at client.c:18 for a mutex that thread 7 holds",
        ),
        // What the other one waits in is no wait for a thread.
        (
            vec![waits(2, Some(line(30)), Awaited::End(7))],
            "pthread_join() at client.c:30 for thread 7 (reader() at client.c:5) to end",
        ),
        (
            vec![waits(2, None, Awaited::Mutex(9))],
            "pthread_mutex_lock() for a mutex that thread 9 \"net\" holds",
        ),
        (
            vec![
                waits(2, Some(line(30)), Awaited::End(3)),
                waits(3, Some(line(12)), Awaited::Mutex(4)),
                waits(4, Some(line(18)), Awaited::Mutex(3)),
            ],
            "pthread_join() at client.c:30 for thread 3 to end; thread 3 (made at client.c:28) waits at client.c:12 for a mutex that thread 4 holds; thread 4 (made at client.c:28) waits at client.c:18 for a mutex that thread 3 holds",
        ),
        (
            vec![waits(2, None, Awaited::Mutex(2))],
            "pthread_mutex_lock() for a mutex that it holds itself",
        ),
        (
            vec![
                waits(2, None, Awaited::Wake),
                waits(3, None, Awaited::End(2)),
            ],
            "a call that another thread has to wake it from: a condition, a semaphore, a barrier, or a mutex whose holder has ended; thread 3 (made at client.c:28) waits for thread 2 to end",
        ),
        (
            vec![
                in_function(waits(2, Some(line(30)), Awaited::End(3)), "pthread_join"),
                in_function(waits(3, Some(line(12)), Awaited::Wake), "pthread_cond_wait"),
            ],
            "pthread_join() at client.c:30 for thread 3 to end; thread 3 (made at client.c:28) waits at client.c:12 in pthread_cond_wait(), and no thread wakes it",
        ),
        (
            vec![in_function(
                waits(2, Some(line(30)), Awaited::Wake),
                "pthread_barrier_wait",
            )],
            "pthread_barrier_wait() at client.c:30, and not enough threads come to it",
        ),
        (
            vec![in_function(waits(2, None, Awaited::Wake), "sem_wait")],
            "sem_wait(), and no thread posts it",
        ),
        (
            vec![in_function(
                waits(2, None, Awaited::Wake),
                "pthread_mutex_lock",
            )],
            "pthread_mutex_lock(), and the thread that locked it has ended",
        ),
        // What no thread was seen in is told as it is.
        (vec![], "futex() (#2)"),
    ] {
        let said = format!("exit: client never ended: it waits in {said}");
        check(
            &case,
            &right,
            |builder| {
                builder.call(0, "clone", &[], 3);
                builder.last().lines = vec![line(28)];
                let mut wait = builder.hangs(0, "futex", None);
                wait.threads.clone_from(&threads);
                wait.known_threads = known();
                builder.e.actors[0].exit = Exit::Running {
                    wait: Some(wait),
                    on_sigterm: None,
                };
            },
            &[&said],
        );
    }
}
