//! Accesses that nothing orders, from one run in which nothing went wrong.

use ipclab_evidence::{SourceLine, Steering};
use ipclab_schedule::races::{agree_by_hand, races, races_in_lines};

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

/// Flags that a thread looks at until they change, and atomic instructions, are agreements that the instructions alone do not show
/// in full: nothing is said of such programs.
#[test]
fn what_is_agreed_by_hand_is_known() {
    let check = |threads: Vec<Vec<Do>>, expect: bool| {
        let program = Program::of(threads, vec![1]);
        let (mut seen, _) = run(&program, &Steering::along(Vec::new()));
        assert!(!agree_by_hand(&seen.steps), "a library agrees by itself");
        for step in &mut seen.steps {
            let file = format!("{:?}", step.touches);
            step.lines.push(SourceLine { file, line: 1 });
        }
        assert_eq!(agree_by_hand(&seen.steps), expect, "{program:?}");
    };
    check(vec![adds(2, true); 2], false);
    check(vec![adds(2, false); 2], false);
    check(vec![vec![Do::Add(0)], vec![Do::Read(0)]], true);
    // It looks until the other one has set it.
    let looks = vec![Do::Read(1), Do::Until(1, 1), Do::Read(0)];
    check(vec![looks, vec![Do::Set(0, 5), Do::Set(1, 1)]], true);
    // It looks twice, and has changed it itself meanwhile.
    check(vec![vec![Do::Read(0), Do::Set(0, 5), Do::Read(0)]], false);
}

/// What a library reads and writes puts others in an order, and is no race of the program's.
#[test]
fn only_lines_of_the_program_race() {
    let program = Program::of(vec![adds(1, false); 2], vec![]);
    let (mut seen, _) = run(&program, &Steering::along(Vec::new()));
    assert!(!races(&seen.steps).is_empty());
    assert_eq!(races_in_lines(&seen.steps), []);
    let (file, line) = ("counter.c".to_owned(), 7);
    for step in &mut seen.steps {
        let file = file.clone();
        step.lines.push(SourceLine { file, line });
    }
    assert_eq!(races_in_lines(&seen.steps), races(&seen.steps));
}
