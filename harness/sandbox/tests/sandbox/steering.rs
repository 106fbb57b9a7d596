//! Runs of one program whose turns are steered, and searches over them.

use ipclab_evidence::{Level, Order, Plan, Steering, Steps, ThreadId};
use ipclab_schedule::search::{Diverged, Search};

use crate::bench::{Seen, plan, run, student};

/// A run of a program and its words, `turns guarded`: what came of it, and its steps.
pub(crate) fn steered(level: Level, line: &str, steering: Steering) -> (Seen, Steps) {
    let mut plan: Plan = plan([student("one", line)]);
    plan.turns = Some(Order::Steered(steering));
    let seen = run(level, &plan);
    let steps = seen.sharing.as_ref().unwrap().steps.clone().unwrap();
    (seen, steps)
}

/// A run along a schedule.
pub(crate) fn along(level: Level, line: &str, schedule: &[ThreadId]) -> (Seen, Steps) {
    steered(level, line, Steering::along(schedule.to_vec()))
}

/// Whose steps a run took.
pub(crate) fn threads(steps: &Steps) -> Vec<ThreadId> {
    steps.steps.iter().map(|step| step.thread).collect()
}

/// Searches until what comes of a run, by `outcome`, is wrong: its steps, and that.
pub(crate) fn until_it_is_wrong(
    level: Level,
    line: &str,
    (search, most): (&mut Search, u64),
    outcome: fn(&Seen) -> String,
) -> Option<(Steps, String)> {
    while let Some(schedule) = search.next().filter(|_| search.tried() < most) {
        let (seen, steps) = along(level, line, &schedule);
        if let Err(Diverged { step }) = search.seen(&steps.steps) {
            let (_, other) = along(level, line, &schedule);
            panic!("diverged at {step} of {schedule:?}: {steps:#?} {other:#?}");
        }
        let came = outcome(&seen);
        if came != "12" {
            return Some((steps, came));
        }
    }
    None
}

/// What a run printed last.
pub(crate) fn last_line(seen: &Seen) -> String {
    seen.out("one")
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}
