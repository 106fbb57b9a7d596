//! The page of a class: what most got wrong, by case and by cause, and the marks of all.
//!
//! The table of submissions is drawn by the page's own script, a part at a time, so that a class of thousands opens at once.
//! A reader without scripts has a list of links.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_judge::Verdict;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{CLASS_SCRIPT, causes, fill, style};
use crate::{
    AlikePair, Cell, Class, ClassCase, Line, Mark, Member, Standing, Student, Summary, cause,
    names, words,
};

/// How many of the things said most often about a case are shown.
const SAYS_MAX: usize = 3;
/// Stands for days of being late that are not known: more than any.
const UNKNOWN_DAYS: i64 = 9999;
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

/// A submission as the script of the page takes it. Keys are short: there may be thousands.
#[derive(Serialize)]
struct RowView {
    /// What it is called, and how a list is sorted by the last name.
    n: String,
    k: String,
    /// Its id, where it is called otherwise.
    i: String,
    /// The name of its page.
    h: String,
    /// Its section.
    s: String,
    /// The mark, and the number that it is sorted by; below zero: there is none.
    m: String,
    p: i64,
    /// What the programs earned, where that is another number.
    e: String,
    /// By how many days it is late.
    l: i64,
    /// What else is to be known.
    t: Vec<String>,
    /// A letter for each case.
    c: String,
    /// The cause of each case, as a place in the list of causes; -1: none. Empty: it has none at all.
    w: Vec<i64>,
}

/// Everything that the script works with.
#[derive(Serialize)]
struct Data<'a> {
    folder: &'a str,
    max: u32,
    cases: Vec<(String, String)>,
    causes: Vec<(&'a str, &'a str, &'a str)>,
    rows: &'a [RowView],
}

/// A link for a reader without scripts.
#[derive(Serialize)]
struct LinkView<'a> {
    name: &'a str,
    href: String,
    mark: &'a str,
    tags: String,
}

/// Submissions that are alike.
#[derive(Serialize)]
struct PairView {
    names: Vec<(String, String)>,
    shared: u32,
    so_many: String,
    trace: String,
}

/// The page of a class. `folder` is where the submissions' pages lie, as seen from this page: `submissions`.
#[must_use]
pub fn class(class: &Class, folder: &str) -> String {
    let graded: Vec<&Summary> = class
        .submissions
        .iter()
        .filter_map(|row| summary(row))
        .collect();
    let marks: Vec<u32> = class
        .submissions
        .iter()
        .filter_map(Member::final_mark)
        .collect();
    let rates = rates(class, &graded);
    let causes = causes::views(class, folder);
    let places: BTreeMap<&str, i64> = causes
        .iter()
        .zip(0..)
        .map(|(cause, at)| (cause.id.as_str(), at))
        .collect();
    let rows: Vec<RowView> = class
        .submissions
        .iter()
        .map(|member| row_view(class, member, &places))
        .collect();
    let data = Data {
        folder,
        max: class.max,
        cases: class
            .cases
            .iter()
            .map(|case| (case.id.to_string(), case.title.to_string()))
            .collect(),
        causes: causes
            .iter()
            .map(|cause| (cause.id.as_str(), cause.case.as_str(), cause.says.as_str()))
            .collect(),
        rows: &rows,
    };
    let links: Vec<LinkView<'_>> = rows
        .iter()
        .map(|row| LinkView {
            name: &row.n,
            href: format!("{folder}/{}.html", row.h),
            mark: &row.m,
            tags: row.t.join(", "),
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
            figures => figures(class, &graded, &marks),
            bins => Value::from(Serde(&bins(class, &marks))),
            rates => Value::from(Serde(&rates)),
            causes => Value::from(Serde(&causes)),
            pairs => Value::from(Serde(&pairs(class, folder))),
            same => Value::from(Serde(&same(class, folder))),
            alike => class.alike.as_ref().map(|alike| context! {
                median => alike.median, same_trace => alike.same_trace, compared => alike.compared,
            }),
            links => Value::from(Serde(&links)),
            missing,
            data => Value::from_safe_string(json(&data)),
            script => Value::from_safe_string(CLASS_SCRIPT.to_owned()),
        },
    )
}

/// JSON within a page: nothing in it can end the element that it stands in.
fn json(data: &Data<'_>) -> String {
    let text = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn member<'a>(class: &'a Class, id: &Line) -> Option<&'a Member> {
    let members = &class.submissions;
    let sorted = members.binary_search_by(|member| member.who.id.cmp(id));
    sorted.ok().map(|at| &members[at])
}

fn named(class: &Class, ids: &[Line], folder: &str) -> Vec<(String, String)> {
    let known = ids.iter().filter_map(|id| member(class, id));
    let name = |member: &Member| {
        let who = &member.who;
        (
            words::called(who),
            format!("{folder}/{}.html#code", who.page),
        )
    };
    known.map(name).collect()
}

