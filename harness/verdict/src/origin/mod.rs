//! Origins: where in the student's text that comes from which a finding's line shows.
//!
//! A wrong port is seen at `bind()` and stands in a `#define`; a wrong count is seen where it is sent and made by a
//! `strlen()` above. The files that were handed in are read for that, within bounds: the call on the line, its arguments, the
//! last place before it that gives their names a value, and so on. This is a reader's guess at where to look next. No verdict
//! and no message depends on it.

mod arguments;
mod around;
mod children;
mod end;
mod files;
mod format;
mod kinds;
mod lexer;
mod look;
mod missed;
mod more;
mod named;
mod origins;
mod printed;
mod refused;
mod removed;
mod results;
mod rounds;
mod semaphores;
mod shared;
mod shown;
mod source;
mod trail;
mod value;
mod worked;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, SourceLine};
use ipclab_judge::{Finding, Verdict};
use ipclab_spec::Case;

use look::Look;
use source::Source;

/// Lines that are named as the origin of one finding.
const FROM_MAX: usize = 2;

/// The files of a submission. They are read as C when the first finding is traced: where all is well, never.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    files: &'a BTreeMap<String, String>,
    read: OnceCell<Vec<Source<'a>>>,
}

/// Where a finding shows, and where that comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// As [`Finding::lines`]; found by the text where the run does not say it.
    pub lines: Vec<SourceLine>,
    /// The lines that bring it about, the nearest first; none of them is the first of `lines`.
    pub from: Vec<SourceLine>,
}

impl<'a> Sources<'a> {
    /// Those files, by their names.
    #[must_use]
    pub fn new(files: &'a BTreeMap<String, String>) -> Self {
        Self {
            files,
            read: OnceCell::new(),
        }
    }

    fn read(&self) -> &[Source<'a>] {
        self.read.get_or_init(|| {
            let files = self.files.iter();
            files
                .filter_map(|(name, text)| Source::read(name, text))
                .collect()
        })
    }

    /// Traces a finding that did not pass; `evidence` is of the run that it speaks of.
    #[must_use]
    pub fn trace(&self, case: &Case, evidence: Option<&Evidence>, finding: &Finding) -> Traced {
        let mut lines = finding.lines.clone();
        let failed = matches!(finding.verdict, Verdict::Fail | Verdict::Unknown);
        let evidence = evidence.filter(|_| failed && !self.read().is_empty());
        let Some(evidence) = evidence else {
            return Traced {
                lines,
                from: Vec::new(),
            };
        };
        let look = Look::new(self.read(), case, evidence, finding);
        if lines.is_empty() {
            lines.extend(look.shown());
        }
        let mut from: Vec<SourceLine> = Vec::new();
        let origins = look.origins(&lines).into_iter();
        for line in origins.chain(look.around(&lines)) {
            // The first and the last of the lines are shown anyway.
            let is_shown = [lines.first(), lines.last()].contains(&Some(&line));
            if !is_shown && !from.contains(&line) {
                from.push(line);
            }
        }
        from.truncate(FROM_MAX);
        Traced { lines, from }
    }
}
