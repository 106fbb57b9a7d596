//! What was left behind, as a finding.

use ipclab_spec::Aspect;

use crate::facts::Facts;
use crate::finding::Finding;

/// Something that an actor should not have left, or should have.
pub(super) fn fail(facts: Facts<'_>, actor: Option<usize>, text: String) -> Finding {
    let name = actor
        .and_then(|actor| facts.actor(actor))
        .map(|actor| actor.name.as_str());
    Finding::fail(Aspect::Cleanup, name, text)
}
