//! Rules of the `shared` level that the tracer enforces: whom an actor may signal, and what it opens.

use std::io;

use ipclab_kernel::Pid;

use super::entry::is_plain_open;
use super::state::Tracer;
use crate::calls::{ArgKind, Role, Spec};
use crate::decode;
use crate::fault::{self, Pending};
use crate::measures::Measure;

impl Tracer {
    /// Whether an actor's calls that name an address are made in its stead.
    pub(super) fn is_bounded(&self, actor: usize) -> bool {
        self.host.is_some()
            && !self.actors[actor].trusted
            && !self.left_out.lacks(Measure::Addresses)
    }

    /// What the host's own world asks for beyond tracing; `None`: nothing.
    pub(super) fn host_rule(
        &mut self,
        tid: Pid,
        spec: &Spec,
        args: &[u64; 6],
        stack: u64,
    ) -> Option<io::Result<Pending>> {
        let host = self.host.as_ref()?;
        match spec.role {
            Role::File if is_plain_open(spec, args) => {
                let at = spec.args.iter().position(|kind| *kind == ArgKind::Path)?;
                let path = decode::path(tid, args[at])?;
                let (_, to) = host.redirects.iter().find(|(from, _)| *from == path.0)?;
                Some(fault::redirect(tid, at, stack, to))
            }
            Role::ShmAttach | Role::ShmControl | Role::SemControl | Role::MsgControl
                if self.is_foreign_object(tid, spec, args) =>
            {
                Some(fault::refuse(tid, libc::EINVAL))
            }
            Role::Plain if spec.number == libc::SYS_kill => {
                let result = self.neighbour_rule(tid, spec.number as u64, args)?;
                Some(fault::answer(tid, result))
            }
            _ => None,
        }
    }
}
