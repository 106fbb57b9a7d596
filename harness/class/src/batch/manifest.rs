//! `run.json`: how the results of a folder came about, and what they are to the class.

use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;
use ipclab_report::Class;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub(crate) const RUN: &str = "run.json";
/// The class in short, beside it.
pub(crate) const CLASS: &str = "class.json";
/// Version of [`Run`].
pub(crate) const SCHEMA: &str = "ipclab/run/v2";
/// The first version, which did not say what results are to the class.
const SCHEMA_V1: &str = "ipclab/run/v1";

/// How a folder of results was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) schema: String,
    /// Version of the tool.
    pub(crate) tool: String,
    /// The lab's name.
    pub(crate) lab: String,
    /// By what was graded, as a digest.
    pub(crate) settings: String,
    /// Where the class came from.
    pub(crate) system: String,
    /// How many submissions the class has, those of other parts included.
    pub(crate) submissions: usize,
    /// The ids of all of them; empty: an earlier version of this tool wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    /// Where they lay, and by what lab and roster they were graded, so that a result can be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// The part that was graded; `None`: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shard: Option<String>,
    /// By what was graded, in words; `None`: the first version of this tool wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) how: Option<How>,
}

/// Where a class came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// The folder or the archive.
    pub(crate) submissions: String,
    /// The words that name the lab on a command line: `--lab tcp-echo`.
    pub(crate) lab: Vec<String>,
    /// The command that reports say repeats a check.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// The system, where the command line named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
}

/// By what was graded, and what the results are to the class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    /// The part that the results play for the class.
    pub(crate) role: Role,
    /// The tool's executable, as a digest.
    pub(crate) tool: String,
    /// The spec and its references, as a digest.
    pub(crate) spec: String,
    /// How programs were kept apart.
    pub(crate) isolation: String,
    /// Seed of what random cases drew.
    pub(crate) seed: u64,
    /// The tiers that were graded.
    pub(crate) tiers: Vec<String>,
    /// The cases that were asked for one by one; none: all of those tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cases: Vec<String>,
    /// Toolchains beside the system's that submissions could name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) toolchains: Vec<String>,
}

/// By what one result was graded, as digests: results that have the same were graded the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The tool's executable.
    pub(crate) tool: String,
    /// The spec and its references.
    pub(crate) spec: String,
    /// The cases, the seed, the toolchains, how programs were kept apart.
    pub(crate) options: String,
}

impl Manifest {
    /// The parts (tool, spec, options) by which another grading differs from this one, in words.
    pub(crate) fn differs(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            (self.tool != other.tool, "another build of this tool"),
            (self.spec != other.spec, "another spec"),
            (self.options != other.options, "other options"),
        ];
        let differing = parts.into_iter().filter(|(differs, _)| *differs);
        differing.map(|(_, what)| what).collect()
    }
}

/// The part that results play for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// The class's marks.
    Marks,
    /// Whole marks by another spec, tool or options, which the instructor has not taken over.
    Proposal,
    /// Some cases or tiers only, to look at.
    Look,
    /// Marks that others have replaced.
    Replaced,
}

impl Run {
    /// Reads the file of a folder of results; `None`: there is none.
    ///
    /// # Errors
    /// It cannot be read, or another version of this tool wrote it.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join(RUN);
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::usage(format!(
                    "reading {}: {}",
                    display(&file),
                    reason(&error)
                )));
            }
        };
        let run: Self = serde_json::from_slice(&text)
            .map_err(|error| Failure::usage(format!("reading {}: {error}", display(&file))))?;
        if run.schema != SCHEMA && run.schema != SCHEMA_V1 {
            return Err(Failure::usage(format!(
                "{} is of another version of this tool",
                display(&file)
            )));
        }
        Ok(Some(run))
    }
}

impl How {
    /// The options that choose what was graded: `--tier core --case echo-one`.
    pub(crate) fn options(&self) -> String {
        let tiers = self.tiers.iter().map(|tier| format!("--tier {tier}"));
        let cases = self.cases.iter().map(|case| format!("--case {case}"));
        let options: Vec<String> = match self.cases.is_empty() {
            true => tiers.collect(),
            false => cases.collect(),
        };
        options.join(" ")
    }

    /// What two gradings of one lab were done by that differs, in words.
    pub(crate) fn differs(&self, other: &Self) -> Vec<String> {
        let mut differs = Vec::new();
        if self.spec != other.spec {
            differs.push("another spec".to_owned());
        }
        if self.tool != other.tool {
            differs.push("another build of this tool".to_owned());
        }
        if self.isolation != other.isolation {
            differs.push(format!(
                "isolation {} instead of {}",
                other.isolation, self.isolation
            ));
        }
        if self.tiers != other.tiers {
            differs.push(format!(
                "tiers {} instead of {}",
                other.tiers.join(", "),
                self.tiers.join(", ")
            ));
        }
        if self.toolchains != other.toolchains {
            let named = |how: &Self| match how.toolchains.is_empty() {
                true => "none".to_owned(),
                false => how.toolchains.join(", "),
            };
            differs.push(format!(
                "toolchains {} instead of {}",
                named(other),
                named(self)
            ));
        }
        if self.seed != other.seed {
            differs.push(format!("seed {} instead of {}", other.seed, self.seed));
        }
        if differs.is_empty() {
            differs.push("other options".to_owned());
        }
        differs
    }
}

/// The class of a folder of results (marks, a look, a proposal, marks of before), or of a class.json.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read_class(path: &Path) -> Result<Class, Failure> {
    let file = match path.is_dir() {
        true => path.join(CLASS),
        false => path.to_owned(),
    };
    let name = display(&file);
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let why = reason(&error);
        Failure::usage(format!("reading the class {name}: {why}"))
            .remedy("name a folder that `ipclab grade -o` wrote, or one in its looks/ or gradings/")
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("reading the class {name}: {error}")))
}
