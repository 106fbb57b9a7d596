//! The lab spec language: TOML text in, a resolved [`Spec`] out, or every diagnostic of the file at once.
//!
//! No I/O here: callers hand in the text and the name that messages should call it by.

mod model;

pub use model::*;
