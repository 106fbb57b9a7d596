//! Peers: the tool as a scripted other side, which connects, sends half a message, resets, and says what it got.
//!
//! The supervisor starts the tool under the name [`NAME`], with one end of a `SOCK_SEQPACKET` pair as descriptor 3
//! ([`control`]). Over it come the steps of the script, and go the peer's questions ("tell me when the server waits") and
//! complaints. The peer does its steps by itself, one blocking call after another, with no timeout, no retry and no
//! sleep: that nothing moves any more is for the supervisor to see.
//!
//! # When a step fails
//!
//! It complains: the step as its author wrote it, then what came instead. Then one cause is to give one complaint, and
//! the script is still to do what does not hang on it (`signal server SIGTERM`):
//!
//! - Other bytes than expected: the connection is as good as before, and the script goes on.
//! - A call failed, or the other side closed too early: the socket is spent. What the script still wants of it is passed
//!   over without a word until it is closed. Steps that are about other things go on.
//! - The supervisor says that what is waited for can no longer happen: the script stops, as every step after that was
//!   meant for a moment that never came.
//!
//! The status is 0 without a complaint, 1 with one, 2 when there is no supervisor or no script that can be read.
//!
//! # Which socket a step means
//!
//! The last one that was opened and not closed: sockets pile up, and `close` shows the one beneath again, so that
//! `listen`, `accept`, `close`, `accept` takes two connections. `bind`, `connect` and `listen` take the socket that `open`
//! or `bind` made just before, when it is of the same type and still free; otherwise they make a new one.

mod bytes;
mod control;
mod fifos;
mod place;
mod queues;
mod receive;
mod segments;
mod send;
mod sockets;
mod step_error;

use std::process::ExitCode;

use ipclab_spec::{Action, After, Step};

use control::Control;
use fifos::Fifos;
use place::Place;
use segments::Segments;
use sockets::Sockets;
use step_error::StepError;

/// The name under which the tool plays a script.
pub const NAME: &str = "ipclab-peer";

/// How often something is done before the others are waited for.
const ACTIONS_BEFORE_WAIT: u32 = 4;

/// Plays the script that the supervisor on descriptor 3 hands over.
///
/// # Errors
/// There is no supervisor, or no script that can be read.
pub fn play() -> Result<ExitCode, String> {
    let played = Control::open().and_then(|control| {
        let steps = control.script()?;
        Peer::new(control).play(&steps)
    });
    played.map_err(|error| error.to_string())
}

/// A peer and what it holds.
#[derive(Debug)]
struct Peer {
    control: Control,
    sockets: Sockets,
    segments: Segments,
    fifos: Fifos,
    complained: bool,
}

impl Peer {
    fn new(control: Control) -> Self {
        Self {
            control,
            sockets: Sockets::default(),
            segments: Segments::default(),
            fifos: Fifos::default(),
            complained: false,
        }
    }

    /// Does the steps, then lets go of everything.
    fn play(mut self, steps: &[Step]) -> Result<ExitCode, StepError> {
        for step in steps {
            self.control.tell(&format!("doing {}", step.text))?;
            let done = self.act(&step.action);
            let over = matches!(done, Err(StepError::Never(_)));
            self.note(&step.text, done)?;
            self.control.tell("done")?;
            if step.action == Action::Abandon {
                // Not one call more: what is open stays open until the kernel closes it, files stay.
                std::process::exit(i32::from(self.complained));
            }
            if over {
                break;
            }
        }
        while !self.sockets.is_empty() {
            let closed = self.sockets.close();
            self.note("at the script's end", closed)?;
        }
        Ok(ExitCode::from(u8::from(self.complained)))
    }

