//! What the instructor says by hand: marks, points of cases, days that count as late, comments.
//!
//! It is kept apart from what was graded, survives every regrading, and is shown as what it is. What no longer fits what was
//! graded is told: the instructor's word is never forgotten in silence, nor is it applied to something else than it was about.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_judge::Verdict;
use ipclab_spec::Visibility;

use crate::late::LateRule;
use crate::likest;
use crate::{
    ByHand, Cell, Class, ClassCase, Given, Line, Mark, Member, Settled, Standing, Student, cause,
    names, words,
};

/// One thing that the instructor says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// The student or submission: an id, a name, a number; `None`: all with the cause.
    pub who: Option<String>,
    /// The cause that it is about: [`cause::id`].
    pub cause: Option<String>,
    /// What it changes; `None`: it is a comment.
    pub change: Option<Given>,
    /// For the student.
    pub comment: Option<Line>,
    /// For the staff.
    pub reason: Option<Line>,
    /// Its author.
    pub by: Option<Line>,
    /// Its date.
    pub when: Option<Line>,
    /// The points that it was made against.
    pub was: Option<u32>,
    /// Where it stands: `overrides.toml, entry 3`.
    pub place: String,
}

impl Settled {
    /// What a mark becomes by it.
    #[must_use]
    pub fn of(&self, member: &Member) -> Option<Mark> {
        if let Some(mark) = self.mark() {
            return Some(Mark::Final(mark));
        }
        let mark = self.before_late(member)?;
        Some(self.late.as_ref().map_or(mark, |late| late.off(mark)))
    }

    /// The mark with points by hand, before the rule for late work.
    #[must_use]
    pub fn before_late(&self, member: &Member) -> Option<Mark> {
        let Standing::Graded(summary) = &member.standing else {
            return self.mark().map(Mark::Final);
        };
        let (mut least, mut unknown) = (summary.score.earned, summary.score.unknown);
        let mut whole = !summary.cases.is_empty();
        for cell in &summary.cases {
            match self.case(&cell.id) {
                Some((points, max)) => {
                    least = least.saturating_sub(cell.earned).saturating_add(points);
                    if cell.points().is_none() {
                        unknown = unknown.saturating_sub(max.saturating_sub(cell.earned));
                    }
                }
                None => whole &= cell.points().is_some(),
            }
        }
        Some(Mark::of(least, unknown, whole))
    }
}

impl ByHand {
    /// `12 by hand, not 9 (Ada, 2026-03-04: the spec was wrong)`. Students read it without the reason.
    #[must_use]
    pub fn says(&self, for_staff: bool) -> String {
        let earned = self
            .earned
            .map_or(String::new(), |earned| format!(", not {earned}"));
        let mut text = match &self.change {
            Some(Given::Mark(mark)) => format!("the mark is {mark}{earned}"),
            Some(Given::Case { id, points, .. }) => {
                format!(
                    "{id} counts {}{earned}",
                    words::count(*points as usize, "point")
                )
            }
            Some(Given::LateDays(days)) => {
                format!(
                    "{} of being late {}",
                    words::count(*days as usize, "day"),
                    if *days == 1 { "counts" } else { "count" }
                )
            }
            None => "a comment".to_owned(),
        };
        if for_staff {
            let signed: Vec<&str> = [&self.by, &self.when]
                .into_iter()
                .flatten()
                .map(Line::as_str)
                .collect();
            let reason = self.reason.as_ref().map_or(String::new(), |reason| {
                format!("{}{reason}", if signed.is_empty() { "" } else { ": " })
            });
            if !signed.is_empty() || !reason.is_empty() {
                text.push_str(&format!(" ({}{reason})", signed.join(", ")));
            }
        }
        text
    }
}

