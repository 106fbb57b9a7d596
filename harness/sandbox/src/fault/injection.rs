//! Changes to a call at its entry.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ipclab_evidence::TamperAction;
use ipclab_kernel::arch::Call;
use ipclab_kernel::arch::calls::{FORK, PAUSE, make_node};
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, process, ptrace};

use super::undo::{Pending, Restore};
use crate::calls::{ArgKind, Spec};
use crate::decode;

/// Changes the call that a tracee is about to make.
///
/// # Errors
/// When the plan names what does not exist, or the tracee's registers or memory cannot be written.
pub(super) fn apply(
    action: &TamperAction,
    spec: &Spec,
    pid: Pid,
    args: &[u64; 6],
) -> io::Result<Pending> {
    let restore = match action {
        TamperAction::Fail(name) => {
            let errno = decode::errno_number(name)
                .ok_or_else(|| invalid(format!("no errno is called {name}")))?;
            skip(pid)?;
            Restore::Result(-i64::from(errno))
        }
        TamperAction::Skip(value) => {
            skip(pid)?;
            Restore::Result(*value)
        }
        TamperAction::Lose => {
            let handed = handed_over(spec, pid, args);
            let count: u64 = handed.iter().map(|(_, length)| length).sum();
            skip(pid)?;
            Restore::Result(count as i64)
        }
        TamperAction::Signal(name) => interrupt(pid, name)?,
        TamperAction::AtMost(most) => change_count(spec, pid, args, |count| count.min(*most))?,
        TamperAction::CountBy(by) => {
            change_count(spec, pid, args, |count| count.saturating_add_signed(*by))?
        }
        TamperAction::ArgumentBy { index, by } => {
            let index = usize::from(*index).min(5);
            change_register(pid, index, args[index].wrapping_add_signed(*by))?
        }
        TamperAction::PortBy(by) => change_port(spec, pid, args, *by)?,
        TamperAction::FlipLastByte => Restore::Flip { buffer: args[1] },
        TamperAction::Twice => Restore::Again {
            number: Registers::read(pid)?.call_number(),
            first: args[0],
        },
        TamperAction::AlterLastLetter => alter(spec, pid, args)?,
        TamperAction::LeaveChild => {
            let (entered, substitute) = put_instead(pid, |_| Ok(FORK))?;
            Restore::Instead {
                entered,
                substitute,
            }
        }
        TamperAction::LeaveFile(path) => {
            let (entered, substitute) = put_instead(pid, |stack| {
                let path = below_stack(pid, stack, path.as_bytes())?;
                Ok(make_node(path, libc::S_IFREG | 0o644))
            })?;
            Restore::Instead {
                entered,
                substitute,
            }
        }
    };
    Ok(Pending {
        note: action.note(),
        restore,
    })
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Skips a call as if a signal had interrupted it.
fn interrupt(pid: Pid, name: &str) -> io::Result<Restore> {
    let signal = decode::signal_number(name)
        .ok_or_else(|| invalid(format!("no signal is called {name}")))?;
    // One that the program blocks interrupts nothing: it stays pending until it is unblocked, which may be what this call
    // does (ppoll(2), sigsuspend(2)).
    if ptrace::blocked_signals(pid)? >> (signal - 1) & 1 == 1 {
        process::kill(pid, signal)?;
        return Ok(Restore::Nothing);
    }
    let number = skip(pid)?;
    Ok(Restore::Interrupted { signal, number })
}

/// Changes the port of the address that a call names.
fn change_port(spec: &Spec, pid: Pid, args: &[u64; 6], by: i32) -> io::Result<Restore> {
    let at = spec
        .args
        .iter()
        .position(|kind| *kind == ArgKind::Address)
        .ok_or_else(|| invalid(format!("{} has no address", spec.name)))?;
    let address = args[at].wrapping_add(2);
    let bytes = decode::memory(pid, address, 2, 2);
    let Ok(port) = <[u8; 2]>::try_from(bytes.as_slice()) else {
        return Err(io::Error::from_raw_os_error(libc::EFAULT));
    };
    let changed = (i32::from(u16::from_be_bytes(port)) + by) as u16;
    memory::poke(pid, address, &changed.to_be_bytes())?;
    Ok(Restore::Poked { address, bytes })
}

/// Makes a call fail with this errno, whatever the plan says.
///
/// # Errors
/// When the tracee's registers cannot be written.
pub(crate) fn refuse(pid: Pid, errno: i32) -> io::Result<Pending> {
    answer(pid, -i64::from(errno))
}

/// Makes a call end with this result, `-errno` where it is to fail, whatever the plan says.
///
/// # Errors
/// When the tracee's registers cannot be written.
pub(crate) fn answer(pid: Pid, result: i64) -> io::Result<Pending> {
    skip(pid)?;
    Ok(Pending {
        note: match i32::try_from(-result) {
            Ok(errno @ 1..) => decode::errno_name(errno),
            _ => "done by the tracer".to_owned(),
        },
        restore: Restore::Result(result),
    })
}

/// Makes a call see another path than the one that argument `index` points at.
///
/// # Errors
/// When the tracee's registers or memory cannot be written.
pub(crate) fn redirect(pid: Pid, index: usize, stack: u64, to: &Path) -> io::Result<Pending> {
    let address = below_stack(pid, stack, to.as_os_str().as_bytes())?;
    let restore = change_register(pid, index, address)?;
    Ok(Pending {
        note: "opened elsewhere".to_owned(),
        restore,
    })
}

/// Makes the call that a tracee is about to make another one, which is made from the stack pointer. Gives the registers as
/// they were.
fn put_instead(
    pid: Pid,
    substitute: impl FnOnce(u64) -> io::Result<Call>,
) -> io::Result<(Box<Registers>, Call)> {
    let entered = Registers::read(pid)?;
    let substitute = substitute(entered.stack_pointer())?;
    let mut changed = entered;
    changed.set_call_number(substitute.number);
    changed.set_arguments(&substitute.arguments);
    changed.write(pid)?;
    Ok((Box::new(entered), substitute))
}

/// Puts a C string below the stack pointer, and below the red zone that the ABI lets a function use there: unused
/// memory. Gives its address.
fn below_stack(pid: Pid, stack: u64, text: &[u8]) -> io::Result<u64> {
    let mut text = text.to_vec();
    text.push(0);
    let address = stack.wrapping_sub(1024 + text.len() as u64);
    memory::poke(pid, address, &text)?;
    Ok(address)
}

/// Where what a call hands over is, and how long each part of it.
fn handed_over(spec: &Spec, pid: Pid, args: &[u64; 6]) -> Vec<(u64, u64)> {
    match spec.args.get(1) {
        Some(ArgKind::Buffer) => vec![(args[1], args[2])],
        Some(ArgKind::Iovec) => decode::vectors(pid, args[1], args[2]),
        Some(ArgKind::Message) => decode::Message::read(pid, args[1])
            .map(|message| message.vectors)
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Alters one character of what a call hands over.
fn alter(spec: &Spec, pid: Pid, args: &[u64; 6]) -> io::Result<Restore> {
    let mut last = None;
    for (address, length) in handed_over(spec, pid, args).into_iter().rev() {
        let bytes = decode::memory(pid, address, length, decode::MAX_TRANSFER_BYTES);
        if let Some(at) = bytes.iter().rposition(u8::is_ascii_alphanumeric) {
            last = Some((address.wrapping_add(at as u64), bytes[at]));
            break;
        }
        let end = bytes.len().checked_sub(1);
        last = last.or_else(|| end.map(|end| (address.wrapping_add(end as u64), bytes[end])));
    }
    let Some((address, byte)) = last else {
        // It hands over nothing that could be another.
        return Ok(Restore::Nothing);
    };
    memory::poke(pid, address, &[byte ^ 0x01])?;
    Ok(Restore::Poked {
        address,
        bytes: vec![byte],
    })
}

/// Makes the call that a tracee is about to make one that does not exist; gives its number.
fn skip(pid: Pid) -> io::Result<u64> {
    let mut registers = Registers::read(pid)?;
    let number = registers.call_number();
    registers.skip_call();
    registers.write(pid)?;
    Ok(number)
}

fn change_count(
    spec: &Spec,
    pid: Pid,
    args: &[u64; 6],
    change: impl Fn(u64) -> u64,
) -> io::Result<Restore> {
    if let Some(at) = spec
        .args
        .iter()
        .position(|kind| matches!(kind, ArgKind::Size))
    {
        return change_register(pid, at, change(args[at]));
    }
    // Vectors: the first buffer takes the change. Enough for programs that use one, which all but a few do.
    let iov = match spec.args.get(1) {
        Some(ArgKind::Iovec) => args[1],
        Some(ArgKind::Message) => match decode::Message::read(pid, args[1]) {
            Some(message) => message.iov,
            None => return Err(io::Error::from_raw_os_error(libc::EFAULT)),
        },
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} has no count", spec.name),
            ));
        }
    };
    let Some((_, length)) = decode::vectors(pid, iov, 1).first().copied() else {
        return Err(io::Error::from_raw_os_error(libc::EFAULT));
    };
    let address = iov.wrapping_add(8);
    memory::poke(pid, address, &change(length).to_ne_bytes())?;
    Ok(Restore::Word {
        address,
        value: length,
    })
}

fn change_register(pid: Pid, index: usize, value: u64) -> io::Result<Restore> {
    let mut registers = Registers::read(pid)?;
    let before = registers.replace_argument(index, value);
    registers.write(pid)?;
    Ok(Restore::Register {
        index,
        value: before,
    })
}

/// Makes a new child, at its first stop, wait for ever.
///
/// # Errors
/// When its registers cannot be written.
pub(crate) fn wait_for_ever(child: Pid) -> io::Result<()> {
    let mut registers = Registers::read(child)?;
    registers.repeat_call(PAUSE.number, PAUSE.arguments[0]);
    registers.set_arguments(&PAUSE.arguments);
    registers.set_no_call();
    registers.write(child)
}
