//! Filling: a template of the spec gets the facts that it asks for.

use ipclab_evidence::{Direction, ServedPart};
use ipclab_spec::{Hole, Part, Template};

use super::lookup::Facts;
use crate::pattern::{Pattern, Piece};
use crate::quote::{count, moved, quoted};

/// Why a template has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfilled {
    /// It asks for something that never happened.
    Never(String),
    /// Our trouble.
    Trouble(String),
}

impl Facts<'_> {
    /// A template with its facts filled in, for an expectation of this actor.
    pub(crate) fn pattern(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Result<Pattern, Unfilled> {
        let pieces = template.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(Piece::Text(text.clone())),
            Part::Hole(hole) => self.fill(hole, owner),
        });
        Ok(Pattern::new(pieces.collect::<Result<Vec<_>, _>>()?))
    }

    /// The same with every count of bytes left open, to find the line that prints another count.
    pub(crate) fn pattern_of_any_count(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Option<Pattern> {
        let pieces = template.parts.iter().map(|part| match part {
            Part::Hole(Hole::Sent { .. } | Hole::Received { .. }) => Some(Piece::Int),
            Part::Text(text) => Some(Piece::Text(text.clone())),
            Part::Hole(hole) => self.fill(hole, owner).ok(),
        });
        Some(Pattern::new(pieces.collect::<Option<Vec<_>>>()?))
    }

    /// The text of a template, which must not have anything to match.
    pub(crate) fn text(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Result<String, Unfilled> {
        let pattern = self.pattern(template, owner)?;
        match pattern.as_text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(Unfilled::Trouble(format!(
                "the spec asks for {}, which is not one text",
                quoted(&pattern.escaped_text())
            ))),
        }
    }

    fn fill(&self, hole: &Hole, owner: Option<usize>) -> Result<Piece, Unfilled> {
        match hole {
            Hole::Any => Ok(Piece::Any),
            Hole::Int => Ok(Piece::Int),
            Hole::Variable(name) => Err(Unfilled::Trouble(format!(
                "the spec's variable {} has no value",
                quoted(name)
            ))),
            Hole::FaultCall | Hole::FaultMessage => Err(Unfilled::Trouble(
                "the spec asks for a fault that was not injected".to_owned(),
            )),
            Hole::Sent { actor, nth } => self.moved(actor, *nth, owner, Direction::Sent),
            Hole::Received { actor, nth } => self.moved(actor, *nth, owner, Direction::Received),
            Hole::Answer { actor, name, nth } => self.answer(actor, name, *nth, owner),
            Hole::Listens { actor, part } => self.served_part(actor, *part, owner),
            Hole::Segment(key) => Err(Unfilled::Trouble(format!(
                "the identifier of segment {key} is known when an actor starts, and not here"
            ))),
            Hole::Pid { actor } => {
                let mut pids = self.meant(actor, owner)?.into_iter();
                let mut pids = pids.by_ref().filter_map(|index| self.actor(index)?.pid);
                match (pids.next(), pids.next()) {
                    (Some(pid), None) => Ok(Piece::Text(pid.to_string())),
                    // Several copies: whichever of them it was.
                    (Some(_), Some(_)) => Ok(Piece::Int),
                    (None, _) => Err(Unfilled::Never(format!("{actor} never started"))),
                }
            }
        }
    }

    /// Where an actor serves.
    fn served_part(
        &self,
        actor: &str,
        part: ServedPart,
        owner: Option<usize>,
    ) -> Result<Piece, Unfilled> {
        let mut actors = self.meant(actor, owner)?.into_iter();
        let served = actors.find_map(|index| self.actor(index)?.served.as_ref()?.text(part));
        match served {
            Some(text) => Ok(Piece::Text(text.to_text())),
            None => Err(Unfilled::Never(
                self.copies(actor)
                    .first()
                    .and_then(|index| self.not_served_briefly(*index))
                    .unwrap_or_else(|| format!("{actor} never served anything")),
            )),
        }
    }

    /// The actors that a hole means: in an actor's own expectations that very copy, elsewhere all of its copies.
    pub(crate) fn meant(&self, actor: &str, owner: Option<usize>) -> Result<Vec<usize>, Unfilled> {
        let copies = self.copies(actor);
        match owner {
            Some(owner) if copies.contains(&owner) => Ok(vec![owner]),
            Some(_) | None if copies.is_empty() => Err(Unfilled::Trouble(format!(
                "the evidence has no actor called {}",
                quoted(actor)
            ))),
            Some(_) | None => Ok(copies),
        }
    }

    fn moved(
        &self,
        actor: &str,
        nth: Option<u32>,
        owner: Option<usize>,
        direction: Direction,
    ) -> Result<Piece, Unfilled> {
        let actors = self.meant(actor, owner)?;
        if let Some(why) = self.holes_in_transfers(&actors) {
            return Err(Unfilled::Never(why));
        }
        let mut transfers = self.transfers(&actors, direction);
        let bytes = match nth {
            None => transfers
                .map(|(_, transfer)| transfer.bytes)
                .fold(0, u64::saturating_add),
            Some(nth) => {
                let index = (nth as usize).saturating_sub(1);
                let Some((_, transfer)) = transfers.nth(index) else {
                    let verb = moved(direction);
                    return Err(Unfilled::Never(format!(
                        "{actor} {verb} fewer than {}",
                        count(u64::from(nth), "message")
                    )));
                };
                transfer.bytes
            }
        };
        Ok(Piece::Text(bytes.to_string()))
    }

    /// What the kernel answered an actor under this name: the n-th time, or the last.
    fn answer(
        &self,
        actor: &str,
        name: &str,
        nth: Option<u32>,
        owner: Option<usize>,
    ) -> Result<Piece, Unfilled> {
        let actors = self.meant(actor, owner)?;
        if let Some(why) = self.holes(&actors) {
            return Err(Unfilled::Never(why));
        }
        let trace = self.evidence.trace.iter();
        let answers = trace
            .filter(|call| actors.contains(&call.actor))
            .flat_map(|call| &call.answers)
            .filter(|answer| answer.name == name);
        let mut values = answers.map(|answer| answer.value.clone());
        let value = match nth {
            Some(nth) => values.nth((nth as usize).saturating_sub(1)),
            None => values.next_back(),
        };
        value
            .map(Piece::Text)
            .ok_or_else(|| Unfilled::Never(untold(actor, name, nth)))
    }
}

