//! Keeping a check on disk, and reading it back: `--keep DIR` and `ipclab judge DIR`.
//!
//! ```text
//! DIR/record.json             the spec's text, what became of the builds, which cases ran
//! DIR/echo-one/plan.json      what was run
//! DIR/echo-one/evidence.json  what was observed
//! DIR/echo-one/run.json       what was filled in, or why there is no evidence
//! DIR/any-text/run-7/...      the same for each run of a case with several
//! DIR/.../again-1/...         the same again, where it had failed
//! DIR/.../reference/...       the same with the reference programs in the student's places
//! DIR/any-text/smallest/...   the smallest input that fails
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_evidence::Evidence;
use serde::Serialize;
use serde::de::DeserializeOwned;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_schedule::shrink::schedule;
use ipclab_schedule::text;
use ipclab_verdict::judged::JudgedRun;
use ipclab_verdict::record::{FORMAT, FORMAT_V1, Record};
use ipclab_verdict::run::{AboutRun, Observed, RunRecord};

use crate::keep_v1;
use crate::labs::{self, Lab};

/// Writes a record into a folder, which is made where it is not there.
///
/// # Errors
/// The folder holds something else, or cannot be written.
pub fn keep(record: &Record, folder: &Path) -> Result<(), Failure> {
    let foreign =
        fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) && !is_kept(folder);
    if foreign {
        return Err(Failure::usage(format!(
            "--keep {}: the folder is not empty and holds no check",
            show::path(folder)
        ))
        .remedy("name a new folder"));
    }
    for case in &record.cases {
        for (n, run) in case.runs.iter().enumerate() {
            keep_run(run.run(), &run_folder(folder, &case.id, n, case.runs.len()))?;
        }
        if let Some(run) = &case.smallest {
            keep_run(run.run(), &folder.join(&case.id).join(SMALLEST))?;
        }
    }
    fs::create_dir_all(folder)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(folder)), &error))?;
    write(&folder.join("record.json"), record)
}

/// Whether a folder holds a check that was kept.
#[must_use]
pub fn is_kept(folder: &Path) -> bool {
    folder.join("record.json").exists()
}

/// Writes one run into a folder.
///
/// # Errors
/// The folder cannot be written.
pub fn keep_run(run: &RunRecord, at: &Path) -> Result<(), Failure> {
    make(at)?;
    write(&at.join("plan.json"), &run.plan)?;
    write(&at.join("run.json"), &run.described())?;
    keep_evidence(&run.observed, at)?;
    keep_schedule(&run.observed, at)?;
    for (n, again) in run.again.iter().enumerate() {
        keep_evidence(again, &again_folder(at, n))?;
    }
    if let Some(reference) = &run.reference {
        keep_evidence(reference, &at.join(REFERENCE))?;
    }
    Ok(())
}

fn keep_evidence(observed: &Observed, at: &Path) -> Result<(), Failure> {
    make(at)?;
    match observed {
        Ok(evidence) => write(&at.join("evidence.json"), evidence),
        // What an earlier check may have left there must not pass for this one's.
        Err(_) => {
            let _ = fs::remove_file(at.join("evidence.json"));
            Ok(())
        }
    }
}

/// The schedule of a run whose turns were steered, for `ipclab check --schedule`.
fn keep_schedule(observed: &Observed, at: &Path) -> Result<(), Failure> {
    let sharing = observed
        .as_ref()
        .ok()
        .and_then(|seen| seen.sharing.as_ref());
    let Some(steps) = sharing.and_then(|sharing| sharing.steps.as_ref()) else {
        return Ok(());
    };
    let file = at.join(SCHEDULE);
    fs::write(&file, text::write(&schedule(&steps.steps)))
        .map_err(|error| Failure::disk(format_args!("writing {}", show::path(&file)), &error))
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(folder)), &error))
}

/// Reads a record back, with the lab that it is of, and judges its runs.
///
/// # Errors
/// The folder is not one that [`keep`] wrote, or is damaged: the file and the place are named.
pub fn load(folder: &Path) -> Result<(Lab, Record), Failure> {
    let mut record: Record = read(&folder.join("record.json")).map_err(|failure| {
        failure.remedy("name a folder that was written by: ipclab check ... --keep DIR")
    })?;
    let evidence: ReadEvidence = match record.format.as_str() {
        FORMAT => read,
        FORMAT_V1 => |file| keep_v1::evidence(read(file)?, file),
        other => {
            return Err(Failure::usage(format!(
                "{} is {other:?}, and this ipclab reads {FORMAT:?} and {FORMAT_V1:?}",
                show::path(&folder.join("record.json")),
            ))
            .remedy("judge it with the ipclab that wrote it"));
        }
    };
    let lab = labs::parse(
        record.spec_name.clone(),
        record.spec.clone(),
        Vec::new(),
        None,
    )?;
    for ran in &mut record.cases {
        // A case that the spec does not have is not reported on either.
        let Some(case) = lab.spec.case(&ran.id) else {
            continue;
        };
        let judged = |at: PathBuf| Ok(JudgedRun::judge(case, load_run(&at, evidence)?));
        ran.runs = (0..ran.run_count)
            .map(|n| judged(run_folder(folder, &ran.id, n, ran.run_count)))
            .collect::<Result<_, Failure>>()?;
        if ran.smallest_of.is_some() {
            ran.smallest = Some(judged(folder.join(&ran.id).join(SMALLEST))?);
        }
    }
    Ok((lab, record))
}

/// Reads a file of evidence, of one version of the format.
type ReadEvidence = fn(&Path) -> Result<Evidence, Failure>;

fn load_run(at: &Path, evidence: ReadEvidence) -> Result<RunRecord, Failure> {
    let about: AboutRun = read(&at.join("run.json"))?;
    let observed = |at: &Path, unable: &Option<String>| -> Result<Observed, Failure> {
        Ok(match unable {
            Some(why) => Err(why.clone()),
            None => Ok(evidence(&at.join("evidence.json"))?),
        })
    };
    let again = about.again.iter().enumerate();
    Ok(RunRecord {
        plan: read(&at.join("plan.json"))?,
        observed: observed(at, &about.unable)?,
        again: again
            .map(|(n, unable)| observed(&again_folder(at, n), unable))
            .collect::<Result<_, _>>()?,
        reference: match about.reference.first() {
            Some(unable) => Some(observed(&at.join(REFERENCE), unable)?),
            None => None,
        },
        about,
    })
}

const SMALLEST: &str = "smallest";
const REFERENCE: &str = "reference";
/// The schedule of a run whose turns were steered.
pub const SCHEDULE: &str = "schedule";

fn again_folder(run: &Path, n: usize) -> PathBuf {
    run.join(format!("again-{}", n + 1))
}

fn run_folder(folder: &Path, case: &str, n: usize, count: usize) -> PathBuf {
    if count > 1 {
        folder.join(case).join(format!("run-{}", n + 1))
    } else {
        folder.join(case)
    }
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::unable(format!("writing {}: {error}", show::path(path))))?;
    text.push(b'\n');
    fs::write(path, text)
        .map_err(|error| Failure::disk(format_args!("writing {}", show::path(path)), &error))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read(path).map_err(|error| {
        Failure::usage(format!("reading {}: {}", show::path(path), reason(&error)))
    })?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::usage(format!("reading {}: {error}", show::path(path))))
}
