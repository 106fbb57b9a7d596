//! `ipclab validate --worlds`: the same submissions in other surroundings, and every verdict must stay.
//!
//! A *factor* is something around the tool or in a program's build that must not matter (the mask, the environment, the
//! compiler's flags), with a few *values*; a *world* has one value of each. [`pairs`] draws worlds so that each two values of
//! different factors meet in one; [`run`] runs `ipclab validate` in it; [`result`] compares with the first world, in which
//! every factor has its usual value.
//!
//! A rejected submission that reads what it never wrote may well come to something else: [`known`] has the list of those,
//! each with its reason. No accepted submission and no reference may.

mod factors;
mod known;
mod pairs;
mod result;
mod run;

use std::time::Instant;

use ipclab_grade::progress::Progress;
use ipclab_intake::failure::Failure;

use crate::validate::probes::Proof;
use factors::{Factor, factors};
pub use result::Worlds;
use result::{LabWorlds, World};
pub use run::Request;

/// Validates labs in the worlds that this machine can make.
///
/// # Errors
/// A list of what may differ is wrong, or the tool cannot be started in the usual world.
pub fn worlds(
    proofs: &[Proof],
    request: &Request,
    progress: &dyn Progress,
) -> Result<Worlds, Failure> {
    let factors: Vec<Factor> = factors();
    let sizes: Vec<usize> = factors.iter().map(|factor| factor.values.len()).collect();
    let mut drawn = pairs::draw(&sizes);
    drawn.truncate(request.worlds.unwrap_or(usize::MAX));
    let mut labs = Vec::new();
    for proof in proofs {
        let known = known::read(&proof.folder)?;
        let place = run::Place::new(proof)?;
        progress.stage("validating in other worlds", drawn.len() + 1);
        let usual = vec![0; factors.len()];
        let base = run::validate(&place, &factors, &usual, request).map_err(Failure::unable)?;
        progress.step();
        let mut tried = Vec::new();
        for choice in &drawn {
            let began = Instant::now();
            let outcome = run::validate(&place, &factors, choice, request);
            let mut world = World::new(&factors, choice, &base, outcome, &known);
            world.took_s = began.elapsed().as_secs();
            // A night's run may be stopped for what is said here.
            progress.log(&format!(
                "{}: world {} of {}: {}",
                proof.lab.spec.lab,
                tried.len() + 1,
                drawn.len(),
                world.summary()
            ));
            tried.push(world);
            progress.step();
        }
        progress.end();
        labs.push(LabWorlds::new(
            &proof.lab.spec.lab,
            base.len(),
            tried,
            known,
        ));
    }
    Ok(Worlds::new(labs, &factors))
}
