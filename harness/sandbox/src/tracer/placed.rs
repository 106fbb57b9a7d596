//! Where a segment is attached, and what lies behind its end: a program that reads too far shows every time, everywhere.
//!
//! What lies beside an attached segment, and the zeros between its size and its page's end, hang on the C library and the
//! kernel. So an address that the program leaves to the kernel is chosen here, far from all else, and the rest of the last
//! page is filled. An address that the program has chosen itself is left alone.

use std::io;

use ipclab_kernel::arch::layout::SEGMENTS;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, page, sysv};

use super::in_progress::Placed;
use super::state::{InCall, Tracer, gone};
use crate::calls::{Role, Spec};
use crate::measures::Measure;

/// From one segment to the next. The space between is not mapped.
const STRIDE: u64 = 1 << 30;
/// Each so large at the most: what is larger, and what has no room any more, goes where the kernel puts it.
const SIZE_MAX: u64 = STRIDE / 2;

impl Tracer {
    /// Chooses the address of a segment that is about to be attached anywhere.
    pub(super) fn place(
        &self,
        tid: Pid,
        process: Pid,
        spec: &Spec,
        args: &[u64; 6],
    ) -> Option<Placed> {
        if self.left_out.lacks(Measure::Placement) {
            return None;
        }
        let anywhere = args[1] == 0 && args[2] & libc::SHM_REMAP as u64 == 0;
        if spec.role != Role::ShmAttach || !anywhere {
            return None;
        }
        let size = sysv::shm_status(args[0] as i32).ok()?.size;
        if size > SIZE_MAX {
            return None;
        }
        let at = self.free_place(process)?;
        let set = Registers::read(tid).and_then(|mut registers| {
            registers.replace_argument(1, at);
            registers.write(tid)
        });
        set.ok().map(|()| Placed::At(at))
    }

    /// The first place where the process has nothing attached, nor any of its threads is about to.
    fn free_place(&self, process: Pid) -> Option<u64> {
        let attached = self.processes[&process].attached.keys().copied();
        let threads = self.threads.values();
        let about_to = threads
            .filter(|thread| thread.process == process)
            .filter_map(|thread| match thread.call.as_ref()?.placed? {
                Placed::At(at) => Some(at),
                Placed::AsItWas => None,
            });
        let taken: Vec<u64> = attached.chain(about_to).collect();
        let mut places = SEGMENTS.step_by(STRIDE as usize);
        places.find(|at| taken.iter().all(|taken| taken.wrapping_sub(*at) >= STRIDE))
    }

    /// At the exit of the call: gives the program its own argument back, and fills what lies behind the segment's end. Whether
    /// the call is made again.
    ///
    /// # Errors
    /// The tracee's registers cannot be written.
    pub(super) fn placed(&mut self, tid: Pid, call: &mut InCall, result: i64) -> io::Result<bool> {
        if call.spec.role != Role::ShmAttach {
            return Ok(false);
        }
        if let Some(Placed::At(_)) = call.placed {
            let mut registers = Registers::read(tid)?;
            registers.restore_argument(1, call.args[1]);
            let again = result == -i64::from(libc::EINVAL);
            if again {
                registers.repeat_call(call.spec.number as u64, call.args[0]);
                call.placed = Some(Placed::AsItWas);
            }
            registers.write(tid)?;
            if again {
                return Ok(true);
            }
        }
        if result >= 0 && !self.left_out.lacks(Measure::Placement) {
            gone(self.fill_behind(tid, call.args[0] as i32, result as u64))?;
        }
        Ok(false)
    }

    /// Whether a thread comes back to a call that goes where the kernel puts it.
    pub(super) fn is_placed_again(&self, tid: Pid, number: u64) -> bool {
        let call = self
            .threads
            .get(&tid)
            .and_then(|thread| thread.call.as_ref());
        call.is_some_and(|call| {
            call.placed == Some(Placed::AsItWas) && number == call.spec.number as u64
        })
    }

    /// Fills the rest of a segment's last page, once. One that it may only read is filled when it is attached to be written.
    fn fill_behind(&mut self, tid: Pid, shmid: i32, start: u64) -> io::Result<()> {
        if self.filled.contains(&shmid) {
            return Ok(());
        }
        let Ok(status) = sysv::shm_status(shmid) else {
            return Ok(());
        };
        // In the host's own world there are segments of others.
        if self.host.is_some() && !self.processes.contains_key(&status.creator) {
            return Ok(());
        }
        let rest = status.size.next_multiple_of(page::bytes()) - status.size;
        let fill = vec![sysv::BEHIND_END; rest as usize];
        match memory::write_memory(tid, start + status.size, &fill) {
            Ok(()) => {
                self.filled.insert(shmid);
                Ok(())
            }
            Err(error) if error.raw_os_error() == Some(libc::EFAULT) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
