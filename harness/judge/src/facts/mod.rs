//! Facts: the case and the evidence side by side, and the questions that every aspect asks of them.

mod fill;
mod locks;
mod lookup;
mod narrative;
mod semaphores;
mod threads;

pub(crate) use fill::Unfilled;
pub(crate) use lookup::{Facts, address_of, named_address, show_address};
pub(crate) use narrative::{root_of, with_reason};
