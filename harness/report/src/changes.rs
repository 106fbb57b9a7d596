//! Two gradings of one class beside each other: the students who gained or lost, in which case and by which cause.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;

use crate::{Cell, Class, Line, Mark, Member, Standing, Summary, Who, cause, words};

/// What differs between two gradings of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Members whose mark or cases differ, in the order of ids.
    pub members: Vec<Change>,
    /// How many members have the same mark by the same cases.
    pub same: usize,
    /// Points that could be earned, before and after.
    pub max: (u32, u32),
}

/// A member whose mark or cases differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its owner.
    pub who: Who,
    /// The mark of before.
    pub before: Held,
    /// The mark of after.
    pub after: Held,
    /// The cases that differ, in the order of the later grading.
    pub cases: Vec<CaseChange>,
}

/// What a grading holds of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It was graded.
    Mark(Mark),
    /// It was not graded.
    NotGraded {
        /// As a sentence.
        why: Line,
        /// Our trouble or the machine's.
        ours: bool,
    },
    /// The grading does not know it.
    Absent,
}

/// A case that differs. A side is `None` where the grading does not have the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseChange {
    /// The case's id.
    pub id: Line,
    /// Before.
    pub before: Option<CaseHeld>,
    /// After.
    pub after: Option<CaseHeld>,
}

