//! The build stage: from a submission's sources to programs that a plan can run.
//!
//! [`recipe`] decides how, [`command`] says what a student's command line may name, [`ways`] makes commands of it, [`boxed`] runs them in a box, [`messages`] makes out what the
//! compiler said, [`problem`] says it to the student, [`cache`] remembers, and [`shown`] bounds what a build can read.

mod boxed;
mod cache;
mod command;
mod compiler;
mod dependencies;
mod directives;
pub mod instrumented;
pub mod lines;
mod makefile;
mod messages;
mod overlay;
mod problem;
mod product;
mod recipe;
mod sanitizer;
mod scripts;
mod shown;
mod strip;
mod synchronisation;
pub mod toolchain;

mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ipclab_evidence::{Level, LineTable};
use ipclab_plan::Artifact;
use ipclab_report::{Line, Problem, Severity};
use ipclab_sandbox::{Sandbox, executables};
use ipclab_spec::{Program, Sanitizers};

use crate::selection::RunConfig;
use boxed::{BuildFolder, Product};
use command::Command;
use compiler::Compiler;
pub use compiler::Variant;
use instrumented::{Code, Hooks};
use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::{Submission, source, stage, walk};
use problem::{ours, own_trouble};
use recipe::{Author, Recipe, Way};
use shown::Shown;
pub use strip::debug_file;
pub use toolchain::{Toolchains, stamp};

/// Whether a memory error in it would be the student's, so that sanitizers have something to find.
fn is_compiled_c(recipe: &Recipe) -> bool {
    recipe.run.is_none()
        && recipe
            .sources
            .iter()
            .any(|file| walk::has_extension(file, &["c", "cc", "cpp", "cxx"]))
}

/// What became of one program.
#[derive(Clone, Debug)]
pub struct Built {
    /// For the report.
    pub report: ipclab_report::Program,
    /// To run; `None`: see the report's problem.
    pub artifact: Option<Artifact>,
    /// Sources of the submission that were compiled beside the program's own, as far as that is known.
    pub helpers: Vec<PathBuf>,
    /// Which line of the submission each address of it comes from, where that is known.
    pub lines: Option<LineTable>,
    /// Whether it is of another language than C, so that there are no sanitizers for it, and no such mistakes.
    pub other_language: bool,
    /// Of a program with sanitizers: why they may not see all of it, as a clause.
    pub flaw: Option<String>,
}

impl Built {
    /// No program, for the reason that the report gives.
    fn failed(report: ipclab_report::Program) -> Self {
        Self {
            report,
            artifact: None,
            helpers: Vec::new(),
            lines: None,
            other_language: false,
            flaw: None,
        }
    }

    /// How a sanitized program interferes with its sanitizers, as a clause.
    #[must_use]
    pub fn silencer(&self, sanitizers: Sanitizers) -> Option<String> {
        let symbol = self.silencing_symbol(sanitizers)?;
        Some(format!("it has {symbol} of its own or calls it"))
    }

    fn silencing_symbol(&self, sanitizers: Sanitizers) -> Option<String> {
        match (&self.artifact, &self.report.problem) {
            (Some(Artifact::Executable(program)), _) => sanitizer::silencer(program, sanitizers),
            (_, Some(problem)) => {
                let log = problem.log.iter().flat_map(|log| log.lines());
                let mut output: String = log.map(|line| format!("{line}\n")).collect();
                for error in &problem.errors {
                    output += &format!("{}\n", error.message);
                }
                sanitizer::doubled(&output)
            }
            _ => None,
        }
    }
}

/// Builds the programs of one submission.
pub struct Builder<'a> {
    store: &'a Store,
    submission: &'a Submission,
    /// All programs of the lab.
    lab: &'a [Program],
    /// `None`: this machine has none, which matters only to programs that need one.
    compiler: Result<Compiler, String>,
    /// The one for ThreadSanitizer where that one is clang.
    gcc: OnceLock<Result<Compiler, String>>,
    config: &'a RunConfig,
    /// What boxes do not show.
    withheld: Vec<PathBuf>,
}

