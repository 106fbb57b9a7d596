//! A class: what many submissions of one lab came to, as plain data.
//!
//! An [`Entry`] is all that is known of one submission: a page for a student is made of it, and a line of
//! `results.jsonl` holds it. A [`Class`] is the table of all of them, and small: it keeps of each report what tables and
//! gradebooks need, so that a class of thousands fits where a few whole reports do.

use ipclab_judge::Verdict;
use ipclab_spec::{Aspect, Case, Tier, Visibility};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Alike, CaseReport, CauseReport, Line, Mark, Regrade, Report, Score, Settled, Student, Who,
    by_name, cause,
};

/// One submission of a class, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its owner.
    pub who: Who,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was graded; single cases can be unknown all the same.
    Report(Box<Report>),
    /// It was not.
    NotGraded(NotGraded),
}

/// Why a submission could not be graded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotGraded {
    /// As a sentence without a full stop: `homework.zip is refused: ../../x leads out of it`.
    pub why: Line,
    /// Our trouble or the machine's; otherwise what was handed in is the reason.
    pub ours: bool,
}

/// What all submissions of a class came to. As JSON it is `ipclab/class/v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// `ipclab/class/v1`
    pub schema: ClassSchema,
    /// The lab's name.
    pub lab: Line,
    /// The lab's title.
    pub title: Line,
    /// Questions of the unit that the lab is about.
    pub unit: Vec<Line>,
    /// Points that each submission could earn.
    pub max: u32,
    /// The cases that were graded, in the spec's order.
    pub cases: Vec<ClassCase>,
    /// The submissions, by id.
    pub submissions: Vec<Member>,
    /// Students of the roster of whom there is no submission, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Student>,
    /// The mark of what was not handed in, as the class's own file says; `None`: there is no mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_handed_in: Option<u32>,
    /// What is to be known about the class as a whole: what was handed in without an owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Line>,
    /// Submissions that are alike, for the staff to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<Alike>,
    /// What the last regrade changed, or what this one would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regrade: Option<Regrade>,
}

/// A case that a class was graded by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCase {
    /// `echo-one`
    pub id: Line,
    /// For people.
    pub title: Line,
    /// Graded apart.
    #[serde(with = "by_name::Tier")]
    pub tier: Tier,
    /// Points that could be earned.
    pub max: u32,
    /// Questions of the unit that it tests.
    pub covers: Vec<Line>,
    /// The readers that may see what came of it.
    #[serde(with = "by_name::Visibility")]
    pub visibility: Visibility,
}

/// One submission in the table of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its owner.
    pub who: Who,
    /// What became of it.
    pub standing: Standing,
    /// What the instructor says of it, and what being late costs.
    #[serde(default, skip_serializing_if = "Settled::is_nothing")]
    pub settled: Settled,
}

/// What became of a submission, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was graded.
    Graded(Summary),
    /// It was not.
    NotGraded(NotGraded),
}

/// A report in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Points.
    pub score: Score,
    /// Programs that could not be built: name and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_built: Vec<NotBuilt>,
    /// Its cases, in the spec's order.
    pub cases: Vec<Cell>,
}

/// A program that could not be built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBuilt {
    /// `iserver`
    pub program: Line,
    /// One sentence.
    pub why: Line,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Line>,
    /// Our trouble or the machine's.
    pub ours: bool,
}

/// A case of a submission, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The case's id.
    pub id: Line,
    /// Its outcome.
    #[serde(with = "by_name::Verdict")]
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// What the first finding that did not pass says; `None`: it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Line>,
    /// What that finding is about.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "by_name::optional_aspect"
    )]
    pub aspect: Option<Aspect>,
    /// The mistake that it comes from, where the judge made one out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CellCause>,
}

/// A mistake, the same in whatever cases it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellCause {
    /// Its name in the class: [`cause::named`].
    pub id: Line,
    /// In a teacher's words.
    pub says: Line,
}

