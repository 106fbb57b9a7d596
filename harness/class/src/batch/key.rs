//! What a result hangs on. As long as nothing of it has changed, a submission is not graded again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use ipclab_evidence::Level;
use ipclab_spec::{Reference, Tier};

use super::manifest::{How, Manifest, Role};
use ipclab_grade::grade::Grader;
use ipclab_grade::labs::Lab;
use ipclab_grade::program_digest;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::submission::Submission;

/// A change of what results mean must not meet old ones.
const VERSION: &str = "ipclab result 2";
/// Takes the place of a digest for the files of a submission that could not be taken in.
const NOTHING: &str = "none";
/// Hexadecimal digits of the part of a key that says by what was graded.
const SETTINGS_DIGITS: usize = 24;

/// Hexadecimal digits by which people compare two tools or two specs.
const SHOWN_DIGITS: usize = 12;

/// By what a class is graded: the tool, the spec, its references, the choice of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// All of it, as a digest.
    digest: String,
    /// The same for people, and for what is compared in parts.
    pub(super) how: How,
    /// The same as each result has it.
    pub(super) manifest: Manifest,
}

impl Settings {
    /// Of this run.
    ///
    /// # Errors
    /// The tool's own executable or a reference's source cannot be read.
    pub(super) fn of(grader: &Grader<'_>, level: Level) -> Result<Self, Failure> {
        let (lab, config) = (grader.lab, grader.config);
        let mut tool = Digest::new();
        let own = File::open("/proc/self/exe").and_then(|own| {
            tool.0.update_reader(own)?;
            Ok(())
        });
        own.map_err(|error| {
            Failure::unable(format!(
                "reading the tool's own executable: {}",
                reason(&error)
            ))
        })?;
        let spec = spec(lab)?;
        let cases = grader.cases()?;
        let toolchains = config.toolchains.named_ones();
        let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        let how = How {
            role: Role::Marks,
            tool: tool.name(SHOWN_DIGITS),
            spec: spec.name(SHOWN_DIGITS),
            isolation: level.name().to_owned(),
            seed: config.seed,
            tiers: tiers(cases.iter().map(|case| case.tier)),
            cases: grader.selection.cases.clone(),
            toolchains: toolchains
                .iter()
                .map(|(folder, _)| folder.clone())
                .collect(),
        };
        let mut options = Digest::new();
        options.add(format!("{:?}", (ids, config.seed)).as_bytes());
        // Not the command that reports name: the same lab lies elsewhere on another machine, and as seen from another folder.
        options.add(level.name().as_bytes());
        // The same toolchain may lie elsewhere on another machine.
        for (_, programs) in &toolchains {
            options.add(programs.join("\0").as_bytes());
        }
        let mut digest = Digest::new();
        for part in [&tool, &spec, &options] {
            digest.add(part.name(64).as_bytes());
        }
        Ok(Self {
            digest: digest.name(SETTINGS_DIGITS),
            how,
            manifest: Manifest {
                tool: tool.name(64),
                spec: spec.name(64),
                options: options.name(64),
            },
        })
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.digest
    }

    /// The key of a submission.
    pub(super) fn key(&self, submission: &Submission) -> String {
        let mut digest = Digest::new();
        for file in &submission.files {
            digest.add(file.as_os_str().as_encoded_bytes());
            digest.add(&submission.read(file));
            let executable = fs::metadata(submission.staged.join(file))
                .is_ok_and(|about| about.permissions().mode() & 0o111 != 0);
            digest.add(&[u8::from(executable)]);
        }
        // Names, permissions and empty folders decide what a build does.
        let tree = program_digest::of_tree(&submission.staged);
        digest.add(&tree.unwrap_or_default());
        // What was left out is told in reports.
        for (path, why) in &submission.skipped {
            digest.add(path.as_os_str().as_encoded_bytes());
            digest.add(why.words().as_bytes());
        }
        format!("{}-{}", self.digest, digest.name(40))
    }

    /// The key of a submission that could not even be taken in.
    pub(super) fn key_of_nothing(&self) -> String {
        format!("{}-{NOTHING}", self.digest)
    }
}

/// The spec and the sources of its own references.
fn spec(lab: &Lab) -> Result<Digest, Failure> {
    let mut digest = Digest::new();
    digest.add(lab.text.as_bytes());
    for program in &lab.spec.programs {
        let (Reference::Sources(sources), Some(beside)) = (&program.reference, &lab.beside) else {
            continue;
        };
        for source in sources {
            let path = beside.join(source);
            let text = fs::read(&path).map_err(|error| {
                let display = ipclab_intake::show::path(&path);
                Failure::usage(format!(
                    "reading the reference {display}: {}",
                    reason(&error)
                ))
            })?;
            digest.add(&text);
        }
    }
    Ok(digest)
}

/// Tiers by name, each once, in their own order.
pub(super) fn tiers(of: impl Iterator<Item = Tier>) -> Vec<String> {
    let tiers: BTreeSet<Tier> = of.collect();
    tiers.iter().map(|tier| tier.name().to_owned()).collect()
}

/// The settings that a key begins with.
pub(super) fn settings_of(key: &str) -> &str {
    key.split_once('-').map_or(key, |(settings, _)| settings)
}

/// Whether a key is of a submission that could not even be taken in, so that nothing is known of its files.
pub(super) fn is_of_nothing(key: &str) -> bool {
    key.split_once('-').is_some_and(|(_, what)| what == NOTHING)
}

struct Digest(blake3::Hasher);

impl Digest {
    fn new() -> Self {
        let mut digest = Self(blake3::Hasher::new());
        digest.add(VERSION.as_bytes());
        digest
    }

    /// Adds a part and its length, so that parts cannot run into each other.
    fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The first digits.
    fn name(&self, digits: usize) -> String {
        let mut name = self.0.finalize().to_hex().to_string();
        name.truncate(digits);
        name
    }
}
