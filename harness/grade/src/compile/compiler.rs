//! The C compiler of this machine, and what it must be told so that a textbook's programs build.
//!
//! Textbooks call `gets`, leave headers out and write `main()`. Compilers took that for thirty years; gcc 14 and clang 16
//! made errors of it, gcc 15 changed what `()` means. A submission that its author could build must build here too.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::toolchain::{self, Toolchains};
use crate::machine;
use crate::withheld::is_system;
use ipclab_intake::failure::Failure;
use ipclab_plan::Tool;
use ipclab_sandbox::executables;
use ipclab_spec::Sanitizers;

/// A compiler of this machine.
#[derive(Clone, Debug)]
pub(super) struct Compiler {
    /// The program and what must be shown for it to work.
    pub tool: Tool,
    /// Whether it is clang; else it is gcc, or takes gcc's options.
    pub clang: bool,
    /// Flags that any C source gets.
    pub flags: Vec<String>,
    /// Flags that a build without sanitizers gets as well.
    pub plain: Vec<String>,
    /// Flags that a build with sanitizers gets as well.
    pub sanitize: Vec<String>,
    /// The same without what looks for undefined behaviour.
    pub address: Vec<String>,
    /// Flags that a build with ThreadSanitizer gets as well; none for clang, whose runtime is a part of the program: nobody could tell
    /// which names there are the program's own.
    pub threads: Vec<String>,
    /// Whatever makes the same source build to something else: paths, sizes, times, versions.
    pub identity: String,
}

/// Which build of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// As the student would build it.
    Plain,
    /// With AddressSanitizer and UndefinedBehaviorSanitizer.
    Sanitized,
    /// With AddressSanitizer alone: to the other one `1 << 31` is no constant, and a program may have that behind `case`.
    Address,
    /// With ThreadSanitizer.
    Threads,
}

impl Variant {
    /// Whether sanitizers look for errors in it.
    pub(super) fn is_sanitized(self) -> bool {
        self.sanitizers().is_some()
    }

    /// Which ones.
    pub(super) fn sanitizers(self) -> Option<Sanitizers> {
        match self {
            Self::Plain => None,
            Self::Sanitized | Self::Address => Some(Sanitizers::Memory),
            Self::Threads => Some(Sanitizers::Threads),
        }
    }
}

impl Compiler {
    /// The compiler that `CC` names, else `cc`, `gcc` or `clang`, whichever is there first.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(toolchains: &Toolchains) -> Result<Self, Failure> {
        let named = std::env::var("CC")
            .ok()
            .filter(|name| !name.trim().is_empty());
        let names: Vec<&str> = match &named {
            Some(name) => vec![name.trim()],
            None => vec!["cc", "gcc", "clang"],
        };
        let tool = names
            .iter()
            .find_map(|name| toolchains.find_for_grader(name))
            .ok_or_else(|| {
                let what = match &named {
                    Some(name) => format!("no C compiler: CC says {name}, which is not in PATH"),
                    None => "no C compiler: neither cc, gcc nor clang is in PATH".to_owned(),
                };
                Failure::unable(what)
                    .remedy("install one, for example: apt-get install gcc libc6-dev")
            })?;
        // One submission after the other is built by the same: it is asked again only when it has changed.
        static LAST: Mutex<Option<(String, Compiler)>> = Mutex::new(None);
        let stamp = toolchain::stamp(&tool.path);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, compiler)) if *known == stamp => Ok(compiler.clone()),
            Some(_) | None => {
                let compiler = Self::ask(tool)?;
                *last = Some((stamp, compiler.clone()));
                Ok(compiler)
            }
        }
    }

    /// The one that ThreadSanitizer is used with where [`Self::find`] has found clang.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn gcc(toolchains: &Toolchains) -> Result<Self, Failure> {
        let gcc = toolchains.find_for_grader("gcc").map(Self::ask);
        let gcc = gcc.transpose()?.filter(|gcc| !gcc.clang);
        gcc.ok_or_else(|| {
            let what = "ThreadSanitizer is used with gcc, and there is no gcc here";
            Failure::unable(what).remedy("install it, for example: apt-get install gcc libc6-dev")
        })
    }

    /// Lets a compiler tell what it is.
    fn ask(tool: Tool) -> Result<Self, Failure> {
        let [version, major, parts @ ..] = answers(&tool.path);
        let version = version.ok_or_else(|| {
            Failure::unable(format!(
                "{} --version fails: it is no C compiler",
                tool.path.display()
            ))
        })?;
        let clang = version.contains("clang");
        let major = major
            .and_then(|version| version.split('.').next()?.trim().parse().ok())
            .unwrap_or(0);
        let runtime = clang.then(|| {
            parts
                .iter()
                .flatten()
                .rev()
                .find_map(|answer| runtime_in(answer))
        });
        let sanitize = sanitize(clang, major, runtime.flatten().as_deref());
        let identity = identity(&tool.path, &version, parts.iter().flatten());
        Ok(Self {
            tool,
            clang,
            flags: flags(clang, major),
            plain: Vec::new(),
            address: [&sanitize[..], &["-fno-sanitize=undefined".to_owned()]].concat(),
            sanitize,
            threads: match clang {
                true => Vec::new(),
                false => threads(major),
            },
            identity,
        })
    }

    /// Whether another compiler, which a submission's own command calls, is clang, and its options for a variant: gcc and clang have
    /// others.
    pub(super) fn options_for(&self, other: &Tool, variant: Variant) -> (bool, Vec<String>) {
        let real = std::fs::canonicalize(&other.path).unwrap_or_else(|_| other.path.clone());
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        let clang = name.contains("clang");
        let asked = (clang != self.clang).then(|| Self::ask(other.clone()).ok());
        let compiler = asked.flatten();
        let options = compiler.as_ref().unwrap_or(self).of(variant);
        (clang, options.to_vec())
    }

    /// Whether a program of ours can be built with the sanitizers of a variant, and runs: asked when another one could not be built. What
    /// is linked with a runtime for another C library ends before it has begun.
    pub(super) fn has_sanitizers(&self, variant: Variant) -> bool {
        let succeeds = |command: &mut Command| -> std::io::Result<bool> {
            command
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            Ok(executables::start(command)?.wait()?.success())
        };
        // A folder in which nothing may be executed says nothing of the library.
        let runs = |outcome: std::io::Result<bool>| match outcome {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(true),
            outcome => outcome,
        };
        let works = || -> std::io::Result<bool> {
            let folder = tempfile::tempdir()?;
            let (source, program) = (folder.path().join("main.c"), folder.path().join("main"));
            std::fs::write(&source, "int main(void) { return 0; }\n")?;
            let mut build = Command::new(&self.tool.path);
            build.args(self.of(variant)).arg(&source);
            let is_built = succeeds(build.arg("-o").arg(&program))?;
            Ok(is_built && runs(succeeds(&mut Command::new(&program)))?)
        };
        works().unwrap_or(false)
    }

    /// What a variant adds to the flags.
    pub(super) fn of(&self, variant: Variant) -> &[String] {
        match variant {
            Variant::Plain => &self.plain,
            Variant::Sanitized => &self.sanitize,
            Variant::Address => &self.address,
            Variant::Threads => &self.threads,
        }
    }
}

