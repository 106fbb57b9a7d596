//! The problem of a build that failed, as the student hears it, and whether it is the student's or the machine's.

use ipclab_report::{Line, Problem, Severity};
use ipclab_spec::{Program, Sanitizers};

use super::boxed::{Outcome, Product};
use super::compiler::{Compiler, Variant};
use super::messages;
use super::recipe::Way;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// The problem of a way that brought no program. `oddities` are what can be told from the sources without a compiler; `compiler` is
/// the one that we call.
pub(super) fn of(
    program: &Program,
    (way, variant): (&Way, Variant),
    outcome: &Outcome,
    product: Product,
    oddities: Vec<String>,
    compiler: Option<&Compiler>,
) -> Box<Problem> {
    let errors: Vec<_> = messages::parse(&outcome.output)
        .into_iter()
        .filter(|message| message.severity == Severity::Error)
        .collect();
    // A submission can make a compiler print any words, and a linker has many for a library that is not for this C library. That it
    // is the machine shows a program of ours.
    if let (Way::Compile { .. }, Some(sanitizers)) = (way, variant.sanitizers())
        && compiler.is_some_and(|compiler| !compiler.has_sanitizers(variant))
    {
        let missing = messages::missing_sanitizer(&outcome.output);
        let (library, path) = missing.unwrap_or(match sanitizers {
            Sanitizers::Memory => ("libasan", ""),
            Sanitizers::Threads => ("libtsan", ""),
        });
        return Box::new(Problem {
            errors,
            ..without_sanitizer(library, path)
        });
    }
    let log = if errors.is_empty() {
        last_lines(&outcome.output)
    } else {
        None
    };
    Box::new(Problem {
        message: Line::new(&message(program, way, outcome, product)),
        ours: false,
        errors,
        log: log.map(|log| log.as_str().into()),
        found: Vec::new(),
        remedy: (!oddities.is_empty()).then(|| oddities.join("\n").as_str().into()),
    })
}

/// The machine lacks what its compiler's sanitizers are linked with.
fn without_sanitizer(library: &str, path: &str) -> Problem {
    let remedy = match path.split_once("/clang/") {
        Some((_, behind)) => {
            let major = behind.split(['.', '/']).next().unwrap_or_default();
            format!("apt-get install libclang-rt-{major}-dev, or dnf install compiler-rt")
        }
        None if library.starts_with("libclang") => {
            "apt-get install libclang-rt-dev, or dnf install compiler-rt".to_owned()
        }
        // Debian's gcc comes with them.
        None => {
            "dnf install libasan libubsan libtsan. With musl-gcc there are none: use gcc".to_owned()
        }
    };
    let message = format!(
        "{library}, which the compiler's sanitizers need, is not installed here for this C library"
    );
    Problem {
        remedy: Some(format!("install it, for example: {remedy}").as_str().into()),
        ..*own_trouble(&message)
    }
}

fn message(program: &Program, way: &Way, outcome: &Outcome, product: Product) -> String {
    let name = &program.name;
    match (way, &outcome.stopped, product) {
        (_, Some(stopped), _) => stopped.clone(),
        (_, None, Product::Refused(why)) => format!("the build of {name} left no program: {why}"),
        (Way::Line { argv, .. }, None, _) if outcome.succeeded => {
            format!("{} ended well and left no file {name}", argv.join(" "))
        }
        (Way::Line { argv, .. }, None, _) => format!("{} failed", argv.join(" ")),
        (Way::Make { goal, names }, None, _) if outcome.succeeded => {
            let names = if goal.target == *name {
                name.clone()
            } else {
                names.join(" or ")
            };
            format!(
                "make {} with {} ended well and left no file {names}",
                goal.target,
                show::path(&goal.makefile)
            )
        }
        (Way::Make { goal, .. }, None, _) => {
            let makefile = show::path(&goal.makefile);
            format!("make {} failed, with {makefile}", goal.target)
        }
        (Way::Compile { .. }, None, _) if messages::undefined(&outcome.output) => {
            format!("{name} does not link: something that it calls is defined nowhere")
        }
        (Way::Compile { sources }, None, _) => {
            let named: Vec<String> = sources.iter().map(|path| show::path(path)).collect();
            format!("the compiler refused {}", named.join(", "))
        }
    }
}

fn last_lines(output: &str) -> Option<String> {
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(12);
    (!lines.is_empty()).then(|| lines[from..].join("\n"))
}

/// A problem that costs the student.
pub(super) fn students_mistake(message: &str) -> Box<Problem> {
    Box::new(Problem {
        message: Line::new(message),
        ours: false,
        errors: Vec::new(),
        log: None,
        found: Vec::new(),
        remedy: None,
    })
}

/// A problem of ours or the machine's: no student loses anything by it, and nothing is graded.
pub(super) fn own_trouble(message: &str) -> Box<Problem> {
    Box::new(Problem {
        ours: true,
        ..*students_mistake(message)
    })
}

/// Our own disk's trouble.
pub(super) fn ours(failure: Failure) -> Box<Problem> {
    Box::new(Problem {
        remedy: failure.remedy.as_deref().map(Into::into),
        ..*own_trouble(&failure.message)
    })
}
