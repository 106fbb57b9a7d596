//! The file as a tree: every value with its place, every table in file order.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Diagnostics;

/// Where something stands, in bytes.
pub(crate) type Span = Range<usize>;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// The number, and whether it was written in octal (`0o644`).
    Int(i64, bool),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// A float or a date: nothing in the language is one.
    Other(&'static str),
    /// Said to be wrong already.
    Broken,
}

/// A table's entries, in file order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One entry of a table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) node: Node,
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Int(..) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
            Value::Broken => "nothing",
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The last byte that belongs to it or to anything in it.
    pub(crate) fn end(&self) -> usize {
        let inner = match &self.value {
            Value::List(items) => items.iter().map(Self::end).max(),
            Value::Table(table) => table
                .entries
                .iter()
                .map(|entry| entry.key_span.end.max(entry.node.end()))
                .max(),
            _ => None,
        };
        self.span.end.max(inner.unwrap_or(0))
    }
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }
}

/// Reads the text; every syntax error becomes a diagnostic and the rest of the file is read all the same.
pub(crate) fn read(text: &str, diagnostics: &mut Diagnostics) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        diagnostics.error(&span, error.message().replace('\n', " "));
    }
    convert_table(table.into_inner(), diagnostics)
}

fn convert_table(table: DeTable<'_>, diagnostics: &mut Diagnostics) -> Table {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| Entry {
            key_span: key.span(),
            key: key.into_inner().into_owned(),
            node: convert(value, diagnostics),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Table { entries }
}

fn convert(value: Spanned<DeValue<'_>>, diagnostics: &mut Diagnostics) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) => Value::Int(value, number.radix() == 8),
            Err(_) => {
                diagnostics.error(&span, "this number is too large");
                Value::Broken
            }
        },
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| convert(item, diagnostics))
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, diagnostics)),
    };
    Node { span, value }
}
