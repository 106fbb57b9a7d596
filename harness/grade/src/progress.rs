//! Progress: what long work says while it goes on. Only the caller knows how that is shown.

/// Takes what work in stages and steps says about itself.
pub trait Progress: Sync {
    /// The next stage, with so many steps.
    fn stage(&self, what: &'static str, steps: usize);

    /// One step is done.
    fn step(&self);

    /// Says something that stays: a line of its own.
    fn say(&self, text: &str);

    /// How far it is, for a log, where no stages are seen.
    fn log(&self, text: &str);

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

    fn log(&self, _text: &str) {}

    fn end(&self) {}
}