impl<'a> Builder<'a> {
    /// Finds the compiler.
    ///
    /// # Errors
    /// The submission needs a compiler and this machine has none.
    pub fn open(
        store: &'a Store,
        submission: &'a Submission,
        lab: &'a [Program],
        config: &'a RunConfig,
        withheld: Vec<PathBuf>,
    ) -> Result<Self, Failure> {
        let compiler = match Compiler::find(&config.toolchains) {
            Ok(compiler) => Ok(Compiler {
                plain: config.build_flags.clone(),
                ..compiler
            }),
            // A submission in another language does without.
            Err(failure) if submission.mapping.programs.is_empty() => return Err(failure),
            Err(failure) => Err(failure.message),
        };
        Ok(Self {
            store,
            submission,
            lab,
            compiler,
            gcc: OnceLock::new(),
            config,
            withheld,
        })
    }

    /// The compiler of a variant; else why there is none.
    fn compiler(&self, variant: Variant) -> Result<&Compiler, &str> {
        let found = match &self.compiler {
            Ok(compiler) if compiler.clang && variant == Variant::Threads => {
                self.gcc.get_or_init(|| {
                    Compiler::gcc(&self.config.toolchains).map_err(|failure| failure.message)
                })
            }
            found => found,
        };
        found.as_ref().map_err(String::as_str)
    }

    /// The folder that the submission's programs run in a copy of.
    pub fn handed_in(&self) -> PathBuf {
        self.submission.staged.join(&self.submission.root)
    }

    /// Arguments that the submission has for its own programs, before those of a case.
    pub fn arguments(&self) -> BTreeMap<String, Vec<String>> {
        let mapped = self.submission.mapping.programs.iter();
        let with_arguments = mapped.filter(|mapped| !mapped.args.is_empty());
        with_arguments
            .map(|mapped| (mapped.name.clone(), mapped.args.clone()))
            .collect()
    }

    /// How a file of the submission asks whether it is instrumented, or again not to be, as a clause.
    pub fn unmasking(&self) -> Option<String> {
        self.submission.files.iter().find_map(|file| {
            let name = sanitizer::unmasked(&self.submission.read(file))?;
            Some(format!(
                "{} defines, undefines or asks for {name}",
                show::path(file)
            ))
        })
    }

    /// Builds a program, or takes it from the cache. A student's mistake is a value, not an error.
    pub fn build(&self, program: &Program, sandbox: &mut Sandbox) -> Built {
        let recipe = recipe::decide(program, self.lab, self.submission);
        let built =
            recipe.and_then(|recipe| self.by_recipe(program, &recipe, Variant::Plain, sandbox));
        built.unwrap_or_else(|problem| failed(program, *problem))
    }

    /// Builds a program with sanitizers, which was built without before.
    pub fn build_sanitized(
        &self,
        program: &Program,
        sanitizers: Sanitizers,
        plain: &Built,
        sandbox: &mut Sandbox,
    ) -> Built {
        // Other languages have no such build, and no such mistakes: the plain program stands in.
        if plain.other_language {
            return plain.clone();
        }
        self.try_sanitized(program, sanitizers, plain, sandbox)
            .unwrap_or_else(|problem| failed(program, *problem))
    }

