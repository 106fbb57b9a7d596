//! What differs between two gradings of one class: the students who gained or lost, in which case and by which cause.
//!
//! What the programs earned is compared. Where the instructor's word or the rule for late work makes another mark of it, the
//! marks that count stand beside it.

mod text;

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use serde::{Deserialize, Serialize};

use crate::{Line, Mark, Who, by_name, cause};

/// What a regrade of a class changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrade {
    /// What the gradings differ in: `another spec`.
    pub by: Line,
    /// Whether the later marks are the class's; otherwise they wait for the instructor.
    pub taken: bool,
    /// What differs.
    pub changes: Changes,
}

/// What differs between two gradings of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Members whose mark or cases differ, in the order of ids.
    pub members: Vec<Change>,
    /// How many members have the same mark by the same cases.
    pub same: usize,
    /// Points that could be earned, before and after.
    pub max: (u32, u32),
}

/// A member whose mark or cases differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its owner.
    pub who: Who,
    /// What the programs earned before.
    pub before: Held,
    /// What they earned after.
    pub after: Held,
    /// The marks that counted before and after, with what was given by hand and what late work cost.
    pub marks: [Option<Mark>; 2],
    /// The cases that differ, in the order of the later grading.
    pub cases: Vec<CaseChange>,
}

/// What a grading holds of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// It was graded.
    Mark(Mark),
    /// It was not graded.
    NotGraded {
        /// As a sentence.
        why: Line,
        /// Our trouble or the machine's.
        ours: bool,
    },
    /// The grading does not know it.
    Absent,
}

/// A case that differs. A side is `None` where the grading does not have the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseChange {
    /// The case's id.
    pub id: Line,
    /// Before.
    pub before: Option<CaseHeld>,
    /// After.
    pub after: Option<CaseHeld>,
}

/// What a grading holds of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseHeld {
    /// Its outcome.
    #[serde(with = "by_name::Verdict")]
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// What the first finding that did not pass says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Line>,
}

impl Changes {
    /// Whether no mark and no case differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The changes of members that had a final mark.
    pub fn of_marks(&self) -> impl Iterator<Item = &Change> {
        let members = self.members.iter();
        members.filter(|change| matches!(change.before, Held::Mark(Mark::Final(_))))
    }

    /// Changes of cases with one direction and one cause, those of most students first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut known: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
        for (member, change) in self.members.iter().enumerate() {
            for case in &change.cases {
                let says = case.cause();
                let cause = says.map_or(String::new(), |says| cause::sentence(says));
                let key = (case.direction(), case.id.as_str(), cause.clone());
                let at = *known.entry(key).or_insert(groups.len());
                if at == groups.len() {
                    groups.push(Group {
                        direction: case.direction(),
                        case: &case.id,
                        cause,
                        says,
                        of_before: case.says_is_of_before(),
                        members: Vec::new(),
                    });
                }
                groups[at].members.push(member);
            }
        }
        // Stable: of those that as many have, the order of students and cases.
        groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
        groups
    }
}

/// Changes of one case that have one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// What the case did to the students.
    pub direction: &'static str,
    /// The case's id.
    pub case: &'a Line,
    /// The cause without what differs from student to student.
    pub cause: String,
    /// What was said of the first of them.
    pub says: Option<&'a Line>,
    /// Whether that is what was wrong before, and is not any more.
    pub of_before: bool,
    /// Their places in the list of members.
    pub members: Vec<usize>,
}

impl Change {
    /// Points gained, below zero lost; `None`: one of the marks is not final.
    #[must_use]
    pub fn by(&self) -> Option<i64> {
        match (&self.before, &self.after) {
            (Held::Mark(Mark::Final(before)), Held::Mark(Mark::Final(after))) => {
                Some(i64::from(*after) - i64::from(*before))
            }
            _ => None,
        }
    }

    /// The same of the marks that count.
    #[must_use]
    pub fn mark_by(&self) -> Option<i64> {
        match self.marks {
            [Some(Mark::Final(before)), Some(Mark::Final(after))] => {
                Some(i64::from(after) - i64::from(before))
            }
            _ => None,
        }
    }

    /// Whether the marks that count are others than what was earned.
    #[must_use]
    pub fn counts_otherwise(&self) -> bool {
        self.marks != [self.before.mark(), self.after.mark()]
    }

    /// Whether a final mark would go for a reason that the student did not cause.
    #[must_use]
    pub fn loses_the_mark(&self) -> bool {
        let had = matches!(self.before, Held::Mark(Mark::Final(_)));
        let has_none = match &self.after {
            Held::Mark(Mark::Final(_)) | Held::Absent => false,
            Held::Mark(Mark::Range { .. }) => true,
            Held::NotGraded { ours, .. } => *ours,
        };
        had && has_none
    }
}

impl CaseChange {
    /// What the case did to its student.
    #[must_use]
    pub fn direction(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "new",
            (_, None) => "without",
            (Some(before), Some(after)) if before.max != after.max => "with other points for",
            (_, Some(after)) if after.verdict == Verdict::Unknown => "could not be graded in",
            (Some(before), _) if before.verdict == Verdict::Unknown => "graded now in",
            (Some(before), Some(after)) if after.earned > before.earned => "gained in",
            (Some(before), Some(after)) if after.earned < before.earned => "lost in",
            (Some(_), Some(_)) => "with another outcome and the same points in",
        }
    }

    /// The cause: what the later grading says, else what the earlier one said.
    #[must_use]
    pub fn says(&self) -> Option<&Line> {
        let says = |side: &'_ Option<CaseHeld>| side.as_ref().map(|held| held.says.is_some());
        if says(&self.after) == Some(true) {
            self.after.as_ref()?.says.as_ref()
        } else {
            self.before.as_ref()?.says.as_ref()
        }
    }

    /// The cause of the change. Where only the case's points are others, there is none in the student's work.
    fn cause(&self) -> Option<&Line> {
        let verdict = |side: &Option<CaseHeld>| side.as_ref().map(|held| held.verdict);
        self.says()
            .filter(|_| verdict(&self.before) != verdict(&self.after))
    }

    /// Whether only the earlier grading says a cause.
    pub(crate) fn says_is_of_before(&self) -> bool {
        self.after.as_ref().is_none_or(|held| held.says.is_none())
    }
}

impl Held {
    /// What was earned.
    fn mark(&self) -> Option<Mark> {
        match self {
            Self::Mark(mark) => Some(*mark),
            Self::NotGraded { .. } | Self::Absent => None,
        }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mark(mark) => mark.fmt(f),
            Self::NotGraded { why, .. } => write!(f, "no mark ({why})"),
            Self::Absent => f.write_str("not there"),
        }
    }
}
