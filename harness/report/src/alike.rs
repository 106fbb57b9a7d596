//! Submissions that are alike, as a lead for the staff. Small programs by one handout are alike by themselves: each number
//! stands beside how common it is in this class, and nothing here is a verdict.

use serde::{Deserialize, Serialize};

use crate::Line;

/// What is alike in a class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// Submissions whose code is the same but for names, numbers, texts and layout; each group by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<Vec<Line>>,
    /// Pairs that share the most beside the starter, the most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<AlikePair>,
    /// Percent of its code that a pair in the middle of the class shares.
    pub median: u32,
    /// Percent of all pairs that make the same calls in every case.
    pub same_trace: u32,
    /// How many pairs were compared for these two.
    pub compared: u64,
}

/// Two submissions that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlikePair {
    /// Their ids.
    pub ids: [Line; 2],
    /// Percent of the smaller one's code that the other has, too.
    pub shared: u32,
    /// In ten thousandths: how many pairs of the class share at least as much.
    pub so_many: u32,
    /// In how many cases both make the same calls in the same order, and of how many.
    pub same_trace: (u32, u32),
}