/// Name and version of the format; reading any other is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassSchema;

impl Entry {
    /// The same in short.
    #[must_use]
    pub fn member(&self) -> Member {
        Member {
            who: self.who.clone(),
            standing: match &self.outcome {
                Outcome::Report(report) => Standing::Graded(Summary::of(report)),
                Outcome::NotGraded(why) => Standing::NotGraded(why.clone()),
            },
            settled: Settled::default(),
        }
    }

    /// Whether every case was graded, so that there is a mark that stands.
    #[must_use]
    pub fn is_graded(&self) -> bool {
        match &self.outcome {
            Outcome::Report(report) => report.exit_code() != 3,
            Outcome::NotGraded(_) => false,
        }
    }
}

impl Summary {
    /// What it came to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let known = |cell: &Cell| match cell.verdict {
            Verdict::Pass | Verdict::Fail | Verdict::Skipped => true,
            Verdict::Unknown => false,
        };
        // A report without cases has graded nothing.
        let whole = !self.cases.is_empty() && self.cases.iter().all(known);
        Mark::of(self.score.earned, self.score.unknown, whole)
    }

    /// A report in short.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let problems = report.programs.iter().filter_map(|program| {
            let problem = program.problem.as_ref()?;
            Some(NotBuilt {
                program: program.name.clone(),
                why: problem.message.clone(),
                remedy: problem
                    .remedy
                    .as_ref()
                    .and_then(|remedy| remedy.lines().first().cloned()),
                ours: problem.ours,
            })
        });
        Self {
            score: report.score.clone(),
            not_built: problems.collect(),
            cases: report
                .cases
                .iter()
                .map(|case| Cell::of(case, &report.causes))
                .collect(),
        }
    }
}

impl Cell {
    fn of(case: &CaseReport, causes: &[CauseReport]) -> Self {
        let matters = |verdict: Verdict| match verdict {
            Verdict::Pass => false,
            Verdict::Fail | Verdict::Unknown | Verdict::Skipped => true,
        };
        let mut telling = case
            .findings
            .iter()
            .filter(|finding| finding.graded && matters(finding.verdict));
        let telling = telling.next().filter(|_| matters(case.verdict));
        Self {
            id: case.id.clone(),
            verdict: case.verdict,
            earned: case.earned,
            says: telling.map(|finding| finding.message.clone()),
            aspect: telling.map(|finding| finding.aspect),
            cause: telling.and_then(|finding| {
                let cause = causes
                    .iter()
                    .find(|cause| Some(cause.number) == finding.cause)?;
                Some(CellCause {
                    id: Line::new(&cause::named(cause)?),
                    says: cause.message.clone(),
                })
            }),
        }
    }
}

impl Cell {
    /// Points earned; `None`: the case could not be graded.
    #[must_use]
    pub fn points(&self) -> Option<u32> {
        match self.verdict {
            Verdict::Pass | Verdict::Fail | Verdict::Skipped => Some(self.earned),
            Verdict::Unknown => None,
        }
    }
}

impl ClassCase {
    /// The same as a report has it.
    #[must_use]
    pub fn of_report(case: &CaseReport) -> Self {
        Self {
            id: case.id.clone(),
            title: case.title.clone(),
            tier: case.tier,
            max: case.max,
            covers: case.covers.clone(),
            visibility: case.visibility,
        }
    }

    /// What a class is told of a case.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        Self {
            id: Line::new(&case.id),
            title: Line::new(&case.title),
            tier: case.tier,
            max: case.points.max(),
            covers: case.covers.iter().map(|text| Line::new(text)).collect(),
            visibility: case.visibility,
        }
    }
}

impl ClassSchema {
    /// What classes write.
    pub const NAME: &'static str = "ipclab/class/v1";
}

impl Serialize for ClassSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::NAME)
    }
}

impl<'de> Deserialize<'de> for ClassSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        by_name::schema(deserializer, "class", Self::NAME).map(|()| Self)
    }
}
