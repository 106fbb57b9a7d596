//! The end of work on a class.

/// What a command on a class has to say when it is done, and the status it ends with.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What is to be known beside the summary.
    pub notes: Vec<String>,
    /// The summary, for a terminal.
    pub text: String,
    /// 0: all students have a mark. 3: a student has none.
    pub exit_code: u8,
}
