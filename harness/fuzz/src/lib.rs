//! What reads strangers' bytes, as functions from bytes to nothing: each panics where something does not hold.
//!
//! Parts of the tool that are nobody else's are taken in by their paths, so that they need no door for this alone.

// Each target uses its share of the parts.
#![allow(dead_code, unreachable_pub, unused_imports)]

#[path = "../../sandbox/src/calls.rs"]
mod calls;
#[path = "../../sandbox/src/decode.rs"]
mod decode;
#[path = "../../sandbox/src/frame.rs"]
mod frame;
#[path = "../../sandbox/src/sys.rs"]
mod sys;

#[path = "../../cli/src/mutants/equivalent.rs"]
mod equivalent;
#[path = "../../cli/src/failure.rs"]
mod failure;
#[path = "../../cli/src/import/mod.rs"]
mod import;
#[path = "../../cli/src/show.rs"]
mod show;
#[path = "../../cli/src/store.rs"]
mod store;
#[path = "../../cli/src/submission/mod.rs"]
mod submission;

// What a report must hold, as its own tests say it.
#[path = "../../report/tests/common/mod.rs"]
mod common;
#[path = "../../report/tests/forms.rs"]
mod forms;
#[path = "../../report/tests/properties.rs"]
mod properties;

mod targets;

pub use targets::archives::archives;
pub use targets::decoder::decoder;
pub use targets::evidence::evidence;
pub use targets::renderers::renderers;
pub use targets::small_files::small_files;
pub use targets::spec::spec;
pub use targets::tables::tables;
