//! What is said while a class is graded.

/// Takes what the grading of a class says about itself.
pub trait ClassProgress: Sync {
    /// So many submissions are to be graded.
    fn start(&self, all: usize);

    /// The turn of this submission has come.
    fn begin(&self, id: &str);

    /// Nothing of it had changed: no work.
    fn kept(&self, id: &str);

    /// It was graded, with this result.
    fn end(&self, id: &str, one_line: &str);

    /// All of them have had their turn.
    fn finish(&self);

    /// Says something about the class.
    fn note(&self, text: &str);

    /// Shows what would change, and asks whether it may; false where there is nobody to ask.
    fn agrees(&self, changes: &str) -> bool;
}
