//! Flaws: what is wrong inside a text of one of the small languages, and where in that text.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::raw::At;
use crate::tree::Span;

/// What is wrong with a text, before it is known where in the file the text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Bytes of the text.
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// It speaks of a name that is nowhere else in the file.
    pub(crate) unknown: bool,
}

impl Flaw {
    pub(crate) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: None,
            unknown: false,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn suggest(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.help = Some(format!("did you mean `{name}`?"));
        }
        self
    }

    pub(crate) fn unknown(mut self) -> Self {
        self.unknown = true;
        self
    }

    /// The same flaw in a text of which this one is the part from `by` on.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.at = self.at.start + by..self.at.end + by;
        self
    }
}

impl Diagnostics {
    /// Reports a flaw of this text of the file.
    pub(crate) fn flaw(&mut self, text: &At<String>, flaw: Flaw) -> &mut Diagnostic {
        let span = within(self.text(), text, &flaw.at);
        let diagnostic = self.error(&span, flaw.message);
        diagnostic.help = flaw.help;
        diagnostic.consequence = flaw.unknown;
        diagnostic
    }
}

/// Where a part of a TOML string's value stands in the file: exactly, as long as nothing before its end is escaped;
/// else the whole string.
pub(crate) fn within(file: &str, text: &At<String>, part: &Range<usize>) -> Span {
    let source = file.get(text.span.clone()).unwrap_or_default();
    let Some(before) = text.value.get(..part.end) else {
        return text.span.clone();
    };
    let quotes = [
        "\"\"\"\r\n",
        "\"\"\"\n",
        "'''\r\n",
        "'''\n",
        "\"\"\"",
        "'''",
        "\"",
        "'",
        "",
    ];
    for quote in quotes {
        if let Some(inner) = source.strip_prefix(quote) {
            if inner.starts_with(before) {
                let start = text.span.start + quote.len();
                return start + part.start..start + part.end;
            }
            if !quote.is_empty() {
                break;
            }
        }
    }
    text.span.clone()
}
