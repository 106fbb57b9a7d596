//! CPU affinity: which processors a process may run on.

use std::io::{self, Result};

use crate::error::check_int;
use crate::process::Pid;

/// Keeps a process, and what it forks from now on, on these processors; 0 is this process.
pub fn set_affinity(pid: Pid, cpus: &[usize]) -> Result<()> {
    // SAFETY: an all-zero set is valid, and every index is checked against its size before it is set.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in cpus {
            if *cpu >= 8 * size_of::<libc::cpu_set_t>() {
                return Err(io::Error::from_raw_os_error(libc::EINVAL));
            }
            libc::CPU_SET(*cpu, &mut set);
        }
        check_int(libc::sched_setaffinity(
            pid,
            size_of::<libc::cpu_set_t>(),
            &set,
        ))
        .map(drop)
    }
}

/// The processors that this process may use.
pub fn usable_cpus() -> Vec<usize> {
    // SAFETY: an all-zero set is valid and the call fills at most its size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
            return Vec::new();
        }
        (0..8 * size_of::<libc::cpu_set_t>())
            .filter(|cpu| libc::CPU_ISSET(*cpu, &set))
            .collect()
    }
}
