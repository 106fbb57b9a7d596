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
}

impl LateRule {
    /// How late a submission is.
    #[must_use]
    pub fn lateness(&self, who: &Who) -> Lateness {
        let timing = &who.timing;
        let moment = |text: &Option<Line>| time::moment(text.as_ref()?, self.zone_s);
        let own = moment(&timing.due);
        let handed_in = moment(&timing.handed_in);
        match (handed_in, own.or(self.deadline)) {
            // A deadline of the student's own is another one than that which the system counted from.
            (Some(at), Some(due)) => match u64::try_from(at - due) {
                Ok(0) | Err(_) => Lateness::InTime,
                Ok(by) => Lateness::By(by),
            },
            _ => match (timing.late_by_s, who.late) {
                (Some(0), _) => Lateness::InTime,
                (Some(by), _) => Lateness::By(by),
                (None, Some(true)) => Lateness::Unknown,
                (None, Some(false) | None) => Lateness::InTime,
            },
        }
    }

    /// What is taken off a mark. `counted`: the days that count, where the instructor says so by hand.
    #[must_use]
    pub fn apply(&self, who: &Who, mark: Mark, max: u32, counted: Option<u32>) -> Option<Late> {
        let lateness = self.lateness(who);
        let by_s = match lateness {
            Lateness::By(by) => Some(by),
            Lateness::InTime | Lateness::Unknown => None,
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
            (None, Lateness::Unknown) => (None, 0),
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
            return Some(Late {
                by_s,
                days,
                least: 0,
                most,
                says: Line::new("late, and it is not known by how much"),
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

#[cfg(test)]
mod tests {
    use super::{Base, LateRule};
    use crate::{Mark, Timing, Who};

    const DEADLINE: i64 = 1_772_366_400; // 2026-03-01 12:00 UTC

    fn rule() -> LateRule {
        LateRule {
            deadline: Some(DEADLINE),
            per_day: 100,
            ..LateRule::default()
        }
    }

    fn handed_in(at: &str) -> Who {
        Who {
            timing: Timing {
                handed_in: Some(at.into()),
                ..Timing::default()
            },
            ..Who::default()
        }
    }

    /// What is left of 20 of 28 points, and what is said.
    fn check(rule: &LateRule, who: &Who, expected: Mark, says: &str) {
        let mark = Mark::Final(20);
        let late = rule.apply(who, mark, 28, None);
        let left = late.as_ref().map_or(mark, |late| late.off(mark));
        assert_eq!(left, expected, "{who:?} {late:?}");
        let said = late.map_or(String::new(), |late| late.says.to_string());
        assert!(said.contains(says), "{said}");
    }

    #[test]
    fn each_day_that_has_begun_costs_its_part() {
        let rule = rule();
        check(&rule, &handed_in("2026-03-01 12:00Z"), Mark::Final(20), "");
        // 10 % of 28 are 2.8: a part of a point is left to the student.
        check(
            &rule,
            &handed_in("2026-03-01 12:01Z"),
            Mark::Final(18),
            "1 minute late: 1 day, 10 % of 28, -2",
        );
        check(
            &rule,
            &handed_in("2026-03-02 12:00Z"),
            Mark::Final(18),
            "1 day",
        );
        check(
            &rule,
            &handed_in("2026-03-02 12:01Z"),
            Mark::Final(15),
            "2 days",
        );
        check(
            &rule,
            &handed_in("2026-04-02 12:01Z"),
            Mark::Final(0),
            "-20",
        );
        check(&rule, &handed_in("some day"), Mark::Final(20), "");
        let of_mark = LateRule {
            of: Base::Mark,
            ..rule
        };
        check(
            &of_mark,
            &handed_in("2026-03-02 12:01Z"),
            Mark::Final(16),
            "20 % of 20",
        );
    }

    #[test]
    fn grace_slip_days_caps_and_an_end() {
        let all = LateRule {
            grace_s: 1800,
            slip_days: 1,
            cap: Some(500),
            until_days: Some(7),
            ..rule()
        };
        check(
            &all,
            &handed_in("2026-03-01 12:30Z"),
            Mark::Final(20),
            "within the grace",
        );
        check(
            &all,
            &handed_in("2026-03-01 12:31Z"),
            Mark::Final(20),
            "1 slip day",
        );
        check(
            &all,
            &handed_in("2026-03-03 12:00Z"),
            Mark::Final(18),
            "1 day beside 1 slip day",
        );
        check(
            &all,
            &handed_in("2026-03-08 12:30Z"),
            Mark::Final(6),
            "50 % of 28",
        );
        check(
            &all,
            &handed_in("2026-03-10 12:30Z"),
            Mark::Final(0),
            "later than 7 days",
        );
        let own = |who: Who, timing: Timing| Who {
            timing: Timing {
                handed_in: who.timing.handed_in,
                ..timing
            },
            ..Who::default()
        };
        let extended = Timing {
            due: Some("2026-03-09 12:00Z".into()),
            ..Timing::default()
        };
        check(
            &all,
            &own(handed_in("2026-03-08 12:30Z"), extended),
            Mark::Final(20),
            "",
        );
        let none_left = Timing {
            slip_days: Some(0),
            ..Timing::default()
        };
        check(
            &all,
            &own(handed_in("2026-03-01 12:31Z"), none_left),
            Mark::Final(18),
            "1 day",
        );
    }

    #[test]
    fn late_by_an_unknown_time_is_no_final_mark() {
        let flagged = Who {
            late: Some(true),
            ..Who::default()
        };
        check(
            &rule(),
            &flagged,
            Mark::Range { least: 0, most: 20 },
            "not known by how much",
        );
        let capped = LateRule {
            cap: Some(250),
            ..rule()
        };
        check(
            &capped,
            &flagged,
            Mark::Range {
                least: 13,
                most: 20,
            },
            "",
        );
        let by = Who {
            timing: Timing {
                late_by_s: Some(90_000),
                ..Timing::default()
            },
            ..flagged.clone()
        };
        check(&rule(), &by, Mark::Final(15), "1 day 1 hour late: 2 days");
        // The instructor's word counts.
        let late = rule()
            .apply(&flagged, Mark::Final(20), 28, Some(1))
            .unwrap();
        assert_eq!(late.off(Mark::Final(20)), Mark::Final(18));
        let late = rule().apply(&by, Mark::Final(20), 28, Some(0)).unwrap();
        assert_eq!(
            (late.off(Mark::Final(20)), late.says.contains("by hand")),
            (Mark::Final(20), true)
        );
        assert_eq!(
            rule().apply(&Who::default(), Mark::Final(20), 28, None),
            None
        );
        let range = Mark::Range {
            least: 10,
            most: 12,
        };
        let late = rule().apply(&by, range, 28, None).unwrap();
        assert_eq!(late.off(range), Mark::Range { least: 5, most: 7 });
    }
}
