//! Probes: everything of which it is known what it must get, and where it is found.
//!
//! ```text
//! specs/tcp-echo.toml                                       the spec
//! labs/tcp-echo/starter/                                    compiles, and does not pass
//! labs/tcp-echo/submissions/accepted/NAME/expected.toml     gets what it says, all of the core tier at least
//! labs/tcp-echo/submissions/rejected/NAME.toml              an accepted one with a fault; loses exactly what it says
//! labs/tcp-echo/submissions/rejected/NAME/expected.toml     the same as a folder, where a patch cannot say it
//! ```
//!
//! An instructor's own spec has `starter` and `submissions` in `../labs/LAB`, `labs/LAB` or its own folder; with none of them,
//! its references are tried, and what is no program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_spec::{Diagnostics, Expected, Patch, Spec};

use crate::optional;
use ipclab_grade::labs::{self, Lab};
use ipclab_intake::failure::Failure;
use ipclab_intake::materialise::{self, EXPECTATION};
use ipclab_intake::show;
use ipclab_intake::store::Store;

/// A lab and everything that it is tried with.
#[derive(Debug)]
pub struct Proof {
    /// The lab.
    pub lab: Lab,
    /// Where its submissions lie, for messages.
    pub folder: PathBuf,
    /// In the order of the table.
    pub probes: Vec<Probe>,
}

/// Something of which it is known what it must get.
#[derive(Debug)]
pub struct Probe {
    /// What it must get, roughly.
    pub kind: Kind,
    /// `rejected/client-no-nul`
    pub name: String,
    /// Where it lies, a folder or a patch; `None`: it is made when it is needed.
    pub path: Option<PathBuf>,
    /// What exactly it must get, where its author wrote it down.
    pub expectation: Option<Expectation>,
}

/// Kinds of probes, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The reference programs in the student's places: everything.
    Reference,
    /// What its `expected.toml` says, all of the core tier at least.
    Accepted,
    /// Loses what its `expected.toml` says.
    Rejected,
    /// Builds, and has the full marks of no tier.
    Starter,
    /// Nothing.
    Empty,
    /// Nothing.
    Rubbish,
}

/// What a submission must get: its `expected.toml`, or the patch itself.
#[derive(Debug)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// What it says.
    pub expected: Expected,
    /// What else the file says, where it is a patch.
    pub patch: Option<Patch>,
}

impl Kind {
    /// As tables and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Starter => "starter",
            Self::Empty => "empty",
            Self::Rubbish => "rubbish",
        }
    }
}

impl Probe {
    /// Where it is said, or should be, what it must get; `None`: its kind needs none.
    pub fn expectation_file(&self) -> Option<PathBuf> {
        match self.kind {
            Kind::Accepted | Kind::Rejected => Some(expectation_file(self.path.as_ref()?)),
            Kind::Reference | Kind::Starter | Kind::Empty | Kind::Rubbish => None,
        }
    }
}

fn expectation_file(submission: &Path) -> PathBuf {
    if materialise::is_patch(submission) {
        submission.to_owned()
    } else {
        submission.join(EXPECTATION)
    }
}

/// Gathers the probes of the named labs and specs; none named: of all labs.
///
/// # Errors
/// One of them cannot be found or read, or an `expected.toml` or a patch is wrong: every mistake of all of them is told.
pub fn gather(names: &[String]) -> Result<Vec<Proof>, Failure> {
    let names = if names.is_empty() {
        labs::names()
    } else {
        names.to_vec()
    };
    let mut proofs = Vec::new();
    let mut mistakes = String::new();
    for name in names {
        let (lab, folder) = find(&name)?;
        labs::has_reference_sources(&lab)?;
        let mut proof = Proof {
            probes: Vec::new(),
            lab,
            folder,
        };
        proof.probes = probes(&proof, &mut mistakes)?;
        proofs.push(proof);
    }
    if mistakes.is_empty() {
        Ok(proofs)
    } else {
        let mistakes = mistakes.trim_end();
        Err(Failure::usage(format!(
            "what submissions are, or must get, is not said rightly:\n\n{mistakes}"
        )))
    }
}

