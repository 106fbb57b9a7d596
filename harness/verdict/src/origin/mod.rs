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
mod signals;
mod source;
mod trail;
mod unheeded;
mod value;
mod worked;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::{Evidence, SourceLine};
use ipclab_judge::{Finding, Verdict};
use ipclab_report::{Line, Program};
use ipclab_spec::Case;

use look::Look;
use source::Source;

/// Lines that are named as the origin of one finding.
const FROM_MAX: usize = 2;

/// The files of a submission. They are read as C when the first finding is traced: where all is well, never.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    files: &'a BTreeMap<String, String>,
    /// Of each program the files that are another program's and none of its own.
    foreign: BTreeMap<&'a str, BTreeSet<&'a str>>,
    read: OnceCell<Vec<Source<'a>>>,
    /// The same without what is foreign to a program.
    own: OnceCell<BTreeMap<&'a str, Vec<Source<'a>>>>,
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
            foreign: BTreeMap::new(),
            read: OnceCell::new(),
            own: OnceCell::new(),
        }
    }

    /// Says what the programs are made of: where one goes wrong, the files of another one say nothing. Headers and files that
    /// the programs share are everyone's.
    #[must_use]
    pub fn of(mut self, programs: &'a [Program]) -> Self {
        for program in programs {
            let files = |of: &'a Program| of.sources.iter().map(Line::as_str);
            let own: BTreeSet<&str> = files(program).collect();
            let others = programs.iter().flat_map(files);
            let foreign: BTreeSet<&str> = others.filter(|file| !own.contains(file)).collect();
            // Of a program without a file nothing is known.
            if !own.is_empty() && !foreign.is_empty() {
                self.foreign.insert(program.name.as_str(), foreign);
            }
        }
        self
    }

    fn read(&self) -> &[Source<'a>] {
        self.read.get_or_init(|| {
            let files = self.files.iter();
            files
                .filter_map(|(name, text)| Source::read(name, text))
                .collect()
        })
    }

    /// What is read for a program: of a finding that shows in another program's file, all that there is.
    fn read_for(&self, program: Option<&str>, lines: &[SourceLine]) -> &[Source<'a>] {
        let own = self.own.get_or_init(|| {
            let programs = self.foreign.iter();
            let read = programs.map(|(program, foreign)| {
                let files = self.files.iter();
                let files = files.filter(|(name, _)| !foreign.contains(name.as_str()));
                let read = files.filter_map(|(name, text)| Source::read(name, text));
                (*program, read.collect())
            });
            read.collect()
        });
        let is_foreign = |program: &str| {
            let foreign = self.foreign.get(program);
            foreign.is_some_and(|foreign| {
                lines
                    .iter()
                    .any(|line| foreign.contains(line.file.as_str()))
            })
        };
        let program = program.filter(|program| !is_foreign(program));
        match program.and_then(|program| own.get(program)) {
            Some(read) => read,
            None => self.read(),
        }
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
        let sources = self.read_for(look.program(), &lines);
        let look = Look { sources, ..look };
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
