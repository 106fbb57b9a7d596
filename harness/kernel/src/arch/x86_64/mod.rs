//! What hangs on the processor: x86-64.

pub mod calls;
pub mod instruction;
pub mod layout;
pub mod older;
pub mod pace;
pub mod registers;
pub mod start;