/// `no shmget() of creator succeeded, and only that tells shmid`
pub(crate) fn untold(actor: &str, name: &str, nth: Option<u32>) -> String {
    let call = match name {
        "shmid" | "key" | "pages" => "shmget()",
        "shmaddr" => "shmat()",
        "semid" => "semget()",
        "msqid" => "msgget()",
        "mtype" => "msgrcv()",
        "fork" => "fork()",
        "wait" | "WEXITSTATUS" | "WTERMSIG" => "wait()",
        _ if name.starts_with("shm_") => "shmctl(IPC_STAT)",
        _ => "getsockopt()",
    };
    // What C has no name for.
    let what = match name {
        "fork" => "the number of the child",
        "wait" => "which child ended",
        "WEXITSTATUS" => "the status of the child",
        "WTERMSIG" => "the signal that ended the child",
        name => name,
    };
    match (nth, name) {
        (None | Some(1), _) => {
            format!("no {call} of {actor} succeeded, and only that tells {what}")
        }
        (Some(nth), "fork") => format!("{actor} made fewer than {nth} children with fork()"),
        (Some(nth), "wait" | "WEXITSTATUS" | "WTERMSIG") => {
            format!("{actor} waited for fewer than {nth} children with wait()")
        }
        (Some(nth), _) => format!("it asked for {what} with {call} fewer than {nth} times"),
    }
}
