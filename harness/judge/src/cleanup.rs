//! Cleanup: what was left behind. Silence in a spec means: nothing.

mod fail;
mod names;
mod required;

use ipclab_evidence::{Call, Exit, FileKind, LeftFile, LeftPort, Protocol, Segment, belongs};
use ipclab_spec::{Aspect, ExitExpectation, Leftover};

use fail::fail;
use names::{Kind, globs, is_by_product, is_key, is_path, is_port, is_shm, key};
use required::required;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::memory::segment_of;
use crate::objects::posix::file_of_semaphore;
use crate::quote::escaped_line;
use crate::range::{Range, no_number};

/// Things left behind that are listed one by one; of the rest only the number.
const LISTED_MAX: usize = 12;

/// One finding for each thing that was left and may not be, one for each that had to be left, one for each number of
/// attaches; and one that says so when nothing was left.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let mut findings = left_behind(facts);
    let more = findings.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        findings.truncate(LISTED_MAX);
        findings.push(Finding::fail(
            Aspect::Cleanup,
            None,
            format!("{more} more things were left behind"),
        ));
    }
    let beyond = facts.evidence.leftovers.files_beyond;
    if beyond > 0 {
        findings.push(Finding::fail(
            Aspect::Cleanup,
            None,
            format!(
                "{beyond} more files were left behind than are listed: what they are is not known"
            ),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::pass(
            Aspect::Cleanup,
            None,
            "nothing was left behind that may not be",
        ));
    }
    findings.extend(
        facts
            .case
            .leaves
            .must
            .iter()
            .map(|must| required(facts, must)),
    );
    findings.extend(facts.case.shm.iter().filter_map(|state| {
        let wanted = Range::of(state.attached.as_ref()?);
        Some(match segment_of(facts, state) {
            Err(finding) => finding.about(Aspect::Cleanup),
            Ok(None) => Finding::fail(
                Aspect::Cleanup,
                None,
                format!(
                    "there is no segment with key {} whose attaches could be counted",
                    state.key
                ),
            ),
            Ok(Some(segment)) => match wanted {
                Some(wanted) => attached(facts, segment, wanted),
                None => no_number(Aspect::Cleanup),
            },
        })
    }));
    findings
}

