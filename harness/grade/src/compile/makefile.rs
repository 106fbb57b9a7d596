//! Whether a Makefile can build a program: read as text, since asking `make` would run a stranger's `$(shell ...)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::directives::first;

/// Names under which `make`, or a student, expects a Makefile; best first.
const NAMES: [&str; 3] = ["gnumakefile", "makefile", "makefile.mk"];

/// What is asked of which Makefile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// The Makefile.
    pub makefile: PathBuf,
    /// The target, as it stands there.
    pub target: String,
}

/// The goal that makes a program of one of these names, its own first: a target of that name, in the Makefile beside the
/// source, those in the folders above it, or the shallowest of the others. Where no Makefile has one, everything is made
/// that the nearest one makes; and a Makefile without rules makes what the source is called.
pub(super) fn goal(
    names: &[String],
    source: Option<&Path>,
    files: &[PathBuf],
    read: impl Fn(&Path) -> Vec<u8>,
) -> Option<Goal> {
    let makefiles = nearest_first(source, files);
    let rules: Vec<(&PathBuf, Rules)> = makefiles
        .into_iter()
        .map(|file| (file, Rules::read(&String::from_utf8_lossy(&read(file)))))
        .collect();
    let goal = |makefile: &Path, target: &str| Goal {
        makefile: makefile.to_owned(),
        target: target.to_owned(),
    };
    for name in names {
        for (file, rules) in &rules {
            let here = |name: &str| files.contains(&file.with_file_name(name));
            if let Some(target) = rules.target(name, here) {
                return Some(goal(file, &target));
            }
        }
    }
    let near = |file: &Path| {
        let folder = file.parent().unwrap_or(Path::new(""));
        source.is_none_or(|source| source.starts_with(folder))
    };
    let near: Vec<&(&PathBuf, Rules)> = rules.iter().filter(|(file, _)| near(file)).collect();
    let everything = near
        .iter()
        .find_map(|(file, rules)| Some(goal(file, rules.everything()?)));
    everything.or_else(|| {
        let source = source?;
        let (file, _) = near
            .iter()
            .find(|(file, rules)| rules.none() && file.parent() == source.parent())?;
        Some(goal(file, source.file_stem()?.to_str()?))
    })
}

/// The Makefile beside the source, those in the folders above it, the others.
fn nearest_first<'a>(source: Option<&Path>, files: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let beside = source.and_then(Path::parent);
    let mut makefiles: Vec<&PathBuf> = files.iter().filter(|file| is_makefile(file)).collect();
    makefiles.sort_by_key(|file| {
        let folder = file.parent().unwrap_or(Path::new(""));
        // How far above the source it is; elsewhere comes last.
        let above = beside
            .and_then(|source| source.strip_prefix(folder).ok())
            .map_or(usize::MAX, |below| below.components().count());
        (
            above,
            folder.components().count(),
            rank(file),
            (*file).clone(),
        )
    });
    makefiles
}

/// Whether the file is a Makefile by its name: `Makefile`, `makefile`, `MakeFile`, `GNUmakefile`.
pub(super) fn is_makefile(file: &Path) -> bool {
    rank(file) < NAMES.len()
}

fn rank(file: &Path) -> usize {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    NAMES
        .iter()
        .position(|known| *known == name)
        .unwrap_or(NAMES.len())
}

/// Targets and prerequisites of a Makefile, variables put in.
struct Rules(Vec<(String, String)>);

impl Rules {
    fn read(text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace("\\\n", " ");
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        let mut rules = Vec::new();
        let mut left = EXPANDED_MAX;
        for line in text.lines() {
            if line.starts_with('\t') {
                continue;
            }
            let line = line.split('#').next().unwrap_or_default();
            if let Some((name, value)) = assignment(line) {
                let Some(value) = expand(value, &variables, &mut left) else {
                    break;
                };
                let entry = variables.entry(name.to_owned()).or_default();
                if line.contains("+=") {
                    entry.push(' ');
                    entry.push_str(&value);
                } else {
                    *entry = value;
                }
                continue;
            }
            let Some(line) = expand(line, &variables, &mut left) else {
                break;
            };
            if let Some((targets, prerequisites)) = line.split_once(':') {
                rules.push((targets.to_owned(), prerequisites.to_owned()));
            }
        }
        Self(rules)
    }

