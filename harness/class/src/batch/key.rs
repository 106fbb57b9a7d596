//! What a result hangs on. As long as nothing of it has changed, a submission is not graded again.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use ipclab_evidence::Level;
use ipclab_spec::Reference;

use ipclab_grade::grade::Grader;
use ipclab_grade::program_digest;
use ipclab_grade::selection::Selection;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::submission::Submission;

/// A change of what results mean must not meet old ones.
const VERSION: &str = "ipclab result 2";
/// Hexadecimal digits of the part of a key that says by what was graded.
const SETTINGS_DIGITS: usize = 24;

/// By what a class is graded: the tool, the spec, its references, the choice of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings(String);

impl Settings {
    /// Of this run.
    ///
    /// # Errors
    /// The tool's own executable or a reference's source cannot be read.
    pub(super) fn of(grader: &Grader<'_>, level: Level) -> Result<Self, Failure> {
        let (lab, config) = (grader.lab, grader.config);
        let mut digest = Digest::new();
        let own = File::open("/proc/self/exe").and_then(|mut own| {
            std::io::copy(&mut own, &mut digest.0)?;
            Ok(())
        });
        own.map_err(|error| {
            Failure::unable(format!(
                "reading the tool's own executable: {}",
                reason(&error)
            ))
        })?;
        digest.add(lab.text.as_bytes());
        for program in &lab.spec.programs {
            let (Reference::Sources(sources), Some(beside)) = (&program.reference, &lab.beside)
            else {
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
        let Selection { cases, tiers } = grader.selection;
        digest.add(format!("{:?}", (cases, tiers, config.seed)).as_bytes());
        digest.add(config.command.join("\0").as_bytes());
        digest.add(level.name().as_bytes());
        let mut name = digest.name();
        name.truncate(SETTINGS_DIGITS);
        Ok(Self(name))
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
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
        let mut name = digest.name();
        name.truncate(40);
        format!("{}-{name}", self.0)
    }

    /// The key of a submission that could not even be taken in.
    pub(super) fn key_of_nothing(&self) -> String {
        format!("{}-none", self.0)
    }
}

/// Whether a key is of a result by these settings.
pub(super) fn has_settings(settings: &str, key: &str) -> bool {
    key.split_once('-').is_some_and(|(by, _)| by == settings)
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

    fn name(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
