//! Resolving: from what was written to what it means, complaining about everything that cannot be meant.

mod actor;
mod calls;
mod case;
mod context;
mod endpoint;
mod fault;
mod flaw;
mod given;
mod hints;
mod leaves;
mod mappings;
mod number;
mod objects;
mod order;
mod output;
mod path;
mod peer;
mod points;
mod posix;
mod said;
mod scan;
mod shm;
mod signals;
mod subject;
mod template;
mod time;
mod vary;
mod wire;
mod words;

use std::time::Duration;

use crate::diagnostic::Diagnostics;
use crate::glob::{globs, is_glob};
use crate::raw::{At, Many, RawCase, RawProgram, RawSpec, ReferenceForm};
use crate::tree::Span;
use crate::{Case, Player, Program, Reference, Spec, Step};

#[cfg(test)]
pub(crate) use peer::STEPS as PEER_STEPS;
pub(crate) use template::Scope;

/// The version of the language.
const FORMAT: i64 = 2;
/// The oldest that is still read, and means what it meant.
const OLDEST_FORMAT: i64 = 1;
/// When the file says nothing: long enough for a slow machine, since nothing waits for it.
const LIMIT_DEFAULT: Duration = Duration::from_secs(10);

/// Resolves a whole file.
pub(crate) fn resolve(
    raw: &RawSpec,
    requirements: Option<&[String]>,
    diagnostics: &mut Diagnostics,
) -> Spec {
    header(raw, diagnostics);
    let text = |at: &Option<At<String>>| at.as_ref().map(|at| at.value.clone()).unwrap_or_default();
    let unit: Vec<String> = items(raw.unit.as_ref());
    let limit = raw
        .limit
        .as_ref()
        .and_then(|limit| match time::duration(&limit.value) {
            Ok(limit) => Some(limit),
            Err(flaw) => {
                diagnostics.flaw(limit, flaw);
                None
            }
        });
    let programs: Vec<Program> = raw
        .program
        .iter()
        .flat_map(|table| table.iter())
        .map(|(name, raw)| program(name, raw, diagnostics))
        .collect();
    same_sources(raw, diagnostics);
    let raw_cases: &[RawCase] = raw.case.as_ref().map_or(&[], |cases| &cases.0);
    let ids: Vec<At<String>> = raw_cases
        .iter()
        .filter_map(|case| case.id.clone())
        .collect();
    twice(&ids, diagnostics);
    let hints = hints::hints(raw.hints.as_ref(), diagnostics);
    let lab = case::Lab {
        hints: &hints,
        programs: &programs,
        unit: &unit,
        requirements,
        limit: limit.unwrap_or(LIMIT_DEFAULT),
        ids: &ids,
        everywhere: raw.format.as_ref().is_some_and(|format| format.value >= 2),
    };
    let cases: Vec<Case> = raw_cases
        .iter()
        .map(|raw| case::case(raw, &lab, diagnostics))
        .collect();
    circular_requires(raw_cases, &cases, diagnostics);
    unused(raw, &cases, diagnostics);
    Spec {
        lab: text(&raw.lab),
        title: text(&raw.title),
        unit,
        hosts: given::hosts(raw.hosts.as_ref(), diagnostics),
        programs,
        cases,
    }
}

fn items(many: Option<&Many>) -> Vec<String> {
    many.into_iter()
        .flat_map(|many| &many.items)
        .map(|item| item.value.clone())
        .collect()
}

