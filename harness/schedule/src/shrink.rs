//! Shrinking: from a schedule that fails to one with fewer turns that fails as well.
//!
//! Pure: the caller runs a schedule and says whether it fails. A schedule is cut into turns, each a thread and the steps that it
//! takes in a row. Turns are left out or joined, as long as what comes out still fails; what no schedule names goes on without
//! preemption.

use ipclab_evidence::{Step, ThreadId};

use crate::dependence::preemptions;

/// Threads that take steps in a row, and how many.
#[must_use]
pub fn turns(schedule: &[ThreadId]) -> Vec<(ThreadId, usize)> {
    let mut turns: Vec<(ThreadId, usize)> = Vec::new();
    for thread in schedule {
        match turns.last_mut() {
            Some((last, steps)) if last == thread => *steps += 1,
            _ => turns.push((*thread, 1)),
        }
    }
    turns
}

/// The schedule that a run followed.
#[must_use]
pub fn schedule(steps: &[Step]) -> Vec<ThreadId> {
    steps.iter().map(|step| step.thread).collect()
}

fn joined(turns: &[(ThreadId, usize)]) -> Vec<ThreadId> {
    let each = turns.iter();
    each.flat_map(|(thread, steps)| std::iter::repeat_n(*thread, *steps))
        .collect()
}

/// Looks for a schedule with fewer preemptions, and of those a shorter one, in at most `budget` runs. `fails` runs a schedule
/// and gives the steps that came of it, if it fails. `start` is known to fail.
pub fn shrink(
    start: Vec<Step>,
    budget: u32,
    mut fails: impl FnMut(Vec<ThreadId>) -> Option<Vec<Step>>,
) -> Vec<Step> {
    let mut best = start;
    let mut left = budget;
    loop {
        let turns = turns(&schedule(&best));
        let mut shorter: Vec<Vec<ThreadId>> = Vec::new();
        // All from some turn on is left to no schedule; the shortest beginning that is enough comes first.
        shorter.extend((0..turns.len()).map(|kept| joined(&turns[..kept])));
        for out in 0..turns.len() {
            let mut others = turns.clone();
            others.remove(out);
            shorter.push(joined(&others));
        }
        // A thread goes on with what it does in its next turn; or others go first.
        for early in 0..turns.len() {
            let same = |late: &usize| turns[*late].0 == turns[early].0;
            if let Some(late) = (early + 1..turns.len()).find(same) {
                let (mut forward, mut back) = (turns.clone(), turns.clone());
                forward[early].1 += forward.remove(late).1;
                back[late].1 += back[early].1;
                back.remove(early);
                shorter.extend([joined(&forward), joined(&back)]);
            }
        }
        let weight = |steps: &[Step]| (preemptions(steps), self::turns(&schedule(steps)).len());
        let found = shorter.into_iter().find_map(|schedule| {
            left = left.checked_sub(1)?;
            fails(schedule).filter(|steps| weight(steps) < weight(&best))
        });
        match found {
            Some(steps) => best = steps,
            None => return best,
        }
    }
}
