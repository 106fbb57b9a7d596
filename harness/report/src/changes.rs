//! Two gradings of one class beside each other.

use std::collections::BTreeMap;

use crate::{
    CaseChange, CaseHeld, Cell, Change, Changes, Class, Held, Line, Member, Standing, Summary,
};

impl Changes {
    /// Compares two gradings. Members are the same where their ids are.
    #[must_use]
    pub fn between(before: &Class, after: &Class) -> Self {
        let by_id = |class: &'_ Class| -> BTreeMap<String, Member> {
            let members = class.submissions.iter();
            members
                .map(|member| (member.who.id.to_string(), member.clone()))
                .collect()
        };
        let (mut old, new) = (by_id(before), by_id(after));
        let mut changes = Self {
            max: (before.max, after.max),
            ..Self::default()
        };
        for (id, member) in new {
            match change((before, old.remove(&id)), (after, Some(member))) {
                Some(change) => changes.members.push(change),
                None => changes.same += 1,
            }
        }
        for (_, member) in old {
            let gone = change((before, Some(member)), (after, None));
            changes.members.extend(gone);
        }
        changes.members.sort_by(|a, b| a.who.id.cmp(&b.who.id));
        changes
    }
}

fn held(member: Option<&Member>) -> Held {
    match member.map(|member| &member.standing) {
        None => Held::Absent,
        Some(Standing::Graded(summary)) => Held::Mark(summary.mark()),
        Some(Standing::NotGraded(not)) => Held::NotGraded {
            why: not.why.clone(),
            ours: not.ours,
        },
    }
}

fn change(before: (&Class, Option<Member>), after: (&Class, Option<Member>)) -> Option<Change> {
    let who = after.1.as_ref().or(before.1.as_ref())?.who.clone();
    let counted = |member: &Option<Member>| member.as_ref().and_then(Member::mark);
    let change = Change {
        who,
        before: held(before.1.as_ref()),
        after: held(after.1.as_ref()),
        marks: [counted(&before.1), counted(&after.1)],
        cases: cases(
            (before.0, summary(before.1.as_ref())),
            (after.0, summary(after.1.as_ref())),
        ),
    };
    // Trouble in other words is the same trouble.
    let same = match (&change.before, &change.after) {
        (Held::NotGraded { .. }, Held::NotGraded { .. }) => true,
        (before, after) => before == after,
    };
    let same = same && change.marks[0] == change.marks[1];
    (!same || !change.cases.is_empty()).then_some(change)
}

fn summary(member: Option<&Member>) -> Option<&Summary> {
    match &member?.standing {
        Standing::Graded(summary) => Some(summary),
        Standing::NotGraded(_) => None,
    }
}

/// Cases that differ, where both sides have some.
fn cases(before: (&Class, Option<&Summary>), after: (&Class, Option<&Summary>)) -> Vec<CaseChange> {
    let (Some(old), Some(new)) = (before.1, after.1) else {
        return Vec::new();
    };
    let cell_held = |class: &Class, cell: &Cell| CaseHeld {
        verdict: cell.verdict,
        earned: cell.earned,
        max: class
            .cases
            .iter()
            .find(|case| case.id == cell.id)
            .map_or(cell.earned, |case| case.max),
        says: cell.says.clone(),
    };
    let find = |class: &Class, summary: &Summary, id: &Line| {
        let cell = summary.cases.iter().find(|cell| cell.id == *id)?;
        Some(cell_held(class, cell))
    };
    let gone = old.cases.iter().map(|cell| &cell.id);
    let gone = gone.filter(|id| !new.cases.iter().any(|cell| cell.id == **id));
    let ids = new.cases.iter().map(|cell| &cell.id).chain(gone);
    ids.filter_map(|id| {
        let (before, after) = (find(before.0, old, id), find(after.0, new, id));
        let matters = |side: &Option<CaseHeld>| {
            side.as_ref()
                .map(|held| (held.verdict, held.earned, held.max))
        };
        (matters(&before) != matters(&after)).then(|| CaseChange {
            id: id.clone(),
            before,
            after,
        })
    })
    .collect()
}
