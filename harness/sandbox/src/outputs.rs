//! Answers: what calls bring to their programs beyond a result, and placeholders for it in what later actors are given.

use ipclab_evidence::{Actor, Answer, Bytes, Names, Part, Run, Stdin};

use crate::children::{self, ChildEnd};
use crate::decode;
use ipclab_kernel::{Pid, page, sysv};

/// What the kernel answered to a call that succeeded, `strace`'s names for it. Read from the program's own memory: it is what the program saw.
pub(crate) fn of_call(pid: Pid, name: &str, args: &[u64; 6], result: i64) -> Vec<Answer> {
    match name {
        "shmget" => {
            let pages = pages(result as i32).map(|pages| answer("pages", pages));
            [answer("shmid", result), answer("key", key(args[0] as u32))]
                .into_iter()
                .chain(pages)
                .collect()
        }
        "shmat" => vec![answer("shmaddr", format!("{result:#x}"))],
        "shmctl" if args[1] as i32 & !IPC_64 == libc::IPC_STAT => segment(pid, args[2]),
        "semget" => vec![answer("semid", result)],
        "msgget" => vec![answer("msqid", result)],
        "msgrcv" => message_type(pid, args[1]).into_iter().collect(),
        "getsockopt" => option(pid, args).into_iter().collect(),
        "fork" | "vfork" => vec![answer("fork", result)],
        "clone" if args[0] & libc::CLONE_THREAD as u64 == 0 => vec![answer("fork", result)],
        "wait4" | "waitid" => waited(pid, name, args, result),
        _ => Vec::new(),
    }
}

/// The child that was waited for, and what became of it, by the names that C has for both.
fn waited(pid: Pid, name: &str, args: &[u64; 6], result: i64) -> Vec<Answer> {
    let Some(waited) = children::waited(pid, name, args, result) else {
        return Vec::new();
    };
    let end = match waited.end {
        Some(ChildEnd::Exited(status)) => Some(answer("WEXITSTATUS", status)),
        Some(ChildEnd::Killed(signal)) => Some(answer("WTERMSIG", signal)),
        Some(ChildEnd::Lives) | None => None,
    };
    [answer("wait", waited.pid)]
        .into_iter()
        .chain(end)
        .collect()
}

/// The type of a message, which stands before its text, `msgop(2)`.
fn message_type(pid: Pid, at: u64) -> Option<Answer> {
    let bytes = decode::memory(pid, at, 8, 8);
    let kind = i64::from_ne_bytes(bytes.try_into().ok()?);
    Some(answer("mtype", kind))
}

/// What libraries of some machines add to the command, `ipc(2)`.
const IPC_64: i32 = 0x100;

fn answer(name: &str, value: impl ToString) -> Answer {
    Answer {
        name: name.to_owned(),
        value: value.to_string(),
    }
}

/// As `ipcs(1)` writes it.
fn key(key: u32) -> String {
    format!("{key:#010x}")
}

/// How many pages the kernel gives for a segment: whole ones, of this machine's size.
fn pages(shmid: i32) -> Option<u64> {
    let bytes = sysv::shm_status(shmid).ok()?.size;
    Some(bytes.div_ceil(page::bytes()))
}

/// A `struct shmid_ds` as the kernel of a 64-bit machine fills it, `shmctl(2)`, `linux/shm.h`.
fn segment(pid: Pid, at: u64) -> Vec<Answer> {
    const SHMID_DS_BYTES: usize = 112;
    let bytes = decode::memory(pid, at, SHMID_DS_BYTES as u64, SHMID_DS_BYTES);
    if bytes.len() < SHMID_DS_BYTES {
        return Vec::new();
    }
    let small = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
    let large = |at: usize| (u64::from(small(at + 4)) << 32) | u64::from(small(at));
    vec![
        answer("shm_perm.key", key(small(0))),
        answer("shm_perm.uid", small(4)),
        answer("shm_perm.gid", small(8)),
        answer("shm_perm.cuid", small(12)),
        answer("shm_perm.cgid", small(16)),
        answer("shm_perm.mode", format!("{:04o}", small(20) & 0o777)),
        answer("shm_segsz", large(48)),
        answer("shm_atime", large(56)),
        answer("shm_dtime", large(64)),
        answer("shm_ctime", large(72)),
        answer("shm_cpid", small(80)),
        answer("shm_lpid", small(84)),
        answer("shm_nattch", large(88)),
    ]
}

/// A socket's option that is a number, `socket(7)`, `tcp(7)`; `SO_LINGER` as its two numbers.
fn option(pid: Pid, args: &[u64; 6]) -> Option<Answer> {
    let option = Names::of_options(args[1] as i32)?.parts(args[2] as u32);
    let [Part::Name(name)] = option[..] else {
        return None;
    };
    let length = decode::memory(pid, args[4], 4, 4);
    let length = u32::from_ne_bytes(length.get(..4)?.try_into().ok()?);
    let value = decode::memory(pid, args[3], length.into(), 8);
    let number = |at: usize| Some(i32::from_ne_bytes(value.get(at..at + 4)?.try_into().ok()?));
    match length {
        4 => Some(answer(name, number(0)?)),
        8 if name == "SO_LINGER" => Some(answer(name, format!("{} {}", number(0)?, number(4)?))),
        _ => None,
    }
}

/// What takes a placeholder's place.
pub(crate) struct Value {
    /// In arguments and in what is read.
    pub(crate) text: Bytes,
    /// In a peer's step, where it is one word.
    pub(crate) in_step: String,
}

impl Value {
    /// One that is a word anyway.
    pub(crate) fn plain(text: String) -> Self {
        Self {
            text: Bytes::from(text.as_str()),
            in_step: text,
        }
    }
}

/// Puts a value where its placeholder stands in what an actor is given.
pub(crate) fn fill(actor: &mut Actor, placeholder: &str, value: &Value) {
    let in_argument = |arg: &mut Bytes| replace(&mut arg.0, placeholder.as_bytes(), &value.text.0);
    match &mut actor.run {
        Run::Program { argv, .. } => argv.iter_mut().for_each(in_argument),
        Run::Script { steps, .. } => {
            for step in steps {
                *step = step.replace(placeholder, &value.in_step);
            }
        }
    }
    if let Stdin::Text(text) = &mut actor.stdin {
        in_argument(text);
    }
}

/// Puts other bytes in the places of these, each once: what is put there is not looked at again.
fn replace(bytes: &mut Vec<u8>, these: &[u8], with: &[u8]) {
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(these.len())
        .position(|part| part == these)
    {
        bytes.splice(at + found..at + found + these.len(), with.iter().copied());
        at += found + with.len();
    }
}
