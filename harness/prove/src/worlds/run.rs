//! One validation in one world: a process of the tool's own, started in the surroundings of that world.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::factors::{Effect, Factor, OTHER_USER};
use crate::certify::load::Load;
use crate::validate::probes::Proof;
use ipclab_grade::interrupt;
use ipclab_intake::failure::Failure;
use ipclab_intake::store::TemporaryFolder;
use ipclab_spec::{Reference, Tier};

/// In which worlds labs are validated.
#[derive(Clone, Debug)]
pub struct Request {
    /// Only these tiers; none: all.
    pub tiers: Vec<Tier>,
    /// How many submissions are tried at a time; `None`: one a processor.
    pub jobs: Option<usize>,
    /// At most so many worlds beside the usual one; `None`: as many as it takes for all pairs.
    pub worlds: Option<usize>,
}

/// A lab's spec and submissions where every world can read them, and folders that worlds write to.
pub(super) struct Place {
    folder: TemporaryFolder,
    /// The spec's file, by its own name.
    spec: OsString,
}

/// Folders with odd names, each in the one before.
const ODD: &str = "Übung (neu)/it's \"mine\"/$HOME & co/-o/a b\tc/a folder with a name of more words than anybody would wish to type";

/// What became of a submission in one world, as the validation's JSON has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Row {
    /// `rejected/NAME`
    pub name: String,
    /// Points.
    pub earned: u32,
    /// Cases and aspects that it failed.
    #[serde(default)]
    pub fails: BTreeMap<String, Vec<String>>,
    /// Cases that were skipped.
    #[serde(default)]
    pub skips: BTreeMap<String, String>,
    /// Cases that could not be judged.
    #[serde(default)]
    pub unknown: BTreeMap<String, String>,
    /// Why it could not be graded at all.
    #[serde(default)]
    pub unable: Option<String>,
}

#[derive(Deserialize)]
struct Validated {
    labs: Vec<Lab>,
}

#[derive(Deserialize)]
struct Lab {
    submissions: Vec<Row>,
}

impl Place {
    /// Copies what a lab's proof needs.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn new(proof: &Proof) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::disk("copying the lab's submissions", error);
        let make = || -> io::Result<Self> {
            let folder = TemporaryFolder::new("ipclab-worlds-")?;
            open_to_all(folder.path())?;
            let place = Self {
                spec: Path::new(&proof.lab.file)
                    .file_name()
                    .unwrap_or_default()
                    .to_owned(),
                folder,
            };
            for root in [place.plain(), place.odd()] {
                copy_proof(proof, &root)?;
            }
            fs::copy(std::env::current_exe()?, place.tool())?;
            open_to_all(place.folder.path())?;
            Ok(place)
        };
        make().map_err(|error| failed(&error))
    }

    fn plain(&self) -> PathBuf {
        self.folder.path().join("plain")
    }

    fn odd(&self) -> PathBuf {
        self.folder.path().join(ODD)
    }

    fn tool(&self) -> PathBuf {
        self.folder.path().join("ipclab")
    }

    /// A new folder that every user may write to.
    fn writable(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777))?;
        Ok(folder)
    }
}

/// Copies the spec, the references beside it, and the submissions.
fn copy_proof(proof: &Proof, root: &Path) -> io::Result<()> {
    let beside = proof.lab.beside.clone().unwrap_or_default();
    let specs = root.join("specs");
    fs::create_dir_all(&specs)?;
    let references = proof.lab.spec.programs.iter();
    let sources = references.filter_map(|program| match &program.reference {
        Reference::Sources(sources) => Some(sources),
        Reference::BuiltIn(_) | Reference::None => None,
    });
    let folders: BTreeSet<&str> = sources
        .flatten()
        .filter_map(|source| source.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    let here = if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &beside
    };
    for entry in fs::read_dir(here)? {
        let entry = entry?;
        let name = entry.file_name();
        let wanted = name.to_str().is_some_and(|name| folders.contains(name));
        if wanted || entry.file_type()?.is_file() {
            copy(&entry.path(), &specs.join(name))?;
        }
    }
    let own = proof.folder == beside;
    let labs = if own {
        specs
    } else {
        root.join("labs").join(&proof.lab.spec.lab)
    };
    for part in ["submissions", "starter"] {
        let from = proof.folder.join(part);
        if from.is_dir() {
            copy(&from, &labs.join(part))?;
        }
    }
    Ok(())
}

