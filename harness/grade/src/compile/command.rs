//! The command lines of a submission's `ipclab.toml`: what they may begin with.
//!
//! The first word is the bare name of a program that the box has, or a file of the submission. Where it is neither, it is the
//! student's mistake: nothing that they wrote may decide what runs outside of a box, or what a box shows. The other words are
//! free, since they name nothing but what is inside; only a script that is certainly outside is said to be.

use std::path::{Component, Path, PathBuf};

use ipclab_intake::show;
use ipclab_intake::submission::{MAPPING, Submission};
use ipclab_plan::Tool;
use ipclab_report::Problem;

use super::problem::{own_trouble, students_mistake};
use super::toolchain::Toolchains;

/// What a command line begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A program of the box.
    Tool(Tool),
    /// A file of the submission, relative to its folder.
    Own(PathBuf),
}

/// A command line of a submission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// `run` or `build`.
    pub key: &'a str,
    /// The program that it is for.
    pub program: &'a str,
    /// Its words.
    pub words: &'a [String],
    /// Whether it is the lab's author's own, who tries the lab: then the machine lacks what is not there.
    pub by_author: bool,
}

impl Line<'_> {
    /// What it begins with. `folder` is what the submission is when it is run.
    ///
    /// # Errors
    /// The student's mistake.
    pub(super) fn begins(
        &self,
        toolchains: &Toolchains,
        submission: &Submission,
        folder: &Path,
    ) -> Result<Command, Box<Problem>> {
        let (first, rest) = match self.words {
            [first, rest @ ..] => (first.as_str(), rest),
            [] => ("", [].as_slice()),
        };
        if first.is_empty() {
            return Err(self.mistake("begins with an empty word", BEGIN));
        }
        if first.contains('/') {
            let Some(own) = inside(first) else {
                return Err(self.mistake(&format!("names {first}, which {OUTSIDE}"), BEGIN));
            };
            return match is_file(folder, &own) {
                true => Ok(Command::Own(own)),
                false => Err(self.no_such_file(first, &own, submission)),
            };
        }
        let Some(tool) = toolchains.find(first) else {
            if self.by_author {
                let (deed, program) = (self.deed(), self.program);
                return Err(own_trouble(&format!(
                    "{first} is not installed here, and {deed} {program} needs it"
                )));
            }
            let own = is_file(folder, Path::new(first));
            let remedy = match own {
                true => format!("say ./{first} to run the file {first} of your folder"),
                false => format!("{BEGIN}. Correct the name if it is misspelt"),
            };
            let what = format!("begins with {first}, and there is no program {first} here");
            return Err(self.mistake(&what, &remedy));
        };
        // What is run has to be the student's: `cp` is no program that copies files.
        if self.key == "run" && rest.is_empty() {
            let what = format!("is {first} alone, and names no file of the submission");
            let remedy = "say which file of your folder is to run, such as python3 server.py";
            return Err(self.mistake(&what, remedy));
        }
        // A script follows its interpreter.
        match rest.first() {
            Some(script) if !script.starts_with('-') && leads_out(script) => {
                let remedy = format!(
                    "put the file into your folder, and name it as it is called there: {first} server.py"
                );
                Err(self.mistake(&format!("names {script}, which {OUTSIDE}"), &remedy))
            }
            _ => Ok(Command::Tool(tool)),
        }
    }

    fn deed(&self) -> &'static str {
        match self.key {
            "run" => "running",
            _ => "building",
        }
    }

    fn no_such_file(&self, word: &str, own: &Path, submission: &Submission) -> Box<Problem> {
        let own = submission.root.join(own);
        let refused = submission.skipped.iter().find(|(path, _)| *path == own);
        match refused {
            Some((_, why)) => self.mistake(
                &format!("names {word}, which was not taken in: {}", why.words()),
                why.remedy(),
            ),
            None => self.mistake(
                &format!("names {word}, and there is no such file in the submission"),
                "name a file of your folder, relative to it",
            ),
        }
    }

    fn mistake(&self, what: &str, remedy: &str) -> Box<Problem> {
        let (key, program) = (self.key, self.program);
        let mut problem = students_mistake(&format!("{key} of {program} in {MAPPING} {what}"));
        problem.remedy = Some(remedy.into());
        problem
    }
}

