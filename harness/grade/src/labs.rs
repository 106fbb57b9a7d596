//! Labs: the ones that the tool carries with it, and specs that an instructor wrote.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, File, include_dir};
use ipclab_report::likest;
use ipclab_spec::{Reference, Spec, is_glob};

use crate::unit::Unit;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_intake::submission::{MAPPING, Submission, find};

/// Every spec, and each lab's handout and starter, as `build.rs` gathered them.
static COURSE: Dir<'static> = include_dir!("$OUT_DIR/course");

/// A lab, ready to grade.
#[derive(Debug)]
pub struct Lab {
    /// What messages call its spec.
    pub file: String,
    /// The spec's text.
    pub text: String,
    /// The spec.
    pub spec: Spec,
    /// What its author probably did not mean, rendered.
    pub warnings: String,
    /// The words that name it on a command line.
    pub words: Vec<String>,
    /// The folder that sources of its references are relative to; `None`: it is one of ours.
    pub beside: Option<PathBuf>,
    /// The spec's own file; `None`: it is one of ours.
    pub path: Option<PathBuf>,
}

/// The names of the labs that the tool carries: first those whose questions stand in `unit.toml`.
pub fn names() -> Vec<String> {
    let first = COURSE.get_file(format!("{SPECS}/{UNIT}"));
    let first = first.and_then(|file| file.contents_utf8());
    let first: Vec<&str> = first.into_iter().flat_map(questions).collect();
    let specs = files()
        .filter(|file| file.path().extension().is_some_and(|kind| kind == "toml"))
        .filter(|file| !is_question_list(file.path()));
    let mut names: Vec<(bool, String)> = specs
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_string_lossy().into_owned();
            let asked = file.contents_utf8().and_then(unit_of);
            Some((!asked.is_some_and(|id| first.contains(&id)), name))
        })
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// The specs that the tool carries, and the lists of questions beside them.
fn files() -> impl Iterator<Item = &'static File<'static>> {
    let specs = COURSE.get_dir(SPECS);
    specs.map(|specs| specs.files()).into_iter().flatten()
}

/// The ids of a list's questions, read without the rest of it: every command that names labs asks for them.
fn questions(list: &str) -> impl Iterator<Item = &str> {
    let ids = list.lines().filter(|line| line.starts_with("id "));
    ids.filter_map(|line| line.split('"').nth(1))
}

/// The first question that a spec says it is about, likewise.
fn unit_of(spec: &str) -> Option<&str> {
    let line = spec.lines().find(|line| line.starts_with("unit "))?;
    line.split('"').nth(1)
}

/// Opens one of our labs by its name.
///
/// # Errors
/// There is none of that name.
pub fn carried(name: &str) -> Result<Lab, Failure> {
    let file = COURSE.get_file(format!("specs/{name}.toml"));
    let Some(text) = file.and_then(|file| file.contents_utf8()) else {
        let names = names();
        let failure = Failure::usage(format!("there is no lab {name:?}"));
        return Err(match likest(name, names.iter().map(AsRef::as_ref)) {
            Some(near) => failure.remedy(format!(
                "did you mean {near}? The labs are: {}",
                names.join(", ")
            )),
            None => failure.remedy(format!(
                "the labs are: {}; a spec of your own is named by its path: specs/NAME.toml",
                names.join(", ")
            )),
        });
    };
    parse_covering(
        format!("{name}.toml"),
        text.to_owned(),
        vec!["--lab".to_owned(), name.to_owned()],
        None,
        Some(&unit()?.requirements()),
    )
}

/// The folder of the specs in what is carried.
const SPECS: &str = "specs";

/// What the unit asks, beside the specs.
const UNIT: &str = "unit.toml";

/// Whether a file beside the specs is no spec but a list of questions: `unit.toml`, and `NAME.unit.toml` for those of another
/// unit.
pub fn is_question_list(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy);
    name.is_some_and(|name| name == UNIT || name.ends_with(&format!(".{UNIT}")))
}

/// What the units ask, as the tool carries it: that of `unit.toml` first.
///
/// # Errors
/// It is not as it must be, which its own test would have told.
pub fn unit() -> Result<Unit, Failure> {
    let lists = files()
        .filter(|file| is_question_list(file.path()))
        .map(|file| {
            let name = file.path().file_name().map(OsStr::to_string_lossy);
            let text = file.contents_utf8().unwrap_or_default();
            (name.unwrap_or_default().into_owned(), text.to_owned())
        });
    joined(lists.collect())
}

