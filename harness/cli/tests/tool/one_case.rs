//! A lab of one program and one case, and programs that pass it or are told why not.

use crate::common::{Workdir, json};

/// The spec: a program, the actor that plays it, and all that is expected of it, the actor's own first.
pub(crate) fn spec(program: &str, actor: &str, expectations: &str) -> String {
    format!(
        r#"
format = 2
lab    = "greet"
title  = "One case"

[program.{program}]
source    = ["{program}.c"]
reference = {{ source = ["ref/{program}.c"] }}

[[case]]
id     = "one"
title  = "your program"
tier   = "core"
points = 1

[case.actor.{actor}]
student = "{program}"
{expectations}
"#
    )
}

/// The findings of each program that has this body and did not pass have these words; none did not, where there are none. The first of
/// them is the reference.
#[track_caller]
pub(crate) fn check(
    program: &str,
    spec: &str,
    source: impl Fn(&str) -> String,
    programs: &[(&str, &str)],
) {
    let file = format!("{program}.c");
    for (body, expect) in programs {
        let workdir = Workdir::with(&[(&file, &source(body))]);
        workdir.write("greet.toml", spec);
        workdir.write(&format!("ref/{file}"), source(programs[0].0));
        let output = workdir.check().args(["--format", "json"]).output();
        let report = json(&output.unwrap());
        let case = &report["cases"][0];
        let findings = case["findings"].as_array().unwrap().iter();
        let failed = findings.filter(|finding| finding["verdict"] != "pass");
        let said: Vec<&str> = failed
            .map(|finding| finding["message"].as_str().unwrap())
            .collect();
        match expect.is_empty() {
            true => assert!(said.is_empty(), "{body}: {case:#}"),
            false => assert!(
                case["verdict"] == "fail" && said.iter().any(|said| said.contains(expect)),
                "{body}: {said:#?}"
            ),
        }
    }
}
