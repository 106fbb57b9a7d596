//! What is shown while a class is graded, on stderr: a bar at a terminal, a line for each submission elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ipclab_report::Line;

use ipclab_class::batch::ClassProgress;

use crate::output;

/// How far it is.
#[derive(Default)]
pub(crate) struct ClassBar(Mutex<State>);

#[derive(Default)]
struct State {
    /// `None`: stderr is no terminal.
    bar: Option<ProgressBar>,
    done: usize,
    all: usize,
    /// Ids of the submissions that are being graded.
    active: Vec<String>,
}

impl ClassBar {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClassProgress for ClassBar {
    fn start(&self, all: usize) {
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
        let mut state = self.state();
        state.bar = bar;
        state.all = all;
    }

    fn begin(&self, id: &str) {
        let mut state = self.state();
        state.active.push(Line::new(id).to_string());
        state.show();
    }

    /// No work, which would make the rest look faster than it is.
    fn kept(&self, id: &str) {
        let mut state = self.state();
        state.leave(id);
        state.done += 1;
        if let Some(bar) = &state.bar {
            bar.dec_length(1);
        }
        state.show();
    }

    fn end(&self, id: &str, said: &str) {
        let mut state = self.state();
        state.leave(id);
        state.done += 1;
        match &state.bar {
            Some(bar) => bar.inc(1),
            None => output::note(&format!(
                "[{}/{}] {}: {said}",
                state.done,
                state.all,
                Line::new(id)
            )),
        }
        state.show();
    }

    fn finish(&self) {
        self.state().finish();
    }

    fn note(&self, text: &str) {
        output::note(text);
    }

    fn agrees(&self, changes: &str) -> bool {
        output::ask(&format!(
            "{changes}\nPut these in the place of the class's marks?"
        ))
    }
}

impl State {
    fn show(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.active.join(", "));
        }
    }

    /// Takes the bar away.
    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn leave(&mut self, id: &str) {
        let id = Line::new(id);
        if let Some(at) = self.active.iter().position(|active| *active == id.as_str()) {
            self.active.remove(at);
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.finish();
    }
}
