//! What is said about one submission, as plain data.

use std::collections::BTreeMap;

use ipclab_evidence::Level;
use ipclab_judge::{SPEC_IS_WRONG, Verdict};
use ipclab_spec::{Aspect, Tier, Visibility};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Block, Conversation, Diff, Excerpt, Line, Mark, Place, Program, by_name};

/// Everything that renderers may say about a submission.
///
/// As JSON it is `ipclab/report/v1`: fields may be added to that version, none goes and none changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `ipclab/report/v1`
    pub schema: Schema,
    /// The lab's name.
    pub lab: Line,
    /// The lab's title.
    pub title: Line,
    /// Questions of the unit that the lab is about.
    pub unit: Vec<Line>,
    /// The submission's name: its folder, as the command line had it.
    pub submission: Line,
    /// How the programs were kept apart from each other and from the host.
    pub isolation: Level,
    /// What this level could not give here, and whether limits of time are longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolation_notes: Vec<Line>,
    /// What counted the memory and the processes of programs: `rlimits` or `cgroup v2`. `None`: none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_by: Option<Line>,
    /// Points.
    pub score: Score,
    /// What was taken out of this report because its reader may not see it; `score` does not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// The student's programs, in the spec's order.
    pub programs: Vec<Program>,
    /// The mistakes that points were lost for, the one to mend first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<CauseReport>,
    /// Lines of the student's files that findings name, with those around them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<Excerpt>,
    /// Cases, in the spec's order.
    pub cases: Vec<CaseReport>,
}

/// Name and version of the format; reading any other is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schema;

/// Points of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// Points, among those not earned, that could not be graded. They are not lost: it is unknown.
    #[serde(default)]
    pub unknown: u32,
    /// The same for each tier that has a case in this report.
    #[serde(with = "by_name::by_tier")]
    pub tiers: BTreeMap<Tier, TierScore>,
}

/// Points of a tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierScore {
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// Points, among those not earned, that could not be graded.
    #[serde(default)]
    pub unknown: u32,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseReport {
    /// `echo-one`
    pub id: Line,
    /// For people.
    pub title: Line,
    /// Graded apart.
    #[serde(with = "by_name::Tier")]
    pub tier: Tier,
    /// Its outcome.
    #[serde(with = "by_name::Verdict")]
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// The same for each aspect of a case whose points are split; empty: all or nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartReport>,
    /// What a teacher would say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Block>,
    /// What the teacher would say next, step by step, if that does not help.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_hints: Vec<Block>,
    /// Questions of the unit that it tests.
    pub covers: Vec<Line>,
    /// The readers that may see this.
    #[serde(with = "by_name::Visibility")]
    pub visibility: Visibility,
    /// What became of each expectation, causes first.
    pub findings: Vec<FindingReport>,
    /// What is to be known about the runs: `a race: failed 3 of 10 runs`, a seed, the smallest input that fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Block>,
    /// What really happened between the actors; only for a case that ran and did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// The command that repeats this one case.
    pub repeat: Line,
}

/// One mistake, with everything that comes from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CauseReport {
    /// Its number in this report, from 1; findings name it.
    pub number: u32,
    /// What kind of mistake it is: `build`, `place`, `memory`, `crash`, `limit`, `nul`, `unchecked`, `status`, `silent`, `waits`
    /// or `behaviour`.
    pub kind: Line,
    /// The program that has it; `None`: no single one could be made out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Line>,
    /// In a teacher's words.
    pub message: Line,
    /// The case that shows it best.
    pub case: Line,
    /// Which finding of that case does, from 0.
    pub finding: u32,
    /// All cases that have a finding of it, in the spec's order.
    pub cases: Vec<Line>,
    /// Points of the cases for which it is the first cause: so many can come back.
    pub points: u32,
    /// Where in the student's files it shows: the line itself, then those that called the functions around it. Empty: not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Place>,
    /// Lines that bring it about, the nearest first: where a wrong value stands, what a status hangs on. Read off the text, so
    /// a hint where to look, and no evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Place>,
    /// The lowest tier that it costs points in.
    #[serde(with = "by_name::Tier")]
    pub tier: Tier,
}

/// Points of one aspect of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartReport {
    /// Which.
    #[serde(with = "by_name::Aspect")]
    pub aspect: Aspect,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
}

