//! Starts one actor: fork, its place in the box, its standard descriptors, its limits, its filter, exec.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use ipclab_evidence::{Actor, Bytes, Limits, Run, StdoutKind};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::calls;
use crate::filter;
use crate::filter::TraceScope;
use crate::machine_limits;
use crate::streams::{Capture, Feed};
use ipclab_kernel::{
    Pid, descriptor, error, namespace, process, procfs, ptrace, seccomp, signal, socket,
};

/// An actor that has been started and waits at its first event.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its first process, as the supervisor sees it.
    pub(crate) pid: Pid,
    /// What it reads.
    pub(crate) stdin: Feed,
    /// What it writes on its terminal.
    pub(crate) stdout: Capture,
    /// What it writes on descriptor 2.
    pub(crate) stderr: Capture,
    /// Tells why it could not be exec'd, when it could not.
    pub(crate) refusal: OwnedFd,
    /// For a scripted peer: our end of its control socket.
    pub(crate) control: Option<OwnedFd>,
}

/// The descriptor on which a scripted peer talks to the supervisor.
pub(crate) const CONTROL_FD: i32 = 3;

/// What the child says when it is in its place and may be attached to.
const READY_MESSAGE: &[u8] = b"r";

/// An actor's terminal: our end, and the program's.
pub(crate) type Terminal = (OwnedFd, OwnedFd);

/// Starts an actor. `enter` runs in the child, takes it to its place (mounts, user, rules) and gives its terminal, which
/// is of that place.
///
/// `own_users`: the actor's user is the box's alone.
///
/// The child is attached to before it installs its filter, so no call of the program itself is ever missed.
///
/// # Errors
/// What the machine refused; nothing that the program does.
pub(crate) fn start(
    actor: &Actor,
    limits: &Limits,
    trace_scope: TraceScope,
    own_users: bool,
    enter: impl FnOnce() -> io::Result<Terminal>,
) -> io::Result<Started> {
    let (stdin, stdin_in) = descriptor::pipe()?;
    let (stderr, stderr_in) = descriptor::pipe()?;
    let printed = Printed::make(actor.stdout)?;
    let (ours, theirs) = socket::socket_pair()?;
    let (refusal, refusal_in) = descriptor::pipe()?;
    let control = match &actor.run {
        Run::Program { .. } => None,
        Run::Script { .. } => Some(socket::socket_pair()?),
    };
    let pid = namespace::clone_process(0)?;
    if pid == 0 {
        // Out of the way of the numbers that the program will find its descriptors at.
        let Ok(refusal_in) = descriptor::duplicate_above(refusal_in.as_fd(), CONTROL_FD + 1) else {
            process::exit_now(127)
        };
        let control = control.as_ref().map(|(_, theirs)| theirs.as_raw_fd());
        let printed = printed.as_ref().map(Printed::end);
        let streams = (stdin.as_raw_fd(), printed, stderr_in.as_raw_fd());
        let failed = become_program(
            actor,
            limits,
            trace_scope,
            own_users,
            streams,
            control,
            &theirs,
            enter,
        );
        let _ = descriptor::write_some(refusal_in.as_fd(), failed.to_string().as_bytes());
        process::exit_now(127);
    }
    drop((stdin, stderr_in, theirs, refusal_in));
    let mut word = [0; 512];
    let (length, mut terminal) = loop {
        match socket::receive_descriptors(ours.as_fd(), &mut word) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            received => break received?,
        }
    };
    let (true, Some(stdout)) = (&word[..length] == READY_MESSAGE, terminal.pop()) else {
        let length = descriptor::read_some(refusal.as_fd(), &mut word)?.unwrap_or(0);
        let why = String::from_utf8_lossy(&word[..length]).into_owned();
        return Err(io::Error::other(format!("starting {}: {why}", actor.name)));
    };
    ptrace::seize(pid).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("attaching to {}: {error}", actor.name),
        )
    })?;
    descriptor::write_some(ours.as_fd(), b"g")?;
    Ok(Started {
        pid,
        stdin: Feed::new(stdin_in, &actor.stdin)?,
        stdout: match printed {
            None => Capture::new(stdout, limits)?,
            Some(Printed::Pipe(source, _)) => Capture::new(source, limits)?,
            Some(Printed::File(file, _)) => Capture::of_file(file, limits),
        },
        stderr: Capture::new(stderr, limits)?,
        refusal,
        control: control.map(|(ours, _)| ours),
    })
}

/// What an actor prints to, where that is no terminal.
enum Printed {
    /// The end that is read, and the actor's.
    Pipe(OwnedFd, OwnedFd),
    /// A file without a name: what is read of it, and the actor's, which can be written only, as a shell's `>` has it.
    File(OwnedFd, OwnedFd),
}

impl Printed {
    fn make(kind: StdoutKind) -> io::Result<Option<Self>> {
        Ok(match kind {
            StdoutKind::Terminal => None,
            StdoutKind::Pipe => {
                let (source, sink) = descriptor::pipe()?;
                Some(Self::Pipe(source, sink))
            }
            StdoutKind::File => {
                let file = memfd_create("stdout", MFdFlags::MFD_CLOEXEC)?;
                let again = format!("/proc/self/fd/{}", file.as_raw_fd());
                let sink = std::fs::File::options().write(true).open(again)?;
                Some(Self::File(file, sink.into()))
            }
        })
    }

    fn end(&self) -> i32 {
        match self {
            Self::Pipe(_, sink) | Self::File(_, sink) => sink.as_raw_fd(),
        }
    }
}

