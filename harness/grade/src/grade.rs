//! Grading: builds, then cases, then a record of everything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ipclab_evidence::LineTable;
use ipclab_judge::Verdict;
use ipclab_report::Line;
use ipclab_sandbox::Sandbox;
use ipclab_spec::{Actor, Case, Mapped, Mapping, Player, Program, Reference, Sanitizers, Spec};

use crate::compile::{Builder, Built};
use crate::explore::{ExploreContext, explore, repeat_failing};
use crate::labs::{self, Lab};
use crate::own;
use crate::pool::{PoolSlice, SandboxPool};
use crate::progress::Progress;
use crate::selection::{Caches, RunConfig, Selection};
use crate::withheld;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_plan::Artifact;
use ipclab_plan::{self as plan, Programs};
use ipclab_verdict as verdict;
use ipclab_verdict::record::{CaseRecord, FORMAT, Record, SanitizedBuilds};

/// Everything that submissions of a lab are graded with.
#[derive(Clone, Copy)]
pub struct Grader<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// Where builds and scratch files go.
    pub store: &'a Store,
    /// What is graded.
    pub selection: &'a Selection,
    /// How.
    pub config: &'a RunConfig,
    /// What was seen before.
    pub caches: &'a Caches,
}

impl<'a> Grader<'a> {
    /// The cases that were asked for, in the spec's order.
    ///
    /// # Errors
    /// There is no such case, or none at all.
    pub fn cases(&self) -> Result<Vec<&'a Case>, Failure> {
        self.selection.cases_of(self.lab)
    }

    /// What boxes withhold although it lies where they show the host: the tool, the spec and what lies beside it, the store, and
    /// what else is the grader's.
    fn withheld(&self) -> Vec<PathBuf> {
        let mut private = self.config.private.clone();
        private.extend(self.lab.beside.clone());
        private.extend(self.lab.path.clone());
        private.push(self.store.root().to_owned());
        withheld::of(&private, self.config.toolchains.folders())
    }
}

/// Grades a submission.
///
/// # Errors
/// Only what keeps the tool from grading at all; what a student or a single case runs into is in the record.
pub fn grade(
    grader: &Grader<'_>,
    submission: &Submission,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    // What was asked for wrongly is said before the machine is tried.
    let cases = grader.cases()?;
    let RunConfig {
        isolation, jobs, ..
    } = *grader.config;
    let mut sandboxes = SandboxPool::start_for(cases.len(), isolation, jobs)?;
    let record = grade_by(&mut sandboxes.all(), grader, submission, progress);
    progress.end();
    record
}

/// Grades a submission with sandboxes that are there already.
///
/// # Errors
/// As [`grade`].
pub fn grade_by(
    pool: &mut PoolSlice<'_>,
    grader: &Grader<'_>,
    submission: &Submission,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    let cases = grader.cases()?;
    let Prepared {
        mut record,
        programs,
    } = prepare_submission(pool, grader, submission, progress)?;
    run(grader, &cases, &programs, pool, progress, &mut record);
    Ok(record)
}

/// Programs that can play in the student's places, and a record that says what became of them, with no case run yet.
pub struct Prepared {
    /// What is known of the programs.
    pub record: Record,
    /// The programs.
    pub programs: Programs,
}

/// Builds a submission for the cases that were asked for.
///
/// # Errors
/// As [`grade`].
pub fn prepare_submission(
    pool: &mut PoolSlice<'_>,
    grader: &Grader<'_>,
    submission: &Submission,
    progress: &dyn Progress,
) -> Result<Prepared, Failure> {
    let cases = grader.cases()?;
    let builder = Builder::open(
        grader.store,
        submission,
        &grader.lab.spec.programs,
        grader.config,
        grader.withheld(),
    )?;
    let mut record = empty(grader, &submission.name, pool);
    let mut programs = build(
        &grader.lab.spec,
        &cases,
        &builder,
        pool,
        progress,
        &mut record,
    );
    programs.references = references(grader, &cases, pool)?;
    programs.withheld = grader.withheld();
    programs.surroundings = grader.config.surroundings;
    record.sources = sources(&programs, submission);
    remark_on_leftovers(submission, &mut record.programs);
    remark_on_mappings(submission, &mut record.programs);
    Ok(Prepared { record, programs })
}

