//! Code that takes the same instructions whatever it is compiled with, to measure a processor by.

use std::arch::asm;

/// Calls a function so often that saves a register and returns: what programs do most of the time.
pub fn call(times: u64) {
    if times == 0 {
        return;
    }
    // SAFETY: the code reads and writes nothing but its own register, and what it puts on the stack it takes away again.
    unsafe {
        asm!(
            "2:",
            "call 3f",
            "dec {left}",
            "jnz 2b",
            "jmp 4f",
            "3:",
            "push {left}",
            "pop {left}",
            "ret",
            "4:",
            left = inout(reg) times => _,
        );
    }
}