const OUTSIDE: &str = "is outside of the submission";
const BEGIN: &str = "begin with the name of an interpreter or compiler, such as python3, or with a file of your folder, such as ./server.py";

/// The path of a file of the submission, without `.`; `None`: it leads out.
fn inside(word: &str) -> Option<PathBuf> {
    let mut own = PathBuf::new();
    for part in Path::new(word).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => own.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (own.components().next().is_some()).then_some(own)
}

fn leads_out(word: &str) -> bool {
    let path = Path::new(word);
    path.is_absolute() || path.components().any(|part| part == Component::ParentDir)
}

/// Whether a regular file of a folder of ours, which has no links, has this name.
pub(super) fn is_file(folder: &Path, own: &Path) -> bool {
    !leads_out(&own.to_string_lossy())
        && std::fs::symlink_metadata(folder.join(own)).is_ok_and(|about| about.is_file())
}

/// For the report: the words that are files of the submission.
pub(super) fn files_among<'a>(
    words: &'a [String],
    folder: &'a Path,
) -> impl Iterator<Item = String> + 'a {
    let own = words.iter().filter_map(|word| inside(word));
    own.filter(|own| is_file(folder, own))
        .map(|own| show::path(&own))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// What a line begins with, or what the student hears.
    fn begins(line: &str) -> Result<String, String> {
        let root = tempfile::tempdir().unwrap();
        let (handed_in, staged) = (root.path().join("work"), root.path().join("staged"));
        for folder in ["work/src", "staged"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for file in ["server.py", "src/client.py", "python9", "../other.py"] {
            std::fs::write(handed_in.join(file), "").unwrap();
        }
        symlink("../other.py", handed_in.join("linked.py")).unwrap();
        let submission = Submission::take_in(&handed_in, staged).unwrap();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let line = Line {
            key: "run",
            program: "server",
            words: &words,
            by_author: false,
        };
        let none = Toolchains::default();
        match line.begins(&none, &submission, &submission.staged) {
            Ok(Command::Tool(tool)) => Ok(tool.path.display().to_string()),
            Ok(Command::Own(own)) => Ok(own.display().to_string()),
            Err(problem) => {
                assert!(
                    !problem.ours && problem.remedy.is_some(),
                    "{}",
                    problem.message
                );
                Err(problem.message.to_string())
            }
        }
    }

    #[test]
    fn a_line_begins_with_a_program_of_the_box_or_a_file_of_the_submission() {
        let ok = |line: &str, expect: &str| assert!(begins(line).unwrap().ends_with(expect));
        ok("./server.py", "server.py");
        ok("src/client.py 5", "src/client.py");
        ok("././src/./client.py", "src/client.py");
        ok("env -i /anything ../at/all", "/env");
        ok("env server.py --at=/etc/passwd", "/env");
    }

    /// Another student's program, the tool as a reference, and a shim of the student's were run and shown; a name that is
    /// no program's left the whole submission without a grade.
    #[test]
    fn all_else_is_the_students_mistake() {
        let check = |line: &str, expect: &str| {
            let said = begins(line).unwrap_err();
            assert!(said.contains(expect), "{line}: {said}");
        };
        for line in [
            "/proc/self/cwd/server.py",
            "/usr/bin/env server.py",
            "../other.py",
            "./src/../../other.py",
            "./../other.py",
            "/",
            "./",
            "env ../other.py",
            "env /etc/passwd",
        ] {
            check(line, "is outside of the submission");
        }
        check("./linked.py", "a link that leaves the submission");
        check("./nothing.py", "no such file in the submission");
        check("./src", "no such file in the submission");
        check("no-such-tool x", "there is no program no-such-tool here");
        check("python9", "there is no program python9 here");
        check("ipclab reference server", "there is no program ipclab here");
        check("", "empty word");
        check("cp", "names no file of the submission");
    }
}