/// The files of the submission that lines of its programs are in.
fn sources(programs: &Programs, submission: &Submission) -> BTreeMap<String, String> {
    /// No file of a lab is near that; what is left out of one is not shown beside a finding.
    const BYTES_MAX: usize = 256 << 10;
    let sanitized = programs.sanitized_lines.values();
    let tables = programs.plain_lines.values().chain(sanitized);
    let named: BTreeSet<&String> = tables.flat_map(LineTable::files).collect();
    let files = submission.files.iter().map(|file| (show::path(file), file));
    let wanted = files.filter(|(name, _)| named.contains(name));
    wanted
        .map(|(name, file)| {
            let mut text = submission.read(file);
            text.truncate(BYTES_MAX);
            (name, String::from_utf8_lossy(&text).into_owned())
        })
        .collect()
}

/// Puts the reference programs in the student's places.
///
/// # Errors
/// As [`grade`].
pub fn prepare_references(
    pool: &mut PoolSlice<'_>,
    grader: &Grader<'_>,
) -> Result<Prepared, Failure> {
    let spec = &grader.lab.spec;
    let mut record = empty(grader, "reference", pool);
    let references = references(grader, &with_references(grader)?, pool)?;
    let programs = Programs {
        withheld: grader.withheld(),
        surroundings: grader.config.surroundings,
        ..substitutes(spec, &references)
    };
    record.programs = spec
        .programs
        .iter()
        .filter(|program| programs.plain.contains_key(&program.name))
        .map(|program| ipclab_report::Program::built(&program.name, &[]))
        .collect();
    Ok(Prepared { record, programs })
}

/// The cases that were asked for, but for those with a program that has no reference.
fn with_references<'a>(grader: &Grader<'a>) -> Result<Vec<&'a Case>, Failure> {
    let has_reference = |name: &str| {
        grader
            .lab
            .spec
            .program(name)
            .is_some_and(|program| program.reference != Reference::None)
    };
    let mut cases = grader.cases()?;
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
    grader: &Grader<'_>,
    progress: &dyn Progress,
) -> Result<Record, Failure> {
    let cases = with_references(grader)?;
    let Prepared {
        mut record,
        programs,
    } = prepare_references(pool, grader)?;
    run(grader, &cases, &programs, pool, progress, &mut record);
    Ok(record)
}

/// The references in the student's places. `references` are those that were built from sources beside the spec.
pub fn substitutes(spec: &Spec, references: &BTreeMap<String, PathBuf>) -> Programs {
    let own = own::executable();
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
        sanitized: [Sanitizers::Memory, Sanitizers::Threads]
            .into_iter()
            .flat_map(|which| plain.iter().map(move |(name, one)| ((which, name), one)))
            .map(|((which, name), one)| ((which, name.clone()), one.clone()))
            .collect(),
        plain,
        references: references.clone(),
        own,
        ..Programs::default()
    }
}

/// A record of nothing yet.
fn empty(grader: &Grader<'_>, submission: &str, pool: &PoolSlice<'_>) -> Record {
    let (lab, config) = (grader.lab, grader.config);
    Record {
        format: FORMAT.to_owned(),
        spec_name: lab.file.clone(),
        spec: lab.text.clone(),
        submission: submission.to_owned(),
        command: config.command.clone(),
        isolation: pool.level(),
        seed: config.seed,
        programs: Vec::new(),
        not_sanitized: BTreeMap::new(),
        not_compiled: BTreeSet::new(),
        unproved: BTreeMap::new(),
        sources: BTreeMap::new(),
        silenced: BTreeMap::new(),
        threads: SanitizedBuilds::default(),
        cases: Vec::new(),
    }
}

/// Runs the cases with these programs, into the record.
fn run(
    grader: &Grader<'_>,
    cases: &[&Case],
    programs: &Programs,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
    record: &mut Record,
) {
    let Grader {
        lab,
        config,
        caches,
        ..
    } = grader;
    let context = ExploreContext {
        spec: &lab.spec,
        programs,
        substitutes: &Programs {
            withheld: programs.withheld.clone(),
            ..substitutes(&lab.spec, &programs.references)
        },
        reference_runs: &caches.reference_runs,
        run_cache: caches.runs.as_ref(),
        seed: config.seed,
        schedule: config.schedule.as_deref(),
        look_into: config.look_into,
    };
    progress.stage("running cases", cases.len());
    record.cases = run_all(cases, &context, pool, progress, record);
    if config.look_into {
        repeat_failing(cases, &mut record.cases, &context, pool, progress);
    }
}

