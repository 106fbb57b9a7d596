//! Threads that wait for each other, in the words of findings.

use ipclab_evidence::{Awaited, ThreadWait, Wait};

use super::lookup::Facts;

/// So many threads are told of beside the first one.
const OTHERS_MAX: usize = 4;

impl Facts<'_> {
    /// `pthread_join() for the end of thread 7; thread 7 waits (server.c:20) for a mutex that thread 8 holds; ...`
    pub(super) fn waits_for_threads(&self, wait: &Wait) -> Option<String> {
        let first = wait.awaits()?;
        let mut text = match first.awaits {
            Awaited::Mutex(holder) => {
                let holds = holds(first, holder);
                format!("pthread_mutex_lock(){} for a mutex that {holds}", at(first))
            }
            Awaited::End(other) => {
                format!("pthread_join(){} for thread {other} to end", at(first))
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
                Awaited::Mutex(holder) => format!("for a mutex that {}", holds(other, holder)),
                Awaited::End(thread) => format!("for thread {thread} to end"),
                Awaited::Wake => match &other.function {
                    Some(function) => format!("in {function}(), and {}", in_vain(function)),
                    None => "to be woken from a condition, a semaphore, a barrier, or a mutex whose holder has ended".to_owned(),
                },
            };
            text += &format!(
                "; thread {}{} waits{} {what}",
                other.thread,
                self.made(other),
                at(other)
            );
        }
        let more = wait.threads.len().saturating_sub(1 + OTHERS_MAX);
        if more > 0 {
            text += &format!("; and {more} more");
        }
        Some(text)
    }

    /// ` (made at server.c:30)`
    fn made(&self, thread: &ThreadWait) -> String {
        let calls = &self.evidence.trace;
        let call = calls.iter().find(|call| Some(call.n) == thread.made_by);
        let line = call.and_then(|call| call.lines.first());
        line.map(|line| format!(" (made at {line})"))
            .unwrap_or_default()
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

fn holds(thread: &ThreadWait, holder: u32) -> String {
    match thread.thread == holder {
        true => "it holds itself".to_owned(),
        false => format!("thread {holder} holds"),
    }
}

/// ` at server.c:20`
fn at(thread: &ThreadWait) -> String {
    let line = thread.lines.first();
    line.map(|line| format!(" at {line}")).unwrap_or_default()
}