    /// What our compiler makes of its sources counts where that is the same program, and what the submission's own command makes
    /// counts where the sanitizers see all of it.
    fn try_sanitized(
        &self,
        program: &Program,
        sanitizers: Sanitizers,
        plain: &Built,
        sandbox: &mut Sandbox,
    ) -> Result<Built, Box<Problem>> {
        let recipe = recipe::decide(program, self.lab, self.submission)?;
        let ours = recipe.compiled_by_us(&plain.helpers);
        let Some(own) = recipe.by_own_command() else {
            let recipe = ours.unwrap_or(recipe);
            let mut built = self.sanitized(program, &recipe, sanitizers, sandbox)?;
            if built.silencer(sanitizers).is_none()
                && let Some(problem) = built.report.problem.take_if(|problem| !problem.ours)
            {
                let first = problem.errors.first();
                let first = first.map_or_else(String::new, |error| format!(": {}", error.message));
                built.flaw = Some(format!("with the sanitizer, {}{first}", problem.message));
            }
            return Ok(built);
        };
        let own_first = !is_compiled_c(&recipe) || own.is_students_line();
        let by_make = own.is_by_make();
        let believes = sandbox.level() == Level::Shared;
        let mut tries = vec![(Some(own), true), (ours, false)];
        if !own_first {
            tries.reverse();
        }
        let mut flaw = None;
        let mut last = None;
        for (recipe, by_own) in tries {
            let Some(recipe) = recipe else { continue };
            let mut built = self.sanitized(program, &recipe, sanitizers, sandbox)?;
            let is_ours = |problem: &Problem| problem.ours;
            if built.report.problem.as_ref().is_some_and(is_ours)
                || built.silencer(sanitizers).is_some()
            {
                return Ok(built);
            }
            let why = match (&built.report.problem, by_own) {
                (Some(problem), true) => Some(format!("with the sanitizer, {}", problem.message)),
                (Some(_), false) => None,
                (None, true) => built.flaw.take(),
                (None, false) if covers(built.lines.as_ref(), plain.lines.as_ref()) => None,
                // A Makefile may name its compiler by its place. Where nothing can lie over that, no line is known: what it says is taken
                // for what it does.
                (None, false) if believes && by_make && !has_lines(plain.lines.as_ref()) => None,
                (None, false) => Some("its own command builds another program of its files".into()),
            };
            if built.report.problem.is_none() && why.is_none() {
                return Ok(built);
            }
            // What came of the submission's own command says more.
            flaw = if by_own { why.or(flaw) } else { flaw.or(why) };
            last = Some(built);
        }
        let last = last.ok_or_else(|| own_trouble("there is no way to build it here"))?;
        let flaw = flaw.unwrap_or_else(|| "its files do not build with the sanitizer".to_owned());
        let report = ipclab_report::Program {
            problem: None,
            ..last.report
        };
        let remedy = "Have gcc or cc, called by that name, compile all of its C files";
        Ok(Built {
            flaw: Some(format!("{flaw}. {remedy}")),
            ..Built::failed(report)
        })
    }

    /// Builds a program by its recipe with these sanitizers; with those of memory, and where that fails with the one for addresses.
    fn sanitized(
        &self,
        program: &Program,
        recipe: &Recipe,
        sanitizers: Sanitizers,
        sandbox: &mut Sandbox,
    ) -> Result<Built, Box<Problem>> {
        let built = match sanitizers {
            Sanitizers::Memory => self.by_recipe(program, recipe, Variant::Sanitized, sandbox)?,
            Sanitizers::Threads => {
                return self.by_recipe(program, recipe, Variant::Threads, sandbox);
            }
        };
        let is_students = |problem: &Problem| !problem.ours;
        if !built.report.problem.as_ref().is_some_and(is_students) {
            return Ok(built);
        }
        let second = self.by_recipe(program, recipe, Variant::Address, sandbox)?;
        Ok(match second.report.problem.as_ref() {
            Some(problem) if !problem.ours => built,
            Some(_) | None => second,
        })
    }

    /// Builds a program by its recipe, or takes it from the cache.
    fn by_recipe(
        &self,
        program: &Program,
        recipe: &Recipe,
        variant: Variant,
        sandbox: &mut Sandbox,
    ) -> Result<Built, Box<Problem>> {
        let mut report = ipclab_report::Program::built(&program.name, &[]);
        report.sources = recipe
            .sources
            .iter()
            .map(|path| Line::new(&show::path(path)))
            .collect();
        report.warnings = recipe
            .remarks
            .iter()
            .map(|remark| Line::new(remark))
            .collect();
        if recipe.ways.is_empty() {
            let run = recipe.run.as_deref().unwrap_or_default();
            report.command = Some(Line::new(&run.join(" ")));
            // Binaries are not taken in, so that nothing of it is compiled.
            return Ok(Built {
                other_language: true,
                ..self.command(report, run, &self.handed_in())
            });
        }

        let shown = Shown::to(recipe, self.submission);
        if let Some(built) = self.with_ways(program, recipe, variant, &shown, &report, sandbox)? {
            return Ok(built);
        }
        let all = &Shown::Everything;
        self.with_ways(program, recipe, variant, all, &report, sandbox)?
            .ok_or_else(|| own_trouble("the build brought no program and no reason"))
    }

