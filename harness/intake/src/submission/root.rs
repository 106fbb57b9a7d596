//! A submission's root: the folder that its own `ipclab.toml` speaks of, and that its programs run in.
//!
//! Pure: names in, a folder out. Course systems, archives and students put a folder around what is meant, and a folder
//! around that. Where the files lie stays as it is, so that reports name them as their author does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::MAPPING;

/// Where a submission's root is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Root {
    /// Relative to the submission; empty: the submission itself.
    pub folder: PathBuf,
    /// Mappings that were passed over, because there are several and none is at the top.
    pub passed_over: Vec<PathBuf>,
}

/// The root among these files: down through folders that hold one folder and nothing else; then the one folder below
/// that has a mapping, where no mapping lies above it.
pub(super) fn root(files: &[PathBuf]) -> Root {
    let top = through_lone_folders(PathBuf::new(), files);
    if has_mapping(&top, files) {
        return Root {
            folder: top,
            passed_over: Vec::new(),
        };
    }
    let mut below: Vec<PathBuf> = folders_in(&top, files)
        .into_iter()
        .map(|folder| through_lone_folders(folder, files))
        .filter(|folder| has_mapping(folder, files))
        .collect();
    match below.len() {
        1 => Root {
            folder: below.swap_remove(0),
            passed_over: Vec::new(),
        },
        _ => Root {
            folder: top,
            passed_over: below.iter().map(|folder| folder.join(MAPPING)).collect(),
        },
    }
}

fn has_mapping(folder: &Path, files: &[PathBuf]) -> bool {
    files.contains(&folder.join(MAPPING))
}

fn through_lone_folders(mut folder: PathBuf, files: &[PathBuf]) -> PathBuf {
    while !files.iter().any(|file| file.parent() == Some(&folder)) {
        match folders_in(&folder, files).into_iter().collect::<Vec<_>>() {
            only if only.len() == 1 => folder.clone_from(&only[0]),
            _ => break,
        }
    }
    folder
}

/// The folders directly in a folder that hold files, at whatever depth.
fn folders_in(folder: &Path, files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let below = files.iter().filter_map(|file| {
        let below = file.strip_prefix(folder).ok()?;
        let mut parts = below.components();
        let first = parts.next()?;
        parts.next()?;
        Some(folder.join(first))
    });
    below.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_around_what_is_meant_is_no_part_of_it() {
        let check = |files: &[&str], folder: &str, passed_over: &[&str]| {
            let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
            let expect = Root {
                folder: PathBuf::from(folder),
                passed_over: paths(passed_over),
            };
            assert_eq!(root(&paths(files)), expect, "{files:?}");
        };
        check(&["ipclab.toml", "a.c"], "", &[]);
        check(&["lab5/ipclab.toml", "lab5/a.c"], "lab5", &[]);
        check(&["x/lab5/ipclab.toml", "x/lab5/a.c"], "x/lab5", &[]);
        check(&["lab5/a.c", "lab5/data.txt"], "lab5", &[]);
        check(&["lab5/src/a.c"], "lab5/src", &[]);
        // Something lies beside the folder: the mapping says what is meant all the same.
        check(&["README.txt", "lab5/ipclab.toml", "lab5/a.c"], "lab5", &[]);
        check(&["README.txt", "x/lab5/ipclab.toml"], "x/lab5", &[]);
        check(&["README.txt", "lab5/a.c"], "", &[]);
        check(&["a/x.c", "b/y.c"], "", &[]);
        check(&["z/a/x.c", "z/b/y.c"], "z", &[]);
        // One at the top speaks for all.
        check(&["ipclab.toml", "lab5/ipclab.toml"], "", &[]);
        check(
            &["one/ipclab.toml", "two/ipclab.toml"],
            "",
            &["one/ipclab.toml", "two/ipclab.toml"],
        );
        check(&["a.c", "src/deep/lib/ipclab.toml", "src/b.c"], "", &[]);
        check(&[], "", &[]);
    }
}
