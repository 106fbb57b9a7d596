//! The parties: each submission is taken in and built once.

use std::collections::BTreeMap;

use ipclab_report::{Line, called, interop as report};

use ipclab_grade::grade::{self, Grader, Prepared};
use ipclab_grade::pool::PoolSlice;
use ipclab_grade::program_digest::{self, Digest};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{self, Class, Found};
use ipclab_intake::store::Store;
use ipclab_plan::Artifact;
use ipclab_plan::Programs;

/// A student, or the reference, with the programs that meet the others'.
pub(super) struct Party {
    id: Line,
    name: Line,
    problems: Vec<Line>,
    /// What can be run.
    pub(super) programs: Programs,
    /// What each program is: the same for programs that do the same.
    pub(super) alike: BTreeMap<String, Digest>,
    /// Programs that are no single executable lie in its folders.
    _store: Option<Store>,
}

impl Party {
    /// For the report.
    pub(super) fn report(&self) -> report::Party {
        report::Party {
            id: self.id.clone(),
            name: self.name.clone(),
            problems: self.problems.clone(),
        }
    }
}

/// The reference and all students of the class, in its order.
///
/// # Errors
/// The reference cannot play.
pub(super) fn gather(
    pool: &mut PoolSlice<'_>,
    grader: &Grader<'_>,
    class: &Class,
    progress: &dyn Progress,
) -> Result<Vec<Party>, Failure> {
    let reference = grade::prepare_references(pool, grader)?;
    let mut parties = vec![party(
        (Line::new("reference"), Line::new("the reference")),
        Ok((reference, None)),
    )];
    progress.stage("building submissions", class.found.len());
    parties.extend(pool.each_alone(&class.found, |pool, found| {
        let cast = cast(pool, grader, found);
        progress.step();
        let name = Line::new(&called(&found.who));
        party((found.who.id.clone(), name), cast)
    }));
    Ok(parties)
}

type Built = Result<(Prepared, Option<Store>), String>;

fn cast(pool: &mut PoolSlice<'_>, grader: &Grader<'_>, found: &Found) -> Built {
    let message = |failure: Failure| failure.message;
    let store = grader.store.part("party").map_err(message)?;
    // A matrix says why a student has no program, and nothing else about a submission.
    let submission =
        import::take_in(found, &store, &mut Vec::new()).map_err(|nothing| match nothing {
            import::Nothing::HandedIn(why) => why,
            import::Nothing::Ours(failure) => failure.message,
        })?;
    let grader = Grader {
        store: &store,
        ..*grader
    };
    let cast = grade::prepare_submission(pool, &grader, &submission, &Silent);
    Ok((cast.map_err(message)?, Some(store)))
}

fn party((id, name): (Line, Line), built: Built) -> Party {
    let (programs, problems, store) = match built {
        Ok((cast, store)) => {
            let problems = cast.record.programs.iter().filter_map(|program| {
                let problem = program.problem.as_ref()?;
                Some(Line::new(&format!("{}: {}", program.name, problem.message)))
            });
            (cast.programs, problems.collect(), store)
        }
        Err(why) => (Programs::default(), vec![Line::new(&why)], None),
    };
    let alike = programs.plain.iter();
    Party {
        alike: alike
            .map(|(program, artifact)| {
                let arguments = programs.arguments.get(program);
                (program.clone(), digest(artifact, arguments, &id))
            })
            .collect(),
        id,
        name,
        problems,
        programs,
        _store: store,
    }
}

/// The digest of an executable; what lies in a folder of files or gets arguments of its own stays that submission's own.
fn digest(artifact: &Artifact, arguments: Option<&Vec<String>>, id: &Line) -> Digest {
    let own = || *blake3::hash(id.as_bytes()).as_bytes();
    match artifact {
        Artifact::Executable(_) if arguments.is_some() => own(),
        Artifact::Executable(path) => program_digest::of(path).unwrap_or_else(|_| own()),
        Artifact::Command { .. } => own(),
    }
}
