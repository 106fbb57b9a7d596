//! What reads strangers' bytes, as functions from bytes to nothing: each panics where something does not hold.

mod targets;

pub use ipclab_sandbox::fuzzing::decoder;
pub use targets::archives::archives;
pub use targets::evidence::evidence;
pub use targets::renderers::renderers;
pub use targets::small_files::small_files;
pub use targets::spec::spec;
pub use targets::tables::tables;