    /// Complains about what went wrong with the script; what went wrong with the line to the supervisor comes back.
    fn note(&mut self, step: &str, done: Result<(), StepError>) -> Result<(), StepError> {
        match done {
            Ok(()) => Ok(()),
            Err(StepError::Step(why) | StepError::Never(why)) => {
                self.complained = true;
                self.control.complain(step, &why)
            }
            Err(step_error @ StepError::Line(_)) => Err(step_error),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), StepError> {
        match action {
            Action::Connect(place) => self.sockets.connect(Place::known(place)?),
            Action::Open(kind) => self.sockets.open(*kind),
            Action::Bind(place) => self.sockets.bind(place),
            Action::Listen(place) => self.sockets.listen(place),
            Action::Accept => self.sockets.accept(),
            Action::Send {
                data,
                to,
                pieces,
                oob,
            } => {
                let to = to.as_ref().map(Place::known).transpose()?;
                self.send(data, to, *pieces, *oob)
            }
            Action::Recv(wanted) => self.recv(wanted),
            Action::Until(after) => self.until(after),
            Action::Shutdown(way) => self.sockets.shutdown(*way),
            Action::Reset => self.sockets.reset(),
            Action::Close => self.sockets.close(),
            Action::Abandon => Ok(()),
            Action::Flood(count) => self.flood(*count),
            Action::Fill(count) => self.fill(*count),
            Action::Signal { actor, signal } => {
                self.control.wait(&format!("signal {actor} {signal}"), || {
                    format!("{actor} had ended already, or never began")
                })
            }
            Action::ShmCreate { key, size, mode } => self.segments.create(*key, *size, *mode),
            Action::ShmAttach(name) => self.segments.attach(name),
            Action::ShmWrite(data) => self.segments.write(&bytes::of(data)?),
            Action::ShmRead(data) => self.segments.read(&bytes::of(data)?),
            Action::ShmDetach => self.segments.detach(),
            Action::ShmRemove(name) => self.segments.remove(name),
            Action::FifoMake { path, mode } => fifos::make(path, *mode),
            Action::FifoOpen { path, end } => self.fifos.open(path, *end),
            Action::FifoSend(data) => self.fifos.send(&bytes::of(data)?),
            Action::FifoRecv(wanted) => self.fifos.receive(wanted),
            Action::FifoClose => self.fifos.close(),
            Action::FifoRemove(path) => fifos::remove(path),
            Action::MsgCreate { key, mode } => queues::create(*key, *mode),
            Action::MsgSend { queue, mtype, data } => {
                queues::send(queue, *mtype, &bytes::of(data)?)
            }
            Action::MsgRecv {
                queue,
                mtype,
                wanted,
            } => queues::receive(queue, *mtype, wanted),
            Action::MsgRemove(queue) => queues::remove(queue),
            Action::Times { times, action } => self.times(*times, action),
            Action::Each(action) => self.each(action),
        }
    }

    /// `200 times connect tcp:9000`: a few at a time, the next when the others have dealt with those. A server's queue of
    /// connections is short (`listen(2)` with 3 has room for 4), and what does not fit into it is asked for again a second
    /// later. (To see that all actors are at rest takes milliseconds, which is too long after each.)
    fn times(&mut self, times: u32, action: &Action) -> Result<(), StepError> {
        for nth in 1..=times {
            self.act(action)
                .map_err(|step_error| step_error.at(format_args!("number {nth} of {times}")))?;
            if nth % ACTIONS_BEFORE_WAIT == 0 || nth == times {
                self.control.quiet()?;
            }
        }
        Ok(())
    }

    /// `each recv 'hal'`: with every open socket in turn, which is the current one for so long. The first that something
    /// is wrong with is told, with how many others there are.
    fn each(&mut self, action: &Action) -> Result<(), StepError> {
        let all = self.sockets.len();
        let mut first = None;
        let mut more = 0;
        for nth in 1..=all {
            // The lowest comes to the top; what is done with it leaves it there, or closes it.
            self.sockets.turn();
            match self.act(action) {
                Ok(()) => {}
                Err(step_error @ StepError::Step(_)) if first.is_none() => {
                    first = Some(step_error.at(format_args!("socket {nth} of {all}")));
                }
                Err(StepError::Step(_)) => more += 1,
                Err(step_error @ (StepError::Never(_) | StepError::Line(_))) => {
                    return Err(step_error);
                }
            }
        }
        match first {
            None => Ok(()),
            Some(step_error) if more == 0 => Err(step_error),
            Some(step_error) => Err(step_error.and(format_args!("and so with {more} more"))),
        }
    }

    fn until(&self, after: &After) -> Result<(), StepError> {
        let (question, actor) = match after {
            After::Clock(time) => {
                let question = format!("await clock {}", time.as_millis());
                return self
                    .control
                    .wait(&question, || "this can no longer happen".to_owned());
            }
            After::Exits(actor) => (format!("await exits {actor}"), actor),
            After::Waits(actor) => (format!("await waits {actor}"), actor),
            After::Listens(actor) => (format!("await ready {actor}"), actor),
        };
        self.control.wait(&question, || {
            format!("this can no longer happen: {actor} has ended, or never began")
        })
    }
}