    /// Builds a program in the ways of its recipe, or takes it from the cache. `report`: what is known of it before. `None`: it may need
    /// more than it is shown.
    fn with_ways(
        &self,
        program: &Program,
        recipe: &Recipe,
        variant: Variant,
        shown: &Shown,
        report: &ipclab_report::Program,
        sandbox: &mut Sandbox,
    ) -> Result<Option<Built>, Box<Problem>> {
        let mut report = report.clone();
        let key = self.key(program, recipe, variant, sandbox.level(), shown)?;
        let builds = self.store.builds();
        // What is run from a folder is the folder after the build, which is not kept.
        let use_cache = self.config.use_cache && recipe.run.is_none();
        let _turn = use_cache.then(|| cache::lock_build(&key));
        if use_cache && let Some(report) = cache::failed_build(&key) {
            return Ok(Some(Built::failed(report)));
        }
        if use_cache && let Some((kept, note)) = cache::look_up(builds, &key) {
            // A copy of our own: another run may evict the entry meanwhile.
            let own = self.store.folder("program").map_err(ours)?.join("program");
            let copy = || executables::write(|| fs::copy(&kept, &own).map(drop));
            if fs::hard_link(&kept, &own).or_else(|_| copy()).is_ok() {
                let whole = debug_file(&own);
                let _ = fs::hard_link(debug_file(&kept), &whole)
                    .or_else(|_| fs::copy(debug_file(&kept), &whole).map(|_| ()));
                return Ok(Some(Built {
                    report: note.program,
                    artifact: Some(Artifact::Executable(own)),
                    helpers: note.helpers,
                    lines: note.lines,
                    other_language: note.other_language,
                    flaw: note.flaw,
                }));
            }
        }

        let folder = self.store.folder("build").map_err(ours)?;
        let adds = match (variant.is_sanitized(), self.compiler(variant)) {
            (true, Ok(compiler)) => scripts::Adds::Sanitizers {
                compiler,
                variant,
                object: boxed::WITNESS_OBJECT,
            },
            (true, Err(_)) | (false, _) => scripts::Adds::DebugInfo,
        };
        let sanitizers = variant.sanitizers();
        let watched = sanitizers.unwrap_or(Sanitizers::Memory);
        // Before any is written: while one is, no compiler can be asked.
        let overlaid = sandbox.level() == Level::Namespaces;
        let before = scripts::texts(boxed::INSIDE, adds, &self.config.toolchains, overlaid);
        let over = match overlaid {
            true => overlay::texts(&BuildFolder::own(), boxed::INSIDE, adds),
            false => Vec::new(),
        };
        let laid_out = executables::write(|| {
            let mut laid_out =
                BuildFolder::lay_out(folder, &self.submission.staged, shown, watched)?;
            laid_out.add_scripts(&before, &over)?;
            Ok(laid_out)
        });
        let build_folder = laid_out.map_err(ours)?;
        let by_own = recipe.by_own_command().is_some();
        let hooks = match variant.is_sanitized() && by_own {
            true => self.hooks(program, variant, &build_folder, sandbox)?,
            false => Hooks::new(),
        };
        let outcome = self.try_ways(
            program,
            recipe,
            variant,
            &build_folder,
            sandbox,
            &mut report,
        )?;
        if outcome.problem.is_some() && outcome.misses_a_file && *shown != Shown::Everything {
            return Ok(None);
        }
        if let Some(problem) = outcome.problem {
            // The program is not to blame when there was no room to build it in.
            build_folder.has_room().map_err(ours)?;
            report.problem = Some(*problem);
            if use_cache && !outcome.by_a_limit {
                cache::remember_failed_build(&key, &report);
            }
            return Ok(Some(Built::failed(report)));
        }
        if let Some(run) = &recipe.run {
            let after = self.store.folder("run").map_err(ours)?;
            stage::again(&build_folder.folder, &after).map_err(ours)?;
            let codes = self.codes(&build_folder, sandbox);
            let inputs = build_folder.inputs();
            let is_other =
                |code: &Option<Code>| code.as_ref().is_some_and(|code| code.language().is_some());
            let flaws = |code: &Option<Code>| {
                let sanitizers = sanitizers?;
                code.as_ref()
                    .map_or_else(unreadable, |code| code.flaw(sanitizers, &hooks))
            };
            return Ok(Some(Built {
                other_language: !dependencies::is_any(&inputs) && codes.iter().all(is_other),
                flaw: codes.iter().find_map(flaws),
                ..self.command(report, run, &after.join(&self.submission.root))
            }));
        }
        let Some(binary) = outcome.binary else {
            return Err(own_trouble("the build brought no program and no reason"));
        };
        let inputs = build_folder.inputs();
        let helpers = match recipe.sources.is_empty() {
            true => dependencies::all_compiled(&inputs, &recipe::c_files(self.submission)),
            false => {
                let others = recipe::helpers(&recipe.sources, self.submission);
                dependencies::compiled(&inputs, &recipe.sources, &others)
            }
        };
        let helpers = helpers.unwrap_or_default();
        let whole = Some(debug_file(&binary)).filter(|whole| whole.exists());
        let whole = whole.as_ref().unwrap_or(&binary);
        let lines = lines::of_program(whole, self.submission, sandbox);
        let (mut other_language, mut flaw) = (false, None);
        if by_own && (variant.is_sanitized() || !is_compiled_c(recipe)) {
            let code = instrumented::look(whole, sandbox);
            let language = code.as_ref().and_then(Code::language);
            other_language = language.is_some() && !dependencies::is_any(&inputs);
            flaw = sanitizers.and_then(|sanitizers| {
                code.map_or_else(unreadable, |code| code.flaw(sanitizers, &hooks))
            });
        }
        if use_cache && !outcome.by_a_limit {
            // A full disk costs the next run a build, and no student a point.
            let about = cache::About {
                program: &report,
                helpers: &helpers,
                lines: lines.as_ref(),
                other_language,
                flaw: flaw.as_deref(),
            };
            let _ = cache::keep(builds, &key, &binary, about, &inputs);
        }
        Ok(Some(Built {
            report,
            artifact: Some(Artifact::Executable(binary)),
            helpers,
            lines,
            other_language,
            flaw,
        }))
    }