    /// The target that makes a program of this name, in whatever folder: by its name, through a variable, or by a pattern
    /// whose source is there.
    fn target(&self, name: &str, here: impl Fn(&str) -> bool) -> Option<String> {
        let makes = |word: &&str| Path::new(word).file_name().is_some_and(|own| own == name);
        self.0.iter().find_map(|(targets, prerequisites)| {
            let mut words = targets.split_whitespace();
            if let Some(word) = words.find(makes) {
                return Some(word.trim_start_matches("./").to_owned());
            }
            let mut sources = prerequisites
                .split_whitespace()
                .filter_map(|word| word.strip_prefix('%'));
            let by_pattern = targets.trim() == "%"
                && sources.any(|extension| here(&format!("{name}{extension}")));
            by_pattern.then(|| name.to_owned())
        })
    }

    /// The target that makes everything: `all`, else the first, unless it does something else than to build.
    fn everything(&self) -> Option<&str> {
        const OTHER: [&str; 7] = [
            "clean", "run", "test", "check", "install", "help", "valgrind",
        ];
        let plain = |word: &&str| !word.starts_with('.') && !word.contains(['%', '$']);
        let targets = || {
            let words = self
                .0
                .iter()
                .flat_map(|(words, _)| words.split_whitespace());
            words.filter(plain)
        };
        let all = targets().find(|word| *word == "all");
        all.or_else(|| targets().next())
            .filter(|word| !OTHER.contains(word))
    }

    /// Whether there are none, so that make goes by its own.
    fn none(&self) -> bool {
        self.0.is_empty()
    }
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(word)).then(|| (name, value.trim()))
}

/// Bytes that the lines of a Makefile may have with its variables put in. Those of a stranger's could fill the memory: each
/// twice the one before.
const EXPANDED_MAX: usize = 4 << 20;

/// Bytes of the longest name of a variable.
const NAME_MAX: usize = 256;

