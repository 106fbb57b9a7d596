//! A patch: a rejected submission, written as an accepted one and the fault that is put into it.
//!
//! ```toml
//! base  = "whole"
//! about = "binds port 7001 instead of 7000"
//! says  = ["port 7001 instead of 7000"]
//!
//! [[change]]
//! file    = "udp_server.c"
//! replace = "htons(7000)"
//! with    = "htons(7001)"
//!
//! [fails]
//! server-ready = ["calls"]
//! ```
//!
//! The text to replace must occur exactly once: when the base is edited, a patch that no longer fits is an error, and
//! never another patch. Changes are made to the bytes of the base's file. They are all found in the file as it
//! lies in the base, so that none depends on another.

mod apply;
mod find;

use std::collections::BTreeMap;

use crate::Spec;
use crate::diagnostic::Diagnostics;
use crate::expected::{Expected, resolve_expected};
use crate::raw::{At, RawAdd, RawChange, RawExpected, RawPatch, Read};
use crate::resolve::inside;
use crate::tree::{self, Node, Value};

/// A submission's files by their path in its folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What is changed in an accepted submission.
#[derive(Clone, Debug)]
pub struct Patch {
    /// What messages call the file.
    name: String,
    text: String,
    base: At<String>,
    changes: Vec<Change>,
    added: Vec<Addition>,
    removed: Vec<At<String>>,
}

/// A place of a file that is changed.
#[derive(Clone, Debug)]
struct Change {
    file: At<String>,
    replace: At<String>,
    with: String,
}

/// A file that the base does not have.
#[derive(Clone, Debug)]
struct Addition {
    file: At<String>,
    text: String,
}

/// Reads a patch without what it must get, for which the lab's spec is needed. `name` is what messages call the file.
///
/// # Errors
///
/// Every mistake of the file.
pub fn patch(name: &str, text: &str) -> Result<Patch, Diagnostics> {
    read(name, text, None).map(|(patch, _)| patch)
}

/// Reads a patch and what the submission must get, as its `expected.toml` would say it.
///
/// # Errors
///
/// Every mistake of the file.
pub fn patch_expecting(
    name: &str,
    text: &str,
    spec: &Spec,
) -> Result<(Patch, Expected), Diagnostics> {
    read(name, text, Some(spec)).map(|(patch, expected)| (patch, expected.unwrap_or_default()))
}

fn read(
    name: &str,
    text: &str,
    spec: Option<&Spec>,
) -> Result<(Patch, Option<Expected>), Diagnostics> {
    let mut diagnostics = Diagnostics::new(name, text);
    let root = tree::read(text, &mut diagnostics);
    let syntax_errors = diagnostics.len();
    let root = Node {
        span: 0..0,
        value: Value::Table(root),
    };
    let read = RawPatch::read(&root, &mut diagnostics).map(|raw| {
        let patch = resolve(&raw, name, text, &mut diagnostics);
        let expected = spec.map(|spec| resolve_expected(&raw.expected(), spec, &mut diagnostics));
        (patch, expected)
    });
    if syntax_errors > 0 {
        diagnostics.forget_consequences(syntax_errors);
    }
    let diagnostics = diagnostics.finish();
    match read {
        Some((Some(patch), expected)) if !diagnostics.has_errors() => Ok((patch, expected)),
        _ => Err(diagnostics),
    }
}

/// `None`: something is missing, which has been reported.
fn resolve(raw: &RawPatch, name: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Patch> {
    let base = base(raw, diagnostics);
    let changes = raw.change.iter().flat_map(|changes| &changes.0);
    let changes: Vec<Change> = changes.filter_map(|raw| change(raw, diagnostics)).collect();
    let added = raw.add.iter().flat_map(|added| &added.0);
    let added: Vec<Addition> = added.filter_map(|raw| addition(raw, diagnostics)).collect();
    let removed = raw
        .remove
        .as_ref()
        .map_or(Vec::new(), |many| many.items.clone());
    for file in &removed {
        file_name(file, diagnostics);
    }
    once(added.iter().map(|added| &added.file), "added", diagnostics);
    once(removed.iter(), "removed", diagnostics);
    for change in &changes {
        if let Some(removed) = removed.iter().find(|file| file.value == change.file.value) {
            let file = &change.file.value;
            diagnostics
                .error(
                    &change.file.span,
                    format!("`{file}` cannot be changed and removed"),
                )
                .also(removed.span.clone(), "removed here");
        }
    }
    let unread = ["change", "add", "remove"]
        .iter()
        .any(|key| !raw.lacks(key));
    let empty = |items: Option<usize>| items.is_none_or(|count| count == 0);
    if empty(raw.change.as_ref().map(|items| items.0.len()))
        && empty(raw.add.as_ref().map(|items| items.0.len()))
        && removed.is_empty()
        && !unread
    {
        let place = base.as_ref().map_or(0..0, |base| base.span.clone());
        diagnostics
            .error(&place, "this fault changes nothing")
            .help("say what is changed: [[change]] with file, replace and with; [[add]]; or remove")
            .consequence();
    }
    Some(Patch {
        name: name.to_owned(),
        text: text.to_owned(),
        base: base?,
        changes,
        added,
        removed,
    })
}

fn base(raw: &RawPatch, diagnostics: &mut Diagnostics) -> Option<At<String>> {
    let Some(base) = &raw.base else {
        if raw.lacks("base") {
            diagnostics
                .error(&(0..0), "missing key `base`")
                .help("name the accepted submission that is changed: base = \"whole\"")
                .consequence();
        }
        return None;
    };
    let name = base.value.as_str();
    if name.trim().is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
        diagnostics
            .error(
                &base.span,
                format!("`{}` is not the name of a submission", name.escape_debug()),
            )
            .help("write the name of a folder in `accepted`, without a path");
    }
    Some(base.clone())
}