fn left_behind(facts: Facts<'_>) -> Vec<Finding> {
    let left = &facts.evidence.leftovers;
    let mut findings = Vec::new();
    for segment in &left.segments {
        // One that is marked for removal goes with its last attach: no program forgot it.
        if !segment.given
            && !segment.doomed
            && !allowed(facts, |may| is_shm(may, segment.key))
            && !expected_segment(facts, segment.key)
        {
            findings.push(left_segment(facts, segment));
        }
    }
    for set in &left.semaphores {
        let mut states = facts.case.objects.sem.iter();
        let expected = states.any(|state| state.key == set.key && state.exists != Some(false));
        if !set.given && !expected && !allowed(facts, |may| is_key(may, set.key, Kind::Semaphores))
        {
            let maker = maker_of(facts, "semget", i64::from(set.semid));
            let text = format!("the semaphore set with key {}", key(set.key));
            findings.push(left_object(
                facts, maker, "semget", &text, "semctl", "IPC_RMID",
            ));
        }
    }
    for queue in &left.queues {
        let mut states = facts.case.objects.msg.iter();
        let expected = states.any(|state| state.key == queue.key && state.exists != Some(false));
        if !queue.given && !expected && !allowed(facts, |may| is_key(may, queue.key, Kind::Queue)) {
            let maker = maker_of(facts, "msgget", i64::from(queue.msqid));
            let text = format!("the message queue with key {}", key(queue.key));
            findings.push(left_object(
                facts, maker, "msgget", &text, "msgctl", "IPC_RMID",
            ));
        }
    }
    findings.extend(left_files(facts));
    for object in &left.posix_shm {
        let name = object.path.to_text();
        let may =
            |may: &Leftover| matches!(may, Leftover::PosixShm(wanted) if globs(wanted, &name));
        let mut states = facts.case.objects.posix_sem.iter();
        let expected = expected_file(facts, &format!("/dev/shm{name}"))
            || states
                .any(|state| state.exists != Some(false) && file_of_semaphore(&state.name) == name);
        if !object.given && !expected && !allowed(facts, may) {
            let text = match name.strip_prefix("/sem.") {
                Some(semaphore) => format!(
                    "the POSIX semaphore /{} was left behind: no sem_unlink()",
                    escaped_line(semaphore)
                ),
                None => format!(
                    "POSIX shared memory {} was left behind: no shm_unlink()",
                    escaped_line(&name)
                ),
            };
            findings.push(fail(facts, None, text));
        }
    }
    for queue in &left.posix_queues {
        let name = queue.path.to_text();
        let may =
            |may: &Leftover| matches!(may, Leftover::PosixQueue(wanted) if globs(wanted, &name));
        let mut states = facts.case.objects.posix_mq.iter();
        let expected = states.any(|state| state.exists != Some(false) && state.name == name);
        if !queue.given && !expected && !allowed(facts, may) {
            findings.push(fail(
                facts,
                None,
                format!(
                    "POSIX message queue {} was left behind: no mq_unlink()",
                    escaped_line(&name)
                ),
            ));
        }
    }
    for process in &left.processes {
        if !process.first
            && !allowed(facts, |may| *may == Leftover::Process)
            && !goes_on(facts, process.actor)
        {
            let forked = last_call(facts, process.actor, |call| {
                belongs(&call.name, false, "fork")
                    && call
                        .returned
                        .as_ref()
                        .is_some_and(|returned| returned.value == i64::from(process.pid))
            });
            let doing = process
                .wait
                .as_ref()
                .map(|wait| format!(", which waits in {}", facts.waits_in(wait)))
                .unwrap_or_default();
            let from = forked
                .map(|call| format!(": {} at #{}, no wait()", Facts::name(call), call.n))
                .unwrap_or_default();
            let text = format!(
                "{} left process {} ({}) running{doing}{from}",
                facts.who(process.actor),
                process.pid,
                escaped_line(&process.name)
            );
            findings.push(fail(facts, Some(process.actor), text).citing(forked.map(|call| call.n)));
        }
    }
    for port in &left.ports {
        if !allowed(facts, |may| is_port(may, port))
            && !port.actor.is_some_and(|actor| serves_on(facts, actor))
        {
            findings.push(left_port(facts, port));
        }
    }
    findings
}

/// Whether this actor's own first process was still alive at the end: what belongs to it then was not left behind by it.
fn goes_on(facts: Facts<'_>, actor: usize) -> bool {
    facts
        .actor(actor)
        .is_some_and(|actor| matches!(actor.exit, Exit::Running { .. } | Exit::Stopped(_)))
}

/// Whether a port that is still served is no loss of its own: the spec lets the actor go on, or its end is graded and has
/// lost that already.
fn serves_on(facts: Facts<'_>, actor: usize) -> bool {
    let exit_is_graded = facts.case.points.grades(Aspect::Exit);
    goes_on(facts, actor)
        && match facts.role(actor).and_then(|role| role.exit.as_ref()) {
            None | Some(ExitExpectation::Running | ExitExpectation::Any) => true,
            Some(
                ExitExpectation::Code(_)
                | ExitExpectation::Failure
                | ExitExpectation::Ended
                | ExitExpectation::Signal(_),
            ) => exit_is_graded,
        }
}

fn allowed(facts: Facts<'_>, is_it: impl Fn(&Leftover) -> bool) -> bool {
    let leaves = &facts.case.leaves;
    leaves.may.iter().chain(&leaves.must).any(is_it)
}

/// A segment whose state at the end the spec describes is meant to be there.
fn expected_segment(facts: Facts<'_>, key: i32) -> bool {
    facts.case.shm.iter().any(|state| {
        let described = state.size.is_some()
            || state.mode.is_some()
            || state.attached.is_some()
            || state.holds.is_some();
        state.key == key && state.after.is_none() && state.exists.unwrap_or(described)
    })
}

/// A file of which the spec says what must be true of it is meant to be there.
fn expected_file(facts: Facts<'_>, path: &str) -> bool {
    let is_it = |wanted: &str| match wanted.starts_with('/') {
        true => wanted == path,
        false => path
            .strip_suffix(wanted)
            .is_some_and(|folder| folder.ends_with('/')),
    };
    let mut files = facts.case.objects.files.iter();
    files.any(|file| file.exists != Some(false) && is_it(&file.path))
}

