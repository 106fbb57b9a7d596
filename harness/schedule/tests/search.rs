//! The search against brute force: without reduction the same number, with it the same outcomes.

use std::collections::BTreeSet;

use ipclab_evidence::Steering;
use ipclab_schedule::dependence::preemptions;
use ipclab_schedule::search::{Reduction, Search};

use crate::toy::{Do, Outcome, Program, brute_force, run};

/// Searches to the end: how many schedules were tried, and what came of them.
pub(crate) fn search(
    program: &Program,
    bound: u32,
    reduction: Reduction,
) -> (u64, BTreeSet<Outcome>) {
    let mut search = Search::new(bound, reduction);
    let mut outcomes = BTreeSet::new();
    while let Some(schedule) = search.next() {
        let (seen, machine) = run(program, &Steering::along(schedule));
        assert_eq!(seen.diverged, None);
        assert!(preemptions(&seen.steps) <= bound);
        outcomes.insert(machine.outcome());
        search.seen(&seen.steps).unwrap();
        assert!(search.tried() < 200_000);
    }
    assert_eq!(search.left(), 0);
    (search.tried(), outcomes)
}

/// Adds one so often, guarded by the first semaphore or not.
pub(crate) fn adds(times: usize, guarded: bool) -> Vec<Do> {
    let once = match guarded {
        true => vec![Do::Take(0), Do::Read(0), Do::Write(0, 1), Do::Give(0)],
        false => vec![Do::Read(0), Do::Write(0, 1)],
    };
    once.repeat(times)
}

#[test]
fn without_reduction_there_are_as_many_as_by_brute_force() {
    let check = |program: &Program, bound: u32, expect: Option<u64>| {
        let (count, outcomes) = brute_force(program, bound);
        let found = search(program, bound, Reduction::None);
        assert_eq!(found, (count, outcomes), "{program:?} {bound}");
        if let Some(expect) = expect {
            assert_eq!(count, expect, "{program:?} {bound}");
        }
    };
    // Two threads of n steps each: C(2n, n) orders in all; a beginning and an end are steps, too.
    let two = |n: usize| Program::of(vec![vec![Do::Read(0); n]; 2], Vec::new());
    check(&two(1), 99, Some(20));
    check(&two(2), 99, Some(70));
    check(&two(3), 99, Some(252));
    check(&two(2), 0, Some(2));
    // One preemption of three places in either, and what was preempted goes on in the end.
    check(&two(2), 1, Some(8));
    for bound in 0..4 {
        check(&Program::of(vec![adds(1, true); 2], vec![1]), bound, None);
        check(&Program::of(vec![adds(1, false); 3], vec![1]), bound, None);
        check(
            &Program::forked(vec![adds(1, true); 2], vec![1]),
            bound,
            None,
        );
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (state ^ (state >> 31)) % end
    }
}

/// A program that nobody would write.
fn drawn(random: &mut Random) -> Program {
    let count = 2 + random.below(3) as usize;
    let most = [0, 0, 4, 3, 2][count];
    let mut threads = Vec::new();
    for _ in 0..count {
        let length = 1 + random.below(most + 1) as usize;
        let mut thread = Vec::new();
        for _ in 0..length {
            let variable = random.below(2);
            thread.push(match random.below(9) {
                0 | 1 => Do::Read(variable),
                2 | 3 => Do::Write(variable, 1 + random.below(2) as i64),
                4 => Do::Set(variable, random.below(4) as i64),
                5 => Do::Add(variable),
                6 => Do::Take(random.below(2) as i32),
                7 => Do::Give(random.below(2) as i32),
                _ => Do::Skip(random.below(2) as i64, 1),
            });
        }
        threads.push(thread);
    }
    let semaphores = vec![random.below(2) as i64, 1];
    if random.below(3) == 0 && count < 4 {
        return Program::forked(threads, semaphores);
    }
    Program::of(threads, semaphores)
}

fn loses_no_outcome(seed: u64, programs: u64) {
    let mut random = Random(seed);
    let (mut all, mut tried) = (0, 0);
    for number in 0..programs {
        let program = drawn(&mut random);
        for bound in 0..4 {
            let (count, expect) = brute_force(&program, bound);
            if count > 2_000 * programs.isqrt() {
                continue;
            }
            let (less, outcomes) = search(&program, bound, Reduction::PartialOrder);
            assert_eq!(
                outcomes, expect,
                "program {number}, bound {bound}: {program:?}"
            );
            assert!(less <= count, "{less} of {count}: {program:?}");
            (all, tried) = (all + count, tried + less);
        }
    }
    println!("{tried} of {all} schedules");
    assert!(tried * 2 < all, "{tried} of {all}");
}

