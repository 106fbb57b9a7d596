//! Diagnostics: what is wrong with a file, where, and what was probably meant.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, and probably does not say what its author meant.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a line.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What stands beside the caret.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// A second place that belongs to it, and why: `first used here`.
    pub also: Option<(Range<usize>, String)>,
    /// Something is missing or unknown; beside a syntax error that may be its consequence only.
    pub(crate) consequence: bool,
}

impl Diagnostic {
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// A "did you mean", when there is something to suggest.
    pub(crate) fn suggest(&mut self, name: Option<&str>) -> &mut Self {
        if let Some(name) = name {
            self.help = Some(format!("did you mean `{name}`?"));
        }
        self
    }

    fn is_suggestion(&self) -> bool {
        self.help
            .as_ref()
            .is_some_and(|help| help.starts_with("did you mean"))
    }

    pub(crate) fn also(&mut self, span: Range<usize>, why: impl Into<String>) -> &mut Self {
        self.also = Some((span, why.into()));
        self
    }

    pub(crate) fn consequence(&mut self) -> &mut Self {
        self.consequence = true;
        self
    }
}

/// Everything that is wrong with one file, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    name: String,
    text: String,
    list: Vec<Diagnostic>,
}

/// A file with more mistakes than this is read to its end by no author.
const SHOWN_MAX: usize = 100;

impl Diagnostics {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            list: Vec::new(),
        }
    }

    /// The diagnostics, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|one| one.severity == Severity::Error)
    }

    /// Line of a diagnostic's place, from 1.
    #[must_use]
    pub fn line(&self, diagnostic: &Diagnostic) -> usize {
        line_of(&self.text, diagnostic.span.start)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn error(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Error, span, message.into())
    }

    pub(crate) fn warning(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Warning, span, message.into())
    }

    fn push(
        &mut self,
        severity: Severity,
        span: &Range<usize>,
        message: String,
    ) -> &mut Diagnostic {
        let at = self.list.len();
        self.list.push(Diagnostic {
            severity,
            message,
            span: span.clone(),
            label: None,
            help: None,
            also: None,
            consequence: false,
        });
        &mut self.list[at]
    }

    /// In the order of the file, and each once: what is inherited with `like` is read, and found wrong, again.
    /// Warnings that may only be the consequence of an error wait until it is mended.
    pub(crate) fn finish(mut self) -> Self {
        if self.has_errors() {
            self.list
                .retain(|one| one.severity == Severity::Error || !one.consequence);
        }
        self.list.sort_by(|a, b| {
            (a.span.start, a.span.end, a.severity, &a.message).cmp(&(
                b.span.start,
                b.span.end,
                b.severity,
                &b.message,
            ))
        });
        self.list
            .dedup_by(|a, b| a.span == b.span && a.message == b.message);
        self
    }

    /// Drops what was found since `first` to be missing or unknown in a place that would have inherited it.
    pub(crate) fn forget_in(&mut self, place: &Range<usize>, first: usize) {
        let mut at = 0;
        self.list.retain(|one| {
            let own = at < first;
            at += 1;
            own || !one.consequence || one.is_suggestion() || !place.contains(&one.span.start)
        });
    }

    /// Drops what was found since `first` and may only be there because the text before it could not be understood.
    pub(crate) fn forget_consequences(&mut self, first: usize) {
        let text = self.text.as_str();
        let mut broken: Vec<Range<usize>> = Vec::new();
        let mut headless = false;
        let mut places: Vec<usize> = self.list[..first]
            .iter()
            .map(|one| boundary(text, one.span.start))
            .collect();
        places.sort_unstable();
        for at in places {
            if broken.last().is_some_and(|last| at < last.end) {
                continue;
            }
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let header = text[start..].trim_start().starts_with('[');
            headless |= header;
            // Below a header that could not be read, every key stands in the wrong table.
            let next = if header { "\n[" } else { "\n" };
            let end = text[at..].find(next).map_or(text.len(), |next| at + next);
            broken.push(start..end);
        }
        // In the order of the text, and apart: looked up, not walked, since a student's file may be all mistakes.
        let is_broken = |at: usize| {
            let next = broken.partition_point(|line| line.start <= at);
            next > 0 && at < broken[next - 1].end
        };
        let mut at = 0;
        self.list.retain(|one| {
            let own = at < first;
            at += 1;
            let follows = one.consequence && (headless || !one.is_suggestion());
            own || !(follows || is_broken(one.span.start))
        });
    }

    /// The diagnostics for a person: each with file, line, column, caret and help.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut out = String::new();
        for one in self.list.iter().take(SHOWN_MAX) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&self.render_one(&renderer, one));
            out.push('\n');
        }
        if self.list.len() > SHOWN_MAX {
            out.push_str(&format!("\n... and {} more\n", self.list.len() - SHOWN_MAX));
        }
        out
    }

    fn render_one(&self, renderer: &Renderer, one: &Diagnostic) -> String {
        let level = match one.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = first_line(&self.text, &one.span);
        let also = one
            .also
            .as_ref()
            .map(|(span, why)| (first_line(&self.text, span), why.as_str()));
        // Only the lines that are needed: a renderer that walks the whole file for each mistake takes seconds on a
        // large one.
        let (mut start, mut end) = (span.start, span.end);
        if let Some((span, _)) = &also {
            start = start.min(span.start);
            end = end.max(span.end);
        }
        let start = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let end = self.text[end..]
            .find('\n')
            .map_or(self.text.len(), |newline| end + newline);
        let mut snippet = Snippet::source(&self.text[start..end])
            .path(&self.name)
            .line_start(line_of(&self.text, start))
            .annotation(
                AnnotationKind::Primary
                    .span(span.start - start..span.end - start)
                    .label(one.label.as_deref()),
            );
        if let Some((span, why)) = &also {
            snippet = snippet.annotation(
                AnnotationKind::Context
                    .span(span.start - start..span.end - start)
                    .label(*why),
            );
        }
        let mut group = level.primary_title(&one.message).element(snippet);
        if let Some(help) = &one.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Line of a place, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    1 + text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// The last place up to `at` that is inside the text and between two characters.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The part of a span that is on its first line, on character boundaries and inside the text.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = boundary(text, span.start);
    let end = boundary(text, span.end).max(start);
    let line = text[start..end]
        .find(['\n', '\r'])
        .map_or(end, |newline| start + newline);
    start..line
}
