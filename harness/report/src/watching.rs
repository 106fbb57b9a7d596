//! What a save changed: the report of now against the one before, in one line.

use ipclab_judge::Verdict;

use crate::{CaseReport, Report, words};

/// Cases that are named on each side.
const NAMED: usize = 3;

/// Whether every program of a report could be built. What a save changed is counted from the last such report: while something is
/// half written, points go and come back, and that says nothing.
#[must_use]
pub fn is_built(report: &Report) -> bool {
    report
        .programs
        .iter()
        .all(|program| program.problem.is_none())
}

/// `+2: echo-one passes now; -1: echo-two fails now`. `None`: the two are not about the same cases.
#[must_use]
pub fn changed(before: &Report, after: &Report) -> Option<String> {
    let ids = |report: &Report| -> Vec<String> {
        report
            .cases
            .iter()
            .map(|case| case.id.to_string())
            .collect()
    };
    if before.lab != after.lab || ids(before) != ids(after) {
        return None;
    }
    let broken = |report: &Report| -> Vec<String> {
        let programs = report.programs.iter();
        let broken = programs.filter(|program| program.problem.is_some());
        broken.map(|program| program.name.to_string()).collect()
    };
    let (was_broken, is_broken) = (broken(before), broken(after));
    let broke: Vec<String> = is_broken
        .into_iter()
        .filter(|name| !was_broken.contains(name))
        .collect();
    match broke.as_slice() {
        [] => {}
        // Its points went with it, case by case: that is one thing and no list.
        [one] => return Some(format!("{one} does not build now.")),
        several => return Some(format!("{} do not build now.", several.join(" and "))),
    }
    let pairs = || before.cases.iter().zip(&after.cases);
    let gained: Vec<_> = pairs()
        .filter(|(old, new)| new.earned > old.earned)
        .collect();
    let lost: Vec<_> = pairs()
        .filter(|(old, new)| new.earned < old.earned)
        .collect();
    let mut parts = Vec::new();
    parts.extend(side('+', &gained));
    parts.extend(side('-', &lost));
    if parts.is_empty() {
        // The points may be the same while the next mistake is another one.
        let first = |report: &Report| report.causes.first().map(|it| it.message.clone());
        parts.push(match first(before) == first(after) {
            true => "The points are the same as before.".to_owned(),
            false => {
                "The points are the same as before. The first mistake is another one.".to_owned()
            }
        });
    }
    Some(parts.join("; "))
}

fn side(sign: char, cases: &[(&CaseReport, &CaseReport)]) -> Option<String> {
    if cases.is_empty() {
        return None;
    }
    let points: u32 = cases
        .iter()
        .map(|(old, new)| old.earned.abs_diff(new.earned))
        .fold(0, u32::saturating_add);
    let mut named: Vec<String> = cases
        .iter()
        .take(NAMED)
        .map(|(_, new)| format!("{} {}", new.id, now(new, sign)))
        .collect();
    if cases.len() > NAMED {
        named.push(words::count(cases.len() - NAMED, "more case"));
    }
    Some(format!("{sign}{points}: {}", named.join(", ")))
}

fn now(case: &CaseReport, sign: char) -> &'static str {
    match (case.verdict, sign) {
        (Verdict::Pass, _) => "passes now",
        (Verdict::Fail, '+') => "gets more now",
        (Verdict::Fail, _) => "fails now",
        (Verdict::Skipped, _) => "is skipped now",
        (Verdict::Unknown, _) => "could not be graded now",
    }
}
