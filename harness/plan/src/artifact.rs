//! What a submission's programs became: where on the host they lie, and how they are run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ipclab_evidence::Bind;

/// Where boxes look for programs.
pub const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program that can be run.
#[derive(Clone, Debug)]
pub enum Artifact {
    /// An executable file of ours on the host.
    Executable(PathBuf),
    /// Something that a command runs: `python3 server.py`.
    Command {
        /// The command's program; `None`: a file of the submission, named by the first word.
        tool: Option<Tool>,
        /// All its words; the program's own arguments follow them.
        argv: Vec<String>,
        /// What lies in the working directory: host path and name.
        entries: Vec<(PathBuf, OsString)>,
    },
}

impl Artifact {
    /// What a plan must bind so that it can run as `NAME` in the working directory. `party`: the only one that is shown the
    /// submission's files.
    #[must_use]
    pub fn binds(&self, name: &str, folder: &Path, party: Option<u32>) -> Vec<Bind> {
        let bind = |host: &Path, inside: PathBuf| Bind {
            host: host.to_owned(),
            inside,
            writable: false,
            trusted_only: false,
            party,
        };
        match self {
            Self::Executable(host) => vec![bind(host, folder.join(name))],
            Self::Command { tool, entries, .. } => {
                let mut binds: Vec<Bind> = entries
                    .iter()
                    .map(|(host, name)| bind(host, folder.join(name)))
                    .collect();
                binds.extend(tool.iter().flat_map(Tool::binds));
                binds
            }
        }
    }
}

/// A program of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Absolute; the same in the box.
    pub path: PathBuf,
    /// Folders outside `/usr` that it needs.
    pub folders: Vec<PathBuf>,
}

impl Tool {
    /// What a plan must bind for it.
    pub fn binds(&self) -> impl Iterator<Item = Bind> {
        self.folders.iter().map(|folder| Bind {
            host: folder.clone(),
            inside: folder.clone(),
            writable: false,
            trusted_only: false,
            party: None,
        })
    }

    /// `PATH` inside, with the tool's own folder in it where it needs one.
    #[must_use]
    pub fn search_path(&self) -> String {
        match (self.folders.is_empty(), self.path.parent()) {
            (false, Some(folder)) => format!("{}:{SEARCH_PATH}", folder.display()),
            _ => SEARCH_PATH.to_owned(),
        }
    }
}