/// What students read of what was said by hand and of being late. What a spec keeps from them is left out.
pub(crate) fn settled_for_students(class: &Class, member: &Member) -> Vec<String> {
    let seen = |one: &&ByHand| match &one.change {
        Some(Given::Case { id, .. }) => class
            .cases
            .iter()
            .any(|case| case.id == *id && case.visibility == Visibility::Visible),
        Some(Given::Mark(_) | Given::LateDays(_)) => true,
        None => false,
    };
    let settled = &member.settled;
    let mut said: Vec<String> = settled
        .by_hand
        .iter()
        .filter(seen)
        .map(|one| format!("{} (by hand)", one.says(false)))
        .collect();
    said.extend(settled.comments().map(Line::to_string));
    said.extend(settled.late.iter().map(|late| late.says.to_string()));
    said
}

/// What the staff reads of the same: everything, with reasons.
pub(crate) fn settled_for_staff(member: &Member) -> Vec<String> {
    let by_hand = member.settled.by_hand.iter().map(|one| {
        let comment = one.comment.as_ref();
        let comment = comment.map_or(String::new(), |comment| {
            format!("; to the student: {comment}")
        });
        format!("by hand: {}{comment}", one.says(true))
    });
    let late = member.settled.late.iter().map(|late| late.says.to_string());
    by_hand.chain(late).collect()
}

impl Class {
    /// Puts what the instructor says, and what the rule for late work makes, beside what was graded. Gives what does not fit:
    /// overrides that are about nothing any more.
    pub fn settle(&mut self, overrides: &[Override], late: Option<&LateRule>) -> Vec<String> {
        for member in &mut self.submissions {
            member.settled = Settled::default();
        }
        let known = Known::of(self);
        let mut told = Vec::new();
        let mut given: Vec<Vec<ByHand>> = vec![Vec::new(); self.submissions.len()];
        let mut places: Vec<Vec<&str>> = vec![Vec::new(); self.submissions.len()];
        for one in overrides {
            match known.fits(self, one) {
                Ok(fitting) => {
                    for (at, by_hand, stale) in fitting {
                        given[at].push(by_hand);
                        places[at].push(&one.place);
                        told.extend(stale.map(|stale| format!("{}: {stale}", one.place)));
                    }
                }
                Err(why) => told.push(format!("{} is not applied: {why}", one.place)),
            }
        }
        told.extend(contradictions(&self.submissions, &given, &places));
        let max = self.max;
        for (member, by_hand) in self.submissions.iter_mut().zip(given) {
            member.settled.by_hand = by_hand;
            if let (Some(rule), None) = (late, member.settled.mark())
                && let Some(mark) = member.settled.before_late(member)
            {
                let days = member.settled.late_days();
                member.settled.late = rule.apply(&member.who, mark, max, days);
            }
        }
        told
    }
}

/// Entries that give one thing of a submission twice, and not the same. The last one counts, and the instructor reads which.
fn contradictions(members: &[Member], given: &[Vec<ByHand>], places: &[Vec<&str>]) -> Vec<String> {
    // By the two entries and what they give: whose it is. An entry about a cause may be about many.
    let mut found: BTreeMap<(&str, &str, String), Vec<String>> = BTreeMap::new();
    for ((member, given), places) in members.iter().zip(given).zip(places) {
        for (at, later) in given.iter().enumerate() {
            let Some(later_change) = &later.change else {
                continue;
            };
            let mut earlier = given[..at].iter().zip(places);
            let other = earlier.rfind(|(one, _)| {
                let change = one.change.as_ref();
                change.is_some_and(|one| one.is_of(later_change) && one != later_change)
            });
            if let Some((_, place)) = other {
                let key = (places[at], *place, later_change.what());
                found
                    .entry(key)
                    .or_default()
                    .push(words::called(&member.who));
            }
        }
    }
    let text = |((later, earlier, what), names): (_, Vec<String>)| {
        let more = match names.len() {
            0 | 1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        format!(
            "{later} counts, and {earlier} does not: both give {what} of {}{more}",
            names[0]
        )
    };
    found.into_iter().map(text).collect()
}

impl Given {
    /// Whether both give the same thing, whatever they make of it.
    fn is_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mark(_), Self::Mark(_)) | (Self::LateDays(_), Self::LateDays(_)) => true,
            (Self::Case { id: one, .. }, Self::Case { id: other, .. }) => one == other,
            (Self::Mark(_) | Self::LateDays(_) | Self::Case { .. }, _) => false,
        }
    }

    /// What it gives.
    fn what(&self) -> String {
        match self {
            Self::Mark(_) => "the mark".to_owned(),
            Self::LateDays(_) => "the days of being late".to_owned(),
            Self::Case { id, .. } => format!("the points of {id}"),
        }
    }
}

