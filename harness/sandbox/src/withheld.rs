//! What a box withholds although it lies in something that it shows: this tool's own executable where it is installed, a spec
//! beside it, and what else a plan names.
//!
//! At the `namespaces` level an empty file or folder that cannot be opened is mounted over each of them. At the `shared` level
//! Landlock allows what lies around them ([`around`]); their names can be listed there.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_evidence::World;
use ipclab_kernel::{context, namespace};

use crate::mounts::{READ_ONLY, SCRATCH};

/// The file that lies over files, relative to the new root.
const NOTHING: &str = "etc/.withheld";

/// Covers what the world withholds, in the new root, which is the working directory.
///
/// # Errors
/// What was refused: a box that shows such a thing is none.
pub(crate) fn cover(world: &World) -> io::Result<()> {
    let mut covers = world.withheld.iter().flat_map(|path| {
        // In the system's folders, and in what else is shown.
        let bound = world.binds.iter().filter_map(move |bind| {
            let rest = path.strip_prefix(&bind.host).ok()?;
            let deeper = rest.components().next().is_some();
            (deeper && !bind.writable).then(|| bind.inside.join(rest))
        });
        std::iter::once(path.clone()).chain(bound)
    });
    covers.try_for_each(|path| {
        let inside = path.strip_prefix("/").unwrap_or(&path);
        match fs::symlink_metadata(inside) {
            Ok(about) => context(
                format_args!("withholding {}", path.display()),
                cover_one(inside, about.is_dir()),
            ),
            Err(_) => Ok(()),
        }
    })
}

fn cover_one(target: &Path, is_folder: bool) -> io::Result<()> {
    if is_folder {
        return namespace::mount(
            Path::new("tmpfs"),
            target,
            "tmpfs",
            SCRATCH | libc::MS_RDONLY,
            "size=4k,mode=0",
        );
    }
    let nothing = Path::new(NOTHING);
    if fs::symlink_metadata(nothing).is_err() {
        File::create(nothing)?;
        fs::set_permissions(nothing, Permissions::from_mode(0o000))?;
    }
    namespace::mount(nothing, target, "", libc::MS_BIND, "")?;
    namespace::restrict_mount(target, READ_ONLY, true)
}

/// What may be read of some folders without what is withheld: the folders themselves where nothing is, else what lies around
/// it. The first list is of folders that may only be listed.
pub(crate) fn around(folders: &[&Path], withheld: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut listed, mut read) = (Vec::new(), Vec::new());
    for folder in folders {
        // Landlock knows files and not names.
        let real = folder
            .canonicalize()
            .unwrap_or_else(|_| folder.to_path_buf());
        look(&real, withheld, &mut listed, &mut read);
    }
    (listed, read)
}

fn look(path: &Path, withheld: &[PathBuf], listed: &mut Vec<PathBuf>, read: &mut Vec<PathBuf>) {
    if withheld.iter().any(|secret| path.starts_with(secret)) {
        return;
    }
    if !withheld.iter().any(|secret| secret.starts_with(path)) {
        read.push(path.to_owned());
        return;
    }
    listed.push(path.to_owned());
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        // What a link leads to has its own place, and may be withheld there.
        if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            look(&entry.path(), withheld, listed, read);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_lies_around_a_secret_may_be_read() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["usr/bin", "usr/lib", "usr/share/labs"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["usr/bin/cc", "usr/bin/ipclab", "usr/share/labs/a.toml"] {
            fs::write(root.join(file), "").unwrap();
        }
        symlink("ipclab", root.join("usr/bin/alias")).unwrap();
        let at =
            |names: &[&str]| -> Vec<PathBuf> { names.iter().map(|name| root.join(name)).collect() };
        let usr = root.join("usr");
        assert_eq!(around(&[&usr], &[]), (vec![], at(&["usr"])));
        let secrets = at(&["usr/bin/ipclab", "usr/share/labs"]);
        let (mut listed, mut read) = around(&[&usr], &secrets);
        listed.sort();
        read.sort();
        assert_eq!(listed, at(&["usr", "usr/bin", "usr/share"]));
        assert_eq!(read, at(&["usr/bin/cc", "usr/lib"]));
    }
}
