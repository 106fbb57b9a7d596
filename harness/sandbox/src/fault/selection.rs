//! Which call of which actor the plan changes.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use ipclab_evidence::{
    CHILD_STORE, DescriptorKind, Object, Occurrence, OpenOn, STORE, Tamper, TamperAction,
    is_on_request,
};
use ipclab_kernel::Pid;

use super::injection::apply;
use super::undo::Pending;
use crate::calls::{ArgKind, Role, Spec};
use crate::decode;

/// A tamper of the plan and how often its call was met.
#[derive(Debug)]
struct CountedTamper {
    tamper: Tamper,
    met: u32,
}

/// The tampers of a plan.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    all: Vec<CountedTamper>,
    /// Which of them have met a write to shared memory.
    stores: Vec<usize>,
}

/// A call at its entry.
pub(crate) struct Met<'a> {
    /// The thread that makes it.
    pub(crate) tid: Pid,
    /// Which call.
    pub(crate) spec: &'static Spec,
    /// What it is about.
    pub(crate) object: Option<&'a Object>,
    /// It is looked at only because the plan asks for it.
    pub(crate) on_request: bool,
}

impl Met<'_> {
    /// Whether a tamper is about such calls.
    fn is_meant(&self, tamper: &Tamper, args: &[u64; 6]) -> bool {
        let name = self.spec.name;
        let mut calls = tamper.met_calls();
        let named = calls.any(|call| self.is_called(call, tamper.everywhere, args));
        if !named || (self.on_request && !tamper.everywhere && !is_on_request(name)) {
            return false;
        }
        let kind = || self.kind(args);
        match &tamper.on {
            Some(OpenOn::Kind(on)) => kind() == Some(*on),
            Some(OpenOn::Path(path)) => {
                self.is_open_on(path, args)
                    && kind().is_none_or(|kind| kind.can_meet(name, &tamper.action))
            }
            // What the kernel never does to a plain file, it does not do there.
            None if tamper.everywhere && self.spec.args.first() == Some(&ArgKind::Fd) => {
                kind().is_none_or(|kind| kind.can_meet(name, &tamper.action))
            }
            None => true,
        }
    }

    /// Whether a plan's name for a call or a family means it.
    fn is_called(&self, call: &str, everywhere: bool, args: &[u64; 6]) -> bool {
        let name = self.spec.name;
        // A thread is no child: only by the kernel's own name is the call that makes one meant.
        let is_thread = name == "clone" && args[0] & libc::CLONE_THREAD as u64 != 0;
        if is_thread && call != name {
            return false;
        }
        let on_socket = matches!(self.object, Some(Object::Socket(_)));
        let named = || call == name || ipclab_evidence::belongs(name, on_socket, call);
        match unrecorded(self.spec, self.object) {
            Some(own) => call == own || (everywhere && named()),
            None => named(),
        }
    }

    /// Whether one of its arguments is open on what has this path.
    fn is_open_on(&self, path: &str, args: &[u64; 6]) -> bool {
        let kinds = self.spec.args.iter().zip(args);
        let mut descriptors = kinds.filter(|(kind, _)| **kind == ArgKind::Fd);
        descriptors.any(|(_, descriptor)| {
            let link = format!("/proc/{}/fd/{}", self.tid, *descriptor as i32);
            fs::read_link(link).is_ok_and(|file| file.as_os_str() == path)
        })
    }

    /// What its first argument is open on.
    fn kind(&self, args: &[u64; 6]) -> Option<DescriptorKind> {
        if self.spec.args.first() != Some(&ArgKind::Fd) {
            return None;
        }
        let link = format!("/proc/{}/fd/{}", self.tid, args[0] as i32);
        let file = fs::metadata(&link).ok()?;
        let kind = file.file_type();
        if kind.is_socket() {
            Some(DescriptorKind::Socket)
        } else if kind.is_fifo() {
            Some(DescriptorKind::Pipe)
        } else if kind.is_char_device() {
            is_terminal(file.rdev()).then_some(DescriptorKind::Terminal)
        } else {
            kind.is_file().then_some(DescriptorKind::File)
        }
    }
}

