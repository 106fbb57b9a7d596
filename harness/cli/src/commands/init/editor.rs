//! Files by which an editor helps with TOML files of ours: the schema, and the extensions that read it.

/// Recommends what reads TOML by a schema, and what knows C.
const EXTENSIONS: &str = r#"{
  "recommendations": ["tamasfe.even-better-toml", "ms-vscode.cpptools"]
}
"#;

/// Where the schema of a submission's `ipclab.toml` lies in a student's folder.
const SCHEMA: &str = ".vscode/ipclab.schema.json";

/// The files, by their names in the folder.
pub(super) fn files() -> Vec<(String, Vec<u8>)> {
    vec![
        (
            ".vscode/extensions.json".to_owned(),
            EXTENSIONS.as_bytes().to_vec(),
        ),
        (
            SCHEMA.to_owned(),
            ipclab_spec::submission_schema().into_bytes(),
        ),
    ]
}

/// A submission's `ipclab.toml` that names the lab, where the tool carries it, and the schema by which editors check it.
pub(super) fn mapping(lab: Option<&str>) -> String {
    let lab = lab.map_or(String::new(), |lab| format!("lab = \"{lab}\"\n"));
    format!("#:schema {SCHEMA}\n{lab}")
}
