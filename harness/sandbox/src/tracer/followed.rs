//! A handler of a signal that is followed, and the functions that it must not call.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use ipclab_kernel::arch::registers::{Registers, dwarf};
use ipclab_kernel::{Pid, procfs};

use super::async_signal::{LEAVES, UNSAFE};
use crate::symbols::Symbols;
use crate::unwind::{Memory, OfThread};

/// Libraries that are looked through.
const LIBRARIES_MAX: usize = 32;

/// A handler that a thread is in, or is about to begin.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) process: Pid,
    /// Which of its process's signals it runs for.
    pub(super) delivery: usize,
    /// Where it stands on the stack and returns to; `None`: it has not begun.
    pub(super) frame: Option<(u64, u64)>,
    pub(super) steps: u32,
    pub(super) functions: Rc<Functions>,
}

/// Functions of a process's libraries that are of interest, and where its own program is.
#[derive(Debug, Default)]
pub(super) struct Functions {
    by_address: HashMap<u64, &'static str>,
    program: Vec<Range<u64>>,
}

impl Functions {
    /// Those of a stopped process that a handler must not call.
    pub(super) fn unsafe_in_handlers(pid: Pid) -> Option<Self> {
        Self::named(pid, || UNSAFE.iter().chain(LEAVES))
    }

    /// Those of a stopped process with these names.
    pub(super) fn named<I: Iterator<Item = &'static &'static str>>(
        pid: Pid,
        names: impl Fn() -> I,
    ) -> Option<Self> {
        let mappings = procfs::file_mappings(pid)?;
        let entry = procfs::auxiliary(pid, libc::AT_ENTRY)?;
        let own = mappings
            .iter()
            .find(|it| (it.start..it.end).contains(&entry))?
            .file;
        let code = mappings.iter().filter(|it| it.file == own && it.executable);
        let program = code.map(|it| it.start..it.end).collect();
        let memory = OfThread(pid);
        let mut by_address = HashMap::new();
        let heads = mappings
            .iter()
            .filter(|it| it.offset == 0 && it.file != own);
        let libraries = heads.take(LIBRARIES_MAX);
        for symbols in libraries.filter_map(|it| Symbols::of(it.start, &memory)) {
            for name in names() {
                for address in symbols.functions(name) {
                    by_address.insert(address, *name);
                }
            }
        }
        Some(Self {
            by_address,
            program,
        })
    }

    /// The name of the function that begins there.
    pub(super) fn at(&self, address: u64) -> Option<&'static str> {
        self.by_address.get(&address).copied()
    }

    /// Whether the C library is among those that are known.
    pub(super) fn has_library(&self) -> bool {
        self.by_address.values().any(|name| *name == "exit")
    }

    fn is_program(&self, address: u64) -> bool {
        self.program.iter().any(|code| code.contains(&address))
    }
}

/// What the next instruction of a thread in a handler is.
pub(super) enum Place {
    /// One more.
    Inside,
    /// The handler has returned, or was left in another way.
    Left,
    /// The first of a function that it must not call, and that the program has called.
    Unsafe(&'static str),
}

impl Followed {
    /// What it is at.
    pub(super) fn place(&self, tid: Pid, registers: &Registers) -> Place {
        let Some((stack, end)) = self.frame else {
            return Place::Inside;
        };
        let (at, now) = (registers.instruction_pointer(), registers.stack_pointer());
        if at == end || now > stack.wrapping_add(16) {
            return Place::Left;
        }
        let Some(name) = self.functions.by_address.get(&at) else {
            return Place::Inside;
        };
        if LEAVES.contains(name) {
            return Place::Left;
        }
        let caller = returns_to(tid, registers);
        let by_program =
            caller.is_some_and(|caller| caller == end || self.functions.is_program(caller));
        match by_program {
            true => Place::Unsafe(name),
            false => Place::Inside,
        }
    }
}

/// Where the function returns to whose first instruction is next.
pub(super) fn returns_to(tid: Pid, registers: &Registers) -> Option<u64> {
    if dwarf::RETURN_ADDRESS == dwarf::INSTRUCTION {
        return OfThread(tid).word(registers.stack_pointer());
    }
    Some(registers.in_dwarf_order()[dwarf::RETURN_ADDRESS] & dwarf::ADDRESS)
}
