//! The build stage: from a submission's sources to programs that a plan can run.
//!
//! [`recipe`] decides how, [`boxed`] does it in a box, [`messages`] makes out what the compiler said, [`cache`] remembers.

mod boxed;
mod cache;
mod compiler;
mod makefile;
mod messages;
mod recipe;
pub(crate) mod toolchain;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use ipclab_evidence::Bind;
use ipclab_report::{Line, Problem, Severity};
use ipclab_sandbox::Sandbox;
use ipclab_spec::Program;

use crate::failure::Failure;
use crate::show;
use crate::store::Store;
use crate::submission::{Submission, stage, walk};
use boxed::{Bench, Harvest};
use compiler::Compiler;
pub(crate) use compiler::Variant;
use recipe::{Recipe, Way};
use toolchain::Tool;

/// A program that can be run.
#[derive(Clone, Debug)]
pub(crate) enum Artifact {
    /// An executable file of ours on the host.
    Executable(PathBuf),
    /// Something that a command runs: `python3 server.py`.
    Command {
        /// The command's program; `None`: a file of the submission, named by the first word.
        tool: Option<Tool>,
        /// All its words; the program's own arguments follow them.
        argv: Vec<String>,
        /// What lies in the working directory: host path and name.
        entries: Vec<(PathBuf, OsString)>,
    },
}

impl Artifact {
    /// Whether a memory error in it would be the student's, so that sanitizers have something to find.
    fn is_compiled_c(recipe: &Recipe) -> bool {
        recipe.run.is_none()
            && recipe
                .sources
                .iter()
                .any(|file| walk::has_extension(file, &["c", "cc", "cpp", "cxx"]))
    }
}

/// What became of one program.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// For the report.
    pub(crate) report: ipclab_report::Program,
    /// To run; `None`: see the report's problem.
    pub(crate) artifact: Option<Artifact>,
}

/// Where programs are built, and with what.
pub(crate) struct Workshop<'a> {
    store: &'a Store,
    submission: &'a Submission,
    /// `None`: this machine has none, which matters only to programs that need one.
    compiler: Result<Compiler, String>,
    use_cache: bool,
}

impl<'a> Workshop<'a> {
    /// Opens the workshop.
    ///
    /// # Errors
    /// The submission needs a compiler and this machine has none.
    pub(crate) fn open(
        store: &'a Store,
        submission: &'a Submission,
        use_cache: bool,
    ) -> Result<Self, Failure> {
        let compiler = match Compiler::find() {
            Ok(compiler) => Ok(compiler),
            // A submission in another language does without.
            Err(failure) if submission.mapping.programs.is_empty() => return Err(failure),
            Err(failure) => Err(failure.message),
        };
        Ok(Self {
            store,
            submission,
            compiler,
            use_cache,
        })
    }

    /// Builds a program, or takes it from the cache. A student's mistake is a value, not an error.
    pub(crate) fn build(
        &self,
        program: &Program,
        variant: Variant,
        sandbox: &mut Sandbox,
    ) -> Built {
        match self.try_build(program, variant, sandbox) {
            Ok(built) => built,
            Err(problem) => Built {
                report: ipclab_report::Program {
                    problem: Some(problem),
                    ..ipclab_report::Program::built(&program.name, &[])
                },
                artifact: None,
            },
        }
    }

    fn try_build(
        &self,
        program: &Program,
        variant: Variant,
        sandbox: &mut Sandbox,
    ) -> Result<Built, Problem> {
        let mut recipe = recipe::decide(program, self.submission)?;
        if variant == Variant::Sanitized {
            // Other languages have no such build, and no such mistakes: the plain program stands in.
            if !Artifact::is_compiled_c(&recipe) {
                return self.try_build(program, Variant::Plain, sandbox);
            }
            // Only the compiler can be told about sanitizers from outside.
            recipe.ways.retain(|way| matches!(way, Way::Compile { .. }));
        }
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
            return Ok(self.command(report, run, &self.submission.staged));
        }

        let key = self.key(program, &recipe, variant);
        let builds = self.store.builds();
        // What is run from a folder is the folder after the build, which is not kept.
        let use_cache = self.use_cache && recipe.run.is_none();
        if use_cache && let Some((kept, note)) = cache::look_up(builds, &key) {
            // A copy of our own: another run may evict the entry meanwhile.
            let own = self.store.folder("program").map_err(ours)?.join("program");
            if fs::hard_link(&kept, &own)
                .or_else(|_| fs::copy(&kept, &own).map(|_| ()))
                .is_ok()
            {
                return Ok(Built {
                    report: note.program,
                    artifact: Some(Artifact::Executable(own)),
                });
            }
        }