fn left_segment(facts: Facts<'_>, segment: &Segment) -> Finding {
    let text = format!("the segment with key {}", key(segment.key));
    let maker = maker_of(facts, "shmget", i64::from(segment.shmid));
    // Where one of ours made it, the student's program that used it last was to remove it.
    match (maker, segment.made_by) {
        (None, Some(maker)) => {
            let text = format!(
                "{} left {text} behind: no shmctl(IPC_RMID)",
                facts.who(maker)
            );
            fail(facts, Some(maker), text)
        }
        (maker, _) => left_object(facts, maker, "shmget", &text, "shmctl", "IPC_RMID"),
    }
}

/// The last call that gave this identifier, a student's before one of ours.
fn maker_of<'a>(facts: Facts<'a>, name: &str, id: i64) -> Option<&'a Call> {
    let gave = |call: &&Call| {
        call.name == name
            && call
                .returned
                .as_ref()
                .is_some_and(|returned| returned.value == id)
    };
    let calls = || facts.evidence.trace.iter().rev().filter(gave);
    calls()
        .find(|call| facts.is_student(call.actor))
        .or_else(|| calls().next())
}

/// `writer left the segment with key 100 behind: shmget() at #3, no shmctl(IPC_RMID)`
fn left_object(
    facts: Facts<'_>,
    maker: Option<&Call>,
    getter: &str,
    text: &str,
    remover: &str,
    command: &str,
) -> Finding {
    let Some(maker) = maker else {
        return fail(
            facts,
            None,
            format!("{text} was left behind: no {remover}({command})"),
        );
    };
    let tried = last_call(facts, maker.actor, |call| {
        call.name == remover && call.args.iter().any(|arg| arg.has(command))
    });
    let remove = match tried {
        Some(call)
            if call
                .returned
                .as_ref()
                .is_some_and(|returned| returned.value < 0) =>
        {
            facts.failure(call)
        }
        Some(call) => format!("the {remover}({command}) at #{} was not for it", call.n),
        None => format!("no {remover}({command})"),
    };
    let why = facts.because(maker.actor);
    let text = format!(
        "{} left {text} behind: {getter}() at #{}, {remove}{why}",
        facts.who(maker.actor),
        maker.n
    );
    fail(facts, Some(maker.actor), text)
        .citing([maker.n])
        .citing(tried.map(|call| call.n))
}

/// So many things in a folder that was left are told of one by one.
const INSIDE_MAX: usize = 2;

/// Files that were left, and not what lies in a folder that was: a tree is one thing.
fn left_files(facts: Facts<'_>) -> Vec<Finding> {
    let is_left = |file: &&LeftFile| {
        let path = file.path.to_text();
        !file.given
            && !is_by_product(&path)
            && !allowed(facts, |may| is_path(facts, may, &path))
            && !expected_file(facts, &path)
    };
    let all: Vec<&LeftFile> = facts
        .evidence
        .leftovers
        .files
        .iter()
        .filter(is_left)
        .collect();
    let is_in = |file: &LeftFile, folder: &LeftFile| {
        let rest = file.path.0.strip_prefix(folder.path.0.as_slice());
        folder.kind == FileKind::Directory && rest.is_some_and(|rest| rest.first() == Some(&b'/'))
    };
    let inside = |folder: &LeftFile| all.iter().filter(|file| is_in(file, folder)).count();
    let trees: Vec<(&LeftFile, usize)> = all
        .iter()
        .map(|file| (*file, inside(file)))
        .filter(|(_, inside)| *inside > INSIDE_MAX)
        .collect();
    let mut findings = Vec::new();
    for file in &all {
        if trees.iter().any(|(folder, _)| is_in(file, folder)) {
            continue;
        }
        let mut finding = left_file(facts, file);
        if let Some((_, inside)) = trees.iter().find(|(folder, _)| folder.path == file.path) {
            finding.message += &format!(", with {inside} things in it");
        }
        findings.push(finding);
    }
    findings
}

