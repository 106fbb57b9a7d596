//! The line to the supervisor: one record a message, in UTF-8.
//!
//! | direction | record | |
//! |---|---|---|
//! | to the peer | `step TEXT` ..., `begin` | the script, as its author wrote it |
//! | to the peer | `go`, `never` | the answer to a question |
//! | to the supervisor | `await waits\|exits\|ready NAME`, `await quiet`, `signal NAME SIGNAL` | a question |
//! | to the supervisor | `doing TEXT`, `done` | around each step |
//! | to the supervisor | `complain TEXT` | expected and got |

use std::os::fd::RawFd;

use ipclab_spec::{Step, parse_step};
use nix::sys::socket::{MsgFlags, UnixAddr, getsockname, recv, send};

use super::bytes::shortened;
use super::step_error::{StepError, errno_text, uninterrupted};

/// The descriptor that the supervisor leaves open for a peer.
const LINE: RawFd = 3;

/// Longer than any record that fits into a socket's buffer as the kernel sets it (`net.core.wmem_default`).
const RECORD_MAX: usize = 256 << 10;

/// The supervisor, at the other end of descriptor 3. A peer starts no program and no process, so that nothing can inherit
/// the descriptor.
#[derive(Debug)]
pub(super) struct Control(());

impl Control {
    /// Finds the supervisor.
    pub(super) fn open() -> Result<Self, StepError> {
        match getsockname::<UnixAddr>(LINE) {
            Ok(_) => Ok(Self(())),
            Err(errno) => Err(StepError::Line(format!(
                "descriptor {LINE} is no line to a supervisor: {}; the tool starts its peers itself",
                errno_text(errno)
            ))),
        }
    }

    /// The script, up to `begin`.
    pub(super) fn script(&self) -> Result<Vec<Step>, StepError> {
        let mut steps = Vec::new();
        let mut unreadable = None;
        loop {
            let record = self.hear()?;
            if record == "begin" {
                break;
            }
            let Some(text) = record.strip_prefix("step ") else {
                return Err(unexpected(&record));
            };
            match readable(text) {
                Ok(step) => steps.push(step),
                Err(why) => unreadable = unreadable.or(Some((text.to_owned(), why))),
            }
        }
        // Said only now: records that are still unread when a peer ends make the kernel drop what it said (ECONNRESET).
        match unreadable {
            None => Ok(steps),
            Some((text, why)) => {
                self.complain(&text, &why)?;
                Err(StepError::Line(format!("{}: {why}", shortened(&text))))
            }
        }
    }

    /// Asks, and waits for the answer; `never` words what is wrong when it can no longer come about.
    pub(super) fn wait(
        &self,
        question: &str,
        never: impl FnOnce() -> String,
    ) -> Result<(), StepError> {
        self.tell(question)?;
        match self.hear()?.as_str() {
            "go" => Ok(()),
            "never" => Err(StepError::Never(never())),
            other => Err(unexpected(other)),
        }
    }

    /// Waits until all other actors wait: then the other side has taken what was sent, and has sent what it would send.
    pub(super) fn quiet(&self) -> Result<(), StepError> {
        self.wait("await quiet", || "the others never came to rest".to_owned())
    }

    /// Says what is wrong with a step.
    pub(super) fn complain(&self, step: &str, why: &str) -> Result<(), StepError> {
        self.tell(&format!("complain {}: {why}", shortened(step)))
    }

    /// Sends a record.
    pub(super) fn tell(&self, record: &str) -> Result<(), StepError> {
        match uninterrupted(|| send(LINE, record.as_bytes(), MsgFlags::MSG_NOSIGNAL)) {
            Ok(_) => Ok(()),
            Err(errno) => Err(StepError::Line(format!(
                "telling the supervisor: {}",
                errno_text(errno)
            ))),
        }
    }

    fn hear(&self) -> Result<String, StepError> {
        let mut record = vec![0; RECORD_MAX];
        match uninterrupted(|| recv(LINE, &mut record, MsgFlags::MSG_TRUNC)) {
            Ok(0) => Err(StepError::Line("the supervisor is gone".to_owned())),
            Ok(length) if length > RECORD_MAX => Err(StepError::Line(format!(
                "a record of {length} bytes from the supervisor is too long"
            ))),
            Ok(length) => {
                record.truncate(length);
                String::from_utf8(record).map_err(|_| {
                    StepError::Line("a record from the supervisor is not UTF-8".to_owned())
                })
            }
            Err(errno) => Err(StepError::Line(format!(
                "listening to the supervisor: {}",
                errno_text(errno)
            ))),
        }
    }
}

fn unexpected(record: &str) -> StepError {
    StepError::Line(format!(
        "the supervisor said {:?}, which a peer does not know",
        shortened(record)
    ))
}

/// A step as the supervisor hands it over.
fn readable(text: &str) -> Result<Step, String> {
    // Whether an actor of that name exists was asked when the spec was read; here it is whatever stands there.
    let words = text.split_whitespace();
    let names: Vec<String> = words
        .map(|word| match word.rsplit_once('.') {
            Some((actor, copy)) if copy.parse::<u32>().is_ok() => actor.to_owned(),
            _ => word.to_owned(),
        })
        .collect();
    parse_step(text, &names)
}
