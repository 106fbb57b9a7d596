//! What worlds have shown, as plain data and as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::factors::Factor;
use super::known::Known;
use super::run::Row;
use crate::json;

/// Everything that is said about some labs. As JSON it is `ipclab/worlds/v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worlds {
    schema: &'static str,
    /// The factors and their values, the usual one first.
    factors: BTreeMap<&'static str, Vec<&'static str>>,
    /// One for each lab.
    labs: Vec<LabWorlds>,
}

/// What is said about one lab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LabWorlds {
    /// `tcp-echo`
    lab: String,
    /// Submissions that were tried in each world.
    submissions: usize,
    /// The worlds beside the usual one.
    worlds: Vec<World>,
    /// Submissions that may differ.
    known: Vec<Known>,
}

/// One world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct World {
    /// What is not usual in it: value by factor.
    values: BTreeMap<&'static str, &'static str>,
    /// Seconds that it took.
    pub(super) took_s: u64,
    /// Why nothing could be validated in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unable: Option<String>,
    /// Verdicts that are not those of the usual world.
    differs: Vec<Difference>,
    /// The same of submissions that may.
    allowed: Vec<Difference>,
    /// What could not be judged in it, and could in the usual one: case and reason.
    not_judged: BTreeMap<String, String>,
}

/// A verdict that is another one than in the usual world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `accepted/whole`
    submission: String,
    /// The case; `None`: the submission as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<String>,
    /// What became of it in the usual world.
    usual: String,
    /// What becomes of it here.
    here: String,
}

impl World {
    pub(super) fn new(
        factors: &[Factor],
        choice: &[usize],
        usual: &[Row],
        outcome: Result<Vec<Row>, String>,
        known: &[Known],
    ) -> Self {
        let chosen = factors.iter().zip(choice).filter(|(_, value)| **value > 0);
        let mut world = Self {
            values: chosen
                .map(|(factor, value)| (factor.name, factor.values[*value].name))
                .collect(),
            took_s: 0,
            unable: None,
            differs: Vec::new(),
            allowed: Vec::new(),
            not_judged: BTreeMap::new(),
        };
        let rows = match outcome {
            Ok(rows) => rows,
            Err(why) => {
                world.unable = Some(why);
                return world;
            }
        };
        for usual in usual {
            let here = rows.iter().find(|row| row.name == usual.name);
            world.compare(usual, here, known);
        }
        world
    }

    /// What came of it, in two words.
    pub(super) fn summary(&self) -> String {
        match (&self.unable, self.differs.len()) {
            (Some(_), _) => "not made".to_owned(),
            (None, 0) => "the same".to_owned(),
            (None, differs) => format!("{differs} differ"),
        }
    }

    fn compare(&mut self, usual: &Row, here: Option<&Row>, known: &[Known]) {
        let unable = |row: &Row| row.unable.clone();
        let Some(here) = here.filter(|here| here.unable.is_none()) else {
            let why = here.and_then(unable);
            if usual.unable.is_none() {
                let why = why.unwrap_or_else(|| "it was not tried".to_owned());
                self.not_judged.insert(usual.name.clone(), why);
            }
            return;
        };
        let cases = |row: &Row| -> Vec<String> {
            let failed = row.fails.keys().chain(row.skips.keys());
            failed.chain(row.unknown.keys()).cloned().collect()
        };
        let mut all = [cases(usual), cases(here)].concat();
        all.sort_unstable();
        all.dedup();
        for case in all {
            if let Some(why) = here.unknown.get(&case) {
                if !usual.unknown.contains_key(&case) {
                    self.not_judged
                        .insert(format!("{}: {case}", usual.name), why.clone());
                }
                continue;
            }
            let (before, now) = (verdict(usual, &case), verdict(here, &case));
            if before != now && !usual.unknown.contains_key(&case) {
                let list = if known.iter().any(|known| known.submission == usual.name) {
                    &mut self.allowed
                } else {
                    &mut self.differs
                };
                list.push(Difference {
                    submission: usual.name.clone(),
                    case: Some(case),
                    usual: before,
                    here: now,
                });
            }
        }
    }
}

/// How a case came out, in words.
fn verdict(row: &Row, case: &str) -> String {
    match (row.fails.get(case), row.skips.get(case)) {
        (Some(aspects), _) => format!("fails on {}", aspects.join(", ")),
        (None, Some(cause)) => format!("is skipped ({cause})"),
        (None, None) => "passes".to_owned(),
    }
}

impl LabWorlds {
    pub(super) fn new(
        lab: &str,
        submissions: usize,
        worlds: Vec<World>,
        known: Vec<Known>,
    ) -> Self {
        Self {
            lab: lab.to_owned(),
            submissions,
            worlds,
            known,
        }
    }
}

impl Worlds {
    pub(super) fn new(labs: Vec<LabWorlds>, factors: &[Factor]) -> Self {
        let names = |factor: &Factor| factor.values.iter().map(|value| value.name).collect();
        Self {
            schema: "ipclab/worlds/v1",
            factors: factors
                .iter()
                .map(|factor| (factor.name, names(factor)))
                .collect(),
            labs,
        }
    }

    fn worlds(&self) -> impl Iterator<Item = &World> {
        self.labs.iter().flat_map(|lab| &lab.worlds)
    }

