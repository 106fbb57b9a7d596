//! How each actor ended, and what it still waited in when the case was over.

use ipclab_evidence::{
    ActorEvidence, Awaited, Ended, Evidence, Exit, LimitHit, LimitKind, Object, Wait,
};

use super::model::{Act, Placed, Position, Row, Tone};
use crate::Place;

/// The last rows of every actor.
pub(super) fn of(evidence: &Evidence, rows: &[Placed]) -> Vec<Placed> {
    let mut ends = Vec::new();
    for (actor, seen) in evidence.actors.iter().enumerate() {
        if let Some((text, tone, by_itself)) = end(seen, &evidence.ended) {
            // The exit has no number of its own: it comes after all that the actor did, shown or not.
            let done = evidence
                .trace
                .iter()
                .filter(|call| call.actor == actor)
                .map(Position::at);
            let row_places = rows
                .iter()
                .filter(|row| row.actor == actor)
                .map(|row| row.position);
            let last = done.chain(row_places).max();
            let place = match (by_itself, last) {
                (true, Some(Position(n, _))) => Position(n, u8::MAX - 1),
                (true, None) | (false, _) => Position::END,
            };
            let mut row = placed(place, actor, None, text, tone);
            row.row.line = seen.ended_at.first().map(Place::from);
            ends.push(row);
        }
        for wait in waits(evidence, actor, &seen.exit) {
            let sleeps = if wait.timed {
                ", which ends by itself"
            } else {
                ""
            };
            let text = format!(
                "waits in {}(){}{sleeps}",
                waited_in(evidence, wait),
                awaited(evidence, wait)
            );
            // A call that has no line in the trace has no number.
            let n = Some(wait.n).filter(|n| *n > 0);
            let mut row = placed(Position::END, actor, n, text, Tone::Waits);
            let mut calls = evidence.trace.iter();
            let call = calls.find(|call| call.n == wait.n);
            let line = call.and_then(|call| call.lines.first());
            row.row.line = line.or(wait.lines.first()).map(Place::from);
            ends.push(row);
        }
    }
    for left in evidence
        .leftovers
        .processes
        .iter()
        .filter(|left| !left.first)
    {
        let text = format!("process {} ({}) is still there", left.pid, left.name);
        ends.push(placed(Position::END, left.actor, None, text, Tone::Waits));
    }
    ends
}

/// The call of a wait as the C source names it.
fn waited_in<'a>(evidence: &'a Evidence, wait: &'a Wait) -> &'a str {
    let thread = wait.awaits();
    match thread.map(|thread| thread.awaits) {
        Some(Awaited::Mutex(_)) => return "pthread_mutex_lock",
        Some(Awaited::End(_)) => return "pthread_join",
        Some(Awaited::Wake) | None => {}
    }
    if let Some(function) = thread.and_then(|thread| thread.function.as_deref()) {
        return function;
    }
    evidence.name_of_wait(wait)
}

/// Whom a wait is for: ` for client`.
fn awaited(evidence: &Evidence, wait: &Wait) -> String {
    match wait.awaits().map(|thread| (thread.thread, thread.awaits)) {
        Some((thread, Awaited::Mutex(holder))) if thread == holder => {
            return " for a mutex that it holds itself".to_owned();
        }
        Some((_, Awaited::Mutex(holder))) => {
            return format!(" for a mutex that {} holds", thread_of(wait, holder));
        }
        Some((_, Awaited::End(other))) => return format!(" for {}", thread_of(wait, other)),
        Some((_, Awaited::Wake)) | None => {}
    }
    if let Some(lock) = &wait.lock {
        return match lock.held.first() {
            Some(held) => {
                let whose = whose(evidence, wait, (held.actor, held.pid));
                format!(" for a lock on the file: {whose} has one that excludes it")
            }
            None => " for a lock on the file".to_owned(),
        };
    }
    if let Some(end) = wait.other_ends.first() {
        let whose = whose(evidence, wait, (end.actor, end.pid));
        let (on, other) = match wait.object {
            Some(Object::Socket(_)) => ("one of two sockets", "the other one"),
            _ => ("a pipe", "the other end"),
        };
        return format!(" on {on}: {whose} has {other} open (descriptor {})", end.fd);
    }
    if let Some(call) = wait.in_flight.first() {
        return format!(" on a pipe: its other end was passed at #{call} and never received");
    }
    let Some(Object::Socket(socket)) = wait.object else {
        return String::new();
    };
    let peer = evidence.sockets.get(socket).and_then(|socket| socket.peer);
    let other = peer.and_then(|peer| evidence.sockets.get(peer));
    let other = other.and_then(|other| evidence.actors.get(other.actor));
    other.map_or(String::new(), |other| format!(" for {}", other.name))
}

