//! Causes: the findings of all cases, grouped under the mistakes that they come from.
//!
//! The judge says for each finding of a run which mistake it comes from ([`ipclab_judge::Mistake`]). Here the mistakes of
//! all cases are put together:
//!
//! - The same kind, program and detail are one cause. Programs that share a source file count as one.
//! - What a program prints, sends and calls, and that it waits for ever, are seen in several aspects of one mistake. How it
//!   ends and what it leaves are the same mistake where one case shows them together.
//!   A program that serves or looks for another place does nothing right there: these are the same mistake, too.
//! - What goes wrong after an error (a call unchecked, no message, status 0) is one cause where one case shows it together,
//!   or where it is the same call, or the same of these in several calls.
//! - A program that works alone, and not beside another of the student's that does not, has no mistake of its own.
//! - Two programs of which the same is said have the same mistake.
//! - A case that another one stops has the cause of that one.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_judge::{Finding, Mistake, MistakeKind, Outcome, Verdict};
use ipclab_report::Program;
use ipclab_spec::Case;

/// The number of a cause.
pub type Group = u32;

/// Gives each finding of each case the number of its cause; `None`: it passed, or is not the student's.
#[must_use]
pub fn group(cases: &[(&Case, &Outcome)], programs: &[Program]) -> Vec<Vec<Option<Group>>> {
    let mut groups = Groups {
        shared: shared_sources(programs),
        ..Groups::default()
    };
    for (_, outcome) in cases {
        groups.add_case(outcome);
    }
    groups.join_symptoms();
    groups.join_victims(cases);
    groups.join_twins(cases, programs);
    let mut main: BTreeMap<&str, Group> = BTreeMap::new();
    let mut all = Vec::new();
    for (case, outcome) in cases {
        let numbers: Vec<Option<Group>> = outcome
            .findings
            .iter()
            .map(|finding| {
                let mistake = counted(finding)?;
                match mistake.kind {
                    MistakeKind::Requires => main.get(mistake.detail.as_str()).copied(),
                    _ => groups.of(&groups.key(finding, mistake)),
                }
            })
            .collect();
        let graded = outcome.findings.iter().zip(&numbers);
        let first = graded.filter(|(finding, _)| finding.graded);
        if let Some(first) = first.filter_map(|(_, number)| *number).next() {
            main.insert(&case.id, first);
        }
        all.push(numbers);
    }
    all
}

/// Of programs that share a source file, the name of the first.
fn shared_sources(programs: &[Program]) -> BTreeMap<String, String> {
    let mut shared = BTreeMap::new();
    for (at, program) in programs.iter().enumerate() {
        let others = programs.iter().take(at);
        let first = others
            .filter(|other| {
                other
                    .sources
                    .iter()
                    .any(|file| program.sources.contains(file))
            })
            .map(|other| other.name.to_string())
            .next();
        if let Some(first) = first {
            let first = shared.get(&first).cloned().unwrap_or(first);
            shared.insert(program.name.to_string(), first);
        }
    }
    shared
}

/// The mistake of a finding that lost something, or would.
fn counted(finding: &Finding) -> Option<&Mistake> {
    match finding.verdict {
        Verdict::Fail | Verdict::Skipped => finding.mistake.as_ref(),
        Verdict::Pass | Verdict::Unknown => None,
    }
}

/// What tells one mistake from another.
type Key = (MistakeKind, Option<String>, String);

/// Of a cause: its program, the places of its cases, what is said.
type Seen<'a> = (Option<String>, BTreeSet<usize>, BTreeSet<&'a str>);

/// Sets of mistakes that are the same one (union-find).
#[derive(Default)]
struct Groups {
    known: BTreeMap<Key, usize>,
    parents: Vec<usize>,
    /// Programs that count as another one.
    shared: BTreeMap<String, String>,
}

impl Groups {
    /// The mistake as one finding shows it: behaviour by the aspect in which it is seen.
    fn key(&self, finding: &Finding, mistake: &Mistake) -> Key {
        let detail = match mistake.kind {
            MistakeKind::Behaviour => finding.aspect.name().to_owned(),
            _ => mistake.detail.clone(),
        };
        let program = mistake.program.as_ref();
        let program = program.map(|name| self.shared.get(name).unwrap_or(name).clone());
        (mistake.kind, program, detail)
    }

    /// Joins what one case shows together of one program.
    fn add_case(&mut self, outcome: &Outcome) {
        let mut soft: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for finding in &outcome.findings {
            let Some(mistake) = counted(finding) else {
                continue;
            };
            let key = self.key(finding, mistake);
            let program = key.1.clone();
            let at = self.index(key);
            if is_soft(mistake.kind) {
                match soft.get(&program) {
                    Some(other) => self.join(*other, at),
                    None => {
                        soft.insert(program, at);
                    }
                }
            }
        }
    }