/// What the lists of questions in a folder ask; `None`: there is none, so a case may cover anything.
fn unit_beside(folder: &Path) -> Result<Option<Unit>, Failure> {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(here).into_iter().flatten().flatten();
    let lists: Vec<(String, String)> = entries
        .filter(|entry| is_question_list(&entry.path()))
        .filter_map(|entry| {
            let path = folder.join(entry.file_name());
            Some((show::path(&path), fs::read_to_string(&path).ok()?))
        })
        .collect();
    if lists.is_empty() {
        return Ok(None);
    }
    joined(lists).map(Some)
}

/// Puts lists together, whatever order the folder names them in.
fn joined(mut lists: Vec<(String, String)>) -> Result<Unit, Failure> {
    lists.sort_by_key(|(name, _)| (name.ends_with(&format!(".{UNIT}")), name.clone()));
    Unit::parse_all(&lists)
}

/// What the tool carries in the folder of a source that a reference is built from: it and the headers beside it. Paths are
/// relative to the specs.
pub fn carried_beside(source: &str) -> impl Iterator<Item = (PathBuf, &'static [u8])> {
    let source = Path::new(SPECS).join(source);
    let folder = source.parent().and_then(|folder| COURSE.get_dir(folder));
    let files = folder.map(|folder| folder.files()).into_iter().flatten();
    files.filter_map(|file| {
        let path = file.path().strip_prefix(SPECS).ok()?;
        Some((path.to_owned(), file.contents()))
    })
}

/// Opens a spec file.
///
/// # Errors
/// It cannot be read, or has mistakes: all of them are told.
pub fn file(path: &Path) -> Result<Lab, Failure> {
    let display = show::path(path);
    let text = fs::read(path).map_err(|error| {
        let failure = Failure::usage(format!("reading the spec {display}: {}", reason(&error)));
        let names = names();
        if names.contains(&display) {
            return failure.remedy(format!("it is a lab of the tool's own: --lab {display}"));
        }
        failure.remedy(format!(
            "name a spec file, or one of the labs: {}",
            names.join(", ")
        ))
    })?;
    let text = String::from_utf8(text).map_err(|error| {
        Failure::usage(format!(
            "reading the spec {display}: not UTF-8 text after {} bytes",
            error.utf8_error().valid_up_to()
        ))
    })?;
    let words = vec!["--spec".to_owned(), path.to_string_lossy().into_owned()];
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let requirements = unit_beside(&beside)?.map(|unit| unit.requirements());
    let lab = parse_covering(display, text, words, Some(beside), requirements.as_deref())?;
    Ok(Lab {
        path: Some(path.to_owned()),
        ..lab
    })
}

/// A lab's name, or the path of a spec: what has a slash or ends in `.toml` is a path.
pub fn named(name: &str) -> Result<Lab, Failure> {
    if name.contains('/') || name.ends_with(".toml") {
        file(Path::new(name))
    } else {
        carried(name)
    }
}

/// Reads a spec's text, whichever way it came.
///
/// # Errors
/// All its mistakes, rendered.
pub fn parse(
    file: String,
    text: String,
    words: Vec<String>,
    beside: Option<PathBuf>,
) -> Result<Lab, Failure> {
    parse_covering(file, text, words, beside, None)
}

fn parse_covering(
    file: String,
    text: String,
    words: Vec<String>,
    beside: Option<PathBuf>,
    requirements: Option<&[String]>,
) -> Result<Lab, Failure> {
    match ipclab_spec::parse_covering(&file, &text, requirements) {
        Ok(parsed) => {
            let warnings = if parsed.warnings.is_empty() {
                String::new()
            } else {
                parsed.warnings.render(false)
            };
            Ok(Lab {
                file,
                text,
                spec: parsed.spec,
                warnings,
                words,
                beside,
                path: None,
            })
        }
        Err(diagnostics) => {
            let count = diagnostics
                .iter()
                .filter(|one| one.severity == ipclab_spec::Severity::Error)
                .count();
            let count = if count == 1 {
                "1 mistake".to_owned()
            } else {
                format!("{count} mistakes")
            };
            Err(Failure::usage(format!(
                "the spec {file} has {count}:\n\n{}",
                diagnostics.render(false).trim_end()
            )))
        }
    }
}

