//! What became of the mutants, as plain data and as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ipclab_report::terminal::Style;
use ipclab_report::width;
use serde::Serialize;

use super::equivalent::{Equivalent, FILE};
use super::tried::{Fate, Tried};
use crate::json;
use crate::validate::probes::Proof;
use ipclab_intake::show;

/// Everything that was found. As JSON it is `ipclab/mutants/v1`.
#[derive(Debug, Serialize)]
pub struct Mutations {
    schema: &'static str,
    labs: Vec<LabMutants>,
}

/// One lab.
#[derive(Debug, Serialize)]
pub(super) struct LabMutants {
    lab: String,
    /// Program sets whose calls were changed.
    programs: Vec<String>,
    /// Changes: program set, program and words, each once, however many cases show it.
    changes: usize,
    /// Runs with a change.
    runs: usize,
    /// Changes that cost points in at least one case.
    killed: usize,
    cases: Vec<CaseCount>,
    survivors: Vec<Survivor>,
    equivalent: Vec<Survivor>,
    /// Entries of the list that no survivor is like.
    stale: Vec<String>,
    /// Where the list is.
    list: String,
}

/// One case.
#[derive(Debug, PartialEq, Serialize)]
struct CaseCount {
    id: String,
    runs: usize,
    killed: usize,
}

/// A change that no case noticed.
#[derive(Debug, Serialize)]
struct Survivor {
    program: String,
    change: String,
    /// The program sets that it was made to.
    of: BTreeSet<String>,
    /// The cases that it was tried in.
    cases: BTreeSet<String>,
    /// It could not be judged in some case.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Mutations {
    pub(super) fn new(labs: Vec<LabMutants>) -> Self {
        Self {
            schema: "ipclab/mutants/v1",
            labs,
        }
    }

    /// 0: every change costs points, or has its reason. 1: one does not, or a reason is for nothing. 3: nothing was tried.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let open = |lab: &LabMutants| !lab.survivors.is_empty() || !lab.stale.is_empty();
        if self.labs.iter().any(open) {
            1
        } else if self.labs.iter().all(|lab| lab.changes == 0) {
            3
        } else {
            0
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        json::text(self)
    }

    /// For people.
    #[must_use]
    pub fn text(&self, style: &Style) -> String {
        let mut out = String::new();
        for lab in &self.labs {
            lab.text(&mut out, style);
        }
        let sum = |of: fn(&LabMutants) -> usize| self.labs.iter().map(of).sum::<usize>();
        let _ = writeln!(
            out,
            "{}: {} of {} changes cost points, {} can be noticed by nobody, {} survive",
            match self.exit_code() {
                0 => "proved",
                1 => "not proved",
                _ => "nothing was tried",
            },
            sum(|lab| lab.killed),
            sum(|lab| lab.changes),
            sum(|lab| lab.changes - lab.killed) - sum(LabMutants::open),
            sum(LabMutants::open),
        );
        out
    }
}

