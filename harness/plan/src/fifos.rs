//! Labs about FIFOs: there, what crosses one is seen in each case, and how it was opened.

use ipclab_evidence::FileKind;
use ipclab_spec::{Action, Case, Player, Spec};

/// Whether a peer of the lab uses a FIFO, or a file of it must be one.
pub(crate) fn are_spoken_of(spec: &Spec) -> bool {
    spec.cases
        .iter()
        .any(|case| is_played(case) || is_wanted(case))
}

fn is_played(case: &Case) -> bool {
    let steps = case.actors.iter().flat_map(|actor| match &actor.player {
        Player::Peer { steps } => steps.as_slice(),
        Player::Student { .. } | Player::Reference { .. } => &[],
    });
    steps.into_iter().any(|step| {
        matches!(
            step.action,
            Action::FifoMake { .. } | Action::FifoOpen { .. }
        )
    })
}

fn is_wanted(case: &Case) -> bool {
    let mut files = case.objects.files.iter();
    files.any(|file| file.kind == Some(FileKind::Fifo))
}
