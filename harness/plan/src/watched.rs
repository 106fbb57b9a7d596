//! Which calls of an actor are recorded beyond those that always are: those that its case speaks of.

use ipclab_evidence::{is_all_on_request, requested, stand_ins};
use ipclab_spec::{Actor, CallMatch, CallPattern, Case, Spec};

use crate::fifos;

/// Calls that lock files, and those that read and write them.
const OF_LOCKED_FILES: [&str; 13] = [
    "fcntl",
    "flock",
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "ftruncate",
    "sendfile",
    "copy_file_range",
];

/// Calls that make or copy a descriptor.
const MAKERS: [&str; 4] = ["open", "pipe", "dup", "memfd_create"];

/// The kernel calls that have to be asked for.
pub(super) fn calls(spec: &Spec, case: &Case, actor: &Actor) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    let meant = |wanted: &CallMatch| requested_by(wanted.everywhere, &wanted.name);
    for expected in &case.calls {
        if !is_of(actor, &expected.actor) {
            continue;
        }
        for pattern in &expected.patterns {
            match pattern {
                CallPattern::Has(wanted) | CallPattern::No(wanted) => names.extend(meant(wanted)),
                CallPattern::AnyOf(calls) => names.extend(calls.iter().flat_map(meant)),
                CallPattern::Every { opener, closer } => {
                    names.extend(meant(opener));
                    names.extend(meant(closer));
                }
            }
        }
    }
    // What is still open was made by one of these: a report names that line.
    let mut of_descriptors = case.objects.descriptors.iter();
    if of_descriptors.any(|wanted| is_of(actor, &wanted.actor)) {
        names.extend(MAKERS.iter().flat_map(|name| requested(name)));
    }
    // What it does with signals changes by these.
    let of_signals = case.objects.signals.iter();
    if of_signals
        .into_iter()
        .any(|wanted| is_of(actor, &wanted.actor))
    {
        names.extend(["rt_sigaction", "rt_sigprocmask"]);
    }
    if case.objects.files.iter().any(|file| file.locked.is_some()) {
        names.extend(OF_LOCKED_FILES);
    }
    let mut files = case.objects.files.iter();
    if actor.is_student() && files.any(|file| file.walked.is_some()) {
        names.push("getdents64");
    }
    // How a FIFO was opened decides what its reads and writes do: a report names that line.
    if case.everywhere && actor.is_student() && fifos::are_spoken_of(spec) {
        names.extend(requested("open"));
    }
    for fault in &case.faults {
        if is_of(actor, &fault.actor) {
            for call in &fault.calls {
                names.extend(with_stand_ins(fault.everywhere, call));
            }
        }
    }
    for call in case.fail_each.iter().filter(|_| actor.is_student()) {
        names.extend(with_stand_ins(everywhere(case, call), call));
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

/// Whether a call of `fail_each` fails wherever it is made.
pub(super) fn everywhere(case: &Case, call: &str) -> bool {
    case.everywhere || is_all_on_request(call)
}

fn with_stand_ins(everywhere: bool, name: &str) -> Vec<&'static str> {
    let others = stand_ins(name).iter();
    let others = others.flat_map(|other| requested_by(everywhere, other));
    requested_by(everywhere, name)
        .into_iter()
        .chain(others)
        .collect()
}

fn requested_by(everywhere: bool, name: &str) -> Vec<&'static str> {
    requested(name).filter(|_| everywhere).collect()
}

/// Whether it is looked what an actor's processes have mapped.
pub(super) fn maps(case: &Case, actor: &Actor) -> bool {
    let mut wanted = case.objects.mappings.iter();
    wanted.any(|wanted| is_of(actor, &wanted.actor))
}

/// Whether a name of the spec is an actor's, or one of its copies'.
fn is_of(actor: &Actor, name: &str) -> bool {
    let copy = name.strip_prefix(actor.name.as_str());
    copy.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
