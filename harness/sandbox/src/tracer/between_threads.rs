//! What threads of one process wait for in `futex(2)`: the end of another one, a mutex that another one holds, or to be woken.
//!
//! Read off what the C library has put into the memory that the call names. It is said only where all of it fits: a number there is
//! that of a thread which lives.

use ipclab_evidence::{Awaited, KnownThread, ThreadStart, ThreadWait};
use ipclab_kernel::{Pid, procfs};

use super::followed::Functions;
use super::origin::WAITING;
use super::state::Tracer;
use crate::decode;

/// So many threads are described.
const KNOWN_MAX: usize = 32;
/// So many waits are told; a reader of more learns nothing from them.
const WAITS_MAX: usize = 16;
/// What a mutex holds that is taken and waited for.
const CONTENDED: u64 = 2;
/// Where a mutex has the number of the thread that holds it.
const HOLDER: u64 = 8;

impl Tracer {
    /// The threads of a process that wait for others, the first one first.
    pub(super) fn waits_for_threads(&self, process: Pid) -> Vec<ThreadWait> {
        let waits = |tid: &Pid| {
            let call = self
                .threads
                .get(tid)
                .and_then(|thread| thread.call.as_ref());
            call.filter(|call| call.spec.name == "futex")
                .map(|call| call.args)
        };
        let of_process = self
            .threads
            .iter()
            .filter(|(_, thread)| thread.process == process);
        let mut all: Vec<Pid> = of_process.map(|(tid, _)| *tid).collect();
        if !all.iter().any(|tid| waits(tid).is_some()) {
            return Vec::new();
        }
        all.sort_unstable_by_key(|tid| (*tid != process, *tid));
        let living = all.iter().filter_map(|tid| {
            let ends_at = self.threads.get(tid)?.ends_at;
            Some((procfs::own_number(*tid)?, ends_at))
        });
        let living: Vec<_> = living.collect();
        let functions = Functions::named(process, || WAITING.iter());
        let function = |tid: Pid| self.waiting_function(tid, functions.as_ref()?);
        let each = all.into_iter().filter_map(|tid| {
            let args = waits(&tid)?;
            Some(ThreadWait {
                thread: procfs::own_number(tid)?,
                made_by: self.threads.get(&tid)?.made_by,
                lines: self.origin(tid, true),
                awaits: awaited(tid, &args, &living),
                function: function(tid).map(str::to_owned),
            })
        });
        each.take(WAITS_MAX).collect()
    }

    /// What is known of the threads of a process beside their numbers: the names that it gave them, and where they began.
    pub(super) fn known_threads(&self, process: Pid) -> Vec<KnownThread> {
        let Some(program) = self.processes.get(&process).map(|one| &one.name) else {
            return Vec::new();
        };
        let of_process = self
            .threads
            .iter()
            .filter(|(_, thread)| thread.process == process);
        let mut all: Vec<_> = of_process.collect();
        all.sort_unstable_by_key(|(tid, _)| (**tid != process, **tid));
        let known = all.into_iter().filter_map(|(tid, thread)| {
            let number = procfs::own_number(*tid)?;
            let name = procfs::name(*tid).filter(|name| name != program);
            let start = self.living_start(*tid, number, thread.ends_at);
            (name.is_some() || start.is_some()).then_some(KnownThread {
                thread: number,
                name,
                start,
            })
        });
        known.take(KNOWN_MAX).collect()
    }

    /// Where a living thread began. Only one C library has its number where the kernel puts 0 at its end, and the rest beside it.
    fn living_start(&self, tid: Pid, number: u32, ends_at: u64) -> Option<ThreadStart> {
        let kept = decode::memory(tid, ends_at, 4, 4);
        let is_kept = kept == number.to_ne_bytes();
        is_kept.then(|| self.thread_start(tid, ends_at)).flatten()
    }
}

fn awaited(tid: Pid, args: &[u64; 6], living: &[(u32, u64)]) -> Awaited {
    let number = |at: u64| {
        let bytes = decode::memory(tid, at, 4, 4);
        bytes.try_into().ok().map(u32::from_ne_bytes)
    };
    let (at, value) = (args[0], args[2] & u64::from(u32::MAX));
    let joined = living.iter().find(|(_, ends_at)| *ends_at == at);
    if let Some((other, _)) = joined.filter(|(number, _)| u64::from(*number) == value) {
        return Awaited::End(*other);
    }
    let lives = |number: &u32| living.iter().any(|(other, _)| other == number);
    let now = number(at);
    let holder = number(at.wrapping_add(HOLDER)).filter(lives);
    let is_contended = value == CONTENDED && now.map(u64::from) == Some(CONTENDED);
    match holder.filter(|_| is_contended) {
        Some(holder) => Awaited::Mutex(holder),
        None => Awaited::Wake,
    }
}