/// Submissions by what they may be called.
struct Known {
    by: BTreeMap<String, BTreeSet<usize>>,
}

/// A member, what is said of it, and why that may be out of date.
type Fitting = (usize, ByHand, Option<String>);

impl Known {
    fn of(class: &Class) -> Self {
        let mut known = Self {
            by: BTreeMap::new(),
        };
        for (at, member) in class.submissions.iter().enumerate() {
            for called in called(member) {
                known.by.entry(called).or_default().insert(at);
            }
        }
        known
    }

    /// The submissions that an override is about.
    fn fits(&self, class: &Class, one: &Override) -> Result<Vec<Fitting>, String> {
        let case = match &one.change {
            Some(Given::Case { id, points, .. }) => Some(case_of(class, id, *points)?),
            // Where nothing was graded, what the lab has is not known.
            Some(Given::Mark(mark)) if class.max > 0 && *mark > class.max => {
                return Err(format!(
                    "a mark of {mark} is more than the {} that there are",
                    words::count(class.max as usize, "point")
                ));
            }
            Some(Given::Mark(_) | Given::LateDays(_)) | None => None,
        };
        let about = self.about(class, one)?;
        let by_hand = |member: &Member| {
            let earned = match (&one.change, &member.standing) {
                (Some(Given::Mark(_)), Standing::Graded(summary)) => summary.mark().final_points(),
                (Some(Given::Case { id, .. }), Standing::Graded(summary)) => {
                    let cell = summary.cases.iter().find(|cell| cell.id == *id);
                    cell.and_then(Cell::points)
                }
                _ => None,
            };
            ByHand {
                change: match (&one.change, case) {
                    (Some(Given::Case { id, points, .. }), Some(case)) => Some(Given::Case {
                        id: id.clone(),
                        points: *points,
                        max: case.max,
                    }),
                    (change, _) => change.clone(),
                },
                comment: one.comment.clone(),
                reason: one.reason.clone(),
                by: one.by.clone(),
                when: one.when.clone(),
                earned,
            }
        };
        let fitting = about.into_iter().map(|at| {
            let member = &class.submissions[at];
            let by_hand = by_hand(member);
            let stale = stale(one, &by_hand, member);
            (at, by_hand, stale)
        });
        Ok(fitting.collect())
    }

    fn about(&self, class: &Class, one: &Override) -> Result<Vec<usize>, String> {
        let has_cause = |at: &usize, cause: &str| {
            let causes = class.submissions[*at].causes();
            causes.into_iter().any(|(id, _)| id == cause)
        };
        match (&one.who, &one.cause) {
            (Some(who), cause) => {
                let keys = [who.trim().to_lowercase(), names::key(who)];
                let found = keys.iter().find_map(|key| self.by.get(key));
                let at = match found.map(|found| (found.len(), found.first())) {
                    Some((1, Some(at))) => *at,
                    Some((several, _)) => {
                        return Err(format!(
                            "{several} submissions are called {who}: name an id"
                        ));
                    }
                    None => {
                        let near = near(&keys[0], self.by.keys().map(String::as_str));
                        return Err(format!("there is no submission of {who}{near}"));
                    }
                };
                if let Some(cause) = cause.as_ref().filter(|cause| !has_cause(&at, cause)) {
                    return Err(format!("{who} does not have the cause {cause} any more"));
                }
                Ok(vec![at])
            }
            (None, Some(cause)) => {
                let all = 0..class.submissions.len();
                let with: Vec<usize> = all.filter(|at| has_cause(at, cause)).collect();
                match with.is_empty() {
                    true => Err(format!("no submission has the cause {cause} any more")),
                    false => Ok(with),
                }
            }
            (None, None) => Err("it says neither who nor cause".to_owned()),
        }
    }
}

