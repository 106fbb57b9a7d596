//! What stands above all on the page of a class: its figures, and how often each mark was given.

use serde::Serialize;

use crate::{Class, Summary};

/// Columns of the histogram.
const BINS: u64 = 10;

#[derive(Serialize)]
pub(super) struct Bin {
    label: String,
    count: usize,
    width: usize,
}

/// Name and value of what stands above all.
pub(super) fn figures(
    class: &Class,
    graded: &[&Summary],
    marks: &[u32],
) -> Vec<(&'static str, String)> {
    let mut scores = marks.to_vec();
    scores.sort_unstable();
    let mut figures = vec![("submissions", class.submissions.len().to_string())];
    let not_graded = class.submissions.len() - graded.len();
    let members = || class.submissions.iter();
    let by_hand =
        members().filter(|row| row.settled.by_hand.iter().any(|one| one.change.is_some()));
    let by_hand = by_hand.count();
    let late = members().filter(|row| row.is_late() == Some(true));
    let late = late.count();
    if not_graded > 0 {
        figures.push(("not graded", not_graded.to_string()));
    }
    let open = class
        .submissions
        .iter()
        .filter(|row| row.mark().is_some() && row.final_mark().is_none());
    let open = open.count();
    if open > 0 {
        figures.push(("marks not final", open.to_string()));
    }
    if !class.missing.is_empty() {
        figures.push(("nothing handed in", class.missing.len().to_string()));
    }
    for (count, what) in [(late, "late"), (by_hand, "marks by hand")] {
        if count > 0 {
            figures.push((what, count.to_string()));
        }
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

pub(super) fn bins(class: &Class, marks: &[u32]) -> Vec<Bin> {
    let max = u64::from(class.max);
    if max == 0 || marks.is_empty() {
        return Vec::new();
    }
    let bins = BINS.min(max);
    let mut counts = vec![0; bins as usize];
    for mark in marks {
        // A mark by hand may be more than can be earned.
        let at = u64::from(*mark).min(max) * bins / (max + 1);
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
