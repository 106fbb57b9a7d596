//! What the cheats were given, as plain data and as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ipclab_report::terminal::Style;
use ipclab_spec::Aspect;
use serde::Serialize;

use super::gains::Gains;
use super::programs::Cheat;
use crate::json;
use ipclab_grade::labs::Lab;

/// A cheat that was tried in a case.
pub(super) struct Tried {
    /// The case's id.
    pub case: String,
    /// What it is called.
    pub name: String,
    /// Which it is; `None`: a rejected submission that silences the sanitizers.
    pub made: Option<Cheat>,
    /// What it was given.
    pub gains: Gains,
}

/// Everything that was found. As JSON it is `ipclab/cheats/v1`.
#[derive(Debug, Serialize)]
pub struct Cheats {
    schema: &'static str,
    labs: Vec<LabCheats>,
}

/// One lab.
#[derive(Debug, Serialize)]
pub(super) struct LabCheats {
    lab: String,
    /// Cheats that were tried, each in one case.
    tried: usize,
    /// What must not be.
    holes: Vec<Hole>,
    /// What cheats have beyond a program that does nothing, and why that cannot be otherwise.
    allowed: Vec<Allowed>,
}

/// A cheat that is given what only a solution may have.
#[derive(Debug, PartialEq, Serialize)]
struct Hole {
    case: String,
    cheat: String,
    what: String,
}

/// Output or exit status that a cheat has.
#[derive(Debug, PartialEq, Serialize)]
struct Allowed {
    cheat: &'static str,
    aspect: &'static str,
    reason: &'static str,
    cases: Vec<String>,
}

impl LabCheats {
    pub(super) fn new(lab: &Lab, tried: &[Tried]) -> Self {
        let mut holes = Vec::new();
        let mut allowed: BTreeMap<(Cheat, &'static str), Allowed> = BTreeMap::new();
        for one in tried {
            let mut hole = |what: String| {
                holes.push(Hole {
                    case: one.case.clone(),
                    cheat: one.name.clone(),
                    what,
                });
            };
            if let Some(why) = &one.gains.unknown {
                hole(format!("could not be graded: {why}"));
            }
            for path in &one.gains.specs {
                hole(format!("could read a spec where it ran: {path}"));
            }
            let Some(cheat) = one.made else {
                if one.gains.aspects.contains(&Aspect::Memory) {
                    hole("has the memory of the case, in spite of its memory error".to_owned());
                }
                continue;
            };
            if one.gains.whole {
                hole("has the whole case".to_owned());
                continue;
            }
            for aspect in one.gains.aspects.difference(&baseline(tried, &one.case)) {
                match reason(cheat, *aspect) {
                    Some(reason) => allowed
                        .entry((cheat, aspect.name()))
                        .or_insert(Allowed {
                            cheat: cheat.name(),
                            aspect: aspect.name(),
                            reason,
                            cases: Vec::new(),
                        })
                        .cases
                        .push(one.case.clone()),
                    None => hole(format!("has {}", aspect.name())),
                }
            }
        }
        Self {
            lab: lab.spec.lab.clone(),
            tried: tried.len(),
            holes,
            allowed: allowed.into_values().collect(),
        }
    }
}

/// What a program has in this case that does nothing.
fn baseline(tried: &[Tried], case: &str) -> BTreeSet<Aspect> {
    let nothing = tried
        .iter()
        .find(|one| one.case == case && one.made == Some(Cheat::DoesNothing));
    nothing.map_or_else(Default::default, |one| one.gains.aspects.clone())
}

/// Why this cheat may have this aspect beyond a program that does nothing; `None`: it may not.
fn reason(cheat: Cheat, aspect: Aspect) -> Option<&'static str> {
    match (aspect, cheat) {
        (Aspect::Exit, Cheat::Fails) => Some("a status other than 0 is what the case wants"),
        (Aspect::Exit, Cheat::Waits) => Some("a program that still runs is what the case wants"),
        (Aspect::Exit, _) => Some("how a program ends says nothing of what it did before"),
        (Aspect::Output, Cheat::DoesNothing | Cheat::Fails | Cheat::Waits) => None,
        (Aspect::Output, _) => Some("output alone does not show how it came about"),
        (Aspect::Build | Aspect::Bytes | Aspect::Cleanup | Aspect::Calls | Aspect::Memory, _) => {
            None
        }
    }
}

impl Cheats {
    pub(super) fn new(labs: Vec<LabCheats>) -> Self {
        Self {
            schema: "ipclab/cheats/v1",
            labs,
        }
    }

    /// 0: no cheat has what it must not. 1: one has. 3: nothing was tried.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.labs.iter().any(|lab| !lab.holes.is_empty()) {
            1
        } else if self.labs.iter().all(|lab| lab.tried == 0) {
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
        let sum = |of: fn(&LabCheats) -> usize| self.labs.iter().map(of).sum::<usize>();
        let _ = writeln!(
            out,
            "{}: {} cheats tried, {} holes",
            match self.exit_code() {
                0 => "proved",
                1 => "not proved",
                _ => "nothing was tried",
            },
            sum(|lab| lab.tried),
            sum(|lab| lab.holes.len()),
        );
        out
    }
}

impl LabCheats {
    fn text(&self, out: &mut String, style: &Style) {
        let (bad, dot, arrow) = if style.unicode {
            ("✗", "·", "→")
        } else {
            ("x", "-", "->")
        };
        let _ = writeln!(out, "{} {dot} {} cheats tried", self.lab, self.tried);
        for allowed in &self.allowed {
            let _ = writeln!(
                out,
                "  {} may have {}, since {}: {}",
                allowed.cheat,
                allowed.aspect,
                allowed.reason,
                allowed.cases.join(", ")
            );
        }
        for hole in &self.holes {
            let _ = writeln!(out, "  {bad} {}: {} {}", hole.case, hole.cheat, hole.what);
        }
        if !self.holes.is_empty() {
            let _ = writeln!(
                out,
                "    {arrow} let the case look at what only a solution does: bytes, calls, what is left"
            );
        }
        out.push('\n');
    }
}
