//! Wrong programs that silence the sanitizers: a rejected submission with a memory error and a few lines before its source.

use std::fs;
use std::path::PathBuf;

use ipclab_spec::Aspect;

use super::hand_in::write;
use crate::validate::probes::{Kind, Proof};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::materialise;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;

/// A submission that loses the memory of a case.
pub(super) struct Base {
    /// `rejected/reader-overflows`
    pub name: String,
    /// The case.
    pub case: String,
    path: PathBuf,
}

/// Lines that are put before each source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prelude {
    /// Ends well as soon as an error is reported.
    EndsInHook,
    /// Sends reports to nowhere and lets the program go on.
    SetsOptions,
    /// Closes standard error before anything is reported.
    ClosesStderr,
    /// Asks that the functions are not instrumented.
    NotInstrumented,
    /// The same, and takes back what keeps the compiler from hearing it.
    Unmasks,
}

impl Prelude {
    pub(super) const ALL: [Self; 5] = [
        Self::EndsInHook,
        Self::SetsOptions,
        Self::ClosesStderr,
        Self::NotInstrumented,
        Self::Unmasks,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EndsInHook => "ends in the sanitizer's hook",
            Self::SetsOptions => "sets the sanitizer's options",
            Self::ClosesStderr => "closes its standard error first",
            Self::NotInstrumented => "asks not to be instrumented",
            Self::Unmasks => "asks not to be instrumented in spite of the macros",
        }
    }

    fn lines(self) -> &'static str {
        match self {
            Self::EndsInHook => {
                "extern void _exit(int);\nvoid __asan_on_error(void);\nvoid __asan_on_error(void) { _exit(0); }\n"
            }
            Self::SetsOptions => {
                "const char *__asan_default_options(void);\nconst char *__asan_default_options(void) { return \"log_path=/dev/null:exitcode=0:halt_on_error=0\"; }\n"
            }
            Self::ClosesStderr => {
                "extern int close(int);\n__attribute__((constructor)) static void first(void) { close(2); }\n"
            }
            Self::NotInstrumented => {
                "#define main __attribute__((no_sanitize(\"address\", \"undefined\", \"thread\"))) main\n"
            }
            Self::Unmasks => {
                "#undef no_sanitize\n#define main __attribute__((no_sanitize(\"address\", \"undefined\", \"thread\"))) main\n"
            }
        }
    }
}

/// The rejected submissions that lose the memory of a case, one a case.
pub(super) fn bases(proof: &Proof) -> Vec<Base> {
    let mut bases: Vec<Base> = Vec::new();
    for probe in &proof.probes {
        let (Kind::Rejected, Some(path), Some(expectation)) =
            (probe.kind, &probe.path, &probe.expectation)
        else {
            continue;
        };
        for failing in &expectation.expected.fails {
            let is_new = bases.iter().all(|base| base.case != failing.case);
            if is_new && failing.aspects.contains(&Aspect::Memory) {
                bases.push(Base {
                    name: probe.name.clone(),
                    case: failing.case.clone(),
                    path: path.clone(),
                });
            }
        }
    }
    bases
}

/// The submission with these lines before each source that has a `main`.
///
/// # Errors
/// The disk's.
pub(super) fn silenced(
    base: &Base,
    prelude: Prelude,
    store: &Store,
) -> Result<Submission, Failure> {
    let submission = materialise::take_in(&base.path, store)?;
    for file in &submission.files {
        let is_c = file
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("c"));
        if !is_c {
            continue;
        }
        let path = submission.staged.join(file);
        let text = fs::read(&path).map_err(|error| {
            Failure::unable(format!("reading {}: {}", show::path(&path), reason(&error)))
        })?;
        let text = String::from_utf8_lossy(&text);
        if text.contains("main") {
            write(&path, &format!("{}{text}", prelude.lines()))?;
        }
    }
    Ok(submission)
}
