//! A sanitizer's report begins: seen by the tracer, so that nothing the program does afterwards undoes it.
//!
//! The runtime writes a line of its own first, before it calls any hook. Where descriptor 2 leads does not matter: a pipe that
//! no process reads ends the program right there, and nothing of the report is ever seen.

use std::time::SystemTime;

use ipclab_evidence::{Bytes, SANITIZER_WITNESS};
use ipclab_kernel::arch::calls::{CLONE_END_ARGUMENT, CLONE_FLAGS_ARGUMENT};
use ipclab_kernel::memory::read_memory;
use ipclab_kernel::{Pid, procfs};

use super::origin::THREAD_BYTES;
use super::sanitizer_options::{is_option, is_own_file};
use super::state::Tracer;
use crate::calls::{Role, Spec};
use crate::decode;

/// So many files of code are noted; one is enough.
const MADE_MAX: usize = 4;

/// How a report begins.
const BANNER: &[u8] = b"=================================================================\n";
/// Libraries that write reports. What clang links into the program itself is known by its hooks alone.
const RUNTIMES: [&[u8]; 3] = [b"/libasan.so", b"/libubsan.so", THREADS];
/// ThreadSanitizer's.
const THREADS: &[u8] = b"/libtsan.so";

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
    /// Whether a call is one that a sanitized build makes beside the program's: by it our hook says that a report begins, or the
    /// runtime takes a file of its own away. It has no line in the trace, since no student made it.
    pub(super) fn is_of_a_sanitizer(&mut self, tid: Pid, number: u64, args: &[u64; 6]) -> bool {
        let number = number as libc::c_long;
        let path = match number {
            libc::SYS_clone => return self.begins_background(tid, args),
            libc::SYS_kill => {
                let is_ours = args[0] as i32 == SANITIZER_WITNESS && args[1] == 0;
                let actor = self.actor_of(tid).filter(|_| is_ours);
                let Some(actor) = actor else { return false };
                self.actors[actor].report_begun = true;
                return true;
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_unlink => args[0],
            libc::SYS_unlinkat => args[1],
            _ => return false,
        };
        let is_sanitized = self
            .actor_of(tid)
            .is_some_and(|actor| !self.actors[actor].options.is_empty());
        is_sanitized && decode::path(tid, path).is_some_and(|path| is_own_file(&path.0))
    }
}

impl Tracer {
    /// Whether a call of `clone(2)` makes a thread of ThreadSanitizer's own: it begins in the runtime and is given nothing, while those of
    /// the program begin there with what they are to do. The C library (glibc) keeps both side by side.
    fn begins_background(&mut self, tid: Pid, args: &[u64; 6]) -> bool {
        let flags = args[usize::from(CLONE_FLAGS_ARGUMENT)];
        let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else {
            return false;
        };
        let Some(process) = self.processes.get_mut(&pid) else {
            return false;
        };
        let is_sanitized = !self.actors[process.actor].options.is_empty();
        if flags & libc::CLONE_THREAD as u64 == 0 || !is_sanitized {
            return false;
        }
        let runtime = procfs::system_code(pid, THREADS);
        let kept = decode::memory(
            tid,
            args[CLONE_END_ARGUMENT],
            THREAD_BYTES as u64,
            THREAD_BYTES,
        );
        let (words, _) = kept.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_ne_bytes(*word)).collect();
        let is_runtimes = |word: &u64| runtime.iter().any(|code| code.contains(word));
        let begins = words
            .windows(2)
            .any(|pair| is_runtimes(&pair[0]) && pair[1] == 0);
        process.begins_background = begins;
        begins
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
