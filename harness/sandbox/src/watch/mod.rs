//! The watch: one case from its first actor to its last.

mod case_loop;
mod exits;
mod life;
mod limits;
mod readiness;
mod scripts;
mod state;
mod time;
mod winding_down;

pub(crate) use state::{Watch, Watched};
