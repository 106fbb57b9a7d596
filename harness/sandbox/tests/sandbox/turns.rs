//! Processes that take turns: what is guarded comes out right in every order, and what is not never does.

use ipclab_evidence::{
    Ended, Exit, Level, LimitHit, LimitKind, Occurrence, Order, Plan, Tamper, TamperAction,
};

use crate::bench::{Seen, Test, both, plan, run, student};
use crate::steering::last_line;

const ORDERS: [Order; 6] = [
    Order::LateWriters,
    Order::ReadersFirst,
    Order::OldestFirst,
    Order::NewestFirst,
    Order::Drawn(1),
    Order::Drawn(2),
];

/// What three children make that add one four times each.
const ALL: &str = "12";

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for &act in RIGHT {
        tests.push(both(
            format!("{act}_is_right_in_every_order"),
            move |level| {
                for order in ORDERS {
                    let seen = in_order(level, act, &order);
                    seen.all_well();
                    assert_eq!(last_line(&seen), ALL, "{order:?}");
                    let sharing = seen.sharing.as_ref().unwrap();
                    assert_eq!(
                        (sharing.lost, sharing.collisions.len()),
                        (0, 0),
                        "{order:?}"
                    );
                    assert!(sharing.accesses > 12, "{}", sharing.accesses);
                }
            },
        ));
    }
    for (act, order, expected) in WRONG {
        tests.push(both(format!("{act}_is_wrong_every_time"), move |level| {
            let first = in_order(level, act, order);
            first.all_well();
            assert_eq!(last_line(&first), *expected);
            for _ in 0..3 {
                let again = in_order(level, act, order);
                assert_eq!(last_line(&again), *expected);
                assert_eq!(sharing_summary(&again), sharing_summary(&first));
            }
        }));
    }
    // When its second thread sleeps, and with it how many additions are lost, is the machine's; that some are is not.
    tests.push(both("beside_is_seen", |level| {
        let seen = in_order(level, "beside", &Order::LateWriters);
        let sharing = seen.sharing.as_ref().unwrap();
        assert_ne!(last_line(&seen), ALL);
        assert!(sharing.lost > 0, "{sharing:?}");
    }));
    tests.push(both("a_collision_names_three_accesses", |level| {
        let seen = in_order(level, "plain", &Order::LateWriters);
        let sharing = seen.sharing.as_ref().unwrap();
        let first = &sharing.collisions[0];
        assert_eq!((first.actor, first.offset), (0, 8));
        assert_eq!((first.read.value, first.other.value), (Some(0), Some(1)));
        assert_eq!(first.write.value, Some(1));
        assert!(first.read.n < first.other.n && first.other.n < first.write.n);
        assert_eq!(first.read.pid, first.write.pid);
        assert_ne!(first.read.pid, first.other.pid);
        assert_eq!(sharing.lost, 11);
    }));
    tests.push(both("the_same_plan_takes_the_same_turns", |level| {
        for order in ORDERS {
            let (one, other) = (
                in_order(level, "two", &order),
                in_order(level, "two", &order),
            );
            assert_eq!(sharing_summary(&one), sharing_summary(&other), "{order:?}");
            let calls = |seen: &Seen| -> Vec<_> {
                let mut order = Vec::new();
                let call =
                    |call: &ipclab_evidence::Call| (nth(&mut order, call.pid), call.name.clone());
                seen.trace.iter().map(call).collect()
            };
            assert_eq!(calls(&one), calls(&other), "{order:?}");
        }
    }));
    tests.push(both(
        "a_write_to_what_is_attached_to_read_is_a_crash",
        |level| {
            let seen = in_order(level, "read-only", &Order::LateWriters);
            assert_eq!(last_line(&seen), ALL);
            assert!(is_segv(&seen), "{:?}", seen.actor("one").exit);
        },
    ));
    tests.push(both("an_access_beyond_the_segment_is_a_crash", |level| {
        let seen = in_order(level, "stray", &Order::LateWriters);
        assert!(is_segv(&seen), "{:?}", seen.actor("one").exit);
    }));
    tests.push(both("who_looks_for_ever_is_stopped", |level| {
        for order in [Order::LateWriters, Order::NewestFirst] {
            let seen = in_order(level, "for-ever", &order);
            assert!(
                matches!(seen.ended, Ended::LimitHit { actor: 0 }),
                "{:?}",
                seen.ended
            );
            let LimitHit { kind, .. } = seen.actor("one").limits[0];
            assert_eq!(kind, LimitKind::Accesses);
        }
    }));
    tests.push(both("memory_by_its_file_is_no_way_round", |level| {
        for order in ORDERS {
            let seen = in_order(level, "by-own-memory", &order);
            // At the shared level Landlock refuses it to be written to.
            let refused = level == Level::Shared && seen.actor("one").limits.is_empty();
            if !refused {
                let hit = LimitHit {
                    kind: LimitKind::UnseenMemory,
                    limit: 0,
                };
                assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
            }
        }
    }));
    for act in ["by-siblings", "undumpable"] {
        tests.push(both(format!("{act}_is_refused"), move |level| {
            let seen = in_order(level, act, &Order::LateWriters);
            assert_eq!(last_line(&seen), "refused");
        }));
    }
    // The kernel lets only those with power over it into a program that may not be read.
    tests.push(both(
        "a_program_that_may_not_be_read_is_watched_or_stopped",
        |level| {
            let seen = in_order(level, "unreadable", &Order::LateWriters);
            // There the supervisor is the programs' user.
            if level == Level::Shared {
                let hit = LimitHit {
                    kind: LimitKind::UnreadablePrograms,
                    limit: 0,
                };
                assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
            } else {
                assert_eq!(seen.out("one"), "goes on\n");
            }
        },
    ));
    tests.push(both("killed_in_the_middle_is_killed", |level| {
        for order in ORDERS {
            let seen = in_order(level, "killed", &order);
            assert!(
                matches!(seen.actor("one").exit, Exit::Signal { signal: 9, .. }),
                "{:?}",
                seen.actor("one").exit
            );
        }
    }));
    tests.push(both(
        "a_child_that_is_killed_at_a_write_has_not_written",
        |level| {
            for (nth, guarded) in [(1, true), (2, true), (1, false)] {
                let act = if guarded { "guarded" } else { "without-undo" };
                let mut plan: Plan = plan([student("one", &format!("turns {act}"))]);
                plan.turns = Some(Order::LateWriters);
                plan.tampers.push(Tamper {
                    actor: "one".to_owned(),
                    call: "store".to_owned(),
                    or: Vec::new(),
                    on: None,
                    everywhere: false,
                    occurrence: Occurrence::Nth(nth),
                    action: TamperAction::Signal("SIGKILL".to_owned()),
                });
                let seen = run(level, &plan);
                assert_eq!(seen.sharing.as_ref().unwrap().tampered, [0]);
                if guarded {
                    seen.all_well();
                    // Its own share is missing, but for what it had added before.
                    let count: u32 = last_line(&seen).parse().unwrap();
                    assert!((8..12).contains(&count), "{count}");
                } else {
                    seen.stuck_in(&["one semop", "one semop", "one wait"]);
                }
            }
        },
    ));
    // The actor has one process, and wrote its segment to the end: such a fault met children only.
    tests.push(both("a_fault_of_writes_meets_the_first_process", |level| {
        for (call, everywhere, meets) in [
            ("store", true, true),
            ("store", false, false),
            ("child_store", true, false),
        ] {
            let mut plan: Plan = plan([student("one", "turns alone")]);
            plan.turns = Some(Order::LateWriters);
            plan.tampers.push(Tamper {
                actor: "one".to_owned(),
                call: call.to_owned(),
                or: Vec::new(),
                on: None,
                everywhere,
                occurrence: Occurrence::Nth(2),
                action: TamperAction::Signal("SIGKILL".to_owned()),
            });
            let seen = run(level, &plan);
            let is_killed = matches!(seen.actor("one").exit, Exit::Signal { signal: 9, .. });
            let tampered = &seen.sharing.as_ref().unwrap().tampered;
            assert_eq!(
                (is_killed, tampered.len()),
                (meets, usize::from(meets)),
                "{call}"
            );
        }
    }));
    tests.push(both("who_is_stopped_and_continued_goes_on", |level| {
        for order in ORDERS {
            let seen = in_order(level, "stopped", &order);
            seen.all_well();
            assert_eq!(last_line(&seen), "4");
        }
    }));
    tests.push(both("without_turns_no_sharing_is_recorded", |level| {
        let seen = run(level, &plan([student("one", "turns guarded")]));
        seen.all_well();
        assert_eq!((last_line(&seen).as_str(), &seen.sharing), (ALL, &None));
    }));
    tests
}