/// The flags for every C source, for a compiler of this kind and major version.
fn flags(clang: bool, major: u32) -> Vec<String> {
    let mut flags = vec!["-std=gnu17", "-O0", "-g"];
    // What the compiler knows and would refuse. An older one does not know the name and refuses that.
    flags.extend([
        "-Wno-error=implicit-function-declaration",
        "-Wno-error=implicit-int",
        "-Wno-error=int-conversion",
        "-Wno-error=incompatible-pointer-types",
    ]);
    if clang {
        flags.extend([
            "-Wno-error=return-type",
            "-Wno-error=incompatible-function-pointer-types",
        ]);
    } else if major >= 14 {
        // For C it turns exactly those of gcc 14's new errors back into warnings; before, gcc has it for C++ only.
        flags.push("-fpermissive");
    }
    flags.into_iter().map(str::to_owned).collect()
}

/// The flags that make a compiler of this kind and major version find memory errors; `runtime` is clang's library for that.
fn sanitize(clang: bool, major: u32, runtime: Option<&Path>) -> Vec<String> {
    let mut flags = vec!["-fsanitize=address,undefined", "-fno-omit-frame-pointer"];
    // What is never set would hold whatever was there before, another thing on every run: here it holds the same
    // rubbish on all of them.
    let fills = if clang { major >= 8 } else { major >= 12 };
    if fills {
        flags.push("-ftrivial-auto-var-init=pattern");
    }
    let mut flags: Vec<String> = flags.into_iter().map(str::to_owned).collect();
    if clang {
        flags.extend(shared_runtime(runtime));
    }
    flags.extend(super::sanitizer::flags(clang || major >= 14));
    flags
}

/// The flags that make gcc of this major version find data races.
fn threads(major: u32) -> Vec<String> {
    let flags = ["-fsanitize=thread", "-fno-omit-frame-pointer"];
    let mut flags: Vec<String> = flags.map(str::to_owned).into();
    flags.extend(super::sanitizer::flags(major >= 14));
    flags
}

/// Options by which clang links its runtime as a library, as gcc does by itself: of one that is linked into the program nobody could
/// tell which names are the program's own. Where there is none, the linker says which library it misses.
fn shared_runtime(runtime: Option<&Path>) -> Vec<String> {
    let Some((library, folder)) = runtime.and_then(|file| Some((file, file.parent()?))) else {
        return vec!["-shared-libasan".to_owned()];
    };
    let (library, folder) = (library.display(), folder.display());
    vec![
        "-fno-sanitize-link-runtime".to_owned(),
        format!("-Wl,--push-state,--no-as-needed,{library},--pop-state,-rpath,{folder}"),
    ]
}

