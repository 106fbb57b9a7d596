//! The part of a submission's folder that a build is shown.
//!
//! A compile of C by a command of ours needs the sources that it names and the headers that these include. Where their text tells which
//! files those are, the build gets a folder with these files and no others, and its key covers all of that folder. So a program
//! that is as it was is not compiled again because another program of its submission changed, or because a classmate's other
//! program differs.
//!
//! Nothing that a compiler could be made to read decides a shared build, since the key is made of what the box shows and not of what
//! the text is thought to need: a file that the text brings in by another way is missing there. Such a text, and one of which that
//! is not known, gets the whole folder, as a Makefile does. That choice is about speed and never about trust.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ipclab_intake::failure::Failure;
use ipclab_intake::submission::{Submission, stage, walk};

use super::directives::{Blanks, first, first_name, last, without_splices};
use super::recipe::{Recipe, Way};
use crate::program_digest::{self, Digest};

/// The part of a submission's folder that a build is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of it.
    Everything,
    /// These files.
    Files(BTreeSet<PathBuf>),
}

impl Shown {
    /// What the ways of a recipe need.
    pub(super) fn to(recipe: &Recipe, submission: &Submission) -> Self {
        let sources = recipe.ways.iter().map(|way| match way {
            Way::Compile { sources } => Some(sources),
            // It runs what it likes, on what it likes.
            Way::Make { .. } | Way::Line { .. } => None,
        });
        let sources: Option<Vec<&Vec<PathBuf>>> = sources.collect();
        let files = sources.and_then(|sources| named(sources.into_iter().flatten(), submission));
        files.map_or(Self::Everything, Self::Files)
    }

    /// Copies it into `to`, which must be there.
    ///
    /// # Errors
    /// Our own disk's.
    pub(super) fn copy(&self, staged: &Path, to: &Path) -> Result<(), Failure> {
        match self {
            Self::Everything => stage::again(staged, to),
            Self::Files(files) => {
                let listing = walk::Listing {
                    files: files.iter().cloned().collect(),
                    ..walk::Listing::default()
                };
                stage::stage(staged, &listing, to).map(|_| ())
            }
        }
    }

    /// A digest of all that is shown: names, permissions and content.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn digest(&self, staged: &Path) -> io::Result<Digest> {
        let Self::Files(files) = self else {
            return program_digest::of_tree(staged);
        };
        let mut hash = blake3::Hasher::new();
        for file in files {
            let path = staged.join(file);
            let name = file.as_os_str().as_bytes();
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(&std::fs::symlink_metadata(&path)?.mode().to_le_bytes());
            hash.update(&program_digest::of(&path)?);
        }
        Ok(*hash.finalize().as_bytes())
    }
}

/// These sources and all files of the submission that they may include. `None`: what they need is not plain.
fn named<'a>(
    sources: impl Iterator<Item = &'a PathBuf>,
    submission: &Submission,
) -> Option<BTreeSet<PathBuf>> {
    let mut left: Vec<PathBuf> = sources.cloned().collect();
    let mut files = BTreeSet::new();
    while let Some(file) = left.pop() {
        if files.contains(&file) {
            continue;
        }
        if !walk::has_extension(&file, &["c", "h"]) || !submission.files.contains(&file) {
            return None;
        }
        let text = without_splices(&String::from_utf8_lossy(&submission.read(&file)));
        for name in included(&text)? {
            // In whichever folder the compiler would look for it.
            let called = |file: &&PathBuf| file.file_name() == Path::new(name).file_name();
            left.extend(submission.files.iter().filter(called).cloned());
        }
        files.insert(file);
    }
    Some(files)
}

/// What may bring a file in by another way than `#include`, or ask whether one is there.
const OTHER_WAYS: [&str; 8] = [
    "asm",
    "attribute",
    "[[",
    "incbin",
    "has_include",
    "dependency",
    // Other spellings of a hash sign.
    "%:",
    "??=",
];
/// Directives that name no file.
const DIRECTIVES: [&str; 10] = [
    "define", "undef", "if", "ifdef", "ifndef", "elif", "else", "endif", "error", "pragma",
];

/// Bytes of the longest name of a file, `PATH_MAX`; what is further from a directive says nothing about it.
const NAME_MAX: usize = 4096;

/// The names in a text's `#include` directives, in comments and strings, too. `None`: what it reads cannot be told from that, or it
/// says that its lines are those of another file.
fn included(text: &str) -> Option<Vec<&str>> {
    if OTHER_WAYS.iter().any(|way| text.contains(way)) {
        return None;
    }
    let mut names = Vec::new();
    let mut blanks = Blanks::of(text);
    for (at, hash) in text.match_indices('#') {
        let rest = &text[blanks.end(at + hash.len())..];
        let word = first_name(rest);
        let rest = &rest[word.len()..];
        if word == "include" {
            let rest = &text[blanks.end(text.len() - rest.len())..];
            let close = match rest.chars().next()? {
                '"' => '"',
                '<' => '>',
                // A macro.
                _ => return None,
            };
            let (name, _) = first(&rest[1..], NAME_MAX).split_once(close)?;
            names.push(name);
        } else if starts_a_line(&text[..at]) && !word.is_empty() && !DIRECTIVES.contains(&word) {
            return None;
        }
    }
    Some(names)
}

