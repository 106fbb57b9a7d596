//! Marks by hand and late work beside what was graded.

use ipclab_judge::Verdict;
use ipclab_report::{
    Cell, CellCause, Changes, Class, ClassCase, Given, LateRule, Mark, Member, NotGraded, Override,
    Regrade, Score, Settled, Standing, Student, Summary, Timing, Who, cause, html,
};
use ipclab_spec::{Aspect, Tier, Visibility};

/// A member with these cells of `one` (3 points) and `two` (4 points).
fn member(id: &str, cells: [(Verdict, u32); 2]) -> Member {
    let cells: Vec<Cell> = ["one", "two"]
        .into_iter()
        .zip(cells)
        .map(|(case, (verdict, earned))| Cell {
            id: case.into(),
            verdict,
            earned,
            says: (verdict != Verdict::Pass).then(|| format!("{earned} bytes, not 49").into()),
            aspect: (verdict != Verdict::Pass).then_some(Aspect::Bytes),
            cause: None,
        })
        .collect();
    let unknown = |cell: &&Cell| cell.verdict == Verdict::Unknown;
    let max = |cell: &Cell| if cell.id.as_str() == "one" { 3 } else { 4 };
    Member {
        who: who(id),
        standing: Standing::Graded(Summary {
            score: Score {
                earned: cells.iter().map(|cell| cell.earned).sum(),
                max: 7,
                unknown: cells
                    .iter()
                    .filter(unknown)
                    .map(|cell| max(cell) - cell.earned)
                    .sum(),
                ..Score::default()
            },
            not_built: Vec::new(),
            cases: cells,
        }),
        settled: Settled::default(),
    }
}

fn who(id: &str) -> Who {
    Who {
        id: id.into(),
        page: id.into(),
        students: vec![Student {
            name: Some(format!("{id} Müller").into()),
            ..Student::default()
        }],
        ..Who::default()
    }
}

fn class(members: Vec<Member>) -> Class {
    let case = |id: &str, max: u32, visibility| ClassCase {
        id: id.into(),
        title: id.into(),
        tier: Tier::Core,
        max,
        covers: Vec::new(),
        visibility,
    };
    Class {
        schema: Default::default(),
        lab: "lab".into(),
        title: "A lab".into(),
        unit: Vec::new(),
        max: 7,
        cases: vec![
            case("one", 3, Visibility::Visible),
            case("two", 4, Visibility::Hidden),
        ],
        submissions: members,
        missing: Vec::new(),
        not_handed_in: None,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    }
}

fn given(who: &str, change: Given) -> Override {
    Override {
        who: Some(who.to_owned()),
        change: Some(change),
        place: "entry 1".to_owned(),
        ..Override::default()
    }
}

fn points(id: &str, points: u32) -> Given {
    Given::Case {
        id: id.into(),
        points,
        max: 0,
    }
}

const PASSED: (Verdict, u32) = (Verdict::Pass, 3);
const FAILED: (Verdict, u32) = (Verdict::Fail, 1);
const UNKNOWN: (Verdict, u32) = (Verdict::Unknown, 0);

#[test]
fn the_instructor_s_word_makes_the_mark() {
    let check = |cells: [(Verdict, u32); 2], overrides: &[Override], expected: Mark| {
        let mut class = class(vec![member("ada", cells)]);
        let told = class.settle(overrides, None);
        assert_eq!(
            class.submissions[0].mark(),
            Some(expected),
            "{overrides:?} {told:?}"
        );
    };
    check([PASSED, FAILED], &[], Mark::Final(4));
    check(
        [PASSED, FAILED],
        &[given("ada", Given::Mark(7))],
        Mark::Final(7),
    );
    check(
        [PASSED, FAILED],
        &[given("Muller Ada", points("two", 4))],
        Mark::Final(7),
    );
    check(
        [PASSED, FAILED],
        &[given("ada", points("one", 0))],
        Mark::Final(1),
    );
    // Points of the one case that could not be graded make the mark final.
    check([PASSED, UNKNOWN], &[], Mark::Range { least: 3, most: 7 });
    check(
        [PASSED, UNKNOWN],
        &[given("ada", points("two", 2))],
        Mark::Final(5),
    );
    check(
        [UNKNOWN, UNKNOWN],
        &[given("ada", points("two", 2))],
        Mark::Range { least: 2, most: 5 },
    );
    // The last word counts.
    let twice = [given("ada", Given::Mark(7)), given("ada", Given::Mark(6))];
    check([PASSED, FAILED], &twice, Mark::Final(6));
}

