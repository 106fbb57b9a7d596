//! Finding the programs that builds and interpreted submissions call.
//!
//! Boxes show the system's `/usr` and nothing of anybody's home. A compiler that lives elsewhere (Rust's under `~/.rustup`)
//! is shown at its own path, read-only, and only to a build or program that names it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ipclab_plan::{SEARCH_PATH, Tool};

/// Finds a program by name: where boxes look first, else where this tool's own `PATH` leads.
pub fn find(name: &str) -> Option<Tool> {
    let own = std::env::var("PATH").unwrap_or_else(|_| SEARCH_PATH.to_owned());
    find_in(name, &own)
}

fn find_in(name: &str, search: &str) -> Option<Tool> {
    if name.is_empty() {
        return None;
    }
    let folders: Vec<PathBuf> = std::env::split_paths(search)
        .filter(|folder| folder.is_absolute())
        .collect();
    let (system, elsewhere): (Vec<_>, Vec<_>) = folders
        .into_iter()
        .partition(|folder| std::env::split_paths(SEARCH_PATH).any(|own| own == *folder));
    if name.contains('/') {
        return Path::new(name)
            .is_absolute()
            .then(|| at(PathBuf::from(name)))
            .flatten();
    }
    system
        .into_iter()
        .chain(elsewhere)
        .find_map(|folder| at(folder.join(name)))
}

/// The program at this path, with what it needs beside the system.
fn at(path: PathBuf) -> Option<Tool> {
    let real = path.canonicalize().ok()?;
    let about = fs::metadata(&real).ok()?;
    if !about.is_file() || about.permissions().mode() & 0o111 == 0 {
        return None;
    }
    if real.starts_with("/usr") || real.starts_with("/bin") {
        // The alternatives in /etc are not shown inside, so the link is followed here; but a wrapper that plays
        // several programs by its own name (ccache) must keep the name that it was called by.
        let plays_many = real.file_stem() == Some(OsStr::new("ccache"));
        return Some(Tool {
            path: if plays_many { path } else { real },
            folders: Vec::new(),
        });
    }
    let name = path.file_name()?.to_owned();
    let prefix = if real.file_name() == Some(OsStr::new("rustup")) {
        // A proxy that reads its settings from the home, which no box shows: the compiler itself is asked where it is.
        asked(&path, &["--print", "sysroot"])?
    } else if real.parent()?.file_name() == Some(OsStr::new("shims")) {
        asked(&path, &["-I", "-c", "import sys; print(sys.base_prefix)"])?
    } else if real.parent()?.file_name() == Some(OsStr::new("bin")) {
        real.parent()?.parent()?.to_owned()
    } else {
        return Some(Tool {
            folders: vec![real.clone()],
            path: real,
        });
    };
    let inside = prefix.join("bin").join(name);
    // A prefix that is a whole home or the root would show private files to the box.
    let narrow = prefix.components().count() > 3 || prefix.starts_with("/opt");
    (inside.is_file() && narrow).then(|| Tool {
        path: inside,
        folders: vec![prefix],
    })
}

fn asked(program: &Path, question: &[&str]) -> Option<PathBuf> {
    let output = Command::new(program)
        .args(question)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| PathBuf::from(answer.trim()))
}

/// A file's path, size and time of change: when they are the same, so is the file.
pub fn stamp(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(about) => format!(
            "{} {} {}.{}",
            path.display(),
            about.size(),
            about.mtime(),
            about.mtime_nsec()
        ),
        Err(_) => format!("{} -", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_programs_need_no_folders() {
        let tool = find_in("sh", "/nowhere:/bin:/usr/bin").unwrap();
        assert!(tool.path.starts_with("/usr") || tool.path.starts_with("/bin"));
        assert_eq!(
            (tool.folders.len(), tool.search_path()),
            (0, SEARCH_PATH.to_owned())
        );
    }

    #[test]
    fn a_program_elsewhere_brings_its_folder_and_not_the_home() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("opt/thing/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("thing"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(bin.join("thing"), fs::Permissions::from_mode(0o755)).unwrap();
        let tool = find_in("thing", bin.to_str().unwrap()).unwrap();
        assert_eq!(
            tool.folders,
            [home.path().canonicalize().unwrap().join("opt/thing")]
        );
        assert!(
            tool.search_path()
                .starts_with(tool.path.parent().unwrap().to_str().unwrap())
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for name in [
            "",
            "no-such-program",
            "./server.py",
            "../sh",
            "/nowhere/cc",
            "/etc/passwd",
        ] {
            assert_eq!(find_in(name, "/usr/bin:/bin"), None, "{name}");
        }
    }
}