    /// Joins what is seen of one mistake of a program in different cases.
    fn join_symptoms(&mut self) {
        let symptoms = |(kind, _, detail): &Key| -> Vec<String> {
            match kind {
                MistakeKind::Waits | MistakeKind::Nul | MistakeKind::Place => {
                    vec!["works".to_owned()]
                }
                MistakeKind::Behaviour => {
                    let works = ["output", "bytes", "calls", "memory"].contains(&detail.as_str());
                    works.then(|| "works".to_owned()).into_iter().collect()
                }
                MistakeKind::Memory | MistakeKind::Crash => vec!["dies".to_owned()],
                MistakeKind::Unchecked => vec![format!("call {detail}")],
                MistakeKind::Status | MistakeKind::Silent => {
                    vec![format!("call {detail}"), kind.name().to_owned()]
                }
                MistakeKind::Build | MistakeKind::Limit | MistakeKind::Requires => Vec::new(),
            }
        };
        let known: Vec<(Key, usize)> = self.known.clone().into_iter().collect();
        let mut first: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
        for (key, at) in &known {
            for symptom in symptoms(key) {
                let other = *first.entry((key.1.clone(), symptom)).or_insert(*at);
                self.join(other, *at);
            }
        }
        // What no single program could be blamed for is known by what is seen.
        for (key, at) in known.iter().filter(|(key, _)| key.1.is_none()) {
            let same = |other: &&(Key, usize)| {
                (other.0.0, &other.0.2) == (key.0, &key.2) && other.0.1.is_some()
            };
            if let Some((_, other)) = known.iter().find(same) {
                self.join(*other, *at);
            }
        }
    }

    /// Joins the mistake of a program that is seen only beside another program of the student's, if that other one has a
    /// mistake that is seen without the first.
    fn join_victims(&mut self, cases: &[(&Case, &Outcome)]) {
        let players: Vec<BTreeSet<&str>> = cases
            .iter()
            .map(|(case, _)| case.needs())
            .map(|needs| needs.into_iter().collect())
            .collect();
        let plays = |place: usize, program: &str| {
            let mut names = players.get(place).into_iter().flatten();
            names.any(|name| self.shared.get(*name).map_or(*name, String::as_str) == program)
        };
        let seen = self.seen(cases);
        let mut joined = Vec::new();
        for (victim, (program, places, _)) in &seen {
            let Some(program) = program.as_deref() else {
                continue;
            };
            let culprit = seen.iter().find(|(_, (other, elsewhere, _))| {
                other.as_deref().is_some_and(|other| {
                    other != program
                        && places.iter().all(|place| plays(*place, other))
                        && elsewhere.iter().any(|place| !plays(*place, program))
                })
            });
            joined.extend(culprit.map(|(culprit, _)| (*culprit, *victim)));
        }
        for (culprit, victim) in joined {
            self.join(culprit, victim);
        }
    }

    /// Joins mistakes of different programs of which the same is said, but for the programs' names and numbers.
    fn join_twins(&mut self, cases: &[(&Case, &Outcome)], programs: &[Program]) {
        let plain = |message: &str| {
            let mut plain = message.to_owned();
            for program in programs {
                plain = plain.replace(program.name.as_str(), "PROGRAM");
            }
            // One of them waits in another call than the other.
            for call in ["epoll_wait()", "select()"] {
                plain = plain.replace(call, "poll()");
            }
            plain.retain(|c| !c.is_ascii_digit());
            plain
        };
        let seen: Vec<_> = self
            .seen(cases)
            .into_iter()
            .map(|(at, (program, _, messages))| {
                let messages: BTreeSet<String> = messages.into_iter().map(plain).collect();
                (at, program, messages)
            })
            .collect();
        for (n, (at, program, messages)) in seen.iter().enumerate() {
            for (other, its_program, its_messages) in &seen[..n] {
                let same = messages.is_subset(its_messages) || its_messages.is_subset(messages);
                if program != its_program && same {
                    self.join(*other, *at);
                }
            }
        }
    }

    /// For each cause as it stands: the first program, the places of its cases, and what is said.
    fn seen<'a>(&self, cases: &[(&Case, &'a Outcome)]) -> BTreeMap<usize, Seen<'a>> {
        let mut seen: BTreeMap<usize, Seen<'a>> = BTreeMap::new();
        for (place, (_, outcome)) in cases.iter().enumerate() {
            for finding in outcome.findings.iter().filter(|finding| finding.graded) {
                let Some(mistake) = counted(finding) else {
                    continue;
                };
                let key = self.key(finding, mistake);
                if let Some(at) = self.known.get(&key).map(|at| self.root(*at)) {
                    let (program, places, messages) = seen.entry(at).or_default();
                    if program.is_none() {
                        *program = key.1;
                    }
                    places.insert(place);
                    messages.insert(&finding.message);
                }
            }
        }
        seen
    }

    fn index(&mut self, key: Key) -> usize {
        let next = self.parents.len();
        let at = *self.known.entry(key).or_insert(next);
        if at == next {
            self.parents.push(next);
        }
        at
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parents[at] != at {
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (first, later) = (one.min(other), one.max(other));
        self.parents[later] = first;
    }

    fn of(&self, key: &Key) -> Option<Group> {
        let at = self.known.get(key)?;
        Group::try_from(self.root(*at)).ok()
    }
}

/// Kinds that are seen in what a program does and not in why.
fn is_soft(kind: MistakeKind) -> bool {
    match kind {
        MistakeKind::Unchecked
        | MistakeKind::Status
        | MistakeKind::Silent
        | MistakeKind::Waits
        | MistakeKind::Behaviour => true,
        MistakeKind::Build
        | MistakeKind::Place
        | MistakeKind::Memory
        | MistakeKind::Crash
        | MistakeKind::Limit
        | MistakeKind::Nul
        | MistakeKind::Requires => false,
    }
}
