//! Progress: what long work says while it goes on, to whoever started it. How that is shown is not known here.

/// Somebody who waits for work that has stages and steps.
pub trait Progress: Sync {
    /// The next stage, with so many steps.
    fn stage(&self, what: &'static str, steps: usize);

    /// One step is done.
    fn step(&self);

    /// Says something that stays: a line of its own.
    fn say(&self, text: &str);

    /// The work is done, and something else is shown next.
    fn end(&self);
}

/// For the parts of something that has a progress of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _what: &'static str, _steps: usize) {}

    fn step(&self) {}

    fn say(&self, _text: &str) {}

    fn end(&self) {}
}
