//! The page of a class: what most got wrong, and the marks of all.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{fill, style, view};
use crate::{Cell, Class, ClassCase, Line, Mark, Member, Standing, Summary, TierScore, words};

/// How many of the things said most often about a case are shown.
const SAYS_MAX: usize = 3;
/// Columns of the histogram.
const BINS: u64 = 10;

#[derive(Serialize)]
struct Bin {
    label: String,
    count: usize,
    width: usize,
}

#[derive(Serialize)]
struct Rate {
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

#[derive(Serialize)]
struct RowView {
    name: String,
    id: String,
    href: String,
    points: String,
    tiers: Vec<String>,
    tags: Vec<String>,
    says: String,
    cells: Vec<view::Mark>,
}

/// The page of a class. `folder` is where the submissions' pages lie, as seen from this page: `submissions`.
#[must_use]
pub fn class(class: &Class, folder: &str) -> String {
    let graded: Vec<&Summary> = class
        .submissions
        .iter()
        .filter_map(|row| summary(row))
        .collect();
    let rates = rates(class, &graded);
    let mut tiers: Vec<_> = class.cases.iter().map(|case| case.tier).collect();
    tiers.sort_unstable();
    tiers.dedup();
    let rows: Vec<RowView> = class
        .submissions
        .iter()
        .map(|row| RowView {
            tiers: match summary(row) {
                Some(summary) => tiers
                    .iter()
                    .map(|tier| {
                        let score = summary.score.tiers.get(tier).copied().unwrap_or_default();
                        tier_points(&score)
                    })
                    .collect(),
                None => tiers.iter().map(|_| String::new()).collect(),
            },
            ..row_view(class, row, folder)
        })
        .collect();
    let missing: Vec<String> = class.missing.iter().map(words::student).collect();
    fill(
        "class.html",
        context! {
            style => style(),
            lab => class.lab.as_str(),
            title => class.title.as_str(),
            max => class.max,
            notes => class.notes.iter().map(Line::to_string).collect::<Vec<_>>(),
            figures => figures(class, &graded),
            bins => Value::from(Serde(&bins(class, &graded))),
            rates => Value::from(Serde(&rates)),
            tiers => tiers.iter().map(|tier| tier.name()).collect::<Vec<_>>(),
            columns => class.cases.iter().map(|case| case.id.to_string()).collect::<Vec<_>>(),
            rows => Value::from(Serde(&rows)),
            missing,
        },
    )
}

fn summary(row: &Member) -> Option<&Summary> {
    match &row.standing {
        Standing::Graded(summary) => Some(summary),
        Standing::NotGraded(_) => None,
    }
}

fn final_points(summary: &&Summary) -> Option<u32> {
    summary.mark().final_points()
}

/// `9/12`, `9 to 11/12` where some of it could not be graded.
fn tier_points(score: &TierScore) -> String {
    let whole = Mark::Final(score.earned);
    let mark = match score.unknown {
        0 => whole,
        unknown => Mark::Range {
            least: score.earned,
            most: score.earned.saturating_add(unknown),
        },
    };
    format!("{mark}/{}", score.max)
}

/// Name and value of what stands above all.
fn figures(class: &Class, graded: &[&Summary]) -> Vec<(&'static str, String)> {
    let mut scores: Vec<u32> = graded.iter().filter_map(final_points).collect();
    scores.sort_unstable();
    let mut figures = vec![("submissions", class.submissions.len().to_string())];
    let not_graded = class.submissions.len() - graded.len();
    if not_graded > 0 {
        figures.push(("not graded", not_graded.to_string()));
    }
    let open = graded.len() - scores.len();
    if open > 0 {
        figures.push(("marks not final", open.to_string()));
    }
    if !class.missing.is_empty() {
        figures.push(("nothing handed in", class.missing.len().to_string()));
    }
    figures.push(("points to earn", class.max.to_string()));
    if let (Some(median), sum) = (
        scores.get(scores.len() / 2),
        scores.iter().map(|score| u64::from(*score)).sum::<u64>(),
    ) {
        // In tenths, without a float: the same on every machine.
        let tenths = (sum * 10 + scores.len() as u64 / 2) / scores.len() as u64;
        figures.push(("mean", format!("{}.{}", tenths / 10, tenths % 10)));
        figures.push(("median", median.to_string()));
        let full = scores.iter().filter(|score| **score >= class.max).count();
        figures.push(("full marks", full.to_string()));
    }
    figures
}

fn bins(class: &Class, graded: &[&Summary]) -> Vec<Bin> {
    let max = u64::from(class.max);
    if max == 0 || graded.is_empty() {
        return Vec::new();
    }
    let bins = BINS.min(max);
    let mut counts = vec![0; bins as usize];
    for mark in graded.iter().filter_map(final_points) {
        let at = u64::from(mark) * bins / (max + 1);
        if let Some(count) = counts.get_mut(at as usize) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let edge = |at: u64| (at * (max + 1)).div_ceil(bins);
    (0..bins)
        .zip(counts)
        .map(|(at, count)| {
            let (from, to) = (edge(at), edge(at + 1) - 1);
            Bin {
                label: if from == to {
                    from.to_string()
                } else {
                    format!("{from} to {to}")
                },
                count,
                width: count * 100 / most,
            }
        })
        .collect()
}

/// How often each case was not passed, what most lost first.
fn rates(class: &Class, graded: &[&Summary]) -> Vec<Rate> {
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

/// What was said most often of those that failed; messages that differ in numbers only (a pid, a count) are one.
fn says(cells: &[&Cell]) -> Vec<FrequentMessage> {
    let mut said: BTreeMap<String, (usize, &Line)> = BTreeMap::new();
    let failed = cells.iter().filter(|cell| cell.verdict == Verdict::Fail);
    for text in failed.filter_map(|cell| cell.says.as_ref()) {
        let mut key = String::new();
        for c in text.chars() {
            match (c.is_ascii_digit(), key.ends_with('0')) {
                (true, true) => {}
                (true, false) => key.push('0'),
                (false, _) => key.push(c),
            }
        }
        said.entry(key).or_insert((0, text)).0 += 1;
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

fn row_view(class: &Class, row: &Member, folder: &str) -> RowView {
    let name = words::called(&row.who);
    let mut tags = Vec::new();
    if row.who.late == Some(true) {
        tags.push("late".to_owned());
    }
    let mut view = RowView {
        id: if name == row.who.id.as_str() {
            String::new()
        } else {
            row.who.id.to_string()
        },
        name,
        href: format!("{folder}/{}.html", row.who.page),
        points: String::new(),
        tiers: Vec::new(),
        tags,
        says: String::new(),
        cells: Vec::new(),
    };
    match &row.standing {
        Standing::NotGraded(why) => {
            view.tags.push("not graded".to_owned());
            view.says = why.why.to_string();
        }
        Standing::Graded(summary) => {
            view.points = format!("{}/{}", summary.mark(), summary.score.max);
            if summary.score.unknown > 0 {
                view.tags
                    .push(format!("{} not graded", summary.score.unknown));
            }
            for program in &summary.not_built {
                view.tags.push(format!("{} not built", program.program));
            }
            let cells = class.cases.iter().map(|case| {
                let cell = summary.cases.iter().find(|cell| cell.id == case.id);
                view::mark(cell.map_or(Verdict::Unknown, |cell| cell.verdict))
            });
            view.cells = cells.collect();
        }
    }
    view
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
