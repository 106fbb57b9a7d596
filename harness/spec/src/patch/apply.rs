//! Applying a patch to the files of its base, and what does not fit.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Addition, Change, Files, Patch, find};
use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::raw::At;

impl Patch {
    /// What there is to say when no accepted submission is called like the base. `known`: those that there are.
    #[must_use]
    pub fn unknown_base(&self, known: &[String]) -> Diagnostics {
        let mut diagnostics = self.diagnostics();
        let name = &self.base.value;
        let meant = nearest(name, known.iter().map(String::as_str));
        let diagnostic = diagnostics.error(
            &self.base.span,
            format!("there is no accepted submission `{name}`"),
        );
        match meant {
            Some(_) => diagnostic.suggest(meant),
            None => diagnostic.help(listed("accepted", known.iter())),
        };
        diagnostics
    }

    /// The files of the submission, from those of its base.
    ///
    /// # Errors
    ///
    /// Every change that does not fit the base.
    pub fn apply(&self, base: &Files) -> Result<Files, Diagnostics> {
        let mut diagnostics = self.diagnostics();
        let mut files = base.clone();
        for (name, places) in self.places(base, &mut diagnostics) {
            if let Some(bytes) = files.get_mut(name) {
                // From the last to the first: the places before stay where they are.
                for (place, change) in places.into_iter().rev() {
                    bytes.splice(place, change.with.bytes());
                }
            }
        }
        for file in &self.removed {
            if files.remove(&file.value).is_none() {
                self.no_file(file, base, &mut diagnostics);
            }
        }
        for Addition { file, text } in &self.added {
            self.room_for(file, &files, &mut diagnostics);
            files.insert(file.value.clone(), text.clone().into_bytes());
        }
        let diagnostics = diagnostics.finish();
        if diagnostics.has_errors() {
            Err(diagnostics)
        } else {
            Ok(files)
        }
    }

    /// Where each change is made, by file and in the order of the file.
    fn places(
        &self,
        base: &Files,
        diagnostics: &mut Diagnostics,
    ) -> BTreeMap<&str, Vec<(Range<usize>, &Change)>> {
        let mut places: BTreeMap<&str, Vec<(Range<usize>, &Change)>> = BTreeMap::new();
        for change in &self.changes {
            let Some(bytes) = base.get(&change.file.value) else {
                self.no_file(&change.file, base, diagnostics);
                continue;
            };
            let found = find::occurrences(bytes, change.replace.value.as_bytes());
            match found[..] {
                [at] => {
                    let place = at..at + change.replace.value.len();
                    let file = places.entry(&change.file.value).or_default();
                    file.push((place, change));
                }
                [] => self.no_text(change, bytes, diagnostics),
                _ => self.many_texts(change, bytes, &found, diagnostics),
            }
        }
        for places in places.values_mut() {
            places.sort_by_key(|(place, _)| place.start);
            for pair in places.windows(2) {
                let [(first, one), (second, other)] = pair else {
                    continue;
                };
                if second.start < first.end {
                    diagnostics
                        .error(&self.first_line(other), "this change overlaps another")
                        .also(self.first_line(one), "the other");
                }
            }
        }
        places
    }

    fn no_file(&self, file: &At<String>, base: &Files, diagnostics: &mut Diagnostics) {
        let meant = nearest(&file.value, base.keys().map(String::as_str));
        let diagnostic = diagnostics.error(
            &file.span,
            format!("`{}` has no file `{}`", self.base.value, file.value),
        );
        match meant {
            Some(_) => diagnostic.suggest(meant),
            None => diagnostic.help(listed("its files", base.keys())),
        };
    }

    /// Reports an added file that has no place.
    fn room_for(&self, file: &At<String>, files: &Files, diagnostics: &mut Diagnostics) {
        let path = file.value.as_str();
        if files.contains_key(path) {
            diagnostics
                .error(
                    &file.span,
                    format!("`{}` has a file `{path}` already", self.base.value),
                )
                .help(format!(
                    "change it, or write it anew and say remove = [\"{path}\"], too"
                ));
        }
        let under = |parent: &str, child: &str| {
            child
                .strip_prefix(parent)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let clash = files
            .keys()
            .find(|other| under(other, path) || under(path, other));
        if let Some(other) = clash {
            diagnostics.error(
                &file.span,
                format!("there cannot be both `{path}` and `{other}`"),
            );
        }
    }

    fn no_text(&self, change: &Change, bytes: &[u8], diagnostics: &mut Diagnostics) {
        let file = &change.file.value;
        let wanted = &change.replace.value;
        let crlf = wanted.replace("\r\n", "\n").replace('\n', "\r\n");
        let (line, help) = if find::occurrences(bytes, crlf.as_bytes()).len() == 1 {
            let help = "its lines end with CRLF: write a text in double quotes, with \\r\\n";
            (None, help.to_owned())
        } else {
            match find::unlike(bytes, wanted) {
                Some((line, Some((number, near)))) => {
                    (Some(line), format!("line {number} of it is `{near}`"))
                }
                Some((line, None)) => (Some(line), "no line of it is like this one".to_owned()),
                None => {
                    let help = "it has each of these lines: compare their order and indentation";
                    (None, help.to_owned())
                }
            }
        };
        let place = line
            .and_then(|line| self.line_in(change, line))
            .unwrap_or_else(|| self.first_line(change));
        diagnostics
            .error(
                &place,
                format!("`{file}` of `{}` does not contain this", self.base.value),
            )
            .help(help);
    }

    fn many_texts(
        &self,
        change: &Change,
        bytes: &[u8],
        found: &[usize],
        diagnostics: &mut Diagnostics,
    ) {
        let file = &change.file.value;
        let line = |at: &usize| 1 + bytes[..*at].iter().filter(|byte| **byte == b'\n').count();
        let lines: Vec<String> = found.iter().map(|at| line(at).to_string()).collect();
        diagnostics
            .error(
                &self.first_line(change),
                format!(
                    "`{file}` of `{}` has this {} times, in lines {}",
                    self.base.value,
                    found.len(),
                    lines.join(", ")
                ),
            )
            .help("take in more of the lines around it, so that it is there once");
    }

    /// The first line with something in it of the text to replace, where it can be pointed at.
    fn first_line(&self, change: &Change) -> Range<usize> {
        let mut lines = change.replace.value.lines();
        let line = lines.find(|line| !line.trim().is_empty());
        line.and_then(|line| self.line_in(change, line))
            .unwrap_or_else(|| change.replace.span.clone())
    }

    /// Where a line of the text to replace stands; `None`: it is written with escapes.
    fn line_in(&self, change: &Change, line: &str) -> Option<Range<usize>> {
        let span = &change.replace.span;
        let line = line.trim();
        let at = self.text.get(span.clone())?.find(line)?;
        Some(span.start + at..span.start + at + line.len())
    }
}

fn listed<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    match names[..] {
        [] => format!("{what}: there are none"),
        _ => format!("{what}: {}", names.join(", ")),
    }
}
