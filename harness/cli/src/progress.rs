//! Progress on stderr, for somebody who waits at a terminal; nobody else sees any of it.

use indicatif::{ProgressBar, ProgressStyle};

/// A line that comes and goes.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A line that shows only when stderr is a terminal.
    pub(crate) fn start() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} {pos}/{len}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Says nothing to anybody: for the parts of something that has a line already.
    pub(crate) fn silent() -> Self {
        Self(ProgressBar::hidden())
    }

    /// The next stage, with so many steps.
    pub(crate) fn stage(&self, what: &'static str, steps: usize) {
        self.0.set_length(steps as u64);
        self.0.set_position(0);
        self.0.set_message(what);
    }

    /// Says something above the line, to whoever reads stderr.
    pub(crate) fn say(&self, text: &str) {
        self.0.suspend(|| crate::output::note(text));
    }

    /// One step is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the line away before anything is printed.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
