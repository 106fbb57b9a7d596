//! Whether a Makefile can build a program: read as text, since asking `make` would run a stranger's `$(shell ...)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names under which `make`, or a student, expects a Makefile; best first.
const NAMES: [&str; 3] = ["gnumakefile", "makefile", "makefile.mk"];

/// The Makefile that has the target: the one beside the source first, then those in the folders above it, then the
/// shallowest of the others.
pub(super) fn with_target(
    target: &str,
    source: Option<&Path>,
    files: &[PathBuf],
    read: impl Fn(&Path) -> Vec<u8>,
) -> Option<PathBuf> {
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
        .into_iter()
        .find(|file| {
            let here = |name: &str| files.contains(&file.with_file_name(name));
            has_target(&String::from_utf8_lossy(&read(file)), target, here)
        })
        .cloned()
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

/// Whether a rule of the text makes `target`: by its name, through a variable, or by a pattern whose source is there.
fn has_target(text: &str, target: &str, here: impl Fn(&str) -> bool) -> bool {
    let text = text.replace("\r\n", "\n").replace("\\\n", " ");
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with('\t') {
            continue;
        }
        let line = line.split('#').next().unwrap_or_default();
        if let Some((name, value)) = assignment(line) {
            let value = expand(value, &variables);
            let entry = variables.entry(name.to_owned()).or_default();
            if line.contains("+=") {
                entry.push(' ');
                entry.push_str(&value);
            } else {
                *entry = value;
            }
        } else if let Some((targets, prerequisites)) = expand(line, &variables).split_once(':') {
            if targets
                .split_whitespace()
                .any(|word| word.trim_start_matches("./") == target)
            {
                return true;
            }
            let mut sources = prerequisites
                .split_whitespace()
                .filter_map(|word| word.strip_prefix('%'));
            if targets.trim() == "%"
                && sources.any(|extension| here(&format!("{target}{extension}")))
            {
                return true;
            }
        }
    }
    false
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(word)).then(|| (name, value.trim()))
}

/// Puts in the variables that are known; what is not known stays as it is.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
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
        let value = rest
            .find(close)
            .and_then(|end| Some((variables.get(&rest[2..end])?, end)));
        match value {
            // What is put in was expanded when it was read, so a variable that names itself ends here.
            Some((value, end)) => {
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_rule_and_not_a_word() {
        let check = |text: &str, expect: bool| {
            let here = |name: &str| name == "iserver.c";
            assert_eq!(has_target(text, "iserver", here), expect, "{text}");
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
            let found = with_target("iserver", source.map(Path::new), &files, read);
            assert_eq!(found, expect.map(PathBuf::from));
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
}
