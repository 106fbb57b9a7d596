//! What the tool's caller limits (`ulimit`, `limits.conf`): taken away where that is allowed, since a verdict hangs on the case's own
//! limits alone; named where it is not.

use std::io;

use ipclab_evidence::Plan;
use ipclab_kernel::process;
use nix::libc;

const MIB: u64 = 1 << 20;

/// What programs find as their stack on a usual machine.
const STACK_BYTES: u64 = 8 * MIB;

/// Resources of which every process of a case has as much as its plan says, and else as much as it wants.
const RESOURCES: [process::Resource; 8] = [
    libc::RLIMIT_AS,
    libc::RLIMIT_CPU,
    libc::RLIMIT_DATA,
    libc::RLIMIT_FSIZE,
    libc::RLIMIT_MEMLOCK,
    // What these count in a user namespace counts against the one who made it, too: all boxes' together against these limits.
    libc::RLIMIT_MSGQUEUE,
    libc::RLIMIT_SIGPENDING,
    libc::RLIMIT_STACK,
];

/// Takes the caller's limits away from this process and all that it starts, as far as that is allowed.
pub(crate) fn take_away() {
    for resource in RESOURCES {
        // Refused: it is named where it matters.
        let _ = process::raise_limit(resource);
    }
}

/// Gives an actor the stack of a usual machine. Without a limit the kernel would lay its memory out in another way, too.
///
/// # Errors
/// As `setrlimit(2)`.
pub(crate) fn set_stack() -> io::Result<()> {
    process::set_soft_limit(libc::RLIMIT_STACK, STACK_BYTES)
}

/// What a plan needs and the caller's limits do not allow; `None`: all can be had.
pub(crate) fn short_of(plan: &Plan) -> Option<String> {
    let limits = &plan.limits;
    // Sanitizers reserve terabytes, of which they use little.
    let memory = match limits.reserves || limits.memory_mib == 0 {
        true => u64::MAX,
        false => limits.memory_mib * MIB,
    };
    let needed = [
        (libc::RLIMIT_AS, "-v", "address space", memory),
        (libc::RLIMIT_DATA, "-d", "memory", memory),
        (libc::RLIMIT_STACK, "-s", "stack", STACK_BYTES),
        (
            libc::RLIMIT_FSIZE,
            "-f",
            "size of files",
            limits.file_mib * MIB,
        ),
    ];
    needed.into_iter().find_map(|(resource, option, what, needed)| {
        let hard = process::hard_limit(resource).ok()??;
        (hard < needed).then(|| {
            format!(
                "the limit of {what} that this tool was started with (ulimit {option}: {} KiB) is less than a case may need: raise it, or start the tool without it",
                hard / 1024
            )
        })
    })
}
