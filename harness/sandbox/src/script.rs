//! The supervisor's end of a scripted peer: hands it its steps, answers what it waits for, notes its complaints.
//!
//! The peer does its steps by itself. What it cannot know by itself, whether another actor waits or has ended, it asks;
//! the answer comes when it is so, or says that it can no longer be.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use ipclab_evidence::{Await, Run};

use ipclab_kernel::descriptor;

/// What a peer waits for before its next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerRequest {
    /// Something that another actor does.
    Await(Await),
    /// That nothing moves any more.
    Quiet,
}

/// Something that a peer wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    /// To whom.
    pub(crate) actor: String,
    /// Which, by name.
    pub(crate) signal: String,
}

/// A peer's script and how far it is.
#[derive(Debug)]
pub(crate) struct Script {
    control: Option<OwnedFd>,
    asked: Option<PeerRequest>,
    doing: Option<String>,
    complaints: Vec<String>,
}

/// Longest record of a peer.
const MAX_RECORD_BYTES: usize = 64 << 10;

/// How many complaints are kept: a script has a few dozen steps.
const MAX_COMPLAINTS: usize = 100;

impl Script {
    /// Hands over the steps.
    ///
    /// # Errors
    /// When the socket does not take them.
    pub(crate) fn begin(control: OwnedFd, run: &Run) -> io::Result<Self> {
        let script = Self {
            control: Some(control),
            asked: None,
            doing: None,
            complaints: Vec::new(),
        };
        if let Run::Script { steps, .. } = run {
            for step in steps {
                script.tell(&format!("step {step}"))?;
            }
        }
        script.tell("begin")?;
        if let Some(control) = &script.control {
            descriptor::set_nonblocking(control.as_fd())?;
        }
        Ok(script)
    }

    fn tell(&self, record: &str) -> io::Result<()> {
        let Some(control) = &self.control else {
            return Ok(());
        };
        match descriptor::write_some(control.as_fd(), record.as_bytes()) {
            // A peer that is gone is heard of by its wait status.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// What to poll for.
    pub(crate) fn poll_fd(&self) -> Option<libc::pollfd> {
        let control = self.control.as_ref()?;
        Some(libc::pollfd {
            fd: control.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
    }

    /// Takes every record that is there; gives the signals that the peer wants sent.
    pub(crate) fn hear(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        let mut record = vec![0; MAX_RECORD_BYTES];
        while let Some(control) = &self.control {
            let got = match descriptor::read_some(control.as_fd(), &mut record) {
                Ok(None) => break,
                Ok(Some(got)) if got > 0 => got,
                Ok(Some(_)) | Err(_) => {
                    self.control = None;
                    break;
                }
            };
            let text = String::from_utf8_lossy(&record[..got]).into_owned();
            self.heard(&text, &mut signals);
        }
        signals
    }

    fn heard(&mut self, record: &str, signals: &mut Vec<Signal>) {
        let (word, rest) = record.split_once(' ').unwrap_or((record, ""));
        match word {
            "doing" => self.doing = Some(rest.to_owned()),
            "done" => self.doing = None,
            "complain" if self.complaints.len() < MAX_COMPLAINTS => {
                self.complaints.push(rest.to_owned())
            }
            "await" => {
                let (what, name) = rest.split_once(' ').unwrap_or((rest, ""));
                let name = name.to_owned();
                self.asked = match what {
                    "waits" => Some(PeerRequest::Await(Await::Waits(name))),
                    "exits" => Some(PeerRequest::Await(Await::Exits(name))),
                    "ready" => Some(PeerRequest::Await(Await::Ready(name))),
                    "clock" => {
                        let ms = name.parse().ok();
                        ms.map(|ms| PeerRequest::Await(Await::Clock(ms)))
                    }
                    "quiet" => Some(PeerRequest::Quiet),
                    _ => None,
                };
            }
            "signal" => {
                if let Some((actor, signal)) = rest.split_once(' ') {
                    signals.push(Signal {
                        actor: actor.to_owned(),
                        signal: signal.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }

    /// What it waits for.
    pub(crate) fn asked(&self) -> Option<&PeerRequest> {
        self.asked.as_ref()
    }

    /// Answers: it is so, or it can no longer be.
    ///
    /// # Errors
    /// When the socket does not take it.
    pub(crate) fn answer(&mut self, so: bool) -> io::Result<()> {
        self.asked = None;
        self.tell(if so { "go" } else { "never" })
    }

    /// Everything that it had to complain about, a step that it never got done among it.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.hear();
        if let Some(step) = self.doing {
            self.complaints.push(format!(
                "{step}: still waiting for it when nothing moved any more"
            ));
        }
        self.complaints
    }
}