/// A finger that slipped wrote 77 of 7 into a gradebook, the second of two entries won in silence, and a wrong letter in a
/// name was told without the right one.
#[test]
fn what_cannot_be_meant_by_hand_is_told_and_not_applied() {
    let check = |overrides: &[Override], expected: Mark, says: &[&str]| {
        let mut class = class(vec![
            member("ada", [PASSED, FAILED]),
            member("bob", [PASSED, FAILED]),
        ]);
        let told = class.settle(overrides, None);
        assert_eq!(class.submissions[0].mark(), Some(expected), "{told:?}");
        assert_eq!(told, says);
    };
    let second = |one: Override| Override {
        place: "entry 2".to_owned(),
        ..one
    };
    let of_cause = Override {
        who: None,
        cause: Some(cause::id("two", Some(Aspect::Bytes), "1 bytes, not 49")),
        ..given("", points("two", 2))
    };
    check(
        &[given("ada", Given::Mark(77))],
        Mark::Final(4),
        &["entry 1 is not applied: a mark of 77 is more than the 7 points that there are"],
    );
    check(
        &[
            given("ada", Given::Mark(7)),
            second(given("ada", Given::Mark(6))),
        ],
        Mark::Final(6),
        &["entry 2 counts, and entry 1 does not: both give the mark of ada Müller"],
    );
    // The same twice is no contradiction, and neither are two cases.
    check(
        &[
            given("ada", points("one", 2)),
            second(given("ada", points("one", 2))),
            second(given("ada", points("two", 0))),
        ],
        Mark::Final(2),
        &[],
    );
    // What is said of one is said of a group, too.
    check(
        &[
            given("ada", points("two", 4)),
            given("bob", points("two", 3)),
            second(of_cause),
        ],
        Mark::Final(5),
        &[
            "entry 2 counts, and entry 1 does not: both give the points of two of ada Müller and 1 more",
        ],
    );
    check(
        &[given("adda", Given::Mark(6))],
        Mark::Final(4),
        &["entry 1 is not applied: there is no submission of adda; did you mean ada?"],
    );
    check(
        &[given("ada", points("twoo", 3))],
        Mark::Final(4),
        &["entry 1 is not applied: the class is not graded by a case twoo; did you mean two?"],
    );
}

#[test]
fn a_mark_by_hand_stands_for_what_could_not_be_graded() {
    let mut refused = member("ada", [PASSED, PASSED]);
    refused.standing = Standing::NotGraded(NotGraded {
        why: "a rar".into(),
        ours: false,
    });
    let mut class = class(vec![refused]);
    assert_eq!(class.submissions[0].mark(), None);
    class.settle(&[given("ada", Given::Mark(2))], None);
    assert_eq!(class.submissions[0].final_mark(), Some(2));
}

/// A gradebook said nothing beside a mark that the instructor had given to what could not be graded.
#[test]
fn a_gradebook_has_the_comment_of_what_could_not_be_graded() {
    let mut refused = member("ada", [PASSED, PASSED]);
    refused.standing = Standing::NotGraded(NotGraded {
        why: "a rar".into(),
        ours: false,
    });
    let mut class = class(vec![refused]);
    let comment = Override {
        comment: Some("By mail.".into()),
        ..given("ada", Given::Mark(2))
    };
    class.settle(&[comment], None);
    let sheet = "Identifier,Full name,Grade,Feedback comments\nParticipant 1,Müller Ada,,\n";
    let columns = ipclab_report::gradebook::MoodleColumns::default();
    let filled = ipclab_report::gradebook::moodle(sheet.as_bytes(), &columns, &class).unwrap();
    let text = String::from_utf8(filled.bytes).unwrap();
    assert!(
        text.contains("Müller Ada,2,the mark is 2 (by hand); By mail."),
        "{text}"
    );
}

#[test]
fn being_late_is_taken_off_what_was_earned_and_not_off_a_mark_by_hand() {
    let rule = LateRule {
        per_day: 250,
        ..LateRule::default()
    };
    let check = |overrides: &[Override], expected: Mark| {
        let mut late = member("ada", [PASSED, PASSED]);
        late.who.timing = Timing {
            late_by_s: Some(90_000),
            ..Timing::default()
        };
        let mut class = class(vec![late]);
        class.settle(overrides, Some(&rule));
        assert_eq!(class.submissions[0].mark(), Some(expected), "{overrides:?}");
    };
    // Two days, half of 7, in the student's favour.
    check(&[], Mark::Final(3));
    check(&[given("ada", points("one", 0))], Mark::Final(0));
    check(&[given("ada", Given::LateDays(1))], Mark::Final(5));
    check(&[given("ada", Given::LateDays(0))], Mark::Final(6));
    check(&[given("ada", Given::Mark(6))], Mark::Final(6));
}

