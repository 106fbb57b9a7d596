//! Which of a submission's files is meant by a source's name.
//!
//! Pure: names in, a choice out. Students write `Server.C`, `src/My Server.c` and `server(1).c`; the choice is the same
//! every time and the report says which file was taken.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use ipclab_spec::{globs, is_glob};

/// The file that was taken for a program's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Relative to the submission.
    pub file: PathBuf,
    /// Others of the same name that were passed over.
    pub passed_over: Vec<PathBuf>,
}

/// Takes the first wanted name that the submission has: as it is, else but for its case, else but for blanks, hyphens
/// and what browsers append; at last what a pattern such as `*server*.c` means, of that only what is a program by itself.
/// Of several such files the shallowest is taken, then the one with the newest name: the last in the order that puts `v10`
/// after `v9`.
pub fn choose(
    expected: &[String],
    files: &[PathBuf],
    is_program: impl Fn(&Path) -> bool,
) -> Option<Choice> {
    for form in [same_but_case, loosely, globbed] {
        for want in expected {
            let mut found: Vec<&PathBuf> = files
                .iter()
                .filter(|file| form(name(file), want))
                .filter(|file| !is_glob(want) || is_program(file))
                .collect();
            found.sort_by(|a, b| order(want, a, b));
            if let [first, rest @ ..] = found.as_slice() {
                return Some(Choice {
                    file: (*first).clone(),
                    passed_over: rest.iter().map(|path| (*path).clone()).collect(),
                });
            }
        }
    }
    None
}

