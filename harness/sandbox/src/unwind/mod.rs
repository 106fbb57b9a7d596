//! The calls that a stopped thread is in: return addresses, read off its stack.
//!
//! Compilers leave frame pointers out, so the stack is read by the tables that nearly every program carries for exceptions,
//! `.eh_frame`. Stripping leaves them, optimisation does not harm them, static programs have them, too. Where there is none, what is
//! known ends: no address is guessed.
//!
//! The tables are read out of the program's memory, which the program can write. Everything is bounded, and what a program
//! makes of its own tables shows in its own lines only.

mod frame;
mod headers;
mod rules;
mod tables;

use std::collections::HashMap;
use std::ops::Range;

use ipclab_kernel::arch::instruction::call_target;
use ipclab_kernel::arch::registers::dwarf::{
    ADDRESS, COUNT, INSTRUCTION, RETURN_ADDRESS, STACK_POINTER,
};
use ipclab_kernel::procfs::FileMapping;

pub(crate) use frame::{Frame, Memory, OfThread};
pub(crate) use headers::Headers;
use rules::{CalleeSaved, Rule};
use tables::Tables;

/// Frames that are looked at: programs of a lab have some ten.
const FRAMES_MAX: usize = 64;
/// Places of code of which it is remembered how to go on from there.
const RULES_MAX: usize = 4_096;

/// A program or library in a process's memory.
#[derive(Clone, Debug)]
struct Module {
    code: Range<u64>,
    /// What is added to its file's addresses.
    bias: u64,
    tables: Option<Tables>,
}

/// What is known of the code in a process's memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unwinder {
    modules: Vec<Module>,
    rules: HashMap<u64, Option<Rule>>,
}

impl Unwinder {
    /// With what a process has mapped of files.
    pub(crate) fn new(mappings: &[FileMapping], memory: &dyn Memory) -> Self {
        let mut modules = Vec::new();
        for code in mappings.iter().filter(|mapping| mapping.executable) {
            let same = |other: &&FileMapping| {
                other.file == code.file && other.offset == 0 && other.start <= code.start
            };
            let Some(head) = mappings.iter().filter(same).max_by_key(|it| it.start) else {
                continue;
            };
            if let Some((bias, tables)) = tables::of(head.start, memory) {
                modules.push(Module {
                    code: code.start..code.end,
                    bias,
                    tables,
                });
            }
        }
        Self {
            modules,
            rules: HashMap::new(),
        }
    }

    /// Looks through the rules of the program at this address, if it brings no search table: `rules`, their first address in the
    /// file and their length.
    pub(crate) fn search_rules(&mut self, program: u64, rules: (u64, u64), memory: &dyn Memory) {
        let module = self.modules.iter_mut();
        let mut module = module.filter(|it| it.code.contains(&program));
        if let Some(module) = module.next()
            && module.tables.is_none()
        {
            let at = module.bias.wrapping_add(rules.0);
            module.tables = tables::of_rules(at, rules.1, memory);
        }
    }

    /// Whether there is code at an address, as far as is known.
    pub(crate) fn knows(&self, address: u64) -> bool {
        self.modules.iter().any(|it| it.code.contains(&address))
    }

    /// Where the function begins that an address is in, as far as its file's tables say.
    pub(crate) fn begin_of(&self, address: u64) -> Option<u64> {
        let module = self.modules.iter().find(|it| it.code.contains(&address))?;
        module.tables.as_ref()?.begin_of(address)
    }

    /// What is added to the addresses of the file whose code is at an address.
    pub(crate) fn bias(&self, address: u64) -> Option<u64> {
        let module = self.modules.iter().find(|it| it.code.contains(&address))?;
        Some(module.bias)
    }

    /// Addresses of the instructions that a thread is at, innermost first. `calls`: the innermost instruction is the one before,
    /// which has called the kernel.
    pub(crate) fn frames(
        &mut self,
        mut frame: Frame,
        calls: bool,
        memory: &dyn Memory,
    ) -> Vec<u64> {
        let mut addresses = Vec::new();
        let mut is_return = calls;
        while addresses.len() < FRAMES_MAX {
            let Some(next) = frame[INSTRUCTION].filter(|next| *next != 0) else {
                break;
            };
            // A call may be the last instruction of its function.
            let at = next - u64::from(is_return);
            addresses.push(at);
            // Where return addresses are in a register, one that has called no other may be without a frame.
            let is_leaf = RETURN_ADDRESS != INSTRUCTION && addresses.len() == 1;
            let by_rules = self.caller(&frame, at, is_leaf, memory);
            let is_first = calls && addresses.len() == 1;
            let untouched = || is_first.then(|| self.untouched_caller(&frame, at, memory))?;
            let Some(caller) = by_rules.or_else(untouched) else {
                break;
            };
            // The stack grows downwards: what does not go up would go round.
            let goes_up = caller[STACK_POINTER] > frame[STACK_POINTER];
            let stays = caller[STACK_POINTER] == frame[STACK_POINTER];
            if !(goes_up || is_leaf && stays) {
                break;
            }
            frame = caller;
            is_return = true;
        }
        addresses
    }

