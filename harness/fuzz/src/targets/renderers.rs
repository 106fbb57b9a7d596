//! Reports of strangers' texts: every form can be read back by another parser and holds nothing that acts.

use ipclab_report::testing::{forms, harmless};
use serde_json::Value;

/// Any bytes as the text that a student wrote, the same everywhere and another at each place.
pub fn renderers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    holds(&forms::sample(&text));
    let report = harmless::with_text(&text, harmless::talk(&text));
    harmless::all_formats(&report).expect("harmless");
    // A report that was kept, with others' words in it.
    let mut value: Value =
        serde_json::from_str(&ipclab_report::json::render(&report)).expect("our own JSON");
    poison(&mut value, &mut text.split('\u{1}').cycle());
    if let Ok(report) = ipclab_report::json::parse(&value.to_string()) {
        harmless::all_formats(&report).expect("harmless");
    }
}

/// Everything that is checked of a report.
pub(crate) fn holds(report: &ipclab_report::Report) {
    forms::all_hold(report);
    harmless::all_formats(report).expect("harmless");
}

fn poison<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a str>) {
    const WORDS: [&str; 10] = [
        "schema",
        "isolation",
        "tier",
        "verdict",
        "aspect",
        "visibility",
        "severity",
        "role",
        "tone",
        "delivery",
    ];
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if !WORDS.contains(&key.as_str()) {
                    poison(value, texts);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| poison(value, texts)),
        Value::String(string) => {
            if let Some(text) = texts.next() {
                text.clone_into(string);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