    /// The runtime's hooks as our compiler makes them, for the linker of a build: before anything of the submission's runs there.
    fn hooks(
        &self,
        program: &Program,
        variant: Variant,
        build_folder: &BuildFolder,
        sandbox: &mut Sandbox,
    ) -> Result<Hooks, Box<Problem>> {
        let compiler = self.compiler(variant).map_err(own_trouble)?;
        let sanitizers = variant.sanitizers().unwrap_or(Sanitizers::Memory);
        let step = BuildFolder::witness_step(&compiler.tool, sanitizers);
        let outcome = build_folder.run(&program.name, &step, &self.withheld, sandbox);
        outcome.map_err(|why| own_trouble(&why))?;
        Ok(instrumented::hooks_of(&build_folder.read_witness()))
    }

    /// What all programs are made of that a build left.
    fn codes(&self, build_folder: &BuildFolder, sandbox: &mut Sandbox) -> Vec<Option<Code>> {
        let programs = build_folder.programs().into_iter();
        let looks = programs.map(|place| match build_folder.collect_product(&[place]) {
            Product::Program(program) => {
                let whole = Some(debug_file(&program)).filter(|whole| whole.exists());
                instrumented::look(whole.as_ref().unwrap_or(&program), sandbox)
            }
            Product::Refused(_) | Product::Nothing => None,
        });
        looks.collect()
    }

    /// Tries each way until one brings a program.
    fn try_ways(
        &self,
        program: &Program,
        recipe: &Recipe,
        variant: Variant,
        build_folder: &BuildFolder,
        sandbox: &mut Sandbox,
        report: &mut ipclab_report::Program,
    ) -> Result<RecipeResult, Box<Problem>> {
        let mut last: Option<Box<Problem>> = None;
        let mut makefile_failed: Option<Line> = None;
        let (mut by_a_limit, mut misses_a_file) = (false, false);
        for (n, way) in recipe.ways.iter().enumerate() {
            let compiler = self.compiler(variant);
            let step = ways::step(
                program,
                way,
                variant,
                compiler,
                self.config,
                self.submission,
            )?;
            let Some(step) = step else {
                report.warnings.push(Line::new(
                    "there is no make here: built with the compiler instead of the Makefile",
                ));
                continue;
            };
            for place in &step.places {
                build_folder.forget(place);
            }
            report.command = Some(Line::new(&step.argv.join(" ")));
            if let Way::Compile { sources } = way {
                report.sources = sources
                    .iter()
                    .map(|path| Line::new(&show::path(path)))
                    .collect();
            }
            let outcome = build_folder
                .run(&program.name, &step, &self.withheld, sandbox)
                .map_err(|why| own_trouble(&why))?;
            by_a_limit |= outcome.is_by_a_limit();
            misses_a_file |= outcome.misses_a_file();
            let product = match (outcome.succeeded, recipe.run.is_some()) {
                (false, _) => Product::Nothing,
                (true, true) => return Ok(RecipeResult::default()),
                (true, false) => product_of(way, build_folder, &step.places, report),
            };
            report.compiler = messages::parse(&outcome.output);
            if let Product::Program(binary) = product {
                report
                    .compiler
                    .retain(|message| message.severity != Severity::Error);
                report.warnings.extend(makefile_failed);
                return Ok(RecipeResult {
                    binary: Some(binary),
                    problem: None,
                    by_a_limit,
                    misses_a_file,
                });
            }
            if recipe.guessed && n == 0 {
                continue;
            }
            let missing = messages::undefined(&outcome.output);
            let oddities = recipe
                .sources
                .iter()
                .flat_map(|file| source::oddities(&show::path(file), &self.submission.read(file)));
            let way_of = (way, variant);
            let ours = compiler.ok();
            let problem = problem::of(program, way_of, &outcome, product, oddities.collect(), ours);
            if let Way::Make { goal, .. } = way {
                let failed = !outcome.succeeded;
                makefile_failed = Some(without_makefile(&goal.makefile, &problem, failed));
            }
            // A wider set of files helps only a linker that misses something; and what the compiler says of
            // the wider set must not hide what it said of the student's own file.
            let wider = matches!(way, Way::Compile { .. });
            if !(wider && last.is_some() && !last_was_make(recipe, n)) {
                last = Some(problem);
            }
            if wider && !missing {
                break;
            }
        }
        let problem = recipe
            .otherwise
            .clone()
            .or(last)
            .unwrap_or_else(|| own_trouble("there is no way to build it here"));
        report.compiler.clear();
        Ok(RecipeResult {
            binary: None,
            problem: Some(problem),
            by_a_limit,
            misses_a_file,
        })
    }

