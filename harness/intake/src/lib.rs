//! Taking in what students handed in: one submission's folder, or a whole class as a course system exports it.
//!
//! [`import`] finds the submissions of a class, [`submission`] copies one into a folder of the tool's own. Nothing of what
//! was handed in is trusted: names are escaped before they are shown ([`show`]), archives have budgets, links lead nowhere.
//! [`materialise`] makes a folder of a rejected submission that is written as a base and a change. [`store`] is the tool's place on disk, and a [`failure`] is what stops the tool itself.
//! A [`spreadsheet`] is read in whatever encoding it was saved.

pub mod failure;
pub mod import;
pub mod materialise;
pub mod show;
pub mod spreadsheet;
pub mod store;
pub mod submission;
pub mod whole_file;
