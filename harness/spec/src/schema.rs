//! The JSON Schema of specs, for editors.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::raw::{RawMapping, RawSpec};

/// The JSON Schema of a lab spec, pretty.
#[must_use]
pub fn schema() -> String {
    generate::<RawSpec>("An ipclab lab spec")
}

/// The JSON Schema of a submission's own `ipclab.toml`, pretty.
#[must_use]
pub fn submission_schema() -> String {
    generate::<RawMapping>("A submission's ipclab.toml")
}

fn generate<T: JsonSchema>(title: &str) -> String {
    let generator = SchemaSettings::draft2020_12()
        .with_transform(NoNull)
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), Value::from(title));
    format!("{:#}\n", schema.to_value())
}

/// TOML has no null: what may be left out need not be allowed to be null.
#[derive(Clone)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
            forms.retain(|form| form.get("type") != Some(&Value::from("null")));
            if let [only] = forms.as_slice()
                && let Some(only) = only.as_object().cloned()
            {
                schema.remove("anyOf");
                for (key, value) in only {
                    schema.insert(key, value);
                }
            }
        }
        transform_subschemas(self, schema);
    }
}
