//! The registers of a stopped tracee, by what they are for in a system call, `syscall(2)`.
//!
//! Three things are not as elsewhere. The number of the call that a tracee is in is no register but a set of its own. The
//! first argument and the result share a register, so that at a call's exit the argument is gone; the kernel keeps a copy,
//! with which it makes a call again, and that copy cannot be written. And at a stop before or after a call that the tracer
//! asked for, `x7` says which of both it is: what the program has there cannot be seen then, and nothing that is written
//! there lasts.

use std::io::Result;

use crate::error::check;
use crate::process::Pid;
use crate::{procfs, ptrace};

/// The instruction that enters the kernel, `svc #0`.
pub const SYSCALL: [u8; 4] = [0x01, 0x00, 0x00, 0xd4];

/// How DWARF numbers the registers, DWARF for the Arm 64-bit Architecture, 4.1, and where the address of the next instruction
/// stands in [`Registers::in_dwarf_order`].
pub mod dwarf {
    /// How many there are.
    pub const COUNT: usize = 33;
    /// The stack pointer, `sp`.
    pub const STACK_POINTER: usize = 31;
    /// The address of the next instruction.
    pub const INSTRUCTION: usize = 32;
    /// Whose rule says where a function returns to: the link register, `x30`.
    pub const RETURN_ADDRESS: usize = 30;
    /// Those that a function gives back as it found them, `x19` to `x29`, and the link register, which one that calls no other
    /// leaves alone.
    pub const CALLEE_SAVED: &[usize] = &[19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30];
    /// The bits of a return address that are the address: the others may be a signature, `paciasp`.
    pub const ADDRESS: u64 = (1 << 48) - 1;
    /// Whether rules may say that return addresses are signed.
    pub const SIGNS_ADDRESSES: bool = true;
}

/// `struct user_pt_regs` of `asm/ptrace.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct General {
    x: [u64; 31],
    sp: u64,
    pc: u64,
    pstate: u64,
}

/// What a tracee has at a stop that its tracer asked for before or after a call, in `x7`.
const SHOWS_DIRECTION: usize = 7;
/// Which register holds the number of a call that is about to be entered.
const NUMBER: usize = 8;
/// How the last instruction branched, `BTYPE` of the processor's state: code that is guarded may not be entered by every branch.
const BRANCH_TYPE: u64 = 3 << 10;
/// No call.
const NO_CALL: i32 = -1;

/// All registers of a stopped tracee.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    general: General,
    /// The number of the call that it is in.
    number: i32,
    /// What `x7` holds is not the program's.
    shows_direction: bool,
    /// The first argument of a call that the kernel is to make again.
    first_of_repeated: Option<u64>,
}

/// Reads or writes a set of registers, `PTRACE_GETREGSET`, `PTRACE_SETREGSET`.
fn transfer<T>(request: i32, pid: Pid, set: i32, value: *mut T) -> Result<()> {
    let mut part = libc::iovec {
        iov_base: value.cast(),
        iov_len: size_of::<T>(),
    };
    // SAFETY: the vector is that of one value which the callers own, of a type that has no invalid contents.
    check(unsafe { libc::syscall(libc::SYS_ptrace, request, pid, set, &raw mut part) }).map(drop)
}

const GET_SET: i32 = 0x4204;
const PUT_SET: i32 = 0x4205;
/// `NT_PRSTATUS` and `NT_ARM_SYSTEM_CALL` of `linux/elf.h`.
const GENERAL: i32 = 1;
const CALL_NUMBER: i32 = 0x404;

/// Results with which the kernel makes a call again, if nothing keeps it from that: `ERESTARTSYS` to `ERESTART_RESTARTBLOCK`.
fn is_made_again(result: i64) -> bool {
    matches!(-result, 512..=514 | 516)
}

impl Registers {
    /// Reads them, `PTRACE_GETREGSET`.
    ///
    /// # Errors
    /// The kernel's; `ESRCH`: it is not stopped, or gone.
    pub fn read(pid: Pid) -> Result<Self> {
        let (mut general, mut number) = (General::default(), NO_CALL);
        transfer(GET_SET, pid, GENERAL, &raw mut general)?;
        transfer(GET_SET, pid, CALL_NUMBER, &raw mut number)?;
        let shows_direction = general.x[SHOWS_DIRECTION] <= 1 && ptrace::is_at_asked_stop(pid)?;
        let repeats = number != NO_CALL && is_made_again(general.x[0].cast_signed());
        let repeated = repeats.then(|| procfs::current_call(pid)).flatten();
        Ok(Self {
            general,
            number,
            shows_direction,
            first_of_repeated: repeated.map(|(_, arguments)| arguments[0]),
        })
    }

