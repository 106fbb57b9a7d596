//! Reports to test with, and what must hold of every one: for this crate's own tests and for the fuzz targets.

pub mod build;
pub mod forms;
pub mod harmless;
