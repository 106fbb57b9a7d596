//! Requests to stopped tracees, `ptrace(2)`.

use std::ffi::c_int;
use std::io::Result;

use crate::error::check;
use crate::process::Pid;

/// Requests, as the C library types them.
#[cfg(target_env = "musl")]
type Request = c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

/// A ptrace request without an address.
fn ptrace(request: Request, pid: Pid, data: usize) -> Result<()> {
    // SAFETY: only called below with requests whose `data` is a number, never a pointer.
    check(unsafe { libc::ptrace(request, pid, 0usize, data) }).map(drop)
}

/// Attaches without stopping: `PTRACE_SEIZE`.
pub fn seize(pid: Pid) -> Result<()> {
    let options = libc::PTRACE_O_EXITKILL
        | libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_TRACEEXIT;
    ptrace(libc::PTRACE_SEIZE, pid, options as usize)
}

/// How a stopped tracee goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// To the next event of the filter.
    Run,
    /// To the exit of the call that it is in.
    ToSyscallExit,
    /// For one instruction.
    Step,
    /// Not at all: it stays in its group stop and events are still heard of.
    Listen,
}

/// Lets a tracee go on, with a signal or 0.
pub fn resume(pid: Pid, how: Resume, signal: c_int) -> Result<()> {
    let request = match how {
        Resume::Run => libc::PTRACE_CONT,
        Resume::ToSyscallExit => libc::PTRACE_SYSCALL,
        Resume::Step => libc::PTRACE_SINGLESTEP,
        Resume::Listen => libc::PTRACE_LISTEN,
    };
    ptrace(request, pid, signal as usize)
}

/// Makes a tracee that sleeps in a call come to that call's exit, or one that runs to a stop: `PTRACE_INTERRUPT`.
pub fn interrupt(pid: Pid) -> Result<()> {
    ptrace(libc::PTRACE_INTERRUPT, pid, 0)
}

/// Makes the signal with which a tracee is stopped one of the kernel's own, as that of `alarm(2)` is: no process sent it.
pub fn make_signal_the_kernels(pid: Pid) -> Result<()> {
    let info = signal_info(pid)?;
    // SAFETY: an all-zero siginfo_t is valid; the request takes exactly this struct, which outlives it.
    unsafe {
        let mut kernels: libc::siginfo_t = std::mem::zeroed();
        kernels.si_signo = info.si_signo;
        kernels.si_code = libc::SI_KERNEL;
        check(libc::ptrace(
            libc::PTRACE_SETSIGINFO,
            pid,
            0usize,
            &raw const kernels,
        ))
        .map(drop)
    }
}

/// What a stopped tracee is at, `PTRACE_GET_SYSCALL_INFO`.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Entry of a call.
    Entry {
        /// Its number.
        number: u64,
        /// Its arguments.
        args: [u64; 6],
        /// The user stack pointer.
        stack: u64,
        /// The instruction that calls.
        at: u64,
        /// The number that the filter gave with the stop (`SECCOMP_RET_DATA`); 0 at a stop that no filter asked for.
        data: u32,
    },
    /// Exit of a call, with its value as the kernel returned it (`-errno` on failure).
    Exit(i64),
    /// Something else.
    Other,
}

/// `struct ptrace_syscall_info`, which not every C library has. The parts of its union for an entry and for a stop of the
/// filter begin alike, and that for an exit begins with the call's value.
#[repr(C)]
struct SyscallInfo {
    op: u8,
    arch: u32,
    instruction_pointer: u64,
    stack_pointer: u64,
    number_or_value: u64,
    args: [u64; 6],
    filter_data: u32,
}

const PTRACE_GET_SYSCALL_INFO: Request = 0x420e;
const PTRACE_SYSCALL_INFO_ENTRY: u8 = 1;
const PTRACE_SYSCALL_INFO_EXIT: u8 = 2;
const PTRACE_SYSCALL_INFO_SECCOMP: u8 = 3;

fn syscall_info(pid: Pid) -> Result<SyscallInfo> {
    // SAFETY: an all-zero struct of numbers is valid; its size is passed, and the kernel writes no more than that.
    unsafe {
        let mut info: SyscallInfo = std::mem::zeroed();
        let size = size_of::<SyscallInfo>();
        check(libc::ptrace(
            PTRACE_GET_SYSCALL_INFO,
            pid,
            size,
            &raw mut info,
        ))?;
        Ok(info)
    }
}

/// Whether a tracee is at a stop before or after a call that its tracer has asked for, not its filter.
#[cfg(target_arch = "aarch64")]
pub(crate) fn is_at_asked_stop(pid: Pid) -> Result<bool> {
    let info = syscall_info(pid)?;
    Ok(matches!(
        info.op,
        PTRACE_SYSCALL_INFO_ENTRY | PTRACE_SYSCALL_INFO_EXIT
    ))
}