fn in_order(level: Level, act: &str, order: &Order) -> Seen {
    let mut plan: Plan = plan([student("one", &format!("turns {act}"))]);
    plan.turns = Some(order.clone());
    run(level, &plan)
}

fn is_segv(seen: &Seen) -> bool {
    matches!(seen.actor("one").exit, Exit::Signal { signal: 11, .. })
}

/// Which process that is, by the order in which they are met: numbers differ where they are the host's.
fn nth(order: &mut Vec<u32>, pid: u32) -> usize {
    let known = order.iter().position(|other| *other == pid);
    known.unwrap_or_else(|| {
        order.push(pid);
        order.len() - 1
    })
}

/// Accesses, changes lost, and of each access that collided its number, process and value.
type SharingSummary = (u64, u64, Vec<(u64, usize, Option<i64>)>);

/// What is the same in every run of a plan: who collided with whom.
fn sharing_summary(seen: &Seen) -> SharingSummary {
    let sharing = seen.sharing.as_ref().unwrap();
    let mut order = Vec::new();
    let accesses = sharing
        .collisions
        .iter()
        .flat_map(|collision| [&collision.read, &collision.other, &collision.write]);
    let accesses = accesses.map(|access| (access.n, nth(&mut order, access.pid), access.value));
    (sharing.accesses, sharing.lost, accesses.collect())
}

const RIGHT: &[&str] = &[
    "guarded",
    "whole",
    "atomic",
    "compared",
    "at-end",
    "structure",
    "own-attach",
    "spinning",
    "yielding",
    "in-turn",
    "mutex",
    "posix",
    "tokens",
    "inside",
    "through-calls",
    "look-then-clear",
    "polling",
    "flagged",
    "napping",
    "threads",
    "grandchildren",
];

/// The act, an order that shows it, and what comes out then.
const WRONG: &[(&str, Order, &str)] = &[
    ("plain", Order::LateWriters, "4"),
    ("at-once", Order::LateWriters, "4"),
    ("sum", Order::LateWriters, "4"),
    ("early", Order::LateWriters, "4"),
    ("late", Order::LateWriters, "4"),
    ("two", Order::LateWriters, "8"),
    ("initialised", Order::LateWriters, "4"),
    ("cleared", Order::OldestFirst, "4"),
    ("atomic-parts", Order::LateWriters, "4"),
    ("threads-plain", Order::LateWriters, "4"),
    // Ways round the watch, each of which is followed.
    ("second-window", Order::LateWriters, "4"),
    ("moved-window", Order::LateWriters, "4"),
    ("replaced-window", Order::LateWriters, "4"),
    ("by-calls", Order::LateWriters, "4"),
    ("by-pieces", Order::LateWriters, "4"),
];
