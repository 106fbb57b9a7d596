//! Values that may be written in several forms.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    At, Keyed, Many, RawGivenFile, RawInterleave, RawOutput, RawRange, RawWire, Read, wrong_kind,
};
use crate::Sanitizers;
use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::tree::{Node, Span, Value};

/// A form's part of the JSON Schema.
macro_rules! schema {
    ($form:ident, |$generator:ident| $schema:expr) => {
        impl JsonSchema for $form {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($form).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// A reference program's name, or sources beside the spec.
#[derive(Clone, Debug)]
pub(crate) enum ReferenceForm {
    Name(At<String>),
    Sources(Many),
}

super::tables! {
    /// A reference that is built from sources beside the spec.
    #[schemars(rename = "Reference")]
    RawReference {
        /// The sources, relative to the spec.
        #[schemars(required)]
        source: Many,
    }
}

impl Read for ReferenceForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) => At::read(node, diagnostics).map(Self::Name),
            Value::Table(_) => {
                let table = RawReference::read(node, diagnostics)?;
                if table.source.is_none() && table.lacks("source") {
                    diagnostics
                        .error(&table.span, "this reference has no `source`")
                        .consequence();
                }
                table.source.map(Self::Sources)
            }
            _ => {
                wrong_kind(node, "a name, or { source = [...] }", diagnostics);
                None
            }
        }
    }
}

schema!(ReferenceForm, |generator| json_schema!({
    "anyOf": [{ "type": "string" }, generator.subschema_for::<RawReference>()]
}));

/// One number, or so many for each aspect.
#[derive(Clone, Debug)]
pub(crate) enum PointsForm {
    Whole(At<i64>),
    Split(Keyed<At<i64>>),
}

impl Read for PointsForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(..) => At::read(node, diagnostics).map(Self::Whole),
            Value::Table(_) => Keyed::read(node, diagnostics).map(Self::Split),
            _ => {
                wrong_kind(
                    node,
                    "a number, or a table such as { output = 2, exit = 1 }",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(PointsForm, |_generator| {
    let aspects: serde_json::Map<String, serde_json::Value> = crate::Aspect::ALL
        .iter()
        .map(|aspect| {
            (
                aspect.name().to_owned(),
                serde_json::json!({ "type": "integer", "minimum": 1 }),
            )
        })
        .collect();
    json_schema!({
        "anyOf": [
            { "type": "integer", "minimum": 1 },
            { "type": "object", "properties": aspects, "additionalProperties": false, "minProperties": 1 }
        ]
    })
});

/// Orders by name, or a search of schedules.
#[derive(Clone, Debug)]
pub(crate) enum InterleaveForm {
    Orders(Many),
    Search(RawInterleave, Span),
}

impl InterleaveForm {
    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Orders(many) => &many.span,
            Self::Search(_, span) => span,
        }
    }
}

impl Read for InterleaveForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) | Value::List(_) => Many::read(node, diagnostics).map(Self::Orders),
            Value::Table(_) => RawInterleave::read(node, diagnostics)
                .map(|raw| Self::Search(raw, node.span.clone())),
            Value::Int(..) => {
                diagnostics
                    .error(
                        &node.span,
                        "expected orders or a search of schedules, found a number",
                    )
                    .help("a search is written { preemptions = 2 }");
                None
            }
            _ => {
                wrong_kind(
                    node,
                    "the names of orders, or a search such as { preemptions = 2 }",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(InterleaveForm, |generator| json_schema!({
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" } },
        generator.subschema_for::<RawInterleave>()
    ]
}));

/// Whether programs run with sanitizers, or which.
#[derive(Clone, Debug)]
pub(crate) enum SanitizeForm {
    Memory(At<bool>),
    Named(At<String>),
}

impl SanitizeForm {
    /// The only ones that have a name.
    pub(crate) const THREAD: &str = "thread";

    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Memory(at) => &at.span,
            Self::Named(at) => &at.span,
        }
    }

    pub(crate) fn sanitizers(&self) -> Option<Sanitizers> {
        match self {
            Self::Memory(at) => at.value.then_some(Sanitizers::Memory),
            Self::Named(_) => Some(Sanitizers::Threads),
        }
    }
}

impl Read for SanitizeForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Bool(_) => At::read(node, diagnostics).map(Self::Memory),
            Value::Text(name) if name == Self::THREAD => {
                At::read(node, diagnostics).map(Self::Named)
            }
            Value::Text(name) => {
                diagnostics
                    .error(&node.span, format!("there are no sanitizers `{name}`"))
                    .help("true is AddressSanitizer with UBSan, \"thread\" is ThreadSanitizer")
                    .suggest(nearest(name, [Self::THREAD]));
                None
            }
            _ => {
                wrong_kind(node, "true, false or \"thread\"", diagnostics);
                None
            }
        }
    }
}

schema!(SanitizeForm, |_generator| json_schema!({
    "anyOf": [{ "type": "boolean" }, { "enum": [Self::THREAD] }]
}));

/// A number, or a text with a variable.
#[derive(Clone, Debug)]
pub(crate) enum CopiesForm {
    Number(At<i64>),
    Template(At<String>),
}

impl Read for CopiesForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(..) => At::read(node, diagnostics).map(Self::Number),
            Value::Text(_) => At::read(node, diagnostics).map(Self::Template),
            _ => {
                wrong_kind(
                    node,
                    "a number, or a variable such as \"{{n}}\"",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(CopiesForm, |_generator| json_schema!({
    "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string" }]
}));

/// A status, or a word.
#[derive(Clone, Debug)]
pub(crate) enum ExitForm {
    Code(At<i64>),
    Word(At<String>),
}

