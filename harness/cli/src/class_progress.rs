//! What is shown while a class is graded, on stderr: a bar at a terminal, a line for each submission elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use ipclab_report::Line;

use ipclab_class::batch::{ClassProgress, Pace};

use crate::output;

/// How often a log says how long it takes still.
const EVERY: Duration = Duration::from_secs(15);

/// How far it is.
#[derive(Default)]
pub(crate) struct ClassBar(Mutex<State>);

#[derive(Default)]
struct State {
    /// `None`: stderr is no terminal.
    bar: Option<ProgressBar>,
    done: usize,
    all: usize,
    /// How fast it goes; `None`: it has not begun.
    pace: Option<(Instant, Pace)>,
    /// When the time left was last said where there is no terminal.
    said: Duration,
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
            let shape = "{bar:20} {pos}/{len}  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(shape) {
                bar.set_style(style);
            }
            bar
        });
        let mut state = self.state();
        state.bar = bar;
        state.all = all;
        state.pace = Some((Instant::now(), Pace::default()));
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
        state.took_one();
        match &state.bar {
            Some(bar) => bar.inc(1),
            None => {
                let left = state.left_now_and_then();
                output::note(&format!(
                    "[{}/{}] {}: {said}{left}",
                    state.done,
                    state.all,
                    Line::new(id)
                ));
            }
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
            let pace = self
                .pace()
                .map_or(String::new(), |pace| format!("{pace}  "));
            bar.set_message(format!("{pace}{}", self.active.join(", ")));
        }
    }

    fn took_one(&mut self) {
        if let Some((began, pace)) = &mut self.pace {
            pace.done(began.elapsed());
        }
    }

    /// `1.2/s  about 4 min left`
    fn pace(&self) -> Option<String> {
        let (began, pace) = self.pace.as_ref()?;
        let now = began.elapsed();
        let rate = pace.per_second(now)?;
        let left = pace.left(now, self.all.saturating_sub(self.done))?;
        let rate = match rate {
            slow if slow < 0.95 => format!("{:.1}/min", slow * 60.0),
            rate => format!("{rate:.1}/s"),
        };
        Some(format!("{rate}  {left}"))
    }

    /// The pace for a log, which needs it now and then only.
    fn left_now_and_then(&mut self) -> String {
        let now = self
            .pace
            .as_ref()
            .map_or(Duration::ZERO, |(began, _)| began.elapsed());
        if now < self.said + EVERY || self.done >= self.all {
            return String::new();
        }
        self.said = now;
        self.pace()
            .map_or(String::new(), |pace| format!("  ({pace})"))
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
