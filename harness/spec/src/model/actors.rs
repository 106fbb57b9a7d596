//! The actors of a case, and when and where each starts and ends.

pub use ipclab_evidence::StdoutKind;

use super::{After, Endpoint, OutputExpectation, Step, Template};

/// A process tree of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its key in the file: `server`.
    pub name: String,
    /// What plays it.
    pub player: Player,
    /// How many of it; a template, since `vary` may decide. `1` when the file does not say. Copies of `client` are called `client.1`, `client.2`.
    pub copies: Template,
    /// What it reads; `None`: nothing, at once end of file.
    pub stdin: Option<Template>,
    /// Where it must serve, and the starting gun of the next actor.
    pub listens: Option<Endpoint>,
    /// What must have happened before it starts; `None`: the actor before it is ready.
    pub after: Option<After>,
    /// How it must end.
    pub exit: Option<ExitExpectation>,
    /// What it finds on descriptor 1.
    pub stdout_is: StdoutKind,
    /// What it must print.
    pub stdout: Vec<OutputExpectation>,
    /// What it must print on descriptor 2.
    pub stderr: Vec<OutputExpectation>,
}

impl Actor {
    /// The templates that are filled in when it starts: its arguments, its steps' and what it reads.
    #[must_use]
    pub fn given_at_start(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> = self.stdin.iter().collect();
        match &self.player {
            Player::Student { args, .. } | Player::Reference { args, .. } => found.extend(args),
            Player::Peer { steps } => found.extend(steps.iter().flat_map(Step::templates)),
        }
        found
    }

    /// Whether the student's own program plays it.
    #[must_use]
    pub fn is_student(&self) -> bool {
        matches!(self.player, Player::Student { .. })
    }
}

/// What plays an actor.
#[derive(Clone, Debug, PartialEq)]
pub enum Player {
    /// The submission's program.
    Student {
        /// Name of a [`Program`].
        program: String,
        /// Arguments after the program's name.
        args: Vec<Template>,
    },
    /// Our own.
    Reference {
        /// Name of a [`Program`].
        program: String,
        /// Arguments after the program's name.
        args: Vec<Template>,
    },
    /// A script: its steps, each parsed.
    Peer {
        /// In order.
        steps: Vec<Step>,
    },
}

/// How an actor must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitExpectation {
    /// With this status.
    Code(u8),
    /// With any status but 0, by itself: not by a signal.
    Failure,
    /// Not before the others; the box then ends it.
    Running,
    /// Killed by this signal: `SIGPIPE`.
    Signal(String),
    /// By itself, with whatever status: not by a signal, and not only when the box ends it.
    Ended,
    /// In whatever way.
    Any,
}
