//! What programs print: expectations, and texts with holes that are filled from what happened.

use std::collections::BTreeMap;

pub use ipclab_evidence::ServedPart;

/// One expectation about a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputExpectation {
    /// The whole transcript, line by line; `...` elides.
    Transcript(Vec<TranscriptLine>),
    /// These lines in this order, others may stand between.
    Lines(Vec<Template>),
    /// These lines in any order, others may stand between.
    AnyOrder(Vec<Template>),
    /// Each of these somewhere.
    Contains(Vec<Template>),
    /// At least one of these somewhere.
    AnyOf(Vec<Template>),
    /// None of these anywhere.
    Lacks(Vec<Template>),
    /// Each of these matches somewhere; in the syntax of the `regex` crate, checked when the spec is read. What a hole is filled
    /// with stands for itself, [`escaped_for_regex`].
    Regex(Vec<Template>),
}

/// A text that a regular expression matches as it stands.
#[must_use]
pub fn escaped_for_regex(text: &str) -> String {
    regex::escape(text)
}

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum TranscriptLine {
    /// `...` on a line of its own: any number of lines.
    Elided,
    /// A line; [`Hole::Any`] stands for a `...` in it.
    Line(Template),
}

/// Text with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// In order; no text is empty, no two stand side by side.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// To be matched or filled in.
    Hole(Hole),
}

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hole {
    /// Matches any text of one line.
    Any,
    /// Matches an integer.
    Int,
    /// A variable of `vary`.
    Variable(String),
    /// `{{client.sent}}`: all bytes that the actor sent; `{{client.sent.2}}`: in its second transfer.
    Sent {
        /// The actor.
        actor: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{server.received.2}}`
    Received {
        /// The actor.
        actor: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{client.pid}}`
    Pid {
        /// The actor.
        actor: String,
    },
    /// `{{creator.told.shmid}}`: what the kernel answered the actor under this name, the last time; `{{report.told.SO_TYPE.2}}`:
    /// the second time.
    Answer {
        /// The actor that it answered.
        actor: String,
        /// `shmid`, `shm_perm.mode`, `SO_RCVBUF`.
        name: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{shm.100.shmid}}`: the identifier of the segment with this key, when the actor starts.
    Segment(i32),
    /// `{{server.listens}}`, `{{server.listens.port}}`: where the actor serves what its `listens` asks for.
    Listens {
        /// The actor.
        actor: String,
        /// What of it.
        part: ServedPart,
    },
    /// `{{fault.call}}`: the call that was made to fail.
    FaultCall,
    /// `{{fault.message}}`: what `strerror` says for it.
    FaultMessage,
}

impl Template {
    /// A template without holes.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            parts: if text.is_empty() {
                Vec::new()
            } else {
                vec![Part::Text(text)]
            },
        }
    }

    /// Its text, when it has no holes.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The same with values filled in: variables by their names, `fault.call` and `fault.message` by these; the other
    /// holes stay.
    #[must_use]
    pub fn with(&self, values: &BTreeMap<String, String>) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let name = match part {
                Part::Hole(Hole::Variable(name)) => Some(name.as_str()),
                Part::Hole(Hole::FaultCall) => Some("fault.call"),
                Part::Hole(Hole::FaultMessage) => Some("fault.message"),
                Part::Text(_) | Part::Hole(_) => None,
            };
            let part = match name.and_then(|name| values.get(name)) {
                Some(value) => Part::Text(value.clone()),
                None => part.clone(),
            };
            match (parts.last_mut(), part) {
                (_, Part::Text(more)) if more.is_empty() => {}
                (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
                (_, part) => parts.push(part),
            }
        }
        Self { parts }
    }
}