/// Finds a lab and the folder of its submissions.
///
/// # Errors
/// There is no such lab, or its submissions are not here.
pub fn find(name: &str) -> Result<(Lab, PathBuf), Failure> {
    if name.contains('/') || name.ends_with(".toml") {
        let lab = labs::file(Path::new(name))?;
        let places = labs::folders(&lab);
        let with_submissions = |place: &&PathBuf| place.join("submissions").is_dir();
        // On the first day of a lab there are none yet, and its references can be tried all the same.
        let folder = places.iter().find(with_submissions).or(places.first());
        let folder = folder.cloned().unwrap_or_default();
        return Ok((lab, folder));
    }
    let here = std::env::current_dir().unwrap_or_default();
    let spec = Path::new("specs").join(format!("{name}.toml"));
    let root = here
        .ancestors()
        .find(|folder| folder.join(&spec).is_file() && folder.join("labs").join(name).is_dir());
    match root {
        Some(root) => {
            // Messages show the shorter path.
            let root = if root == here { Path::new("") } else { root };
            Ok((labs::file(&root.join(spec))?, root.join("labs").join(name)))
        }
        None => {
            // A misspelt name is told as everywhere.
            labs::carried(name)?;
            Err(Failure::usage(format!(
                "the submissions that prove {name} are not here: no {} and labs/{name} in this folder or above it",
                spec.display()
            ))
            .remedy("go to the repository that the lab comes from, or name a spec file"))
        }
    }
}

fn probes(proof: &Proof, mistakes: &mut String) -> Result<Vec<Probe>, Failure> {
    let probe = |kind: Kind, name: &str| Probe {
        kind,
        name: name.to_owned(),
        path: None,
        expectation: None,
    };
    let mut probes = vec![probe(Kind::Reference, "reference")];
    for kind in [Kind::Accepted, Kind::Rejected] {
        let folder = proof.folder.join("submissions").join(kind.name());
        for (own, path) in materialise::submissions(&folder)? {
            probes.push(Probe {
                kind,
                name: format!("{}/{own}", kind.name()),
                expectation: expectation(&path, &proof.lab.spec, mistakes)?,
                path: Some(path),
            });
        }
    }
    let starter = proof.folder.join("starter");
    if starter.is_dir() {
        probes.push(Probe {
            path: Some(starter),
            ..probe(Kind::Starter, "starter")
        });
    }
    probes.push(probe(Kind::Empty, "an empty folder"));
    probes.push(probe(Kind::Rubbish, "a folder of rubbish"));
    Ok(probes)
}

fn expectation(
    submission: &Path,
    spec: &Spec,
    mistakes: &mut String,
) -> Result<Option<Expectation>, Failure> {
    let file = expectation_file(submission);
    let display = show::path(&file);
    let Some(text) = optional::read(&file)? else {
        return Ok(None);
    };
    let read = if file == submission {
        read_patch(submission, &display, &text, spec)?
    } else {
        ipclab_spec::expected(&display, &text, spec).map(|expected| (expected, None))
    };
    match read {
        Ok((expected, patch)) => Ok(Some(Expectation {
            text,
            expected,
            patch,
        })),
        Err(diagnostics) => {
            mistakes.push_str(&diagnostics.render(false));
            mistakes.push('\n');
            Ok(None)
        }
    }
}

/// Reads a patch and tries whether it fits its base: when the base was edited, all that no longer do are reported at once.
fn read_patch(
    path: &Path,
    display: &str,
    text: &str,
    spec: &Spec,
) -> Result<Result<(Expected, Option<Patch>), Diagnostics>, Failure> {
    let (patch, expected) = match ipclab_spec::patch_expecting(display, text, spec) {
        Ok(read) => read,
        Err(diagnostics) => return Ok(Err(diagnostics)),
    };
    let applied = materialise::applied(&patch, path)?;
    Ok(applied.map(|_| (expected, Some(patch))))
}

/// Makes a folder as some are handed in: everything is called as it should be, and nothing of it is a program.
///
/// # Errors
/// The disk's.
pub fn rubbish(spec: &Spec, store: &Store) -> Result<PathBuf, Failure> {
    let folder = store.folder("rubbish")?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| Failure::disk(format_args!("writing {}", show::path(&path)), &error))
    };
    let all_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4096).collect();
    write(
        "screenshot.png",
        &[b"\x89PNG\r\n\x1a\n".as_slice(), &all_bytes].concat(),
    )?;
    write("README.md", b"# It works on my machine\n")?;
    let mut makefile = String::new();
    for (n, program) in spec.programs.iter().enumerate() {
        // Once bytes and once words.
        let source: &[u8] = if n % 2 == 0 {
            &all_bytes
        } else {
            b"The program is finished, I only have to write it.\n"
        };
        if let Some(name) = program.sources.first() {
            // Of a pattern, a name that it means.
            write(&name.replace('*', ""), source)?;
        }
        write(&program.name, &[b"\x7fELF".as_slice(), &all_bytes].concat())?;
        makefile.push_str(&format!("{0}:\n\techo done > {0}\n", program.name));
    }
    write("Makefile", makefile.as_bytes())?;
    Ok(folder)
}
