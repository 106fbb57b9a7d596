//! Materialising: a rejected submission that is written as a patch becomes a folder, like any that is handed in.
//!
//! ```text
//! submissions/accepted/whole/             the base
//! submissions/rejected/NAME.toml          the patch: names the base, and says what is changed in it
//! submissions/rejected/NAME/              stays possible: what cannot be said as a change of a text
//! ```
//!
//! This is the one place where that is done. Reading a patch and applying it is `ipclab_spec`'s part, without the disk.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_spec::{Diagnostics, Files, Patch};

use crate::failure::{Failure, reason};
use crate::import;
use crate::show;
use crate::store::{self, Store};
use crate::submission::{Part, Submission};

/// What a proving submission must get is said in this file of its folder; it is no part of the submission.
pub const EXPECTATION: &str = "expected.toml";

/// Files to be written, with their permission bits.
pub type FileSet = BTreeMap<String, (Vec<u8>, u32)>;

/// Whether a submission is written as a patch.
pub fn is_patch(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml") && path.is_file()
}

/// The submissions in a folder of accepted or rejected ones, by name and in its order; none when it is not there.
///
/// # Errors
/// The folder cannot be read, or two have the same name.
pub fn submissions(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let failed = |error: &io::Error| {
        Failure::usage(format!("reading {}: {}", show::path(folder), reason(error)))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(&error))?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let name = match (hidden, path.is_dir(), is_patch(&path)) {
            (false, true, _) => path.file_name(),
            (false, false, true) => path.file_stem(),
            _ => None,
        };
        if let Some(name) = name {
            found.push((name.to_string_lossy().into_owned(), path));
        }
    }
    found.sort();
    match found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let [(_, one), (_, other)] = [&pair[0], &pair[1]];
            let (one, other) = (show::path(one), show::path(other));
            Err(
                Failure::usage(format!("{one} and {other} are two submissions of one name"))
                    .remedy("rename one of them"),
            )
        }
        None => Ok(found),
    }
}

/// Takes in a submission: a folder, or a patch, which is materialised first.
///
/// # Errors
/// As [`Submission::take_in`]; there is nothing but an archive; the patch is wrong, or does not fit its base.
pub fn take_in(path: &Path, store: &Store) -> Result<Submission, Failure> {
    let staged = store.folder("submission")?;
    if !is_patch(path) {
        let submission = Submission::take_in(path, staged)?;
        return match import::closed_archive(&submission) {
            None => Ok(submission),
            Some(why) => Err(why),
        };
    }
    let folder = store.folder("patched")?;
    write(&materialised(path)?, &folder)?;
    let name = show::path(Path::new(path.file_stem().unwrap_or(path.as_os_str())));
    let whole = Part {
        folder,
        under: PathBuf::new(),
    };
    Submission::take_in_parts(name, &[whole], staged)
}

/// A submission's files: those of a folder, or those that a patch makes of its base.
///
/// # Errors
/// Something cannot be read; the patch is wrong, or does not fit its base: every mistake of it is reported.
pub fn materialised(path: &Path) -> Result<FileSet, Failure> {
    if !is_patch(path) {
        return read_folder(path);
    }
    let display = show::path(path);
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("reading {display}: {}", reason(&error))))?;
    let wrong = |diagnostics: Diagnostics| {
        let said = diagnostics.render(false);
        let said = said.trim_end();
        Failure::usage(format!("{display} makes no submission:\n\n{said}"))
    };
    let patch = ipclab_spec::patch(&display, &text).map_err(wrong)?;
    applied(&patch, path)?.map_err(wrong)
}

/// What a patch makes of its base, or what does not fit.
///
/// # Errors
/// The base cannot be read.
pub fn applied(patch: &Patch, path: &Path) -> Result<Result<FileSet, Diagnostics>, Failure> {
    let accepted = accepted_beside(path);
    let accepted_submissions = submissions(&accepted)?;
    let base = accepted_submissions
        .iter()
        .find(|(name, at)| name == patch.base() && at.is_dir());
    let Some((_, base)) = base else {
        let accepted_submissions: Vec<String> = accepted_submissions
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        return Ok(Err(patch.unknown_base(&accepted_submissions)));
    };
    let base = read_folder(base)?;
    let files: Files = base
        .iter()
        .map(|(name, (bytes, _))| (name.clone(), bytes.clone()))
        .collect();
    Ok(patch.apply(&files).map(|files| {
        let mode = |name: &String| base.get(name).map_or(0o644, |(_, mode)| *mode);
        let with_mode = |(name, bytes)| {
            let mode = mode(&name);
            (name, (bytes, mode))
        };
        files.into_iter().map(with_mode).collect()
    }))
}

