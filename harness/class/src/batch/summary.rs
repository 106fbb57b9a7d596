//! What is said at the end of a run.

use ipclab_report::{Class, Member, Standing};

use super::manifest::CLASS;
use super::pages;
use crate::results_folder::ResultsFolder;

/// Why a submission has no mark that no run has tried yet.
pub(super) const NOT_YET: &str = "not graded yet";

/// Reasons that are shown.
const REASONS: usize = 20;
/// Submissions that are named of each.
const IDS: usize = 5;

/// The last words of a run.
pub(super) struct Summary<'a> {
    pub(super) out: &'a ResultsFolder,
    pub(super) class: &'a Class,
    /// How many submissions there should be results of.
    pub(super) expected: usize,
    /// How many of them no run has tried yet.
    pub(super) yet: usize,
    /// How many of them were not graded again.
    pub(super) kept: usize,
    /// How many runs were those of another submission with the same program.
    pub(super) spared: usize,
}

impl Summary<'_> {
    /// Submissions that were tried and have no mark that stands.
    fn open(&self) -> Vec<&Member> {
        let open = |member: &&Member| member.final_mark().is_none() && !is_not_yet(member);
        self.class.submissions.iter().filter(open).collect()
    }

    fn graded(&self) -> usize {
        let members = self.class.submissions.iter();
        members
            .filter(|member| member.final_mark().is_some())
            .count()
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let class = self.class;
        let open = self.open();
        let graded = self.graded();
        let kept = match self.kept {
            0 => String::new(),
            kept => format!(" ({kept} as before, not graded again)"),
        };
        let mut text = format!(
            "{} · {}\n  graded      {graded} of {}{kept}\n",
            class.lab, class.title, self.expected
        );
        let mut points: Vec<u32> = class
            .submissions
            .iter()
            .filter_map(Member::final_mark)
            .collect();
        points.sort_unstable();
        if let (Some(least), Some(most)) = (points.first(), points.last()) {
            let sum: u64 = points.iter().copied().map(u64::from).sum();
            let tenths = (sum * 10 + points.len() as u64 / 2) / points.len() as u64;
            let median = points[points.len() / 2];
            text.push_str(&format!(
                "  points      {}.{} on average, median {median}, from {least} to {most} of {}\n",
                tenths / 10,
                tenths % 10,
                class.max
            ));
        }
        let count = |wanted: fn(&Member) -> bool| {
            let members = class.submissions.iter();
            members.filter(|member| wanted(member)).count()
        };
        let late = count(|member| member.is_late() == Some(true));
        if late > 0 {
            text.push_str(&format!("  late        {late}\n"));
        }
        let by_hand = count(|member| !member.settled.by_hand.is_empty());
        if by_hand > 0 {
            text.push_str(&format!("  by hand     {by_hand} with a word of yours\n"));
        }
        if self.spared > 0 {
            let runs = if self.spared == 1 { "run" } else { "runs" };
            text.push_str(&format!(
                "  alike       {} {runs} of programs that another student had handed in, too\n",
                self.spared
            ));
        }
        if !class.missing.is_empty() {
            text.push_str(&format!(
                "  missing     {} of the roster\n",
                class.missing.len()
            ));
        }
        text.push_str(&format!("  results in  {}\n", self.out.name()));
        text.push_str(&format!(
            "  to read     {}\n",
            self.out.display(pages::CLASS)
        ));
        if self.yet > 0 {
            text.push_str(&format!("\nNot graded yet: {}\n", self.yet));
        }
        if !open.is_empty() {
            text.push_str("\nWithout a mark that stands:\n");
            let reasons = by_reason(&open);
            for (why, ids) in reasons.iter().take(REASONS) {
                let line = match ids.as_slice() {
                    [only] => format!("  {only}: {why}\n"),
                    several => format!(
                        "  {} submissions: {why}\n    {}\n",
                        several.len(),
                        some(several)
                    ),
                };
                text.push_str(&line);
            }
            if reasons.len() > REASONS {
                let more: usize = reasons[REASONS..].iter().map(|(_, ids)| ids.len()).sum();
                text.push_str(&format!("  ... and {more} more, all in {CLASS}\n"));
            }
        }
        text
    }

    /// 0: all students have a mark. 3: a student has none.
    pub(super) fn exit_code(&self) -> u8 {
        if self.open().is_empty() && self.yet == 0 {
            0
        } else {
            3
        }
    }
}

/// Submissions by why they have no mark, in the order in which the reasons first come.
fn by_reason<'a>(open: &[&'a Member]) -> Vec<(String, Vec<&'a str>)> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for member in open {
        let why = why(member);
        let id = member.who.id.as_str();
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((why, vec![id])),
        }
    }
    reasons
}

/// The first of some ids.
fn some(ids: &[&str]) -> String {
    let more = match ids.len().saturating_sub(IDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", ids[..ids.len().min(IDS)].join(", "))
}

/// Whether no run has tried a submission yet.
pub(super) fn is_not_yet(member: &Member) -> bool {
    match &member.standing {
        Standing::NotGraded(not) => not.why.as_str() == NOT_YET,
        Standing::Graded(_) => false,
    }
}

fn why(member: &Member) -> String {
    match &member.standing {
        Standing::NotGraded(why) => why.why.to_string(),
        Standing::Graded(summary) => {
            let unknown: Vec<String> = summary
                .cases
                .iter()
                .filter(|cell| cell.verdict == ipclab_judge::Verdict::Unknown)
                .map(|cell| match &cell.says {
                    Some(says) => format!("{} ({says})", cell.id),
                    None => cell.id.to_string(),
                })
                .collect();
            match unknown.as_slice() {
                // Everything was graded, and it is open what being late takes off it.
                [] => match &member.settled.late {
                    Some(late) => late.says.to_string(),
                    None => "no case was graded".to_owned(),
                },
                [only] => format!("could not be graded in {only}"),
                [first, ..] => {
                    let n = unknown.len();
                    format!("could not be graded in {n} cases, such as {first}")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ipclab_report::{Line, Member, NotGraded, Settled, Standing, Who};

    use super::{by_reason, some};

    /// Thirty lines said that there is no compiler.
    #[test]
    fn one_reason_of_many_is_said_once() {
        let member = |(id, why): &(&str, &str)| Member {
            who: Who {
                id: Line::new(id),
                ..Who::default()
            },
            standing: Standing::NotGraded(NotGraded {
                why: Line::new(why),
                ours: true,
            }),
            settled: Settled::default(),
        };
        let open = [("a", "no cc"), ("b", "torn zip"), ("c", "no cc")];
        let open: Vec<Member> = open.iter().map(member).collect();
        let open: Vec<&Member> = open.iter().collect();
        let expected = [("no cc", vec!["a", "c"]), ("torn zip", vec!["b"])];
        let expected = expected.map(|(why, ids)| (why.to_owned(), ids));
        assert_eq!(by_reason(&open), expected);
        assert_eq!(some(&["a", "b"]), "a, b");
        let many = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(some(&many), "a, b, c, d, e and 2 more");
    }
}
