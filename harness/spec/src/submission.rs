//! A submission's own `ipclab.toml`: where its programs are, how they are built and run.
//!
//! Students write it, so it is never trusted; it can say nothing that reaches out of the submission's folder.

use crate::diagnostic::Diagnostics;
use crate::raw::{At, Keyed, RawMapped, RawMapping, Read};
use crate::resolve::{command_line, inside, program_name};
use crate::tree::{self, Node, Value};

/// What a submission says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The lab that it is for.
    pub lab: Option<String>,
    /// Its programs, in file order.
    pub programs: Vec<Mapped>,
}

impl Mapping {
    /// What it says of the program that the lab calls so.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<&Mapped> {
        self.programs.iter().find(|program| program.name == name)
    }
}

/// Where a program of a submission is. At least one of the four says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// As the lab calls it.
    pub name: String,
    /// Its source files, relative to the folder; all of them are needed.
    pub sources: Vec<String>,
    /// The words of its build command; empty: built as any other.
    pub build: Vec<String>,
    /// The words of the command that runs it, before the program's own arguments; empty: the built program is run.
    pub run: Vec<String>,
    /// Arguments that the built program gets before those of each case.
    pub args: Vec<String>,
}

/// Reads a submission's `ipclab.toml`. `name` is what messages call the file.
///
/// # Errors
///
/// Every mistake of the file.
pub fn submission(name: &str, text: &str) -> Result<Mapping, Diagnostics> {
    let mut diagnostics = Diagnostics::new(name, text);
    let root = tree::read(text, &mut diagnostics);
    let syntax_errors = diagnostics.len();
    let root = Node {
        span: 0..0,
        value: Value::Table(root),
    };
    let mapping = RawMapping::read(&root, &mut diagnostics).map(|raw| Mapping {
        lab: raw.lab.map(|lab| lab.value),
        programs: raw
            .program
            .iter()
            .flat_map(Keyed::iter)
            .map(|(name, raw)| mapped(name, raw, &mut diagnostics))
            .collect(),
    });
    if syntax_errors > 0 {
        diagnostics.forget_consequences(syntax_errors);
    }
    let diagnostics = diagnostics.finish();
    match mapping {
        Some(mapping) if !diagnostics.has_errors() => Ok(mapping),
        _ => Err(diagnostics),
    }
}

fn mapped(name: &At<String>, raw: &RawMapped, diagnostics: &mut Diagnostics) -> Mapped {
    program_name(name, diagnostics);
    let sources: &[At<String>] = raw.source.as_ref().map_or(&[], |many| &many.items);
    for source in sources {
        inside(source, diagnostics);
    }
    let says_nothing = raw.build.is_none() && raw.run.is_none() && raw.args.is_none();
    if sources.is_empty() && says_nothing && raw.unread.is_empty() {
        let span = raw.source.as_ref().map_or(&raw.span, |many| &many.span);
        diagnostics
            .error(span, format!("this says nothing of `{}`", name.value))
            .help("say source = \"src/My Server.c\", build = \"...\", run = \"...\" or args = \"...\"")
            .consequence();
    }
    if let (Some(_), Some(args)) = (&raw.run, &raw.args) {
        diagnostics
            .error(&args.span, "`run` has its arguments in it already")
            .help("put them behind the command of `run`");
    }
    let mut command = |line: &Option<At<String>>| {
        line.as_ref()
            .map(|line| command_line(line, diagnostics))
            .unwrap_or_default()
    };
    Mapped {
        name: name.value.clone(),
        sources: sources.iter().map(|source| source.value.clone()).collect(),
        build: command(&raw.build),
        run: command(&raw.run),
        args: command(&raw.args),
    }
}