    /// Writes them, `PTRACE_SETREGSET`.
    ///
    /// # Errors
    /// As [`Registers::read`].
    pub fn write(&self, pid: Pid) -> Result<()> {
        let Self {
            mut general,
            mut number,
            ..
        } = *self;
        if self.shows_direction {
            let mut now = General::default();
            transfer(GET_SET, pid, GENERAL, &raw mut now)?;
            general.x[SHOWS_DIRECTION] = now.x[SHOWS_DIRECTION];
        }
        transfer(PUT_SET, pid, GENERAL, &raw mut general)?;
        transfer(PUT_SET, pid, CALL_NUMBER, &raw mut number)
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn instruction_pointer(&self) -> u64 {
        self.general.pc
    }

    /// The breakpoint that the tracee has just run into, if it is at one.
    #[must_use]
    pub fn breakpoint(&self) -> u64 {
        self.general.pc
    }

    /// Lets the tracee go on at this instruction.
    pub fn go_to(&mut self, instruction: u64) {
        self.general.pc = instruction;
    }

    /// The stack pointer.
    #[must_use]
    pub fn stack_pointer(&self) -> u64 {
        self.general.sp
    }

    /// All registers as DWARF numbers them, the address of the next instruction last.
    #[must_use]
    pub fn in_dwarf_order(&self) -> [u64; dwarf::COUNT] {
        let mut all = [0; dwarf::COUNT];
        all[..31].copy_from_slice(&self.general.x);
        all[dwarf::STACK_POINTER] = self.general.sp;
        all[dwarf::INSTRUCTION] = self.general.pc;
        all
    }

    /// The number of the call that the tracee is in.
    #[must_use]
    pub fn call_number(&self) -> u64 {
        i64::from(self.number).cast_unsigned()
    }

    /// Changes the number of the call that the tracee is about to make, or of one that the kernel is to make again.
    pub fn set_call_number(&mut self, number: u64) {
        self.number = number as i32;
    }

    /// Says that the tracee is in no call: the kernel has nothing to make again.
    pub fn set_no_call(&mut self) {
        self.number = NO_CALL;
    }

    /// At a call's entry: makes it one that does not exist. It fails with `ENOSYS` unless it gets another result.
    pub fn skip_call(&mut self) {
        self.set_no_call();
        self.set_result(-i64::from(libc::ENOSYS));
    }

    /// The result of a call, `-errno` where it failed.
    #[must_use]
    pub fn result(&self) -> i64 {
        self.general.x[0].cast_signed()
    }

    /// Changes the result that the program sees.
    pub fn set_result(&mut self, result: i64) {
        self.general.x[0] = result.cast_unsigned();
    }

    /// All arguments of the call that the tracee is about to make. At its exit the first one is its result.
    #[must_use]
    pub fn arguments(&self) -> [u64; 6] {
        let [a, b, c, d, e, f, ..] = self.general.x;
        [a, b, c, d, e, f]
    }

    /// Changes all of them.
    pub fn set_arguments(&mut self, arguments: &[u64; 6]) {
        self.general.x[..6].copy_from_slice(arguments);
    }

    /// Changes an argument, counted from 0, and gives what it was.
    pub fn replace_argument(&mut self, index: usize, value: u64) -> u64 {
        std::mem::replace(&mut self.general.x[index.min(5)], value)
    }

    /// At a call's exit: gives an argument back the value that the program knows. Where the first one was stands the result.
    pub fn restore_argument(&mut self, index: usize, value: u64) {
        if index > 0 {
            self.replace_argument(index, value);
        }
    }

    /// The `svc` instruction by which the tracee has entered the kernel, when it is at a call's entry or exit.
    #[must_use]
    pub fn syscall_instruction(&self) -> u64 {
        self.general.pc.wrapping_sub(SYSCALL.len() as u64)
    }

    /// Sends the tracee back to that instruction, with the number of a call and its first argument where the kernel looks for
    /// them.
    pub fn repeat_call(&mut self, number: u64, first: u64) {
        self.general.pc = self.syscall_instruction();
        self.general.x[NUMBER] = number;
        self.general.x[0] = first;
        self.set_no_call();
    }

    /// At the exit of a call that the kernel is to make again, after other calls were made there: a call that brings the tracee
    /// to an exit like that one. `None`: it is at one.
    ///
    /// The kernel makes the call again with its own copy of the first argument, which is that of the last call, and decides so
    /// before the tracer hears of a signal: what was decided at another call's exit would be held against this one.
    #[must_use]
    pub fn reentry(&self) -> Option<Self> {
        let first = self.first_of_repeated?;
        let harmless = libc::SYS_getpid as u64;
        Some(self.at_call(self.syscall_instruction(), harmless, &[first]))
    }

    /// Sends the tracee to a `svc` instruction, to make a call there with these first arguments.
    #[must_use]
    pub fn at_call(mut self, instruction: u64, number: u64, arguments: &[u64]) -> Self {
        self.general.pc = instruction;
        self.general.pstate &= !BRANCH_TYPE;
        self.general.x[NUMBER] = number;
        self.set_no_call();
        for (index, value) in arguments.iter().enumerate() {
            self.replace_argument(index, *value);
        }
        self
    }

    /// What an instruction finds in a register: number 31 stands for 0.
    pub(super) fn value(&self, register: u8) -> u64 {
        let register = self.general.x.get(usize::from(register));
        register.copied().unwrap_or(0)
    }

    /// The address that a register holds: number 31 stands for the stack pointer.
    pub(super) fn address(&self, register: u8) -> u64 {
        let register = self.general.x.get(usize::from(register));
        register.copied().unwrap_or(self.general.sp)
    }

    /// As after an instruction that has put this into a register.
    pub(super) fn after(mut self, register: u8, value: u64) -> Self {
        if let Some(register) = self.general.x.get_mut(usize::from(register)) {
            *register = value;
        }
        self.general.pc = self.general.pc.wrapping_add(4);
        self
    }
}
