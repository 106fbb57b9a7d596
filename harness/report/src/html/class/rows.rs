//! The submissions of a class as the script of its page takes them.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_judge::Verdict;
use serde::Serialize;

use super::causes::CauseView;
use super::regrade;
use crate::{Class, Line, Mark, Member, Standing, Student, names, words};

/// Stands for days of being late that are not known: more than any.
const UNKNOWN_DAYS: i64 = 9999;

/// A submission as the script of the page takes it. Keys are short: there may be thousands.
#[derive(Serialize)]
pub(super) struct RowView {
    /// What it is called, and how a list is sorted by the last name.
    pub(super) n: String,
    k: String,
    /// Its id, where it is called otherwise.
    i: String,
    /// The name of its page.
    pub(super) h: String,
    /// Its section.
    s: String,
    /// The mark, and the number that it is sorted by; below zero: there is none.
    pub(super) m: String,
    p: i64,
    /// What the programs earned, where that is another number.
    e: String,
    /// By how many days it is late.
    l: i64,
    /// What else there is to say.
    pub(super) t: Vec<String>,
    /// What the last regrade did to it: `+2`, `-1`; `=`: other cases and the same points; `m`: another mark alone; `?`: no final
    /// mark on one of the sides. Empty: nothing.
    d: String,
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
    cases: Vec<(&'a str, &'a str)>,
    causes: Vec<(&'a str, &'a str, &'a str)>,
    rows: &'a [RowView],
}

/// A row for each submission.
pub(super) fn views(class: &Class, causes: &[CauseView]) -> Vec<RowView> {
    let places: BTreeMap<&str, i64> = causes
        .iter()
        .zip(0..)
        .map(|(cause, at)| (cause.id.as_str(), at))
        .collect();
    let members = class.submissions.iter();
    members
        .map(|member| row_view(class, member, &places))
        .collect()
}

/// Everything that the script works with, as JSON within a page: nothing in it can end the element that it stands in.
pub(super) fn json(class: &Class, folder: &str, causes: &[CauseView], rows: &[RowView]) -> String {
    let data = Data {
        folder,
        max: class.max,
        cases: class
            .cases
            .iter()
            .map(|case| (case.id.as_str(), case.title.as_str()))
            .collect(),
        causes: causes
            .iter()
            .map(|cause| (cause.id.as_str(), cause.cases.as_str(), cause.says.as_str()))
            .collect(),
        rows,
    };
    let text = serde_json::to_string(&data).unwrap_or_else(|_| "null".to_owned());
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
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
        d: regrade::sign(class, &who.id).unwrap_or_default(),
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
