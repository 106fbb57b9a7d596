//! What became of the programs that a student handed in: found, built, and what the compiler said.

use serde::{Deserialize, Serialize};

use crate::{Block, Line};

/// One program of the lab and how its build went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `iserver`
    pub name: Line,
    /// Files that it was built from, relative to the submission.
    pub sources: Vec<Line>,
    /// How it was built, or how it is run when nothing has to be built: `cc -std=gnu17 ... iserver.c`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Line>,
    /// Why it could not be built; `None`: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What the build stage noticed and what costs nothing: `ignored the committed binary a.out`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Line>,
    /// Warnings of the compiler. They cost nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compiler: Vec<CompilerMessage>,
}

/// Why a program could not be built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// One sentence: `the compiler refused iserver.c`, `no source of iserver found`.
    pub message: Line,
    /// Our trouble or the machine's, not the student's: no compiler, a full disk.
    #[serde(default)]
    pub ours: bool,
    /// The compiler's first errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<CompilerMessage>,
    /// What the build wrote, where no errors could be made out in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Block>,
    /// What is there instead, for a source that was not found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Line>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Block>,
}

/// One message of a compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompilerMessage {
    /// File, relative to the submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Line>,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// How bad it is.
    pub severity: Severity,
    /// What it says.
    pub message: Line,
    /// The source line and the caret under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Block>,
}

/// How bad a compiler's message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The build failed over it.
    Error,
    /// It did not.
    Warning,
    /// It belongs to the message before.
    Note,
}

impl Severity {
    /// As compilers and reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl CompilerMessage {
    /// `iserver.c:12:5`, as far as it is known.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let mut place = self.file.as_ref()?.to_string();
        for number in [self.line, self.column] {
            match number {
                Some(number) => place.push_str(&format!(":{number}")),
                None => break,
            }
        }
        Some(place)
    }
}

impl Program {
    /// A program that was built from these files and about which there is nothing to say.
    #[must_use]
    pub fn built(name: &str, sources: &[&str]) -> Self {
        Self {
            name: name.into(),
            sources: sources.iter().map(|source| Line::new(source)).collect(),
            command: None,
            problem: None,
            warnings: Vec::new(),
            compiler: Vec::new(),
        }
    }
}
