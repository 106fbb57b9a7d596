//! Sources that are named one by one, and what they include.
//!
//! References lie beside a spec, among whatever its author keeps there: a class, results, other labs. Only what is named
//! is opened, and what that includes with `#include "..."`; of a header `x.h`, the `x.c` beside it too.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::walk;

/// The files below `root` that the named ones need, they themselves included, as far as they are there.
pub(super) fn needed(root: &Path, named: &[PathBuf]) -> Vec<PathBuf> {
    let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = named.iter().filter_map(|path| plain(path)).collect();
    while let Some(file) = waiting.pop() {
        let about = std::fs::metadata(root.join(&file));
        let fits = about.is_ok_and(|about| about.is_file() && about.len() <= walk::FILE_MAX);
        if !fits || !needed.insert(file.clone()) {
            continue;
        }
        let text = std::fs::read(root.join(&file)).unwrap_or_default();
        let own = file.parent().unwrap_or(Path::new(""));
        let beside = named.iter().filter_map(|path| path.parent());
        let folders: Vec<&Path> = [own, Path::new("")].into_iter().chain(beside).collect();
        for include in includes(&String::from_utf8_lossy(&text)) {
            let places = folders
                .iter()
                .flat_map(|folder| [folder.join(&include), folder.join("include").join(&include)]);
            let found = places
                .filter_map(|path| plain(&path))
                .find(|path| root.join(path).is_file());
            if let Some(found) = found {
                waiting.push(found.with_extension("c"));
                waiting.push(found);
            }
        }
    }
    needed.into_iter().collect()
}

/// What a source includes by a name in quotes.
fn includes(text: &str) -> Vec<String> {
    let include = |line: &str| {
        let rest = line.trim_start().strip_prefix('#')?;
        let rest = rest.trim_start().strip_prefix("include")?.trim_start();
        let (name, _) = rest.strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    };
    text.lines().filter_map(include).collect()
}

/// Without `.` and `..`; `None`: it leads out.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_source_includes_is_needed_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, text).expect("a file");
        };
        write(
            "ref/server.c",
            "#include <stdio.h>\n # include \"proto.h\"\n#include \"../log.h\"\n",
        );
        write(
            "ref/proto.h",
            "#include \"server.c\"\n#include \"gone.h\"\n",
        );
        write(
            "log.h",
            "#include \"../../../etc/passwd\"\n#include \"/etc/passwd\"\n",
        );
        write("log.c", "#include \"deep.h\"\n");
        write("include/deep.h", "");
        write("other.c", "");
        write("class/ada/server.c", "");
        let check = |named: &[&str], expect: &[&str]| {
            let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
            assert_eq!(
                needed(root.path(), &paths(named)),
                paths(expect),
                "{named:?}"
            );
        };
        check(
            &["./ref/server.c"],
            &[
                "include/deep.h",
                "log.c",
                "log.h",
                "ref/proto.h",
                "ref/server.c",
            ],
        );
        check(&["other.c", "gone.c", "../x.c"], &["other.c"]);
    }
}
