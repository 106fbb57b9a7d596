//! Threads that wait for each other, in the words of findings.

use ipclab_evidence::{Awaited, ThreadWait, Wait};

use super::lookup::Facts;
use crate::quote::escaped_line;

/// So many threads are told of beside the first one.
const OTHERS_MAX: usize = 4;

impl Facts<'_> {
    /// `pthread_join() for the end of thread 7; thread 7 waits (server.c:20) for a mutex that thread 8 holds; ...`
    pub(super) fn waits_for_threads(&self, wait: &Wait) -> Option<String> {
        let first = wait.awaits()?;
        let mut text = match first.awaits {
            Awaited::Mutex(holder) => {
                let holds = holds(wait, first, holder);
                format!("pthread_mutex_lock(){} for a mutex that {holds}", at(first))
            }
            Awaited::End(other) => {
                format!(
                    "pthread_join(){} for {} to end",
                    at(first),
                    thread(wait, other)
                )
            }
            Awaited::Wake => match &first.function {
                Some(function) => format!("{function}(){}, and {}", at(first), in_vain(function)),
                None => format!(
                    "a call{} that another thread has to wake it from: a condition, a semaphore, a barrier, or a mutex whose holder has ended",
                    at(first)
                ),
            },
        };
        for other in wait.threads.iter().skip(1).take(OTHERS_MAX) {
            let what = match other.awaits {
                Awaited::Mutex(holder) => {
                    format!("for a mutex that {}", holds(wait, other, holder))
                }
                Awaited::End(ended) => format!("for {} to end", thread(wait, ended)),
                Awaited::Wake => match &other.function {
                    Some(function) => format!("in {function}(), and {}", in_vain(function)),
                    None => "to be woken from a condition, a semaphore, a barrier, or a mutex whose holder has ended".to_owned(),
                },
            };
            text += &format!(
                "; {} waits{} {what}",
                self.described(wait, other),
                at(other)
            );
        }
        let more = wait.threads.len().saturating_sub(1 + OTHERS_MAX);
        if more > 0 {
            text += &format!("; and {more} more");
        }
        Some(text)
    }

    /// `thread 7 "net" (reader() at server.c:12, made at server.c:30)`
    fn described(&self, wait: &Wait, other: &ThreadWait) -> String {
        let calls = &self.evidence.trace;
        let call = calls.iter().find(|call| Some(call.n) == other.made_by);
        let made = call.and_then(|call| call.lines.first());
        let made = made.map(|line| format!("made at {line}"));
        let known = wait.known_thread(other.thread);
        let start = known.and_then(|known| known.start.as_ref());
        let about: Vec<String> = start
            .map(ToString::to_string)
            .into_iter()
            .chain(made)
            .collect();
        let named = named(wait, other.thread);
        match about.is_empty() {
            true => named,
            false => format!("{named} ({})", about.join(", ")),
        }
    }
}

/// `thread 7 "net"`: with the name that its program has given it.
fn named(wait: &Wait, thread: u32) -> String {
    let known = wait.known_thread(thread);
    match known.and_then(|known| known.name.as_ref()) {
        Some(name) => format!("thread {thread} \"{}\"", escaped_line(name)),
        None => format!("thread {thread}"),
    }
}

/// `thread 7 (reader())`: one of which no more is said.
fn thread(wait: &Wait, thread: u32) -> String {
    // What one that waits itself is has its own sentence.
    let is_told = wait.threads.iter().skip(1).take(OTHERS_MAX);
    let is_told = is_told.clone().any(|told| told.thread == thread);
    let start = wait.known_thread(thread).filter(|_| !is_told);
    match start.and_then(|known| known.start.as_ref()) {
        Some(start) => format!("{} ({start})", named(wait, thread)),
        None => named(wait, thread),
    }
}

/// Why a wait in this function of the C library does not end.
fn in_vain(function: &str) -> &'static str {
    match function {
        "pthread_barrier_wait" => "not enough threads come to it",
        "pthread_mutex_lock" | "pthread_mutex_timedlock" => "the thread that locked it has ended",
        "pthread_rwlock_rdlock" | "pthread_rwlock_wrlock" => {
            "another thread has it and does not unlock it"
        }
        "sem_wait" | "sem_timedwait" | "sem_clockwait" => "no thread posts it",
        _ => "no thread wakes it",
    }
}

fn holds(wait: &Wait, waiting: &ThreadWait, holder: u32) -> String {
    match waiting.thread == holder {
        true => "it holds itself".to_owned(),
        false => format!("{} holds", thread(wait, holder)),
    }
}

/// ` at server.c:20`
fn at(thread: &ThreadWait) -> String {
    let line = thread.lines.first();
    line.map(|line| format!(" at {line}")).unwrap_or_default()
}