/// The runtime that clang names, where it has one: else it repeats the name that it was asked for.
fn runtime_in(answer: &str) -> Option<PathBuf> {
    let path = PathBuf::from(answer.trim());
    let name = path.file_name()?.to_str()?;
    (path.is_absolute() && name.starts_with("libclang_rt.asan")).then_some(path)
}

/// What a compiler is asked: its name, its version, then where its parts are and what it links to every program, clang's runtime of
/// the sanitizers by its older name and its newer one.
const QUESTIONS: [&str; 8] = [
    "--version",
    "-dumpversion",
    "-print-prog-name=cc1",
    "-print-prog-name=as",
    "-print-prog-name=ld",
    "-print-file-name=crt1.o",
    RUNTIME,
    "-print-file-name=libclang_rt.asan.so",
];
#[cfg(target_arch = "x86_64")]
const RUNTIME: &str = "-print-file-name=libclang_rt.asan-x86_64.so";
#[cfg(not(target_arch = "x86_64"))]
const RUNTIME: &str = "-print-file-name=libclang_rt.asan-aarch64.so";

/// The compiler and its parts, each by path, size and time.
fn identity<'a>(compiler: &Path, version: &str, parts: impl Iterator<Item = &'a String>) -> String {
    let mut identity = version.lines().next().unwrap_or_default().to_owned();
    let parts = parts.map(|part| PathBuf::from(part.trim()));
    for part in std::iter::once(compiler.to_owned()).chain(parts) {
        identity.push('\n');
        identity.push_str(&toolchain::stamp(&part));
    }
    identity
}

/// Its answers to [`QUESTIONS`]. A compiler of the system's is asked once, and again when it, its parts, what is in their folders, or
/// what it finds them by has changed. Another one may be a script, whose answers hang on anything.
fn answers(compiler: &Path) -> [Option<String>; QUESTIONS.len()] {
    if !is_system(compiler) || compiler.file_stem().is_some_and(|name| name == "ccache") {
        return asked(compiler, QUESTIONS);
    }
    let decides = |name: &str| {
        name == "PATH"
            || ["GCC_", "COMPILER_", "LIBRARY_", "LD_", "CCC_", "CLANG_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), format!("{value:?}")))
        .filter(|(name, _)| decides(name))
        .collect();
    environment.sort();
    let question = format!("{} {environment:?}", compiler.display());
    machine::remembered("compiler", &question, || {
        let answers = asked(compiler, QUESTIONS);
        let parts = answers.iter().skip(2).flatten();
        let parts = parts.map(|part| PathBuf::from(part.trim()));
        let mut files: Vec<PathBuf> = parts.filter(|part| part.is_absolute()).collect();
        files.push(compiler.to_owned());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = files.iter().filter_map(|file| file.parent());
        let mut seen: Vec<PathBuf> = folders
            .map(Path::to_owned)
            .chain(std::env::split_paths(&path))
            .filter(|folder| folder.is_absolute())
            .collect();
        seen.extend(files);
        seen.sort();
        seen.dedup();
        (answers, seen)
    })
}

/// Its answers to several questions, all asked at the same time.
fn asked<const N: usize>(compiler: &Path, questions: [&str; N]) -> [Option<String>; N] {
    let asked = questions.map(|question| {
        let mut command = Command::new(compiler);
        command
            .arg(question)
            .env("LC_ALL", "C")
            // The current folder may be a student's, and a wrapper would read its settings there.
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        executables::start(&mut command)
    });
    asked.map(|child| {
        let output = child.ok()?.wait_with_output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_compiler_gets_what_it_understands() {
        let has = |clang, major, flag: &str| flags(clang, major).iter().any(|own| own == flag);
        assert!(!has(false, 12, "-fpermissive"));
        assert!(has(false, 14, "-fpermissive"));
        assert!(has(false, 15, "-std=gnu17"));
        assert!(!has(true, 19, "-fpermissive"));
        for major in 12..=15 {
            assert!(has(
                false,
                major,
                "-Wno-error=implicit-function-declaration"
            ));
        }
        let fills = |clang, major| {
            let flags = sanitize(clang, major, None);
            flags.iter().any(|flag| flag.contains("auto-var-init"))
        };
        assert!(!fills(false, 11) && fills(false, 12) && fills(true, 14));
    }

    #[test]
    fn clangs_runtime_is_found_and_shared() {
        let found = runtime_in;
        assert_eq!(found("libclang_rt.asan.so\n"), None);
        assert_eq!(found("/usr/lib/x86_64-linux-gnu/crt1.o\n"), None);
        let library = found("/usr/lib/clang/14/lib/linux/libclang_rt.asan-x86_64.so\n");
        let flags = sanitize(true, 14, library.as_deref()).join(" ");
        assert!(
            flags.contains(
                "libclang_rt.asan-x86_64.so,--pop-state,-rpath,/usr/lib/clang/14/lib/linux"
            ),
            "{flags}"
        );
        assert!(!sanitize(false, 14, None).contains(&"-shared-libasan".to_owned()));
    }
}
