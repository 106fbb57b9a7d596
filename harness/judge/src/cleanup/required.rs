//! What had to be there at the end.

use ipclab_evidence::{Arg, Call, FileKind, LeftFile, Object, belongs};
use ipclab_spec::{Aspect, GivenKind, Leftover, Named};

use super::fail::fail;
use super::names::{globs, is_path, is_port, named, served_files};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{count, escaped_line};

/// What had to be there at the end.
pub(super) fn required(facts: Facts<'_>, must: &Leftover) -> Finding {
    let left = &facts.evidence.leftovers;
    let (name, there) = match must {
        Leftover::Path(pattern) => {
            let file = left
                .files
                .iter()
                .find(|file| globs(pattern, &file.path.to_text()));
            if let Some(file) = file.filter(|file| file.changed && was_not_to_change(facts, file)) {
                let path = escaped_line(&file.path.to_text());
                return fail(
                    facts,
                    None,
                    format!("{path} was there before and is not the same any more"),
                )
                .expecting(
                    format!("{path} as it was"),
                    format!("{}, {}", kind_name(file.kind), count(file.size, "byte")),
                );
            }
            (pattern.clone(), file.is_some())
        }
        Leftover::Shm(wanted) => (
            named("segment", *wanted),
            left.segments
                .iter()
                .any(|segment| wanted.is(segment.key) && !segment.doomed),
        ),
        Leftover::Sem(wanted) => (
            named("semaphore set", *wanted),
            left.semaphores.iter().any(|set| wanted.is(set.key)),
        ),
        Leftover::Msg(wanted) => (
            named("message queue", *wanted),
            left.queues.iter().any(|queue| wanted.is(queue.key)),
        ),
        Leftover::PosixShm(pattern) => (
            format!("POSIX shared memory {pattern}"),
            left.posix_shm
                .iter()
                .any(|object| globs(pattern, &object.path.to_text())),
        ),
        Leftover::PosixQueue(pattern) => (
            format!("POSIX message queue {pattern}"),
            left.posix_queues
                .iter()
                .any(|object| globs(pattern, &object.path.to_text())),
        ),
        Leftover::Port(endpoint) => (
            crate::listening::show_endpoint(endpoint),
            left.ports.iter().any(|port| is_port(must, port)),
        ),
        Leftover::Served(actor) => (
            served_files(facts, actor).next().map_or_else(
                || format!("the socket file of {actor}"),
                |path| escaped_line(&path),
            ),
            left.files
                .iter()
                .any(|file| is_path(facts, must, &file.path.to_text())),
        ),
        Leftover::Process => (
            "a process that goes on".to_owned(),
            left.processes.iter().any(|process| !process.first),
        ),
    };
    if there {
        let text = format!("{name} is there at the end");
        let finding = Finding::pass(Aspect::Cleanup, None, text);
        return match must {
            Leftover::Process => finding,
            _ => facts.at_the_end(&name, finding),
        };
    }
    let gone = remover_of(facts, must).or_else(|| maker_elsewhere(facts, must));
    let (actor, why, cite) = match gone {
        Some((actor, why, n)) => (Some(actor), why, Some(n)),
        None => (None, String::new(), None),
    };
    let finding = fail(facts, actor, format!("{name} is not there at the end{why}"));
    finding
        .expecting(format!("{name} is there"), "it is not")
        .citing(cite)
}

/// `: reader removed it, shmctl(IPC_RMID) at #9`
fn remover_of(facts: Facts<'_>, must: &Leftover) -> Option<(usize, String, u32)> {
    let mut trace = facts.evidence.trace.iter().rev().filter(|call| {
        call.returned
            .as_ref()
            .is_some_and(|returned| returned.value == 0)
    });
    let call = match must {
        Leftover::Path(path) => trace.find(|call| {
            belongs(&call.name, false, "unlink")
                && call
                    .args
                    .iter()
                    .filter_map(Arg::path)
                    .any(|part| globs(path, &part.escaped()))
        })?,
        Leftover::Shm(named) => {
            let removals = trace.filter(|call| {
                call.name == "shmctl" && call.args.iter().any(|arg| arg.has("IPC_RMID"))
            });
            let own = given_segment(facts, named);
            let removals: Vec<&Call> = removals.collect();
            let of_own = removals
                .iter()
                .copied()
                .find(|call| own.is_some() && call.object == own);
            of_own.or(removals.first().copied())?
        }
        Leftover::Sem(_)
        | Leftover::Msg(_)
        | Leftover::PosixShm(_)
        | Leftover::PosixQueue(_)
        | Leftover::Port(_)
        | Leftover::Process
        | Leftover::Served(_) => return None,
    };
    let what = if call.name == "shmctl" {
        "shmctl(IPC_RMID)".to_owned()
    } else {
        Facts::name(call)
    };
    Some((
        call.actor,
        format!(
            ": {} removed it, {what} at #{}",
            facts.who(call.actor),
            call.n
        ),
        call.n,
    ))
}

/// A segment that was there before the first actor: a new namespace numbers them in their order.
fn given_segment(facts: Facts<'_>, named: &Named) -> Option<Object> {
    let Named::Key(key) = named else { return None };
    let mut given = facts.case.given.shm.iter();
    let at = given.position(|given| given.key == *key)?;
    Some(Object::Segment(i32::try_from(at).ok()?))
}

/// `: writer used key 256 instead of 100 ...`
fn maker_elsewhere(facts: Facts<'_>, must: &Leftover) -> Option<(usize, String, u32)> {
    let Leftover::Shm(Named::Key(key)) = must else {
        return None;
    };
    crate::memory::other_key(facts, *key).map(|(actor, why, n)| (actor, format!(": {why}"), n))
}

/// A stale socket is there to be replaced; a text or a folder is not.
fn was_not_to_change(facts: Facts<'_>, file: &LeftFile) -> bool {
    let path = file.path.to_text();
    facts
        .case
        .given
        .files
        .iter()
        .filter(|given| given.path == path)
        .any(|given| match given.kind {
            GivenKind::Text(_)
            | GivenKind::Directory
            | GivenKind::Fifo
            | GivenKind::Symlink(_)
            | GivenKind::HardLink(_) => true,
            GivenKind::StaleSocket => false,
        })
}

fn kind_name(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Regular => "a file",
        FileKind::Socket => "a socket file",
        FileKind::Directory => "a folder",
        FileKind::Symlink => "a symbolic link",
        FileKind::Fifo => "a FIFO",
        FileKind::Other => "something else",
    }
}
