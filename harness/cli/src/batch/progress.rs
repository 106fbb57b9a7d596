//! What is shown while a class is graded, on stderr: a bar at a terminal, a line for each submission elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ipclab_report::Line;

use super::locked;
use crate::output;

/// How far it is.
pub(super) struct Progress {
    /// `None`: nobody watches.
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    done: usize,
    all: usize,
    /// Who is being graded.
    active: Vec<String>,
}

impl Progress {
    /// Begins.
    pub(super) fn start(all: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(all as u64);
            let shape = "{bar:20} {pos}/{len}  {per_sec}  {eta} left  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(shape) {
                bar.set_style(style);
            }
            // The time left goes on while nothing ends.
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        Self {
            bar,
            state: Mutex::new(State {
                done: 0,
                all,
                active: Vec::new(),
            }),
        }
    }

    /// Somebody's turn has come.
    pub(super) fn begin(&self, id: &str) {
        let mut state = locked(&self.state);
        state.active.push(Line::new(id).to_string());
        self.show(&state);
    }

    /// Nothing had changed: no work, which would make the rest look faster than it is.
    pub(super) fn kept(&self, id: &str) {
        let mut state = locked(&self.state);
        state.leave(id);
        state.done += 1;
        if let Some(bar) = &self.bar {
            bar.dec_length(1);
        }
        self.show(&state);
    }

    /// Somebody was graded.
    pub(super) fn end(&self, id: &str, said: &str) {
        let mut state = locked(&self.state);
        state.leave(id);
        state.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => output::note(&format!(
                "[{}/{}] {}: {said}",
                state.done,
                state.all,
                Line::new(id)
            )),
        }
        self.show(&state);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn show(&self, state: &State) {
        if let Some(bar) = &self.bar {
            bar.set_message(state.active.join(", "));
        }
    }
}

impl State {
    fn leave(&mut self, id: &str) {
        let id = Line::new(id);
        if let Some(at) = self.active.iter().position(|active| *active == id.as_str()) {
            self.active.remove(at);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
