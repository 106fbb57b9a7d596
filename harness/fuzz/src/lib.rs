//! What reads strangers' bytes, as functions from bytes to nothing: each panics where something does not hold.

// Each target uses its share of the parts.
#![allow(dead_code, unreachable_pub, unused_imports)]

// What a report must hold, as its own tests say it.
#[path = "../../report/tests/common/mod.rs"]
mod common;
#[path = "../../report/tests/forms.rs"]
mod forms;
#[path = "../../report/tests/properties.rs"]
mod properties;

mod targets;

pub use targets::archives::archives;
pub use ipclab_sandbox::fuzzing::decoder;
pub use targets::evidence::evidence;
pub use targets::renderers::renderers;
pub use targets::small_files::small_files;
pub use targets::spec::spec;
pub use targets::tables::tables;
