//! What went wrong in a class, by cause: a group for each, so that one comment reaches all of it.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use serde::Serialize;

use crate::{Class, Line, words};

/// How many submissions of a group are named; the table below shows the others.
const NAMED: usize = 40;

/// A group.
#[derive(Serialize)]
pub(super) struct CauseView {
    pub(super) id: String,
    pub(super) case: String,
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

/// The causes of a class, that of most submissions first.
pub(super) fn views(class: &Class, folder: &str) -> Vec<CauseView> {
    let mut groups: BTreeMap<String, (String, String, Vec<usize>)> = BTreeMap::new();
    for (at, member) in class.submissions.iter().enumerate() {
        for (id, cell) in member.causes() {
            let says = cell.says.as_ref().map_or(String::new(), Line::to_string);
            // What kept cases from running has no finding of its own to lead to.
            let case = match cell.verdict {
                Verdict::Skipped => String::new(),
                Verdict::Pass | Verdict::Fail | Verdict::Unknown => cell.id.to_string(),
            };
            let group = groups.entry(id).or_insert_with(|| (case, says, Vec::new()));
            if group.2.last() != Some(&at) {
                group.2.push(at);
            }
        }
    }
    let mut views: Vec<CauseView> = groups
        .into_iter()
        .map(|(id, (case, says, members))| {
            let place = class
                .cases
                .iter()
                .position(|known| known.id.as_str() == case);
            let anchor = place.map_or("cases".to_owned(), |place| format!("case-{}", place + 1));
            let named = members.iter().take(NAMED).map(|at| {
                let who = &class.submissions[*at].who;
                NameView {
                    name: words::called(who),
                    href: format!("{folder}/{}.html#{anchor}", who.page),
                }
            });
            // What all of them were told, and not what one was.
            let first = members.first().map(|at| &class.submissions[*at].settled);
            let told = first.into_iter().flat_map(|settled| settled.comments());
            let comments = told.filter(|comment| {
                members.iter().all(|at| {
                    let mut comments = class.submissions[*at].settled.comments();
                    comments.any(|one| one == *comment)
                })
            });
            let comments = comments.map(Line::to_string).collect();
            CauseView {
                id,
                case,
                count: members.len(),
                says,
                more: members.len().saturating_sub(NAMED),
                members: named.collect(),
                comments,
            }
        })
        .collect();
    // Stable: of those that as many have, the order of ids.
    views.sort_by_key(|view| std::cmp::Reverse(view.count));
    views
}
