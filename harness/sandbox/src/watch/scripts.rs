//! Scripted peers: what they say, and what they are answered.

use std::io;

use ipclab_kernel::process;

use super::life::State;
use super::readiness::Due;
use super::state::Watch;
use crate::decode;
use crate::platform::Platform;
use crate::script::{PeerRequest, Script};

impl<P: Platform> Watch<'_, P> {
    /// Takes what scripted peers say, and answers what has happened meanwhile.
    pub(super) fn hear_scripts(&mut self) -> io::Result<()> {
        for index in 0..self.lives.len() {
            let Some(script) = &mut self.lives[index].script else {
                continue;
            };
            for wanted in script.hear() {
                let sent = self.signal(&wanted.actor, &wanted.signal);
                if let Some(script) = &mut self.lives[index].script {
                    script.answer(sent)?;
                }
            }
            let asked = self.lives[index].script.as_ref().and_then(Script::asked);
            let due = match asked {
                Some(PeerRequest::Await(awaited)) => self.due(awaited),
                // Only a look that finds all actors asleep can tell: see release_waiters.
                Some(PeerRequest::Quiet) | None => Due::NotYet,
            };
            if due != Due::NotYet
                && let Some(script) = &mut self.lives[index].script
            {
                script.answer(due == Due::Now)?;
            }
        }
        Ok(())
    }

    /// Sends a signal to an actor's first process; tells whether there was one.
    pub(super) fn signal(&self, actor: &str, signal: &str) -> bool {
        let life = self.index(actor).map(|index| &self.lives[index]);
        let pid = life
            .filter(|life| life.state == State::Alive)
            .and_then(|life| life.pid);
        match (pid, decode::signal_number(signal)) {
            (Some(pid), Some(signal)) => process::kill(pid, signal).is_ok(),
            _ => false,
        }
    }
}
