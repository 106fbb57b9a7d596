//! Submissions of a class that are alike, as a lead.

use serde::Serialize;

use crate::{AlikePair, Class, Line, Member, words};

/// Submissions that are alike.
#[derive(Serialize)]
pub(super) struct PairView {
    names: Vec<(String, String)>,
    shared: u32,
    so_many: String,
    trace: String,
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

pub(super) fn same(class: &Class, folder: &str) -> Vec<Vec<(String, String)>> {
    let alike = class.alike.iter().flat_map(|alike| &alike.same);
    alike.map(|ids| named(class, ids, folder)).collect()
}

pub(super) fn pairs(class: &Class, folder: &str) -> Vec<PairView> {
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
