//! What lines are found with: the table of an actor's program, and what is known of the code in each process.

use std::cell::RefCell;
use std::rc::Rc;

use ipclab_evidence::{LineTable, Printed, SourceLine};

use crate::unwind::Unwinder;

/// What lines of an actor are found with.
#[derive(Debug)]
pub(crate) struct Origins {
    pub(super) table: Option<LineTable>,
    /// The file that the actor's first process has started: device and inode.
    pub(super) program: Option<(u64, u64)>,
    /// Where its first process crashed or ended.
    pub(crate) ended_at: Vec<SourceLine>,
    /// Where it wrote on its standard streams.
    pub(crate) printed: Vec<Printed>,
    /// How many bytes it handed over in all, on its standard output and error.
    pub(crate) written: [u64; 2],
}

/// What is known of the code of a process. Processes that were made without starting a program have it together.
#[derive(Clone, Debug, Default)]
pub(super) struct CodeMap(pub(super) Rc<RefCell<Known>>);

/// What was found out of it so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) unwinder: Unwinder,
    /// How often it was looked what is mapped.
    pub(super) looks: u32,
    /// Where the program begins; `None`: it is not the actor's own.
    pub(super) entry: Option<u64>,
}

impl CodeMap {
    /// Of a program that has just been started.
    pub(super) fn of_program(entry: Option<u64>) -> Self {
        Self(Rc::new(RefCell::new(Known {
            entry,
            ..Known::default()
        })))
    }
}

impl Origins {
    /// Nothing yet.
    pub(super) fn new(table: Option<LineTable>) -> Self {
        Self {
            table,
            program: None,
            ended_at: Vec::new(),
            printed: Vec::new(),
            written: [0; 2],
        }
    }
}
