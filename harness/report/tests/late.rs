//! What a class's rule takes off late work.

use ipclab_report::{Base, LateRule, Line, Mark, Timing, Who};

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
    // What cannot be read is no final mark: in time would be a guess, and so would late.
    check(
        &rule,
        &handed_in("some day"),
        Mark::Range { least: 0, most: 20 },
        "it may be late: \"some day\" cannot be read",
    );
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
    // A deadline of the student's own that cannot be read: only what came before the class's is in time for certain.
    let extended = |at: &str, due: Option<&str>, unread: Option<&str>| Who {
        timing: Timing {
            due: due.map(Line::new),
            unread: unread.map(Line::new),
            ..handed_in(at).timing
        },
        ..Who::default()
    };
    let open = Mark::Range { least: 0, most: 20 };
    let (before, behind) = ("2026-03-01 11:00Z", "2026-03-02 11:00Z");
    let late = Mark::Final(18);
    check(
        &rule(),
        &extended(before, Some("next week"), None),
        Mark::Final(20),
        "",
    );
    check(
        &rule(),
        &extended(behind, Some("next week"), None),
        open,
        "\"next week\" cannot be read",
    );
    check(
        &rule(),
        &extended(behind, None, Some("do 3 marca 2026")),
        open,
        "cannot be read",
    );
    check(
        &rule(),
        &extended(behind, None, Some("2 dni")),
        late,
        "1 day",
    );
    // Without a time of its own, what its system says is all there is.
    let status = Who {
        timing: Timing {
            unread: Some("2 dni".into()),
            ..Timing::default()
        },
        ..Who::default()
    };
    check(&rule(), &status, open, "\"2 dni\" cannot be read");
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
