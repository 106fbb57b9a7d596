//! The owner of a submission: students, as far as they are known, and how it came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Line, Timing};

/// The owner of a submission, and how it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Names the submission in its class, the same in every run.
    pub id: Line,
    /// The same as a name for files: ASCII letters, digits, `-`, `_` and `.`, of at most 100 bytes, unlike any other's.
    pub page: Line,
    /// The students that handed it in, as far as they are known: several are a team.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub students: Vec<Student>,
    /// Whether it came after the deadline; `None`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<bool>,
    /// When it came, as far as that is known.
    #[serde(default, skip_serializing_if = "Timing::is_unknown")]
    pub timing: Timing,
    /// The name that its system takes files of feedback by, before the file's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns_as: Option<Line>,
    /// What else came with it, by name: `group`, `handed in`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<Line, Line>,
    /// What is to be known about how it was taken in: `unpacked homework.zip`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Line>,
}

/// A student, as far as a submission's name, its metadata and a roster say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Student {
    /// As they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// What other systems know them by; the keys are this type's constants.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<Line, Line>,
}

impl Student {
    /// The number of a Canvas user.
    pub const CANVAS: &'static str = "canvas";
    /// The number in a Moodle submission's name, which is the `Identifier` of grading worksheets.
    pub const MOODLE: &'static str = "moodle";
    /// The number of a Gradescope user.
    pub const GRADESCOPE: &'static str = "gradescope";
    /// The institution's own number.
    pub const NUMBER: &'static str = "number";
    /// The name that a student logs in by.
    pub const LOGIN: &'static str = "login";
    /// The name on GitHub.
    pub const GITHUB: &'static str = "github";
    /// The address of e-mail.
    pub const EMAIL: &'static str = "email";
    /// The part of the class.
    pub const SECTION: &'static str = "section";

    /// What is known under one of the constants above.
    #[must_use]
    pub fn id(&self, key: &str) -> Option<&Line> {
        self.ids
            .iter()
            .find(|(name, _)| name.as_str() == key)
            .map(|(_, id)| id)
    }
}
