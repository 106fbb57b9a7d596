//! The order in which actors start: whether the spec says it, or leaves it to chance.

use super::context::Context;
use crate::names::nearest;
use crate::raw::RawCase;
use crate::{Action, Actor, Case, Player};

/// `order = "any"`: it is meant that an actor may start before the one before it has done anything.
const ANY: &str = "any";

/// Warns of actors that start at any time after the one before them, unless the case says that this is meant.
pub(crate) fn order(raw: &RawCase, case: &Case, context: &mut Context<'_>) {
    if let Some(order) = &raw.order {
        if order.value != ANY {
            context
                .diagnostics
                .error(&order.span, format!("there is no order `{}`", order.value))
                .help("write order = \"any\", where it does not matter who does something first")
                .suggest(nearest(&order.value, [ANY]));
        }
        return;
    }
    for (at, actor) in case.actors.iter().enumerate().skip(1) {
        let (Some(before), true) = (case.actors[..at].last(), is_loose(case, at)) else {
            continue;
        };
        let mut names = raw.actor.iter().flat_map(|actors| actors.iter());
        let Some((name, _)) = names.find(|(name, _)| name.value == actor.name) else {
            continue;
        };
        let (name, span) = (&name.value, name.span.clone());
        context
            .diagnostics
            .warning(
                &span,
                format!("nothing says what `{}` must have done before `{name}` starts", before.name),
            )
            .help(format!(
                "write after = \"{0} exits\" or \"{0} waits\", or give {0} a `listens`; if any order is meant, write \
                 order = \"any\" in the case",
                before.name
            ))
            .consequence();
    }
}

/// Whether an actor starts at any time: it waits for nothing, no actor before it serves, and no script of either keeps step
/// with the other.
fn is_loose(case: &Case, at: usize) -> bool {
    let (before, actor) = (&case.actors[..at], &case.actors[at]);
    actor.after.is_none()
        && before.iter().all(|before| before.listens.is_none())
        && !case.actors.iter().any(keeps_step)
}

/// Whether an actor is a script that waits for what others do.
fn keeps_step(actor: &Actor) -> bool {
    match &actor.player {
        Player::Peer { steps } => steps
            .iter()
            .any(|step| matches!(step.action, Action::Until(_))),
        Player::Student { .. } | Player::Reference { .. } => false,
    }
}