fn header(raw: &RawSpec, diagnostics: &mut Diagnostics) {
    // There is no better place for what is not there than the file's beginning.
    let start: Span = 0..0;
    match &raw.format {
        None if !raw.lacks("format") => {}
        None => {
            diagnostics
                .error(&start, "the file does not say its `format`")
                .help(format!("write format = {FORMAT}"))
                .consequence();
        }
        Some(format) if !(OLDEST_FORMAT..=FORMAT).contains(&format.value) => {
            diagnostics
                .error(
                    &format.span,
                    format!("format {} is not known here", format.value),
                )
                .help(format!(
                    "this version reads formats {OLDEST_FORMAT} to {FORMAT}"
                ));
        }
        Some(_) => {}
    }
    for (key, value, why) in [
        ("lab", &raw.lab, "the lab's name, which is also the file's"),
        ("title", &raw.title, "the lab's title, for people"),
    ] {
        match value {
            None if !raw.lacks(key) => {}
            None => {
                diagnostics
                    .error(&start, format!("the file has no `{key}`"))
                    .help(why)
                    .consequence();
            }
            Some(at) if at.value.trim().is_empty() => {
                diagnostics
                    .error(&at.span, format!("`{key}` is empty"))
                    .help(why);
            }
            Some(_) => {}
        }
    }
    if let Some(lab) = &raw.lab
        && lab
            .value
            .contains(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
    {
        diagnostics
            .error(
                &lab.span,
                format!("`{}` is no name of a lab", lab.value.escape_debug()),
            )
            .help("a name has letters, digits, - and _");
    }
    if raw
        .program
        .as_ref()
        .is_none_or(|table| table.entries.is_empty())
        && raw.lacks("program")
    {
        diagnostics
            .error(&start, "the lab has no programs")
            .help("write [program.NAME] with source = [\"NAME.c\"]")
            .consequence();
    }
    if raw.case.as_ref().is_none_or(|cases| cases.0.is_empty()) && raw.lacks("case") {
        diagnostics
            .error(&start, "the lab has no cases")
            .help("write [[case]]")
            .consequence();
    }
}

fn program(name: &At<String>, raw: &RawProgram, diagnostics: &mut Diagnostics) -> Program {
    program_name(name, diagnostics);
    let sources = items(raw.source.as_ref());
    if sources.is_empty() && raw.lacks("source") {
        let span = raw.source.as_ref().map_or(&raw.span, |source| &source.span);
        diagnostics
            .error(span, format!("`{}` has no `source`", name.value))
            .help(format!("write source = [\"{}.c\"]", name.value))
            .consequence();
    }
    for source in raw.source.iter().flat_map(|many| &many.items) {
        inside(source, diagnostics);
        if is_glob(&source.value) && source.value.contains('/') {
            diagnostics
                .error(
                    &source.span,
                    "a pattern is one of a file's name, in whatever folder",
                )
                .help("write it without folders: \"*server*.c\"");
        }
    }
    let reference = match &raw.reference {
        None => Reference::None,
        Some(ReferenceForm::Name(name)) => {
            if !is_plain(&name.value) {
                diagnostics
                    .error(&name.span, format!("`{}` is no name of a reference program", name.value.escape_debug()))
                    .help("sources beside the spec are written reference = { source = [\"ref/server.c\"] }");
            }
            Reference::BuiltIn(name.value.clone())
        }
        Some(ReferenceForm::Sources(many)) => {
            if many.items.is_empty() {
                diagnostics
                    .error(&many.span, "this reference has no `source`")
                    .consequence();
            }
            for source in &many.items {
                inside(source, diagnostics);
                if is_glob(&source.value) {
                    diagnostics
                        .error(
                            &source.span,
                            "a reference is built from files, not from a pattern",
                        )
                        .help("name each of them");
                }
            }
            Reference::Sources(items(Some(many)))
        }
    };
    if let Some(build) = &raw.build {
        command_line(build, diagnostics);
    }
    Program {
        name: name.value.clone(),
        sources,
        build: raw.build.as_ref().map(|build| build.value.clone()),
        flags: items(raw.flags.as_ref()),
        reference,
    }
}

/// Complains about patterns that mean a source of another program, too: which of two programs a file is must be plain.
fn same_sources(raw: &RawSpec, diagnostics: &mut Diagnostics) {
    let programs = || raw.program.iter().flat_map(|table| table.iter());
    let sources = |program: &RawProgram| {
        let many = program.source.iter();
        many.flat_map(|many| many.items.clone()).collect::<Vec<_>>()
    };
    for (name, program) in programs() {
        let own = sources(program);
        for pattern in own.iter().filter(|source| is_glob(&source.value)) {
            let meant = |file: &str| globs(&pattern.value.to_lowercase(), &file.to_lowercase());
            let others = programs().filter(|(other, _)| other.value != name.value);
            let both = others.flat_map(|(other, program)| {
                let sources = sources(program).into_iter();
                sources.map(move |source| (other.value.clone(), source))
            });
            let both = both.filter(|(_, source)| {
                meant(&source.value) && !own.iter().any(|own| own.value == source.value)
                    || pattern.value == source.value
            });
            if let Some((other, source)) = both.into_iter().next() {
                diagnostics
                    .error(
                        &pattern.span,
                        format!("`{}` means a source of `{other}`, too", pattern.value),
                    )
                    .also(source.span, "this one");
            }
        }
    }
}

/// Checks the name of a program, which becomes a file's.
pub(crate) fn program_name(name: &At<String>, diagnostics: &mut Diagnostics) {
    if !is_plain(&name.value) {
        diagnostics
            .error(
                &name.span,
                format!("`{}` is no name of a program", name.value.escape_debug()),
            )
            .help("a name has letters, digits, -, _, . and +");
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['.', '-'])
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
}

/// A source is in the folder, not above it or elsewhere.
pub(crate) fn inside(source: &At<String>, diagnostics: &mut Diagnostics) {
    let path = source.value.as_str();
    let outside = path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..");
    if path.trim().is_empty() || path.contains('\0') {
        diagnostics.error(&source.span, "this names no file");
    } else if outside {
        diagnostics
            .error(&source.span, format!("`{path}` leads out of the folder"))
            .help("write a path relative to the folder");
    }
}

/// Reads a command line without templates, such as a build line.
pub(crate) fn command_line(line: &At<String>, diagnostics: &mut Diagnostics) -> Vec<String> {
    match words::words(&line.value) {
        Ok(words) => {
            if words.is_empty() {
                diagnostics.error(&line.span, "this command is empty");
            } else if line.value.contains('\0') {
                diagnostics.error(&line.span, "a command has no NUL");
            }
            words.into_iter().map(|word| word.text).collect()
        }
        Err(flaw) => {
            diagnostics.flaw(line, flaw);
            Vec::new()
        }
    }
}

fn twice(ids: &[At<String>], diagnostics: &mut Diagnostics) {
    for (at, id) in ids.iter().enumerate() {
        if let Some(first) = ids[..at].iter().find(|first| first.value == id.value) {
            diagnostics
                .error(&id.span, format!("two cases are called `{}`", id.value))
                .also(first.span.clone(), "the first");
        }
    }
}

fn circular_requires(raw: &[RawCase], cases: &[Case], diagnostics: &mut Diagnostics) {
    for (raw, case) in raw.iter().zip(cases) {
        let mut seen: Vec<&str> = Vec::new();
        let mut next: Vec<&str> = case.requires.iter().map(String::as_str).collect();
        while let Some(id) = next.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let required = cases.iter().find(|case| case.id == id);
            next.extend(
                required
                    .into_iter()
                    .flat_map(|case| &case.requires)
                    .map(String::as_str),
            );
        }
        if let (true, Some(requires)) = (seen.contains(&case.id.as_str()), &raw.requires) {
            diagnostics.error(
                &requires.span,
                format!("`{}` requires itself in the end", case.id),
            );
        }
    }
}

