//! From a way to build to a command: which program, which words, and where the result then lies.

use std::path::{Path, PathBuf};

use ipclab_report::Problem;
use ipclab_spec::Program;

use super::boxed::{self, BuildFolder};
use super::compiler::{Compiler, Variant};
use super::problem::{own_trouble, students_mistake};
use super::recipe::Way;
use super::toolchain;
use ipclab_intake::submission::walk;
use ipclab_plan::Tool;

/// A command of a build.
pub(super) struct Step {
    /// The program that is run.
    pub tool: Tool,
    /// Its words, its own name first.
    pub argv: Vec<String>,
    /// Where the built program may then lie, relative to the submission, likeliest first.
    pub places: Vec<PathBuf>,
}

/// The command of a way. `None`: this machine has no `make`.
///
/// # Errors
/// A tool or file that it needs is missing: trouble of the student's or of the machine's.
pub(super) fn step(
    program: &Program,
    way: &Way,
    variant: Variant,
    compiler: Result<&Compiler, &str>,
    files: &[PathBuf],
) -> Result<Option<Step>, Box<Problem>> {
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
            let places = vec![folder.join(name)];
            if folder.as_os_str().is_empty() {
                return Ok(Some(Step {
                    tool,
                    argv: argv.clone(),
                    places,
                }));
            }
            // `env -C` is the one way to another folder without a shell.
            let env =
                toolchain::find("env").ok_or_else(|| own_trouble("there is no env(1) here"))?;
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
            }))
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
            Ok(Some(Step {
                tool,
                argv,
                places: places.into(),
            }))
        }
        Way::Compile { sources } => {
            let compiler = compiler.map_err(own_trouble)?;
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
            argv.extend(compiler.of(variant).iter().cloned());
            for folder in header_folders(files) {
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
            }))
        }
    }
}

/// Folders with headers, so that `#include "x.h"` finds them from wherever the source lies.
fn header_folders(files: &[PathBuf]) -> Vec<PathBuf> {
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
