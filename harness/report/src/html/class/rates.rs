//! How often each case was not passed, and what was said most often about it.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use serde::Serialize;

use crate::{Cell, Class, ClassCase, Line, Summary, cause, words};

/// How many of the things said most often about a case are shown.
const SAYS_MAX: usize = 3;

#[derive(Serialize)]
pub(super) struct Rate {
    id: String,
    title: String,
    tier: &'static str,
    points: String,
    covers: String,
    tag: &'static str,
    of: usize,
    percent: usize,
    /// Widths in percent.
    width: usize,
    open: usize,
    parts: String,
    says: Vec<FrequentMessage>,
}

#[derive(Serialize)]
struct FrequentMessage {
    count: usize,
    text: String,
}

/// How often each case was not passed, what most lost first.
pub(super) fn rates(class: &Class, graded: &[&Summary]) -> Vec<Rate> {
    let mut rates: Vec<(usize, Rate)> = class
        .cases
        .iter()
        .map(|case| {
            let cells: Vec<&Cell> = graded
                .iter()
                .filter_map(|summary| summary.cases.iter().find(|cell| cell.id == case.id))
                .collect();
            rate(case, &cells)
        })
        .collect();
    // Stable: cases that were lost equally often keep the spec's order.
    rates.sort_by_key(|(lost, _)| std::cmp::Reverse(*lost));
    rates.into_iter().map(|(_, rate)| rate).collect()
}

/// To the nearest whole one; but a few are more than none, and less than all.
fn percent(count: usize, of: usize) -> usize {
    match count {
        0 => 0,
        all if all == of => 100,
        some => ((some * 200 + of) / (2 * of)).clamp(1, 99),
    }
}

/// Of the two parts of a bar, in percent: both may have been rounded up, and they have to fit.
fn widths(lost: usize, unknown: usize, of: usize) -> (usize, usize) {
    let lost = percent(lost, of);
    (lost, percent(unknown, of).min(100 - lost))
}

fn rate(case: &ClassCase, cells: &[&Cell]) -> (usize, Rate) {
    let of = |verdict| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let (failed, skipped, unknown) = (
        of(Verdict::Fail),
        of(Verdict::Skipped),
        of(Verdict::Unknown),
    );
    let lost = failed + skipped;
    let percent = |count: usize| percent(count, cells.len());
    let parts: Vec<String> = [
        (failed, "failed"),
        (skipped, "skipped"),
        (unknown, "not graded"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let (width, open) = widths(lost, unknown, cells.len());
    let covers: Vec<&str> = case.covers.iter().map(Line::as_str).collect();
    let rate = Rate {
        id: case.id.to_string(),
        title: case.title.to_string(),
        tier: case.tier.name(),
        points: words::count(case.max as usize, "point"),
        covers: covers.join(", "),
        tag: words::tag(case.visibility),
        of: cells.len(),
        percent: percent(lost),
        width,
        open,
        parts: parts.join(", "),
        says: says(cells),
    };
    (percent(lost) * 1000 + lost.min(999), rate)
}

/// What was said most often of those that failed; messages of one cause are one.
fn says(cells: &[&Cell]) -> Vec<FrequentMessage> {
    let mut said: BTreeMap<String, (usize, &Line)> = BTreeMap::new();
    let failed = cells.iter().filter(|cell| cell.verdict == Verdict::Fail);
    for text in failed.filter_map(|cell| cell.says.as_ref()) {
        said.entry(cause::sentence(text)).or_insert((0, text)).0 += 1;
    }
    let mut said: Vec<FrequentMessage> = said
        .into_values()
        .map(|(count, text)| FrequentMessage {
            count,
            text: text.to_string(),
        })
        .collect();
    said.sort_by_key(|said| std::cmp::Reverse(said.count));
    said.truncate(SAYS_MAX);
    said
}

#[cfg(test)]
mod tests {
    use super::{percent, widths};

    #[test]
    fn two_parts_of_a_bar_that_are_rounded_up_still_fit() {
        assert_eq!(widths(1, 7, 8), (13, 87));
        assert_eq!(widths(1, 1, 2), (50, 50));
        assert_eq!(widths(0, 1, 300), (0, 1));
    }

    #[test]
    fn a_few_are_neither_nobody_nor_everybody() {
        for (count, of, shown) in [
            (0, 300, 0),
            (1, 300, 1),
            (2, 3, 67),
            (1, 8, 13),
            (299, 300, 99),
            (300, 300, 100),
            (0, 0, 0),
        ] {
            assert_eq!(percent(count, of), shown, "{count} of {of}");
        }
    }
}
