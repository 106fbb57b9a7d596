//! A file of a submission, as the staff reads it beside the findings.

use serde::{Deserialize, Serialize};

use crate::{Block, Line};

/// A file that a student handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path in the submission.
    pub name: Line,
    /// What is in it.
    pub text: Block,
    /// Whether its end is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}
