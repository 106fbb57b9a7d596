//! What the compiler said that it read: rules in the syntax of `make`, one for each source that it compiled.
//!
//! The source itself is not among them; the rule's target, `helper.o: /usr/include/stdio.h ...`, tells which it was.

use std::path::{Path, PathBuf};

/// Files of the system, by absolute paths. The box's own paths are the staged files.
pub(super) fn system_files(said: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = words(said).into_iter().map(PathBuf::from).collect();
    files.retain(|path| {
        path.is_absolute() && !path.starts_with("/lab") && !path.starts_with("/tmp")
    });
    files.sort();
    files.dedup();
    files
}

/// Which of these files were compiled beside a program's own `sources`, by their names without endings. `None`: something was
/// compiled that is none of them, or may be either of two.
pub(super) fn compiled(
    said: &str,
    sources: &[PathBuf],
    helpers: &[PathBuf],
) -> Option<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for target in words(said) {
        let Some(target) = target.strip_suffix(':') else {
            continue;
        };
        let stem = Path::new(target).file_stem();
        if sources.iter().any(|source| source.file_stem() == stem) {
            continue;
        }
        let mut called = helpers.iter().filter(|helper| helper.file_stem() == stem);
        let (Some(helper), None) = (called.next(), called.next()) else {
            return None;
        };
        if !found.contains(helper) {
            found.push(helper.clone());
        }
    }
    found.sort();
    Some(found)
}

/// Which of all files of a submission were compiled, by their names without endings. `None`: something was compiled that is none of
/// them, or may be either of two.
pub(super) fn all_compiled(said: &str, files: &[PathBuf]) -> Option<Vec<PathBuf>> {
    compiled(said, &[], files)
}

/// Whether a compiler of C said anything.
pub(super) fn is_any(said: &str) -> bool {
    words(said).iter().any(|word| word.ends_with(':'))
}

fn words(said: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = said.chars();
    let mut end_word = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('\n') | None => end_word(&mut word),
                Some(escaped) => word.push(escaped),
            },
            c if c.is_whitespace() => end_word(&mut word),
            c => word.push(c),
        }
    }
    end_word(&mut word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn targets_tell_what_was_compiled() {
        let said =
            "a.o: /usr/include/stdio.h \\\n ../h.h\nobj/h.o: /usr/include/stdc-predef.h\nh.o: x\n";
        let of = |helpers: &[&str]| compiled(said, &paths(&["src/a.c"]), &paths(helpers));
        assert_eq!(of(&["lib/h.c", "lib/g.c"]), Some(paths(&["lib/h.c"])));
        // Another one of that name, or none: it is unknown what was compiled.
        assert_eq!(of(&["lib/h.c", "old/h.c"]), None);
        assert_eq!(of(&["lib/g.c"]), None);
        assert_eq!(compiled("", &paths(&["a.c"]), &[]), Some(Vec::new()));
    }

    #[test]
    fn dependency_files_are_read_as_make_reads_them() {
        let text = "a\\ b.o: /usr/include/x.h \\\n /opt/my\\ inc/y.h ./own.h /lab/z.h\nc.o: /usr/include/x.h\n";
        assert_eq!(
            system_files(text),
            [
                PathBuf::from("/opt/my inc/y.h"),
                PathBuf::from("/usr/include/x.h")
            ]
        );
    }
}
