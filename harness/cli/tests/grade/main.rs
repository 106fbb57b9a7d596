//! `ipclab grade` and `ipclab merge`: whole classes, from every system, and whatever is in them.

#[path = "../common/archives.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod archives;
#[path = "../common/mod.rs"]
mod common;

mod class;
mod hostile;
mod imports;
mod resume;
mod shards;
