//! The registers of a stopped tracee, by what they are for in a system call, `syscall(2)`.

use std::io::Result;

use crate::error::check;
use crate::process::Pid;

/// The instruction that enters the kernel, `syscall`.
pub const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// How DWARF numbers the registers, System V ABI for AMD64, figure 3.36, and where the address of the next instruction stands in
/// [`Registers::in_dwarf_order`].
pub mod dwarf {
    /// How many there are.
    pub const COUNT: usize = 17;
    /// The stack pointer, `rsp`.
    pub const STACK_POINTER: usize = 7;
    /// The address of the next instruction.
    pub const INSTRUCTION: usize = 16;
    /// Whose rule says where a function returns to.
    pub const RETURN_ADDRESS: usize = 16;
    /// Those that a function gives back as it found them: `rbx`, `rbp`, `r12` to `r15`.
    pub const CALLEE_SAVED: &[usize] = &[3, 6, 12, 13, 14, 15];
    /// The bits of a return address that are the address.
    pub const ADDRESS: u64 = u64::MAX;
    /// Whether rules may say that return addresses are signed.
    pub const SIGNS_ADDRESSES: bool = false;
}

/// All registers of a stopped tracee.
#[derive(Clone, Copy, Debug)]
pub struct Registers(libc::user_regs_struct);

impl Registers {
    /// Reads them, `PTRACE_GETREGS`.
    ///
    /// # Errors
    /// The kernel's; `ESRCH`: it is not stopped, or gone.
    pub fn read(pid: Pid) -> Result<Self> {
        // SAFETY: an all-zero register set is valid, and the request fills exactly this struct.
        unsafe {
            let mut registers: libc::user_regs_struct = std::mem::zeroed();
            check(libc::ptrace(
                libc::PTRACE_GETREGS,
                pid,
                0usize,
                &raw mut registers,
            ))?;
            Ok(Self(registers))
        }
    }

    /// Writes them, `PTRACE_SETREGS`.
    ///
    /// # Errors
    /// As [`Registers::read`].
    pub fn write(&self, pid: Pid) -> Result<()> {
        // SAFETY: the request only reads this struct.
        check(unsafe { libc::ptrace(libc::PTRACE_SETREGS, pid, 0usize, &raw const self.0) })
            .map(drop)
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn instruction_pointer(&self) -> u64 {
        self.0.rip
    }

    /// The breakpoint that the tracee has just run into, if it is at one.
    #[must_use]
    pub fn breakpoint(&self) -> u64 {
        self.0
            .rip
            .wrapping_sub(super::start::BREAKPOINT.len() as u64)
    }

    /// Lets the tracee go on at this instruction.
    pub fn go_to(&mut self, instruction: u64) {
        self.0.rip = instruction;
    }

    /// The stack pointer.
    #[must_use]
    pub fn stack_pointer(&self) -> u64 {
        self.0.rsp
    }

    /// All registers as DWARF numbers them, the address of the next instruction last.
    #[must_use]
    pub fn in_dwarf_order(&self) -> [u64; dwarf::COUNT] {
        let Self(all) = self;
        [
            all.rax, all.rdx, all.rcx, all.rbx, all.rsi, all.rdi, all.rbp, all.rsp, all.r8, all.r9,
            all.r10, all.r11, all.r12, all.r13, all.r14, all.r15, all.rip,
        ]
    }

    /// The number of the call that the tracee is in.
    #[must_use]
    pub fn call_number(&self) -> u64 {
        self.0.orig_rax
    }

    /// Changes the number of the call that the tracee is about to make, or of one that the kernel is to make again.
    pub fn set_call_number(&mut self, number: u64) {
        self.0.orig_rax = number;
    }

    /// Says that the tracee is in no call: the kernel has nothing to make again.
    pub fn set_no_call(&mut self) {
        self.0.orig_rax = u64::MAX;
    }

    /// At a call's entry: makes it one that does not exist. It fails with `ENOSYS` unless it gets another result.
    pub fn skip_call(&mut self) {
        self.set_no_call();
        self.set_result(-i64::from(libc::ENOSYS));
    }

    /// The result of a call, `-errno` where it failed.
    #[must_use]
    pub fn result(&self) -> i64 {
        self.0.rax as i64
    }

    /// Changes the result that the program sees.
    pub fn set_result(&mut self, result: i64) {
        self.0.rax = result as u64;
    }

    /// All arguments of the call that the tracee is in.
    #[must_use]
    pub fn arguments(&self) -> [u64; 6] {
        let Self(all) = self;
        [all.rdi, all.rsi, all.rdx, all.r10, all.r8, all.r9]
    }

    /// Changes all of them.
    pub fn set_arguments(&mut self, arguments: &[u64; 6]) {
        for (index, value) in arguments.iter().enumerate() {
            self.replace_argument(index, *value);
        }
    }

    /// Changes an argument, counted from 0, and gives what it was.
    pub fn replace_argument(&mut self, index: usize, value: u64) -> u64 {
        let register = match index {
            0 => &mut self.0.rdi,
            1 => &mut self.0.rsi,
            2 => &mut self.0.rdx,
            3 => &mut self.0.r10,
            4 => &mut self.0.r8,
            _ => &mut self.0.r9,
        };
        std::mem::replace(register, value)
    }

    /// At a call's exit: gives an argument back the value that the program knows. Results have a register of their own here.
    pub fn restore_argument(&mut self, index: usize, value: u64) {
        self.replace_argument(index, value);
    }

    /// The `syscall` instruction by which the tracee has entered the kernel, when it is at a call's entry or exit.
    #[must_use]
    pub fn syscall_instruction(&self) -> u64 {
        self.0.rip.wrapping_sub(SYSCALL.len() as u64)
    }

    /// Sends the tracee back to that instruction, with the number of a call and its first argument where the kernel looks for
    /// them.
    pub fn repeat_call(&mut self, number: u64, first: u64) {
        self.0.rip = self.syscall_instruction();
        self.0.rax = number;
        self.0.rdi = first;
    }

    /// At the exit of a call that the kernel is to make again, after other calls were made there: a call that brings the tracee
    /// to an exit like that one. `None`: it is at one. Here the kernel looks at nothing but the registers.
    #[must_use]
    pub fn reentry(&self) -> Option<Self> {
        None
    }

    /// Sends the tracee to a `syscall` instruction, to make a call there with these first arguments.
    #[must_use]
    pub fn at_call(mut self, instruction: u64, number: u64, arguments: &[u64]) -> Self {
        self.0.rip = instruction;
        self.0.rax = number;
        self.set_no_call();
        for (index, value) in arguments.iter().enumerate() {
            self.replace_argument(index, *value);
        }
        self
    }
}
