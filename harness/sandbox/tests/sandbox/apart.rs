//! Actors are apart: no way leads from one to another's terminal or processes, to the box's settings or to what is the host's.

use std::collections::BTreeSet;

use ipclab_evidence::{Actor, Ended, Exit, LimitHit, LimitKind};

use crate::bench::{Adjust, Test, both, own, plan, ready, run, student, trusted, waits};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // A student's program beside one of ours, beside another one of the same student, and beside a stranger's.
    for (name, other) in [
        ("the_reference", trusted("other", "apart stay")),
        ("its_partner", student("other", "apart stay")),
        ("a_stranger", stranger("other", "apart stay")),
    ] {
        tests.push(both(
            format!("no_way_to_the_terminal_of_{name}"),
            move |level| {
                let forger = student("forger", "apart type").after(ready("other"));
                let seen = run(level, &plan([other.clone(), forger]));
                assert_eq!(seen.out("other"), "honest\n");
                assert_eq!(seen.out("forger"), "typed\n");
            },
        ));
    }
    // The one that starts first has no way to the terminals of those that come later.
    tests.push(both("no_way_to_a_later_terminal", |level| {
        let first = student("first", "apart type-when-told");
        let other = student("other", "apart stay").after(ready("first"));
        let ours = trusted("ours", "apart stay").after(ready("other"));
        let last = student("last", "apart tell").after(waits("ours"));
        let seen = run(level, &plan([first, other, ours, last]));
        assert_eq!(
            (seen.out("other"), seen.out("ours")),
            ("honest\n".into(), "honest\n".into())
        );
        assert_eq!(seen.out("first"), "typed\n");
    }));
    tests.push(both("a_terminal_has_a_name_that_can_be_opened", |level| {
        let seen = run(
            level,
            &plan([student("one", "apart named"), student("two", "apart named")]),
        );
        for name in ["one", "two"] {
            assert_eq!(seen.out(name), "by its name\nagain\n1 0\n");
        }
    }));
    tests.push(both("terminals_are_few", |level| {
        let mut plan = plan([student("one", "apart terminals")]);
        plan.limits.open_files = 400;
        assert_eq!(run(level, &plan).out("one"), "few\n");
    }));
    tests.push(own("the_settings_of_the_box_are_closed", |level| {
        let seen = run(level, &plan([student("one", "apart settings")]));
        assert_eq!(seen.out("one"), "tried\n");
    }));
    tests.push(own(
        "locks_and_times_of_the_host_are_out_of_reach",
        |level| {
            for traced in [true, false] {
                let mut plan = plan([student("one", "apart host")]);
                plan.traced = traced;
                assert_eq!(run(level, &plan).out("one"), "tried\n");
            }
        },
    ));
    tests.push(both("a_program_locks_its_own_files", |level| {
        let seen = run(level, &plan([student("one", "apart locks")]));
        seen.all_well();
        assert_eq!(seen.out("one"), "locked\n");
    }));
    // Two submissions that meet: neither sees the other, nor the file that it was run from.
    tests.push(own("strangers_do_not_see_each_other", |level| {
        let mut plan = plan([
            student("victim", "apart stay"),
            stranger("eve", "apart others /lab/leftovers").after(ready("victim")),
            // So that its file is there.
            student("last", "leftovers nothing").after(ready("eve")),
        ]);
        for bind in &mut plan.world.binds {
            let own = bind.inside.ends_with("leftovers");
            bind.party = own.then_some(0);
        }
        let seen = run(level, &plan);
        assert_eq!(seen.out("eve"), "looked\n");
        assert!(matches!(seen.actor("victim").exit, Exit::Running { .. }));
    }));
    tests.push(own("partners_see_each_other", |level| {
        let other = student("two", "apart others").after(ready("one"));
        let seen = run(level, &plan([student("one", "apart stay"), other]));
        assert!(seen.out("two").contains("sees "));
    }));
    tests.push(own("no_number_is_there_twice", |level| {
        let plan = plan([
            student("one", "apart numbers"),
            trusted("two", "apart numbers"),
            stranger("three", "apart numbers"),
            student("four", "apart numbers"),
            trusted("five", "apart numbers"),
        ]);
        let seen = run(level, &plan);
        let names = ["one", "two", "three", "four", "five"];
        let all: Vec<String> = names.iter().map(|name| seen.out(name)).collect();
        let all: Vec<&str> = all.iter().flat_map(|out| out.lines()).collect();
        let different: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!((all.len(), different.len()), (20, 20), "{all:?}");
    }));
    tests.push(both("numbers_do_not_come_round_again", |level| {
        let seen = run(level, &plan([student("one", "apart brood")]));
        let hit = LimitHit {
            kind: LimitKind::Processes,
            limit: 3900,
        };
        assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
        assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
    }));
    tests
}

/// A program of another submission.
fn stranger(name: &str, line: &str) -> Actor {
    let mut actor = student(name, line);
    actor.party = 1;
    actor
}
