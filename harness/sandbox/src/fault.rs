//! What the tracer changes at the kernel boundary, and how it is undone.
//!
//! An error is injected by making the call one that does not exist and writing the result at its exit; a short read by
//! lowering the count on entry, so that the kernel itself moves fewer bytes. The registers that a program may still
//! rely on are put back at the exit.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ipclab_evidence::{Object, Occurrence, Tamper, TamperAction};

use crate::calls::{ArgKind, Role, Spec};
use crate::decode;
use ipclab_kernel::arch::calls as numbers;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, process, ptrace};

/// What plans call a write to a segment.
const STORE: &str = "store";

/// A tamper of the plan and how often its call was met.
#[derive(Debug)]
struct Counted {
    tamper: Tamper,
    met: u32,
}

/// The tampers of a plan.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    all: Vec<Counted>,
}

/// What has to be done at the exit of a call that was tampered with.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// As the trace tells it.
    pub(crate) note: String,
    restore: Restore,
}

#[derive(Clone, Debug)]
enum Restore {
    /// Nothing was changed at the call itself.
    Nothing,
    /// The call was skipped: this is its result.
    Result(i64),
    /// The call was skipped as if this signal had interrupted it; the call's number, for the kernel to make it again.
    Interrupted { signal: i32, number: u64 },
    /// An argument register had another value.
    Register { index: usize, value: u64 },
    /// A word in memory had another value.
    Word { address: u64, value: u64 },
    /// Bytes in memory had other values.
    Bytes { address: u64, bytes: Vec<u8> },
    /// The same, in memory that the program itself may only read.
    Poked { address: u64, bytes: Vec<u8> },
    /// The last byte delivered is flipped.
    Flip { buffer: u64 },
    /// The call is made once more from its entry.
    Again { number: u64 },
    /// Another call was made in its place, and now it is its turn: the registers with which it had been entered.
    Instead { entered: Box<Registers>, made: Made },
}

/// A call that is made in the place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// The kernel's number.
    pub(crate) number: u64,
    /// Its arguments.
    pub(crate) args: [u64; 6],
}

/// What the tracer has to do after the exit of a tampered call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct After {
    /// Deliver this signal on resuming.
    pub(crate) signal: i32,
    /// The result that the program sees, where it is not the kernel's.
    pub(crate) result: Option<i64>,
}

impl Faults {
    pub(crate) fn new(tampers: &[Tamper]) -> Self {
        Self {
            all: tampers
                .iter()
                .map(|tamper| Counted {
                    tamper: tamper.clone(),
                    met: 0,
                })
                .collect(),
        }
    }

    /// Meets a call at its entry: counts it, and changes it if it is one that the plan names.
    ///
    /// # Errors
    /// When the tracee's registers or memory cannot be written.
    pub(crate) fn enter(
        &mut self,
        actor: &str,
        spec: &Spec,
        object: Option<&Object>,
        pid: Pid,
        args: &[u64; 6],
    ) -> io::Result<Option<Pending>> {
        let on_socket = matches!(object, Some(Object::Socket(_)));
        let names = match unrecorded(spec, object) {
            Some(name) => [name, name],
            None => [spec.name, ipclab_evidence::canonical(spec.name, on_socket)],
        };
        let mut chosen = None;
        for counted in &mut self.all {
            let tamper = &counted.tamper;
            let named = names.contains(&tamper.call.as_str());
            // A copy `client.2` answers to the name of all copies, `client`, too.
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            if !named || !mine {
                continue;
            }
            counted.met += 1;
            let now = match tamper.occurrence {
                // What is made again is met again at once.
                Occurrence::Every => !is_met_again(&tamper.action) || counted.met % 2 == 1,
                Occurrence::Nth(nth) => counted.met == nth,
            };
            if now && chosen.is_none() {
                chosen = Some(tamper.action.clone());
            }
        }
        chosen
            .map(|action| apply(&action, spec, pid, args))
            .transpose()
    }

    /// Meets a write to a segment by a process that the actor's first one made: the signal that the plan sends instead.
    pub(crate) fn store(&mut self, actor: &str) -> Option<i32> {
        let mut chosen = None;
        for counted in &mut self.all {
            let tamper = &counted.tamper;
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            if tamper.call != STORE || !mine {
                continue;
            }
            counted.met += 1;
            let now = match tamper.occurrence {
                Occurrence::Every => true,
                Occurrence::Nth(nth) => counted.met == nth,
            };
            if let (true, TamperAction::Signal(name)) = (now, &tamper.action) {
                chosen = chosen.or(decode::signal_number(name));
            }
        }
        chosen
    }

