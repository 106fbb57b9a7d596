//! The comparison of two gradings as text for a terminal.

use ipclab_judge::Verdict;

use super::{CaseChange, CaseHeld, Change, Changes};
use crate::{Mark, words};

/// Between before and after, on every terminal.
const ARROW: &str = "->";

impl Changes {
    /// A line for each member, and below it the cases. At most so many members.
    #[must_use]
    pub fn text(&self, most: usize) -> String {
        let mut out = String::new();
        for change in self.members.iter().take(most) {
            out.push_str(&format!("  {}\n", change.line()));
            for case in &change.cases {
                out.push_str(&format!("    {}\n", case.line(ARROW)));
            }
        }
        if self.members.len() > most {
            out.push_str(&format!("  ... and {} more\n", self.members.len() - most));
        }
        out.push_str(&format!("  {}\n", self.counts()));
        if let Some(counts) = self.mark_counts() {
            out.push_str(&format!("  {counts}\n"));
        }
        out
    }

    /// The changes of cases by their cause, most students first: `12 lost in echo-one: message without its NUL`.
    #[must_use]
    pub fn causes(&self) -> String {
        let groups = self.groups();
        let line = |group: &super::Group<'_>| {
            let cause = match group.cause.as_str() {
                "" => String::new(),
                cause => format!(": {cause}"),
            };
            let (count, direction) = (group.members.len(), group.direction);
            format!("  {count} {direction} {}{cause}\n", group.case)
        };
        match groups.is_empty() {
            true => String::new(),
            false => format!("{}\n", groups.iter().map(line).collect::<String>()),
        }
    }

    /// By what was earned: `2 gained, 1 lost, 27 as before`
    #[must_use]
    pub fn counts(&self) -> String {
        let parts = self.parts(Change::by, |change| match change.cases.is_empty() {
            false => "with other cases and the same points",
            true => "with another mark and the same points",
        });
        if parts.is_empty() {
            "no submission on either side".to_owned()
        } else {
            parts
        }
    }

    /// The same by the marks that count; `None`: they are what was earned.
    #[must_use]
    pub fn mark_counts(&self) -> Option<String> {
        let mut members = self.members.iter();
        members.any(Change::counts_otherwise).then(|| {
            let parts = self.parts(Change::mark_by, |_| "with the same mark");
            format!("marks with overrides and late work: {parts}")
        })
    }

    /// How many members are in which way. `same_points`: what is said of one whose points are as before.
    fn parts(
        &self,
        by: fn(&Change) -> Option<i64>,
        same_points: fn(&Change) -> &'static str,
    ) -> String {
        const GAINED: &str = "gained";
        const LOST: &str = "lost";
        const OPEN: &str = "with a final mark on one side only or none";
        let mut counts = vec![(GAINED, 0), (LOST, 0)];
        for change in &self.members {
            let what = match by(change) {
                Some(1..) => GAINED,
                Some(0) => same_points(change),
                Some(_) => LOST,
                None => OPEN,
            };
            match counts.iter_mut().find(|(known, _)| *known == what) {
                Some((_, count)) => *count += 1,
                None => counts.push((what, 1)),
            }
        }
        counts.sort_by_key(|(what, _)| *what == OPEN);
        counts.push(("as before", self.same));
        let parts: Vec<String> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        parts.join(", ")
    }
}

impl Change {
    /// `Ada: 4 -> 5  (+1)`, `Bob: 0 -> 4  (+4); mark 3 as before`
    fn line(&self) -> String {
        let mark = self.mark_line(ARROW);
        let mark = mark.map_or(String::new(), |mark| format!("; {mark}"));
        format!(
            "{}: {} -> {}{}{mark}",
            words::called(&self.who),
            self.before,
            self.after,
            signed(self.by()),
        )
    }

    /// The marks that count, where they are others than what was earned: `mark 3 as before`.
    #[must_use]
    pub fn mark_line(&self, arrow: &str) -> Option<String> {
        let mark = |mark: &Option<Mark>| mark.map_or("none".to_owned(), |mark| mark.to_string());
        let [before, after] = &self.marks;
        self.counts_otherwise().then(|| match before == after {
            true => format!("mark {} as before", mark(before)),
            false => format!(
                "mark {} {arrow} {}{}",
                mark(before),
                mark(after),
                signed(self.mark_by())
            ),
        })
    }
}

/// `  (+1)`
fn signed(by: Option<i64>) -> String {
    match by {
        Some(by) if by != 0 => format!("  ({by:+})"),
        Some(_) | None => String::new(),
    }
}

impl CaseChange {
    /// `echo-one: 2 of 2 (passed) -> 0 of 2 (failed): ...`
    #[must_use]
    pub fn line(&self, arrow: &str) -> String {
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
            "{}: {} {arrow} {}{says}",
            self.id,
            held(&self.before),
            held(&self.after)
        )
    }
}