/// The spec of an instructor's own lab that a submission stands with: `specs/NAME.toml` for `labs/NAME/submissions/rejected/X`.
#[must_use]
pub fn around(submission: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(submission).ok()?;
    let mut above = path.ancestors().skip(1);
    let is = |folder: Option<&Path>, names: &[&str]| {
        let name = folder.and_then(Path::file_name).and_then(OsStr::to_str);
        name.is_some_and(|name| names.contains(&name))
    };
    if !is(above.next(), &["accepted", "rejected"]) || !is(above.next(), &["submissions"]) {
        return None;
    }
    let lab = above.next()?.file_name()?.to_str()?;
    if !is(above.next(), &["labs"]) || names().iter().any(|known| known == lab) {
        return None;
    }
    let spec = above.next()?.join(format!("{SPECS}/{lab}.toml"));
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| spec.strip_prefix(here).ok().map(Path::to_owned));
    spec.is_file().then(|| short.unwrap_or(spec))
}

/// The lab that a submission is for: what its own `ipclab.toml` says, else the one whose programs it has.
///
/// # Errors
/// It fits none, or several equally well.
pub fn guess(submission: &Submission) -> Result<Lab, Failure> {
    if let Some(lab) = &submission.mapping.lab {
        return carried(lab).map_err(|failure| Failure {
            message: format!("{MAPPING}: {}", failure.message),
            ..failure
        });
    }
    let labs = names()
        .iter()
        .map(|name| carried(name))
        .collect::<Result<Vec<Lab>, Failure>>()?;
    let scores: Vec<u32> = labs
        .iter()
        .map(|lab| fit(&lab.spec, submission, &labs))
        .collect();
    let mut scored: Vec<(u32, Lab)> = scores.into_iter().zip(labs).collect();
    // The order of names decides nothing: equal scores are an error below.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let best = scored.first().map_or(0, |(score, _)| *score);
    if best == 0 {
        let mut contents = submission.contents();
        let there = if contents.is_empty() {
            "the folder is empty".to_owned()
        } else {
            let more = contents.len().saturating_sub(8);
            contents.truncate(8);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("there is: {}{more}", contents.join(", "))
        };
        return Err(Failure::usage(format!(
            "nothing in {} is called like a program of a lab; {there}",
            submission.name
        ))
        .remedy(format!(
            "name the lab with --lab, one of: {}; or a spec of your own by --spec FILE",
            names().join(", ")
        )));
    }
    let fitting: Vec<&str> = scored
        .iter()
        .filter(|(score, _)| *score == best)
        .map(|(_, lab)| lab.spec.lab.as_str())
        .collect();
    if fitting.len() > 1 {
        return Err(Failure::usage(format!(
            "{} could be for any of: {}",
            submission.name,
            fitting.join(", ")
        ))
        .remedy(format!(
            "say which with --lab, for example: --lab {}",
            fitting[0]
        )));
    }
    let (_, lab) = scored.swap_remove(0);
    Ok(lab)
}

/// What a file says that a pattern means, of a hundred: less than a name, which no other file has.
const PATTERN_SAYS: u32 = 10;

/// How well a submission fits a lab. A file name that only this lab knows says much; one that several labs know
/// (`server.c`) says as much less as there are labs.
fn fit(spec: &Spec, submission: &Submission, labs: &[Lab]) -> u32 {
    // What could not be taken in was meant all the same.
    let meant = submission.refused().map(|(path, _)| path);
    let files: Vec<PathBuf> = submission.files.iter().chain(meant).cloned().collect();
    let knows = |lab: &Lab, name: &String| {
        lab.spec
            .programs
            .iter()
            .any(|program| program.sources.contains(name))
    };
    spec.programs
        .iter()
        .map(|program| {
            if submission.mapping.program(&program.name).is_some() {
                return 100;
            }
            let says = |name: &String| {
                find::choose(std::slice::from_ref(name), &files, |_| true)?;
                let sure = if is_glob(name) { PATTERN_SAYS } else { 100 };
                Some(sure / labs.iter().filter(|lab| knows(lab, name)).count().max(1) as u32)
            };
            program.sources.iter().filter_map(says).max().unwrap_or(0)
        })
        .sum()
}

