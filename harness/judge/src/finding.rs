//! One expectation's outcome, with the evidence cited.

use ipclab_evidence::SourceLine;
use ipclab_spec::Aspect;

/// What a message about a missing NUL says.
pub(crate) const NUL_MISSING: &str = "the message went without its NUL";
/// What one about a missing newline says.
pub(crate) const NEWLINE_MISSING: &str = "the message went without its newline";

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
    /// Where in the student's files it shows, for one that did not pass: the line itself, then those that called the functions
    /// around it. Empty: not known.
    pub lines: Vec<SourceLine>,
    /// What it comes from, for one that did not pass.
    pub mistake: Option<Mistake>,
}

/// A mistake in one of the student's programs, as far as one run shows it.
///
/// Kind, program and detail say which one it is, also in different cases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// What kind it is.
    pub kind: MistakeKind,
    /// The program that has it; `None`: no single program could be made out.
    pub program: Option<String>,
    /// What tells it from others of its kind: `key`, `SIGSEGV`, `shmget`.
    pub detail: String,
    /// What to say of it, where it is known better than by the findings; clean like [`Finding::message`].
    pub says: Option<String>,
}

/// Kinds of mistakes, those first that others follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MistakeKind {
    /// It could not be built.
    Build,
    /// It serves or looks for another port, address, path or key.
    Place,
    /// It reads or writes memory that is not its own.
    Memory,
    /// It died of a signal.
    Crash,
    /// It was stopped at a limit.
    Limit,
    /// A message goes without its NUL.
    Nul,
    /// It goes on after a call that failed.
    Unchecked,
    /// It ends with status 0 although something failed.
    Status,
    /// It does not say what failed.
    Silent,
    /// It never ends.
    Waits,
    /// It does the wrong thing: seen in what it prints, sends, calls and leaves, or in how it ends.
    Behaviour,
    /// Another case stops this one: what that one fails of is the mistake.
    Requires,
}

impl MistakeKind {
    /// As reports in JSON write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Place => "place",
            Self::Memory => "memory",
            Self::Crash => "crash",
            Self::Limit => "limit",
            Self::Nul => "nul",
            Self::Unchecked => "unchecked",
            Self::Status => "status",
            Self::Silent => "silent",
            Self::Waits => "waits",
            Self::Behaviour => "behaviour",
            Self::Requires => "requires",
        }
    }
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
            lines: Vec::new(),
            mistake: None,
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

    /// It shows there, where that is known.
    pub(crate) fn at(mut self, lines: Option<Vec<SourceLine>>) -> Self {
        self.lines.extend(lines.into_iter().flatten());
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

#[cfg(test)]
mod tests {
    use super::MistakeKind;

    #[test]
    fn a_hint_can_be_written_for_every_kind_that_a_report_names() {
        let kinds = [
            MistakeKind::Build,
            MistakeKind::Place,
            MistakeKind::Memory,
            MistakeKind::Crash,
            MistakeKind::Limit,
            MistakeKind::Nul,
            MistakeKind::Unchecked,
            MistakeKind::Status,
            MistakeKind::Silent,
            MistakeKind::Waits,
            MistakeKind::Behaviour,
        ];
        // What stops a case by another one has that one's hint.
        assert!(kinds.iter().all(|kind| *kind < MistakeKind::Requires));
        assert_eq!(kinds.map(MistakeKind::name), ipclab_spec::CAUSES);
    }
}
