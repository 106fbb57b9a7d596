//! From a way to build to a command: which program, which words, and where the result then lies.

use std::path::{Path, PathBuf};

use ipclab_report::Problem;
use ipclab_spec::Program;

use super::boxed::{self, BuildFolder, Scripts, Step};
use super::command::{Command, Line};
use super::compiler::{Compiler, Variant};
use super::makefile::Goal;
use super::problem::own_trouble;
use super::recipe::{Author, Way};
use super::toolchain::Toolchains;
use crate::selection::RunConfig;
use ipclab_intake::submission::{Submission, walk};
use ipclab_plan::Tool;

/// The command of a way. `None`: this machine has no `make`.
///
/// # Errors
/// A tool or file that it needs is missing: trouble of the student's or of the machine's.
pub(super) fn step(
    program: &Program,
    way: &Way,
    variant: Variant,
    compiler: Result<&Compiler, &str>,
    config: &RunConfig,
    submission: &Submission,
) -> Result<Option<Step>, Box<Problem>> {
    let (name, toolchains) = (&program.name, &config.toolchains);
    let scripts = match variant {
        Variant::Plain => Scripts::DebugInfo,
        Variant::Sanitized | Variant::Address | Variant::Threads => Scripts::Sanitizers,
    };
    match way {
        Way::Line { argv, folder, by } => {
            let tool = match by {
                Author::Spec => of_spec(name, argv, toolchains)?,
                Author::Student => {
                    let line = Line {
                        key: "build",
                        program: name,
                        words: argv,
                        by_author: config.by_author,
                    };
                    match line.begins(toolchains, submission, &submission.staged.join(folder))? {
                        Command::Tool(tool) => tool,
                        Command::Own(own) => Tool {
                            path: Path::new(boxed::INSIDE).join(folder).join(own),
                            folders: Vec::new(),
                        },
                    }
                }
            };
            let places = vec![folder.join(name)];
            if folder.as_os_str().is_empty() {
                // A toolchain that boxes cannot reach is the machine's trouble.
                let by_student = *by == Author::Student && tool.folders.is_empty();
                return Ok(Some(Step {
                    tool,
                    argv: argv.clone(),
                    places,
                    by_student,
                    scripts,
                }));
            }
            // `env -C` is the one way to another folder without a shell.
            let env = toolchains
                .find_for_grader("env")
                .ok_or_else(|| own_trouble("there is no env(1) here"))?;
            let mut inside = vec![
                "env".into(),
                "-C".into(),
                boxed::argument(folder),
                tool.path.display().to_string(),
            ];
            inside.extend(argv[1..].iter().cloned());
            let tool = Tool {
                folders: tool.folders,
                ..env
            };
            Ok(Some(Step {
                tool,
                argv: inside,
                places,
                by_student: false,
                scripts,
            }))
        }
        Way::Make { goal, .. } => {
            let Goal { makefile, target } = goal;
            let Some(tool) = toolchains.find_for_grader("make") else {
                return Ok(None);
            };
            let folder = makefile.parent().unwrap_or(Path::new(""));
            let file = makefile.file_name().unwrap_or_default().to_string_lossy();
            let mut argv: Vec<String> = vec!["make".into(), "--no-print-directory".into()];
            if !folder.as_os_str().is_empty() {
                argv.extend(["-C".into(), boxed::argument(folder)]);
            }
            argv.extend(["-f".into(), format!("./{file}"), target.clone()]);
            let places = [
                folder.join(target),
                folder.join(name),
                PathBuf::from(name),
                folder.join("bin").join(name),
                folder.join("build").join(name),
            ];
            Ok(Some(Step {
                tool,
                argv,
                places: places.into(),
                by_student: false,
                scripts,
            }))
        }
        Way::Compile { sources } => {
            let compiler = compiler.map_err(own_trouble)?;
            let plus_plus = sources
                .iter()
                .any(|file| walk::has_extension(file, &["cc", "cpp", "cxx"]));
            let tool = if plus_plus {
                // Only gcc's is of use there.
                let name = match variant {
                    Variant::Threads => "g++",
                    Variant::Plain | Variant::Sanitized | Variant::Address => "c++",
                };
                toolchains
                    .find_for_grader(name)
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
                // Where `cc` is gcc, `c++` may be clang.
                argv.extend(compiler.options_for(&tool, variant).1);
            } else {
                argv.extend(compiler.flags.iter().cloned());
                argv.extend(compiler.of(variant).iter().cloned());
            }
            for folder in header_folders(&submission.files) {
                argv.extend(["-iquote".to_owned(), boxed::argument(&folder)]);
            }
            for file in sources {
                // Compilers take `SERVER.C` for C++.
                let capital = !plus_plus && file.extension().is_some_and(|ending| ending == "C");
                let language = |name: &str| ["-x".to_owned(), name.to_owned()];
                argv.extend(capital.then(|| language("c")).into_iter().flatten());
                argv.push(boxed::argument(file));
                argv.extend(capital.then(|| language("none")).into_iter().flatten());
            }
            if variant.is_sanitized() {
                argv.push(BuildFolder::witness());
            }
            argv.extend([
                "-o".to_owned(),
                BuildFolder::output(name),
                "-pthread".to_owned(),
                "-lm".to_owned(),
                "-lrt".to_owned(),
            ]);
            argv.extend(program.flags.iter().cloned());
            let place = PathBuf::from(BuildFolder::output(name).trim_start_matches("./"));
            Ok(Some(Step {
                tool,
                argv,
                places: vec![place],
                by_student: false,
                scripts: match variant {
                    Variant::Plain => Scripts::DebugInfo,
                    Variant::Sanitized | Variant::Address | Variant::Threads => Scripts::None,
                },
            }))
        }
    }
}

/// The program that the spec's build line begins with.
fn of_spec(name: &str, argv: &[String], toolchains: &Toolchains) -> Result<Tool, Box<Problem>> {
    let first = argv.first().map(String::as_str).unwrap_or_default();
    toolchains.find_for_grader(first).ok_or_else(|| {
        own_trouble(&format!(
            "{first} is not installed here, and building {name} needs it"
        ))
    })
}

/// Folders with headers, so that `#include "x.h"` finds them from wherever the source lies.
pub(super) fn header_folders(files: &[PathBuf]) -> Vec<PathBuf> {
    let headers = files
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
