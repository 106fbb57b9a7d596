//! Evidence as the first version kept it, `ipclab/record/v1`: arguments of calls were texts, and answers were `told`.

use std::path::Path;

use ipclab_evidence::{Evidence, format_v1};
use serde::Deserialize;
use serde_json::Value;

use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// One argument.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Argument {
    text: String,
    value: Option<i64>,
}

/// The evidence of a document of that version.
///
/// # Errors
/// The document is none; the file is named.
pub(crate) fn evidence(mut document: Value, file: &Path) -> Result<Evidence, Failure> {
    let calls = document.get_mut("trace").and_then(Value::as_array_mut);
    let upgraded = calls.into_iter().flatten().try_for_each(upgrade);
    upgraded
        .and_then(|()| serde_json::from_value(document))
        .map_err(|error| Failure::usage(format!("reading {}: {error}", show::path(file))))
}

fn upgrade(call: &mut Value) -> serde_json::Result<()> {
    let name = call["name"].as_str().unwrap_or_default().to_owned();
    let Some(call) = call.as_object_mut() else {
        return Ok(());
    };
    if let Some(written) = call.get_mut("args") {
        let args: Vec<Argument> = serde_json::from_value(written.take())?;
        let texts: Vec<_> = args.iter().map(|arg| (&*arg.text, arg.value)).collect();
        *written = serde_json::to_value(format_v1::arguments(&name, &texts))?;
    }
    if let Some(answers) = call.remove("told") {
        call.insert("answers".to_owned(), answers);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ipclab_evidence::Evidence;
    use serde_json::{Value, json};
    use std::path::Path;

    use super::{evidence, upgrade};

    #[test]
    fn a_call_of_the_first_version_is_the_same_call() {
        let mut call = json!({
            "n": 3, "name": "shmget",
            "args": [
                {"text": "100", "value": 100},
                {"text": "1024", "value": 1024},
                {"text": "IPC_CREAT|0644", "value": 932},
            ],
            "told": [{"name": "shmid", "value": "0"}],
        });
        upgrade(&mut call).expect("a call");
        assert_eq!(
            call,
            json!({
                "n": 3, "name": "shmget",
                "args": [{"key": 100}, {"number": 1024}, {"flags": ["ipc-get", 932]}],
                "answers": [{"name": "shmid", "value": "0"}],
            })
        );
    }

    #[test]
    fn what_is_no_evidence_is_named() {
        let refused = |document: Value| evidence(document, Path::new("kept/evidence.json"));
        for document in [
            json!(null),
            json!({"trace": 3}),
            json!({"trace": [{"name": "read", "args": [{"text": 3}]}]}),
        ] {
            let error = refused(document).map(|_: Evidence| ()).unwrap_err();
            assert!(error.to_string().contains("kept/evidence.json"), "{error}");
        }
    }
}
