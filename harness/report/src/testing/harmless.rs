//! That a report can only be read: nothing in it acts on the reader's terminal.

use ipclab_evidence::{Evidence, Exit};
use ipclab_judge::{DiffLine, Difference, Verdict};
use ipclab_spec::{Aspect, Points, Tier};
use proptest::prelude::*;

use super::build::{JudgedCase, Trace, about, case, finding, report};
use crate::terminal::{self, Style};
use crate::{Problem, Program, Report, json};

/// A report of one case, with `text` wherever a student's could stand.
pub fn with_text(text: &str, evidence: Evidence) -> Report {
    let mut about = about();
    about.submission = text.into();
    about.isolation_notes = vec![text.into()];
    about.command = vec!["ipclab".into(), text.into()];
    let mut one = finding(Aspect::Output, Verdict::Fail, text);
    one.actor = Some(text.into());
    one.expected = Some(text.into());
    one.seen = Some(text.into());
    let mut two = finding(Aspect::Bytes, Verdict::Unknown, text);
    two.difference = Some(Difference::Byte {
        offset: 1,
        expected: text.into(),
        seen: "x".into(),
    });
    let mut three = finding(Aspect::Output, Verdict::Fail, text);
    three.difference = Some(Difference::Lines(vec![
        DiffLine::Same(text.into()),
        DiffLine::Missing(text.into()),
        DiffLine::Extra(text.into()),
    ]));
    let mut done = JudgedCase::new(
        case("one", text, Tier::Core, Points::Whole(3)),
        Verdict::Fail,
        0,
        vec![one, two, three],
    )
    .with(evidence);
    done.case.hint = Some(text.into());
    done.case.covers = vec![text.into()];
    done.notes = vec![text.into()];
    let program = Program {
        problem: Some(Problem {
            message: text.into(),
            ours: false,
            errors: Vec::new(),
            log: Some(text.into()),
            found: vec![text.into()],
            remedy: Some(text.into()),
        }),
        warnings: vec![text.into()],
        command: Some(text.into()),
        ..Program::built(text, &[text])
    };
    report(&about, vec![program], &[done])
}

/// Evidence of a server and a client that send `text`.
pub fn talk(text: &str) -> Evidence {
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, text.as_bytes());
    trace.recv(served, text.as_bytes());
    let failed = trace.call(0, text, &[text], Err("EACCES"));
    trace.0.trace[failed].tampered = Some(text.into());
    trace.call(0, "unlink", &[text], Err("ENOENT"));
    trace.0.actors[0].name = text.into();
    trace.0.actors[1].exit = Exit::NotExecuted(text.into());
    trace.0
}

/// Takes away the colours that renderers may write; what is left must be plain.
/// A text without the colours that the tool itself put in.
fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let code = &rest[at + 2..];
        let digits = code.len()
            - code
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .len();
        match code[digits..].strip_prefix('m') {
            Some(after) => rest = after,
            None => {
                out.push('\u{1b}');
                rest = code;
            }
        }
    }
    out + rest
}

/// Whether a text can only be read.
///
/// # Errors
/// It holds something that acts.
fn harmless(text: &str) -> Result<(), TestCaseError> {
    for c in text.chars() {
        let acts = (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        prop_assert!(!acts, "{c:?} in {text:?}");
    }
    Ok(())
}

/// Renders a report in every form that people read.
///
/// # Errors
/// One of them holds something that acts.
pub fn all_formats(report: &Report) -> Result<(), TestCaseError> {
    for (color, unicode, width) in [
        (false, true, 80),
        (true, true, 120),
        (false, false, 60),
        (true, true, 0),
    ] {
        let text = terminal::render(
            report,
            &Style {
                color,
                width,
                unicode,
            },
        );
        // No student text can bring colours of its own: without colour there is no escape at all.
        harmless(&if color { without_colours(&text) } else { text })?;
    }
    harmless(&json::render(report))
}
