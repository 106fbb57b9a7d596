//! Builds with debug information, where the compiler's options are a Makefile's or a script's.
//!
//! Compilers have no variable for options of ours, and a Makefile's own variables may not be touched. So a folder with a
//! script for each compiler comes first in the search path: it starts the compiler with `-g` before what it was given. That changes no
//! code, and what it adds is taken out again before the program runs ([`super::strip`]). What the author says about it
//! stands behind it and counts: `-g0`, `-s`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ipclab_intake::failure::Failure;

use super::toolchain::Toolchains;

/// Compilers of C and C++ by the names that Makefiles have for them.
const COMPILERS: [&str; 8] = ["cc", "gcc", "clang", "c99", "c++", "g++", "clang++", "c11"];

/// Puts the scripts into a folder of a build, which a box shows below `inside`.
///
/// # Errors
/// Our own disk's.
pub(super) fn ask_compilers_for_it(
    scripts: &Path,
    inside: &str,
    toolchains: &Toolchains,
) -> Result<(), Failure> {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(scripts)?;
        fs::set_permissions(scripts, fs::Permissions::from_mode(0o755))?;
        for name in COMPILERS {
            let Some(tool) = toolchains.find(name).filter(|tool| tool.folders.is_empty()) else {
                continue;
            };
            let script = scripts.join(name);
            fs::write(&script, text(&tool.path, inside))?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    };
    write().map_err(|error| Failure::disk(format_args!("making {}", scripts.display()), &error))
}

/// The compiler's folder is named as a box names it, wherever it lies.
fn text(compiler: &Path, inside: &str) -> String {
    format!(
        "#!/bin/sh\nexec {} -g \"-fdebug-prefix-map=${{0%/*/*/*}}={inside}\" \"$@\"\n",
        compiler.display()
    )
}

/// The words of a command that starts a compiler itself, with the option behind its name; `None`: it starts something else.
pub(super) fn asked(argv: &[String]) -> Option<Vec<String>> {
    let is_compiler = |word: &str| {
        let name = Path::new(word).file_name().unwrap_or_default();
        COMPILERS.iter().any(|known| name == *known)
    };
    // Either the first word, or that which `env -C FOLDER` starts.
    let at = match argv {
        [env, chdir, _, word, ..] if env == "env" && chdir == "-C" => {
            is_compiler(word).then_some(3)
        }
        [word, ..] => is_compiler(word).then_some(0),
        [] => None,
    };
    let mut asked = argv.to_vec();
    asked.insert(at? + 1, "-g".to_owned());
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn a_compiler_is_asked_and_nothing_else_is() {
        let check = |line: &str, expect: Option<&str>| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let asked = asked(&argv).map(|argv| argv.join(" "));
            assert_eq!(asked.as_deref(), expect);
        };
        check("gcc -O2 a.c", Some("gcc -g -O2 a.c"));
        check("/usr/bin/cc a.c", Some("/usr/bin/cc -g a.c"));
        check("env -C ./src cc a.c", Some("env -C ./src cc -g a.c"));
        check("make gcc", None);
        check("rustc main.rs", None);
    }
}