/// `submissions/accepted` for `submissions/rejected/NAME.toml`, by the shorter path where it can be told.
fn accepted_beside(patch: &Path) -> PathBuf {
    let rejected = patch.parent().unwrap_or(Path::new(""));
    match (rejected.parent(), rejected.file_name()) {
        (Some(submissions), Some(_)) => submissions.join("accepted"),
        _ => rejected.join("../accepted"),
    }
}

/// Every file of a folder but the one that says what it must get.
fn read_folder(folder: &Path) -> Result<FileSet, Failure> {
    fn look(root: &Path, under: &Path, files: &mut FileSet) -> io::Result<()> {
        for entry in fs::read_dir(root.join(under))? {
            let entry = entry?;
            let path = under.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                look(root, &path, files)?;
            } else if path != Path::new(EXPECTATION) {
                let name = path.to_str().filter(|_| kind.is_file());
                let name = name.ok_or_else(|| {
                    let name = path.display();
                    io::Error::other(format!("{name} is no regular file with a name in UTF-8"))
                })?;
                let mode = entry.metadata()?.permissions().mode() & 0o777;
                let bytes = fs::read(entry.path())?;
                files.insert(name.to_owned(), (bytes, mode));
            }
        }
        Ok(())
    }
    let mut files = FileSet::new();
    look(folder, Path::new(""), &mut files).map_err(|error| {
        Failure::usage(format!(
            "reading {}: {}",
            show::path(folder),
            reason(&error)
        ))
    })?;
    Ok(files)
}

/// Writes files into a folder that is there and empty.
///
/// # Errors
/// The disk's.
pub fn write(files: &FileSet, folder: &Path) -> Result<(), Failure> {
    for (name, (bytes, mode)) in files {
        let path = folder.join(name);
        let under = Path::new(name).parent().unwrap_or(Path::new(""));
        store::make_folders(folder, under)
            .and_then(|()| fs::write(&path, bytes))
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(*mode)))
            .map_err(|error| {
                Failure::disk(format_args!("writing {}", show::path(&path)), &error)
            })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_lies_beside_the_folder_of_the_patch() {
        let check = |patch: &str, expect: &str| {
            assert_eq!(accepted_beside(Path::new(patch)), Path::new(expect));
        };
        check(
            "lab/submissions/rejected/a.toml",
            "lab/submissions/accepted",
        );
        check("rejected/a.toml", "accepted");
        check("/rejected/a.toml", "/accepted");
        check("a.toml", "../accepted");
        check("./a.toml", "./../accepted");
        check("../a.toml", "../../accepted");
    }

    #[test]
    fn a_patch_becomes_a_folder_with_the_modes_of_its_base() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("accepted/whole/src")).unwrap();
        fs::create_dir_all(at("rejected")).unwrap();
        fs::write(at("accepted/whole/expected.toml"), "about = \"x\"").unwrap();
        fs::write(at("accepted/whole/src/expected.toml"), "its own").unwrap();
        fs::write(at("accepted/whole/src/a.c"), b"\xff\r\nint a;\r\n").unwrap();
        fs::write(at("accepted/whole/run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(at("accepted/whole/run.sh"), Permissions::from_mode(0o755)).unwrap();
        let patch = at("rejected/fault.toml");
        let text = "base = \"whole\"\nabout = \"x\"\n[[change]]\nfile = \"src/a.c\"\n\
                    replace = \"a;\"\nwith = \"b;\"\n[[add]]\nfile = \"new/b.c\"\ntext = \"int c;\"\n";
        fs::write(&patch, text).unwrap();

        let files = materialised(&patch).unwrap();
        let out = at("out");
        fs::create_dir(&out).unwrap();
        write(&files, &out).unwrap();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["new/b.c", "run.sh", "src/a.c", "src/expected.toml"]);
        assert_eq!(
            fs::read(out.join("src/a.c")).unwrap(),
            b"\xff\r\nint b;\r\n"
        );
        assert_eq!(fs::read(out.join("new/b.c")).unwrap(), b"int c;");
        let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("run.sh"), 0o755);
    }

    #[test]
    fn submissions_are_folders_and_patches_in_the_order_of_their_names() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["a", ".git", "a-c"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in ["a-b.toml", "README.md", ".hidden.toml", "b.toml"] {
            fs::write(at(file), "").unwrap();
        }
        let found = submissions(root.path()).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "a-b", "a-c", "b"]);
        fs::write(at("a.toml"), "").unwrap();
        let said = submissions(root.path()).unwrap_err().message;
        assert!(said.ends_with("are two submissions of one name"), "{said}");
        assert!(submissions(&at("nowhere")).unwrap().is_empty());
    }
}