fn unused(raw: &RawSpec, cases: &[Case], diagnostics: &mut Diagnostics) {
    for (name, _) in raw.program.iter().flat_map(|table| table.iter()) {
        let used = cases
            .iter()
            .flat_map(|case| &case.actors)
            .any(|actor| match &actor.player {
                Player::Student { program, .. } | Player::Reference { program, .. } => {
                    *program == name.value
                }
                Player::Peer { .. } => false,
            });
        if !used {
            diagnostics
                .warning(&name.span, format!("no case uses `{}`", name.value))
                .consequence();
        }
    }
}

/// Reads one step of a scripted peer whose variables have been filled in already, as plans carry it.
///
/// # Errors
///
/// What is wrong with it, in a line.
pub fn parse_step(text: &str, actors: &[String]) -> Result<Step, String> {
    let scope = Scope {
        actors: actors.to_vec(),
        filled: true,
        ..Scope::default()
    };
    peer::step(text, &scope).map_err(|flaw| match flaw.help {
        Some(help) => format!("{} ({help})", flaw.message),
        None => flaw.message,
    })
}

/// Splits a command line into words as a shell would, without its other powers: `'...'` and `"..."` keep blanks, `''`
/// is an empty word, a backslash takes the next character as it is.
///
/// # Errors
///
/// A quote is never closed, or nothing follows a backslash.
pub fn split_command(line: &str) -> Result<Vec<String>, String> {
    words::words(line)
        .map(|words| words.into_iter().map(|word| word.text).collect())
        .map_err(|flaw| flaw.message)
}
