//! A sanitizer's report begins: seen by the tracer, so that nothing the program does afterwards undoes it.
//!
//! The runtime writes a line of its own first, before it calls any hook. Where descriptor 2 leads does not matter: a pipe that
//! no process reads ends the program right there, and nothing of the report is ever seen.

use std::time::SystemTime;

use ipclab_evidence::Bytes;
use ipclab_kernel::memory::read_memory;
use ipclab_kernel::{Pid, procfs};

use super::sanitizer_options::is_option;
use super::state::Tracer;
use crate::calls::{Role, Spec};

/// So many files of code are noted; one is enough.
const MADE_MAX: usize = 4;

/// How a report begins.
const BANNER: &[u8] = b"=================================================================\n";
/// Libraries that write reports. What clang links into the program itself is known by its hooks alone.
const RUNTIMES: [&[u8]; 3] = [b"/libasan.so", b"/libubsan.so", b"/libtsan.so"];

impl Tracer {
    /// Notes that a call is the runtime's own, and begins a report. The same line that a program writes is no report: its calls
    /// are made elsewhere, in the C library.
    pub(super) fn note_report(&mut self, tid: Pid, spec: &Spec, args: &[u64; 6], at: u64) {
        if spec.role != Role::Send || args[2] != BANNER.len() as u64 {
            return;
        }
        let Some(actor) = self.actor_of(tid) else {
            return;
        };
        let mut line = [0; BANNER.len()];
        let length = read_memory(tid, args[1], &mut line);
        if length == line.len() && line == BANNER && is_of_a_runtime(tid, at) {
            self.actors[actor].report_begun = true;
        }
    }
}

impl Tracer {
    /// A program has started or ends: notes which of the code that it has mapped was made during the case, so that no build of ours
    /// knows it.
    pub(super) fn note_made_code(&mut self, tid: Pid, actor: usize) {
        let shown_at = *self.shown_at.get_or_insert_with(SystemTime::now);
        let traced = &mut self.actors[actor];
        if traced.trusted || traced.made_code.len() >= MADE_MAX {
            return;
        }
        for path in procfs::code_made_since(tid, shown_at) {
            let path = Bytes(path);
            if !traced.made_code.contains(&path) {
                traced.made_code.push(path);
            }
        }
    }
}

impl Tracer {
    /// A program has started: notes that it has not the options for sanitizers that the plan gave its actor. With others they look at
    /// less.
    pub(super) fn note_options(&mut self, tid: Pid, actor: usize) {
        let traced = &mut self.actors[actor];
        if traced.options.is_empty() || !traced.started || traced.other_options {
            return;
        }
        let mut options = procfs::environment(tid);
        options.retain(|variable| is_option(variable));
        options.sort();
        traced.other_options = options != traced.options;
    }
}

fn is_of_a_runtime(tid: Pid, at: u64) -> bool {
    let code = procfs::code_at(tid, at).unwrap_or_default();
    let contains = |name: &[u8]| code.windows(name.len()).any(|part| part == name);
    RUNTIMES.into_iter().any(contains)
}
