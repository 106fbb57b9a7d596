//! Keeping a check on disk, and reading it back: `--keep DIR` and `ipclab judge DIR`.
//!
//! ```text
//! DIR/record.json             the spec's text, what became of the builds, which cases ran
//! DIR/echo-one/plan.json      what was run
//! DIR/echo-one/evidence.json  what was observed
//! DIR/echo-one/run.json       what was filled in, or why there is no evidence
//! DIR/any-text/run-7/...      the same for each run of a case with several
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, reason};
use crate::record::{AboutRun, CaseRecord, FORMAT, Record, RunRecord};
use crate::show;

/// Writes a record into a folder, which is made where it is not there.
///
/// # Errors
/// The folder holds something else, or cannot be written.
pub(crate) fn keep(record: &Record, folder: &Path) -> Result<(), Failure> {
    let foreign = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
        && !folder.join("record.json").exists();
    if foreign {
        return Err(Failure::usage(format!(
            "--keep {}: the folder is not empty and holds no check",
            show::path(folder)
        ))
        .remedy("name a new folder"));
    }
    for case in &record.cases {
        for (n, run) in case.runs.iter().enumerate() {
            let at = run_folder(folder, &case.id, n, case.runs.len());
            fs::create_dir_all(&at).map_err(|error| {
                Failure::disk(format_args!("making {}", show::path(&at)), &error)
            })?;
            write(&at.join("plan.json"), &run.plan)?;
            write(&at.join("run.json"), &run.about)?;
            match &run.observed {
                Ok(evidence) => write(&at.join("evidence.json"), evidence)?,
                // What an earlier check may have left there must not pass for this one's.
                Err(_) => drop(fs::remove_file(at.join("evidence.json"))),
            }
        }
    }
    fs::create_dir_all(folder)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(folder)), &error))?;
    write(&folder.join("record.json"), record)
}

/// Reads a record back.
///
/// # Errors
/// The folder is not one that [`keep`] wrote, or is damaged: the file and the place are named.
pub(crate) fn load(folder: &Path) -> Result<Record, Failure> {
    let mut record: Record = read(&folder.join("record.json")).map_err(|failure| {
        failure.remedy("name a folder that was written by: ipclab check ... --keep DIR")
    })?;
    if record.format != FORMAT {
        return Err(Failure::usage(format!(
            "{} is {:?}, and this ipclab reads {FORMAT:?}",
            show::path(&folder.join("record.json")),
            record.format
        )));
    }
    for case in &mut record.cases {
        case.runs = runs(folder, case)?;
    }
    Ok(record)
}

fn runs(folder: &Path, case: &CaseRecord) -> Result<Vec<RunRecord>, Failure> {
    (0..case.run_count)
        .map(|n| {
            let at = run_folder(folder, &case.id, n, case.run_count);
            let about: AboutRun = read(&at.join("run.json"))?;
            let observed = match &about.unable {
                Some(why) => Err(why.clone()),
                None => Ok(read(&at.join("evidence.json"))?),
            };
            Ok(RunRecord {
                about,
                plan: read(&at.join("plan.json"))?,
                observed,
            })
        })
        .collect()
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
