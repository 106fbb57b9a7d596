//! `ipclab coverage`: what the unit asks, and which cases test it.
//!
//! The lists are `specs/unit.toml` and `specs/*.unit.toml`, and a case's `covers` points into one of them. A requirement that no case tests is a hole, unless
//! the list itself says which lab it waits for; and when that lab has come, the mark is a mistake.

use std::collections::BTreeMap;
use std::fmt::Write;

use ipclab_report::terminal::Style;
use ipclab_report::width;
use serde::Serialize;

use crate::json;
use ipclab_grade::labs;
use ipclab_grade::unit::{Question, Unit};
use ipclab_intake::failure::Failure;

/// The table. As JSON it is `ipclab/coverage/v1`.
#[derive(Debug, Serialize)]
pub struct Coverage {
    schema: &'static str,
    questions: Vec<Row>,
    /// Requirements that cases test.
    tested: usize,
    /// Requirements that wait for a lab.
    waiting: usize,
    /// What is wrong with the list.
    holes: Vec<String>,
}

/// A question.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    title: String,
    requirements: Vec<Covered>,
}

/// A requirement and the cases that test it.
#[derive(Debug, Serialize)]
struct Covered {
    id: String,
    tier: &'static str,
    asks: String,
    /// By lab, in the spec's order.
    cases: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
}

/// The table of the labs that the tool carries.
///
/// # Errors
/// A spec or the list is not as it must be.
pub fn coverage() -> Result<Coverage, Failure> {
    Ok(Coverage::of(&labs::unit()?, &covers()?))
}

/// Lab, case, and what it covers.
type Covers = Vec<(String, String, Vec<String>)>;

fn covers() -> Result<Covers, Failure> {
    let mut covers = Covers::new();
    for name in labs::names() {
        let spec = labs::carried(&name)?.spec;
        let cases = spec.cases.into_iter();
        covers.extend(cases.map(|case| (name.clone(), case.id, case.covers)));
    }
    Ok(covers)
}

impl Coverage {
    fn of(unit: &Unit, covers: &Covers) -> Self {
        let mut holes = Vec::new();
        let known = unit.requirements();
        for (lab, case, covered) in covers {
            if covered.is_empty() {
                holes.push(format!("{lab}: {case} covers nothing"));
            }
            for id in covered.iter().filter(|id| !known.contains(id)) {
                holes.push(format!(
                    "{lab}: {case} covers {id}, which the unit does not ask"
                ));
            }
        }
        let mut row = |question: &Question| Row {
            id: question.id.clone(),
            title: question.title.clone(),
            requirements: question
                .requirements
                .iter()
                .map(|one| {
                    let id = format!("{}.{}", question.id, one.id);
                    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
                    for (lab, case, _) in covers.iter().filter(|(_, _, ids)| ids.contains(&id)) {
                        cases.entry(lab.clone()).or_default().push(case.clone());
                    }
                    match (&one.waits_for, cases.is_empty()) {
                        (None, true) => holes.push(format!("no case tests {id}: {}", one.asks)),
                        (Some(lab), false) => holes.push(format!(
                            "{id} is tested, and the list says that it waits for {lab}"
                        )),
                        (None, false) | (Some(_), true) => {}
                    }
                    Covered {
                        id,
                        tier: one.tier.tier().name(),
                        asks: one.asks.clone(),
                        cases,
                        waits_for: one.waits_for.clone(),
                    }
                })
                .collect(),
        };
        let questions: Vec<Row> = unit.questions.iter().map(&mut row).collect();
        let all = || questions.iter().flat_map(|row| &row.requirements);
        Self {
            schema: "ipclab/coverage/v1",
            tested: all().filter(|one| !one.cases.is_empty()).count(),
            waiting: all().filter(|one| one.waits_for.is_some()).count(),
            questions,
            holes,
        }
    }

