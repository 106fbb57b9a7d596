//! Descriptors that a message took along, `SCM_RIGHTS` of `unix(7)`: who passed what to whom.

use ipclab_evidence::{DescriptorPlace, Evidence, PassedDescriptor};

use super::model::{Act, Placed, Position, Row, Tone};

/// A row for each that was sent, and one for each that was received.
pub(super) fn of(evidence: &Evidence) -> Vec<Placed> {
    let mut rows = Vec::new();
    for one in &evidence.objects.passed {
        let what = what(one);
        let text = match &one.to {
            Some(to) => format!(
                "passes descriptor {} ({what}) to {}",
                one.from.fd,
                whose(evidence, to)
            ),
            None => format!(
                "passes descriptor {} ({what}), which no process receives",
                one.from.fd
            ),
        };
        rows.push(row(&one.from, one.from.call, text));
        if let Some(to) = &one.to {
            let text = format!("receives it as descriptor {} ({what})", to.fd);
            // Its call may have begun to wait long before.
            rows.push(row(to, to.call.max(one.from.call), text));
        }
    }
    rows
}

fn row(place: &DescriptorPlace, behind: u32, text: String) -> Placed {
    let act = Act::Step {
        actor: place.actor,
        text: text.into(),
    };
    Placed {
        position: Position::behind(behind),
        actor: place.actor,
        row: Row::new(Some(place.call), act, Tone::Plain),
    }
}

/// `write end of pipe 1`
fn what(one: &PassedDescriptor) -> String {
    let end = match (one.on.starts_with("pipe "), one.reads, one.writes) {
        (true, true, false) => "read end of ",
        (true, false, true) => "write end of ",
        _ => "",
    };
    format!("{end}{}", one.on)
}

/// `server` for an actor's first process, `process 8 of server` for another one.
fn whose(evidence: &Evidence, place: &DescriptorPlace) -> String {
    let actor = evidence.actors.get(place.actor);
    let name = actor.map_or("a program", |actor| &actor.name);
    match actor.and_then(|actor| actor.pid) == Some(place.pid) {
        true => name.to_owned(),
        false => format!("process {} of {name}", place.pid),
    }
}
