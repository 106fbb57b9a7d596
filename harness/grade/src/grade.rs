//! Grading: builds, then cases, then a record of everything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ipclab_judge::Verdict;
use ipclab_report::Line;
use ipclab_sandbox::Wish;
use ipclab_spec::{Actor, Case, Mapped, Mapping, Player, Program, Reference, Spec, Tier};

use crate::compile::{Built, Variant, Workshop};
use crate::explore::{Oracles, RunCache, Scene, explore, repeat_failing};
use crate::labs::Lab;
use crate::pool::{PoolSlice, SandboxPool};
use crate::progress::Progress;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_plan::Artifact;
use ipclab_plan::{self as plan, Programs};
use ipclab_verdict as verdict;
use ipclab_verdict::record::{CaseRecord, FORMAT, Record};

/// What is to be graded, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ids of cases; none: all.
    pub cases: Vec<String>,
    /// Tiers; none: all.
    pub tiers: Vec<Tier>,
    /// Level of isolation.
    pub isolation: Wish,
    /// How many programs run at a time; `None`: one a processor.
    pub jobs: Option<usize>,
    /// Seed of what is drawn.
    pub seed: u64,
    /// Whether builds may be taken from the cache and kept there.
    pub use_cache: bool,
    /// The command that repeats this check.
    pub command: Vec<String>,
    /// Whether cases that fail are looked into: repeated, tried with the references, shrunk.
    pub look_into: bool,
    /// What the references did before; copies of these options share it.
    pub oracles: Oracles,
    /// What students' programs did before, where the very same one is tried once; copies of these options share it.
    pub run_cache: Option<RunCache>,
}

impl Default for Options {
    /// Every case of a lab as its author tries it: no report comes of it that a student reads.
    fn default() -> Self {
        Self {
            cases: Vec::new(),
            tiers: Vec::new(),
            isolation: Wish::Auto,
            jobs: None,
            seed: 0,
            use_cache: true,
            command: Vec::new(),
            look_into: false,
            oracles: Oracles::default(),
            run_cache: None,
        }
    }
}

impl Options {
    /// The command that checks a folder again.
    pub fn command(folder: &str, lab: &Lab, seed: u64) -> Vec<String> {
        let mut command = ["ipclab", "check", folder].map(str::to_owned).to_vec();
        command.extend(lab.words.iter().cloned());
        if seed != 0 {
            command.extend(["--seed".to_owned(), seed.to_string()]);
        }
        command
    }

    /// Whether a case was asked for.
    fn want(&self, case: &Case) -> bool {
        (self.cases.is_empty() || self.cases.contains(&case.id))
            && (self.tiers.is_empty() || self.tiers.contains(&case.tier))
    }

    /// Whether any case of a lab was.
    pub fn want_any(&self, lab: &Lab) -> bool {
        lab.spec.cases.iter().any(|case| self.want(case))
    }
}

/// Grades a submission.
///
/// # Errors
/// Only what keeps the tool from grading at all; what a student or a single case runs into is in the record.
pub fn grade(
    lab: &Lab,
    submission: &Submission,
    store: &Store,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    // What was asked for wrongly is said before the machine is tried.
    selected(lab, options)?;
    let mut sandboxes = SandboxPool::start(options.isolation, options.jobs)?;
    let record = grade_by(
        &mut sandboxes.all(),
        lab,
        submission,
        store,
        options,
        progress,
    );
    progress.end();
    record
}

/// Grades a submission with sandboxes that are there already.
///
/// # Errors
/// As [`grade`].
pub fn grade_by(
    pool: &mut PoolSlice<'_>,
    lab: &Lab,
    submission: &Submission,
    store: &Store,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    let cases = selected(lab, options)?;
    let Cast {
        mut record,
        programs,
    } = cast_submission(pool, lab, submission, store, options, progress)?;
    run(lab, &cases, &programs, options, pool, progress, &mut record);
    Ok(record)
}

/// Programs that can play in the student's places, and a record that says what became of them, with no case run yet.
pub struct Cast {
    /// What is known of the programs.
    pub record: Record,
    /// The programs.
    pub programs: Programs,
}

