//! Finding the programs that builds and interpreted submissions call.
//!
//! Boxes show the system's `/usr` and nothing of anybody's home. A submission may name what lies in the system's own folders,
//! and what lies in a toolchain that the grader chose: by an option, or as the default of their `rustup`. Nothing is executed
//! to find a toolchain: a proxy such as `rustup`'s `rustc` or `pyenv`'s `python` would read settings in the current folder, and
//! that may be a student's.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_plan::{SEARCH_PATH, Tool};
use serde::Deserialize;

use crate::withheld::{self, is_system};

/// The folders that the grader lets boxes show beside the system's, each with programs in its `bin`.
#[derive(Clone, Debug)]
pub struct Toolchains {
    folders: Vec<PathBuf>,
    /// How many of the first were named by the grader.
    named: usize,
}

impl Default for Toolchains {
    /// The default toolchain of the grader's own `rustup`, where there is one.
    fn default() -> Self {
        Self {
            folders: rustups_default().into_iter().collect(),
            named: 0,
        }
    }
}

impl Toolchains {
    /// These folders, which the grader named, before the default ones.
    ///
    /// # Errors
    /// One of them is no toolchain.
    pub fn named(folders: &[PathBuf]) -> Result<Self, Failure> {
        let mut all = folders
            .iter()
            .map(|folder| toolchain(folder))
            .collect::<Result<Vec<_>, _>>()?;
        let named = all.len();
        all.extend(Self::default().folders);
        Ok(Self {
            folders: all,
            named,
        })
    }

    /// The folders that the grader named, and by what each is known for another one: the programs in its `bin`, by name and
    /// size. The default ones are not among them: whether they are there hangs on the machine.
    #[must_use]
    pub fn named_ones(&self) -> Vec<(String, Vec<String>)> {
        let programs = |folder: &PathBuf| {
            let entries = fs::read_dir(folder.join("bin"))
                .into_iter()
                .flatten()
                .flatten();
            let mut programs: Vec<String> = entries
                .map(|entry| {
                    let size = fs::metadata(entry.path()).map_or(0, |about| about.len());
                    format!("{} {size}", entry.file_name().to_string_lossy())
                })
                .collect();
            programs.sort();
            programs
        };
        let named = self.folders.iter().take(self.named);
        named
            .map(|folder| (show::path(folder), programs(folder)))
            .collect()
    }

    /// The folders, for what must not be shown in them.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// A program that a submission names: by its bare name, in the system's folders or in a toolchain. The grader's `PATH` is
    /// not asked, so that no name brings another folder into the box.
    pub fn find(&self, name: &str) -> Option<Tool> {
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let mut system = std::env::split_paths(SEARCH_PATH);
        if let Some(tool) = system.find_map(|folder| of_system(folder.join(name))) {
            return Some(tool);
        }
        self.in_toolchain(name)
    }

    /// A program that the grader or the spec's author names: where the grader's own `PATH` leads, else in a toolchain.
    pub fn find_for_grader(&self, name: &str) -> Option<Tool> {
        let own = std::env::var("PATH").unwrap_or_else(|_| SEARCH_PATH.to_owned());
        find_in(name, &own).or_else(|| self.in_toolchain(name))
    }

    fn in_toolchain(&self, name: &str) -> Option<Tool> {
        if name.is_empty() || name.contains('/') {
            return None;
        }
        self.folders.iter().find_map(|folder| {
            let path = folder.join("bin").join(name);
            let real = executable(&path)?;
            (real.starts_with(folder) || is_system(&real)).then(|| Tool {
                path,
                folders: vec![folder.clone()],
            })
        })
    }
}

/// A folder that the grader named, checked.
fn toolchain(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |why: &str| {
        Failure::usage(format!("the toolchain {} {why}", show::path(folder))).remedy(
            "name the folder that has the toolchain's bin, for example: --toolchain /opt/go",
        )
    };
    let real = folder
        .canonicalize()
        .map_err(|error| failed(&format!("cannot be opened: {error}")))?;
    if !real.join("bin").is_dir() {
        return Err(failed("has no folder bin"));
    }
    let home = std::env::var_os("HOME").map_or("/root".into(), PathBuf::from);
    if home.starts_with(&real) {
        return Err(failed(
            "has your home in it, and boxes would show all of it",
        ));
    }
    Ok(real)
}

/// The folder of the toolchain that `rustup` calls by default, by its settings file.
fn rustups_default() -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Settings {
        default_toolchain: String,
        default_host_triple: Option<String>,
    }
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let home = named("RUSTUP_HOME").or_else(|| Some(named("HOME")?.join(".rustup")))?;
    let settings = fs::read_to_string(home.join("settings.toml")).ok()?;
    let settings: Settings = toml::from_str(&settings).ok()?;
    let name = std::env::var("RUSTUP_TOOLCHAIN").unwrap_or(settings.default_toolchain);
    let triple = settings.default_host_triple.unwrap_or_default();
    let full = [name.clone(), format!("{name}-{triple}")];
    full.iter()
        .find_map(|name| toolchain(&home.join("toolchains").join(name)).ok())
}