/// How much a report keeps from its reader. What became of it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Cases.
    pub cases: u32,
    /// Points that could be earned with them.
    pub max: u32,
}

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingReport {
    /// What it is about.
    #[serde(with = "by_name::Aspect")]
    pub aspect: Aspect,
    /// Its outcome.
    #[serde(with = "by_name::Verdict")]
    pub verdict: Verdict,
    /// In a teacher's words.
    pub message: Line,
    /// Whether it can cost points; a remark otherwise.
    pub graded: bool,
    /// The actor that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Line>,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Block>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Block>,
    /// Where the two part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
    /// Calls of the trace that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cites: Vec<u32>,
    /// Where in the student's files it shows: the line itself, then those that called the functions around it. Empty: not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Place>,
    /// Lines that bring it about, as [`CauseReport::from`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Place>,
    /// The number of the cause that it comes from, for one that lost something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u32>,
    /// It is about a program of ours, in which a mistake of the student's shows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ours: bool,
    /// Whether it only follows from another finding of its case that has the same cause.
    #[serde(default, skip_serializing_if = "is_false")]
    pub follows: bool,
    /// The mistake that it comes from, where that is known better than by the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comes_from: Option<Line>,
    /// What a teacher would say to just this, where the lab has a hint for its kind of cause or its aspect. It takes the place of
    /// [`CaseReport::hint`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Block>,
    /// What the teacher would say next, as [`CaseReport::next_hints`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_hints: Vec<Block>,
}

/// A hint as a reader has it: the steps that are shown, and those that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint<'a> {
    /// What is shown.
    pub text: &'a Block,
    /// What comes next, step by step.
    pub next: &'a [Block],
}

impl CaseReport {
    /// The hint for one finding: the nearest that there is.
    #[must_use]
    pub fn hint_for<'a>(&'a self, finding: Option<&'a FindingReport>) -> Option<Hint<'a>> {
        let own = finding.and_then(|finding| Some((finding.hint.as_ref()?, &finding.next_hints)));
        let of_case = || Some((self.hint.as_ref()?, &self.next_hints));
        let (text, next) = own.or_else(of_case)?;
        Some(Hint { text, next })
    }

    /// The hints for what the case lost, each once.
    #[must_use]
    pub fn hints(&self) -> Vec<Hint<'_>> {
        let failed = self.findings.iter().filter(|finding| {
            finding.verdict == Verdict::Fail && finding.graded && !finding.follows
        });
        let mut hints: Vec<Hint<'_>> = Vec::new();
        for hint in failed.filter_map(|finding| self.hint_for(Some(finding))) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        if hints.is_empty() {
            hints.extend(self.hint_for(None));
        }
        hints
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Report {
    /// The lines around a place.
    #[must_use]
    pub fn excerpt(&self, place: &Place) -> Option<&Excerpt> {
        self.code.iter().find(|excerpt| excerpt.place == *place)
    }

    /// The same with so many steps of each hint in one.
    #[must_use]
    pub fn with_hints(mut self, steps: usize) -> Self {
        let join = |hint: &mut Option<Block>, next: &mut Vec<Block>| {
            let more = steps.saturating_sub(1).min(next.len());
            let all: Vec<Block> = hint.take().into_iter().chain(next.drain(..more)).collect();
            *hint = (!all.is_empty()).then(|| Block::joined(&all));
        };
        for case in &mut self.cases {
            join(&mut case.hint, &mut case.next_hints);
            for finding in &mut case.findings {
                join(&mut finding.hint, &mut finding.next_hints);
            }
        }
        self
    }

    /// What the submission came to: points are a mark only when every case was graded.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark::of(self.score.earned, self.score.unknown, self.exit_code() != 3)
    }

    /// Whether what could not be graded is so because the lab's spec is wrong there, which no other machine mends. Where other
    /// cases could not be graded either, trouble of the machine's may be why a fault never happens.
    #[must_use]
    pub fn has_wrong_spec(&self) -> bool {
        let is_wrong = |case: &&CaseReport| {
            let mut findings = case.findings.iter();
            findings.any(|finding| finding.message.as_str().starts_with(SPEC_IS_WRONG))
        };
        let cases = self.cases.iter();
        let mut unknown = cases
            .filter(|case| case.verdict == Verdict::Unknown)
            .peekable();
        unknown.peek().is_some() && unknown.all(|case| is_wrong(&case))
    }

    /// The process exit status that says the same: 0 for full marks, 1 when points were lost, 3 when something could not
    /// be graded (then the score is not final, whatever else was lost).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let unknown = self.cases.iter().any(|case| match case.verdict {
            Verdict::Unknown => true,
            Verdict::Pass | Verdict::Fail | Verdict::Skipped => false,
        });
        // A report without cases has graded nothing: that must never look like success to a script.
        if unknown || self.cases.is_empty() {
            3
        } else if self.score.earned < self.score.max {
            1
        } else {
            0
        }
    }
}

impl CaseReport {
    /// Points earned; `None`: what the case is worth to the submission could not be found out.
    #[must_use]
    pub fn points(&self) -> Option<u32> {
        match self.verdict {
            Verdict::Pass | Verdict::Fail | Verdict::Skipped => Some(self.earned),
            Verdict::Unknown => None,
        }
    }
}

impl Schema {
    /// What reports write.
    pub const NAME: &'static str = "ipclab/report/v1";
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::NAME)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        by_name::schema(deserializer, "report", Self::NAME).map(|()| Self)
    }
}