/// Builds a submission for the cases that were asked for.
///
/// # Errors
/// As [`grade`].
pub fn cast_submission(
    pool: &mut PoolSlice<'_>,
    lab: &Lab,
    submission: &Submission,
    store: &Store,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Cast, Failure> {
    let cases = selected(lab, options)?;
    let workshop = Workshop::open(store, submission, options.use_cache)?;
    let mut record = empty(lab, &submission.name, pool, options);
    let mut programs = build(&lab.spec, &cases, &workshop, pool, progress, &mut record);
    programs.references = references(lab, &cases, store, options, pool)?;
    remark_on_leftovers(submission, &mut record.programs);
    Ok(Cast { record, programs })
}

/// Puts the reference programs in the student's places.
///
/// # Errors
/// As [`grade`].
pub fn cast_references(
    pool: &mut PoolSlice<'_>,
    lab: &Lab,
    store: &Store,
    options: &Options,
) -> Result<Cast, Failure> {
    let spec = &lab.spec;
    let mut record = empty(lab, "reference", pool, options);
    let references = references(lab, &with_references(lab, options)?, store, options, pool)?;
    let programs = stand_ins(spec, &references);
    record.programs = spec
        .programs
        .iter()
        .filter(|program| programs.plain.contains_key(&program.name))
        .map(|program| ipclab_report::Program::built(&program.name, &[]))
        .collect();
    Ok(Cast { record, programs })
}

/// The cases that were asked for, but for those with a program that has no reference.
fn with_references<'a>(lab: &'a Lab, options: &Options) -> Result<Vec<&'a Case>, Failure> {
    let has_reference = |name: &str| {
        lab.spec
            .program(name)
            .is_some_and(|program| program.reference != Reference::None)
    };
    let mut cases = selected(lab, options)?;
    cases.retain(|case| case.needs().into_iter().all(has_reference));
    Ok(cases)
}

/// Grades the reference programs in the student's places, as untrusted as any student's. Cases with a program that has
/// no reference are left out.
///
/// # Errors
/// As [`grade`].
pub fn grade_references(
    pool: &mut PoolSlice<'_>,
    lab: &Lab,
    store: &Store,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    let cases = with_references(lab, options)?;
    let Cast {
        mut record,
        programs,
    } = cast_references(pool, lab, store, options)?;
    run(lab, &cases, &programs, options, pool, progress, &mut record);
    Ok(record)
}

/// The references in the student's places. `references` are those that were built from sources beside the spec.
pub fn stand_ins(spec: &Spec, references: &BTreeMap<String, PathBuf>) -> Programs {
    let own = own_executable();
    let mut plain = BTreeMap::new();
    for program in &spec.programs {
        let artifact = match &program.reference {
            Reference::None => None,
            Reference::Sources(_) => references
                .get(&program.name)
                .cloned()
                .map(Artifact::Executable),
            Reference::BuiltIn(name) if *name == program.name => {
                Some(Artifact::Executable(own.clone()))
            }
            // The tool plays what it is called: it must bear the reference's name there, too.
            Reference::BuiltIn(name) => Some(Artifact::Command {
                tool: None,
                argv: vec![format!("./{name}")],
                entries: vec![(own.clone(), name.into())],
            }),
        };
        plain.extend(artifact.map(|artifact| (program.name.clone(), artifact)));
    }
    Programs {
        sanitized: plain.clone(),
        plain,
        references: references.clone(),
        own,
    }
}

/// A record of nothing yet.
fn empty(lab: &Lab, submission: &str, pool: &PoolSlice<'_>, options: &Options) -> Record {
    Record {
        format: FORMAT.to_owned(),
        spec_name: lab.file.clone(),
        spec: lab.text.clone(),
        submission: submission.to_owned(),
        command: options.command.clone(),
        isolation: pool.level(),
        seed: options.seed,
        programs: Vec::new(),
        not_sanitized: BTreeMap::new(),
        cases: Vec::new(),
    }
}

/// Runs the cases with these programs, into the record.
fn run(
    lab: &Lab,
    cases: &[&Case],
    programs: &Programs,
    options: &Options,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
    record: &mut Record,
) {
    let scene = Scene {
        spec: &lab.spec,
        programs,
        stand_ins: &stand_ins(&lab.spec, &programs.references),
        oracles: &options.oracles,
        run_cache: options.run_cache.as_ref(),
        seed: options.seed,
        look_into: options.look_into,
    };
    progress.stage("running cases", cases.len());
    record.cases = run_all(cases, &scene, pool, progress, record);
    if options.look_into {
        repeat_failing(cases, &mut record.cases, &scene, pool, progress);
    }
}