/// Copies a file or a whole folder.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else if kind.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)
    } else {
        fs::copy(from, to).map(drop)
    }
}

/// Lets every user read a folder.
fn open_to_all(path: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(path)?;
    if kind.is_symlink() {
        return Ok(());
    }
    let mode = kind.permissions().mode() | if kind.is_dir() { 0o755 } else { 0o444 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}

/// Validates the lab in a world: the value that is chosen of each factor.
///
/// # Errors
/// Why it could not.
pub(super) fn validate(
    place: &Place,
    factors: &[Factor],
    choice: &[usize],
    request: &Request,
) -> Result<Vec<Row>, String> {
    let effects: Vec<Effect> = factors
        .iter()
        .zip(choice)
        .map(|(factor, value)| factor.values[*value].effect)
        .collect();
    let disk = |error: io::Error| format!("making the world: {error}");
    let mut command = command(place, &effects, request).map_err(disk)?;
    let load = effects
        .contains(&Effect::Load)
        .then(|| Load::start(2 * ipclab_sandbox::processors()))
        .transpose()
        .map_err(|failure| failure.message)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = interrupt::output(&mut command).map_err(disk)?;
    interrupt::park_if_interrupted();
    drop(load);
    let read: Result<Validated, _> = serde_json::from_slice(&output.stdout);
    match read {
        Ok(validated) => Ok(validated
            .labs
            .into_iter()
            .flat_map(|lab| lab.submissions)
            .collect()),
        Err(_) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty());
            Err(format!(
                "{}: {}",
                output.status,
                last.unwrap_or("it said nothing").escape_debug()
            ))
        }
    }
}

/// The command that validates in a world.
fn command(place: &Place, effects: &[Effect], request: &Request) -> io::Result<Command> {
    let mut shell = String::new();
    let mut prefix: Vec<&str> = Vec::new();
    let mut options: Vec<&str> = Vec::new();
    let mut root = place.plain();
    let mut cache = place.writable("cache")?;
    let mut variables: Vec<(String, Option<String>)> = Vec::new();
    let path = |folder: &Path| folder.to_string_lossy().into_owned();
    for effect in effects {
        match effect {
            Effect::Usual | Effect::Load | Effect::EmptyEnvironment => {}
            Effect::Shell(line) => shell.push_str(&format!("{line}\n")),
            Effect::Variable(name, value) => {
                variables.push(((*name).to_owned(), Some((*value).to_owned())));
            }
            Effect::Unset(name) => variables.push(((*name).to_owned(), None)),
            Effect::LargeEnvironment => {
                variables.extend((0..1_000).map(|n| (format!("FILLER_{n}"), Some("x".repeat(100)))))
            }
            Effect::NewHome => {
                variables.push(("HOME".to_owned(), Some(path(&place.writable("home")?))));
            }
            Effect::OddTemporary => {
                let folder = place.writable("temporary files of the 2nd year")?;
                variables.push(("TMPDIR".to_owned(), Some(path(&folder))));
            }
            Effect::OddFolder => root = place.odd(),
            Effect::OtherUser => {
                cache = place.writable("cache of another user")?;
            }
            Effect::Prefix(words) => prefix.extend(*words),
            Effect::Option(option) => options.push(option),
        }
    }
    // Last: what comes before it may take rights that another user has not.
    if effects.contains(&Effect::OtherUser) {
        prefix.extend(OTHER_USER);
    }
    shell.push_str("exec \"$@\"\n");
    let mut words: Vec<String> = prefix.into_iter().map(str::to_owned).collect();
    words.extend(["sh", "-c"].map(str::to_owned));
    words.extend([shell, "sh".to_owned(), path(&place.tool())]);
    words.push("validate".to_owned());
    words.push(path(&root.join("specs").join(&place.spec)));
    words.extend(["--format", "json"].map(str::to_owned));
    words.extend(options.into_iter().map(str::to_owned));
    for tier in &request.tiers {
        words.extend(["--tier".to_owned(), tier.name().to_owned()]);
    }
    if let Some(jobs) = request.jobs {
        words.extend(["--jobs".to_owned(), jobs.to_string()]);
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(&root);
    if effects.contains(&Effect::EmptyEnvironment) {
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
    }
    command.env("XDG_CACHE_HOME", cache);
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(command)
}
