//! Places in the student's own files.

use ipclab_evidence::SourceLine;
use serde::{Deserialize, Serialize};

use crate::{Block, Line};

/// A line of a file that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the submission.
    pub file: Line,
    /// From 1.
    pub line: u32,
}

impl From<&SourceLine> for Place {
    fn from(line: &SourceLine) -> Self {
        Self {
            file: Line::new(&line.file),
            line: line.line,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Where a finding shows in the student's files, and where that comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The line itself, then those that called the functions around it.
    pub lines: Vec<Place>,
    /// Lines that bring it about, the nearest first.
    pub from: Vec<Place>,
}

/// `iserver.c:48`, `helper.c:12, called at iserver.c:48`; empty: not known.
#[must_use]
pub(crate) fn described(lines: &[Place]) -> String {
    match lines {
        [] => String::new(),
        [only] => only.to_string(),
        [first, .., outermost] => format!("{first}, called at {outermost}"),
    }
}

/// `iserver.c:31, iserver.c:12`; `None`: there are none.
#[must_use]
pub(crate) fn places(places: &[Place]) -> Option<String> {
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    (!places.is_empty()).then(|| places.join(", "))
}

/// A line of a student's file with those around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The line that it is about.
    #[serde(flatten)]
    pub place: Place,
    /// The number of its first line.
    pub first: u32,
    /// Its lines.
    pub text: Block,
}

impl Excerpt {
    /// The lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Line)> {
        (self.first..).zip(self.text.lines())
    }

    /// The line that it is about.
    #[must_use]
    pub fn line(&self) -> Option<&Line> {
        let mut lines = self.numbered();
        lines
            .find(|(number, _)| *number == self.place.line)
            .map(|(_, text)| text)
    }
}
