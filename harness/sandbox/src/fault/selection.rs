//! Which call of which actor the plan changes.

use std::io;

use ipclab_evidence::{Object, Occurrence, Tamper, TamperAction};
use ipclab_kernel::Pid;

use super::injection::apply;
use super::undo::Pending;
use crate::calls::{Role, Spec};
use crate::decode;

/// What plans call a write to a segment.
const STORE: &str = "store";

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
        }
    }

    /// Meets a call at its entry: counts it, and changes it if it is one that the plan names.
    ///
    /// # Errors
    /// When the tracee's registers or memory cannot be written.
    pub(crate) fn enter(
        &mut self,
        actor: &str,
        spec: &Spec,
        object: Option<&Object>,
        pid: Pid,
        args: &[u64; 6],
    ) -> io::Result<Option<Pending>> {
        let on_socket = matches!(object, Some(Object::Socket(_)));
        let names = match unrecorded(spec, object) {
            Some(name) => [name, name],
            None => [spec.name, ipclab_evidence::canonical(spec.name, on_socket)],
        };
        let mut chosen = None;
        for counted in &mut self.all {
            let tamper = &counted.tamper;
            let named = names.contains(&tamper.call.as_str());
            // A copy `client.2` answers to the name of all copies, `client`, too.
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            if !named || !mine {
                continue;
            }
            counted.met += 1;
            let now = match tamper.occurrence {
                // What is made again is met again at once.
                Occurrence::Every => !is_met_again(&tamper.action) || counted.met % 2 == 1,
                Occurrence::Nth(nth) => counted.met == nth,
            };
            if now && chosen.is_none() {
                chosen = Some(tamper.action.clone());
            }
        }
        chosen
            .map(|action| apply(&action, spec, pid, args))
            .transpose()
    }

    /// Meets a write to a segment by a process that the actor's first one made: the signal that the plan sends instead.
    pub(crate) fn store(&mut self, actor: &str) -> Option<i32> {
        let mut chosen = None;
        for counted in &mut self.all {
            let tamper = &counted.tamper;
            let mine =
                tamper.actor == actor || actor.split('.').next() == Some(tamper.actor.as_str());
            if tamper.call != STORE || !mine {
                continue;
            }
            counted.met += 1;
            let now = match tamper.occurrence {
                Occurrence::Every => true,
                Occurrence::Nth(nth) => counted.met == nth,
            };
            if let (true, TamperAction::Signal(name)) = (now, &tamper.action) {
                chosen = chosen.or(decode::signal_number(name));
            }
        }
        chosen
    }

    /// Whether a call that is not recorded otherwise may be one that the plan names.
    pub(crate) fn want(&self, spec: &Spec, object: Option<&Object>) -> bool {
        unrecorded(spec, object)
            .is_some_and(|name| self.all.iter().any(|counted| counted.tamper.call == name))
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