/// A late rule alone was said to be "with other cases and the same points".
#[test]
fn what_only_the_rule_for_late_work_changes_is_counted_as_that() {
    let graded = |late_by_s: u64| {
        let mut late = member("ada", [PASSED, PASSED]);
        late.who.timing.late_by_s = Some(late_by_s);
        let mut class = class(vec![late, member("bob", [PASSED, PASSED])]);
        let rule = LateRule {
            per_day: 250,
            ..LateRule::default()
        };
        class.settle(&[], Some(&rule));
        class
    };
    let changes = Changes::between(&graded(0), &graded(90_000));
    assert_eq!(
        changes.counts(),
        "1 with another mark and the same points, 1 as before"
    );
    assert_eq!(
        changes.mark_counts().as_deref(),
        Some("marks with overrides and late work: 1 lost, 1 as before")
    );
    // The column of the class's page called it other cases.
    let mut class = graded(90_000);
    class.regrade = Some(Regrade {
        by: "another rule".into(),
        taken: true,
        changes,
    });
    let page = html::class(&class, "submissions");
    assert!(page.contains(r#""d":"m""#), "{page}");
}

/// A mistake in two cases was two causes with a comment each.
#[test]
fn one_mistake_in_several_cases_is_one_cause_on_the_page_and_for_a_comment() {
    let mistaken = |id: &str| {
        let mut member = member(id, [(Verdict::Fail, 0), FAILED]);
        if let Standing::Graded(summary) = &mut member.standing {
            for cell in &mut summary.cases {
                cell.cause = Some(CellCause {
                    id: "iserver-nul-1a2b3c".into(),
                    says: "iserver sends without the NUL".into(),
                });
            }
        }
        member
    };
    let mut class = class(vec![
        mistaken("ada"),
        mistaken("bob"),
        member("cem", [PASSED, PASSED]),
    ]);
    let page = html::class(&class, "submissions");
    let group = "<b>2</b> iserver sends without the NUL <span class=\"faint\">in one, two</span>";
    assert_eq!(page.matches(group).count(), 1, "{page}");
    assert!(
        page.contains("<a href=\"submissions&#x2f;ada.html#case-1\">ada Müller</a>"),
        "{page}"
    );
    let comment = Override {
        cause: Some("iserver-nul-1a2b3c".to_owned()),
        comment: Some("page 4".into()),
        place: "entry 1".to_owned(),
        ..Override::default()
    };
    assert_eq!(class.settle(&[comment], None), Vec::<String>::new());
    let comments = class.submissions.iter();
    let comments: Vec<usize> = comments.map(|one| one.settled.comments().count()).collect();
    assert_eq!(comments, [1, 1, 0]);
}

#[test]
fn a_comment_reaches_all_of_a_cause_and_a_stale_one_is_told() {
    let members = || {
        vec![
            member("ada", [PASSED, FAILED]),
            member("bob", [PASSED, (Verdict::Fail, 0)]),
            member("cem", [PASSED, PASSED]),
        ]
    };
    let id = cause::id("two", Some(Aspect::Bytes), "12 bytes, not 49");
    let comment = |cause: &str| Override {
        cause: Some(cause.to_owned()),
        comment: Some("page 4".into()),
        place: "entry 1".to_owned(),
        ..Override::default()
    };
    let mut class = class(members());
    assert_eq!(class.settle(&[comment(&id)], None), Vec::<String>::new());
    let told: Vec<usize> = class
        .submissions
        .iter()
        .map(|member| member.settled.comments().count())
        .collect();
    assert_eq!(told, [1, 1, 0]);
    let told = class.settle(&[comment("two-ffffff")], None);
    assert_eq!(
        told,
        ["entry 1 is not applied: no submission has the cause two-ffffff any more"]
    );
    // What a spec keeps from students is not told by a mark by hand.
    let secret = Override {
        comment: Some("well".into()),
        ..given("ada", points("two", 4))
    };
    class.settle(&[secret], None);
    assert_eq!(class.submissions[0].said_to_students(&class), ["well"]);
}
