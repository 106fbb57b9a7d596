//! Late work: how late a submission is, and what a class's rule takes off its mark.
//!
//! What a program earned stays what it is; what the rule takes is told beside it. Where it is known that something is late
//! and not by how much, there is no final mark, since nobody can say what it is.

use crate::time::{DAY_S, span_words};
use crate::{Late, Line, Mark, Who, time};

/// What a class takes off late work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LateRule {
    /// The deadline, in seconds since 1970; `None`: only what the systems say counts.
    pub deadline: Option<i64>,
    /// The zone of moments that name none, in seconds east of Greenwich.
    pub zone_s: i64,
    /// What each day that has begun takes, in thousandths.
    pub per_day: u32,
    /// What the thousandths are of.
    pub of: Base,
    /// So late is in time.
    pub grace_s: u64,
    /// Days that each student may be late without losing anything.
    pub slip_days: u32,
    /// The rule takes at most so many thousandths.
    pub cap: Option<u32>,
    /// What is later than so many days has no points.
    pub until_days: Option<u32>,
}

/// What a percentage is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The points that could be earned, as Canvas and Moodle count it.
    #[default]
    Max,
    /// The points that were earned.
    Mark,
}

/// How late something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// It is not, or no one says that it is.
    InTime,
    /// By so many seconds.
    By(u64),
    /// It is late.
    Unknown,
    /// It may be: what is said of it cannot be read.
    Unread,
}

impl LateRule {
    /// How late a submission is.
    #[must_use]
    pub fn lateness(&self, who: &Who) -> Lateness {
        let timing = &who.timing;
        let moment = |text: &Option<Line>| time::moment(text.as_ref()?, self.zone_s);
        let own = moment(&timing.due);
        let handed_in = moment(&timing.handed_in);
        let by = match (handed_in, own.or(self.deadline)) {
            (Some(at), Some(due)) => Some(u64::try_from(at - due).unwrap_or(0)),
            _ => None,
        };
        match (by, timing.late_by_s, who.late) {
            // What cannot be read may be a later deadline of the student's own, and no earlier one.
            (Some(0), _, _) => Lateness::InTime,
            // A deadline of the student's own is another one than that which the system counted from.
            (Some(by), _, _) if own.is_some() || !self.is_extended(who) => Lateness::By(by),
            (_, Some(0), _) => Lateness::InTime,
            (_, Some(by), _) => Lateness::By(by),
            (_, None, Some(true)) => Lateness::Unknown,
            (_, None, Some(false)) => Lateness::InTime,
            (_, None, None) if self.unread(who).is_some() => Lateness::Unread,
            (_, None, None) => Lateness::InTime,
        }
    }

    /// Whether its student has a deadline of their own that cannot be read, or may have one: a text with a year.
    fn is_extended(&self, who: &Who) -> bool {
        let has_year = |text: &Line| {
            let numbers = text.split(|c: char| !c.is_ascii_digit());
            numbers.into_iter().any(|number| number.len() == 4)
        };
        who.timing.due.is_some() || who.timing.unread.as_ref().is_some_and(has_year)
    }

