//! `ipclab grade` and `ipclab merge`: whole classes, from every system, and whatever is in them.

mod class;
mod hostile;
mod imports;
mod resume;
mod shards;
