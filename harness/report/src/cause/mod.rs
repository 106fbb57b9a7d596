//! Causes: the mistakes that findings come from.
//!
//! In one report, [`list`] has them with their findings, worth and place. In a class, [`name`] names each by what is the same for
//! all students who have it, so that one comment can reach all of them.

mod list;
mod name;

pub(crate) use list::{list, natures, natures_of};
pub use name::{id, is_consequence, named, sentence};