    /// The caller of a function whose tables end before the instruction that has called the kernel, as those of glibc's `clone()` do:
    /// where the stack is as it was at the function's first instruction, what it holds is where the caller goes on, and the
    /// instruction before that one calls the function.
    fn untouched_caller(&self, frame: &Frame, at: u64, memory: &dyn Memory) -> Option<Frame> {
        if RETURN_ADDRESS != INSTRUCTION {
            return None;
        }
        let stack = frame[STACK_POINTER]?;
        let next = memory.word(stack)?;
        let called = call_target(next, |address| memory.word(address))?;
        if self.begin_of(at) != Some(called) {
            return None;
        }
        let mut caller = *frame;
        caller[STACK_POINTER] = Some(stack.wrapping_add(8));
        caller[INSTRUCTION] = Some(next);
        Some(caller)
    }

    fn caller(
        &mut self,
        frame: &Frame,
        at: u64,
        is_leaf: bool,
        memory: &dyn Memory,
    ) -> Option<Frame> {
        if !self.rules.contains_key(&at) {
            let module = self.modules.iter().find(|it| it.code.contains(&at));
            let tables = module.and_then(|module| module.tables.as_ref());
            let rule = tables.and_then(|tables| rules::find(tables, at, memory));
            if self.rules.len() >= RULES_MAX {
                self.rules.clear();
            }
            self.rules.insert(at, rule);
        }
        let rule = self.rules.get(&at)?.as_ref()?;
        // One that has called another has to have put its own return address away.
        if rule.saved[RETURN_ADDRESS] == CalleeSaved::Kept && !is_leaf {
            return None;
        }
        let (register, offset) = rule.frame;
        let base = (*frame.get(usize::from(register))?)?.wrapping_add_signed(offset);
        let mut caller = [None; COUNT];
        for (register, saved) in rule.saved.iter().enumerate() {
            caller[register] = match saved {
                CalleeSaved::Kept => frame[register],
                CalleeSaved::At(offset) => memory.word(base.wrapping_add_signed(*offset)),
                CalleeSaved::Lost => None,
            };
        }
        caller[STACK_POINTER] = Some(base);
        caller[INSTRUCTION] = caller[RETURN_ADDRESS].map(|address| address & ADDRESS);
        Some(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::tables::tests::Image;
    use super::*;

    /// The test's own functions, by the tables of the test's own program.
    #[test]
    fn mangled_tables_end_the_walk_and_nothing_else() {
        let image = Image::own();
        let mappings = image.mappings();
        let mut unwinder = Unwinder::new(&mappings, &image);
        let code = mappings.iter().find(|it| it.executable).unwrap();
        assert!(unwinder.knows(code.start) && !unwinder.knows(code.end));
        let known = |unwinder: &mut Unwinder, image: &Image| {
            let step = ((code.end - code.start) / 200).max(1);
            let mut known = 0;
            for at in (code.start..code.end).step_by(step as usize) {
                let mut frame = [Some(code.start); COUNT];
                frame[INSTRUCTION] = Some(at);
                frame[STACK_POINTER] = Some(code.start);
                known += unwinder.frames(frame, false, image).len() - 1;
            }
            known
        };
        assert!(known(&mut unwinder, &image) > 50);
        // Whatever is written over the tables, there is an end.
        let mut seed = 1u64;
        for _ in 0..30 {
            let mut bad = image.clone();
            for _ in 0..1000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bad.damage(seed >> 16, (seed >> 8) as u8);
            }
            let mut unwinder = Unwinder::new(&mappings, &bad);
            known(&mut unwinder, &bad);
            let rules = (seed % 0x10_0000, seed >> 20);
            unwinder.search_rules(code.start, rules, &bad);
            known(&mut unwinder, &bad);
        }
    }
}
