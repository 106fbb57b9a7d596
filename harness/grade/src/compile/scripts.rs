//! Scripts that stand before the compilers, where their options are a Makefile's or a build line's.
//!
//! Compilers have no variable for options of ours, and a Makefile's own variables may not be touched. So a folder with a
//! script for each compiler comes first in the search path. In a plain build it starts the compiler with `-g` before what it was
//! given. That changes no code, and what it adds is taken out again before the program runs ([`super::strip`]). What the author says
//! about it stands behind it and counts: `-g0`, `-s`.
//!
//! In a sanitized build ours stands behind what was given, and counts: `-fno-sanitize=all` of the author's is taken back. What excludes the
//! sanitizers is left out (`-static`), and so is what hides whether they are in all of the program (`-s`, `strip`).
//!
//! A command that finds a compiler by another way than its name meets the same scripts over the compilers themselves, where a box can
//! have them there (`overlay.rs`). Else it gets none of that: [`super::instrumented`] sees it by the program.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_intake::failure::Failure;
use ipclab_plan::{SEARCH_PATH, Tool};

use super::compiler::{Compiler, Variant};
use super::toolchain::Toolchains;

/// Compilers of C and C++ by the names that Makefiles have for them.
const COMPILERS: [&str; 9] = [
    "cc", "gcc", "clang", "c89", "c99", "c++", "g++", "clang++", "c11",
];
/// What stands before such a name where it names a machine, too.
const MACHINES: [&str; 2] = ["x86_64-linux-gnu-", "aarch64-linux-gnu-"];

/// The system's folder that the compilers lie in.
pub(super) const SYSTEM: &str = "/usr";
/// Where a box has it once more.
pub(super) const ONCE_MORE: &str = "/.ipclab/usr";

/// What takes out of a program what it says of how it was compiled.
const STRIP: &str = "strip";

/// What the scripts add to a compiler's options.
#[derive(Clone, Copy)]
pub(super) enum Adds<'a> {
    /// Debug information.
    DebugInfo,
    /// The sanitizers, by this compiler's options or those that it has for another kind, and an object for the linker, by its name beside the scripts' folder: a build's folder
    /// has another path where nothing can be mounted.
    Sanitizers {
        compiler: &'a Compiler,
        variant: Variant,
        object: &'a str,
    },
}

/// The scripts of a build that a box shows below `inside`: their names and their texts. It may ask compilers what they are. `overlaid`:
/// whether there are scripts over the compilers themselves, too.
pub(super) fn texts(
    inside: &str,
    adds: Adds<'_>,
    toolchains: &Toolchains,
    overlaid: bool,
) -> Vec<(String, String)> {
    let before = |name: String| {
        let tool = toolchains
            .find(&name)
            .filter(|tool| tool.folders.is_empty())?;
        let program = match overlaid {
            // It finds the next of its name in `PATH`, which is one of these scripts or has one over it.
            true if plays_many(&tool.path) => return None,
            true => itself(&tool.path),
            false => tool.path.clone(),
        };
        let text = text(&name, &tool, &program, BY_OWN_PATH, inside, adds);
        Some((name, text))
    };
    names(adds).into_iter().filter_map(before).collect()
}

/// The names of all programs for which there is a script.
pub(super) fn names(adds: Adds<'_>) -> BTreeSet<String> {
    let mut names = compilers();
    if let Adds::Sanitizers { .. } = adds {
        let machines = std::iter::once("").chain(MACHINES);
        names.extend(machines.map(|machine| format!("{machine}{STRIP}")));
    }
    names
}

/// Where a box has a program of the system that a script may lie over.
pub(super) fn itself(program: &Path) -> PathBuf {
    match program.strip_prefix(SYSTEM) {
        Ok(rest) => Path::new(ONCE_MORE).join(rest),
        Err(_) => program.to_owned(),
    }
}

/// Whether a program is one compiler or another by the name that it is called by.
pub(super) fn plays_many(program: &Path) -> bool {
    let real = program.canonicalize().unwrap_or_default();
    real.file_stem() == Some(OsStr::new("ccache"))
}

