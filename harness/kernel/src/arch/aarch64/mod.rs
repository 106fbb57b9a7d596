//! What hangs on the processor: aarch64, the 64-bit ARM.

pub mod calls;
pub mod instruction;
pub mod layout;
pub mod older;
pub mod pace;
pub mod registers;
pub mod start;
