//! What crosses FIFOs, where the plan asks for it.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use ipclab_evidence::{Direction, Object, SocketKind, Transfer};
use ipclab_kernel::Pid;

use super::state::{InCall, Tracer};
use super::transfer::{Received, outgoing};
use crate::calls::{Role, Spec};
use crate::fifos::Piece;

impl Tracer {
    /// The FIFO that a call writes or reads, by device and inode; `None`: it does neither, or the plan does not ask.
    pub(super) fn fifo_of_call(
        &self,
        tid: Pid,
        spec: &Spec,
        args: &[u64; 6],
        object: Option<&Object>,
    ) -> Option<(u64, u64)> {
        let moves = matches!(spec.role, Role::Send | Role::Receive);
        if !self.watches_fifos || !moves || !matches!(object, Some(Object::File(_))) {
            return None;
        }
        let open = std::fs::metadata(format!("/proc/{tid}/fd/{}", args[0] as i32)).ok()?;
        open.file_type().is_fifo().then(|| (open.dev(), open.ino()))
    }

    /// A call has moved bytes through a FIFO.
    pub(super) fn fifo_moved(
        &mut self,
        tid: Pid,
        call: &InCall,
        fifo: (u64, u64),
        result: i64,
    ) -> Option<Transfer> {
        // Nothing at all is the end of it.
        let bytes = u64::try_from(result).ok().filter(|bytes| *bytes > 0)?;
        let actor = self.actor_of(tid)?;
        let Some(Object::File(path)) = &call.object else {
            return None;
        };
        let name = format!("FIFO {}", path.to_text());
        let born = call.n.unwrap_or_default();
        let socket = self.sockets.queue(SocketKind::Fifo, &name, actor, born);
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        let (direction, seen, head) = match call.spec.role {
            Role::Send => {
                let mut seen = outgoing(tid, call.spec, &call.args);
                seen.truncate(length);
                let mut head = call.outgoing.clone();
                head.truncate(length);
                (Direction::Sent, seen, head)
            }
            _ => {
                let seen = Received::read(tid, call, bytes)?.head;
                (Direction::Received, seen.clone(), seen)
            }
        };
        if let Some(n) = call.n {
            let piece = Piece {
                call: n,
                fifo,
                direction,
                bytes,
                text: seen,
            };
            self.sockets.fifo_moved(actor, piece);
        }
        let head = self.trace.kept(actor, head);
        Some(Transfer {
            socket,
            peer: None,
            direction,
            bytes,
            head,
            cut: false,
        })
    }
}