        let bench = Bench::lay_out(
            self.store.folder("build").map_err(ours)?,
            &self.submission.staged,
        )
        .map_err(ours)?;
        let made = self.try_ways(program, &recipe, variant, &bench, sandbox, &mut report)?;
        if let Some(problem) = made.problem {
            report.problem = Some(problem);
            return Ok(Built {
                report,
                artifact: None,
            });
        }
        if let Some(run) = &recipe.run {
            let after = self.store.folder("run").map_err(ours)?;
            stage::again(&bench.folder, &after).map_err(ours)?;
            return Ok(self.command(report, run, &after));
        }
        let Some(binary) = made.binary else {
            return Err(own_trouble("the build brought no program and no reason"));
        };
        if use_cache {
            // A full disk costs the next run a build, and nobody a point.
            let _ = cache::keep(builds, &key, &binary, &report, &bench.inputs());
        }
        Ok(Built {
            report,
            artifact: Some(Artifact::Executable(binary)),
        })
    }

    /// Tries each way until one brings a program.
    fn try_ways(
        &self,
        program: &Program,
        recipe: &Recipe,
        variant: Variant,
        bench: &Bench,
        sandbox: &mut Sandbox,
        report: &mut ipclab_report::Program,
    ) -> Result<Made, Problem> {
        let mut last: Option<Problem> = None;
        for (n, way) in recipe.ways.iter().enumerate() {
            let command = self.command_of(program, way, variant)?;
            let Some((tool, argv, places)) = command else {
                report.warnings.push(Line::new(
                    "there is no make here: built with the compiler instead of the Makefile",
                ));
                continue;
            };
            for place in &places {
                bench.forget(place);
            }
            report.command = Some(Line::new(&argv.join(" ")));
            if let Way::Compile { sources } = way {
                report.sources = sources
                    .iter()
                    .map(|path| Line::new(&show::path(path)))
                    .collect();
            }
            let outcome = bench
                .run(&program.name, &tool, &argv, sandbox)
                .map_err(|why| own_trouble(&why))?;
            let harvest = match (outcome.succeeded, recipe.run.is_some()) {
                (false, _) => Harvest::Nothing,
                (true, true) => return Ok(Made::default()),
                (true, false) => bench.harvest(&places),
            };
            report.compiler = messages::parse(&outcome.output);
            if let Harvest::Program(binary) = harvest {
                report
                    .compiler
                    .retain(|message| message.severity != Severity::Error);
                if let Some(Way::Make { makefile }) = recipe.ways.first()
                    && n > 0
                {
                    let why = last
                        .as_ref()
                        .map_or(String::new(), |problem| format!(" ({})", problem.message));
                    let what = format!(
                        "{} did not build it{why}: built with the compiler instead",
                        show::path(makefile)
                    );
                    report.warnings.push(Line::new(&what));
                }
                return Ok(Made {
                    binary: Some(binary),
                    problem: None,
                });
            }
            let missing = messages::undefined(&outcome.output);
            let problem = self.problem(program, way, &outcome, harvest, &report.sources, recipe);
            // A wider set of files helps a linker that misses something and nobody else; and what the compiler says of
            // the wider set must not hide what it said of the student's own file.
            let wider = matches!(way, Way::Compile { .. });
            if !(wider && last.is_some() && !last_was_make(recipe, n)) {
                last = Some(problem);
            }
            if wider && !missing {
                break;
            }
        }
        let problem = last.unwrap_or_else(|| own_trouble("there is no way to build it here"));
        report.compiler.clear();
        Ok(Made {
            binary: None,
            problem: Some(problem),
        })
    }

    /// The command of a way: its program, its words, and where the program then lies. `None`: this machine has no `make`.
    #[allow(clippy::type_complexity)]
    fn command_of(
        &self,
        program: &Program,
        way: &Way,
        variant: Variant,
    ) -> Result<Option<(Tool, Vec<String>, Vec<PathBuf>)>, Problem> {
        let name = &program.name;
        match way {
            Way::Line { argv, folder } => {
                let Some(first) = argv.first() else {
                    return Err(students_mistake(&format!(
                        "the build line of {name} is empty"
                    )));
                };
                let tool = toolchain::find(first).ok_or_else(|| {
                    own_trouble(&format!(
                        "{first} is not installed here, and building {name} needs it"
                    ))
                })?;
                let argv = if folder.as_os_str().is_empty() {
                    argv.clone()
                } else {
                    // `env -C` is the one way to another folder without a shell.
                    [
                        vec!["env".into(), "-C".into(), boxed::argument(folder)],
                        argv.clone(),
                    ]
                    .concat()
                };
                let tool = if folder.as_os_str().is_empty() {
                    tool
                } else {
                    let env = toolchain::find("env")
                        .ok_or_else(|| own_trouble("there is no env(1) here"))?;
                    Tool {
                        shown: tool.shown,
                        ..env
                    }
                };
                Ok(Some((tool, argv, vec![folder.join(name)])))
            }
            Way::Make { makefile } => {
                let Some(tool) = boxed::make() else {
                    return Ok(None);
                };
                let folder = makefile.parent().unwrap_or(Path::new(""));
                let file = makefile.file_name().unwrap_or_default().to_string_lossy();
                let mut argv: Vec<String> = vec!["make".into(), "--no-print-directory".into()];
                if !folder.as_os_str().is_empty() {
                    argv.extend(["-C".into(), boxed::argument(folder)]);
                }
                argv.extend(["-f".into(), format!("./{file}"), name.clone()]);
                let places = [
                    folder.join(name),
                    PathBuf::from(name),
                    folder.join("bin").join(name),
                    folder.join("build").join(name),
                ];
                Ok(Some((tool, argv, places.into())))
            }
            Way::Compile { sources } => {
                let compiler = self.compiler.as_ref().map_err(|why| own_trouble(why))?;
                let plus_plus = sources
                    .iter()
                    .any(|file| walk::has_extension(file, &["cc", "cpp", "cxx"]));
                let tool = if plus_plus {
                    toolchain::find("c++")
                        .ok_or_else(|| own_trouble("there is no C++ compiler here"))?
                } else {
                    compiler.tool.clone()
                };
                let mut argv = vec![if plus_plus {
                    "c++".to_owned()
                } else {
                    "cc".to_owned()
                }];
                if plus_plus {
                    argv.extend(["-O0", "-g"].map(str::to_owned));
                } else {
                    argv.extend(compiler.flags.iter().cloned());
                }
                argv.extend(variant.flags().iter().map(|flag| (*flag).to_owned()));
                for folder in self.header_folders() {
                    argv.extend(["-iquote".to_owned(), boxed::argument(&folder)]);
                }
                argv.extend(sources.iter().map(|file| boxed::argument(file)));
                argv.extend([
                    "-o".to_owned(),
                    Bench::output(name),
                    "-pthread".to_owned(),
                    "-lm".to_owned(),
                    "-lrt".to_owned(),
                ]);
                argv.extend(program.flags.iter().cloned());
                Ok(Some((
                    tool,
                    argv,
                    vec![PathBuf::from(Bench::output(name).trim_start_matches("./"))],
                )))
            }
        }
    }

    /// Folders with headers, so that `#include "x.h"` finds them from wherever the source lies.
    fn header_folders(&self) -> Vec<PathBuf> {
        let headers = self
            .submission
            .files
            .iter()
            .filter(|file| walk::has_extension(file, &["h", "hpp"]));
        let mut folders: Vec<PathBuf> = headers
            .filter_map(|file| file.parent().map(Path::to_owned))
            .collect();
        folders.sort();
        folders.dedup();
        folders.truncate(32);
        folders
    }

    /// A program that a command runs, in the entries of this folder.
    fn command(&self, mut report: ipclab_report::Program, run: &[String], folder: &Path) -> Built {
        let first = run.first().map(String::as_str).unwrap_or_default();
        let own = Path::new(first.trim_start_matches("./"));
        let in_folder = first.starts_with("./") || (first.contains('/') && !first.starts_with('/'));
        let tool = if in_folder {
            None
        } else {
            toolchain::find(first)
        };
        let problem = if in_folder && !folder.join(own).is_file() {
            Some(students_mistake(&format!(
                "{first} is to be run, and there is no such file in the submission"
            )))
        } else if !in_folder && tool.is_none() {
            Some(own_trouble(&format!(
                "{first} is not installed here, and running {} needs it",
                report.name
            )))
        } else {
            None
        };
        if report.sources.is_empty() {
            let named = run.iter().filter(|word| folder.join(word).is_file());
            report.sources = named.map(|word| Line::new(word)).collect();
        }
        report.problem = problem;
        let mut entries: Vec<(PathBuf, OsString)> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| (entry.path(), entry.file_name()))
            .collect();
        entries.sort();
        let artifact = report.problem.is_none().then(|| Artifact::Command {
            tool,
            argv: run.to_vec(),
            entries,
        });
        Built { report, artifact }
    }

    fn key(&self, program: &Program, recipe: &Recipe, variant: Variant) -> String {
        let mut key = cache::Key::new();
        key.add(program.name.as_bytes());
        key.add(format!("{recipe:?} {variant:?} {:?}", program.flags).as_bytes());
        match &self.compiler {
            Ok(compiler) => {
                key.add(compiler.identity.as_bytes());
                key.add(compiler.flags.join(" ").as_bytes());
            }
            Err(_) => key.add(b"none"),
        }
        for way in &recipe.ways {
            let tool = match way {
                Way::Line { argv, .. } => argv.first().and_then(|name| toolchain::find(name)),
                Way::Make { .. } => boxed::make(),
                Way::Compile { .. } => None,
            };
            key.add(
                tool.map(|tool| toolchain::stamp(&tool.path))
                    .unwrap_or_default()
                    .as_bytes(),
            );
        }
        for file in &self.submission.files {
            key.add(file.as_os_str().as_encoded_bytes());
            key.add(&self.submission.read(file));
        }
        key.name()
    }

    /// What the student has to hear about a build that failed.
    fn problem(
        &self,
        program: &Program,
        way: &Way,
        outcome: &boxed::Outcome,
        harvest: Harvest,
        sources: &[Line],
        recipe: &Recipe,
    ) -> Problem {
        let errors: Vec<_> = messages::parse(&outcome.output)
            .into_iter()
            .filter(|message| message.severity == Severity::Error)
            .collect();
        let named: Vec<&str> = sources.iter().map(Line::as_str).collect();
        let message = match (way, &outcome.stopped, harvest) {
            (_, Some(stopped), _) => stopped.clone(),
            (_, None, Harvest::Refused(why)) => {
                format!("the build of {} left no program: {why}", program.name)
            }
            (Way::Line { argv, .. }, None, _) if outcome.succeeded => {
                format!(
                    "{} ended well and left no file {}",
                    argv.join(" "),
                    program.name
                )
            }
            (Way::Line { argv, .. }, None, _) => format!("{} failed", argv.join(" ")),
            (Way::Make { makefile }, None, _) if outcome.succeeded => {
                format!(
                    "make {} with {} ended well and left no file {}",
                    program.name,
                    show::path(makefile),
                    program.name
                )
            }
            (Way::Make { makefile }, None, _) => format!(
                "make {} failed, with {}",
                program.name,
                show::path(makefile)
            ),
            (Way::Compile { .. }, None, _) if messages::undefined(&outcome.output) => {
                format!(
                    "{} does not link: something that it calls is defined nowhere",
                    program.name
                )
            }
            (Way::Compile { .. }, None, _) => format!("the compiler refused {}", named.join(", ")),
        };
        let mut oddities: Vec<String> = Vec::new();
        for file in &recipe.sources {
            oddities.extend(crate::submission::source::oddities(
                &show::path(file),
                &self.submission.read(file),
            ));
        }
        Problem {
            message: Line::new(&message),
            ours: false,
            log: errors
                .is_empty()
                .then(|| last_lines(&outcome.output))
                .flatten()
                .map(|log| log.as_str().into()),
            errors,
            found: Vec::new(),
            remedy: (!oddities.is_empty()).then(|| oddities.join("\n").as_str().into()),
        }
    }
}

