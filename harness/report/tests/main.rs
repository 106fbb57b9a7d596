//! Every form of a report: a file for each form of `src`; `forms` reads all machine forms back, `properties` says what
//! holds for reports of any text.

mod beside;
mod class;
mod conversation;
mod forms;
mod gradebook;
mod gradebook_properties;
mod json;
mod late;
mod mending;
mod properties;
mod settled;
mod style;
mod terminal;
mod trouble;
