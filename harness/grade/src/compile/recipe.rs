//! How a program is built: the first of the submission's own mapping, the spec's build line, a Makefile that has the
//! target, and the compiler.
//!
//! Pure but for reading staged files. A recipe holds every way that is worth trying, in order; [`super::boxed`] tries them.

use std::path::{Path, PathBuf};

use ipclab_report::{Line, Problem};
use ipclab_spec::{Mapped, Program, is_glob};

use super::makefile::{self, Goal};
use super::product;
use ipclab_intake::show;
use ipclab_intake::submission::{MAPPING, Submission, find, source, walk};

/// A way to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A command without a shell, run in this folder; the program must come to lie there under its own name.
    Line {
        argv: Vec<String>,
        folder: PathBuf,
        by: Author,
    },
    /// `make TARGET` with a Makefile, in its folder; the program is then called by one of these names.
    Make { goal: Goal, names: Vec<String> },
    /// The compiler with these sources.
    Compile { sources: Vec<PathBuf> },
}

/// Who wrote a command line: that decides what it may name, and whose mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// The spec's author.
    Spec,
    /// The student, in their `ipclab.toml`.
    Student,
}

/// Everything that building and running a program takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The files that it is built from, as far as they are known, for the report.
    pub sources: Vec<PathBuf>,
    /// Ways to build, best first; none for a program that is run as it is.
    pub ways: Vec<Way>,
    /// The first way was good for another build of the program: where it brings nothing, that says nothing of the others.
    pub guessed: bool,
    /// How it is run, when not by itself: `python3 server.py`.
    pub run: Option<Vec<String>>,
    /// What the report should say about the choice.
    pub remarks: Vec<String>,
    /// What is wrong when no way brings the program, where more is known than that a build failed.
    pub otherwise: Option<Box<Problem>>,
}

/// Decides on the recipe.
///
/// # Errors
/// Nothing to build from: what is there, and what can be done about it.
pub(super) fn decide(
    program: &Program,
    lab: &[Program],
    submission: &Submission,
) -> Result<Recipe, Box<Problem>> {
    let mapped = submission.mapping.program(&program.name);
    if let Some(mapped) = mapped
        && (!(mapped.build.is_empty() && mapped.run.is_empty()))
    {
        return Ok(by_mapping(mapped, &submission.root));
    }
    let chosen = match mapped {
        Some(mapped) if !mapped.sources.is_empty() => {
            Some(mapped_sources(program, mapped, lab, submission)?)
        }
        _ => find::choose(&program.sources, &submission.files, |file| {
            is_program(submission, file)
        })
        .map(|choice| {
            let remarks = remarks(&choice);
            (vec![choice.file], remarks)
        }),
    };
    let mapped_by_hand = mapped.is_some_and(|mapped| !mapped.sources.is_empty());
    let (sources, mut remarks) = chosen.unwrap_or_default();
    let arguments = mapped.map_or(&[][..], |mapped| mapped.args.as_slice());
    if !arguments.is_empty() {
        remarks.push(format!(
            "it gets {} before the arguments of each case, as {MAPPING} says",
            arguments.join(" ")
        ));
    }
    let first = sources.first();
    let mut ways = Vec::new();
    if let Some(build) = &program.build {
        let folder = first
            .and_then(|file| file.parent())
            .unwrap_or(Path::new(""))
            .to_owned();
        ways.push(Way::Line {
            argv: words(build),
            folder,
            by: Author::Spec,
        });
    } else {
        // A student who names sources wants these sources, whatever a Makefile says.
        if !mapped_by_hand {
            let read = |file: &Path| submission.read(file);
            let source = first.map(PathBuf::as_path);
            let names = product::names(&program.name, &program.sources, source);
            let goal = makefile::goal(&names, source, &submission.files, read);
            ways.extend(goal.map(|goal| Way::Make { goal, names }));
        }
        if !sources.is_empty() {
            ways.extend(compile(&sources, submission));
        }
    }
    if ways.is_empty() || (sources.is_empty() && program.build.is_some()) {
        return Err(not_found(program, lab, submission));
    }
    if !ways.iter().any(|way| matches!(way, Way::Make { .. })) {
        let why = match (&program.build, mapped_by_hand) {
            (Some(_), _) => "the lab has a build line of its own".to_owned(),
            (None, true) => format!("{MAPPING} names the sources"),
            (None, false) => format!("it has no target for {}", program.name),
        };
        remarks.extend(makefile_not_used(first, submission, &why));
    }
    // A Makefile of whatever else does not make a program that nothing in the folder is called like.
    let asked_by_name = |way: &Way| match way {
        Way::Make { goal, .. } => goal.target.ends_with(program.name.as_str()),
        Way::Line { .. } | Way::Compile { .. } => true,
    };
    let otherwise = (sources.is_empty() && !ways.iter().any(asked_by_name))
        .then(|| not_found(program, lab, submission));
    Ok(Recipe {
        sources,
        ways,
        guessed: false,
        run: None,
        remarks,
        otherwise,
    })
}