/// The cases that were asked for, in the spec's order.
///
/// # Errors
/// There is no such case, or none at all.
pub fn selected<'a>(lab: &'a Lab, options: &Options) -> Result<Vec<&'a Case>, Failure> {
    let spec = &lab.spec;
    if let Some(unknown) = options.cases.iter().find(|id| spec.case(id).is_none()) {
        let near = spec
            .cases
            .iter()
            .map(|case| case.id.as_str())
            .max_by(|a, b| {
                strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
            });
        let failure = Failure::usage(format!("the lab {} has no case {unknown:?}", spec.lab));
        return Err(match near {
            Some(near) => failure.remedy(format!(
                "did you mean {near}? All of them: ipclab explain {}",
                spec.lab
            )),
            None => failure,
        });
    }
    let wanted = |case: &&Case| options.want(case);
    let cases: Vec<&Case> = spec.cases.iter().filter(wanted).collect();
    if cases.is_empty() {
        let tiers: BTreeSet<&str> = spec.cases.iter().map(|case| case.tier.name()).collect();
        let tiers: Vec<&str> = tiers.into_iter().collect();
        return Err(Failure::usage(format!(
            "no case of {} is in what --case and --tier leave",
            spec.lab
        ))
        .remedy(format!("its tiers are: {}", tiers.join(", "))));
    }
    Ok(cases)
}

/// Builds what the cases need of the student's, in parallel. Every program of the lab is reported on.
fn build(
    spec: &Spec,
    cases: &[&Case],
    workshop: &Workshop<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
    record: &mut Record,
) -> Programs {
    let needs = |variant: Variant, program: &Program| {
        let sanitize = variant == Variant::Sanitized;
        cases
            .iter()
            .any(|case| case.sanitize == sanitize && case.needs().contains(&program.name.as_str()))
    };
    let mut tasks: Vec<&Program> = Vec::new();
    for program in &spec.programs {
        // The plain build is what the report speaks of, so it is made also where only sanitized cases were asked for.
        let any = needs(Variant::Plain, program) || needs(Variant::Sanitized, program);
        tasks.extend(any.then_some(program));
    }
    progress.stage("building programs", tasks.len());
    let plain = pool.each(&tasks, |sandbox, program| {
        let built = workshop.build(program, Variant::Plain, &[], sandbox);
        progress.step();
        built
    });
    let sanitized_tasks: Vec<(&Program, Vec<PathBuf>)> = tasks
        .iter()
        .zip(&plain)
        .filter(|(program, built)| built.artifact.is_some() && needs(Variant::Sanitized, program))
        .map(|(program, built)| (*program, built.helpers.clone()))
        .collect();
    let sanitized = pool.each(&sanitized_tasks, |sandbox, (program, helpers)| {
        let built = workshop.build(program, Variant::Sanitized, helpers, sandbox);
        progress.step();
        built
    });

    let mut programs = Programs {
        own: own_executable(),
        ..Programs::default()
    };
    for (program, built) in tasks.iter().zip(plain) {
        record.programs.push(built.report);
        programs.plain.extend(
            built
                .artifact
                .map(|artifact| (program.name.clone(), artifact)),
        );
    }
    for ((program, _), built) in sanitized_tasks.iter().zip(sanitized) {
        let Built {
            report, artifact, ..
        } = built;
        if let Some(problem) = report.problem {
            record
                .not_sanitized
                .insert(program.name.clone(), problem.message.to_string());
        }
        programs
            .sanitized
            .extend(artifact.map(|artifact| (program.name.clone(), artifact)));
    }
    programs
}