    /// A program that a command runs, in the entries of this folder.
    fn command(&self, mut report: ipclab_report::Program, run: &[String], folder: &Path) -> Built {
        let line = command::Line {
            key: "run",
            program: report.name.as_str(),
            words: run,
            by_author: self.config.by_author,
        };
        let begins = line.begins(&self.config.toolchains, self.submission, folder);
        if report.sources.is_empty() {
            let named = command::files_among(run, folder);
            report.sources = named.map(|word| Line::new(&word)).collect();
        }
        let mut argv = run.to_vec();
        let tool = match begins {
            Ok(Command::Tool(tool)) => Some(tool),
            Ok(Command::Own(own)) => {
                argv[0] = boxed::argument(&own);
                None
            }
            Err(problem) => {
                report.problem = Some(*problem);
                return Built::failed(report);
            }
        };
        let mut entries: Vec<(PathBuf, OsString)> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| (entry.path(), entry.file_name()))
            .collect();
        entries.sort();
        Built {
            report,
            artifact: Some(Artifact::Command {
                tool,
                argv,
                entries,
            }),
            helpers: Vec::new(),
            lines: None,
            other_language: false,
            flaw: None,
        }
    }

    /// What one build has in common with another that may be taken for it: everything that it is given, all that it is shown of the
    /// submission's folder among it.
    fn key(
        &self,
        program: &Program,
        recipe: &Recipe,
        variant: Variant,
        level: Level,
        shown: &Shown,
    ) -> Result<String, Box<Problem>> {
        let folder = shown
            .digest(&self.submission.staged)
            .map_err(|error| own_trouble(&format!("reading the submission again: {error}")))?;
        let mut key = cache::Key::new();
        // Another version of this tool may build otherwise, or better.
        let own = std::env::current_exe().unwrap_or_default();
        key.add(toolchain::stamp(&own).as_bytes());
        key.add(program.name.as_bytes());
        key.add(format!("{recipe:?} {variant:?} {:?}", program.flags).as_bytes());
        match self.compiler(variant) {
            Ok(compiler) => {
                key.add(compiler.identity.as_bytes());
                key.add(compiler.flags.join(" ").as_bytes());
                key.add(compiler.of(variant).join(" ").as_bytes());
            }
            Err(_) => key.add(b"none"),
        }
        let toolchains = &self.config.toolchains;
        for way in &recipe.ways {
            let tool = match way {
                Way::Line { argv, by, .. } => argv.first().and_then(|name| match by {
                    Author::Spec => toolchains.find_for_grader(name),
                    Author::Student => toolchains.find(name),
                }),
                Way::Make { .. } => toolchains.find_for_grader("make"),
                Way::Compile { .. } => None,
            };
            key.add(
                tool.map(|tool| toolchain::stamp(&tool.path))
                    .unwrap_or_default()
                    .as_bytes(),
            );
        }
        key.add(level.name().as_bytes());
        if let Shown::Files(_) = shown {
            // The command names them, and the report shows the command.
            let folders = ways::header_folders(&self.submission.files);
            key.add(format!("only what is named, {folders:?}").as_bytes());
        }
        key.add(&folder);
        Ok(key.name())
    }
}

