//! Accesses that nothing orders, from one run in which nothing went wrong.

use ipclab_evidence::Steering;
use ipclab_schedule::races::races;

use crate::search::adds;
use crate::toy::{Do, Program, run};

#[track_caller]
fn check(program: &Program, any: bool) {
    let (seen, _) = run(program, &Steering::along(Vec::new()));
    let found = races(&seen.steps);
    assert_eq!(!found.is_empty(), any, "{found:?} of {program:?}");
}

#[test]
fn what_nothing_orders_is_found_in_a_run_that_came_out_right() {
    let two = |thread: Vec<Do>| Program::of(vec![thread; 2], vec![1, 1]);
    check(&two(adds(2, true)), false);
    check(&two(adds(2, false)), true);
    check(&two(vec![Do::Add(0); 3]), false);
    check(&two(vec![Do::Read(0); 3]), false);
    // Read before it is taken; written after it was given back.
    let early = vec![Do::Read(0), Do::Take(0), Do::Write(0, 1), Do::Give(0)];
    check(&two(early), true);
    let late = vec![Do::Take(0), Do::Read(0), Do::Give(0), Do::Write(0, 1)];
    check(&two(late), true);
    // Each takes another one.
    let by = |s: i32| vec![Do::Take(s), Do::Read(0), Do::Write(0, 1), Do::Give(s)];
    check(&Program::of(vec![by(0), by(1)], vec![1, 1]), true);
    // One is atomic, and the other is not.
    check(
        &Program::of(vec![vec![Do::Add(0)], adds(1, false)], vec![]),
        true,
    );
}

#[test]
fn forks_and_waits_order() {
    let mut program = Program::forked(vec![adds(1, true); 2], vec![1]);
    check(&program, false);
    // The first thread looks before it has waited.
    let first = program.threads[0].clone();
    program.threads[0].insert(2, Do::Read(0));
    check(&program, true);
    // It writes before it makes them.
    program.threads[0] = first;
    program.threads[0].insert(0, Do::Set(0, 0));
    check(&program, false);
}

#[test]
fn a_semaphore_hands_over() {
    let gives = vec![Do::Set(0, 5), Do::Give(0)];
    let takes = vec![Do::Take(0), Do::Read(0)];
    check(
        &Program::of(vec![gives.clone(), takes.clone()], vec![0]),
        false,
    );
    // It waits first, and is woken.
    check(&Program::of(vec![takes, gives], vec![0]), false);
}