/// Whether a directive may begin behind this text: at the beginning of a line, or behind a comment.
fn starts_a_line(before: &str) -> bool {
    let before = last(before, NAME_MAX);
    let line = before.rsplit('\n').next().unwrap_or(before).trim_end();
    line.is_empty() || line.ends_with("*/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_a_text_includes_is_read_off_it() {
        let check = |text: &str, expect: Option<&[&str]>| {
            let text = without_splices(text);
            let found = included(&text);
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("#include <stdio.h>\nint x;", Some(&["stdio.h"]));
        check(
            "# include\t\"../lib/x.h\"\n/**/ #include \"y.h\"",
            Some(&["../lib/x.h", "y.h"]),
        );
        check("#inc\\\nlude \"x.h\"", Some(&["x.h"]));
        check("#include /* the */ \"x.h\"", Some(&["x.h"]));
        check("// we #include \"old.h\"", Some(&["old.h"]));
        check(
            "#define S(x) #x\n#define C(a, b) a##b\nputs(\"#1\");",
            Some(&[]),
        );
        check("#ifdef X\n#error no\n#endif\n#pragma once\n#\n", Some(&[]));
        for text in [
            "#include HEADER",
            "#include",
            "#line 7 \"client.c\"",
            "# 7 \"client.c\"",
            "/*\n*/ #line 7",
            "#embed \"x\"",
            "#include_next <x.h>",
            "#if __has_include(\"x.h\")",
            "__asm__(\".incbin \\\"x\\\"\");",
            "%:include \"x.h\"",
            "??=include \"x.h\"",
            "#pragma GCC dependency \"x\"",
            "int x __attribute__((section(\"s\")));",
        ] {
            check(text, None);
        }
    }

    fn submission(files: &[(&str, &str)]) -> (tempfile::TempDir, Submission) {
        let root = tempfile::tempdir().unwrap();
        let (folder, staged) = (root.path().join("in"), root.path().join("staged"));
        fs::create_dir(&staged).unwrap();
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let submission = Submission::take_in(&folder, staged).unwrap();
        (root, submission)
    }

    fn recipe(ways: Vec<Way>) -> Recipe {
        Recipe {
            sources: Vec::new(),
            ways,
            guessed: false,
            run: None,
            remarks: Vec::new(),
            otherwise: None,
        }
    }

    fn compile(sources: &[&str]) -> Way {
        Way::Compile {
            sources: sources.iter().map(PathBuf::from).collect(),
        }
    }

    #[test]
    fn a_build_is_shown_its_sources_and_their_headers() {
        let (_root, submission) = submission(&[
            ("server.c", "#include \"proto.h\"\nint main(void) {}"),
            ("client.c", "#include \"own.h\"\nint main(void) {}"),
            ("odd.c", "#include HEADER\n"),
            ("include/proto.h", "#include \"deep.h\""),
            ("deep.h", ""),
            ("old/deep.h", ""),
            ("own.h", ""),
            ("more.cpp", ""),
        ]);
        let check = |ways: Vec<Way>, expect: Option<&[&str]>| {
            let files = expect.map(|files| files.iter().map(PathBuf::from).collect());
            let expect = files.map_or(Shown::Everything, Shown::Files);
            assert_eq!(Shown::to(&recipe(ways), &submission), expect);
        };
        let server = ["deep.h", "include/proto.h", "old/deep.h", "server.c"];
        check(vec![compile(&["server.c"])], Some(&server));
        check(vec![compile(&["server.c"]), compile(&["odd.c"])], None);
        check(vec![compile(&["more.cpp"])], None);
        check(vec![compile(&["gone.c"])], None);
        let line = Way::Line {
            argv: vec!["gcc".into(), "server.c".into()],
            folder: PathBuf::new(),
            by: super::super::recipe::Author::Student,
        };
        check(vec![line], None);
    }

    /// The law that one submission's build never decides another's: whatever is in the folder that the compiler sees is in the key.
    #[test]
    fn all_that_is_shown_and_nothing_else_is_in_the_digest() {
        let texts = [
            ("server.c", "#include \"x.h\"\n"),
            ("x.h", "int x;"),
            ("client.c", "int c;"),
        ];
        let digest = |texts: &[(&str, &str)]| {
            let (_root, submission) = submission(texts);
            let shown = Shown::to(&recipe(vec![compile(&["server.c"])]), &submission);
            let to = tempfile::tempdir().unwrap();
            shown.copy(&submission.staged, to.path()).unwrap();
            let digest = shown.digest(&submission.staged).unwrap();
            assert_eq!(shown.digest(to.path()).unwrap(), digest);
            assert!(!to.path().join("client.c").exists());
            digest
        };
        let first = digest(&texts);
        let with = |n: usize, text: (&'static str, &'static str)| {
            let mut changed = texts;
            changed[n] = text;
            digest(&changed)
        };
        assert_eq!(with(2, ("client.c", "int d;")), first);
        assert_ne!(with(1, ("x.h", "int y;")), first);
        assert_ne!(with(1, ("lib/x.h", "int x;")), first);
        assert_ne!(with(0, ("server.c", "#include \"x.h\" \n")), first);
    }
}
