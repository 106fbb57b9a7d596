//! Cases without one measure, as a benchmark runs them: they lack that one, say so, and go on as ever.

use ipclab_evidence::{Level, Protocol};
use ipclab_sandbox::{LevelChoice, Measure, Sandbox};

use crate::bench::{Adjust, Seen, Test, both, own, pair, plan, ready, run, student, trusted};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for measure in Measure::ALL {
        tests.push(both(
            format!("a_case_without_{}", measure.name()),
            move |level| {
                let plan = pair(Protocol::Tcp, "witness prints tcp", "witness swaps tcp 3");
                for seen in [run(level, &plan), run_without(level, measure, &plan)] {
                    seen.all_well();
                }
                let note = format!("measured without: {}", measure.name());
                let notes = |seen: &Seen| seen.isolation.notes.contains(&note);
                assert!(notes(&run_without(level, measure, &plan)));
                assert!(!notes(&run(level, &plan)));
            },
        ));
    }
    tests.push(both("without_the_clock_none_of_its_time_passes", |level| {
        let plan = plan([student("one", "clock three-hundred")]);
        let passed = |seen: Seen| seen.passed.iter().map(|one| one.us).collect::<Vec<_>>();
        assert_eq!(passed(run(level, &plan)), [300_000]);
        assert_eq!(passed(run_without(level, Measure::Clock, &plan)), [0; 0]);
    }));
    tests.push(both(
        "without_placement_zeros_lie_behind_a_segment",
        |level| {
            let plan = plan([student("one", "segments behind 10")]);
            assert_eq!(run(level, &plan).out("one").trim(), "4086");
            let without = run_without(level, Measure::Placement, &plan);
            assert_eq!(without.out("one").trim(), "0");
        },
    ));
    tests.push(own("without_being_apart_it_sees_ours", |level| {
        let looks = student("two", "apart others").after(ready("ours"));
        let plan = plan([trusted("ours", "apart stay"), looks]);
        let sees = |seen: Seen| seen.out("two").contains("sees ");
        assert!(!sees(run(level, &plan)));
        // Where students have the box's only user, it can end the box's own processes, too.
        assert!(sees(try_without(level, Measure::Apart, &plan)));
    }));
    tests
}

/// Runs a plan without a measure; nothing may have gone wrong on our side.
fn run_without(level: Level, measure: Measure, plan: &ipclab_evidence::Plan) -> Seen {
    let seen = try_without(level, measure, plan);
    assert_eq!(seen.trouble, Vec::<String>::new());
    seen
}

/// Runs a plan without a measure.
fn try_without(level: Level, measure: Measure, plan: &ipclab_evidence::Plan) -> Seen {
    let choice = match level {
        Level::Namespaces => LevelChoice::Namespaces,
        Level::Shared => LevelChoice::Shared,
    };
    let mut sandbox = Sandbox::start_without(choice, 0, &[measure]).expect("it starts");
    Seen(sandbox.run(plan).expect("the sandbox runs the plan"))
}