/// `thread 7 (reader() at server.c:12)`
fn thread_of(wait: &Wait, thread: u32) -> String {
    let known = wait.known_thread(thread);
    match known.and_then(|known| known.start.as_ref()) {
        Some(start) => format!("thread {thread} ({start})"),
        None => format!("thread {thread}"),
    }
}

/// The process of an actor as a reader knows it: `it`, `server`, `process 8 of server`.
fn whose(evidence: &Evidence, wait: &Wait, (actor, pid): (usize, u32)) -> String {
    let known = evidence.actors.get(actor);
    let name = known.map_or("a program", |actor| &actor.name);
    let first = known.and_then(|actor| actor.pid);
    match (actor, pid) == (wait.actor, wait.pid) {
        true => "it".to_owned(),
        false if Some(pid) == first => name.to_owned(),
        false => format!("process {pid} of {name}"),
    }
}

fn placed(place: Position, actor: usize, n: Option<u32>, text: String, tone: Tone) -> Placed {
    let act = Act::Step {
        actor,
        text: text.into(),
    };
    Placed {
        position: place,
        actor,
        row: Row::new(n, act, tone),
    }
}

/// What to say, how it is to be taken, and whether it happened in the course of the case rather than at its very end.
fn end(actor: &ActorEvidence, ended: &Ended) -> Option<(String, Tone, bool)> {
    let said = match &actor.exit {
        Exit::NotStarted => ("never started".to_owned(), Tone::Broken, false),
        Exit::NotExecuted(errno) => (
            format!("could not be executed: {errno}"),
            Tone::Broken,
            true,
        ),
        Exit::Code(status) => (format!("exits with {status}"), Tone::Ended, true),
        Exit::Signal { name, call, .. } => {
            let place = call
                .as_deref()
                .map_or(String::new(), |call| format!(" in {call}()"));
            (format!("killed by {name}{place}"), Tone::Broken, true)
        }
        Exit::Running { wait: Some(_), .. } => return None,
        Exit::Running { wait: None, .. } => {
            let said = match ended {
                // Another actor's limit ended the case: how it would have gone on is not known.
                Ended::LimitHit { .. } => "was still running",
                Ended::AllExited
                | Ended::Stuck { .. }
                | Ended::ClockRanOut { .. }
                | Ended::DeadlineExceeded { .. } => "is still computing",
            };
            (said.to_owned(), Tone::Waits, false)
        }
        Exit::Stopped(hit) => (format!("stopped: {}", limit(hit)), Tone::Broken, false),
    };
    Some(said)
}

fn limit(hit: &LimitHit) -> String {
    let value = hit.limit;
    match hit.kind {
        LimitKind::Cpu => format!("more than {value} ms of CPU time"),
        LimitKind::Output => format!("more than {value} bytes of output"),
        LimitKind::Lines => format!("more than {value} lines of output"),
        LimitKind::Processes => format!("more than {value} processes"),
        LimitKind::Memory => format!("more than {value} MiB of memory"),
        LimitKind::FileSize => format!("more than {value} MiB of files"),
        LimitKind::OpenFiles => format!("more than {value} open descriptors"),
        LimitKind::Calls => format!("more than {value} system calls"),
        LimitKind::IpcObjects => format!("more than {value} System V objects"),
        LimitKind::Files => format!("more than {value} files"),
        LimitKind::Accesses => format!("more than {value} accesses to shared memory"),
        LimitKind::UnseenMemory => "memory reached in a way that cannot be watched".to_owned(),
        LimitKind::UnreadablePrograms => "a program that may not be read".to_owned(),
        LimitKind::Terminals => "a terminal that is not its own".to_owned(),
        LimitKind::Neighbours => "a process or service that is not the case's".to_owned(),
    }
}

/// What an actor's processes were blocked in at the end, each process once.
fn waits<'a>(evidence: &'a Evidence, actor: usize, exit: &'a Exit) -> Vec<&'a Wait> {
    let of_case: &[Wait] = match &evidence.ended {
        Ended::Stuck { waits }
        | Ended::DeadlineExceeded { waits, .. }
        | Ended::ClockRanOut { waits, .. } => waits,
        Ended::AllExited | Ended::LimitHit { .. } => &[],
    };
    let own = match exit {
        Exit::Running { wait, .. } => wait.as_ref(),
        Exit::NotStarted
        | Exit::NotExecuted(_)
        | Exit::Code(_)
        | Exit::Signal { .. }
        | Exit::Stopped(_) => None,
    };
    let mut waits: Vec<&Wait> = Vec::new();
    for wait in of_case.iter().filter(|wait| wait.actor == actor).chain(own) {
        if !waits.iter().any(|known| known.pid == wait.pid) {
            waits.push(wait);
        }
    }
    waits
}
