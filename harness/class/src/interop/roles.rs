//! Roles: which program gets the row and which the columns, and what their meeting must do.

use ipclab_judge::Finding;
use ipclab_spec::{After, Aspect, Case, Endpoint, Player};

use ipclab_grade::labs::Lab;
use ipclab_grade::selection::Selection;
use ipclab_intake::failure::Failure;

/// The cases in which programs of two parties can meet, and which party plays each program.
#[derive(Debug)]
pub(super) struct Roles<'a> {
    /// In the spec's order.
    pub(super) cases: Vec<Case>,
    /// The program that starts first in the first of them: the server.
    pub(super) row: &'a str,
    /// All others.
    pub(super) columns: Vec<&'a str>,
}

impl<'a> Roles<'a> {
    /// The roles of the cases that were asked for.
    ///
    /// # Errors
    /// In none of them does the student play more than one program.
    pub(super) fn of(lab: &'a Lab, selection: &Selection) -> Result<Self, Failure> {
        let mut cases = selection.cases_of(lab)?;
        cases.retain(|case| case.needs().len() > 1);
        let row = cases
            .first()
            .and_then(|case| case.needs().into_iter().next());
        let Some(row) = row else {
            return Err(Failure::usage(format!(
                "in no case of {} that was asked for does the student play more than one program, so nobody can meet anybody",
                lab.spec.lab
            ))
            .remedy("name other cases with --case or --tier, or none"));
        };
        cases.retain(|case| case.needs().contains(&row));
        let mut columns: Vec<&str> = Vec::new();
        for name in cases.iter().flat_map(|case| case.needs()) {
            if name != row && !columns.contains(&name) {
                columns.push(name);
            }
        }
        Ok(Self {
            cases: cases.into_iter().map(as_a_meeting).collect(),
            row,
            columns,
        })
    }

    /// Whether an actor plays the row's program; `None`: it plays neither party's.
    pub(super) fn is_row(&self, case: &Case, actor: &str) -> Option<bool> {
        match &case.role(actor)?.player {
            Player::Student { program, .. } => Some(program == self.row),
            Player::Reference { .. } | Player::Peer { .. } => None,
        }
    }
}

/// The case as two strangers play it: an actor that was to start when a server listens at its address starts when that
/// server waits, at whatever address. Two parties that agree on another port work together, though with no third.
fn as_a_meeting(case: &Case) -> Case {
    let mut case = case.clone();
    let mut served: Option<String> = None;
    for actor in &mut case.actors {
        let listened = match &actor.after {
            Some(After::Listens(name)) => Some(name.clone()),
            Some(After::Exits(_) | After::Waits(_) | After::Clock(_)) => None,
            None => served.take(),
        };
        if let Some(name) = listened {
            actor.after = Some(After::Waits(name));
        }
        let student = actor.is_student();
        served = actor
            .listens
            // Where a server may be anywhere, its client is given the place.
            .take_if(|place| student && !matches!(place, Endpoint::Any(_)))
            .map(|_| actor.name.clone());
    }
    case
}

/// Whether a finding says something about two together: whether each printed what it should, and how it ended. Ports, bytes
/// and what is left behind are each one's own, and `check` speaks of them.
pub(super) fn is_about_both(finding: &Finding) -> bool {
    match finding.aspect {
        Aspect::Output | Aspect::Exit => true,
        Aspect::Build | Aspect::Bytes | Aspect::Cleanup | Aspect::Calls | Aspect::Memory => false,
    }
}