impl Read for ExitForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(..) => At::read(node, diagnostics).map(Self::Code),
            Value::Text(_) => At::read(node, diagnostics).map(Self::Word),
            _ => {
                wrong_kind(
                    node,
                    "a number, \"failure\", \"running\", \"ended\", \"any\" or a signal",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(ExitForm, |_generator| {
    let mut words = vec!["failure", "running", "ended", "any"];
    words.extend(crate::names::signals());
    json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": 255 }, { "enum": words }] })
});

/// A whole transcript, or a table of expectations.
#[derive(Clone, Debug)]
pub(crate) enum OutputForm {
    Transcript(At<String>),
    Table(Box<RawOutput>),
}

impl Read for OutputForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) => At::read(node, diagnostics).map(Self::Transcript),
            Value::Table(_) => {
                RawOutput::read(node, diagnostics).map(|raw| Self::Table(Box::new(raw)))
            }
            Value::List(_) => {
                diagnostics
                    .error(&node.span, "expected a text or a table, found a list")
                    .help("a list of lines is written `stdout.lines = [...]`");
                None
            }
            _ => {
                wrong_kind(
                    node,
                    "a text, or a table such as { lines = [...] }",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(OutputForm, |generator| json_schema!({
    "anyOf": [{ "type": "string" }, generator.subschema_for::<RawOutput>()]
}));

/// A table, or the list of messages.
#[derive(Clone, Debug)]
pub(crate) enum WireForm {
    Messages(Many),
    Table(Box<RawWire>),
}

impl Read for WireForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) | Value::List(_) => Many::read(node, diagnostics).map(Self::Messages),
            Value::Table(_) => {
                RawWire::read(node, diagnostics).map(|raw| Self::Table(Box::new(raw)))
            }
            Value::Int(..) => {
                diagnostics
                    .error(
                        &node.span,
                        "expected a table or a list of messages, found a number",
                    )
                    .help("a number of bytes is written { bytes = 49 }");
                None
            }
            _ => {
                wrong_kind(node, "{ bytes = N } or a list of messages", diagnostics);
                None
            }
        }
    }
}

schema!(WireForm, |generator| json_schema!({
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" } },
        generator.subschema_for::<RawWire>()
    ]
}));

/// A number of bytes, or messages.
#[derive(Clone, Debug)]
pub(crate) enum AmountForm {
    Bytes(At<i64>),
    /// One text: a number of bytes when `bytes` asks, else a message.
    Text(At<String>),
    Messages(Many),
    /// So many bytes that they are in a range.
    Range(RawRange),
}

impl AmountForm {
    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Bytes(at) => &at.span,
            Self::Text(at) => &at.span,
            Self::Messages(many) => &many.span,
            Self::Range(range) => &range.span,
        }
    }
}

impl Read for AmountForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(..) => At::read(node, diagnostics).map(Self::Bytes),
            Value::Text(_) => At::read(node, diagnostics).map(Self::Text),
            Value::List(_) => Many::read(node, diagnostics).map(Self::Messages),
            Value::Table(_) => RawRange::read(node, diagnostics).map(Self::Range),
            _ => {
                wrong_kind(
                    node,
                    "a number of bytes, or a list of messages",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(AmountForm, |generator| json_schema!({
    "anyOf": [
        { "type": "integer", "minimum": 0 },
        { "type": "string" },
        { "type": "array", "items": { "type": "string" } },
        generator.subschema_for::<RawRange>()
    ]
}));

/// Permission bits: `"0644"` or `0o644`.
#[derive(Clone, Debug)]
pub(crate) struct ModeForm(pub(crate) At<u32>);

impl Read for ModeForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let value = match &node.value {
            Value::Text(text) => {
                let digits = text.strip_prefix("0o").unwrap_or(text);
                let octal =
                    !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
                octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
            }
            Value::Int(value, true) => u32::try_from(*value).ok(),
            Value::Int(value, false) => {
                diagnostics
                    .error(
                        &node.span,
                        format!(
                            "{value} is written in decimal here, and permission bits are octal"
                        ),
                    )
                    .help(format!("write \"0{value}\""));
                return None;
            }
            _ => {
                wrong_kind(node, "permission bits such as \"0644\"", diagnostics);
                return None;
            }
        };
        match value.filter(|mode| *mode <= 0o7777) {
            Some(value) => Some(Self(At {
                value,
                span: node.span.clone(),
            })),
            None => {
                diagnostics
                    .error(&node.span, "these are no permission bits")
                    .help("write them in octal: \"0644\"");
                None
            }
        }
    }
}

schema!(ModeForm, |_generator| json_schema!({
    "anyOf": [{ "type": "string", "pattern": "^(0o)?[0-7]{1,5}$" }, { "type": "integer", "minimum": 0, "maximum": 4095 }]
}));

/// A file's text, `"stale socket"`, `"directory"`, or a table.
#[derive(Clone, Debug)]
pub(crate) enum FileForm {
    Word(At<String>),
    Table(RawGivenFile),
}

impl Read for FileForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Text(_) => At::read(node, diagnostics).map(Self::Word),
            Value::Table(_) => RawGivenFile::read(node, diagnostics).map(Self::Table),
            _ => {
                wrong_kind(
                    node,
                    "a text, \"stale socket\", \"directory\", { text = ..., mode = ... }, { target = ... } or { link = ... }",
                    diagnostics,
                );
                None
            }
        }
    }
}

schema!(FileForm, |generator| json_schema!({
    "anyOf": [{ "type": "string" }, generator.subschema_for::<RawGivenFile>()]
}));