/// The file at this path, as a submission's own mapping names it: relative to the folder `root`; its case may differ.
pub fn at(root: &Path, path: &str, files: &[PathBuf]) -> Option<PathBuf> {
    let expected = root.join(path.trim_start_matches("./"));
    let alike = |file: &&PathBuf| {
        file.to_string_lossy().to_lowercase() == expected.to_string_lossy().to_lowercase()
    };
    files
        .iter()
        .find(|file| **file == expected)
        .or_else(|| files.iter().find(alike))
        .cloned()
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn same_but_case(name: String, want: &str) -> bool {
    name.to_lowercase() == want.to_lowercase()
}

fn loosely(name: String, want: &str) -> bool {
    simple(&name) == simple(want)
}

fn globbed(name: String, want: &str) -> bool {
    is_glob(want) && globs(&want.to_lowercase(), &name.to_lowercase())
}

/// `My-Server (1).c` and `my_server.c` are the same name to a student who hands in a file.
fn simple(name: &str) -> String {
    let name = name.to_lowercase();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let mut stem = stem.trim();
    if let Some((before, copy)) = stem.rsplit_once('(')
        && copy
            .trim_end_matches(')')
            .chars()
            .all(|c| c.is_ascii_digit())
    {
        stem = before;
    }
    let stem: String = stem
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-' && *c != '_')
        .collect();
    format!("{stem}.{extension}")
}

fn order(want: &str, a: &Path, b: &Path) -> Ordering {
    let exact = |path: &Path| name(path) != want;
    let depth = |path: &Path| path.components().count();
    (depth(a), exact(a))
        .cmp(&(depth(b), exact(b)))
        .then_with(|| natural(&b.to_string_lossy(), &a.to_string_lossy()))
}

/// Runs of digits compare as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (pieces(a).into_iter(), pieces(b).into_iter());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match x.cmp(&y) {
                Ordering::Equal => {}
                other => return other,
            },
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// Length without leading zeros, then the digits: numbers of any size compare rightly.
    Number(usize, String),
    Text(char),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if digits > 0 {
            let number = rest[..digits].trim_start_matches('0');
            out.push(Piece::Number(number.len(), number.to_owned()));
            rest = &rest[digits..];
        } else {
            out.push(Piece::Text(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// A file that is called as wanted but for its ending: `iserver.c.txt`, `iserver.cpp`, `iserver.c.c`, `iserver.txt`.
pub fn odd_ending<'a>(expected: &[String], files: &'a [PathBuf]) -> Option<&'a Path> {
    let odd = |file: &&PathBuf| {
        let name = name(file).to_lowercase();
        expected.iter().any(|want| {
            let want = want.to_lowercase();
            let Some((stem, _)) = want.rsplit_once('.') else {
                return false;
            };
            let loosely = |name: &str, want: &str| {
                simple(&format!("{name}.c")) == simple(&format!("{want}.c"))
            };
            // What is hung behind the whole name, or stands in the place of its ending.
            let behind = name
                .rsplit_once('.')
                .is_some_and(|(before, _)| simple(before) == simple(&want));
            let instead = name
                .rsplit_once('.')
                .is_some_and(|(before, _)| loosely(before, stem));
            let missing = !name.contains('.') && loosely(&name, stem);
            name != want && (behind || instead || missing)
        })
    };
    files.iter().find(odd).map(PathBuf::as_path)
}

/// The files that could have been meant, the likeliest first: C sources with a `main`, by likeness of the name.
pub fn likely<'a>(program: &str, with_main: &'a [PathBuf]) -> Option<&'a Path> {
    let likeness = |path: &Path| {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        strsim::jaro_winkler(&stem, program)
    };
    with_main
        .iter()
        .map(PathBuf::as_path)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(files: &[&str]) -> Vec<PathBuf> {
        files.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn students_name_files_as_they_like() {
        let check = |files: &[&str], expect: Option<&str>| {
            let expected = ["iserver.c".to_owned(), "server.c".to_owned()];
            let choice = choose(&expected, &paths(files), |_| true);
            assert_eq!(
                choice.map(|choice| choice.file),
                expect.map(PathBuf::from),
                "{files:?}"
            );
        };
        check(&["iserver.c", "server.c"], Some("iserver.c"));
        check(&["server.c", "client.c"], Some("server.c"));
        check(&["IServer.C"], Some("IServer.C"));
        check(
            &["Lab 5/Unit V/src/Server.c"],
            Some("Lab 5/Unit V/src/Server.c"),
        );
        check(&["server (1).c"], Some("server (1).c"));
        check(&["i-server.c"], Some("i-server.c"));
        // A name as wanted beats one that only looks like it, whatever their rank.
        check(&["i_server.c", "server.c"], Some("server.c"));
        check(&["myserver.c"], None);
        check(&[], None);
        // Two candidates: the shallowest, then the newest name.
        check(&["old/iserver.c", "iserver.c"], Some("iserver.c"));
        check(&["v9/iserver.c", "v10/iserver.c"], Some("v10/iserver.c"));
        check(&["ISERVER.c", "iserver.c"], Some("iserver.c"));
    }

    #[test]
    fn skipped_files_are_reported() {
        let files = paths(&["a/server.c", "b/server.c", "server.c"]);
        let choice = choose(&["server.c".to_owned()], &files, |_| true).unwrap();
        assert_eq!(choice.file, Path::new("server.c"));
        assert_eq!(choice.passed_over, paths(&["b/server.c", "a/server.c"]));
    }

    #[test]
    fn a_pattern_means_programs_that_are_called_alike() {
        let check = |files: &[&str], expect: Option<&str>| {
            let expected = ["*server*.c".to_owned(), "main.c".to_owned()];
            let is_program = |file: &Path| !file.ends_with("server_util.c");
            let choice = choose(&expected, &paths(files), is_program);
            let file = choice.map(|choice| choice.file);
            assert_eq!(file, expect.map(PathBuf::from), "{files:?}");
        };
        check(&["my_Server2.c"], Some("my_Server2.c"));
        check(&["server_util.c", "tcpserver.c"], Some("tcpserver.c"));
        check(&["server_util.c"], None);
        // A name that is written out comes before what a pattern happens to mean.
        check(&["tcpserver.c", "main.c"], Some("main.c"));
        check(&["a/server.c", "myserver.c"], Some("myserver.c"));
        check(&["server.h"], None);
    }

    #[test]
    fn a_mapping_names_a_path() {
        let files = paths(&["src/My Server.c", "server.c"]);
        let check = |root: &str, path: &str, expect: Option<&str>| {
            let found = at(Path::new(root), path, &files);
            assert_eq!(found, expect.map(PathBuf::from), "{root} {path}");
        };
        check("", "src/My Server.c", Some("src/My Server.c"));
        check("", "./SRC/my server.c", Some("src/My Server.c"));
        check("", "My Server.c", None);
        check("src", "My Server.c", Some("src/My Server.c"));
        check("src", "server.c", None);
    }

    #[test]
    fn a_file_with_an_odd_ending_is_known() {
        let check = |file: &str, odd: bool| {
            let expected = ["iserver.c".to_owned(), "server.c".to_owned()];
            let files = paths(&["notes.md", file]);
            let found = odd_ending(&expected, &files);
            assert_eq!(found, odd.then(|| Path::new(file)), "{file}");
        };
        check("iserver.c.txt", true);
        check("src/IServer.C.TXT", true);
        check("iserver.cpp", true);
        check("i-server.cc", true);
        check("server.txt", true);
        check("iserver.c.c", true);
        check("iserver", true);
        check("iserver.c", false);
        check("client.cpp", false);
        check("server2.cpp", false);
    }

    #[test]
    fn the_likely_file_has_the_likest_name() {
        let files = paths(&["main.c", "tcp_srv.c", "srv_tcp_iserv.c", "iserv.c"]);
        assert_eq!(likely("iserver", &files), Some(Path::new("iserv.c")));
    }
}