    /// 0: every verdict stayed. 1: one did not. 3: none is known that did not, but something could not be judged.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.worlds().any(|world| !world.differs.is_empty()) {
            1
        } else if self.worlds().next().is_none()
            || self
                .worlds()
                .any(|world| world.unable.is_some() || !world.not_judged.is_empty())
        {
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
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "what must not matter (the usual value first):");
        for (factor, values) in &self.factors {
            let _ = writeln!(out, "  {factor:<12} {}", values.join(" | "));
        }
        for lab in &self.labs {
            lab.render(&mut out);
        }
        let worlds = self.worlds().count();
        let differs: usize = self.worlds().map(|world| world.differs.len()).sum();
        let not_judged: usize = self.worlds().map(|world| world.not_judged.len()).sum();
        let unable = self.worlds().filter(|world| world.unable.is_some()).count();
        let mut last = match differs {
            0 => format!("every verdict stayed in {}", count(worlds, "world")),
            differs => format!(
                "{} not stay, in {}",
                match differs {
                    1 => "1 verdict does".to_owned(),
                    differs => format!("{differs} verdicts do"),
                },
                count(worlds, "world")
            ),
        };
        if not_judged > 0 {
            let _ = write!(last, "; {not_judged} could not be judged");
        }
        if unable > 0 {
            let _ = write!(last, "; {} could not be made", count(unable, "world"));
        }
        let _ = writeln!(out, "\n{last}");
        out
    }
}

impl LabWorlds {
    fn render(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "\n{}: {} in the usual world and in {} beside it",
            self.lab,
            count(self.submissions, "submission"),
            count(self.worlds.len(), "world")
        );
        for (n, world) in self.worlds.iter().enumerate() {
            let result = world.summary();
            let values: Vec<String> = world
                .values
                .iter()
                .map(|(factor, value)| format!("{factor}={value}"))
                .collect();
            let _ = writeln!(
                out,
                "  {:>2}  {result:<9} {:>4} s  {}",
                n + 1,
                world.took_s,
                values.join(", ")
            );
            if let Some(why) = &world.unable {
                let _ = writeln!(out, "      ? {why}");
            }
            for (what, why) in &world.not_judged {
                let _ = writeln!(out, "      ? {what}: {why}");
            }
            for difference in &world.differs {
                difference.render(out, "✗", "");
            }
            for difference in &world.allowed {
                let known = self
                    .known
                    .iter()
                    .find(|known| known.submission == difference.submission);
                let reason = known.map_or("", |known| known.reason.as_str());
                difference.render(out, "~", &format!(" (may: {reason})"));
            }
        }
    }
}

/// `1 world`, `2 worlds`
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl Difference {
    fn render(&self, out: &mut String, mark: &str, more: &str) {
        let case = self.case.as_deref().unwrap_or("the whole");
        let _ = writeln!(
            out,
            "      {mark} {}: {case} {}, and here {}{more}",
            self.submission, self.usual, self.here
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::factors::{Effect, Value};

    fn row(name: &str, fails: &[&str], unknown: &[&str]) -> Row {
        Row {
            name: name.to_owned(),
            fails: fails
                .iter()
                .map(|case| ((*case).to_owned(), vec!["output".to_owned()]))
                .collect(),
            unknown: unknown
                .iter()
                .map(|case| ((*case).to_owned(), "no such user".to_owned()))
                .collect(),
            ..Row::default()
        }
    }

    #[test]
    fn a_verdict_that_differs_is_told_with_its_world() {
        let value = |name| Value {
            name,
            effect: Effect::Usual,
        };
        let factors = [Factor {
            name: "umask",
            values: vec![value("022"), value("077")],
        }];
        let known = [Known {
            submission: "rejected/uninitialised".to_owned(),
            reason: "it prints what it never set".to_owned(),
        }];
        let check = |name: &str, usual: Row, here: Row, code: u8, expect: &str| {
            let world = World::new(&factors, &[1], &[usual], Ok(vec![here]), &known);
            let lab = LabWorlds::new("greet", 1, vec![world], known.to_vec());
            let worlds = Worlds::new(vec![lab], &factors);
            assert_eq!(worlds.exit_code(), code, "{name}");
            let text = worlds.text();
            let (_, text) = text.split_once("beside it\n").expect("a lab");
            assert_eq!(text, expect);
        };
        check(
            "the same",
            row("accepted/whole", &[], &[]),
            row("accepted/whole", &[], &[]),
            0,
            "   1  the same     0 s  umask=077\n\nevery verdict stayed in 1 world\n",
        );
        check(
            "another",
            row("accepted/whole", &[], &[]),
            row("accepted/whole", &["greets"], &[]),
            1,
            "   1  1 differ     0 s  umask=077\n      ✗ accepted/whole: greets passes, and here fails on output\n\n1 verdict does not stay, in 1 world\n",
        );
        check(
            "allowed",
            row("rejected/uninitialised", &["greets"], &[]),
            row("rejected/uninitialised", &[], &[]),
            0,
            "   1  the same     0 s  umask=077\n      ~ rejected/uninitialised: greets fails on output, and here passes (may: it prints what it never set)\n\nevery verdict stayed in 1 world\n",
        );
        check(
            "not judged",
            row("accepted/whole", &[], &[]),
            row("accepted/whole", &[], &["greets"]),
            3,
            "   1  the same     0 s  umask=077\n      ? accepted/whole: greets: no such user\n\nevery verdict stayed in 1 world; 1 could not be judged\n",
        );
    }
}