/// What the ways of a recipe brought.
#[derive(Default)]
struct Made {
    binary: Option<PathBuf>,
    problem: Option<Problem>,
}

/// Whether the way before this one was a Makefile, whose complaint the compiler's own may replace.
fn last_was_make(recipe: &Recipe, n: usize) -> bool {
    n > 0 && matches!(recipe.ways[n - 1], Way::Make { .. })
}

fn last_lines(output: &str) -> Option<String> {
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(12);
    (!lines.is_empty()).then(|| lines[from..].join("\n"))
}

fn students_mistake(message: &str) -> Problem {
    Problem {
        message: Line::new(message),
        ours: false,
        errors: Vec::new(),
        log: None,
        found: Vec::new(),
        remedy: None,
    }
}

fn own_trouble(message: &str) -> Problem {
    Problem {
        ours: true,
        ..students_mistake(message)
    }
}

fn ours(failure: Failure) -> Problem {
    Problem {
        remedy: failure.remedy.as_deref().map(Into::into),
        ..own_trouble(&failure.message)
    }
}

/// What a plan must bind so that an artifact can run as `NAME` in the working directory.
pub(crate) fn binds(artifact: &Artifact, name: &str, folder: &Path) -> Vec<Bind> {
    let bind = |host: &Path, inside: PathBuf| Bind {
        host: host.to_owned(),
        inside,
        writable: false,
        trusted_only: false,
    };
    match artifact {
        Artifact::Executable(host) => vec![bind(host, folder.join(name))],
        Artifact::Command { tool, entries, .. } => {
            let mut binds: Vec<Bind> = entries
                .iter()
                .map(|(host, name)| bind(host, folder.join(name)))
                .collect();
            binds.extend(tool.iter().flat_map(Tool::binds));
            binds
        }
    }
}