/// Builds those of the references that the spec has as sources, in the way of a submission of which the spec's folder is the
/// folder. A reference may play in a case, or show in the student's place whether the case can be passed.
fn references(
    lab: &Lab,
    cases: &[&Case],
    store: &Store,
    options: &Options,
    pool: &mut PoolSlice<'_>,
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let actors = cases.iter().flat_map(|case| &case.actors);
    let played: BTreeSet<&str> = actors
        .filter_map(|actor| match &actor.player {
            Player::Reference { program, .. } | Player::Student { program, .. } => {
                Some(program.as_str())
            }
            Player::Peer { .. } => None,
        })
        .collect();
    let wanted: Vec<Program> = lab
        .spec
        .programs
        .iter()
        .filter(|program| played.contains(program.name.as_str()))
        .filter_map(|program| match &program.reference {
            Reference::Sources(sources) => Some(Program {
                sources: sources.clone(),
                build: None,
                ..program.clone()
            }),
            Reference::BuiltIn(_) | Reference::None => None,
        })
        .collect();
    let Some(beside) = lab.beside.as_deref().filter(|_| !wanted.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let beside = if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        beside
    };
    let mut folder = Submission::take_in(beside, store.folder("reference")?)?;
    // Its authors name paths, not programs to be looked for.
    folder.mapping = Mapping {
        lab: None,
        programs: wanted
            .iter()
            .map(|program| Mapped {
                name: program.name.clone(),
                sources: program.sources.clone(),
                ..Mapped::default()
            })
            .collect(),
    };
    let workshop = Workshop::open(store, &folder, options.use_cache)?;
    let built = pool.each(&wanted, |sandbox, program| {
        workshop.build(program, Variant::Plain, &[], sandbox)
    });
    wanted
        .into_iter()
        .zip(built)
        .map(
            |(program, built)| match (built.artifact, built.report.problem) {
                (Some(Artifact::Executable(path)), _) => Ok((program.name, path)),
                (_, problem) => {
                    let mut why = problem
                        .as_ref()
                        .map_or("it is not a program".to_owned(), |problem| {
                            problem.message.to_string()
                        });
                    for error in problem.iter().flat_map(|problem| &problem.errors) {
                        why.push_str(&format!(
                            "\n  {}: {}",
                            error.place().unwrap_or_default(),
                            error.message
                        ));
                    }
                    Err(Failure::usage(format!(
                        "the reference of {} does not build: {why}",
                        program.name
                    )))
                }
            },
        )
        .collect()
}

/// Runs the cases: those that others require before those that require them, and otherwise as many at a time as there
/// are sandboxes.
fn run_all(
    cases: &[&Case],
    scene: &Scene<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
    record: &Record,
) -> Vec<CaseRecord> {
    let mut done: Vec<Option<CaseRecord>> = cases.iter().map(|_| None).collect();
    let mut verdicts: BTreeMap<&str, Verdict> = BTreeMap::new();
    while done.iter().any(Option::is_none) {
        let waits = |case: &Case| {
            case.requires.iter().any(|id| {
                cases.iter().any(|other| other.id == *id) && !verdicts.contains_key(id.as_str())
            })
        };
        let mut wave: Vec<usize> = (0..cases.len())
            .filter(|n| done[*n].is_none() && !waits(cases[*n]))
            .collect();
        if wave.is_empty() {
            // Cases that require each other in a circle: the spec's own check refuses them, so this is only for safety.
            wave = (0..cases.len()).filter(|n| done[*n].is_none()).collect();
        }
        // The longest first: one that begins when all others are done has a single sandbox to itself.
        if pool.size() > 1 {
            wave.sort_by_cached_key(|n| Reverse(processes(scene, cases[*n])));
        }
        let known = &verdicts;
        let ran = pool.each(&wave, |sandbox, n| {
            let case = cases[*n];
            let ran = match verdict::obstacle(case, record, known) {
                Some(outcome) => (
                    CaseRecord {
                        id: case.id.clone(),
                        ..CaseRecord::default()
                    },
                    outcome.verdict,
                ),
                None => explore(case, scene, sandbox),
            };
            progress.step();
            ran
        });
        for (n, (ran, verdict)) in wave.into_iter().zip(ran) {
            verdicts.insert(&cases[n].id, verdict);
            done[n] = Some(ran);
        }
    }
    done.into_iter().flatten().collect()
}

/// How many processes the runs of a case start, as far as that is known before: what a case costs beside the others.
fn processes(scene: &Scene<'_>, case: &Case) -> usize {
    let runs = plan::variants(&scene.spec.lab, case, scene.seed).map_or(1, |runs| runs.len());
    let copies = |actor: &Actor| actor.copies.as_text()?.parse().ok();
    let each = case.actors.iter().map(|actor| copies(actor).unwrap_or(1));
    runs.saturating_mul(each.fold(0, usize::saturating_add))
}

/// Says once that committed binaries were not run, with the program that they look like.
fn remark_on_leftovers(submission: &Submission, programs: &mut [ipclab_report::Program]) {
    for binary in submission.binaries() {
        let stem = binary
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let owner = programs
            .iter()
            .position(|program| program.name.as_str() == stem)
            .unwrap_or(0);
        if let Some(program) = programs.get_mut(owner) {
            let what = format!(
                "ignored the binary {}: what is graded is built from source",
                show::path(binary)
            );
            program.warnings.push(Line::new(&what));
        }
    }
}

fn own_executable() -> PathBuf {
    // The link itself would be resolved inside the box, where it is somebody else's.
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"))
}
