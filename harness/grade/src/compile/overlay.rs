//! Scripts that lie over the compilers themselves, so that a compiler which is called by its path gets the same options.
//!
//! At the `namespaces` level a build's box shows such a script in the place of each compiler of the system. Whatever name leads there, a link
//! or a path, leads to the script; a copy is a copy of the script. The compilers themselves are in the box once more, with all of the
//! system's folder around them, since they find their parts by their own place.
//!
//! At the `shared` level nothing can lie over a file of the host's: there the scripts in `PATH` are all that there is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_evidence::Bind;
use ipclab_intake::failure::Failure;
use ipclab_plan::{SEARCH_PATH, Tool};

use super::scripts::{self, Adds, ONCE_MORE, SYSTEM, itself, plays_many};

/// What a compiler said, with the names that its parts have outside.
pub(super) fn with_usual_names(said: String) -> String {
    match said.contains(ONCE_MORE) {
        true => said.replace(ONCE_MORE, SYSTEM),
        false => said,
    }
}

/// The scripts, and the files of the system that they lie over, links followed. `own`: the tool's folder in that of a build, `inside`, as a
/// box has them. It may ask compilers what they are.
pub(super) fn texts(own: &str, inside: &str, adds: Adds<'_>) -> Vec<(PathBuf, String)> {
    let folders: Vec<PathBuf> = std::env::split_paths(SEARCH_PATH).collect();
    let mut found = BTreeMap::new();
    for name in scripts::names(adds) {
        for path in folders.iter().map(|folder| folder.join(&name)) {
            let Ok(real) = path.canonicalize() else {
                continue;
            };
            // A script that starts a compiler, and what plays several by its own name, start one of those that are found here.
            if real.starts_with(SYSTEM) && !plays_many(&real) && is_machine_code(&real) {
                found.entry(real).or_insert_with(|| name.clone());
            }
        }
    }
    let script = |(real, name): (PathBuf, String)| {
        let tool = Tool {
            path: real.clone(),
            folders: Vec::new(),
        };
        let text = scripts::text(&name, &tool, &itself(&real), own, inside, adds);
        (real, text)
    };
    found.into_iter().map(script).collect()
}

/// Puts the scripts into `folder`, and gives what a box must show for them.
///
/// # Errors
/// Our own disk's.
pub(super) fn write(folder: &Path, texts: &[(PathBuf, String)]) -> Result<Vec<Bind>, Failure> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = vec![shown(Path::new(SYSTEM).to_owned(), ONCE_MORE.into())];
    let mut write_all = || -> io::Result<()> {
        fs::create_dir(folder)?;
        for (n, (program, text)) in texts.iter().enumerate() {
            let script = folder.join(n.to_string());
            fs::write(&script, text)?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
            binds.push(shown(script, program.clone()));
        }
        Ok(())
    };
    write_all()
        .map_err(|error| Failure::disk(format_args!("making {}", folder.display()), &error))?;
    Ok(binds)
}

fn is_machine_code(program: &Path) -> bool {
    let mut begins = [0; 4];
    let read = File::open(program).and_then(|mut file| file.read_exact(&mut begins));
    read.is_ok() && begins == *b"\x7fELF"
}

fn shown(host: PathBuf, inside: PathBuf) -> Bind {
    Bind {
        host,
        inside,
        writable: false,
        trusted_only: false,
        party: None,
    }
}