    /// 0: every requirement is tested or waits for its lab. 1: there are holes.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.holes.is_empty())
    }

    /// For programs.
    pub fn json(&self) -> String {
        json::text(self)
    }

    /// For people.
    pub fn text(&self, style: &Style) -> String {
        let (good, bad, waits) = if style.unicode {
            ("✓", "✗", "…")
        } else {
            ("+", "x", ".")
        };
        let all = || self.questions.iter().flat_map(|row| &row.requirements);
        let names = all().map(|one| width(&one.id)).max().unwrap_or(0);
        let mut out = String::new();
        for row in &self.questions {
            let _ = writeln!(out, "{} {}", row.id, row.title);
            for one in &row.requirements {
                let mark = match (&one.waits_for, one.cases.is_empty()) {
                    (_, false) => good,
                    (Some(_), true) => waits,
                    (None, true) => bad,
                };
                let pad = " ".repeat(names - width(&one.id));
                let _ = writeln!(
                    out,
                    "  {mark} {}{pad}  {:<7}  {}",
                    one.id,
                    one.tier,
                    one.tested_by("; ")
                );
            }
            out.push('\n');
        }
        for hole in &self.holes {
            let _ = writeln!(out, "{bad} {hole}");
        }
        let _ = writeln!(
            out,
            "{} requirements: {} tested, {} wait for a lab, {}",
            all().count(),
            self.tested,
            self.waiting,
            match self.holes.len() {
                0 => "no holes".to_owned(),
                1 => "1 hole".to_owned(),
                holes => format!("{holes} holes"),
            }
        );
        out
    }

    /// For documents.
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "# What the units ask, and which cases test it\n\n\
             Generated by `ipclab coverage --format markdown` from the lists of questions (`specs/unit.toml`, `specs/*.unit.toml`) and\n\
             the specs; a test keeps it fresh.\n",
        );
        for row in &self.questions {
            let _ = write!(
                out,
                "\n## {}: {}\n\n| requirement | tier | what is asked | tested by |\n|---|---|---|---|\n",
                row.id, row.title
            );
            for one in &row.requirements {
                let _ = writeln!(
                    out,
                    "| `{}` | {} | {} | {} |",
                    one.id,
                    one.tier,
                    one.asks,
                    one.tested_by("<br>")
                );
            }
        }
        let _ = writeln!(
            out,
            "\n{} requirements are tested, {} wait for a lab.",
            self.tested, self.waiting
        );
        out
    }
}

impl Covered {
    /// `tcp-echo: restart, own-pair`
    fn tested_by(&self, between: &str) -> String {
        if let (Some(lab), true) = (&self.waits_for, self.cases.is_empty()) {
            return format!("not yet: waits for {lab}");
        }
        let labs = self.cases.iter();
        let labs: Vec<String> = labs
            .map(|(lab, cases)| format!("{lab}: {}", cases.join(", ")))
            .collect();
        if labs.is_empty() {
            "nobody".to_owned()
        } else {
            labs.join(between)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, Unit};

    const UNIT: &str = "
[[question]]
id    = \"Q1\"
title = \"one\"
requirements = [
  { id = \"a\", tier = \"core\", asks = \"This\" },
  { id = \"b\", tier = \"stretch\", asks = \"That\", waits_for = \"later\" },
]
";

    fn holes(covers: &[(&str, &[&str])]) -> Vec<String> {
        let unit = Unit::parse("unit.toml", UNIT).expect("it is right");
        let covers = covers.iter().map(|(case, ids)| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            ("lab".to_owned(), (*case).to_owned(), ids)
        });
        Coverage::of(&unit, &covers.collect()).holes
    }

    #[test]
    fn what_is_not_tested_not_marked_or_not_asked_is_a_hole() {
        assert_eq!(holes(&[("one", &["Q1.a"])]), [""; 0]);
        assert_eq!(
            holes(&[("one", &["Q1.a"]), ("two", &[])]),
            ["lab: two covers nothing"]
        );
        assert_eq!(holes(&[]), ["no case tests Q1.a: This"]);
        assert_eq!(
            holes(&[("one", &["Q1.a", "Q1.b"])]),
            ["Q1.b is tested, and the list says that it waits for later"]
        );
        assert_eq!(
            holes(&[("one", &["Q1.a", "Q1"])]),
            ["lab: one covers Q1, which the unit does not ask"]
        );
    }

    #[test]
    fn a_malformed_list_is_an_error() {
        for (from, to, words) in [
            ("\"b\"", "\"a\"", "Q1.a is there twice"),
            ("\"core\"", "\"cor\"", "unknown variant `cor`"),
            ("asks = \"This\"", "ask = \"This\"", "unknown field `ask`"),
        ] {
            let error = Unit::parse("unit.toml", &UNIT.replace(from, to)).expect_err(words);
            assert!(error.message.contains(words), "{}", error.message);
        }
    }
}
