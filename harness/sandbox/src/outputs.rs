//! Outputs of calls beyond their result, and placeholders for them in what later actors are given.

use ipclab_evidence::{Actor, Bytes, Run, Stdin, Told};

use crate::decode;
use ipclab_kernel::Pid;

/// What a call that succeeded has told, `strace`'s names for it. Read from the program's own memory: it is what the program saw.
pub(crate) fn of_call(pid: Pid, name: &str, args: &[u64; 6], result: i64) -> Vec<Told> {
    match name {
        "shmget" => vec![output("shmid", result), output("key", key(args[0] as u32))],
        "shmat" => vec![output("shmaddr", format!("{result:#x}"))],
        "shmctl" if args[1] as i32 & !IPC_64 == libc::IPC_STAT => segment(pid, args[2]),
        "getsockopt" => option(pid, args).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What libraries of some machines add to the command, `ipc(2)`.
const IPC_64: i32 = 0x100;

fn output(name: &str, value: impl ToString) -> Told {
    Told {
        name: name.to_owned(),
        value: value.to_string(),
    }
}

/// As `ipcs(1)` writes it.
fn key(key: u32) -> String {
    format!("{key:#010x}")
}

/// A `struct shmid_ds` as the kernel of a 64-bit machine fills it, `shmctl(2)`, `linux/shm.h`.
fn segment(pid: Pid, at: u64) -> Vec<Told> {
    const SIZE: usize = 112;
    let bytes = decode::memory(pid, at, SIZE as u64, SIZE);
    if bytes.len() < SIZE {
        return Vec::new();
    }
    let small = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
    let large = |at: usize| (u64::from(small(at + 4)) << 32) | u64::from(small(at));
    vec![
        output("shm_perm.key", key(small(0))),
        output("shm_perm.uid", small(4)),
        output("shm_perm.gid", small(8)),
        output("shm_perm.cuid", small(12)),
        output("shm_perm.cgid", small(16)),
        output("shm_perm.mode", format!("{:04o}", small(20) & 0o777)),
        output("shm_segsz", large(48)),
        output("shm_atime", large(56)),
        output("shm_dtime", large(64)),
        output("shm_ctime", large(72)),
        output("shm_cpid", small(80)),
        output("shm_lpid", small(84)),
        output("shm_nattch", large(88)),
    ]
}

/// A socket's option that is a number, `socket(7)`, `tcp(7)`; `SO_LINGER` as its two numbers.
fn option(pid: Pid, args: &[u64; 6]) -> Option<Told> {
    let name = decode::option_name(args[1] as i32, args[2] as i32)?;
    let length = decode::memory(pid, args[4], 4, 4);
    let length = u32::from_ne_bytes(length.get(..4)?.try_into().ok()?);
    let value = decode::memory(pid, args[3], length.into(), 8);
    let number = |at: usize| Some(i32::from_ne_bytes(value.get(at..at + 4)?.try_into().ok()?));
    match length {
        4 => Some(output(name, number(0)?)),
        8 if name == "SO_LINGER" => Some(output(name, format!("{} {}", number(0)?, number(4)?))),
        _ => None,
    }
}

/// Puts a value where its placeholder stands in what an actor is given.
pub(crate) fn fill(actor: &mut Actor, placeholder: &str, value: &str) {
    let replaced =
        |bytes: &Bytes| Bytes::from(bytes.to_text().replace(placeholder, value).as_str());
    let in_argument = |arg: &mut Bytes| {
        if arg.to_text().contains(placeholder) {
            *arg = replaced(arg);
        }
    };
    match &mut actor.run {
        Run::Program { argv, .. } => argv.iter_mut().for_each(in_argument),
        Run::Script { steps, .. } => {
            for step in steps {
                *step = step.replace(placeholder, value);
            }
        }
    }
    if let Stdin::Text(text) = &mut actor.stdin {
        in_argument(text);
    }
}
