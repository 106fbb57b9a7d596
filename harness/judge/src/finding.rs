//! One expectation's outcome, with the evidence cited.

use ipclab_spec::Aspect;

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What the expectation is about.
    pub aspect: Aspect,
    /// Its outcome.
    pub verdict: Verdict,
    /// Whether the case has points on this aspect; otherwise the finding is a remark and costs nothing.
    pub graded: bool,
    /// Whose behaviour it is about.
    pub actor: Option<String>,
    /// In a teacher's words, one sentence, lowercase, without a full stop:
    /// `server bound port 14640 instead of 12345: htons() is missing`.
    pub message: String,
    /// What was expected, where it can be shown apart from the message.
    pub expected: Option<String>,
    /// What was seen, likewise.
    pub seen: Option<String>,
    /// Where the two part.
    pub difference: Option<Difference>,
    /// Calls of the trace that show it, by number.
    pub cites: Vec<u32>,
}

/// Outcome of a finding or a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
    /// Our trouble or the machine's, never a student's loss.
    Unknown,
    /// Something that it depends on failed.
    Skipped,
}

impl Verdict {
    /// As reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

/// Where expected and seen part.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Line by line.
    Lines(Vec<DiffLine>),
    /// At one byte.
    Byte {
        /// Offset of the first byte that differs, from 0.
        offset: usize,
        /// Expected bytes around it, as `xxd` would show them.
        expected: String,
        /// Seen bytes around it.
        seen: String,
    },
}

/// A line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// In both.
    Same(String),
    /// Expected and not there.
    Missing(String),
    /// There and in the way of what was expected.
    Extra(String),
    /// So many lines left out of the picture.
    Elided(usize),
}
