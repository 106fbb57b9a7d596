//! Faults: whether what a run's plan changes at the kernel boundary has happened.

use std::collections::BTreeMap;

use ipclab_evidence::{CHILD_STORE, Call, Evidence, Object, Plan, STORE, Tamper, belongs};

/// What a report says of a case that no program can be judged by.
pub const SPEC_IS_WRONG: &str = "the spec is wrong here";

/// The faults of a plan that did not happen in its run, as specs write them: `client recv #2: EINTR`. Their actor, with all
/// its copies, made no such call, or not as often.
#[must_use]
pub fn unmet_faults(plan: &Plan, evidence: &Evidence) -> Vec<String> {
    let mut happened: BTreeMap<String, bool> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for (at, tamper) in plan.tampers.iter().enumerate() {
        let text = written(tamper);
        if !order.contains(&text) {
            order.push(text.clone());
        }
        *happened.entry(text).or_default() |= has_happened(at, tamper, evidence);
    }
    order.retain(|text| !happened[text]);
    order
}

/// The faults of a plan, as specs write them.
#[must_use]
pub fn planned_faults(plan: &Plan) -> Vec<String> {
    plan.tampers.iter().map(written).collect()
}

/// Whether a tamper, by its place in the plan, has met something.
fn has_happened(at: usize, tamper: &Tamper, evidence: &Evidence) -> bool {
    let mut actors = evidence.actors.iter();
    let index = actors.position(|actor| actor.name == tamper.actor);
    let Some(index) = index else {
        return false;
    };
    // No call tells of a write to memory.
    if [STORE, CHILD_STORE].contains(&tamper.call.as_str()) {
        let sharing = evidence.sharing.as_ref();
        return sharing.is_some_and(|sharing| sharing.tampered.contains(&at));
    }
    // Of calls that were not kept nothing does.
    if evidence.actors[index].calls_dropped > 0 {
        return true;
    }
    let note = tamper.action.note();
    let is_changed = |call: &&Call| {
        let on_socket = matches!(call.object, Some(Object::Socket(_)));
        call.actor == index
            && call.tampered.as_ref() == Some(&note)
            && tamper
                .met_calls()
                .any(|wanted| belongs(&call.name, on_socket, wanted))
    };
    evidence.trace.iter().any(|call| is_changed(&call))
}

/// As specs write it; copies have the name of all of them.
fn written(tamper: &Tamper) -> String {
    let actor = match tamper.actor.rsplit_once('.') {
        Some((role, copy)) if copy.parse::<u32>().is_ok() => role,
        _ => &tamper.actor,
    };
    let on = tamper.on.as_ref();
    let on = on.map_or(String::new(), |on| format!(" on {on}"));
    let calls: Vec<&str> = tamper.calls().collect();
    format!(
        "{actor} {}{on}{}: {}",
        calls.join(" or "),
        tamper.occurrence,
        tamper.action.note()
    )
}
