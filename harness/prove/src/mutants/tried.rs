//! What became of a mutant.

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Points were lost.
    Killed,
    /// Nothing was noticed.
    Survived,
    /// It could not be judged.
    Unknown,
}

/// A mutant that was run.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) case: String,
    pub(super) program: String,
    pub(super) words: String,
    pub(super) fate: Fate,
}
