//! Platforms: where the actors of a case run, in namespaces of their own or in the host's own world.

pub(crate) mod namespaces;
pub(crate) mod shared;

use std::io;

use ipclab_evidence::{Actor, CgroupCounters, LeftQueue, LeftSemaphores, Limits, Segment};
use ipclab_kernel::Pid;

use crate::filter::TraceScope;
use crate::spawn::Started;
use crate::tracer::Tracer;

/// Where actors are started: a world of their own, or the host's.
pub(crate) trait Platform {
    /// Starts an actor.
    fn start(
        &mut self,
        index: usize,
        actor: &Actor,
        limits: &Limits,
        trace_scope: TraceScope,
    ) -> io::Result<Started>;
    /// What the kernel counted of an actor, where it does.
    fn counted(&self, _index: usize) -> Option<CgroupCounters> {
        None
    }
    /// Ends all processes of an actor, where the kernel does that in one go.
    fn end_at_once(&self, _index: usize) {}
    /// A segment by its key, now.
    fn segment(&self, key: i32, tracer: &Tracer) -> Option<Segment>;
    /// A System V semaphore set as it is now.
    fn semaphores(&self, key: i32) -> Option<LeftSemaphores>;
    /// A System V message queue as it is now; what is in it stays there and is not listed.
    fn queue(&self, key: i32) -> Option<LeftQueue>;
    /// Whether no process is left on it, dead or alive, so that nothing has to be ended.
    fn is_deserted(&self) -> bool {
        false
    }
    /// Ends everything that lives on it.
    fn end_all(&mut self);
    /// Whether the network is the case's alone.
    fn own_network(&self) -> bool;
    /// Whether `pid` is a process of the platform's own.
    fn is_own(&self, pid: Pid) -> bool;
}