    /// Whether a call that is not recorded otherwise may be one that the plan names.
    pub(crate) fn want(&self, spec: &Spec, object: Option<&Object>) -> bool {
        unrecorded(spec, object)
            .is_some_and(|name| self.all.iter().any(|counted| counted.tamper.call == name))
    }
}

/// What plans call a call that the trace has no need of: what is printed is read off the terminal, and how a process
/// ended is told by its status.
fn unrecorded(spec: &Spec, object: Option<&Object>) -> Option<&'static str> {
    match (spec.role, object) {
        (Role::Send, Some(Object::Standard(1))) => Some("stdout"),
        (Role::Send, Some(Object::Standard(2))) => Some("stderr"),
        (Role::Exit, _) => Some("exit"),
        _ => None,
    }
}

/// Whether a call that is tampered with in this way enters a second time.
fn is_met_again(action: &TamperAction) -> bool {
    matches!(
        action,
        TamperAction::Twice | TamperAction::LeaveChild | TamperAction::LeaveFile(_)
    )
}

fn apply(action: &TamperAction, spec: &Spec, pid: Pid, args: &[u64; 6]) -> io::Result<Pending> {
    let pending = |restore| {
        Ok(Pending {
            note: action.note(),
            restore,
        })
    };
    match action {
        TamperAction::Fail(name) => {
            let errno = decode::errno_number(name).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("no errno is called {name}"),
                )
            })?;
            skip(pid)?;
            pending(Restore::Result(-i64::from(errno)))
        }
        TamperAction::Skip(value) => {
            skip(pid)?;
            pending(Restore::Result(*value))
        }
        TamperAction::Lose => {
            let handed = handed_over(spec, pid, args);
            let count: u64 = handed.iter().map(|(_, length)| length).sum();
            skip(pid)?;
            pending(Restore::Result(count as i64))
        }
        TamperAction::Signal(name) => {
            let signal = decode::signal_number(name).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("no signal is called {name}"),
                )
            })?;
            // One that the program holds back interrupts nothing: it waits until it is let in, which may be what this call
            // does (ppoll(2), sigsuspend(2)).
            if ptrace::blocked_signals(pid)? >> (signal - 1) & 1 == 1 {
                process::kill(pid, signal)?;
                return pending(Restore::Nothing);
            }
            let number = skip(pid)?;
            pending(Restore::Interrupted { signal, number })
        }
        TamperAction::AtMost(most) => {
            let restore = change_count(spec, pid, args, |count| count.min(*most))?;
            pending(restore)
        }
        TamperAction::CountBy(by) => {
            let restore = change_count(spec, pid, args, |count| count.saturating_add_signed(*by))?;
            pending(restore)
        }
        TamperAction::ArgumentBy { index, by } => {
            let index = usize::from(*index).min(5);
            let restore = change_register(pid, index, args[index].wrapping_add_signed(*by))?;
            pending(restore)
        }
        TamperAction::PortBy(by) => {
            let Some(at) = spec.args.iter().position(|kind| *kind == ArgKind::Address) else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{} has no address", spec.name),
                ));
            };
            let address = args[at].wrapping_add(2);
            let bytes = decode::memory(pid, address, 2, 2);
            let Ok(port) = <[u8; 2]>::try_from(bytes.as_slice()) else {
                return Err(io::Error::from_raw_os_error(libc::EFAULT));
            };
            let changed = (i32::from(u16::from_be_bytes(port)) + by) as u16;
            memory::write_memory(pid, address, &changed.to_be_bytes())?;
            pending(Restore::Bytes { address, bytes })
        }
        TamperAction::FlipLastByte => pending(Restore::Flip { buffer: args[1] }),
        TamperAction::Twice => {
            let number = Registers::read(pid)?.call_number();
            pending(Restore::Again { number })
        }
        TamperAction::AlterLastLetter => {
            let restore = alter(spec, pid, args)?;
            pending(restore)
        }
        TamperAction::LeaveChild => {
            let (entered, made) = put_instead(pid, numbers::FORK, |_| Ok([0; 3]))?;
            pending(Restore::Instead { entered, made })
        }
        TamperAction::LeaveFile(path) => {
            let (entered, made) = put_instead(pid, numbers::MKNOD, |stack| {
                let path = below_stack(pid, stack, path.as_bytes())?;
                Ok([path, u64::from(libc::S_IFREG | 0o644), 0])
            })?;
            pending(Restore::Instead { entered, made })
        }
    }
}

