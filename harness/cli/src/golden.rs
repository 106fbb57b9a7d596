//! `ipclab golden`: what every submission of a lab gets, held against what is written down in `labs/LAB/golden.jsonl`.
//!
//! A change of structure or speed must leave these files alone. A change that is meant to change a verdict records them
//! anew, and `labs/GOLDEN.md` says why. A line is one submission: its points, each case that did not get full marks, and
//! a digest of all that the report says of each case. What differs from run to run by nature (the conversation, and the
//! numbers by which findings cite it) is not part of it. `--reports DIR` writes the reports themselves, so that two
//! folders can be compared by `diff -r`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use ipclab_report::{Report, json};
use ipclab_sandbox::Wish;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Golden;
use crate::progress::Bar;
use crate::validate::probes::{self, Kind, Probe, Proof};
use crate::{output, present};
use ipclab_grade::explore::{Oracles, RunCache};
use ipclab_grade::grade::{self, Options};
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_verdict as verdict;

/// Where a lab's lines stand, in its folder.
const FILE: &str = "golden.jsonl";

/// One submission's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `rejected/client-no-nul`
    name: String,
    /// Points earned of those that could be.
    score: String,
    /// What `check` ends with.
    exit: u8,
    /// Digest of what is said of the programs: sources, warnings, why they were not built.
    programs: String,
    /// By case: verdict and points where they are not full, and a digest of the findings.
    cases: BTreeMap<String, String>,
}

/// Compares labs with what is written down, or writes it down.
///
/// # Errors
/// A lab or its file cannot be read or written, or there is no sandbox.
pub(crate) fn golden(args: &Golden) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs)?;
    output::watch()?;
    let store = Store::open()?;
    let mut sandboxes = SandboxPool::start(Wish::Auto, args.jobs.map(usize::from))?;
    let reports = grade_all(&proofs, &store, &mut sandboxes.all());
    interrupt::hold_if_begun();

    let mut differ = 0;
    for (proof, reports) in proofs.iter().zip(reports) {
        let mut entries = Vec::new();
        for (probe, report) in proof.probes.iter().zip(reports) {
            let mut report = report?;
            normalise(&mut report);
            if let Some(folder) = &args.reports {
                write_report(folder, proof, probe, &report)?;
            }
            entries.push(Entry::of(probe, &report)?);
        }
        let file = proof.folder.join(FILE);
        if args.record {
            write(&file, &entries)?;
            output::print(&format!("{}: {} written", show::path(&file), entries.len()))?;
        } else {
            let differences = differences(&read(&file)?, &entries);
            differ += differences.len();
            let lab = &proof.lab.spec.lab;
            let (count, of) = (differences.len(), entries.len());
            output::print(&format!("{lab}: {count} differences in {of} submissions"))?;
            for difference in differences {
                output::print(&format!("  {difference}"))?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(differ > 0)))
}

fn grade_all(
    proofs: &[Proof],
    store: &Store,
    pool: &mut PoolSlice<'_>,
) -> Vec<Vec<Result<Report, Failure>>> {
    let tasks: Vec<(&Proof, &Probe)> = proofs
        .iter()
        .flat_map(|proof| proof.probes.iter().map(move |probe| (proof, probe)))
        .collect();
    let progress = Bar::start();
    progress.stage("grading submissions", tasks.len());
    let oracles = Oracles::default();
    let run_cache = RunCache::default();
    let mut graded = pool
        .each_alone(&tasks, |pool, (proof, probe)| {
            let graded = grade_one(&proof.lab, probe, store, (&oracles, &run_cache), pool);
            progress.step();
            graded
        })
        .into_iter();
    progress.end();
    proofs
        .iter()
        .map(|proof| graded.by_ref().take(proof.probes.len()).collect())
        .collect()
}

/// Grades a probe as `ipclab check` does.
fn grade_one(
    lab: &Lab,
    probe: &Probe,
    store: &Store,
    (oracles, run_cache): (&Oracles, &RunCache),
    pool: &mut PoolSlice<'_>,
) -> Result<Report, Failure> {
    let options = Options {
        command: vec!["ipclab".to_owned(), "check".to_owned()],
        look_into: true,
        oracles: oracles.clone(),
        run_cache: Some(run_cache.clone()),
        ..Options::default()
    };
    let silent = Silent;
    let folder = match (probe.kind, &probe.folder) {
        (Kind::Reference, _) => {
            let record = grade::grade_references(pool, lab, store, &options, &silent)?;
            return Ok(verdict::report(&lab.spec, &record));
        }
        (Kind::Rubbish, _) => probes::rubbish(&lab.spec, store)?,
        (Kind::Empty | Kind::Accepted | Kind::Rejected | Kind::Starter, None) => {
            store.folder("empty")?
        }
        (Kind::Empty | Kind::Accepted | Kind::Rejected | Kind::Starter, Some(folder)) => {
            folder.clone()
        }
    };
    let submission = Submission::take_in(&folder, store.folder("submission")?)?;
    let record = grade::grade_by(pool, lab, &submission, store, &options, &silent)?;
    Ok(verdict::report(&lab.spec, &record))
}

/// Takes out of a report what is another in every run, or hangs on where the submission lies.
fn normalise(report: &mut Report) {
    report.submission = ipclab_report::Line::new("");
    for case in &mut report.cases {
        case.conversation = None;
        for finding in &mut case.findings {
            finding.cites.clear();
        }
    }
}