/// The tool's own folder in that of a build, as a script in a folder of it knows it by its own path.
const BY_OWN_PATH: &str = "${0%/*/*}";

/// The script that stands before a tool of this name, which a box has at `program`. `own`: the tool's folder in that of a build, as a
/// shell's word; a box has the build's folder at `inside`, and so the compiler names it, wherever it is.
pub(super) fn text(
    name: &str,
    tool: &Tool,
    program: &Path,
    own: &str,
    inside: &str,
    adds: Adds<'_>,
) -> String {
    if name.ends_with(STRIP) {
        return no_strip(program);
    }
    // A link to clang tells it by its name what to do, and scripts are called by names of their own.
    let real = program.file_name().unwrap_or_default().to_string_lossy();
    let mode = match name.contains("clang") || real.contains("clang") {
        true => "case ${0##*/} in *++*) set -- --driver-mode=g++ \"$@\" ;; esac\n",
        false => "",
    };
    let call = format!(
        "exec {} \"-fdebug-prefix-map=${{own%/*}}={inside}\"",
        program.display()
    );
    let rest = match adds {
        Adds::DebugInfo => format!("{call} -g \"$@\"\n"),
        Adds::Sanitizers {
            compiler,
            variant,
            object,
        } => {
            let (clang, flags) = compiler.options_for(tool, variant);
            sanitizers(&call, &with_records(flags, clang), object)
        }
    };
    format!("#!/bin/sh\nown={own}\n{mode}{rest}")
}

/// Puts the scripts into a folder of a build.
///
/// # Errors
/// Our own disk's.
pub(super) fn write(folder: &Path, texts: &[(String, String)]) -> Result<(), Failure> {
    let write_all = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        // As all folders of a build: what became of it there is copied back by the box's user.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
        for (name, text) in texts {
            let script = folder.join(name);
            fs::write(&script, text)?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    };
    write_all().map_err(|error| Failure::disk(format_args!("making {}", folder.display()), &error))
}

/// The names of compilers, those with a version or a machine among them that the system's folders have.
fn compilers() -> BTreeSet<String> {
    let folders = std::env::split_paths(SEARCH_PATH);
    let entries = folders.filter_map(|folder| fs::read_dir(folder).ok());
    let names = entries.flatten().flatten().map(|entry| entry.file_name());
    let mut found: BTreeSet<String> = names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| is_compiler(name))
        .collect();
    found.extend(COMPILERS.map(str::to_owned));
    found
}

/// `gcc`, `gcc-12`, `x86_64-linux-gnu-gcc-12`.
fn is_compiler(name: &str) -> bool {
    let name = MACHINES
        .iter()
        .find_map(|machine| name.strip_prefix(machine))
        .unwrap_or(name);
    let (bare, version) = name.rsplit_once('-').unwrap_or((name, "0"));
    let is_version = version
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version && COMPILERS.contains(&bare)
}

/// The options of a compiler with those by which it says in the program what it was told.
fn with_records(mut flags: Vec<String>, clang: bool) -> Vec<String> {
    let records: &[&str] = match clang {
        true => &["-g", "-grecord-command-line"],
        false => &[
            "-g",
            "-grecord-gcc-switches",
            "--param=asan-instrument-reads=1",
            "--param=asan-instrument-writes=1",
            "--param=asan-memintrin=1",
            "--param=asan-stack=1",
            "--param=asan-globals=1",
        ],
    };
    flags.extend(records.iter().map(|flag| (*flag).to_owned()));
    // Sanitizers bring warnings of their own, and a library's checks before theirs hide what they would say.
    flags.extend(["-Wno-error", "-U_FORTIFY_SOURCE"].map(str::to_owned));
    flags
}