/// What a grading holds of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseHeld {
    /// Its outcome.
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// What the first finding that did not pass says.
    pub says: Option<Line>,
}

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

    /// Whether no mark and no case differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The changes of members that had a final mark.
    pub fn of_marks(&self) -> impl Iterator<Item = &Change> {
        let members = self.members.iter();
        members.filter(|change| matches!(change.before, Held::Mark(Mark::Final(_))))
    }

    /// For a terminal: a line for each member, and below it the cases. At most so many members.
    #[must_use]
    pub fn text(&self, most: usize) -> String {
        let mut out = String::new();
        for change in self.members.iter().take(most) {
            out.push_str(&change.line());
            for case in &change.cases {
                out.push_str(&format!("    {}\n", case.line()));
            }
        }
        if self.members.len() > most {
            out.push_str(&format!("  ... and {} more\n", self.members.len() - most));
        }
        out.push_str(&self.counts());
        out
    }

    /// The changes of cases by their cause, most students first: `12 lost echo-one: message without its NUL`.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut causes: Vec<((&str, &Line, String), usize)> = Vec::new();
        for case in self.members.iter().flat_map(|change| &change.cases) {
            let says = case
                .says()
                .map_or(String::new(), |says| cause::sentence(says));
            let key = (case.direction(), &case.id, says);
            match causes.iter_mut().find(|(known, _)| *known == key) {
                Some((_, count)) => *count += 1,
                None => causes.push((key, 1)),
            }
        }
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let line = |((direction, id, says), count): &((&str, &Line, String), usize)| {
            let says = match says.is_empty() {
                true => String::new(),
                false => format!(": {says}"),
            };
            format!("  {count} {direction} {id}{says}\n")
        };
        match causes.is_empty() {
            true => String::new(),
            false => format!("{}\n", causes.iter().map(line).collect::<String>()),
        }
    }

    /// `2 gained, 1 lost, 27 as before`
    #[must_use]
    pub fn counts(&self) -> String {
        let count = |wanted: fn(&Change) -> bool| {
            let members = self.members.iter();
            members.filter(|change| wanted(change)).count()
        };
        let of = |direction: fn(i64) -> bool| {
            let members = self.members.iter();
            let by = members.filter_map(Change::by);
            by.filter(|by| direction(*by)).count()
        };
        let parts = [
            (of(|by| by > 0), "gained"),
            (of(|by| by < 0), "lost"),
            (of(|by| by == 0), "with other cases and the same mark"),
            (
                count(|change| change.by().is_none()),
                "with a mark on one side only or none",
            ),
            (self.same, "as before"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() {
            "  no submission on either side\n".to_owned()
        } else {
            format!("  {}\n", parts.join(", "))
        }
    }
}

impl Change {
    /// Points gained, below zero lost; `None`: one of the marks is not final.
    #[must_use]
    pub fn by(&self) -> Option<i64> {
        match (&self.before, &self.after) {
            (Held::Mark(Mark::Final(before)), Held::Mark(Mark::Final(after))) => {
                Some(i64::from(*after) - i64::from(*before))
            }
            _ => None,
        }
    }

    /// Whether a final mark would go for a reason that the student did not cause.
    #[must_use]
    pub fn loses_the_mark(&self) -> bool {
        let had = matches!(self.before, Held::Mark(Mark::Final(_)));
        let has_none = match &self.after {
            Held::Mark(Mark::Final(_)) | Held::Absent => false,
            Held::Mark(Mark::Range { .. }) => true,
            Held::NotGraded { ours, .. } => *ours,
        };
        had && has_none
    }

    fn line(&self) -> String {
        let by = match self.by() {
            Some(by) if by != 0 => format!("  ({by:+})"),
            Some(_) | None => String::new(),
        };
        format!(
            "  {}: {} -> {}{by}\n",
            words::called(&self.who),
            self.before,
            self.after
        )
    }
}

impl CaseChange {
    /// `echo-one: 2 of 2 -> 0 of 2, bytes: ...`
    fn line(&self) -> String {
        let held = |side: &Option<CaseHeld>| match side {
            None => "not there".to_owned(),
            Some(held) if held.verdict == Verdict::Unknown => "could not be graded".to_owned(),
            Some(held) => format!(
                "{} of {} ({})",
                held.earned,
                held.max,
                words::verdict(held.verdict)
            ),
        };
        let says = match (self.says(), self.says_is_of_before()) {
            (Some(says), false) => format!(": {says}"),
            (Some(says), true) => format!("; before: {says}"),
            (None, _) => String::new(),
        };
        format!(
            "{}: {} -> {}{says}",
            self.id,
            held(&self.before),
            held(&self.after)
        )
    }

    /// What the case did to its student.
    #[must_use]
    pub fn direction(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "new",
            (_, None) => "without",
            (Some(before), Some(after)) if before.max != after.max => "with other points for",
            (_, Some(after)) if after.verdict == Verdict::Unknown => "could not be graded in",
            (Some(before), _) if before.verdict == Verdict::Unknown => "graded now in",
            (Some(before), Some(after)) if after.earned > before.earned => "gained in",
            (Some(before), Some(after)) if after.earned < before.earned => "lost in",
            (Some(_), Some(_)) => "with another outcome and the same points in",
        }
    }

    /// The cause: what the later grading says, else what the earlier one said.
    #[must_use]
    pub fn says(&self) -> Option<&Line> {
        let says = |side: &'_ Option<CaseHeld>| side.as_ref().map(|held| held.says.is_some());
        if says(&self.after) == Some(true) {
            self.after.as_ref()?.says.as_ref()
        } else {
            self.before.as_ref()?.says.as_ref()
        }
    }

    fn says_is_of_before(&self) -> bool {
        self.after.as_ref().is_none_or(|held| held.says.is_none())
    }
}

impl Held {
    fn of(member: Option<&Member>) -> Self {
        match member.map(|member| &member.standing) {
            None => Self::Absent,
            Some(Standing::Graded(summary)) => Self::Mark(summary.mark()),
            Some(Standing::NotGraded(not)) => Self::NotGraded {
                why: not.why.clone(),
                ours: not.ours,
            },
        }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mark(mark) => mark.fmt(f),
            Self::NotGraded { why, .. } => write!(f, "no mark ({why})"),
            Self::Absent => f.write_str("not there"),
        }
    }
}

fn change(before: (&Class, Option<Member>), after: (&Class, Option<Member>)) -> Option<Change> {
    let who = after.1.as_ref().or(before.1.as_ref())?.who.clone();
    let change = Change {
        who,
        before: Held::of(before.1.as_ref()),
        after: Held::of(after.1.as_ref()),
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
    let held = |class: &Class, cell: &Cell| CaseHeld {
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
        Some(held(class, cell))
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
