//! What `check --keep` wrote, judged again.

use crate::common::{Workdir, json};
use serde_json::Value;

/// A check of one case that the first version kept, file by file, and the report that it judged from it.
const KEPT_V1: &str = include_str!("../kept-v1.json");

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
    assert_eq!(json(&output), kept["report"]);

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
