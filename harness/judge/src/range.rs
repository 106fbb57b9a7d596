//! Ranges: how many of something there must be.

use ipclab_spec::{Aspect, Count, Template};

use crate::finding::Finding;
use crate::quote::count;

/// Why a count cannot be judged.
pub(crate) const NO_NUMBER: &str = "the spec's number has no value";

/// How many there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) least: Option<u64>,
    pub(crate) most: Option<u64>,
}

impl Range {
    /// A count of the spec, its variables filled in. `None`: it is no number.
    pub(crate) fn of(count: &Count) -> Option<Self> {
        let number = |side: &Option<Template>| match side {
            None => Some(None),
            Some(side) => side.as_text()?.trim().parse::<u64>().ok().map(Some),
        };
        Some(Self {
            least: number(&count.least)?,
            most: number(&count.most)?,
        })
    }

    pub(crate) fn has(self, seen: u64) -> bool {
        self.least.is_none_or(|least| least <= seen) && self.most.is_none_or(|most| seen <= most)
    }

    /// The only number that it has.
    pub(crate) fn only(self) -> Option<u64> {
        self.least.filter(|least| self.most == Some(*least))
    }

    /// `1 byte`, `at least 1024 bytes`
    pub(crate) fn counted(self, noun: &str) -> String {
        match self.only() {
            Some(number) => count(number, noun),
            None => format!("{} {noun}s", self.text()),
        }
    }

    /// `4`, `at least 1`, `1 to 3`
    pub(crate) fn text(self) -> String {
        match (self.least, self.most) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "any number".to_owned(),
        }
    }
}

/// The finding for a count that the spec has not filled in.
pub(crate) fn no_number(aspect: Aspect) -> Finding {
    Finding::unknown(aspect, None, NO_NUMBER)
}