/// Builds what the cases need of the student's, in parallel. Every program of the lab is reported on.
fn build(
    spec: &Spec,
    cases: &[&Case],
    builder: &Builder<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
    record: &mut Record,
) -> Programs {
    let needs = |sanitizers: Option<Sanitizers>, program: &Program| {
        let name = program.name.as_str();
        let mut cases = cases.iter();
        cases.any(|case| case.sanitize == sanitizers && case.needs().contains(&name))
    };
    const ALL: [Sanitizers; 2] = [Sanitizers::Memory, Sanitizers::Threads];
    let mut tasks: Vec<&Program> = Vec::new();
    for program in &spec.programs {
        // The plain build is what the report speaks of, so it is made also where only sanitized cases were asked for.
        let any = needs(None, program) || ALL.iter().any(|which| needs(Some(*which), program));
        tasks.extend(any.then_some(program));
    }
    progress.stage("building programs", tasks.len());
    let plain = pool.each(&tasks, |sandbox, program| {
        let built = builder.build(program, sandbox);
        progress.step();
        built
    });
    let built = tasks.iter().zip(&plain);
    let built = built.filter(|(_, built)| built.artifact.is_some());
    let sanitized_tasks: Vec<(Sanitizers, &Program, Built)> = built
        .flat_map(|(program, built)| ALL.map(|which| (which, *program, built.clone())))
        .filter(|(which, program, _)| needs(Some(*which), program))
        .collect();
    if !sanitized_tasks.is_empty() {
        progress.stage("building with sanitizers", sanitized_tasks.len());
    }
    let sanitized = pool.each(&sanitized_tasks, |sandbox, (which, program, plain)| {
        let built = builder.build_sanitized(program, *which, plain, sandbox);
        progress.step();
        built
    });

    let mut programs = Programs {
        own: own::executable(),
        handed_in: Some(builder.handed_in()),
        arguments: builder.arguments(),
        ..Programs::default()
    };
    for (program, built) in tasks.iter().zip(plain) {
        record.programs.push(built.report);
        if let Some(Artifact::Executable(path)) = &built.artifact
            && has_sanitizer(path)
        {
            programs.own_sanitizers.insert(program.name.clone());
        }
        programs
            .plain_lines
            .extend(built.lines.map(|lines| (program.name.clone(), lines)));
        programs.plain.extend(
            built
                .artifact
                .map(|artifact| (program.name.clone(), artifact)),
        );
    }
    let unmasking = (!sanitized.is_empty())
        .then(|| builder.unmasking())
        .flatten();
    let mut noted: BTreeMap<Sanitizers, SanitizedBuilds> = BTreeMap::new();
    for ((which, program, _), built) in sanitized_tasks.iter().zip(sanitized) {
        let builds = noted.entry(*which).or_default();
        if let Some(silencer) = unmasking.clone().or_else(|| built.silencer(*which)) {
            builds.silenced.insert(program.name.clone(), silencer);
        }
        if built.other_language {
            builds.not_compiled.insert(program.name.clone());
        }
        if let Some(flaw) = &built.flaw
            && !built.other_language
        {
            builds.unproved.insert(program.name.clone(), flaw.clone());
        }
        let Built {
            report,
            artifact,
            lines,
            ..
        } = built;
        programs
            .sanitized_lines
            .extend(lines.map(|lines| ((*which, program.name.clone()), lines)));
        if let Some(problem) = report.problem {
            let mut why = problem.message.to_string();
            for line in problem
                .remedy
                .iter()
                .filter(|_| problem.ours)
                .flat_map(|it| it.lines())
            {
                why += &format!(". The remedy: {line}");
            }
            builds.not_sanitized.insert(program.name.clone(), why);
        }
        programs
            .sanitized
            .extend(artifact.map(|artifact| ((*which, program.name.clone()), artifact)));
    }
    for (which, builds) in noted {
        record.note_sanitized_builds(which, builds);
    }
    programs
}