/// Calls on a semaphore that is given and taken one by one seem to commute, since a thread that waits is given it in the end. But
/// to wait is no preemption: with two, an outcome was lost when the one order stood for the other.
#[test]
fn giving_and_taking_a_semaphore_do_not_commute_within_a_bound() {
    let children = vec![
        vec![Do::Write(1, 2), Do::Write(0, 1), Do::Take(0)],
        vec![Do::Read(1), Do::Write(1, 1), Do::Give(0)],
        vec![Do::Write(1, 2), Do::Write(1, 1), Do::Add(1), Do::Give(0)],
    ];
    let program = Program::forked(children, vec![0, 1]);
    let (_, expect) = brute_force(&program, 2);
    assert_eq!(search(&program, 2, Reduction::PartialOrder).1, expect);
}

#[test]
fn the_reduction_loses_no_outcome() {
    loses_no_outcome(22, 60);
}

#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn the_reduction_loses_no_outcome_of_many_programs() {
    loses_no_outcome(23, 200);
}

/// One looks again and again until the other has done something: it ends in every schedule, and what follows is found.
#[test]
fn threads_that_poll_let_others_go_on() {
    let looks = vec![Do::Read(1), Do::Until(1, 1), Do::Read(0)];
    let does = vec![Do::Set(1, 1), Do::Set(0, 5)];
    let program = Program::of(vec![looks, does], Vec::new());
    let (tried, outcomes) = search(&program, 1, Reduction::PartialOrder);
    let registers: BTreeSet<i64> = outcomes.iter().map(|outcome| outcome.1[0]).collect();
    assert_eq!(registers, BTreeSet::from([0, 5]), "{tried} tried");
    // Two that wait for each other for ever would not end: each looks for what the other writes first.
    let one = vec![Do::Set(0, 1), Do::Read(1), Do::Until(1, 1)];
    let other = vec![Do::Set(1, 1), Do::Read(0), Do::Until(1, 1)];
    let program = Program::of(vec![one, other], Vec::new());
    assert_eq!(search(&program, 2, Reduction::PartialOrder).1.len(), 1);
}

/// Runs that are made ahead of their turn, as many sandboxes do, are all taken in later: none is made in vain, and the search goes
/// the same way.
#[test]
fn runs_that_are_made_ahead_are_the_ones_that_come_next() {
    let program = Program::forked(vec![adds(1, true); 2], vec![1]);
    let way = |ahead: usize| {
        let mut search = Search::new(2, Reduction::PartialOrder);
        let (mut made, mut way) = (BTreeSet::new(), Vec::new());
        while let Some(schedule) = search.next() {
            if !made.contains(&schedule) {
                made.extend(search.ahead(ahead));
            }
            assert!(made.remove(&schedule));
            let (seen, _) = run(&program, &Steering::along(schedule.clone()));
            search.seen(&seen.steps).unwrap();
            way.push(schedule);
        }
        assert!(made.is_empty(), "{made:?}");
        way
    };
    let alone = way(1);
    assert!(alone.len() > 50, "{}", alone.len());
    for ahead in [2, 3, 12] {
        assert_eq!(way(ahead), alone);
    }
}

/// The same steps by the same threads that touch something else are another program's: no search goes on over them.
#[test]
fn a_program_that_does_something_else_each_time_is_noticed() {
    let program = |variable: u64| {
        let one = vec![Do::Read(variable), Do::Write(0, 1)];
        Program::of(vec![one.clone(), one], Vec::new())
    };
    let check = |other: u64, same: bool| {
        let mut search = Search::new(2, Reduction::PartialOrder);
        let mut variable = 0;
        let mut result = Ok(());
        while let (Some(schedule), Ok(())) = (search.next(), result) {
            let (seen, _) = run(&program(variable), &Steering::along(schedule));
            result = search.seen(&seen.steps);
            variable = other;
        }
        assert_eq!(result.is_ok(), same, "{result:?}");
    };
    check(0, true);
    check(5, false);
}