fn left_file(facts: Facts<'_>, file: &LeftFile) -> Finding {
    let path = escaped_line(&file.path.to_text());
    let names = |call: &Call| {
        call.args.iter().any(|arg| arg.path() == Some(&file.path))
            && call
                .returned
                .as_ref()
                .is_some_and(|returned| returned.value >= 0)
    };
    let makers: &[&str] = match file.kind {
        FileKind::Socket => &["bind"],
        FileKind::Regular | FileKind::Symlink => {
            &["open", "rename", "link", "symlink", "linkat", "renameat2"]
        }
        FileKind::Directory => &["mkdir", "mkdirat"],
        FileKind::Fifo | FileKind::Other => &["mkfifo", "mknod", "mknodat"],
    };
    let maker =
        facts.evidence.trace.iter().rev().find(|call| {
            makers.iter().any(|maker| belongs(&call.name, true, maker)) && names(call)
        });
    let kind = match file.kind {
        FileKind::Socket => "the socket file ",
        FileKind::Regular => "the file ",
        FileKind::Directory => "the folder ",
        FileKind::Symlink => "the symbolic link ",
        FileKind::Fifo => "the FIFO ",
        FileKind::Other => "",
    };
    let Some(maker) = maker else {
        let verb = if file.changed {
            "was changed"
        } else {
            "was left behind"
        };
        return fail(facts, None, format!("{kind}{path} {verb}"));
    };
    let remover = if file.kind == FileKind::Directory {
        "rmdir"
    } else {
        "unlink"
    };
    let removed = last_call(facts, maker.actor, |call| {
        belongs(&call.name, false, remover)
            && call.args.iter().any(|arg| arg.path() == Some(&file.path))
    });
    let remove = match removed {
        Some(call) if call.n > maker.n => match call.errno() {
            Some(_) => facts.failure(call),
            None => format!("{} at #{}, and yet it is there", Facts::name(call), call.n),
        },
        Some(call) => format!("{} only before that, at #{}", Facts::name(call), call.n),
        None => format!("no {remover}()"),
    };
    let why = facts.because(maker.actor);
    let text = format!(
        "{} left {path} behind: {} at #{}, {remove}{why}",
        facts.who(maker.actor),
        Facts::name(maker),
        maker.n
    );
    fail(facts, Some(maker.actor), text)
        .citing([maker.n])
        .citing(removed.map(|call| call.n))
}

fn left_port(facts: Facts<'_>, port: &LeftPort) -> Finding {
    let protocol = protocol(port.protocol);
    let address = escaped_line(&port.address.to_string());
    let Some(actor) = port.actor else {
        return fail(facts, None, format!("{protocol}:{address} is still served"));
    };
    let why = match facts.fate(actor) {
        Some(fate) if goes_on(facts, actor) => format!(": {fate}"),
        Some(_) | None => ": by a process that it made".to_owned(),
    };
    fail(
        facts,
        Some(actor),
        format!(
            "{} still serves {protocol}:{address}{why}",
            facts.who(actor)
        ),
    )
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Unix => "unix",
        Protocol::Shm => "shm",
    }
}

fn attached(facts: Facts<'_>, segment: &Segment, wanted: Range) -> Finding {
    let key = segment.key;
    let seen = attaches(segment.attached);
    if wanted.has(segment.attached) {
        let text = format!("the segment with key {key} has {seen}");
        return Finding::pass(Aspect::Cleanup, None, text);
    }
    let guilty = (0..facts.evidence.actors.len())
        .filter(|index| facts.is_student(*index))
        .find(|index| {
            let calls = |name: &str| {
                facts
                    .calls(*index)
                    .filter(|call| {
                        call.name == name
                            && call
                                .returned
                                .as_ref()
                                .is_some_and(|returned| returned.value != -1)
                    })
                    .count()
            };
            calls("shmat") > calls("shmdt")
        });
    let why = match guilty {
        Some(index) => format!(
            ": {} called shmat() without a shmdt() after it",
            facts.who(index)
        ),
        None => String::new(),
    };
    fail(
        facts,
        guilty,
        format!(
            "the segment with key {key} has {seen} instead of {}{why}",
            wanted.text()
        ),
    )
    .expecting(
        match wanted.only() {
            Some(number) => attaches(number),
            None => format!("{} attaches", wanted.text()),
        },
        seen,
    )
}

fn attaches(number: u64) -> String {
    match number {
        1 => "1 attach".to_owned(),
        number => format!("{number} attaches"),
    }
}

fn last_call<'a>(
    facts: Facts<'a>,
    actor: usize,
    is_it: impl Fn(&Call) -> bool,
) -> Option<&'a Call> {
    facts.calls(actor).rev().find(|call| is_it(call))
}