    /// What is said of when it came, or had to come, and cannot be read.
    #[must_use]
    pub fn unread<'a>(&self, who: &'a Who) -> Option<&'a Line> {
        let timing = &who.timing;
        let unread = |text: &&Line| time::moment(text, self.zone_s).is_none();
        let counts = self.deadline.is_some() || timing.due.is_some();
        let due = timing.due.as_ref().filter(unread);
        let handed_in = timing.handed_in.as_ref().filter(unread);
        due.or(handed_in.filter(|_| counts))
            .or(timing.unread.as_ref())
    }

    /// What is taken off a mark. `counted`: the days that count, where the instructor says so by hand.
    #[must_use]
    pub fn apply(&self, who: &Who, mark: Mark, max: u32, counted: Option<u32>) -> Option<Late> {
        let lateness = self.lateness(who);
        let by_s = match lateness {
            Lateness::By(by) => Some(by),
            Lateness::InTime | Lateness::Unknown | Lateness::Unread => None,
        };
        let how_late = by_s.map_or("late".to_owned(), |by| format!("{} late", span_words(by)));
        let slip = who.timing.slip_days.unwrap_or(self.slip_days);
        let (days, free) = match (counted, lateness) {
            (Some(days), _) => (Some(days), 0),
            (None, Lateness::InTime) => return None,
            (None, Lateness::By(by)) if by <= self.grace_s => {
                return Some(self.nothing(by_s, format!("{how_late}, within the grace")));
            }
            (None, Lateness::By(by)) => {
                let days = u32::try_from(by.div_ceil(DAY_S)).unwrap_or(u32::MAX);
                (Some(days.saturating_sub(slip)), days.min(slip))
            }
            (None, Lateness::Unknown | Lateness::Unread) => (None, 0),
        };
        let (Mark::Final(points) | Mark::Range { least: points, .. }) = mark;
        let of = match self.of {
            Base::Max => max,
            Base::Mark => points,
        };
        let slipped = match free {
            0 => String::new(),
            1 => "1 slip day".to_owned(),
            free => format!("{free} slip days"),
        };
        let Some(days) = days else {
            let most = self.taken(u32::MAX, of).min(points);
            let says = match self.unread(who).filter(|_| lateness == Lateness::Unread) {
                Some(unread) => format!("it may be late: \"{unread}\" cannot be read"),
                None => "late, and it is not known by how much".to_owned(),
            };
            return Some(Late {
                by_s,
                days,
                least: 0,
                most,
                says: Line::new(&says),
            });
        };
        if days == 0 {
            let why = if slipped.is_empty() {
                "by hand: none counts".to_owned()
            } else {
                slipped
            };
            return Some(self.nothing(by_s, format!("{how_late}, {why}")));
        }
        let taken = self.taken(days, of).min(points);
        let counted = if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        };
        let slipped = if slipped.is_empty() {
            slipped
        } else {
            format!(" beside {slipped}")
        };
        let rule = match self.until_days {
            Some(until) if days > until => format!("later than {until} days"),
            _ => format!("{} % of {of}", percent(self.thousandths(days))),
        };
        Some(Late {
            by_s,
            days: Some(days),
            least: taken,
            most: taken,
            says: Line::new(&format!("{how_late}: {counted}{slipped}, {rule}, -{taken}")),
        })
    }

    fn nothing(&self, by_s: Option<u64>, says: String) -> Late {
        Late {
            by_s,
            days: Some(0),
            least: 0,
            most: 0,
            says: Line::new(&says),
        }
    }

    fn thousandths(&self, days: u32) -> u32 {
        let all = self.per_day.saturating_mul(days).min(1000);
        self.cap.map_or(all, |cap| all.min(cap))
    }

    /// Points that so many days cost; a part of a point is left to the student.
    fn taken(&self, days: u32, of: u32) -> u32 {
        if self.until_days.is_some_and(|until| days > until) {
            return u32::MAX;
        }
        let taken = u64::from(of) * u64::from(self.thousandths(days)) / 1000;
        u32::try_from(taken).unwrap_or(u32::MAX)
    }
}

impl Late {
    /// What is left of a mark.
    #[must_use]
    pub fn off(&self, mark: Mark) -> Mark {
        let (least, most) = match mark {
            Mark::Final(points) => (points, points),
            Mark::Range { least, most } => (least, most),
        };
        let (least, most) = (
            least.saturating_sub(self.most),
            most.saturating_sub(self.least),
        );
        match mark {
            Mark::Final(_) if least == most => Mark::Final(least),
            Mark::Final(_) | Mark::Range { .. } => Mark::Range { least, most },
        }
    }
}

fn percent(thousandths: u32) -> String {
    match thousandths % 10 {
        0 => (thousandths / 10).to_string(),
        tenth => format!("{}.{tenth}", thousandths / 10),
    }
}