impl Entry {
    fn of(probe: &Probe, report: &Report) -> Result<Self, Failure> {
        let mut cases = BTreeMap::new();
        for case in &report.cases {
            let digest = digest(&case.findings)?;
            let verdict = match case.earned == case.max {
                true => String::new(),
                false => format!("{} {}/{} ", case.verdict.name(), case.earned, case.max),
            };
            cases.insert(case.id.to_string(), format!("{verdict}{digest}"));
        }
        Ok(Self {
            name: probe.name.clone(),
            score: format!("{}/{}", report.score.earned, report.score.max),
            exit: report.exit_code(),
            programs: digest(&report.programs)?,
            cases,
        })
    }
}

/// The first eight hexadecimal digits of the digest of what a report says.
fn digest(said: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(said)
        .map_err(|error| Failure::unable(format!("writing a report as JSON: {error}")))?;
    Ok(blake3::hash(text.as_bytes()).to_hex()[..8].to_owned())
}

fn write_report(
    folder: &Path,
    proof: &Proof,
    probe: &Probe,
    report: &Report,
) -> Result<(), Failure> {
    let file = folder
        .join(&proof.lab.spec.lab)
        .join(format!("{}.json", probe.name.replace(' ', "-")));
    let parent = file.parent().unwrap_or(folder);
    fs::create_dir_all(parent)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(parent)), &error))?;
    // Sorted keys and one value a line are what `diff -r` reads best.
    let value: Value = serde_json::from_str(&json::render(report))
        .map_err(|error| Failure::unable(format!("reading our own JSON: {error}")))?;
    present::write(&file, format!("{value:#}\n")).map(|_| ())
}

fn write(file: &Path, entries: &[Entry]) -> Result<(), Failure> {
    let mut text = String::new();
    for entry in entries {
        text += &serde_json::to_string(entry)
            .map_err(|error| Failure::unable(format!("writing {}: {error}", show::path(file))))?;
        text.push('\n');
    }
    present::write(file, text).map(|_| ())
}

fn read(file: &Path) -> Result<Vec<Entry>, Failure> {
    let shown = show::path(file);
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("reading {shown}: {}", reason(&error)))
            .remedy("write it first: ipclab golden --record")
    })?;
    text.lines()
        .enumerate()
        .map(|(n, line)| {
            serde_json::from_str(line)
                .map_err(|error| Failure::usage(format!("{shown}, line {}: {error}", n + 1)))
        })
        .collect()
}

/// What differs, a line each, in the order of the submissions.
fn differences(recorded: &[Entry], seen: &[Entry]) -> Vec<String> {
    let mut differences = Vec::new();
    for was in recorded {
        match seen.iter().find(|entry| entry.name == was.name) {
            None => differences.push(format!("{}: is no longer there", was.name)),
            Some(is) => differences.extend(differing_parts(was, is)),
        }
    }
    for is in seen {
        if recorded.iter().all(|entry| entry.name != is.name) {
            differences.push(format!("{}: is not recorded", is.name));
        }
    }
    differences
}

fn differing_parts(was: &Entry, is: &Entry) -> Vec<String> {
    let mut parts = vec![
        ("score", was.score.clone(), is.score.clone()),
        ("exit status", was.exit.to_string(), is.exit.to_string()),
        ("programs", was.programs.clone(), is.programs.clone()),
    ];
    let absent = "not there";
    let said = |entry: &Entry, case: &String| {
        let said = entry.cases.get(case);
        said.map_or_else(|| absent.to_owned(), String::clone)
    };
    let ids: BTreeSet<&String> = was.cases.keys().chain(is.cases.keys()).collect();
    for id in ids {
        parts.push((id.as_str(), said(was, id), said(is, id)));
    }
    parts
        .into_iter()
        .filter(|(_, was, is)| was != is)
        .map(|(part, old, new)| format!("{} {part}: was {old}, is {new}", was.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, score: &str, cases: &[(&str, &str)]) -> Entry {
        Entry {
            name: name.to_owned(),
            score: score.to_owned(),
            exit: 1,
            programs: "0".to_owned(),
            cases: cases
                .iter()
                .map(|(id, said)| ((*id).to_owned(), (*said).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn every_difference_is_named_with_its_submission_and_case() {
        let check = |was: &[Entry], is: &[Entry], expect: &[&str]| {
            assert_eq!(differences(was, is), expect);
        };
        let one = entry("rejected/a", "3/4", &[("echo", "fail 0/1 ab")]);
        check(&[one.clone()], &[one.clone()], &[]);
        check(&[one.clone()], &[], &["rejected/a: is no longer there"]);
        check(&[], &[one.clone()], &["rejected/a: is not recorded"]);
        check(
            &[one.clone()],
            &[entry("rejected/a", "4/4", &[("echo", "cd")])],
            &[
                "rejected/a score: was 3/4, is 4/4",
                "rejected/a echo: was fail 0/1 ab, is cd",
            ],
        );
        check(
            &[one],
            &[entry("rejected/a", "3/4", &[("ready", "cd")])],
            &[
                "rejected/a echo: was fail 0/1 ab, is not there",
                "rejected/a ready: was not there, is cd",
            ],
        );
    }
}