/// Builds those of the references that the spec has as sources, in the way of a submission of which the spec's folder is the
/// folder. A reference may play in a case, or show in the student's place whether the case can be passed.
fn references(
    grader: &Grader<'_>,
    cases: &[&Case],
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
    let lab = grader.lab;
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
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    labs::has_reference_sources(lab)?;
    let names = wanted.iter().flat_map(|program| &program.sources);
    let beside = match &lab.beside {
        Some(beside) if beside.as_os_str().is_empty() => PathBuf::from("."),
        Some(beside) => beside.clone(),
        None => written_out(names.clone(), grader.store)?,
    };
    let sources: Vec<PathBuf> = names.map(PathBuf::from).collect();
    let staged = grader.store.folder("reference")?;
    let mut folder = Submission::take_in_named(&beside, &sources, staged)?;
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
    let builder = Builder::open(
        grader.store,
        &folder,
        &wanted,
        grader.config,
        grader.withheld(),
    )?;
    let built = pool.each(&wanted, |sandbox, program| builder.build(program, sandbox));
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

/// Writes the sources of references that the tool carries into a folder, where the compiler finds them.
fn written_out<'a>(
    names: impl Iterator<Item = &'a String>,
    store: &Store,
) -> Result<PathBuf, Failure> {
    let folder = store.folder("carried")?;
    // A source that is not carried is missed by the build, which names it.
    for (name, text) in names.flat_map(|source| labs::carried_beside(source)) {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| {
                Failure::disk(
                    format_args!("writing the reference {}", show::path(&path)),
                    &error,
                )
            })?;
    }
    Ok(folder)
}

/// Runs the cases: those that others require before those that require them, and otherwise as many at a time as there
/// are sandboxes.
fn run_all(
    cases: &[&Case],
    context: &ExploreContext<'_>,
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
            wave.sort_by_cached_key(|n| Reverse(processes(context, cases[*n])));
        }
        let known = &verdicts;
        let run = |n: usize, sandbox: &mut Sandbox, beside: &mut [Sandbox]| {
            let case = cases[n];
            let ran = match verdict::obstacle(case, record, known) {
                Some(outcome) => (
                    CaseRecord {
                        id: case.id.clone(),
                        ..CaseRecord::default()
                    },
                    outcome.verdict,
                ),
                None => explore(case, context, sandbox, beside),
            };
            progress.step();
            ran
        };
        // A search of schedules has work for all sandboxes.
        let (searches, wave): (Vec<usize>, Vec<usize>) = wave
            .into_iter()
            .partition(|n| pool.size() > 1 && cases[*n].searches());
        let mut ran = pool.each(&wave, |sandbox, n| run(*n, sandbox, &mut []));
        let together = searches.iter();
        ran.extend(together.map(|n| pool.together(|first, others| run(*n, first, others))));
        for (n, (ran, verdict)) in wave.into_iter().chain(searches).zip(ran) {
            verdicts.insert(&cases[n].id, verdict);
            done[n] = Some(ran);
        }
    }
    done.into_iter().flatten().collect()
}

/// How many processes the runs of a case start, as far as that is known before: what a case costs beside the others.
fn processes(context: &ExploreContext<'_>, case: &Case) -> usize {
    let runs = plan::variants(&context.spec.lab, case, context.seed).map_or(1, |runs| runs.len());
    let copies = |actor: &Actor| actor.copies.as_text()?.parse().ok();
    let each = case.actors.iter().map(|actor| copies(actor).unwrap_or(1));
    runs.saturating_mul(each.fold(0, usize::saturating_add))
}

/// Whether a program's author built it with a sanitizer, by the names that compilers then put into it.
fn has_sanitizer(program: &Path) -> bool {
    const NAMES: [&[u8]; 4] = [b"__asan_init", b"__tsan_init", b"__hwasan_init", b"__lsan_"];
    let bytes = std::fs::read(program).unwrap_or_default();
    let has = |name: &[u8]| bytes.windows(name.len()).any(|at| at == name);
    NAMES.into_iter().any(has)
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

/// Says that no mapping decided anything, where there are several.
fn remark_on_mappings(submission: &Submission, programs: &mut [ipclab_report::Program]) {
    let names: Vec<String> = submission
        .mappings_passed_over
        .iter()
        .map(|path| show::path(path))
        .collect();
    if let (Some(program), [_, ..]) = (programs.first_mut(), names.as_slice()) {
        let what = format!(
            "none of {} was used, since there are several: put one into the top folder",
            names.join(" and ")
        );
        program.warnings.push(Line::new(&what));
    }
}
