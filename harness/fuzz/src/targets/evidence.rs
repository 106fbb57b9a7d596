//! Evidence that no tracer would write: judged, and made into every form of a report.
//!
//! The input is either a frame of the keeper's pipe or a list of edits on evidence that was real once, so that most of
//! what comes out is evidence still.

use std::sync::LazyLock;

use ipclab_evidence::{Evidence, Level};
use ipclab_judge::{judge, settle};
use ipclab_report::{About, Judged, Report};
use ipclab_spec::Spec;
use serde_json::Value;

use super::Take;
use super::renderers::holds;
use ipclab_sandbox::fuzzing::evidence_frames;

struct Sample {
    spec: Spec,
    case: usize,
    evidence: Value,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let sample = |spec: &str, case: &str, evidence: &str| {
        let spec = ipclab_spec::parse("lab.toml", spec).expect("a lab").spec;
        let case = spec
            .cases
            .iter()
            .position(|one| one.id == case)
            .expect(case);
        let evidence = serde_json::from_str(evidence).expect("JSON");
        Sample {
            spec,
            case,
            evidence,
        }
    };
    let tcp = include_str!("../../../../specs/tcp-echo.toml");
    let unix = include_str!("../../../../specs/unix-datagram.toml");
    let shm = include_str!("../../../../specs/shm-hello.toml");
    vec![
        sample(tcp, "echo-one", include_str!("../../seeds/tcp.json")),
        sample(
            unix,
            "two-clients-at-once",
            include_str!("../../seeds/unix.json"),
        ),
        sample(
            shm,
            "writer-then-reader",
            include_str!("../../seeds/shm.json"),
        ),
        sample(tcp, "echo-one", include_str!("../../seeds/deadlock.json")),
    ]
});

/// A frame, or edits.
pub fn evidence(data: &[u8]) {
    let mut take = Take(data);
    let kind = take.byte();
    if kind == 0xff {
        // At most as many as there is room for: each takes four bytes at least.
        for evidence in evidence_frames(take.0).flatten() {
            report(&SAMPLES[0], &evidence);
        }
        return;
    }
    let sample = &SAMPLES[usize::from(kind) % SAMPLES.len()];
    let mut value = sample.evidence.clone();
    for _ in 0..24 {
        if take.is_empty() {
            break;
        }
        edit(&mut value, &mut take);
    }
    if let Ok(evidence) = serde_json::from_value::<Evidence>(value) {
        report(sample, &evidence);
    }
}

fn report(sample: &Sample, evidence: &Evidence) {
    let case = &sample.spec.cases[sample.case];
    let outcome = settle(case, judge(case, evidence));
    let about = About {
        sources: std::collections::BTreeMap::new(),
        submission: "x".into(),
        isolation: Level::Namespaces,
        isolation_notes: Vec::new(),
        command: vec!["ipclab".into()],
    };
    let judged = Judged {
        places: Vec::new(),
        reference: None,
        case,
        verdict: outcome.verdict,
        earned: outcome.earned,
        max: outcome.max,
        parts: &outcome.parts,
        findings: &outcome.findings,
        evidence: Some(evidence),
        notes: Vec::new(),
    };
    assert!(outcome.earned <= outcome.max);
    let mut spec = sample.spec.clone();
    spec.cases = vec![case.clone()];
    holds(&Report::new(&spec, &about, Vec::new(), &[judged]));
}

/// One change at one place of the document.
fn edit(value: &mut Value, take: &mut Take<'_>) {
    let mut at = take.pair() % count(value);
    let how = take.byte();
    let new = match how % 12 {
        0 => Value::Null,
        1 => 0.into(),
        2 => (-1).into(),
        3 => u64::MAX.into(),
        4 => i64::MIN.into(),
        5 => u32::MAX.into(),
        6 => u64::from(take.byte()).into(),
        7 => take.text().into(),
        8 => Value::Array(Vec::new()),
        9 => Value::Bool(how & 16 == 0),
        // Something else of the same document: a socket where a call was, another's index.
        10 => {
            let mut other = take.pair() % count(value);
            find(value, &mut other).cloned().unwrap_or_default()
        }
        _ => {
            if let Some(list) = find(value, &mut at).and_then(Value::as_array_mut) {
                match (how & 16, list.is_empty()) {
                    (_, true) => {}
                    (0, _) => {
                        let one = list[take.pair() % list.len()].clone();
                        list.push(one);
                    }
                    (_, _) => {
                        let from = take.pair() % list.len();
                        list.remove(from);
                    }
                }
            }
            return;
        }
    };
    if let Some(place) = find(value, &mut at) {
        *place = new;
    }
}

/// How many values there are in a document.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum::<usize>(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The value with this number.
fn find<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|one| find(one, at)),
        Value::Object(map) => map.values_mut().find_map(|one| find(one, at)),
        _ => None,
    }
}
