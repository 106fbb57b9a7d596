//! What a regrade changed, on the page of a class: who gained, who lost, in which case and by which cause.

use serde::Serialize;

use crate::{Change, Class, Group, Line, Regrade, words};

/// How many groups are shown, and how many members of each are named; `changes.csv` and the table have all.
const GROUPS: usize = 40;
const NAMED: usize = 40;
/// How many students are shown one by one.
const MEMBERS: usize = 200;

/// Between before and after.
const ARROW: &str = "→";

/// The section.
#[derive(Serialize)]
pub(super) struct RegradeView {
    heading: &'static str,
    lead: String,
    counts: Vec<String>,
    groups: Vec<GroupView>,
    more_groups: usize,
    members: Vec<MemberView>,
    more_members: usize,
}

/// A case that changed for several, by one cause.
#[derive(Serialize)]
struct GroupView {
    count: usize,
    direction: &'static str,
    case: String,
    says: String,
    /// What was wrong before, and is not any more.
    before: bool,
    members: Vec<NameView>,
    more: usize,
}

#[derive(Serialize)]
struct NameView {
    name: String,
    /// Empty: there is no page of it any more.
    href: String,
}

/// A student, before and after.
#[derive(Serialize)]
struct MemberView {
    who: NameView,
    before: String,
    after: String,
    by: String,
    /// The marks that count, where they are others.
    mark: String,
    cases: Vec<String>,
}

/// The section; `None`: there is nothing to tell.
pub(super) fn view(class: &Class, folder: &str) -> Option<RegradeView> {
    let regrade = class.regrade.as_ref()?;
    let changes = &regrade.changes;
    if changes.is_empty() && changes.max.0 == changes.max.1 {
        return None;
    }
    let groups = changes.groups();
    let mut counts = vec![changes.counts()];
    counts.extend(changes.mark_counts());
    let members = changes.members.iter();
    Some(RegradeView {
        heading: heading(regrade),
        lead: lead(regrade),
        counts,
        more_groups: groups.len().saturating_sub(GROUPS),
        groups: groups
            .iter()
            .take(GROUPS)
            .map(|group| group_view(class, folder, regrade, group))
            .collect(),
        more_members: changes.members.len().saturating_sub(MEMBERS),
        members: members
            .take(MEMBERS)
            .map(|change| member_view(class, folder, change))
            .collect(),
    })
}

/// What the table of submissions says of a member: points gained or lost, `=` for other cases and the same points, `?` where
/// there is no final mark on one of the sides. `None`: nothing has changed for it.
pub(super) fn sign(class: &Class, id: &Line) -> Option<String> {
    let members = &class.regrade.as_ref()?.changes.members;
    let at = members.binary_search_by(|change| change.who.id.cmp(id));
    let change = &members[at.ok()?];
    Some(match change.by() {
        None => "?".to_owned(),
        // What only overrides or the rule for late work change is a change of no case.
        Some(0) if change.cases.is_empty() => "m".to_owned(),
        Some(0) => "=".to_owned(),
        Some(by) => format!("{by:+}"),
    })
}

fn heading(regrade: &Regrade) -> &'static str {
    match regrade.taken {
        true => "What the last regrade changed",
        false => "What this grading would change",
    }
}

fn lead(regrade: &Regrade) -> String {
    let (by, max) = (&regrade.by, regrade.changes.max);
    let max = match max.0 == max.1 {
        true => String::new(),
        false => format!(" The lab had {} points, and has {} now.", max.0, max.1),
    };
    match regrade.taken {
        true => format!("The class was graded anew by {by}.{max}"),
        false => format!(
            "This is a grading by {by}, beside the marks of the class. It takes their place when you grade again with --replace.{max}"
        ),
    }
}

fn name_view(class: &Class, folder: &str, change: &Change, anchor: &str) -> NameView {
    let members = &class.submissions;
    let here = members.binary_search_by(|member| member.who.id.cmp(&change.who.id));
    NameView {
        name: words::called(&change.who),
        href: here.map_or(String::new(), |_| {
            format!("{folder}/{}.html{anchor}", change.who.page)
        }),
    }
}

fn group_view(class: &Class, folder: &str, regrade: &Regrade, group: &Group<'_>) -> GroupView {
    let changes = &regrade.changes.members;
    let members = group.members.iter().take(NAMED);
    let members = members.map(|at| name_view(class, folder, &changes[*at], "#cases"));
    GroupView {
        count: group.members.len(),
        direction: group.direction,
        case: group.case.to_string(),
        says: group.says.map_or(String::new(), Line::to_string),
        before: group.of_before,
        more: group.members.len().saturating_sub(NAMED),
        members: members.collect(),
    }
}

fn member_view(class: &Class, folder: &str, change: &Change) -> MemberView {
    MemberView {
        who: name_view(class, folder, change, ""),
        before: change.before.to_string(),
        after: change.after.to_string(),
        by: change
            .by()
            .filter(|by| *by != 0)
            .map_or(String::new(), |by| format!("{by:+}")),
        mark: change.mark_line(ARROW).unwrap_or_default(),
        cases: change.cases.iter().map(|case| case.line(ARROW)).collect(),
    }
}