impl LabMutants {
    /// `all`: every case was tried, so that an entry without a survivor is out of date.
    pub(super) fn new(
        proof: &Proof,
        list: &[Equivalent],
        tried: &[(String, Vec<Tried>)],
        all: bool,
    ) -> Self {
        let mut changes: BTreeMap<(&str, &str, &str), Vec<&Tried>> = BTreeMap::new();
        for (set, tried) in tried {
            for one in tried {
                let change = (one.program.as_str(), one.words.as_str(), set.as_str());
                changes.entry(change).or_default().push(one);
            }
        }
        let is_killed = |tries: &[&Tried]| tries.iter().any(|one| one.fate == Fate::Killed);
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let (mut survivors, mut equivalent): (Vec<Survivor>, Vec<Survivor>) = Default::default();
        for ((program, words, set), tries) in &changes {
            if is_killed(tries) {
                continue;
            }
            let entry = list
                .iter()
                .position(|entry| entry.matches(set, program, words));
            used.extend(entry);
            let reason = entry.map(|entry| list[entry].reason.clone());
            let to = if reason.is_some() {
                &mut equivalent
            } else {
                &mut survivors
            };
            let cases = tries.iter().map(|one| one.case.clone());
            let unknown = tries.iter().any(|one| one.fate == Fate::Unknown);
            // The same change of several program sets is told once.
            match to.last_mut() {
                Some(last) if last.program == *program && last.change == *words => {
                    last.of.insert((*set).to_owned());
                    last.cases.extend(cases);
                    last.unknown |= unknown;
                }
                _ => to.push(Survivor {
                    program: (*program).to_owned(),
                    change: (*words).to_owned(),
                    of: BTreeSet::from([(*set).to_owned()]),
                    cases: cases.collect(),
                    unknown,
                    reason,
                }),
            }
        }
        // One reason is told once.
        equivalent.sort_by(|a, b| (&a.program, &a.reason).cmp(&(&b.program, &b.reason)));
        let stale = list.iter().enumerate().filter(|(n, _)| {
            // Where it was not tried, or not with all program sets, nothing is known.
            let tried_at_all = all && tried.iter().any(|(_, tried)| !tried.is_empty());
            tried_at_all && !used.contains(n)
        });
        let cases = proof.lab.spec.cases.iter().filter_map(|case| {
            let tries = tried.iter().flat_map(|(_, tried)| tried);
            let own: Vec<&Tried> = tries.filter(|one| one.case == case.id).collect();
            (!own.is_empty()).then(|| CaseCount {
                id: case.id.clone(),
                runs: own.len(),
                killed: own.iter().filter(|one| one.fate == Fate::Killed).count(),
            })
        });
        Self {
            lab: proof.lab.spec.lab.clone(),
            programs: tried.iter().map(|(set, _)| set.clone()).collect(),
            changes: changes.len(),
            runs: tried.iter().map(|(_, tried)| tried.len()).sum(),
            killed: changes.values().filter(|tries| is_killed(tries)).count(),
            stale: stale
                .map(|(_, entry)| format!("{}: {}", entry.program, entry.change))
                .collect(),
            cases: cases.collect(),
            survivors,
            equivalent,
            list: show::path(&proof.folder.join(FILE)),
        }
    }

    /// Changes that no case noticed and no entry of `equivalent.toml` explains.
    fn open(&self) -> usize {
        self.survivors
            .iter()
            .map(|survivor| survivor.of.len())
            .sum()
    }

    fn text(&self, out: &mut String, style: &Style) {
        let (bad, dot, arrow) = if style.unicode {
            ("✗", "·", "→")
        } else {
            ("x", "-", "->")
        };
        let _ = writeln!(
            out,
            "{} {dot} calls changed of {}\n",
            self.lab,
            self.programs.join(", ")
        );
        let names = self.cases.iter().map(|case| width(&case.id)).max();
        let names = names.unwrap_or(0);
        for case in &self.cases {
            let pad = " ".repeat(names - width(&case.id));
            let _ = writeln!(
                out,
                "  {}{pad}  {:>4} of {:<4} noticed",
                case.id, case.killed, case.runs
            );
        }
        let _ = writeln!(
            out,
            "\n  {} of {} changes cost points in at least one case ({} runs)",
            self.killed, self.changes, self.runs
        );
        for survivor in &self.survivors {
            let of: Vec<&str> = survivor.of.iter().map(String::as_str).collect();
            let cases: Vec<&str> = survivor.cases.iter().map(String::as_str).collect();
            let _ = writeln!(
                out,
                "\n  {bad} {} ({}): {}",
                survivor.program,
                of.join(", "),
                survivor.change
            );
            let not = if survivor.unknown {
                "could not be judged"
            } else {
                "not noticed"
            };
            let _ = writeln!(out, "      {not} in {}", cases.join(", "));
        }
        if !self.survivors.is_empty() {
            let _ = writeln!(
                out,
                "    {arrow} let a case notice it; where nobody can, say why in {}",
                self.list
            );
        }
        for stale in &self.stale {
            let _ = writeln!(
                out,
                "\n  {bad} {}: nothing survives that is like {stale:?}",
                self.list
            );
            let _ = writeln!(out, "    {arrow} take the entry out");
        }
        let mut last = "";
        for survivor in &self.equivalent {
            let reason = survivor.reason.as_deref().unwrap_or_default();
            if reason != last {
                let _ = writeln!(out, "\n  nobody can notice, since {reason}:");
            }
            last = reason;
            let _ = writeln!(out, "    {}: {}", survivor.program, survivor.change);
        }
        out.push('\n');
    }
}
