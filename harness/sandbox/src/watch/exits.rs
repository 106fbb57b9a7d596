//! Exits: how an actor's first process ended.

use ipclab_evidence::{Exit, LimitHit, LimitKind};

use super::life::State;
use super::state::Watch;
use crate::decode;
use crate::platform::Platform;
use crate::spawn::{self, Refusal};

impl<P: Platform> Watch<'_, P> {
    /// An actor's first process ended.
    pub(super) fn ended(&mut self, actor: usize, status: i32) {
        let life = &mut self.lives[actor];
        life.state = State::Over;
        life.stdin.close();
        let started = self.tracer.actors[actor].started;
        let refusal = life
            .refusal
            .take()
            .filter(|_| !started)
            .and_then(|refusal| spawn::refusal(&refusal));
        let exit = match refusal {
            Some(Refusal::Exec(errno)) => Exit::NotExecuted(errno),
            Some(Refusal::Machine(why)) => {
                self.tracer
                    .trouble
                    .push(format!("starting {}: {why}", self.plan.actors[actor].name));
                Exit::NotStarted
            }
            None if libc::WIFSIGNALED(status)
                && libc::WTERMSIG(status) == libc::SIGKILL
                && !self.tracer.winding_down
                && self.has_starved(actor) =>
            {
                self.starved = Some(actor);
                Exit::Stopped(LimitHit {
                    kind: LimitKind::Memory,
                    limit: self.plan.limits.memory_mib,
                })
            }
            None if libc::WIFSIGNALED(status) => {
                let signal = libc::WTERMSIG(status);
                let call = self.tracer.actors[actor].died_in.map(str::to_owned);
                Exit::Signal {
                    signal,
                    name: decode::signal_name(signal),
                    call,
                }
            }
            None => Exit::Code(libc::WEXITSTATUS(status) as u8),
        };
        let life = &mut self.lives[actor];
        life.exit = Some(match (life.exit.take(), exit) {
            // Asked to end: what it did about it.
            (Some(Exit::Running { wait, .. }), Exit::Code(code)) => Exit::Running {
                wait,
                on_sigterm: Some(code),
            },
            (Some(earlier @ (Exit::Running { .. } | Exit::Stopped(_))), _) => earlier,
            (_, exit) => exit,
        });
    }

    /// Whether the kernel had no memory left to give to an actor.
    pub(super) fn has_starved(&self, actor: usize) -> bool {
        let counted = self.platform.counted(actor);
        counted.is_some_and(|counted| counted.out_of_memory > 0)
    }
}
