//! What went wrong in a class, by cause: a group for each, so that one comment reaches all of it.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use serde::Serialize;

use crate::{Cell, Class, Line, words};

/// How many submissions of a group are named; the table below shows the others.
const NAMED: usize = 40;
/// How many cases of a group are named.
const CASES: usize = 3;

/// A group.
#[derive(Serialize)]
pub(super) struct CauseView {
    pub(super) id: String,
    /// The cases that show it; empty: it kept cases from running.
    pub(super) cases: String,
    count: usize,
    /// What is said of the first of them.
    pub(super) says: String,
    members: Vec<NameView>,
    more: usize,
    /// What was said to the group by hand already.
    comments: Vec<String>,
}

#[derive(Serialize)]
struct NameView {
    name: String,
    href: String,
}

/// What is known of a group so far.
struct Group {
    says: String,
    /// The cases that show it, by their place, with how many submissions lost each.
    cases: BTreeMap<usize, usize>,
    /// Submissions by their place, each with the first case that shows it to lead to.
    members: Vec<(usize, Option<usize>)>,
}

/// The causes of a class, that of most submissions first.
pub(super) fn views(class: &Class, folder: &str) -> Vec<CauseView> {
    let places: BTreeMap<&str, usize> = class
        .cases
        .iter()
        .enumerate()
        .map(|(at, case)| (case.id.as_str(), at))
        .collect();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (at, member) in class.submissions.iter().enumerate() {
        for (id, cell) in member.causes() {
            // What kept cases from running has no finding of its own to lead to.
            let place = match cell.verdict {
                Verdict::Skipped => None,
                Verdict::Pass | Verdict::Fail | Verdict::Unknown => {
                    places.get(cell.id.as_str()).copied()
                }
            };
            let group = groups.entry(id).or_insert_with(|| Group {
                says: says(cell),
                cases: BTreeMap::new(),
                members: Vec::new(),
            });
            if let Some(place) = place {
                *group.cases.entry(place).or_default() += 1;
            }
            match group.members.last_mut() {
                Some((last, first)) if *last == at => *first = first.or(place),
                _ => group.members.push((at, place)),
            }
        }
    }
    let mut views: Vec<CauseView> = groups
        .into_iter()
        .map(|(id, group)| view(class, folder, id, group))
        .collect();
    // Stable: of those that as many have, the order of ids.
    views.sort_by_key(|view| std::cmp::Reverse(view.count));
    views
}

/// The mistake, where the judge made one out; else what the expectation says.
fn says(cell: &Cell) -> String {
    let cause = cell.cause.as_ref().map(|cause| &cause.says);
    let says = cause.or(cell.says.as_ref());
    says.map_or(String::new(), Line::to_string)
}

fn view(class: &Class, folder: &str, id: String, group: Group) -> CauseView {
    let members = &group.members;
    let named = members.iter().take(NAMED).map(|(at, place)| {
        let who = &class.submissions[*at].who;
        let anchor = place.map_or("cases".to_owned(), |place| format!("case-{}", place + 1));
        NameView {
            name: words::called(who),
            href: format!("{folder}/{}.html#{anchor}", who.page),
        }
    });
    // What all of them were told, and not what one was.
    let first = members.first();
    let first = first.map(|(at, _)| &class.submissions[*at].settled);
    let told = first.into_iter().flat_map(|settled| settled.comments());
    let comments = told.filter(|comment| {
        members.iter().all(|(at, _)| {
            let mut comments = class.submissions[*at].settled.comments();
            comments.any(|one| one == *comment)
        })
    });
    CauseView {
        id,
        cases: cases(class, &group.cases),
        count: members.len(),
        says: group.says,
        more: members.len().saturating_sub(NAMED),
        comments: comments.map(Line::to_string).collect(),
        members: named.collect(),
    }
}

/// The cases that show a cause, those of most submissions first: `echo-one, echo-two and 3 more`.
fn cases(class: &Class, counts: &BTreeMap<usize, usize>) -> String {
    let mut places: Vec<(&usize, &usize)> = counts.iter().collect();
    places.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let ids = places.iter().take(CASES);
    let ids: Vec<&str> = ids.map(|(at, _)| class.cases[**at].id.as_str()).collect();
    let more = match places.len().saturating_sub(CASES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", ids.join(", "))
}