fn same(class: &Class, folder: &str) -> Vec<Vec<(String, String)>> {
    let alike = class.alike.iter().flat_map(|alike| &alike.same);
    alike.map(|ids| named(class, ids, folder)).collect()
}

fn pairs(class: &Class, folder: &str) -> Vec<PairView> {
    let alike = class.alike.iter().flat_map(|alike| &alike.pairs);
    let view = |pair: &AlikePair| PairView {
        names: named(class, &pair.ids, folder),
        shared: pair.shared,
        so_many: match pair.so_many {
            0 => "fewer than 1 of 10000 pairs".to_owned(),
            some if some % 100 == 0 => format!("{} % of all pairs", some / 100),
            some => format!("{}.{:02} % of all pairs", some / 100, some % 100),
        },
        trace: match pair.same_trace {
            (_, 0) => "no case ran in both".to_owned(),
            (same, of) => format!("the same calls in {same} of {of} cases"),
        },
    };
    alike.map(view).collect()
}

fn summary(row: &Member) -> Option<&Summary> {
    match &row.standing {
        Standing::Graded(summary) => Some(summary),
        Standing::NotGraded(_) => None,
    }
}

/// Name and value of what stands above all.
fn figures(class: &Class, graded: &[&Summary], marks: &[u32]) -> Vec<(&'static str, String)> {
    let mut scores = marks.to_vec();
    scores.sort_unstable();
    let mut figures = vec![("submissions", class.submissions.len().to_string())];
    let not_graded = class.submissions.len() - graded.len();
    let members = || class.submissions.iter();
    let by_hand =
        members().filter(|row| row.settled.by_hand.iter().any(|one| one.change.is_some()));
    let by_hand = by_hand.count();
    let late = members().filter(|row| row.settled.late.is_some() || row.who.late == Some(true));
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

fn bins(class: &Class, marks: &[u32]) -> Vec<Bin> {
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

fn row_view(class: &Class, row: &Member, places: &BTreeMap<&str, i64>) -> RowView {
    let who = &row.who;
    let name = words::called(who);
    let mark = row.mark();
    let earned = match (&row.standing, row.settled.is_nothing()) {
        (Standing::Graded(summary), false) if Some(summary.mark()) != mark => {
            summary.mark().to_string()
        }
        _ => String::new(),
    };
    let sections: BTreeSet<&str> = who
        .students
        .iter()
        .filter_map(|student| student.id(Student::SECTION))
        .map(Line::as_str)
        .collect();
    let first = who
        .students
        .first()
        .and_then(|student| student.name.as_ref());
    let mut tags = Vec::new();
    let mut days = -1;
    match (&row.settled.late, who.late) {
        (Some(late), _) => {
            tags.push(late.says.to_string());
            days = late.days.map_or(UNKNOWN_DAYS, i64::from);
        }
        (None, Some(true)) => {
            tags.push("late".to_owned());
            days = UNKNOWN_DAYS;
        }
        (None, Some(false) | None) => {}
    }
    tags.extend(
        row.settled
            .by_hand
            .iter()
            .map(|one| format!("by hand: {}", one.says(true))),
    );
    let mut view = RowView {
        k: names::by_last(first.map_or(name.as_str(), Line::as_str)),
        i: match name == who.id.as_str() {
            true => String::new(),
            false => who.id.to_string(),
        },
        n: name,
        h: who.page.to_string(),
        s: sections.into_iter().collect::<Vec<_>>().join(", "),
        m: mark.map_or(String::new(), |mark| mark.to_string()),
        p: match mark {
            Some(Mark::Final(points)) => i64::from(points),
            Some(Mark::Range { least, .. }) => i64::from(least),
            None => -1,
        },
        e: earned,
        l: days,
        t: tags,
        c: String::new(),
        w: Vec::new(),
    };
    match &row.standing {
        Standing::NotGraded(why) => view.t.push(format!("not graded: {}", why.why)),
        Standing::Graded(summary) => {
            if summary.score.unknown > 0 {
                view.t.push(format!("{} not graded", summary.score.unknown));
            }
            for program in &summary.not_built {
                view.t.push(format!("{} not built", program.program));
            }
            let causes = row.causes();
            for case in &class.cases {
                let cell = summary.cases.iter().find(|cell| cell.id == case.id);
                view.c
                    .push(match cell.map_or(Verdict::Unknown, |cell| cell.verdict) {
                        Verdict::Pass => 'p',
                        Verdict::Fail => 'f',
                        Verdict::Unknown => 'u',
                        Verdict::Skipped => 's',
                    });
                let cause = causes.iter().find(|(_, cell)| cell.id == case.id);
                view.w.push(
                    cause
                        .and_then(|(id, _)| places.get(id.as_str()).copied())
                        .unwrap_or(-1),
                );
            }
            if causes.is_empty() {
                view.w.clear();
            }
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
