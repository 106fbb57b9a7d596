//! What a certification found, as plain data, as text, and as folders with the runs that disagree.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ipclab_report::terminal::Style;
use serde::Serialize;

use super::ledger::{Entry, Outcome};
use crate::json;
use ipclab_grade::keep;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// Everything that was found. As JSON it is `ipclab/certification/v1`.
#[derive(Debug, Serialize)]
pub struct Certification {
    schema: &'static str,
    seed: u64,
    /// Judged runs.
    runs: usize,
    /// Program set, case and input, each once.
    sites: usize,
    /// Runs whose verdict is not the one that their site mostly has.
    differing: u64,
    /// Runs that could not be judged.
    unknown: u64,
    /// `p < 3/n`, with 95 % confidence; only where nothing differed.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<f64>,
    /// Wall time in milliseconds, builds not counted.
    pub(super) took_ms: u64,
    ways: Vec<WayResult>,
    disagreements: Vec<Disagreement>,
}

/// One way of running.
#[derive(Debug, Serialize)]
pub(super) struct WayResult {
    name: &'static str,
    runs: usize,
    took_ms: u64,
}

/// Program set, case and input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Place {
    pub lab: String,
    pub programs: String,
    pub case: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// A site with more than one verdict.
#[derive(Debug, Serialize)]
struct Disagreement {
    place: Place,
    verdicts: Vec<Seen>,
    /// Where the first run of each of them is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
}

/// A verdict of it.
#[derive(Debug, Serialize)]
struct Seen {
    verdict: String,
    runs: u64,
    first_way: &'static str,
    /// The schedule that the first run of it followed, where its case tries many: `ipclab check ... --schedule FILE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    #[serde(skip)]
    entry: Entry,
}

impl WayResult {
    pub(super) fn new(name: &'static str, runs: usize, took: Duration) -> Self {
        Self {
            name,
            runs,
            took_ms: took.as_millis() as u64,
        }
    }
}

impl Certification {
    pub(super) fn new(
        seed: u64,
        sites: usize,
        ways: Vec<WayResult>,
        verdicts: BTreeMap<usize, BTreeMap<Outcome, Entry>>,
        place: impl Fn(usize) -> Place,
    ) -> Self {
        let runs = ways.iter().map(|way| way.runs).sum();
        let mut differing = 0;
        let mut unknown = 0;
        let mut disagreements = Vec::new();
        for (site, of_site) in verdicts {
            let all: u64 = of_site.values().map(|entry| entry.runs).sum();
            let most = of_site.values().map(|entry| entry.runs).max().unwrap_or(0);
            differing += all - most;
            let not_judged = of_site.iter().filter(|(outcome, _)| outcome.is_unknown());
            unknown += not_judged.map(|(_, entry)| entry.runs).sum::<u64>();
            if of_site.len() > 1 {
                let mut verdicts: Vec<Seen> = of_site
                    .into_iter()
                    .map(|(outcome, entry)| Seen {
                        verdict: outcome.to_string(),
                        runs: entry.runs,
                        first_way: entry.way,
                        schedule: None,
                        entry,
                    })
                    .collect();
                verdicts.sort_by_key(|seen| std::cmp::Reverse(seen.runs));
                disagreements.push(Disagreement {
                    place: place(site),
                    verdicts,
                    folder: None,
                });
            }
        }
        Self {
            schema: "ipclab/certification/v1",
            seed,
            runs,
            sites,
            differing,
            unknown,
            bound: (differing == 0 && runs > 0).then(|| 3.0 / runs as f64),
            took_ms: 0,
            ways,
            disagreements,
        }
    }

    /// 0: every verdict was the same. 1: some were not. 3: they were, and some runs could not be judged.
    pub fn exit_code(&self) -> u8 {
        match (self.differing, self.unknown) {
            (0, 0) => 0,
            (0, _) => 3,
            (_, _) => 1,
        }
    }

    /// Keeps plan and evidence of the first run of each verdict, where a site has several.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn keep(&mut self, folder: &Path) -> Result<(), Failure> {
        for (n, disagreement) in self.disagreements.iter_mut().enumerate() {
            let Place { lab, case, .. } = &disagreement.place;
            let at = folder.join(format!("{}-{lab}-{case}", n + 1));
            for (k, seen) in disagreement.verdicts.iter_mut().enumerate() {
                let to = at.join(format!("{}-{}", k + 1, seen.entry.way.replace(' ', "-")));
                copy(&seen.entry.kept, &to).map_err(|error| {
                    Failure::disk(format_args!("writing {}", show::path(&to)), &error)
                })?;
                let schedule = to.join(keep::SCHEDULE);
                seen.schedule = schedule.exists().then(|| show::path(&schedule));
            }
            disagreement.folder = Some(show::path(&at));
        }
        Ok(())
    }

    /// For programs.
    pub fn json(&self) -> String {
        json::text(self)
    }

    /// For people.
    pub fn text(&self, style: &Style) -> String {
        let (good, bad) = if style.unicode {
            ("✓", "✗")
        } else {
            ("+", "x")
        };
        let mut out = String::new();
        for way in &self.ways {
            let each = way.took_ms as f64 / way.runs.max(1) as f64;
            let _ = writeln!(
                out,
                "  {:<9} {:>7} runs in {:>5.0} s, one every {each:.1} ms",
                way.name,
                way.runs,
                way.took_ms as f64 / 1000.0
            );
        }
        for disagreement in &self.disagreements {
            let Place {
                lab,
                programs,
                case,
                input,
            } = &disagreement.place;
            let input = input
                .as_ref()
                .map_or(String::new(), |input| format!(", {input}"));
            let _ = writeln!(out, "\n  {bad} {lab}: {case}{input}: {programs}");
            for seen in &disagreement.verdicts {
                let _ = writeln!(
                    out,
                    "      {:>7} x {}, first {}",
                    seen.runs, seen.verdict, seen.first_way
                );
                if let Some(schedule) = &seen.schedule {
                    let _ = writeln!(
                        out,
                        "                its schedule: ipclab check ... --case {case} --schedule {schedule}"
                    );
                }
            }
            if let Some(folder) = &disagreement.folder {
                let _ = writeln!(out, "      plan and evidence of each: {folder}");
            }
        }
        let _ = write!(
            out,
            "\n{} {} runs of {} sites (programs x case x input) in {:.0} s, seed {}: ",
            if self.exit_code() == 0 { good } else { bad },
            self.runs,
            self.sites,
            self.took_ms as f64 / 1000.0,
            self.seed
        );
        let _ = match self.bound {
            Some(bound) => writeln!(
                out,
                "0 differing verdicts, so p < 3/n = {bound:.1e} (95 % confidence)"
            ),
            None => writeln!(out, "{} differing verdicts", self.differing),
        };
        if self.unknown > 0 {
            let _ = writeln!(out, "  {} runs could not be judged", self.unknown);
        }
        out
    }
}

/// A folder of plain files, with everything below it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