/// Reads what call a stopped tracee is at.
pub fn syscall_stop(pid: Pid) -> Result<Stop> {
    let info = syscall_info(pid)?;
    Ok(match info.op {
        PTRACE_SYSCALL_INFO_ENTRY | PTRACE_SYSCALL_INFO_SECCOMP => Stop::Entry {
            number: info.number_or_value,
            args: info.args,
            stack: info.stack_pointer,
            at: info.instruction_pointer,
            // Nothing at an entry that no filter has stopped.
            data: info.filter_data,
        },
        PTRACE_SYSCALL_INFO_EXIT => Stop::Exit(info.number_or_value.cast_signed()),
        _ => Stop::Other,
    })
}

/// The number that an event stop carries: a new process's id, an exit status. `PTRACE_GETEVENTMSG`.
pub fn event_message(pid: Pid) -> Result<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the request writes one unsigned long to the pointer, which outlives the call.
    check(unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid, 0usize, &raw mut message) })?;
    Ok(message)
}

/// Where the fault was that the `SIGSEGV` tells of with which a tracee is stopped: an access that its page does not
/// allow, `SEGV_ACCERR` of `sigaction(2)`. `None`: another signal, or another reason for it.
pub fn protection_fault(pid: Pid) -> Result<Option<u64>> {
    const SEGV_ACCERR: c_int = 2;
    let info = signal_info(pid)?;
    let forbidden = info.si_signo == libc::SIGSEGV && info.si_code == SEGV_ACCERR;
    // SAFETY: a SIGSEGV of the kernel's has an address.
    Ok(forbidden.then(|| unsafe { info.si_addr() } as u64))
}

/// The process that sent the signal with which a tracee is stopped, as the tracee sees it; `None`: the kernel did, or one that
/// the tracee does not see.
pub fn signal_sender(pid: Pid) -> Result<Option<u32>> {
    let info = signal_info(pid)?;
    let sent = matches!(
        info.si_code,
        libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE
    );
    // SAFETY: a signal that a process sent has that process's number.
    let sender = if sent { unsafe { info.si_pid() } } else { 0 };
    Ok(u32::try_from(sender).ok().filter(|sender| *sender > 0))
}

/// What the `SIGTRAP` with which a tracee is stopped tells of, where the tracer made it run for one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// An instruction, or a call, has been made.
    Made,
    /// A handler is about to begin: the next instruction is its first one.
    HandlerBegins,
}

/// Reads that; `None`: the `SIGTRAP` comes from something else.
pub fn step_end(pid: Pid) -> Result<Option<StepEnd>> {
    const TRAP_BRKPT: c_int = 1;
    const TRAP_TRACE: c_int = 2;
    let info = signal_info(pid)?;
    Ok(match (info.si_signo, info.si_code) {
        (libc::SIGTRAP, TRAP_BRKPT | TRAP_TRACE) => Some(StepEnd::Made),
        // As the kernel tells its tracer of something, with that signal's number for a code.
        (libc::SIGTRAP, libc::SIGTRAP) => Some(StepEnd::HandlerBegins),
        _ => None,
    })
}

/// What comes with the signal with which a tracee is stopped, `PTRACE_GETSIGINFO`.
fn signal_info(pid: Pid) -> Result<libc::siginfo_t> {
    // SAFETY: an all-zero siginfo_t is valid, and the request fills exactly this struct, which outlives it.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        check(libc::ptrace(
            libc::PTRACE_GETSIGINFO,
            pid,
            0usize,
            &raw mut info,
        ))?;
        Ok(info)
    }
}

/// Signals that an instruction itself may cause: to hold them back would change what they do.
const SYNCHRONOUS: [c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGTRAP,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGSYS,
];

/// A mask with every signal that does not come of an instruction.
pub fn asynchronous_signals() -> u64 {
    SYNCHRONOUS
        .iter()
        .fold(u64::MAX, |mask, signal| mask & !(1 << (signal - 1)))
}

/// The signals that a stopped tracee holds back, as bits from signal 1 up, `PTRACE_GETSIGMASK`.
pub fn blocked_signals(pid: Pid) -> Result<u64> {
    const PTRACE_GETSIGMASK: Request = 0x420a;
    let mut mask = 0u64;
    // SAFETY: the address is the mask's size, as the request wants it, and the mask outlives the call.
    check(unsafe { libc::ptrace(PTRACE_GETSIGMASK, pid, size_of::<u64>(), &raw mut mask) })?;
    Ok(mask)
}

/// Changes the signals that a stopped tracee holds back, `PTRACE_SETSIGMASK`.
pub fn set_blocked_signals(pid: Pid, mask: u64) -> Result<()> {
    const PTRACE_SETSIGMASK: Request = 0x420b;
    // SAFETY: as above; the request only reads the mask.
    check(unsafe { libc::ptrace(PTRACE_SETSIGMASK, pid, size_of::<u64>(), &raw const mask) })
        .map(drop)
}
