//! What hangs on the processor: x86-64.

pub mod calls;
pub mod instruction;
pub mod registers;
pub mod start;
