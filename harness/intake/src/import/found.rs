//! A submission that was found: its student and where it lies, nothing opened.

use std::path::PathBuf;

use ipclab_report::{Line, Student, Who};

/// A submission that was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The student it belongs to.
    pub who: Who,
    /// Where it is.
    pub from: From,
    /// What else it may be called in a roster.
    pub names: Vec<String>,
}

/// Where a submission is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// A folder.
    Folder(PathBuf),
    /// Files, and the name that the student gave each of them.
    Files(Vec<(PathBuf, String)>),
    /// There is nothing that could be graded, and why.
    Nothing(String),
}

impl Default for From {
    fn default() -> Self {
        Self::Files(Vec::new())
    }
}

impl Found {
    /// A submission of this id.
    pub fn new(id: &str, from: From) -> Self {
        Self {
            who: Who {
                id: Line::new(id),
                ..Who::default()
            },
            from,
            names: Vec::new(),
        }
    }

    /// With a student of this name and number at some system.
    #[must_use]
    pub fn by(mut self, name: Option<&str>, ids: &[(&str, &str)]) -> Self {
        let ids = ids.iter().filter(|(_, id)| !id.is_empty());
        self.who.students.push(Student {
            name: name.map(Line::new),
            ids: ids
                .map(|(key, id)| (Line::new(key), Line::new(id)))
                .collect(),
        });
        self.names.extend(name.map(str::to_owned));
        self
    }
}

/// What an importer is given beside the names.
pub struct ExpectedFiles<'a> {
    /// What the lab's programs are called: `iserver.c`, `server.c`.
    pub sources: &'a [String],
    /// Whether the lab has one program only, so that a single file is it.
    pub single: Option<&'a str>,
}

/// A name of the file system as text.
pub(super) fn text(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().into_owned()
}