/// Whether a device is a terminal: a pseudo terminal's end, or one that stands for a process's own.
fn is_terminal(device: u64) -> bool {
    /// `Documentation/admin-guide/devices.txt`: terminals, `/dev/tty`, and the ends of pseudo terminals.
    const TTY: u32 = 4;
    const OWN_TTY: u32 = 5;
    const PTS: std::ops::RangeInclusive<u32> = 136..=143;
    let major = libc::major(device);
    matches!(major, TTY | OWN_TTY) || PTS.contains(&major)
}

impl Faults {
    pub(crate) fn new(tampers: &[Tamper]) -> Self {
        Self {
            all: tampers
                .iter()
                .map(|tamper| CountedTamper {
                    tamper: tamper.clone(),
                    met: 0,
                })
                .collect(),
            stores: Vec::new(),
        }
    }

    /// Meets a call at its entry: counts it, and changes it if it is one that the plan names.
    ///
    /// # Errors
    /// When the tracee's registers or memory cannot be written.
    pub(crate) fn enter(
        &mut self,
        actor: &str,
        met: &Met<'_>,
        args: &[u64; 6],
    ) -> io::Result<Option<Pending>> {
        let mut chosen = None;
        for counted in &mut self.all {
            let tamper = &counted.tamper;
            // A copy `client.2` answers to the name of all copies, `client`, too.
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            if !mine || !met.is_meant(tamper, args) {
                continue;
            }
            counted.met += 1;
            let now = match tamper.occurrence {
                // What is made again is met again at once.
                Occurrence::Every if is_met_again(&tamper.action) => counted.met % 2 == 1,
                occurrence => occurrence.means(counted.met),
            };
            if now && chosen.is_none() {
                chosen = Some(tamper.action.clone());
            }
        }
        chosen
            .map(|action| apply(&action, met.spec, met.tid, args))
            .transpose()
    }

    /// Meets a write to shared memory, by the actor's first process or by another: the signal that the plan sends instead.
    pub(crate) fn store(&mut self, actor: &str, by_first: bool) -> Option<i32> {
        let mut chosen = None;
        for (at, counted) in self.all.iter_mut().enumerate() {
            let tamper = &counted.tamper;
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            let meant = match tamper.call.as_str() {
                STORE => tamper.everywhere || !by_first,
                CHILD_STORE => !by_first,
                _ => false,
            };
            if !meant || !mine {
                continue;
            }
            counted.met += 1;
            let now = tamper.occurrence.means(counted.met);
            if let (true, TamperAction::Signal(name)) = (now, &tamper.action) {
                chosen = chosen.or(decode::signal_number(name));
                if !self.stores.contains(&at) {
                    self.stores.push(at);
                }
            }
        }
        chosen
    }

    /// The tampers that have met a write to shared memory, by their places in the plan.
    pub(crate) fn stores(self) -> Vec<usize> {
        self.stores
    }

    /// Whether a call that is not recorded otherwise may be one that the plan names.
    pub(crate) fn want(&self, spec: &Spec, object: Option<&Object>) -> bool {
        unrecorded(spec, object).is_some_and(|name| {
            self.all
                .iter()
                .any(|counted| counted.tamper.calls().any(|call| call == name))
        })
    }
}

/// What plans call a call that the trace has no need of: what is printed is read off the terminal, and how a process
/// ended is told by its status.
fn unrecorded(spec: &Spec, object: Option<&Object>) -> Option<&'static str> {
    match (spec.role, object) {
        (Role::Send, Some(Object::Standard(1))) => Some("stdout"),
        (Role::Send, Some(Object::Standard(2))) => Some("stderr"),
        (Role::Exit, _) => Some("exit"),
        _ => None,
    }
}

/// Whether a call that is tampered with in this way enters a second time.
fn is_met_again(action: &TamperAction) -> bool {
    matches!(
        action,
        TamperAction::Twice | TamperAction::LeaveChild | TamperAction::LeaveFile(_)
    )
}
