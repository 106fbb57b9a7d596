//! A spec cannot lie: what it speaks of is seen, what never happens decides nothing, and nobody loses for a wrong spec.

use crate::common::{Workdir, json};
use serde_json::Value;

/// One case of a program that says `Hello`, with these lines in it.
fn spec(format: u32, lines: &str, expectations: &str) -> String {
    format!(
        r#"
format = {format}
lab    = "greet"
title  = "A greeting"
unit   = ["Q1"]

[program.hello]
source    = ["hello.c"]
reference = {{ source = ["ref/hello.c"] }}

[[case]]
id     = "greets"
title  = "your program says Hello"
tier   = "core"
points = 3
covers = ["Q1"]
{lines}
[case.actor.greeter]
student = "hello"
stdout.lines = ["Hello"]
{expectations}
"#
    )
}

/// A program that does this and says `Hello`.
fn program(body: &str) -> String {
    let headers = [
        "errno.h", "fcntl.h", "stdio.h", "string.h", "time.h", "unistd.h",
    ];
    let includes: String = headers
        .map(|header| format!("#include <{header}>\n"))
        .concat();
    format!(
        "{includes}int main(void)\n{{\n    char text[9];\n    int ends[2];\n    {body}\n    puts(\"Hello\");\n    return 0;\n}}\n"
    )
}

/// What the tool makes of a student's program beside this reference: its exit status, the case, and the page.
fn check(spec: &str, student: &str, reference: &str) -> (Option<i32>, Value, String) {
    let workdir = Workdir::with(&[("hello.c", &program(student))]);
    workdir.write("greet.toml", spec);
    workdir.write("ref/hello.c", program(reference));
    let output = workdir.check().args(["--format", "json"]).output().unwrap();
    let report = json(&output);
    let page = workdir.check().output().unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    (output.status.code(), report["cases"][0].clone(), page)
}

/// What reads a plain file.
const READS: &str = "read(open(\"/etc/passwd\", O_RDONLY), text, 9);";

#[test]
fn no_read_is_no_read_whoever_loads_the_libraries() {
    let verdict = |format: u32, expectation: &str, body: &str, expect: i32| {
        let expectations = format!("[case.calls]\ngreeter = [\"{expectation}\"]\n");
        // A reference that meets it.
        let reference = match (expect, expectation.starts_with("no ")) {
            (0, _) => body,
            (_, true) => "",
            (_, false) => {
                "getpid(); read(0, text, 9); pipe(ends); read(ends[0], text, write(ends[1], text, 9));"
            }
        };
        let (code, case, _) = check(&spec(format, "", &expectations), body, reference);
        assert_eq!(
            code,
            Some(expect),
            "{format} {expectation} {body}: {case:#}"
        );
    };
    for format in [1, 2] {
        verdict(format, "no read()", "", 0);
        verdict(format, "no read()", READS, 1);
        verdict(format, "no open()", READS, 1);
        verdict(format, "no open()", "", 0);
        verdict(format, "no getpid()", "getpid();", 1);
        verdict(format, "getpid(...) > 0", "getpid();", 0);
        verdict(format, "getpid(...) > 0", "", 1);
        verdict(format, "pipe(...) = 0", "pipe(ends);", 0);
        verdict(
            format,
            "lseek(...) = ESPIPE",
            "pipe(ends); lseek(ends[0], 0, SEEK_CUR);",
            0,
        );
        verdict(format, "exit(0)", "", 0);
    }
    // What is always seen of a call, and all of it.
    let empty = "read(open(\"/dev/null\", O_RDONLY), text, 9);";
    verdict(1, "read(...) = 0", empty, 1);
    verdict(2, "read(...) = 0", empty, 0);
    verdict(
        2,
        "close(...) = 0",
        "close(open(\"/etc/passwd\", O_RDONLY));",
        0,
    );
}

#[test]
fn what_is_injected_happens_where_the_kernel_does_it() {
    let prints = |lines: &str, body: &str, expect: &str| {
        let spec = spec(2, lines, "").replace("Hello\"]", &format!("{expect}\"]"));
        let body = format!("{body}; printf(\"%s\\n\", strerror(errno));");
        let (code, case, _) = check(&spec, &body, &body);
        assert_eq!(code, Some(0), "{lines}: {case:#}");
    };
    prints(
        "fault = [\"greeter pipe: EMFILE\"]",
        "pipe(ends)",
        "Too many open files",
    );
    prints(
        "fault = [\"greeter read on file #1: EIO\"]",
        READS,
        "Input/output error",
    );
    let written = "write(open(\"out\", O_CREAT | O_WRONLY, 0600), \"x\", 1); int e = errno; unlink(\"out\"); errno = e";
    prints(
        "fault = [\"greeter write on file: ENOSPC\"]",
        written,
        "No space left on device",
    );
    let piped = "pipe(ends); write(ends[1], \"x\", 1)";
    prints(
        "fault = [\"greeter write on pipe: EAGAIN\"]",
        piped,
        "Resource temporarily unavailable",
    );
}

#[test]
fn a_fault_that_happens_to_the_reference_only_is_noted_and_decides_nothing() {
    let spec = spec(2, "fault = [\"greeter read on file: EIO\"]", "");
    let (code, case, page) = check(&spec, "", READS);
    assert_eq!(code, Some(0), "{page}");
    let note = "the fault \"greeter read on file: EIO\" did not happen: the call was not made, or not as often. That alone decides nothing";
    assert_eq!(case["notes"], serde_json::json!([note]));
}

#[test]
fn nobody_is_judged_by_a_fault_that_never_happens() {
    let spec = spec(2, "fault = [\"greeter read #9: EIO\"]", "");
    for student in ["", "return 1;"] {
        let (code, case, page) = check(&spec, student, READS);
        assert_eq!(code, Some(3), "{page}");
        assert_eq!(case["verdict"], "unknown");
        assert_eq!(
            case["findings"][0]["message"],
            "the spec is wrong here: its fault \"greeter read #9: EIO\" never happens, not even to the reference program"
        );
        assert!(page.contains("its author can mend it."), "{page}");
        assert!(!page.contains("this machine lacks"), "{page}");
    }
}
