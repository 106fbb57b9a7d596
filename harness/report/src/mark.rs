//! A mark: the only number that may stand for a submission, or the range that it lies in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a submission that was graded came to: the only number that may stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Every case was graded.
    Final(u32),
    /// Points that are certain, and what they could be at most: some cases could not be graded.
    Range {
        /// Earned for certain.
        least: u32,
        /// Earned if everything that could not be graded were right.
        most: u32,
    },
}

impl Mark {
    /// Of points that were earned, points that could not be graded, and whether every case was graded.
    #[must_use]
    pub fn of(earned: u32, unknown: u32, whole: bool) -> Self {
        if whole {
            Self::Final(earned)
        } else {
            Self::Range {
                least: earned,
                most: earned.saturating_add(unknown),
            }
        }
    }

    /// The points, where they are final.
    #[must_use]
    pub fn final_points(self) -> Option<u32> {
        match self {
            Self::Final(points) => Some(points),
            Self::Range { .. } => None,
        }
    }
}

impl fmt::Display for Mark {
    /// `12`, `9 to 12`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final(points) => write!(f, "{points}"),
            Self::Range { least, most } => write!(f, "{least} to {most}"),
        }
    }
}