/// Why an override may be out of date, although it still is applied.
fn stale(one: &Override, by_hand: &ByHand, member: &Member) -> Option<String> {
    let name = words::called(&member.who);
    let now = by_hand.earned;
    match (&one.change, one.was, now) {
        (Some(Given::Mark(given)), _, Some(now)) if *given == now => Some(format!(
            "{name} has earned {now} by now: it changes nothing any more"
        )),
        (Some(Given::Case { id, points, .. }), _, Some(now)) if *points == now => Some(format!(
            "{name} has {now} in {id} by now: it changes nothing any more"
        )),
        (Some(_), Some(was), now) if now != Some(was) => {
            let now = now.map_or("no final points".to_owned(), |now| now.to_string());
            Some(format!(
                "{name} had {was} when it was written, and has {now} now"
            ))
        }
        _ => None,
    }
}

fn case_of<'a>(class: &'a Class, id: &Line, points: u32) -> Result<&'a ClassCase, String> {
    let case = class.cases.iter().find(|case| case.id == *id);
    let case = case.ok_or_else(|| {
        let near = near(id, class.cases.iter().map(|case| case.id.as_str()));
        format!("the class is not graded by a case {id}{near}")
    })?;
    match points > case.max {
        true => Err(format!(
            "{points} points are more than the {} of {id}",
            case.max
        )),
        false => Ok(case),
    }
}

/// What may have been meant by a name that there is not: `; did you mean echo-one?`
fn near<'a>(name: &str, there: impl Iterator<Item = &'a str>) -> String {
    likest(name, there).map_or(String::new(), |best| format!("; did you mean {best}?"))
}

/// Everything that a submission may be called by.
fn called(member: &Member) -> Vec<String> {
    let mut called = vec![member.who.id.trim().to_lowercase()];
    for student in &member.who.students {
        let ids = student.ids.iter();
        let ids = ids.filter(|(key, _)| key.as_str() != Student::SECTION);
        called.extend(ids.map(|(_, id)| id.trim().to_lowercase()));
        if let Some(name) = &student.name {
            called.extend([name.trim().to_lowercase(), names::key(name)]);
        }
    }
    called
}

impl Member {
    /// What its students read beside the report: what was said by hand, and what being late costs.
    #[must_use]
    pub fn said_to_students(&self, class: &Class) -> Vec<String> {
        settled_for_students(class, self)
    }

    /// Whether it is late; `None`: it is not known.
    #[must_use]
    pub fn is_late(&self) -> Option<bool> {
        let late = self.settled.late.as_ref();
        let known = late.is_some_and(|late| late.by_s.is_some() || late.days.is_some());
        if known { Some(true) } else { self.who.late }
    }

    /// What it came to, with what the instructor says of it and what being late costs; `None`: it was not graded.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.settled.of(self)
    }

    /// The mark that stands; `None`: there is no final mark.
    #[must_use]
    pub fn final_mark(&self) -> Option<u32> {
        self.mark()?.final_points()
    }

    /// The causes of what it lost, each with its cell.
    #[must_use]
    pub fn causes(&self) -> Vec<(String, &Cell)> {
        let Standing::Graded(summary) = &self.standing else {
            return Vec::new();
        };
        let failed = summary.cases.iter().filter_map(|cell| {
            let says = cell.says.as_ref()?;
            let lost = matches!(cell.verdict, Verdict::Fail | Verdict::Skipped);
            // What was skipped since another case failed has that one's cause.
            let ids = summary.cases.iter().map(|cell| cell.id.as_str());
            let lost = lost && !cause::is_consequence(says, ids);
            // What kept a case from running is one cause, however many cases it kept.
            let id = match (cell.verdict, &cell.cause) {
                (_, Some(cause)) => cause.id.to_string(),
                (Verdict::Skipped, None) => cause::id("skipped", None, says),
                (Verdict::Pass | Verdict::Fail | Verdict::Unknown, None) => {
                    cause::id(&cell.id, cell.aspect, says)
                }
            };
            lost.then_some((id, cell))
        });
        failed.collect()
    }
}