/// Says why the Makefile beside or above the source does not build the program.
fn makefile_not_used(
    source: Option<&PathBuf>,
    submission: &Submission,
    why: &str,
) -> Option<String> {
    let source = source?;
    let near = |file: &&PathBuf| {
        let folder = file.parent().unwrap_or(Path::new(""));
        makefile::is_makefile(file) && source.starts_with(folder)
    };
    let nearest = submission.files.iter().filter(near);
    let makefile = nearest.max_by_key(|file| file.components().count())?;
    Some(format!("{} was not used: {why}", show::path(makefile)))
}

/// The sources alone; with the folder's other files that have no `main`; with all such files of the submission. The
/// second and third are for a linker that misses something.
fn compile(sources: &[PathBuf], submission: &Submission) -> Vec<Way> {
    let mut ways = vec![Way::Compile {
        sources: sources.to_vec(),
    }];
    let helpers = helpers(sources, submission);
    let beside = |file: &&PathBuf| {
        sources
            .iter()
            .any(|source| source.parent() == file.parent())
    };
    for more in [
        helpers.iter().filter(beside).collect::<Vec<_>>(),
        helpers.iter().collect(),
    ] {
        let mut all = sources.to_vec();
        all.extend(more.into_iter().cloned());
        let way = Way::Compile { sources: all };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// Whether a source is a program by itself and no part of one, as far as that can be told.
fn is_program(submission: &Submission, file: &Path) -> bool {
    let has_no_main = walk::has_extension(file, &["c", "cc", "cpp", "cxx"])
        && !source::has_main(&submission.read(file));
    !has_no_main
}

/// The other files of the submission that have no `main`.
pub(super) fn helpers(sources: &[PathBuf], submission: &Submission) -> Vec<PathBuf> {
    let helper = |file: &&PathBuf| {
        walk::has_extension(file, &["c"])
            && !sources.contains(file)
            && !source::has_main(&submission.read(file))
    };
    submission.files.iter().filter(helper).cloned().collect()
}

/// All C and C++ files of the submission.
pub(super) fn c_files(submission: &Submission) -> Vec<PathBuf> {
    let is_c = |file: &&PathBuf| walk::has_extension(file, &["c", "cc", "cpp", "cxx"]);
    submission.files.iter().filter(is_c).cloned().collect()
}

impl Recipe {
    /// The same program by our compiler alone; `more` are files that belong to it, as another build of it says. `None`: it is not known
    /// what it is made of.
    pub(super) fn compiled_by_us(&self, more: &[PathBuf]) -> Option<Self> {
        if self.run.is_some() {
            return None;
        }
        let mut recipe = self.clone();
        recipe.ways.retain(|way| matches!(way, Way::Compile { .. }));
        if recipe.ways.is_empty() && !self.sources.is_empty() {
            let sources = self.sources.clone();
            recipe.ways.push(Way::Compile { sources });
        }
        // What belongs to a program says its Makefile; to find out what the linker misses takes a build in vain.
        if !more.is_empty() {
            let mut sources = self.sources.clone();
            sources.extend(more.iter().cloned());
            recipe.guessed = !recipe.ways.is_empty();
            recipe.ways.insert(0, Way::Compile { sources });
        }
        (!recipe.ways.is_empty()).then_some(recipe)
    }

    /// The same by what the submission or the spec says alone; `None`: they say nothing.
    pub(super) fn by_own_command(&self) -> Option<Self> {
        let mut recipe = self.clone();
        recipe
            .ways
            .retain(|way| matches!(way, Way::Make { .. } | Way::Line { .. }));
        (!recipe.ways.is_empty()).then_some(recipe)
    }

    /// Whether it is built by `make` and by nothing else.
    pub(super) fn is_by_make(&self) -> bool {
        self.ways.iter().all(|way| match way {
            Way::Make { .. } => true,
            Way::Line { argv, .. } => argv.first().is_some_and(|word| word == "make"),
            Way::Compile { .. } => false,
        })
    }

    /// Whether the student's own build line comes first.
    pub(super) fn is_students_line(&self) -> bool {
        let by_student = |way: &Way| {
            matches!(
                way,
                Way::Line {
                    by: Author::Student,
                    ..
                }
            )
        };
        self.ways.first().is_some_and(by_student)
    }
}

/// As the mapping says it; its paths and commands begin at the submission's root.
fn by_mapping(mapped: &Mapped, root: &Path) -> Recipe {
    let given = |words: &Vec<String>| (!words.is_empty()).then(|| words.clone());
    let build = given(&mapped.build).map(|argv| Way::Line {
        argv,
        folder: root.to_owned(),
        by: Author::Student,
    });
    Recipe {
        sources: mapped.sources.iter().map(|file| root.join(file)).collect(),
        ways: build.into_iter().collect(),
        guessed: false,
        run: given(&mapped.run),
        remarks: Vec::new(),
        otherwise: None,
    }
}

fn mapped_sources(
    program: &Program,
    mapped: &Mapped,
    lab: &[Program],
    submission: &Submission,
) -> Result<(Vec<PathBuf>, Vec<String>), Box<Problem>> {
    let mut sources = Vec::new();
    for path in &mapped.sources {
        match find::at(&submission.root, path, &submission.files) {
            Some(file) => sources.push(file),
            None => {
                let mut problem = not_found(program, lab, submission);
                problem.message = Line::new(&format!(
                    "the submission's ipclab.toml names {path} as {}, and there is no such file",
                    program.name
                ));
                return Err(problem);
            }
        }
    }
    Ok((sources, Vec::new()))
}

fn remarks(choice: &find::Choice) -> Vec<String> {
    if choice.passed_over.is_empty() {
        return Vec::new();
    }
    let others: Vec<String> = choice
        .passed_over
        .iter()
        .take(3)
        .map(|path| show::path(path))
        .collect();
    let more = choice.passed_over.len() - others.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    vec![format!(
        "took {}, not {}{more}",
        show::path(&choice.file),
        others.join(", ")
    )]
}

/// Says what is there and how the student can say which file is meant.
fn not_found(program: &Program, lab: &[Program], submission: &Submission) -> Box<Problem> {
    let mut found = submission.contents();
    let more = found.len().saturating_sub(12);
    found.truncate(12);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    let of_others = sources_of_others(program, lab, submission);
    let with_main: Vec<PathBuf> = submission
        .files
        .iter()
        .filter(|file| {
            walk::has_extension(file, &["c"])
                && source::has_main(&submission.read(file))
                && !of_others.contains(file)
        })
        .cloned()
        .collect();
    let pasted = submission.files.iter().find(|file| {
        walk::has_extension(file, &["md", "txt"]) && source::code_in_prose(&submission.read(file))
    });
    let own = format!("{}.c", program.name);
    let mut names = program.sources.iter().filter(|name| !is_glob(name));
    let wanted = names.next().map_or(own.as_str(), String::as_str);
    let odd = find::odd_ending(&program.sources, &submission.files);
    let remedy = match (find::likely(&program.name, &with_main), pasted) {
        _ if odd.is_some() => odd.map_or_else(String::new, |odd| odd_ending(odd, wanted)),
        (Some(likely), _) => format!(
            "name the file {wanted}, or put this into {}:\n\n[program.{}]\nsource = {:?}",
            MAPPING,
            program.name,
            likely.to_string_lossy()
        ),
        (None, Some(prose)) => {
            format!(
                "{} has C code in it: save the program itself as {wanted}",
                show::path(prose)
            )
        }
        (None, None) => format!("put the program's source into the folder as {wanted}"),
    };
    let refused: Vec<PathBuf> = submission.refused().map(|(path, _)| path.clone()).collect();
    let refused = find::choose(&program.sources, &refused, |_| true).and_then(|choice| {
        let (path, why) = submission
            .refused()
            .find(|(path, _)| **path == choice.file)?;
        Some((show::path(path), why))
    });
    if let Some((path, why)) = refused {
        return Box::new(Problem {
            message: Line::new(&format!("{path} was not taken in: {}", why.words())),
            ours: false,
            errors: Vec::new(),
            log: None,
            found: Vec::new(),
            remedy: Some(why.remedy().into()),
        });
    }
    let message = if found.is_empty() {
        format!("no source of {} found: the folder is empty", program.name)
    } else {
        format!(
            "no source of {} found: looked for {}",
            program.name,
            program.sources.join(", ")
        )
    };
    Box::new(Problem {
        message: Line::new(&message),
        ours: false,
        errors: Vec::new(),
        log: None,
        found: found.iter().map(|line| Line::new(line)).collect(),
        remedy: Some(remedy.as_str().into()),
    })
}

/// The files that other programs of the lab are made of: none of them is this one's.
fn sources_of_others(program: &Program, lab: &[Program], submission: &Submission) -> Vec<PathBuf> {
    let others = lab.iter().filter(|other| other.name != program.name);
    let files = others.flat_map(|other| match submission.mapping.program(&other.name) {
        Some(mapped) if !mapped.sources.is_empty() => {
            let sources = mapped.sources.iter();
            sources
                .filter_map(|path| find::at(&submission.root, path, &submission.files))
                .collect()
        }
        _ => find::choose(&other.sources, &submission.files, |file| {
            is_program(submission, file)
        })
        .map_or(Vec::new(), |choice| vec![choice.file]),
    });
    files.collect()
}

/// What to do with a file that is called as wanted but for its ending.
fn odd_ending(file: &Path, wanted: &str) -> String {
    let name = show::path(file);
    let ending = file.extension().map_or(String::new(), |ending| {
        ending.to_string_lossy().to_lowercase()
    });
    match ending.as_str() {
        "cpp" | "cc" | "cxx" | "hpp" => format!(
            "{name} ends like C++: call it {wanted} if it is C, or say in {MAPPING} how it is built"
        ),
        _ => format!("{name} was probably meant: call it {wanted}"),
    }
}

/// A spec's build line as words: it was checked when the spec was read.
fn words(line: &str) -> Vec<String> {
    ipclab_spec::split_command(line)
        .unwrap_or_else(|_| line.split_whitespace().map(str::to_owned).collect())
}
