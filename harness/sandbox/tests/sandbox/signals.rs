//! Signals: what processes do with them, which come, and what handlers call; and nothing of it where the plan does not ask.

use ipclab_evidence::{
    HandlerRun, SignalMoment, SignalSet, SignalState, Signals, Taken, Unseen, WantedObjects,
};

use crate::bench::{Seen, Test, both, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        both("what_is_done_with_each_at_each_moment", |level| {
            let seen = run(level, &asking("signals states", false));
            let parent = signals(&seen, 0);
            let at = |signals: &Signals, moment| {
                let mut states = signals.states.iter();
                *states
                    .rfind(|state| state.moment == moment)
                    .expect("it came")
            };
            let is = |state: SignalState, caught: &[i32], ignored: &[i32], blocked: &[i32]| {
                // What surrounds the test may ignore signals of its C library's.
                let usual = |set: SignalSet| SignalSet(set.0 & 0x7fff_ffff);
                let sets = [state.caught, state.ignored, state.blocked].map(usual);
                assert_eq!(sets, [caught, ignored, blocked].map(SignalSet::of));
            };
            let (int, pipe, usr1) = ([libc::SIGINT], [libc::SIGPIPE], [libc::SIGUSR1]);
            is(at(parent, SignalMoment::Wait), &int, &pipe, &usr1);
            is(at(parent, SignalMoment::End), &[], &pipe, &usr1);
            assert!(at(parent, SignalMoment::End).pending.has(libc::SIGUSR1));
            // What is ignored and blocked stays so in a program that is started.
            is(at(signals(&seen, 1), SignalMoment::Exec), &[], &pipe, &usr1);
        }),
        both("each_way_to_take_one", |level| {
            let seen = run(level, &asking("signals takes", false));
            let came = signals(&seen, 0).came.iter();
            let came: Vec<_> = came.map(|came| (came.signal, came.how)).collect();
            let expect = [
                (libc::SIGUSR1, Taken::Wait),
                (libc::SIGUSR2, Taken::Descriptor),
                (libc::SIGHUP, Taken::Handler),
            ];
            assert_eq!(came, expect);
        }),
        both("who_sent_it_and_what_it_interrupted", |level| {
            let seen = run(level, &asking("signals interrupted", false));
            let came = &signals(&seen, 0).came[0];
            assert_eq!((came.signal, came.from), (libc::SIGUSR1, Some(1)));
            assert_eq!(came.interrupted.as_deref(), Some("read"));
        }),
        both("signals_that_are_not_asked_for_are_not_there", |level| {
            let mut plan = asking("signals states", false);
            plan.objects.signals = false;
            plan.objects.processes = true;
            let seen = run(level, &plan);
            assert!(
                seen.objects
                    .processes
                    .iter()
                    .all(|process| process.signals.is_empty())
            );
        }),
        both("a_static_program_has_no_names", |level| {
            let seen = run(level, &asking("static signal", true));
            let runs: Vec<_> = handlers(&seen).collect();
            let unseen: Vec<_> = runs.iter().map(|run| run.unseen).collect();
            assert_eq!(unseen, [Some(Unseen::NoNames)]);
        }),
    ];
    for (act, expect) in [
        ("writes", &[None][..]),
        ("writes apart", &[None]),
        ("prints", &[Some("printf")]),
        ("prints apart", &[Some("printf")]),
        ("exits", &[Some("exit")]),
        ("allocates", &[Some("malloc")]),
        // What is printed after it was left is the program's own.
        ("jumps", &[None]),
        ("jumps apart", &[None]),
        ("nests", &[None, Some("printf")]),
        // Stepped as one each, where an update is a load and a store.
        ("counts", &[None]),
        ("counts apart", &[None]),
    ] {
        tests.push(both(format!("a_handler_that_{act}"), move |level| {
            let seen = run(level, &asking(&format!("signals runs {act}"), true));
            seen.all_well();
            let called = handlers(&seen).map(|run| run.unsafe_call.as_deref());
            assert_eq!(called.collect::<Vec<_>>(), expect);
            assert!(handlers(&seen).all(|run| run.unseen.is_none()));
        }));
    }
    tests
}

/// A plan that asks for signals, and for what handlers call.
fn asking(line: &str, handlers: bool) -> ipclab_evidence::Plan {
    let mut actor = student("one", line);
    actor.watched = ["rt_sigaction", "rt_sigprocmask"].map(str::to_owned).into();
    let mut plan = plan([actor]);
    plan.objects = WantedObjects {
        signals: true,
        handlers,
        ..WantedObjects::default()
    };
    plan
}

fn signals(seen: &Seen, process: usize) -> &Signals {
    assert_eq!(seen.objects.dropped, 0);
    &seen.objects.processes[process].signals
}

fn handlers(seen: &Seen) -> impl Iterator<Item = &HandlerRun> {
    let came = seen.objects.processes.iter();
    came.flat_map(|process| &process.signals.came)
        .filter_map(|came| came.handler.as_ref())
}
