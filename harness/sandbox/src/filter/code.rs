//! The words that a filter is written in, and what it is for.

use libc::sock_filter;

use crate::measures::{LeftOut, Measure};

/// A thread of the same process; a child that runs while its parent waits.
pub(super) const SHARES_PROPERLY: u32 = (libc::CLONE_THREAD | libc::CLONE_VFORK) as u32;

pub(super) const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
pub(super) const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
pub(super) const TRACE: u32 = libc::SECCOMP_RET_TRACE;

/// A refusal that the tracer makes and notes, by its errno. Should there be no tracer any more, the kernel refuses.
pub(super) const fn refusal(errno: i32) -> u32 {
    TRACE | errno as u32
}

/// A refusal that nothing hears of.
pub(super) const fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number as u32
}

/// The answer without a tracer that notes it.
pub(super) fn silent(answer: sock_filter) -> sock_filter {
    let noted = answer.code == RETURN && answer.k > TRACE && answer.k <= refusal(libc::EHWPOISON);
    match noted {
        true => put(RETURN, errno((answer.k & libc::SECCOMP_RET_DATA) as i32)),
        false => answer,
    }
}

pub(super) const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
pub(super) const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
pub(super) const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
pub(super) const JUMP_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
pub(super) const JUMP_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
pub(super) const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
pub(super) const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

pub(super) const NUMBER: u32 = 0;
pub(super) const ARCHITECTURE: u32 = 4;

/// Offset of the low half of an argument in `struct seccomp_data`.
pub(super) const fn low_half(arg: u8) -> u32 {
    16 + 8 * arg as u32
}

pub(super) const fn put(code: u16, k: u32) -> sock_filter {
    sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

pub(super) const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// What the filter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Which calls stop at the tracer.
    pub(crate) trace_scope: TraceScope,
    /// Whether the actor is in the host's own world, where every open is looked at.
    pub(crate) host: bool,
    /// Numbers of calls that stop whenever they are made, because the plan asks for them.
    pub(crate) requested: Vec<i64>,
    /// Calls stop that may map a file, or memory for sharing.
    pub(crate) maps: bool,
}

/// Which calls stop at the tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceScope {
    /// Those only that may have to be refused.
    Nothing,
    /// Those of the table.
    Table {
        /// What these measures alone want to see does not stop.
        without: LeftOut,
    },
    /// All: any of them may point into memory that is closed.
    Everything {
        /// An `mprotect` with this number in its fourth argument, which it does not have, passes: it is the tracer's own,
        /// made by the process. The program has no way to know the number.
        pass: u32,
    },
}

impl TraceScope {
    /// What nearly every actor has, in cases that lack `left_out`.
    pub(crate) fn usual(left_out: LeftOut) -> Self {
        Self::Table { without: left_out }
    }

    /// Whether calls stop that this measure alone wants to see.
    pub(crate) fn has(self, measure: Measure) -> bool {
        match self {
            Self::Table { without } => !without.lacks(measure),
            Self::Nothing | Self::Everything { .. } => true,
        }
    }
}
