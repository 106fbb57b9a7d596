//! One file a command: low arguments in, an exit status out.

pub(crate) mod certify;
pub(crate) mod check;
pub(crate) mod coverage;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod golden;
pub(crate) mod grade;
pub(crate) mod init;
pub(crate) mod interop;
pub(crate) mod judge;
pub(crate) mod labs;
pub(crate) mod manual;
pub(crate) mod merge;
pub(crate) mod new_lab;
pub(crate) mod package;
pub(crate) mod reference;
pub(crate) mod refresh;
pub(crate) mod spec;
pub(crate) mod validate;
pub(crate) mod verify;
mod watch;
