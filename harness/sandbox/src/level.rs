//! Which level of isolation can be had here, found out by doing it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::OnceLock;

use ipclab_evidence::{Level, World};

use crate::error::SandboxError;
use crate::executables;
use crate::id_map::{IdMap, NAMESPACES};
use crate::measures::LeftOut;
use crate::platform::shared::OPEN_FOLDERS;
use crate::platform::shared::user;
use crate::world::EmptyWorld;
use ipclab_kernel::{descriptor, namespace, process, socket, wait};

/// The level of isolation that the user chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelChoice {
    /// Namespaces where they work, else shared.
    #[default]
    Auto,
    /// Namespaces or nothing.
    Namespaces,
    /// The host's world, even where namespaces would work.
    Shared,
}

/// Whose rights over files and processes programs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// A user's of a world of their own.
    OwnWorld,
    /// In this machine's world, a user's who owns nothing.
    OwnUser,
    /// In this machine's world, those of the user who runs the tool.
    ToolUser,
}

/// Whose rights programs have at the level that a choice comes to here.
///
/// # Errors
/// When namespaces are asked for by name and do not work.
pub fn rights(choice: LevelChoice) -> Result<Rights, SandboxError> {
    Ok(match choose(choice)? {
        Level::Namespaces => Rights::OwnWorld,
        Level::Shared if user::is_separate() => Rights::OwnUser,
        Level::Shared => Rights::ToolUser,
    })
}

/// A folder that programs with such rights may write to, so that they could change what is at this path. `None`: they
/// cannot, as long as the kernel bounds them to folders that all users can write to.
#[must_use]
pub fn writable_by_programs(path: &Path, rights: Rights) -> Option<PathBuf> {
    const STICKY: u32 = 0o1000;
    let absolute = std::path::absolute(path).ok()?;
    let named = absolute.canonicalize().ok();
    let there = absolute.ancestors().find_map(|at| at.canonicalize().ok())?;
    match rights {
        Rights::OwnWorld => None,
        Rights::OwnUser => there
            .ancestors()
            .find(|folder| {
                let mode = folder.metadata().map_or(0, |about| about.mode());
                let is_open = mode & 0o002 != 0;
                // In a sticky folder each user's own entries are safe; a new one that is named by the path is not there yet.
                is_open && (mode & STICKY == 0 || Some(*folder) == named.as_deref())
            })
            .map(Path::to_owned),
        Rights::ToolUser => OPEN_FOLDERS
            .into_iter()
            .map(PathBuf::from)
            .find(|open| there.starts_with(open.canonicalize().as_ref().unwrap_or(open))),
    }
}

/// The argument that makes the tool's executable try a box.
pub(crate) const PROBE: &str = "__probe";

/// The level that a choice comes to here.
///
/// # Errors
/// When namespaces are asked for by name and do not work, with what refused them.
pub(crate) fn choose(choice: LevelChoice) -> Result<Level, SandboxError> {
    match choice {
        LevelChoice::Shared => Ok(Level::Shared),
        LevelChoice::Auto => Ok(if refusal().is_none() {
            Level::Namespaces
        } else {
            Level::Shared
        }),
        LevelChoice::Namespaces => match refusal() {
            None => Ok(Level::Namespaces),
            Some(why) => Err(SandboxError::message(format!(
                "namespaces do not work here ({why}); `ipclab doctor` names the remedy, `--isolation shared` does without"
            ))),
        },
    }
}

/// Finds out whether namespaces work here, for whoever asks later.
pub fn try_namespaces() {
    refusal();
}

/// Why namespaces do not work here; `None`: they do. Tried once for each run of the tool.
///
/// `unshare` alone proves nothing: where AppArmor restricts user namespaces it succeeds, and only the mounts after it
/// are refused. So the whole box is made, and thrown away.
pub(crate) fn refusal() -> Option<&'static str> {
    static REFUSAL: OnceLock<Option<String>> = OnceLock::new();
    REFUSAL
        .get_or_init(|| {
            let mut command = Command::new("/proc/self/exe");
            command
                .arg(PROBE)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .env_clear();
            let tried = executables::start(&mut command).and_then(Child::wait_with_output);
            match tried {
                Ok(output) if output.status.success() => None,
                Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
                Err(error) => Some(format!("starting the probe: {error}")),
            }
        })
        .as_deref()
}

/// Makes a box with an empty world and throws it away; what refused goes to stderr.
pub(crate) fn probe() -> ExitCode {
    match try_box() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn try_box() -> io::Result<()> {
    let (go, go_in) = socket::socket_pair()?;
    let pid = namespace::clone_process(NAMESPACES).map_err(|error| {
        io::Error::new(error.kind(), format!("clone into new namespaces: {error}"))
    })?;
    if pid == 0 {
        drop(go_in);
        let empty = World {
            cwd: "/lab".into(),
            ..World::default()
        };
        let result = EmptyWorld::make(go.as_fd(), LeftOut::default())
            .and_then(|world| world.furnish(&empty, &BTreeSet::new(), 1));
        if let Err(error) = &result {
            eprintln!("{error}");
        }
        process::exit_now(i32::from(result.is_err()));
    }
    drop(go);
    let mapped = IdMap::here(0).write(pid);
    if mapped.is_ok() {
        descriptor::write_some(go_in.as_fd(), b"go")?;
    }
    drop(go_in);
    let status = wait::wait_for_exit(pid)?;
    mapped?;
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "the trial box ended with wait status {status:#x}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn folders_that_programs_may_write_to_are_found() {
        let place = tempfile::tempdir_in("/tmp").unwrap();
        let place = place.path();
        let open = place.join("open");
        std::fs::create_dir_all(open.join("results")).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let check = |path: &Path, rights, expected: Option<&Path>| {
            let found = writable_by_programs(path, rights);
            assert_eq!(found.as_deref(), expected, "{} {rights:?}", path.display());
        };
        check(&open.join("results"), Rights::OwnUser, Some(&open));
        check(&open.join("new/one"), Rights::OwnUser, Some(&open));
        check(&place.join("results"), Rights::OwnUser, None);
        check(
            &place.join("results"),
            Rights::ToolUser,
            Some(Path::new("/tmp")),
        );
        check(Path::new("/usr/results"), Rights::ToolUser, None);
        check(&open, Rights::OwnWorld, None);
    }
}
