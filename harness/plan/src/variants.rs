//! The runs of a case: which values are drawn, which call fails, which process has the turn.

use std::collections::BTreeMap;

use ipclab_evidence::{Occurrence, Order, Steering, Strategy, Tamper, TamperAction};
use ipclab_spec::{Actor, Case, FaultKind, Turns};

use super::likely_errors;
use super::vary::{self, Inputs};
use super::watched;

/// What sets a run apart from the case's other runs, before it is planned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// For people: `when bind() fails with EADDRINUSE`.
    pub label: Option<String>,
    /// What is filled into the case: drawn values, words of the fault.
    pub values: BTreeMap<String, String>,
    pub(super) tampers: Vec<Tamper>,
    pub(super) turns: Option<Order>,
    /// Many schedules are tried, each a run of this variant.
    pub search: Option<Strategy>,
}

impl Variant {
    /// The same with other drawn values.
    pub fn with(&self, drawn: &BTreeMap<String, String>, label: String) -> Self {
        let mut values = self.values.clone();
        values.extend(drawn.clone());
        Self {
            label: Some(label),
            values,
            tampers: self.tampers.clone(),
            turns: self.turns.clone(),
            search: self.search,
        }
    }

    /// The same along a schedule, or by another one's draw.
    #[must_use]
    pub fn steered(&self, steering: Steering) -> Self {
        Self {
            turns: Some(Order::Steered(steering)),
            ..self.clone()
        }
    }

    /// The same with processes that take turns, or threads: `one` is what one of them is called.
    fn in_turn(&self, turns: Turns, one: &str, seed: u64) -> Self {
        let search = match turns {
            Turns::Preemptions { most, runs } => Some(Strategy::Preemptions { most, runs }),
            Turns::Pct { depth, runs } => Some(Strategy::Pct { depth, runs }),
            Turns::LateWriters
            | Turns::ReadersFirst
            | Turns::OldestFirst
            | Turns::NewestFirst
            | Turns::Drawn => None,
        };
        let (order, told) = match turns {
            Turns::Preemptions { .. } | Turns::Pct { .. } => (
                Order::Steered(Steering::along(Vec::new())),
                format!("when no {one} loses its turn while it can go on"),
            ),
            Turns::LateWriters => (
                Order::LateWriters,
                "when each process that has read lets the others go first before it writes"
                    .to_owned(),
            ),
            Turns::ReadersFirst => (
                Order::ReadersFirst,
                "when each process that is about to write lets the others go first".to_owned(),
            ),
            Turns::OldestFirst => (
                Order::OldestFirst,
                "when each process goes as far as it can, the oldest first".to_owned(),
            ),
            Turns::NewestFirst => (
                Order::NewestFirst,
                "when each process goes as far as it can, the newest first".to_owned(),
            ),
            Turns::Drawn => (
                Order::Drawn(seed),
                format!("when processes take turns as drawn from seed {seed}"),
            ),
        };
        let label = match &self.label {
            Some(label) => format!("{label}, {told}"),
            None => told,
        };
        Self {
            label: Some(label),
            turns: Some(order),
            search,
            ..self.clone()
        }
    }
}

/// Every run of a case: in each of the orders in which its processes take turns, if they do.
///
/// # Errors
/// As [`as_it_comes`].
pub fn variants(lab: &str, case: &Case, seed: u64) -> Result<Vec<Variant>, String> {
    let variants = as_it_comes(lab, case, seed)?;
    if case.interleave.is_empty() {
        return Ok(variants);
    }
    let in_turn = |variant: &Variant| -> Vec<Variant> {
        let orders = case.interleave.iter();
        orders
            .map(|turns| variant.in_turn(*turns, case.takes_turns(), seed))
            .collect()
    };
    Ok(variants.iter().flat_map(in_turn).collect())
}

/// Every run of a case, whatever the order in which its processes go on. Which values are drawn depends on the lab, the
/// case, the seed and the number of the run, and on nothing else.
///
/// # Errors
/// The case makes calls of the student's fail and has no student.
fn as_it_comes(lab: &str, case: &Case, seed: u64) -> Result<Vec<Variant>, String> {
    let mut variants = Vec::new();
    let (inputs, drawn) = match vary::inputs(lab, case, seed) {
        Inputs::Every(inputs) => (inputs, false),
        Inputs::Drawn(inputs) => (inputs, true),
    };
    for (run, input) in (1..).zip(inputs) {
        let mut values: BTreeMap<String, String> = input.into_iter().collect();
        let label = (!values.is_empty()).then(|| {
            let with = format!("with {}", described(&values));
            if drawn {
                format!("{with} (run {run} of seed {seed})")
            } else {
                with
            }
        });
        values.extend(fault_words(case));
        variants.push(Variant {
            label,
            values,
            tampers: Vec::new(),
            turns: None,
            search: None,
        });
    }
    if case.fail_each.is_empty() {
        return Ok(variants);
    }
    // Each call in turn fails each time that it is made: a program that tries again must not get away with it.
    let students: Vec<&Actor> = case
        .actors
        .iter()
        .filter(|actor| actor.is_student())
        .collect();
    if students.is_empty() {
        return Err("fail_each needs an actor that the student plays".to_owned());
    }
    let mut failing = Vec::new();
    for variant in &variants {
        for call in &case.fail_each {
            for actor in &students {
                for errno in likely_errors::errors(call) {
                    let errno = likely_errors::name(*errno);
                    let mut values = variant.values.clone();
                    values.insert("fault.call".to_owned(), call.clone());
                    values.insert(
                        "fault.message".to_owned(),
                        likely_errors::message(&errno).unwrap_or_default(),
                    );
                    let whose = if students.len() > 1 {
                        format!("{}'s ", actor.name)
                    } else {
                        String::new()
                    };
                    let mut label = format!("when {whose}{call}() fails with {errno}");
                    if let Some(drawn) = &variant.label {
                        label = format!("{label}, {drawn}");
                    }
                    let tamper = Tamper {
                        actor: actor.name.clone(),
                        call: call.clone(),
                        or: Vec::new(),
                        on: None,
                        everywhere: watched::everywhere(case, call),
                        occurrence: Occurrence::Every,
                        action: TamperAction::Fail(errno),
                    };
                    failing.push(Variant {
                        label: Some(label),
                        values,
                        tampers: vec![tamper],
                        turns: None,
                        search: None,
                    });
                }
            }
        }
    }
    Ok(failing)
}

/// Drawn values for people, long texts by their beginning and length: `n = "3", text = "aaaaaa…" (99 characters)`.
pub fn described(values: &BTreeMap<String, String>) -> String {
    const VALUE_CHARS_MAX: usize = 30;
    let one = |(name, value): (&String, &String)| {
        let length = value.chars().count();
        if length <= VALUE_CHARS_MAX {
            return format!("{name} = {value:?}");
        }
        let head: String = value.chars().take(VALUE_CHARS_MAX - 6).collect();
        format!(
            "{name} = \"{}…\" ({length} characters)",
            head.escape_debug()
        )
    };
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What the first failing call of the case's own faults is called, and what `strerror(3)` says for it.
fn fault_words(case: &Case) -> Vec<(String, String)> {
    let failing = case.faults.iter().find_map(|fault| match &fault.kind {
        FaultKind::Errno(errno) => Some((fault.calls[0].clone(), likely_errors::message(errno)?)),
        FaultKind::AtMost(_) | FaultKind::Signal(_) => None,
    });
    failing.map_or(Vec::new(), |(call, message)| {
        vec![
            ("fault.call".to_owned(), call),
            ("fault.message".to_owned(), message),
        ]
    })
}
