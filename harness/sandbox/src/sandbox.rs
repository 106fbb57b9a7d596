//! A sandbox: a keeper process, the pipes to it, and one plan after another.

use std::ffi::OsString;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use ipclab_evidence::{Evidence, Level, Plan};

use crate::affinity::RunningPlan;
use crate::cgroup::{self, Delegation};
use crate::error::SandboxError;
use crate::level::{self, LevelChoice};
use crate::measures::{LeftOut, Measure};
use crate::{executables, frame, keeper, request};

/// A place in which plans are run, one at a time: use one for each worker thread.
#[derive(Debug)]
pub struct Sandbox {
    level: Level,
    number: usize,
    left_out: LeftOut,
    /// `None`: no plan has come yet.
    keeper: Option<Keeper>,
}

/// A keeper process and the pipes to it.
#[derive(Debug)]
struct Keeper {
    process: Child,
    /// Taken when this is dropped: the keeper ends when no plan can come any more.
    plans: Option<ChildStdin>,
    answers: ChildStdout,
    level: Level,
    /// Its number, and what it divides.
    number: usize,
    delegation: Option<Delegation>,
}

/// The first argument that makes the tool's executable a keeper.
const KEEPER: &str = "__keeper";

/// Numbers the keepers of one tool, so that each gets a processor of its own where there are enough.
static KEEPERS: AtomicUsize = AtomicUsize::new(0);

impl Sandbox {
    /// Starts a keeper at the chosen level; `Auto` takes namespaces where they work.
    ///
    /// # Errors
    /// When the tool cannot start itself again, or the chosen level cannot be had here.
    pub fn start(choice: LevelChoice) -> Result<Self, SandboxError> {
        Self::start_on(choice, KEEPERS.fetch_add(1, Ordering::Relaxed))
    }

    /// Starts a keeper on this processor, counted from 0 over those that may be used, and again from the first.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub fn start_on(choice: LevelChoice, number: usize) -> Result<Self, SandboxError> {
        Self::start_with(choice, number, LeftOut::default())
    }

    /// Starts a keeper whose cases lack these measures, for a benchmark and nothing else: what they say is not to be judged.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub fn start_without(
        choice: LevelChoice,
        number: usize,
        measures: &[Measure],
    ) -> Result<Self, SandboxError> {
        Self::start_with(choice, number, LeftOut::new(measures))
    }

    fn start_with(
        choice: LevelChoice,
        number: usize,
        left_out: LeftOut,
    ) -> Result<Self, SandboxError> {
        let mut sandbox = Self {
            level: level::choose(choice)?,
            number,
            left_out,
            keeper: None,
        };
        sandbox.keeper()?;
        Ok(sandbox)
    }

    /// One more at the same level, whose keeper starts with the first plan that comes.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            level: self.level,
            number: KEEPERS.fetch_add(1, Ordering::Relaxed),
            left_out: self.left_out,
            keeper: None,
        }
    }

    /// The keeper, which is started where there is none yet.
    fn keeper(&mut self) -> Result<&mut Keeper, SandboxError> {
        let keeper = match self.keeper.take() {
            Some(keeper) => keeper,
            None => Keeper::start(self.level, self.number, self.left_out)?,
        };
        Ok(self.keeper.insert(keeper))
    }

    /// How actors are kept apart here.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Whether plans can be run here; something outside may have killed the keeper.
    #[must_use]
    pub fn is_alive(&mut self) -> bool {
        let keeper = self.keeper.as_mut();
        keeper.is_none_or(|keeper| matches!(keeper.process.try_wait(), Ok(None)))
    }

    /// Runs one plan in a fresh box.
    ///
    /// # Errors
    /// Only what went wrong on our side or the machine's: nothing that an actor does is an error.
    pub fn run(&mut self, plan: &Plan) -> Result<Evidence, SandboxError> {
        self.keeper()?.run(plan)
    }

    /// No plan will come any more: the keeper begins to end, and dropping the sandbox waits for it.
    pub fn release(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.release();
        }
    }
}

impl Keeper {
    fn start(level: Level, number: usize, left_out: LeftOut) -> Result<Self, SandboxError> {
        let delegation = match level {
            Level::Namespaces => cgroup::enter(),
            Level::Shared => None,
        };
        let started = Self::start_in(level, number, delegation, left_out);
        if started.is_err() && level == Level::Namespaces {
            cgroup::leave();
        }
        started
    }

    fn start_in(
        level: Level,
        number: usize,
        delegation: Option<Delegation>,
        left_out: LeftOut,
    ) -> Result<Self, SandboxError> {
        let mut command = Command::new("/proc/self/exe");
        command
            .args([
                KEEPER,
                level.name(),
                &number.to_string(),
                &Delegation::to_argument(delegation.as_ref()),
                &left_out.to_argument(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .env_clear();
        let mut process = executables::start(&mut command)
            .map_err(|error| SandboxError::new("starting the keeper (/proc/self/exe)", &error))?;
        let (Some(plans), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(SandboxError::message(
                "starting the keeper: it has no pipes",
            ));
        };
        Ok(Self {
            process,
            plans: Some(plans),
            answers,
            level,
            number,
            delegation,
        })
    }

    fn run(&mut self, plan: &Plan) -> Result<Evidence, SandboxError> {
        let plans = self
            .plans
            .as_mut()
            .ok_or_else(|| SandboxError::message("the sandbox has ended"))?;
        let running = RunningPlan::begin();
        request::encode(running.idle_processor, plan)
            .and_then(|request| frame::write_body(plans, &request))
            .map_err(|error| SandboxError::new("handing the plan to the keeper", &error))?;
        let answer: Option<Result<Evidence, String>> = frame::read(&mut self.answers)
            .map_err(|error| SandboxError::new("reading the keeper's answer", &error))?;
        match answer {
            Some(Ok(evidence)) => Ok(evidence),
            Some(Err(message)) => Err(SandboxError::message(message)),
            None => Err(SandboxError::message(
                "the keeper died in the middle of a case",
            )),
        }
    }

    fn release(&mut self) {
        // It takes the box that waits along, and one in the middle of a plan, and ends when both are gone.
        if let Some(mut plans) = self.plans.take() {
            let _ = frame::write_body(&mut plans, &[]);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.release();
        let _ = self.process.wait();
        if let Some(delegation) = &self.delegation {
            delegation.clear(std::process::id(), self.number);
        }
        if self.level == Level::Namespaces {
            cgroup::leave();
        }
    }
}

/// Plays the hidden parts of the tool's executable. Call it before anything else in `main`, and exit with what it
/// returns; `None`: these are ordinary arguments.
#[must_use]
pub fn hidden(args: &[OsString]) -> Option<ExitCode> {
    match args {
        [_, keeper, level, number, delegation, left_out] if keeper == KEEPER => {
            Some(keeper::main(level, number, delegation, left_out))
        }
        [_, probe] if probe == level::PROBE => Some(level::probe()),
        _ => None,
    }
}
