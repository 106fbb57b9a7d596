//! `ipclab golden`: what every submission of a lab gets, held against what is written down in `labs/LAB/golden.jsonl`.
//!
//! A change of structure or speed must leave these files alone. A change that is meant to change a verdict records them
//! anew, and `labs/GOLDEN.md` says why. A line is one submission: its points, each case that did not get full marks, and
//! a digest of all that the report says of each case. What another run numbers otherwise is not part of it: calls,
//! processes, ephemeral ports, times. Where the words hang on the order in which processes ran, recording finds that out
//! by grading several times; there, verdict and points are compared alone. `--reports DIR` writes the reports themselves,
//! so that two folders can be compared by `diff -r`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use ipclab_report::{Line, Report, json};
use ipclab_sandbox::LevelChoice;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::validate::probes::{self, Kind, Probe, Proof};
use ipclab_grade::explore::{ReferenceRuns, RunCache};
use ipclab_grade::grade::{self, Grader};
use ipclab_grade::interrupt;
use ipclab_grade::keep;
use ipclab_grade::pool::{PoolSlice, SandboxPool};
use ipclab_grade::progress::{Progress, Silent};
use ipclab_grade::selection::{Caches, RunConfig, Selection};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::materialise;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::whole_file;
use ipclab_verdict as verdict;
use ipclab_verdict::record::Record;

/// Where a lab's lines stand, in its folder.
const FILE: &str = "golden.jsonl";

/// Recording grades everything so many times, to see which reports hang on the order in which processes ran.
const RECORDED_PASSES: usize = 3;
/// Where Linux takes a port from when a program names none, `ip_local_port_range` in ip(7).
const EPHEMERAL_PORTS: std::ops::RangeInclusive<u64> = 32_768..=60_999;
/// Seconds since 1970, from 2017 to 2033.
const TIMES: std::ops::Range<u64> = 1_500_000_000..2_000_000_000;

/// Stands for a digest where the words of a case are not the same in every run.
const VARIES: &str = "varies";

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

/// What is done with what came out.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Write it down, instead of comparing it.
    pub record: bool,
    /// Write each report into this folder, too.
    pub reports: Option<PathBuf>,
    /// How many submissions are graded at a time; `None`: one a processor.
    pub jobs: Option<usize>,
}

/// Compares labs with what is written down, or writes it down. A lab is done before the next one begins, so that an
/// interruption loses no other one's record. `say` gets the lines about each lab when it is done; what comes back is how
/// many submissions or cases differ.
///
/// # Errors
/// A lab's file cannot be read or written, or there is no sandbox.
pub fn golden(
    proofs: &[Proof],
    request: &Request,
    store: &Store,
    progress: &dyn Progress,
    say: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let mut sandboxes = SandboxPool::start(LevelChoice::Auto, request.jobs)?;
    let mut count = 0;
    for proof in proofs {
        let seen = passes(proof, request, store, &mut sandboxes, progress)?;
        let file = proof.folder.join(FILE);
        if request.record {
            write(&file, &seen)?;
            say(&format!("{}: {} written\n", show::path(&file), seen.len()))?;
            continue;
        }
        let differences = differences(&read(&file)?, &seen);
        count += differences.len();
        let lab = &proof.lab.spec.lab;
        let mut text = format!(
            "{lab}: {} differences in {} submissions\n",
            differences.len(),
            seen.len()
        );
        for difference in differences {
            text += &format!("  {difference}\n");
        }
        say(&text)?;
    }
    Ok(count)
}

/// What a lab's submissions get: of one pass, or what several have in common where it is written down.
fn passes(
    proof: &Proof,
    request: &Request,
    store: &Store,
    sandboxes: &mut SandboxPool,
    progress: &dyn Progress,
) -> Result<Vec<Entry>, Failure> {
    let mut seen: Vec<Entry> = Vec::new();
    for pass in 1..=if request.record { RECORDED_PASSES } else { 1 } {
        let mut reports = grade_all(
            slice::from_ref(proof),
            None,
            store,
            &mut sandboxes.all(),
            progress,
        );
        interrupt::park_if_interrupted();
        let folder = request.reports.as_deref().filter(|_| pass == 1);
        let entries = entries(proof, reports.pop().unwrap_or_default(), folder)?;
        if pass == 1 {
            seen = entries;
            continue;
        }
        for (entry, other) in seen.iter_mut().zip(&entries) {
            entry.keep_common(other);
        }
    }
    Ok(seen)
}

/// What every probe of a lab came to, as lines; the reports go into the folder.
fn entries(
    proof: &Proof,
    reports: Vec<Result<Report, Failure>>,
    folder: Option<&Path>,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for (probe, report) in proof.probes.iter().zip(reports) {
        let report = normalised(report?);
        if let Some(folder) = folder {
            write_report(folder, proof, probe, &report)?;
        }
        entries.push(Entry::of(&probe.name, &report)?);
    }
    Ok(entries)
}

