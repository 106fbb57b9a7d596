//! What stands beside what was graded: when a submission came, what the instructor says of it, what being late costs.

use serde::{Deserialize, Serialize};

use crate::Line;

/// When a submission came, as far as its system or a roster says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// When it was handed in, in the words of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<Line>,
    /// A deadline of its student's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Line>,
    /// By how many seconds it is late, as the system counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_by_s: Option<u64>,
    /// What its system says of time in a way that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Line>,
    /// The days that its student may be late without losing anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip_days: Option<u32>,
}

/// What the rule makes of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// By how many seconds it is late; `None`: it is late, and it is unknown by how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_s: Option<u64>,
    /// The days that count, after grace and slip days; `None`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The mark before, and what is taken off it: at least and at most.
    pub least: u32,
    /// The most that can be taken off.
    pub most: u32,
    /// For people: `2 days 3 hours late: 3 days, 30 % of 28 points`.
    pub says: Line,
}

/// What an override gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// The mark, whatever was earned, and however late.
    Mark(u32),
    /// Points of a case.
    Case {
        /// The case's id.
        id: Line,
        /// What it counts now.
        points: u32,
        /// Points that could be earned.
        #[serde(default)]
        max: u32,
    },
    /// The days that count as late.
    LateDays(u32),
}

/// What was said by hand of one submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// What it changes; `None`: it is a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Given>,
    /// For the student.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Line>,
    /// For the staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Line>,
    /// Its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Line>,
    /// Its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Line>,
    /// The points that were earned where it gives others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<u32>,
}

/// What stands beside what was graded: the instructor's word, and the rule for late work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Said by hand, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_hand: Vec<ByHand>,
    /// What being late costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
}

impl Timing {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl Settled {
    /// Whether the mark is what was graded, and there is nothing to say beside it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The mark by hand; the last word counts.
    pub(crate) fn mark(&self) -> Option<u32> {
        self.by_hand.iter().rev().find_map(|one| match one.change {
            Some(Given::Mark(mark)) => Some(mark),
            _ => None,
        })
    }

    /// The days that count as late by hand.
    pub(crate) fn late_days(&self) -> Option<u32> {
        self.by_hand.iter().rev().find_map(|one| match one.change {
            Some(Given::LateDays(days)) => Some(days),
            _ => None,
        })
    }

    /// What a case counts by hand, and what could be earned with it.
    #[must_use]
    pub fn case(&self, case: &str) -> Option<(u32, u32)> {
        self.by_hand.iter().rev().find_map(|one| match &one.change {
            Some(Given::Case { id, points, max }) if id.as_str() == case => Some((*points, *max)),
            _ => None,
        })
    }

    /// What students read beside their mark.
    pub fn comments(&self) -> impl Iterator<Item = &Line> {
        self.by_hand.iter().filter_map(|one| one.comment.as_ref())
    }
}
