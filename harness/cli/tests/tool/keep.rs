//! What `check --keep` wrote, judged again.

use crate::common::{Workdir, json};
use serde_json::Value;

/// A check of one case that the first version kept, file by file, and the report that it judged from it.
const KEPT_V1: &str = include_str!("../kept-v1.json");

/// A report without the fields that the format has gained since.
fn as_the_first_version(mut report: Value) -> Value {
    let without = |object: &mut Value, keys: &[&str]| {
        let object = object.as_object_mut().unwrap();
        object.retain(|key, _| !keys.contains(&key.as_str()));
    };
    without(&mut report, &["causes", "code"]);
    for case in report["cases"].as_array_mut().unwrap() {
        if let Some(conversation) = case.get_mut("conversation") {
            without(conversation, &["parting"]);
        }
        for finding in case["findings"].as_array_mut().unwrap() {
            without(finding, &["cause", "follows", "ours", "comes_from"]);
        }
    }
    report
}

#[test]
fn a_check_that_the_first_version_kept_gets_the_identical_report() {
    let workdir = Workdir::with(&[]);
    let kept: Value = serde_json::from_str(KEPT_V1).unwrap();
    for (name, document) in kept["files"].as_object().unwrap() {
        workdir.write(&format!("kept/{name}"), document.to_string());
    }
    let judge = || {
        workdir
            .ipclab()
            .args(["judge", "kept", "--format", "json"])
            .output()
            .unwrap()
    };
    let output = judge();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(as_the_first_version(json(&output)), kept["report"]);

    let mut record = kept["files"]["record.json"].clone();
    record["format"] = "ipclab/record/v9".into();
    workdir.write("kept/record.json", record.to_string());
    let output = judge();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("ipclab/record/v9")
            && said.contains("judge it with the ipclab that wrote it"),
        "{said}"
    );
}