/// A program that could not be built.
fn failed(program: &Program, problem: Problem) -> Built {
    Built::failed(ipclab_report::Program {
        problem: Some(problem),
        ..ipclab_report::Program::built(&program.name, &[])
    })
}

/// Why it is not known what a program is made of.
fn unreadable() -> Option<String> {
    Some("its code does not say how it was compiled".to_owned())
}

/// Whether a program names any line of its sources.
fn has_lines(table: Option<&LineTable>) -> bool {
    table.is_some_and(|table| table.rows().iter().any(|row| row.line > 0))
}

/// Whether one build of a program has code of all lines that another one has; `plain` is the other.
fn covers(built: Option<&LineTable>, plain: Option<&LineTable>) -> bool {
    let lines = |table: &LineTable| -> BTreeSet<(String, u32)> {
        let rows = table.rows().iter().filter(|row| row.line > 0);
        let named =
            rows.filter_map(|row| Some((table.files().get(row.file as usize)?.clone(), row.line)));
        named.collect()
    };
    match (built, plain) {
        (Some(built), Some(plain)) => lines(plain).is_subset(&lines(built)),
        (None, _) | (_, None) => false,
    }
}

/// What a way that ended well left. Of what a Makefile built under other names the report says what was taken.
fn product_of(
    way: &Way,
    build_folder: &BuildFolder,
    places: &[PathBuf],
    report: &mut ipclab_report::Program,
) -> Product {
    let product = build_folder.collect_product(places);
    let Way::Make { goal, names } = way else {
        return product;
    };
    let makefile = show::path(&goal.makefile);
    let (product, taken) = match product {
        Product::Nothing => {
            let built = build_folder.programs();
            let Some(path) = product::choose(names, &built) else {
                return Product::Nothing;
            };
            (
                build_folder.collect_product(&[path.to_owned()]),
                show::path(path),
            )
        }
        // By its own name, which needs no word.
        found if names.first() == Some(&goal.target) => return found,
        found => (found, goal.target.clone()),
    };
    if matches!(product, Product::Program(_)) {
        let what = format!(
            "built with {makefile}: make {}, which left {taken}",
            goal.target
        );
        report.warnings.push(Line::new(&what));
    }
    product
}

/// What the ways of a recipe brought.
#[derive(Default)]
struct RecipeResult {
    binary: Option<PathBuf>,
    problem: Option<Box<Problem>>,
    /// Whether a limit had a part in it, so that it says nothing of another build.
    by_a_limit: bool,
    /// Whether something looked for a file that was not there.
    misses_a_file: bool,
}

/// For a program that the compiler built although its Makefile did not: the Makefile's own trouble, since what the
/// compiler tried in between was our idea. `failed`: what make printed last says why.
fn without_makefile(makefile: &Path, problem: &Problem, failed: bool) -> Line {
    let said = problem.errors.first().map(|error| {
        let place = error
            .place()
            .map_or(String::new(), |place| format!("{place}: "));
        format!("{place}{}", error.message)
    });
    let said = said.or_else(|| {
        let lines = problem.log.as_ref()?.lines();
        // Its closing line says only that something above it failed.
        let closing = |line: &&Line| line.as_str().contains(": *** [");
        let line = lines.iter().rev().find(|line| !closing(line));
        line.map(Line::to_string)
    });
    let said = said.filter(|_| failed);
    let said = said.map_or(String::new(), |said| format!(": {said}"));
    Line::new(&format!(
        "{} did not build it ({}{said}): built with the compiler instead",
        show::path(makefile),
        problem.message
    ))
}

/// Whether the way before this one was a Makefile, whose complaint the compiler's own may replace.
fn last_was_make(recipe: &Recipe, n: usize) -> bool {
    n > 0 && matches!(recipe.ways[n - 1], Way::Make { .. })
}

/// As [`strip::strip`].
#[cfg(test)]
pub(crate) fn stripped(file: &[u8]) -> Option<Vec<u8>> {
    strip::strip(file)
}
