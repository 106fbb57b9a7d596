//! The JSON Schema: it accepts what the parser accepts, and refuses misspelt keys and wrong kinds.

use serde_json::Value;

/// As much of JSON Schema as specs need. A keyword that it does not know is an error, so that nothing passes unseen.
fn validate(schema: &Value, root: &Value, value: &Value, path: &str) -> Result<(), String> {
    let Value::Object(keywords) = schema else {
        return match schema {
            Value::Bool(true) => Ok(()),
            _ => Err(format!("{path}: nothing may stand here")),
        };
    };
    let fail = |what: String| Err(format!("{path}: {what}"));
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" | "format" => {}
            "$ref" => {
                let target = root
                    .pointer(wanted.as_str().unwrap().trim_start_matches('#'))
                    .unwrap();
                validate(target, root, value, path)?;
            }
            "type" => {
                let is = match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("unknown type {other}"),
                };
                if !is {
                    return fail(format!("not of type {wanted}"));
                }
            }
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                return fail(format!("not among {wanted}"));
            }
            "enum" => {}
            "anyOf" => {
                let forms = wanted.as_array().unwrap();
                if !forms
                    .iter()
                    .any(|form| validate(form, root, value, path).is_ok())
                {
                    return fail("of none of its forms".to_owned());
                }
            }
            "minimum"
                if value
                    .as_i64()
                    .is_some_and(|value| value < wanted.as_i64().unwrap()) =>
            {
                return fail(format!("less than {wanted}"));
            }
            "maximum"
                if value
                    .as_i64()
                    .is_some_and(|value| value > wanted.as_i64().unwrap()) =>
            {
                return fail(format!("more than {wanted}"));
            }
            "minimum" | "maximum" => {}
            "pattern" => {
                let regex = regex::Regex::new(wanted.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !regex.is_match(text)) {
                    return fail(format!("does not match {wanted}"));
                }
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(wanted, root, item, &format!("{path}[{at}]"))?;
                }
            }
            "required" => {
                for key in wanted.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        return fail(format!("has no {key}"));
                    }
                }
            }
            "minProperties" => {
                let few = value
                    .as_object()
                    .is_some_and(|object| (object.len() as u64) < wanted.as_u64().unwrap());
                if few {
                    return fail("has too few keys".to_owned());
                }
            }
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        validate(schema, root, value, &format!("{path}.{key}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                for (key, value) in value.as_object().into_iter().flatten() {
                    if known.is_none_or(|known| !known.contains_key(key)) {
                        validate(wanted, root, value, &format!("{path}.{key}"))?;
                    }
                }
            }
            other => panic!("unknown keyword {other}"),
        }
    }
    Ok(())
}

fn check(schema: &str, text: &str) -> Result<(), String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let value: toml::Value = toml::from_str(text).map_err(|error| error.to_string())?;
    let value = serde_json::to_value(value).unwrap();
    validate(&schema, &schema, &value, "$")
}

#[test]
fn accepts_every_spec_of_the_repository() {
    for (name, text) in crate::common::repository() {
        assert_eq!(check(&ipclab_spec::schema(), &text), Ok(()), "{name}");
    }
    assert_eq!(
        check(&ipclab_spec::schema(), include_str!("everything.toml")),
        Ok(())
    );
}

#[test]
fn refuses_misspelt_keys_and_wrong_kinds() {
    let everything = include_str!("everything.toml");
    for (good, bad, says) in [
        ("title  = ", "titel  = ", "$"),
        (
            "limit  = \"10s\"",
            "limit  = 10",
            "$.limit: not of type \"string\"",
        ),
        (
            "tier       = \"stretch\"",
            "tier       = \"strech\"",
            "$.case[0].tier: not among",
        ),
        (
            "points     = { output = 1",
            "points     = { outputs = 1",
            "$.case[0].points: of none of its forms",
        ),
        (
            "exit    = \"running\"",
            "exit    = \"runing\"",
            "$.case[0].actor.server.exit: of none",
        ),
        (
            "stdout.lines ",
            "stdout.line ",
            "$.case[0].actor.client.stdout: of none",
        ),
        (
            "sanitize   = true",
            "sanitize   = \"yes\"",
            "$.case[0].sanitize: of none",
        ),
        (
            "output_lines = 5000",
            "output_lines = 50000",
            "$.case[0].output_lines: more than 20000",
        ),
        (
            "interleave = [\"late-writers\", \"drawn\"]",
            "interleave = true",
            "$.case[0].interleave: of none",
        ),
        (
            "interleave = [\"late-writers\", \"drawn\"]",
            "interleave = { preemptions = 9 }",
            "$.case[0].interleave: of none",
        ),
        (
            "runs       = 40",
            "runs       = 0",
            "$.case[0].runs: less than 1",
        ),
        (
            "source    = \"client.c\"",
            "sources   = \"client.c\"",
            "$.program.client.sources: nothing may stand here",
        ),
        (
            "mode     = \"0644\"",
            "mode     = \"0999\"",
            "$.case[0].shm.100.mode: of none",
        ),
        ("format = 1\n", "", "$: has no \"format\""),
    ] {
        assert!(everything.contains(good), "{good}");
        let said =
            check(&ipclab_spec::schema(), &everything.replacen(good, bad, 1)).expect_err(bad);
        assert!(said.starts_with(says), "{bad}: {said}");
    }
}

#[test]
fn tells_an_editor_what_each_key_means() {
    let schema: Value = serde_json::from_str(&ipclab_spec::schema()).unwrap();
    let mut tables = vec![&schema];
    tables.extend(schema["$defs"].as_object().unwrap().values());
    assert!(tables.len() > 10);
    for table in tables {
        for (key, property) in table["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{key}: {property}");
        }
    }
    assert!(!ipclab_spec::schema().contains("null"));
}

#[test]
fn a_submission_has_its_own() {
    let schema = ipclab_spec::submission_schema();
    assert_eq!(
        check(
            &schema,
            "[program.x]\nsource = [\"a.c\"]\nrun = \"python3 a.py\"\n"
        ),
        Ok(())
    );
    assert!(check(&schema, "[program.x]\nsrc = \"a.c\"\n").is_err());
}
