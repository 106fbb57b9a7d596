//! Planted faults of a known depth: how many things have to come in an order of their own. Which strategy finds which, in how
//! many runs.

use ipclab_evidence::{Steering, Then};
use ipclab_schedule::dependence::preemptions;
use ipclab_schedule::pct::bound;
use ipclab_schedule::search::{Reduction, Search};
use ipclab_schedule::shrink;

use crate::toy::{Do, Program, run};

const END: usize = 99;

/// Looks before it is set.
pub(crate) fn depth_1() -> Program {
    let looks = vec![Do::Read(0), Do::Skip(1, END), Do::Fail];
    Program::of(vec![vec![Do::Set(0, 1)], looks], Vec::new())
}

/// Looks while it is set and not yet cleared.
pub(crate) fn depth_2() -> Program {
    let sets = vec![Do::Set(0, 1), Do::Set(0, 0)];
    let looks = vec![Do::Read(0), Do::Skip(0, END), Do::Fail];
    Program::of(vec![sets, looks], Vec::new())
}

/// Looks after the first and before the second change, and again after that.
pub(crate) fn depth_3() -> Program {
    let sets = vec![Do::Set(0, 1), Do::Set(0, 2)];
    let looks = vec![
        Do::Read(0),
        Do::Skip(0, END),
        Do::Skip(2, END),
        Do::Read(0),
        Do::Skip(1, END),
        Do::Fail,
    ];
    Program::of(vec![sets, looks], Vec::new())
}

/// The same beside threads that have nothing to do with it.
pub(crate) fn beside_others(mut program: Program) -> Program {
    for n in 0..2 {
        program.threads.push(vec![Do::Add(7 + n); 3]);
        program.begin.push(2 + n as u16);
    }
    program
}

/// Searches until a schedule fails: how many were tried, and the preemptions of the one that failed.
fn until_it_fails(program: &Program, bound: u32) -> Option<(u64, u32)> {
    let mut search = Search::new(bound, Reduction::PartialOrder);
    while let Some(schedule) = search.next() {
        let (seen, machine) = run(program, &Steering::along(schedule));
        search.seen(&seen.steps).unwrap();
        if machine.fails() {
            return Some((search.tried(), preemptions(&seen.steps)));
        }
    }
    None
}

#[test]
fn a_fault_is_found_with_the_fewest_preemptions_that_show_it() {
    let check = |program: Program, fewest: u32, tries_max: u64| {
        if let Some(less) = fewest.checked_sub(1) {
            assert_eq!(until_it_fails(&program, less), None, "{program:?}");
        }
        let (tries, found) = until_it_fails(&program, 3).unwrap();
        assert_eq!(found, fewest, "{program:?}");
        assert!(tries <= tries_max, "{tries} schedules: {program:?}");
    };
    check(depth_1(), 0, 3);
    check(depth_2(), 1, 6);
    check(depth_3(), 2, 20);
    check(beside_others(depth_1()), 0, 3);
    check(beside_others(depth_2()), 1, 6);
    check(beside_others(depth_3()), 2, 20);
}

#[test]
fn two_that_take_two_semaphores_the_other_way_round_are_found() {
    let one = vec![Do::Take(0), Do::Take(1), Do::Give(1), Do::Give(0)];
    let other = vec![Do::Take(1), Do::Take(0), Do::Give(0), Do::Give(1)];
    let program = Program::of(vec![one.clone(), other], vec![1, 1]);
    assert_eq!(until_it_fails(&program, 2).map(|found| found.1), Some(1));
    let same = Program::of(vec![one.clone(), one], vec![1, 1]);
    assert_eq!(until_it_fails(&same, 2), None);
}

#[test]
fn pct_meets_its_bound() {
    const SEEDS: u64 = 10_000;
    for (depth, program) in [
        (1, depth_1()),
        (2, depth_2()),
        (3, depth_3()),
        (1, beside_others(depth_1())),
        (2, beside_others(depth_2())),
        (3, beside_others(depth_3())),
    ] {
        let (first, _) = run(&program, &Steering::along(Vec::new()));
        let steps = first.steps.len() as u32 + 2;
        let threads = program.threads.len() as u32;
        let fails = |seed: &u64| {
            let steering = Steering {
                schedule: Vec::new(),
                then: Then::Priorities {
                    seed: *seed,
                    depth,
                    steps,
                },
            };
            let (seen, machine) = run(&program, &steering);
            assert!(seen.steps.len() as u32 <= steps);
            machine.fails()
        };
        let found = (0..SEEDS).filter(fails).count() as f64 / SEEDS as f64;
        let least = bound(threads, steps, depth);
        println!("depth {depth}, {threads} threads, {steps} steps: {found} of at least {least}");
        // Three standard deviations: where the bound is reached exactly, half of all draws lie below it.
        let chance = 3.0 * (least * (1.0 - least) / SEEDS as f64).sqrt();
        assert!(
            found >= least - chance,
            "depth {depth}: {found} of at least {least}"
        );
    }
}

#[test]
fn a_failing_schedule_is_shrunk_to_the_fewest_turns() {
    let program = beside_others(depth_3());
    let failing = |seed: u64| {
        let then = Then::Priorities {
            seed,
            depth: 4,
            steps: 14,
        };
        let steering = Steering {
            schedule: Vec::new(),
            then,
        };
        let (seen, machine) = run(&program, &steering);
        machine.fails().then_some(seen.steps)
    };
    let mut found = 0;
    for start in (0..2_000).filter_map(failing) {
        let least = shrink::shrink(start, 400, |schedule| {
            let (seen, machine) = run(&program, &Steering::along(schedule));
            machine.fails().then_some(seen.steps)
        });
        assert_eq!(preemptions(&least), 2);
        // What was shrunk can be followed again.
        let (seen, machine) = run(&program, &Steering::along(shrink::schedule(&least)));
        assert!(machine.fails() && seen.diverged.is_none());
        found += 1;
    }
    assert!(found > 10, "{found}");
}