/// Puts in the variables that are known; what is not known stays as it is. `left`: how many bytes may be made of all lines; with
/// none left there is no answer.
fn expand(text: &str, variables: &BTreeMap<String, String>, left: &mut usize) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let close = match rest.as_bytes().get(1) {
            Some(b'(') => ')',
            Some(b'{') => '}',
            _ => {
                out.push('$');
                rest = &rest[1..];
                continue;
            }
        };
        let value = first(rest, NAME_MAX)
            .find(close)
            .and_then(|end| Some((variables.get(&rest[2..end])?, end)));
        match value {
            // What is put in was expanded when it was read, so a variable that names itself ends here.
            Some((value, end)) => {
                *left = left.checked_sub(value.len())?;
                out.push_str(value);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_rule_and_not_a_word() {
        let check = |text: &str, expect: bool| {
            let here = |name: &str| name == "iserver.c";
            let found = Rules::read(text).target("iserver", here);
            assert_eq!(found.as_deref(), expect.then_some("iserver"), "{text}");
        };
        check("iserver: iserver.c\n\tcc -o iserver iserver.c\n", true);
        check("all: iserver comclient\n", false);
        check("all:\n\tcc iserver.c -o iserver:\n", false);
        check("iserver comclient: %: %.c\r\n\tcc -o $@ $<\r\n", true);
        check(
            "PROGS = iserver comclient\nall: $(PROGS)\n${PROGS}: %: %.c\n",
            true,
        );
        check("P := iserver\nP += comclient\n$(P):\n", true);
        check("P = iserver \\\n  comclient\n$(P):\n", true);
        check("%: %.c\n\tcc -o $@ $<\n", true);
        check("%.o: %.c\n", false);
        check("iserver := yes\n", false);
        check("# iserver: iserver.c\n", false);
        check("A = $(A) $(B\n$(A): x\n", false);
        check("$", false);
        check("", false);
    }

    /// 459 bytes that would be 2^40.
    #[test]
    fn variables_that_double_fill_no_memory() {
        let doubles = "A=$(A)$(A)\n".repeat(36);
        let text = format!("first: x\nA=xxxxxxxxxxxxxxxx\n{doubles}iserver: $(A)\n");
        let rules = Rules::read(&text);
        assert_eq!(rules.target("first", |_| false).as_deref(), Some("first"));
        assert_eq!(rules.target("iserver", |_| false), None);
        let open = "$(".repeat(700_000);
        assert!(Rules::read(&open).none());
    }

    #[test]
    fn the_makefile_beside_the_source_is_the_one() {
        let files: Vec<PathBuf> = ["Makefile", "a/MakeFile", "b/makefile", "a/iserver.c"]
            .map(PathBuf::from)
            .into();
        let check = |source: Option<&str>, having: &[&str], expect: Option<&str>| {
            let read = |file: &Path| {
                let has = having.contains(&file.to_str().unwrap());
                if has {
                    b"iserver: x".to_vec()
                } else {
                    Vec::new()
                }
            };
            let names = ["iserver".to_owned()];
            let found = goal(&names, source.map(Path::new), &files, read);
            assert_eq!(found.map(|goal| goal.makefile), expect.map(PathBuf::from));
        };
        check(
            Some("a/iserver.c"),
            &["Makefile", "a/MakeFile", "b/makefile"],
            Some("a/MakeFile"),
        );
        check(
            Some("a/iserver.c"),
            &["Makefile", "b/makefile"],
            Some("Makefile"),
        );
        check(None, &["b/makefile"], Some("b/makefile"));
        check(None, &[], None);
    }

    #[test]
    fn a_makefile_that_calls_its_targets_otherwise_is_asked_all_the_same() {
        let check = |text: &str, source: Option<&str>, expect: Option<&str>| {
            let names = ["iserver", "server"].map(str::to_owned);
            let files: Vec<PathBuf> = ["Makefile", "server.c"].map(PathBuf::from).into();
            let read = |_: &Path| text.as_bytes().to_vec();
            let found = goal(&names, source.map(Path::new), &files, read);
            assert_eq!(found.map(|goal| goal.target).as_deref(), expect, "{text}");
        };
        check("all: server\nserver: server.o\n", None, Some("server"));
        check("./server: server.o\n", None, Some("server"));
        check("bin/server: src/server.c\n", None, Some("bin/server"));
        check("server: x\niserver: x\n", None, Some("iserver"));
        check("all: bin/server\nbin/%: src/%.c\n", None, Some("all"));
        check(".PHONY: all\nclean:\nall: x\n", None, Some("all"));
        check("both: x y\nx:\ny:\n", None, Some("both"));
        check("%: %.c\n", None, Some("server"));
        // These build nothing.
        check("run:\n\t./x\n", None, None);
        check("clean:\n\trm x\n", None, None);
        check("%.o: %.c\n", None, None);
        check("CFLAGS = -g\n", Some("server.c"), Some("server"));
        check("CFLAGS = -g\n", None, None);
        check("CFLAGS = -g\n", Some("src/server.c"), None);
        // Nor does a Makefile of another folder.
        let files: Vec<PathBuf> = ["a/Makefile", "b/server.c"].map(PathBuf::from).into();
        let read = |_: &Path| b"all: x".to_vec();
        let source = Some(Path::new("b/server.c"));
        assert_eq!(goal(&["iserver".to_owned()], source, &files, read), None);
    }
}
