//! Reading: from the tree to the types, complaining about every key and value that does not belong.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::diagnostic::Diagnostics;
use crate::tree::{Node, Span, Value};

/// Something that a node of the tree can be read as.
pub(crate) trait Read: Sized {
    /// Reads it; `None` when it is of the wrong kind, which has then been said.
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self>;
}

/// Says that a value is of the wrong kind.
pub(crate) fn wrong_kind(node: &Node, wanted: &str, diagnostics: &mut Diagnostics) {
    if !matches!(node.value, Value::Broken) {
        diagnostics
            .error(
                &node.span,
                format!("expected {wanted}, found {}", node.kind()),
            )
            .label(format!("expected {wanted}"));
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl Read for At<String> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self {
                value: text.clone(),
                span: node.span.clone(),
            }),
            _ => {
                wrong_kind(node, "a text", diagnostics);
                None
            }
        }
    }
}

impl Read for At<i64> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(value, _) => Some(Self {
                value: *value,
                span: node.span.clone(),
            }),
            _ => {
                wrong_kind(node, "a number", diagnostics);
                None
            }
        }
    }
}

impl Read for At<bool> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Bool(value) => Some(Self {
                value: *value,
                span: node.span.clone(),
            }),
            _ => {
                wrong_kind(node, "true or false", diagnostics);
                None
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A list, each item of the same kind.
#[derive(Clone, Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Items<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::List(items) => Some(Self(
                items
                    .iter()
                    .filter_map(|item| T::read(item, diagnostics))
                    .collect(),
            )),
            _ => {
                wrong_kind(node, "a list", diagnostics);
                None
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for Items<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>() })
    }
}

/// A list of texts, or one text in its place.
#[derive(Clone, Debug)]
pub(crate) struct Many {
    pub(crate) items: Vec<At<String>>,
    pub(crate) span: Span,
}

impl Read for Many {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let items = match &node.value {
            Value::Text(_) => vec![At::read(node, diagnostics)?],
            // All or nothing: a list without the items that could not be read would seem to be another one.
            Value::List(items) => {
                let read: Vec<_> = items
                    .iter()
                    .map(|item| At::read(item, diagnostics))
                    .collect();
                read.into_iter().collect::<Option<Vec<_>>>()?
            }
            _ => {
                wrong_kind(node, "a text or a list of texts", diagnostics);
                return None;
            }
        };
        Some(Self {
            items,
            span: node.span.clone(),
        })
    }
}

impl JsonSchema for Many {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// A table whose keys are the author's own names, in file order.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<T> {
    pub(crate) entries: Vec<(At<String>, T)>,
    pub(crate) span: Span,
}

impl<T> Keyed<T> {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (At<String>, T)> {
        self.entries.iter()
    }
}

impl<T: Read> Read for Keyed<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            wrong_kind(node, "a table", diagnostics);
            return None;
        };
        let mut entries = Vec::new();
        for entry in &table.entries {
            if let Some(value) = T::read(&entry.node, diagnostics) {
                let key = At {
                    value: entry.key.clone(),
                    span: entry.key_span.clone(),
                };
                entries.push((key, value));
            }
        }
        Some(Self {
            entries,
            span: node.span.clone(),
        })
    }
}

impl<T: JsonSchema> JsonSchema for Keyed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TableOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

/// Declares the types of tables, how they are read, and their part of the JSON Schema.
macro_rules! tables {
    ($(
        $(#[$about:meta])*
        $name:ident { $( $(#[$field_about:meta])* $field:ident: $kind:ty, )* }
    )*) => { $(
        #[derive(Clone, Debug, schemars::JsonSchema)]
        $(#[$about])*
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            /// Where its header, or all of an inline table, stands.
            #[schemars(skip)]
            #[allow(dead_code, reason = "every table knows its place, even where nothing can be wrong with the whole")]
            pub(crate) span: $crate::tree::Span,
            /// Keys that are there, but could not be read or are misspelt: it would be wrong to call them missing.
            #[schemars(skip)]
            pub(crate) unread: Vec<String>,
            $( $(#[$field_about])* pub(crate) $field: Option<$kind>, )*
        }

        impl $name {
            /// Whether a key that was not read is not there either.
            #[allow(dead_code, reason = "not every table must have some key")]
            pub(crate) fn lacks(&self, key: &str) -> bool {
                !self.unread.iter().any(|unread| unread == key)
            }
        }

        impl $crate::raw::Read for $name {
            fn read(
                node: &$crate::tree::Node,
                diagnostics: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                let $crate::tree::Value::Table(table) = &node.value else {
                    $crate::raw::wrong_kind(node, "a table", diagnostics);
                    return None;
                };
                let mut this = Self { span: node.span.clone(), unread: Vec::new(), $($field: None),* };
                for entry in &table.entries {
                    match entry.key.as_str() {
                        $( stringify!($field) => {
                            this.$field = $crate::raw::Read::read(&entry.node, diagnostics);
                            if this.$field.is_none() {
                                this.unread.push(entry.key.clone());
                            }
                        } )*
                        _ => {
                            let meant =
                                $crate::raw::unknown_key(entry, &[$(stringify!($field)),*], diagnostics);
                            this.unread.extend(meant);
                        }
                    }
                }
                Some(this)
            }
        }
    )* };
}
pub(crate) use tables;

/// Says that a key is none of those that may stand here; gives the one that was probably meant.
pub(crate) fn unknown_key(
    entry: &crate::tree::Entry,
    keys: &[&str],
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let meant = crate::names::nearest(&entry.key, keys.iter().copied());
    let diagnostic = diagnostics.error(
        &entry.key_span,
        format!("unknown key `{}`", entry.key.escape_debug()),
    );
    match meant {
        Some(_) => diagnostic.suggest(meant),
        None => diagnostic.help(format!("known here: {}", keys.join(", "))),
    };
    meant.map(str::to_owned)
}