/// `call`: what starts the compiler, without the words that were given.
fn sanitizers(call: &str, flags: &[String], object: &str) -> String {
    let flags: Vec<String> = flags.iter().map(|flag| quoted(flag)).collect();
    let flags = flags.join(" ");
    // What starts a compiler by its name, as c99 does, has had the object already.
    format!(
        r#"files= links=1 linker=
for word do
    shift
    if [ "$linker" ]; then
        linker=
        case $word in
        -s|--strip-all|-S|--strip-debug|"$own/{object}") ;;
        *) set -- "$@" -Xlinker "$word" ;;
        esac
        continue
    fi
    case $word in
    -static|--static|-static-pie|-static-lib*san|-fsanitize=*|-flto|-flto=*) continue ;;
    -s|-Wl,-s|-Wl,--strip-all|-Wl,-S|-Wl,--strip-debug) continue ;;
    -Xlinker) linker=1; continue ;;
    -c|-S|-E|-M|-MM|-fsyntax-only|-shared|--shared|-r) links= ;;
    -?*) ;;
    *) files=1 ;;
    esac
    set -- "$@" "$word"
done
{call} "$@" {flags} ${{files:+${{links:+-Xlinker "$own/{object}"}}}}
"#
    )
}

/// Leaves what it was given as it is; what it is to write elsewhere is written.
fn no_strip(strip: &Path) -> String {
    format!(
        "#!/bin/sh\nfor word do\n    case $word in -o*|--output*|-V|--version|--help) exec {} \"$@\" ;; esac\ndone\n",
        strip.display()
    )
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Where the words of a command have the compiler that it starts itself; `None`: it starts something else.
pub(super) fn compiler_of(argv: &[String]) -> Option<usize> {
    let is_one = |word: &String| {
        let name = Path::new(word).file_name().unwrap_or_default();
        is_compiler(&name.to_string_lossy())
    };
    // Either the first word, or that which `env -C FOLDER` starts.
    match argv {
        [env, chdir, _, word, ..] if env == "env" && chdir == "-C" => is_one(word).then_some(3),
        [word, ..] => is_one(word).then_some(0),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_compiler_is_known_by_its_name() {
        let check = |line: &str, expect: Option<usize>| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(compiler_of(&argv), expect, "{line}");
        };
        check("gcc -O2 a.c", Some(0));
        check("/usr/bin/cc a.c", Some(0));
        check("x86_64-linux-gnu-gcc-12 a.c", Some(0));
        check("g++-12 a.c", Some(0));
        check("env -C ./src cc a.c", Some(3));
        check("make gcc", None);
        check("gcc-ar x", None);
        check("musl-gcc a.c", None);
        check("rustc main.rs", None);
    }

    /// The words that a compiler gets from the script before it.
    fn words(given: &[&str], flags: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("cc");
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let text = sanitizers("/bin/echo", &flags, "w.o");
        fs::write(&script, format!("own=...\n{text}")).unwrap();
        let output = Command::new("sh").arg(&script).args(given).output();
        let said = String::from_utf8(output.unwrap().stdout).unwrap();
        said.trim().to_owned()
    }

    #[test]
    fn the_sanitizers_stand_behind_what_was_given() {
        let check = |given: &[&str], expect: &str| {
            assert_eq!(words(given, &["-fsanitize=address", "-Dx(...)="]), expect);
        };
        check(
            &["-fno-sanitize=all", "-static", "a b.c", "-s", "-o", "a"],
            "-fno-sanitize=all a b.c -o a -fsanitize=address -Dx(...)= -Xlinker .../w.o",
        );
        check(
            &[
                "a.c", "-Xlinker", ".../w.o", "-Xlinker", "-s", "-Xlinker", "-z",
            ],
            "a.c -Xlinker -z -fsanitize=address -Dx(...)= -Xlinker .../w.o",
        );
        check(&["-c", "a.c"], "-c a.c -fsanitize=address -Dx(...)=");
        check(&["--version"], "--version -fsanitize=address -Dx(...)=");
        check(
            &["-fsanitize=thread", "@file"],
            "@file -fsanitize=address -Dx(...)= -Xlinker .../w.o",
        );
    }
}