fn change(raw: &RawChange, diagnostics: &mut Diagnostics) -> Option<Change> {
    let mut missing = |key: &str, there: bool| {
        if !there && raw.lacks(key) {
            diagnostics
                .error(&raw.span, format!("this change has no `{key}`"))
                .help("a change has three keys: file, replace and with")
                .consequence();
        }
    };
    missing("file", raw.file.is_some());
    missing("replace", raw.replace.is_some());
    missing("with", raw.with.is_some());
    if let Some(file) = &raw.file {
        file_name(file, diagnostics);
    }
    let replace = raw.replace.as_ref()?;
    let with = raw.with.as_ref()?;
    if replace.value.is_empty() {
        diagnostics
            .error(&replace.span, "an empty text stands everywhere")
            .help("write the lines that are there today; to add a file use [[add]]");
    } else if replace.value == with.value {
        diagnostics
            .error(&with.span, "this change puts back what it takes away")
            .also(replace.span.clone(), "the same text");
    }
    Some(Change {
        file: raw.file.clone()?,
        replace: replace.clone(),
        with: with.value.clone(),
    })
}

fn addition(raw: &RawAdd, diagnostics: &mut Diagnostics) -> Option<Addition> {
    let mut missing = |key: &str, there: bool| {
        if !there && raw.lacks(key) {
            diagnostics
                .error(&raw.span, format!("this added file has no `{key}`"))
                .help("an added file has two keys: file and text")
                .consequence();
        }
    };
    missing("file", raw.file.is_some());
    missing("text", raw.text.is_some());
    if let Some(file) = &raw.file {
        file_name(file, diagnostics);
    }
    Some(Addition {
        file: raw.file.clone()?,
        text: raw.text.as_ref()?.value.clone(),
    })
}

/// A path in the submission's folder, spelt in the one way in which [`Files`] has it.
fn file_name(file: &At<String>, diagnostics: &mut Diagnostics) {
    let before = diagnostics.len();
    inside(file, diagnostics);
    let parts = || file.value.split('/');
    if diagnostics.len() == before && parts().any(|part| part.is_empty() || part == ".") {
        let short: Vec<&str> = parts()
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        diagnostics
            .error(
                &file.span,
                format!("`{}` is not how this file is called", file.value),
            )
            .suggest(Some(&short.join("/")));
    }
}

/// Reports what is named more than once.
fn once<'a>(
    files: impl Iterator<Item = &'a At<String>>,
    what: &str,
    diagnostics: &mut Diagnostics,
) {
    let mut firsts: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for file in files {
        if let Some(first) = firsts.get(file.value.as_str()) {
            diagnostics
                .error(&file.span, format!("`{}` is {what} twice", file.value))
                .also(first.span.clone(), "first here");
        } else {
            firsts.insert(&file.value, file);
        }
    }
}

impl Patch {
    /// The name of the accepted submission that is changed.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base.value
    }

    /// Whether both change the same submission in the same way, wherever that stands in their files.
    #[must_use]
    pub fn changes_as(&self, other: &Self) -> bool {
        let changes = |patch: &Self| -> Vec<[String; 3]> {
            let changes = patch.changes.iter();
            let parts =
                |one: &Change| [&one.file.value, &one.replace.value, &one.with].map(Clone::clone);
            changes.map(parts).collect()
        };
        let added = |patch: &Self| -> Vec<[String; 2]> {
            let added = patch.added.iter();
            let parts = |one: &Addition| [&one.file.value, &one.text].map(Clone::clone);
            added.map(parts).collect()
        };
        let removed = |patch: &Self| -> Vec<String> {
            let removed = patch.removed.iter();
            removed.map(|file| file.value.clone()).collect()
        };
        self.base.value == other.base.value
            && changes(self) == changes(other)
            && added(self) == added(other)
            && removed(self) == removed(other)
    }

    fn diagnostics(&self) -> Diagnostics {
        Diagnostics::new(&self.name, &self.text)
    }
}

impl RawPatch {
    /// What is said of a submission, in a patch as in an `expected.toml`.
    fn expected(&self) -> RawExpected {
        RawExpected {
            span: self.span.clone(),
            unread: self.unread.clone(),
            about: self.about.clone(),
            says: self.says.clone(),
            fails: self.fails.clone(),
            skips: self.skips.clone(),
        }
    }
}