/// A program of the system that boxes show, or a link to one. The tool itself is none, whatever it is called.
fn of_system(path: PathBuf) -> Option<Tool> {
    let real = executable(&path)?;
    if !is_system(&real) || withheld::own().contains(&real) {
        return None;
    }
    // The alternatives in /etc are not shown inside, so the link is followed here; but a wrapper that plays
    // several programs by its own name (ccache) must keep the name that it was called by.
    let plays_many = real.file_stem() == Some(OsStr::new("ccache"));
    Some(Tool {
        path: if plays_many { path } else { real },
        folders: Vec::new(),
    })
}

fn find_in(name: &str, search: &str) -> Option<Tool> {
    if name.is_empty() {
        return None;
    }
    if name.contains('/') {
        return Path::new(name)
            .is_absolute()
            .then(|| at(PathBuf::from(name)))
            .flatten();
    }
    // Where boxes look comes first.
    let (system, elsewhere): (Vec<_>, Vec<_>) = std::env::split_paths(search)
        .filter(|folder| folder.is_absolute())
        .partition(|folder| std::env::split_paths(SEARCH_PATH).any(|own| own == *folder));
    system
        .into_iter()
        .chain(elsewhere)
        .find_map(|folder| at(folder.join(name)))
}

/// The program at this path, which the grader named, with what it needs beside the system.
fn at(path: PathBuf) -> Option<Tool> {
    let real = executable(&path)?;
    if is_system(&real) {
        return of_system(path);
    }
    let name = path.file_name()?.to_owned();
    let prefix = match real.parent()?.file_name() {
        Some(folder) if folder == "bin" => real.parent()?.parent()?.to_owned(),
        // A proxy, which would ask settings of the current folder for the program that it stands for.
        Some(folder) if folder == "shims" => return None,
        _ => {
            return Some(Tool {
                folders: vec![real.clone()],
                path: real,
            });
        }
    };
    let inside = prefix.join("bin").join(name);
    (inside.is_file() && !is_wide(&prefix)).then(|| Tool {
        path: inside,
        folders: vec![prefix],
    })
}

/// A file that can be executed, links followed.
fn executable(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let about = fs::metadata(&real).ok()?;
    (about.is_file() && about.permissions().mode() & 0o111 != 0).then_some(real)
}

/// A prefix that is a whole home or the root would show private files to the box.
fn is_wide(prefix: &Path) -> bool {
    prefix.components().count() <= if prefix.starts_with("/opt") { 2 } else { 3 }
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

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_systems_programs_need_no_folders() {
        let tool = Toolchains {
            folders: vec![],
            named: 0,
        }
        .find("sh")
        .unwrap();
        assert!(tool.path.starts_with("/usr") || tool.path.starts_with("/bin"));
        assert_eq!(
            (tool.folders.len(), tool.search_path()),
            (0, SEARCH_PATH.to_owned())
        );
    }

    #[test]
    fn a_toolchain_that_the_grader_named_is_shown_whole() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("opt/thing");
        program(&folder.join("bin/thing"));
        let tool = Toolchains::named(std::slice::from_ref(&folder))
            .unwrap()
            .find("thing")
            .unwrap();
        assert_eq!(tool.folders, [folder.canonicalize().unwrap()]);
        assert!(
            tool.search_path()
                .starts_with(tool.path.parent().unwrap().to_str().unwrap())
        );
    }

    /// `run = "/proc/self/cwd/shims/python x"` was executed outside of every box; a tool in a `bin` had its whole prefix shown.
    #[test]
    fn a_submission_names_nothing_but_what_boxes_have() {
        let home = tempfile::tempdir().unwrap();
        let (bin, shims) = (home.path().join("a/b/bin"), home.path().join("shims"));
        program(&bin.join("thing"));
        program(&shims.join("python"));
        let inside = |name: &Path| name.to_str().unwrap().to_owned();
        let toolchains = Toolchains {
            folders: vec![],
            named: 0,
        };
        for name in [
            "",
            "no-such-program",
            "thing",
            "./server.py",
            "../sh",
            "/bin/sh",
            "/nowhere/cc",
            "/etc/passwd",
            &inside(&bin.join("thing")),
            &inside(&shims.join("python")),
        ] {
            assert_eq!(toolchains.find(name), None, "{name}");
        }
        let search = format!("{}:{}", bin.display(), shims.display());
        assert!(find_in("thing", &search).is_some(), "the grader's own PATH");
        assert_eq!(find_in("python", &search), None, "a proxy");
    }

    #[test]
    fn a_folder_that_is_too_wide_is_no_toolchain() {
        for folder in ["/", "/nowhere", "/etc"] {
            assert!(toolchain(Path::new(folder)).is_err(), "{folder}");
        }
    }
}
