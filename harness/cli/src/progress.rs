//! Progress on stderr, for a user who waits at a terminal; it is shown nowhere else.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use ipclab_grade::progress::Progress;

/// A line that comes and goes.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A line that shows only when stderr is a terminal.
    pub(crate) fn start() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} {pos}/{len}") {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Progress for Bar {
    fn stage(&self, what: &'static str, steps: usize) {
        if self.0.is_finished() {
            self.0.reset();
        }
        self.0.update(|state| {
            state.set_len(steps as u64);
            state.set_pos(0);
        });
        self.0.set_message(what);
    }

    /// Says something on stderr, above the line.
    fn say(&self, text: &str) {
        self.0.suspend(|| crate::output::note(text));
    }

    fn log(&self, text: &str) {
        if !io::stderr().is_terminal() {
            crate::output::note(text);
        }
    }

    fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the line away before anything is printed.
    fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.end();
    }
}