/// Whether the sources that a lab's references are built from are there.
///
/// # Errors
/// One of them is not: it is named.
pub fn has_reference_sources(lab: &Lab) -> Result<(), Failure> {
    let Some(beside) = &lab.beside else {
        return Ok(());
    };
    for program in &lab.spec.programs {
        let Reference::Sources(sources) = &program.reference else {
            continue;
        };
        let mut paths = sources.iter().map(|source| beside.join(source));
        // A link is not followed when it is taken in.
        let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|about| about.is_file());
        if let Some(missing) = paths.find(|path| !is_file(path)) {
            return Err(Failure::usage(format!(
                "the reference of {} is built from {}, and there is no such file",
                program.name,
                show::path(&missing)
            ))
            .remedy("paths of sources are relative to the spec, and links are not followed"));
        }
    }
    Ok(())
}

/// The folders in which the handout, the starter and the submissions of an instructor's own lab may lie.
pub fn folders(lab: &Lab) -> Vec<PathBuf> {
    let Some(beside) = &lab.beside else {
        return Vec::new();
    };
    // `labs/NAME` reads better than `specs/../labs/NAME`, and is the same but where `specs` is a link.
    let next = match beside.file_name() {
        Some(_) => beside.parent().unwrap_or(Path::new("")).to_owned(),
        None => beside.join(".."),
    };
    vec![
        next.join("labs").join(&lab.spec.lab),
        beside.join("../labs").join(&lab.spec.lab),
        beside.join("labs").join(&lab.spec.lab),
        beside.clone(),
    ]
}

/// A lab's handout.
pub fn handout(lab: &Lab) -> Option<String> {
    if lab.path.is_some() {
        // What lies beside the spec itself may be about many labs.
        let mut folders = folders(lab).into_iter().take(2);
        return folders.find_map(|folder| fs::read_to_string(folder.join("README.md")).ok());
    }
    let file = COURSE.get_file(format!("labs/{}/README.md", lab.spec.lab))?;
    file.contents_utf8().map(str::to_owned)
}

/// A lab's starter: file names and contents.
pub fn starter(lab: &Lab) -> Vec<(PathBuf, Vec<u8>)> {
    if lab.path.is_some() {
        let mut found = folders(lab)
            .into_iter()
            .map(|folder| folder.join("starter"));
        return found
            .find(|folder| folder.is_dir())
            .map_or_else(Vec::new, |folder| files_in(&folder));
    }
    let folder = COURSE.get_dir(format!("labs/{}/starter", lab.spec.lab));
    let files = folder.map(|folder| folder.files()).into_iter().flatten();
    files
        .filter_map(|file| {
            let name = Path::new(file.path().file_name()?).to_owned();
            Some((name, file.contents().to_vec()))
        })
        .collect()
}

/// The plain files of a folder, by name.
fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(PathBuf, Vec<u8>)> = entries
        .filter_map(|entry| {
            let text = fs::read(entry.path()).ok()?;
            Some((PathBuf::from(entry.file_name()), text))
        })
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_references_are_carried_with_their_labs() {
        let mut seen = 0;
        for name in names() {
            let lab = carried(&name).expect("a lab");
            for program in &lab.spec.programs {
                let Reference::Sources(sources) = &program.reference else {
                    continue;
                };
                for source in sources {
                    let mut beside = carried_beside(source);
                    let found = beside.find(|(path, _)| path == Path::new(source));
                    assert!(found.is_some_and(|(_, text)| !text.is_empty()), "{source}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 0, "no lab has a reference in C");
    }

    #[test]
    fn labs_of_the_first_list_come_first() {
        let names = names();
        let at = |name: &str| names.iter().position(|known| known == name);
        assert!(
            at("unix-stream").is_some() && at("unix-stream") < at("pipex"),
            "{names:?}"
        );
        assert!(at("name-lookup") < at("tcp-echo"), "{names:?}");
    }

    #[test]
    fn a_list_of_questions_is_no_spec() {
        let check = |name: &str, expect: bool| {
            let path = Path::new("specs").join(name);
            assert_eq!(is_question_list(&path), expect, "{name}");
        };
        check("unit.toml", true);
        check("course.unit.toml", true);
        check("my-unit.toml", false);
        check("unit.toml.orig", false);
    }
}
