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
    /// The actor that it is about.
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

impl Finding {
    /// An expectation that was met. Whether it is graded is decided when the case is settled on its points.
    pub(crate) fn pass(aspect: Aspect, actor: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            aspect,
            verdict: Verdict::Pass,
            graded: false,
            actor: actor.map(str::to_owned),
            message: message.into(),
            expected: None,
            seen: None,
            difference: None,
            cites: Vec::new(),
        }
    }

    /// An expectation that was not met.
    pub(crate) fn fail(aspect: Aspect, actor: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::pass(aspect, actor, message)
        }
    }

    /// An expectation that cannot be judged, and why: our trouble or the machine's.
    pub(crate) fn unknown(aspect: Aspect, actor: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            ..Self::pass(aspect, actor, message)
        }
    }

    pub(crate) fn expecting(
        mut self,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        self.expected = Some(expected.into());
        self.seen = Some(seen.into());
        self
    }

    /// The same about another aspect.
    pub(crate) fn about(mut self, aspect: Aspect) -> Self {
        self.aspect = aspect;
        self
    }

    pub(crate) fn with(mut self, difference: Option<Difference>) -> Self {
        self.difference = difference;
        self
    }

    pub(crate) fn citing(mut self, calls: impl IntoIterator<Item = u32>) -> Self {
        self.cites.extend(calls);
        self
    }
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