/// Makes a call fail with this errno, whatever the plan says.
///
/// # Errors
/// When the tracee's registers cannot be written.
pub(crate) fn refuse(pid: Pid, errno: i32) -> io::Result<Pending> {
    skip(pid)?;
    Ok(Pending {
        note: decode::errno_name(errno),
        restore: Restore::Result(-i64::from(errno)),
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

/// Makes the call that a tracee is about to make another one; `args` gives its arguments from the stack pointer. Gives
/// the registers as they were.
fn put_instead(
    pid: Pid,
    number: u64,
    args: impl FnOnce(u64) -> io::Result<[u64; 3]>,
) -> io::Result<(Box<Registers>, Made)> {
    let entered = Registers::read(pid)?;
    let given = args(entered.stack_pointer())?;
    let mut changed = entered;
    changed.set_call_number(number);
    for (index, value) in given.into_iter().enumerate() {
        changed.replace_argument(index, value);
    }
    changed.write(pid)?;
    let [first, second, third] = given;
    let args = [first, second, third, 0, 0, 0];
    let entered = Box::new(entered);
    Ok((entered, Made { number, args }))
}

/// Puts a C string below the stack pointer, and below the red zone that the ABI lets a function use there: nobody's
/// memory. Gives its address.
fn below_stack(pid: Pid, stack: u64, text: &[u8]) -> io::Result<u64> {
    let mut text = text.to_vec();
    text.push(0);
    let address = stack.wrapping_sub(1024 + text.len() as u64);
    memory::write_memory(pid, address, &text)?;
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
        let bytes = decode::memory(pid, address, length, decode::KEPT);
        if let Some(at) = bytes.iter().rposition(u8::is_ascii_alphanumeric) {
            last = Some((address.wrapping_add(at as u64), bytes[at]));
            break;
        }
        let end = bytes.len().checked_sub(1);
        last = last.or_else(|| end.map(|end| (address.wrapping_add(end as u64), bytes[end])));
    }
    let Some((address, byte)) = last else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} hands over nothing", spec.name),
        ));
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
    registers.set_no_call();
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
    memory::write_memory(pid, address, &change(length).to_ne_bytes())?;
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
    registers.repeat_call(numbers::PAUSE);
    registers.set_no_call();
    registers.write(child)
}

/// What `ERESTARTSYS` is: the kernel makes the call again, or turns it into `EINTR` when the handler says so.
const RESTART: i64 = -512;

impl Pending {
    /// Whether the call that is made in its place makes a child that is to wait for ever.
    pub(crate) fn leaves_child(&self) -> bool {
        self.instead()
            .is_some_and(|made| made.number == numbers::FORK)
    }

    /// The call that is made in its place.
    pub(crate) fn instead(&self) -> Option<Made> {
        match self.restore {
            Restore::Instead { made, .. } => Some(made),
            _ => None,
        }
    }

    /// Whether the call is not made at all, whatever the program is told.
    pub(crate) fn is_skipped(&self) -> bool {
        matches!(self.restore, Restore::Result(_))
    }

    /// Undoes at the exit what was changed at the entry, and writes the result.
    ///
    /// # Errors
    /// When the tracee's registers or memory cannot be written.
    pub(crate) fn exit(&self, pid: Pid, result: i64) -> io::Result<After> {
        match &self.restore {
            Restore::Nothing => Ok(After::default()),
            Restore::Result(value) => {
                let mut registers = Registers::read(pid)?;
                registers.set_result(*value);
                registers.write(pid)?;
                Ok(After {
                    signal: 0,
                    result: Some(*value),
                })
            }
            Restore::Interrupted { signal, number } => {
                let mut registers = Registers::read(pid)?;
                registers.set_result(RESTART);
                registers.set_call_number(*number);
                registers.write(pid)?;
                Ok(After {
                    signal: *signal,
                    result: Some(-i64::from(libc::EINTR)),
                })
            }
            Restore::Register { index, value } => {
                let mut registers = Registers::read(pid)?;
                registers.replace_argument(*index, *value);
                registers.write(pid)?;
                Ok(After::default())
            }
            Restore::Word { address, value } => {
                memory::write_memory(pid, *address, &value.to_ne_bytes())?;
                Ok(After::default())
            }
            Restore::Bytes { address, bytes } => {
                memory::write_memory(pid, *address, bytes)?;
                Ok(After::default())
            }
            Restore::Poked { address, bytes } => {
                memory::poke(pid, *address, bytes)?;
                Ok(After::default())
            }
            Restore::Instead { entered, .. } => {
                let mut registers = **entered;
                registers.repeat_call(entered.call_number());
                registers.write(pid)?;
                Ok(After::default())
            }
            Restore::Flip { buffer } => {
                if result > 0 {
                    let last = buffer.wrapping_add(result as u64 - 1);
                    if let [byte] = decode::memory(pid, last, 1, 1)[..] {
                        memory::write_memory(pid, last, &[byte ^ 0x01])?;
                    }
                }
                Ok(After::default())
            }
            Restore::Again { number } => {
                let mut registers = Registers::read(pid)?;
                registers.repeat_call(*number);
                registers.write(pid)?;
                Ok(After::default())
            }
        }
    }
}