/// The child's way to the program; returns only when it failed.
#[allow(clippy::too_many_arguments)]
fn become_program(
    actor: &Actor,
    limits: &Limits,
    trace_scope: TraceScope,
    own_users: bool,
    (stdin, stdout, stderr): (i32, Option<i32>, i32),
    control: Option<i32>,
    to_tracer: &OwnedFd,
    enter: impl FnOnce() -> io::Result<Terminal>,
) -> io::Error {
    let go = || -> io::Result<(CString, Vec<CString>, Vec<CString>)> {
        let (our_end, terminal) = enter()?;
        process::new_session()?;
        if !actor.random_addresses {
            // A container may refuse it: then addresses differ, and nothing else.
            let _ = process::disable_address_randomization();
        }
        apply(limits, own_users)?;
        let (path, argv, env) = match &actor.run {
            Run::Program { path, argv, env } => (path, argv, env.as_slice()),
            Run::Script { path, argv, .. } => (path, argv, [].as_slice()),
        };
        let list = |texts: &[Bytes]| {
            texts
                .iter()
                .map(|text| error::c_string(std::ffi::OsStr::from_bytes(&text.0)))
                .collect()
        };
        let argv: io::Result<Vec<CString>> = list(argv);
        let env: io::Result<Vec<CString>> = env
            .iter()
            .map(|(name, value)| error::c_string(format!("{name}={value}")))
            .collect();
        let program = (error::c_string(path)?, argv?, env?);
        // Nothing of ours is ever an actor's descriptor.
        descriptor::close_from(3, true)?;
        socket::send_descriptors(to_tracer.as_fd(), READY_MESSAGE, &[our_end.as_raw_fd()])?;
        if descriptor::read_some(to_tracer.as_fd(), &mut [0; 8])? != Some(1) {
            return Err(io::Error::other("the tracer went away"));
        }
        // Not before: what other programs of this user have sent to nobody yet counts against it, and would keep this one from
        // sending.
        process::lower_limit(libc::RLIMIT_NOFILE, limits.open_files)?;
        drop(our_end);
        let place = [stdin, stdout.unwrap_or(terminal.as_raw_fd()), stderr];
        for (at, fd) in place.into_iter().enumerate() {
            descriptor::duplicate_to(fd, at as i32)?;
        }
        if let Some(fd) = control {
            descriptor::duplicate_to(fd, CONTROL_FD)?;
        }
        signal::restore_default_signals();
        descriptor::occupy_descriptors(actor.descriptors)?;
        Ok(program)
    };
    let (path, argv, env) = match go() {
        Ok(program) => program,
        Err(error) => return error,
    };
    // The last thing before exec: from here on every call of the table stops at the tracer.
    if let Err(error) = seccomp::install_filter(&filter::program(filter::Options {
        trace_scope,
        host: !own_users,
        requested: calls::numbers(&actor.watched),
        maps: actor.maps,
    })) {
        return error;
    }
    let error = process::exec(&path, &argv, &env);
    io::Error::other(format!("exec:{}", error.raw_os_error().unwrap_or(0)))
}

/// Signals that wait to be taken, of all processes of a user: the table is the machine's.
const PENDING_SIGNALS: u64 = 1024;

/// What the kernel itself keeps an actor below.
fn apply(limits: &Limits, own_users: bool) -> io::Result<()> {
    const MIB: u64 = 1 << 20;
    machine_limits::set_stack()?;
    process::lower_limit(libc::RLIMIT_CORE, 0)?;
    process::lower_limit(libc::RLIMIT_MEMLOCK, MIB)?;
    process::lower_limit(libc::RLIMIT_SIGPENDING, PENDING_SIGNALS)?;
    if own_users {
        // The kernel counts by user: where the user is not the box's own, that is everything that they run.
        process::lower_limit(libc::RLIMIT_NPROC, limits.processes)?;
    }
    process::lower_limit(libc::RLIMIT_FSIZE, limits.file_mib * MIB)?;
    process::lower_limit(libc::RLIMIT_MSGQUEUE, MIB)?;
    // A net for the net: the supervisor counts milliseconds over all processes of an actor, the kernel whole seconds
    // of each.
    process::lower_limit(libc::RLIMIT_CPU, limits.cpu_ms.div_ceil(1000) + 2)?;
    if let Some(mib) = limits.address_space_mib() {
        process::lower_limit(libc::RLIMIT_AS, mib * MIB)?;
    }
    Ok(())
}

/// Why an actor could not be exec'd, from what its child length; `None`: it length nothing, so it was.
pub(crate) fn refusal(refusal: &OwnedFd) -> Option<Refusal> {
    let mut word = [0; 512];
    descriptor::set_nonblocking(refusal.as_fd()).ok()?;
    let length = descriptor::read_some(refusal.as_fd(), &mut word).ok()??;
    let text = String::from_utf8_lossy(&word[..length]).into_owned();
    if text.is_empty() {
        return None;
    }
    Some(
        match text
            .strip_prefix("exec:")
            .and_then(|errno| errno.parse().ok())
        {
            Some(errno) => Refusal::Exec(crate::decode::errno_name(errno)),
            None => Refusal::Machine(text),
        },
    )
}

/// Why an actor could not be exec'd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The kernel would not run this file: the program's fault. The errno's name.
    Exec(String),
    /// The machine refused something before that: ours.
    Machine(String),
}

/// What the links of an actor's standard descriptors are, so that copies of them are recognised.
pub(crate) fn standard_links(pid: Pid) -> [Option<String>; 3] {
    [0, 1, 2].map(|fd| procfs::descriptor(pid, fd))
}