/// `kept`: a folder with checks from before, which are judged again; what is not there is graded and kept there.
pub(crate) fn grade_all(
    proofs: &[Proof],
    kept: Option<&Path>,
    store: &Store,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
) -> Vec<Vec<Result<Report, Failure>>> {
    let tasks: Vec<(&Proof, &Probe)> = proofs
        .iter()
        .flat_map(|proof| proof.probes.iter().map(move |probe| (proof, probe)))
        .collect();
    progress.stage("grading submissions", tasks.len());
    let caches = Caches {
        reference_runs: ReferenceRuns::default(),
        runs: Some(RunCache::default()),
    };
    let config = RunConfig {
        command: vec!["ipclab".to_owned(), "check".to_owned()],
        look_into: true,
        ..RunConfig::default()
    };
    let selection = Selection::default();
    let mut graded = pool
        .each_alone(&tasks, |pool, (proof, probe)| {
            let grader = Grader {
                lab: &proof.lab,
                store,
                selection: &selection,
                config: &config,
                caches: &caches,
            };
            let graded = match kept {
                Some(folder) => judge_or_grade(&grader, probe, folder, pool),
                None => grade_one(&grader, probe, pool),
            };
            let graded = graded.map(|record| verdict::report(&proof.lab.spec, &record));
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

/// The record of a probe's check in this folder; where there is none, or one of another spec, it is graded and kept there.
fn judge_or_grade(
    grader: &Grader<'_>,
    probe: &Probe,
    kept: &Path,
    pool: &mut PoolSlice<'_>,
) -> Result<Record, Failure> {
    let folder = kept.join(&grader.lab.spec.lab).join(&probe.name);
    if keep::is_kept(&folder) {
        let (_, record) = keep::load(&folder)?;
        if record.spec == grader.lab.text {
            return Ok(record);
        }
    }
    let record = grade_one(grader, probe, pool)?;
    // What an interruption or the machine spoilt is graded again the next time.
    interrupt::park_if_interrupted();
    let spoilt = record.cases.iter().any(|case| {
        let mut runs = case.runs.iter();
        case.unable.is_some() || runs.any(|run| run.run().observed.is_err())
    });
    if !spoilt {
        keep::keep(&record, &folder)?;
    }
    Ok(record)
}

/// Grades a probe as `ipclab check` does.
fn grade_one(
    grader: &Grader<'_>,
    probe: &Probe,
    pool: &mut PoolSlice<'_>,
) -> Result<Record, Failure> {
    let Grader { lab, store, .. } = grader;
    let path = match (probe.kind, &probe.path) {
        (Kind::Reference, _) => return grade::grade_references(pool, grader, &Silent),
        (Kind::Rubbish, _) => probes::rubbish(&lab.spec, store)?,
        (Kind::Empty | Kind::Accepted | Kind::Rejected | Kind::Starter, None) => {
            store.folder("empty")?
        }
        (Kind::Empty | Kind::Accepted | Kind::Rejected | Kind::Starter, Some(path)) => path.clone(),
    };
    let submission = materialise::take_in(&path, store)?;
    grade::grade_by(pool, grader, &submission, &Silent)
}

/// A report without what is another in every run, or hangs on where the submission lies.
fn normalised(mut report: Report) -> Report {
    report.submission = Line::new("");
    for case in &mut report.cases {
        case.conversation = None;
        case.notes.clear();
        for finding in &mut case.findings {
            finding.cites.clear();
        }
    }
    report
}

/// Replaces the numbers that differ from run to run: `#12` of a call, process numbers, ephemeral ports, times.
fn without_run_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        kept.push_str(before);
        let value: u64 = number.parse().unwrap_or(u64::MAX);
        let of_a_run = kept.ends_with('#')
            || kept.ends_with("process ")
            || (kept.ends_with(':') && EPHEMERAL_PORTS.contains(&value))
            || TIMES.contains(&value);
        kept.push_str(if of_a_run { "_" } else { number });
        rest = after;
    }
    kept + rest
}

impl Entry {
    fn of(name: &str, report: &Report) -> Result<Self, Failure> {
        let mut cases = BTreeMap::new();
        for case in &report.cases {
            // Which line an address comes from is the compiler's word: another one may say another.
            let mut findings = case.findings.clone();
            for finding in &mut findings {
                finding.lines.clear();
                finding.from.clear();
            }
            let digest = digest(&findings)?;
            let verdict = match case.earned == case.max {
                true => String::new(),
                false => format!("{} {}/{} ", case.verdict.name(), case.earned, case.max),
            };
            cases.insert(case.id.to_string(), format!("{verdict}{digest}"));
        }
        Ok(Self {
            name: name.to_owned(),
            score: format!("{}/{}", report.score.earned, report.score.max),
            exit: report.exit_code(),
            programs: digest(&report.programs)?,
            cases,
        })
    }
}

impl Entry {
    /// Notes which cases another pass worded otherwise.
    fn keep_common(&mut self, other: &Self) {
        for (id, said) in &mut self.cases {
            let Some((verdict, digest)) = split(said) else {
                continue;
            };
            if let Some((other_verdict, other_digest)) = other.cases.get(id).and_then(|s| split(s))
                && (verdict, digest) != (other_verdict, other_digest)
                && verdict == other_verdict
            {
                *said = format!("{verdict}{VARIES}");
            }
        }
    }
}

/// `fail 1/2 ab12cd34`: what comes before the digest, and the digest.
fn split(said: &str) -> Option<(&str, &str)> {
    said.split_at_checked(said.rfind(' ').map_or(0, |at| at + 1))
}

/// The first eight hexadecimal digits of the digest of what a report says.
fn digest(said: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(said)
        .map_err(|error| Failure::unable(format!("writing a report as JSON: {error}")))?;
    Ok(blake3::hash(without_run_numbers(&text).as_bytes()).to_hex()[..8].to_owned())
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
    whole_file::write(&file, format!("{value:#}\n"))
}

fn write(file: &Path, entries: &[Entry]) -> Result<(), Failure> {
    let mut text = String::new();
    for entry in entries {
        text += &serde_json::to_string(entry)
            .map_err(|error| Failure::unable(format!("writing {}: {error}", show::path(file))))?;
        text.push('\n');
    }
    whole_file::write(file, text)
}

fn read(file: &Path) -> Result<Vec<Entry>, Failure> {
    let display = show::path(file);
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("reading {display}: {}", reason(&error)))
            .remedy("write it first: ipclab golden --record")
    })?;
    text.lines()
        .enumerate()
        .map(|(n, line)| {
            serde_json::from_str(line)
                .map_err(|error| Failure::usage(format!("{display}, line {}: {error}", n + 1)))
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
        .filter(|(_, was, is)| !same(was, is))
        .map(|(part, old, new)| format!("{} {part}: was {old}, is {new}", was.name))
        .collect()
}

/// Whether a part is as recorded; where the words vary, the rest of it.
fn same(was: &str, is: &str) -> bool {
    match (split(was), split(is)) {
        (Some((was, VARIES)), Some((is, _))) => was == is,
        _ => was == is,
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    #[test]
    fn numbers_of_a_run_are_no_part_of_what_is_said() {
        let check = |text, expect| assert_eq!(without_run_numbers(text), expect);
        check("it waits in accept() (#12)", "it waits in accept() (#_)");
        check(
            "left process 7 (iserver) running",
            "left process _ (iserver) running",
        );
        check("went to 127.0.0.1:40784", "went to 127.0.0.1:_");
        check(
            "bound port 14640, not 0.0.0.0:12345",
            "bound port 14640, not 0.0.0.0:12345",
        );
        check("shm_dtime: 1795930000", "shm_dtime: _");
        check("sent 49 bytes, exit 1", "sent 49 bytes, exit 1");
    }

    #[test]
    fn words_that_vary_are_not_compared_and_points_are() {
        let mut entry = entry(
            "rejected/a",
            "3/4",
            &[("echo", "fail 0/1 ab"), ("ready", "cd")],
        );
        entry.keep_common(&self::entry(
            "rejected/a",
            "3/4",
            &[("echo", "fail 0/1 ef"), ("ready", "cd")],
        ));
        let check = |echo, ready, expect: &[&str]| {
            let seen = self::entry("rejected/a", "3/4", &[("echo", echo), ("ready", ready)]);
            assert_eq!(differences(from_ref(&entry), &[seen]), expect);
        };
        check("fail 0/1 99", "cd", &[]);
        check(
            "fail 1/2 99",
            "cd",
            &["rejected/a echo: was fail 0/1 varies, is fail 1/2 99"],
        );
        check("fail 0/1 99", "99", &["rejected/a ready: was cd, is 99"]);
    }

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
        let one = &[entry("rejected/a", "3/4", &[("echo", "fail 0/1 ab")])];
        check(one, one, &[]);
        check(one, &[], &["rejected/a: is no longer there"]);
        check(&[], one, &["rejected/a: is not recorded"]);
        check(
            one,
            &[entry("rejected/a", "4/4", &[("echo", "cd")])],
            &[
                "rejected/a score: was 3/4, is 4/4",
                "rejected/a echo: was fail 0/1 ab, is cd",
            ],
        );
        check(
            one,
            &[entry("rejected/a", "3/4", &[("ready", "cd")])],
            &[
                "rejected/a echo: was fail 0/1 ab, is not there",
                "rejected/a ready: was not there, is cd",
            ],
        );
    }
}
