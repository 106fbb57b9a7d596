//! The policy: what happens next with a case, from what its runs have shown so far. Nothing is run here.
//!
//! ```text
//! each input          run it; of a varied case no more once one failed, since one failing input is enough to know
//! a run that fails    ask the references in the student's places, to tell the student's mistake from ours
//! a fault unmet       ask them, too: what happens to no program is a mistake of the spec
//! a varied one        repeat it; if it fails every time, shrink its input
//! all cases done      repeat the first failing run of each case, to tell a mistake from a race ([`repetitions`])
//! ```
//!
//! Nothing that is done here turns a fail into a pass.

use ipclab_evidence::{ActorEvidence, Ended, Exit};
use ipclab_judge::Verdict;
use ipclab_spec::Case;

use crate::judged::JudgedRun;
use crate::record::CaseRecord;
use crate::run::RunRecord;

/// How often a run is repeated that was seen to fail and not to fail: enough to say how often it does.
pub const RACE_REPETITIONS: usize = 4;
/// How often a failing run of a varied case is repeated: what comes of it is shrunk, and that needs a failure that stays.
pub const VARIED_REPETITIONS: usize = 3;
/// All repetitions together are at most one in so many of a submission's runs. A submission that fails everything is graded
/// in less than twice the time, and a program that fails once is repeated often enough to show most races.
const REPETITION_SHARE: usize = 2;

/// What to do next with a case. Numbers are indexes into its runs, which are in the order of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run this input for the first time.
    Run(usize),
    /// Run the references in the student's places with this run's input.
    AskReference(usize),
    /// Run the same plan once more.
    Repeat(usize),
    /// Look for a smaller input that fails in the same way.
    Shrink(usize),
    /// Everything there is to know is known.
    Stop,
}

/// What a case allows.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The case.
    pub case: &'a Case,
    /// How many inputs it has.
    pub inputs: usize,
    /// Whether failing runs are looked into; the verdicts are the same either way, but for what is our own mistake.
    pub look_into: bool,
    /// Whether there are references for all of the student's places.
    pub has_references: bool,
}

impl Policy<'_> {
    /// What to do next.
    #[must_use]
    pub fn next(&self, record: &CaseRecord) -> Next {
        let runs = &record.runs;
        let varied = !self.case.vary.is_empty();
        let not_passed = runs
            .last()
            .is_some_and(|run| run.verdict() != Verdict::Pass);
        if runs.len() < self.inputs && !(varied && not_passed) {
            return Next::Run(runs.len());
        }
        if !self.look_into {
            return Next::Stop;
        }
        let alone = |run: &JudgedRun| {
            run.run().reference.is_none() && (is_own(run) || !run.unmet_faults().is_empty())
        };
        if self.has_references
            && let Some(run) = runs.iter().position(alone)
        {
            return Next::AskReference(run);
        }
        match first_own_failure(record).filter(|_| varied) {
            Some(run) if wants_repetition(&runs[run], VARIED_REPETITIONS) => Next::Repeat(run),
            Some(run) if runs[run].fails_always() && record.smallest.is_none() => Next::Shrink(run),
            Some(_) | None => Next::Stop,
        }
    }
}

/// Whether a run failed, and not by our own mistake: what the student's program does then is of no interest.
fn is_own(run: &JudgedRun) -> bool {
    run.verdict() == Verdict::Fail
}

fn first_own_failure(record: &CaseRecord) -> Option<usize> {
    record.runs.iter().position(is_own)
}

/// What is repeated when all cases have been run: case, run, and how often. It is the first failing run of each case; the
/// fewer fail, the more often each is repeated. Varied cases are left out: they were repeated before they were shrunk.
#[must_use]
pub fn repetitions(cases: &[&Case], records: &[CaseRecord]) -> Vec<(usize, usize, usize)> {
    let runs = records.iter().map(|record| record.runs.len()).sum();
    let mut failing = Vec::new();
    for (n, (case, record)) in cases.iter().zip(records).enumerate() {
        let first = first_own_failure(record).filter(|_| case.vary.is_empty());
        failing.extend(first.map(|run| (n, run)));
    }
    let times = shares(runs, failing.len());
    let failing = failing.into_iter().zip(times);
    failing
        .map(|((case, run), times)| (case, run, times))
        .collect()
}

/// How often each of the failing runs is repeated, when all cases together had so many runs.
fn shares(runs: usize, failing: usize) -> Vec<usize> {
    let all = (runs / REPETITION_SHARE).max(RACE_REPETITIONS);
    let each = (all / failing.max(1)).clamp(1, RACE_REPETITIONS);
    (0..failing)
        .map(|n| if n < all { each } else { 0 })
        .collect()
}

/// Whether a failing run is repeated once more, when it is to be repeated so many times. A run that then passes is repeated
/// more often; one that a limit ended is repeated only where the limit may have come too early.
#[must_use]
pub fn wants_repetition(run: &JudgedRun, times: usize) -> bool {
    let times = match ended_by(run.run()) {
        Some(Limit::Count) => 0,
        Some(Limit::Time) => times.min(1),
        None => times,
    };
    let done = run.run().again.len();
    done < times || (done < RACE_REPETITIONS && run.race().is_some())
}

/// A limit that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A count of something that the program did: it would do it again.
    Count,
    /// Time on the clock, which others use, too.
    Time,
}

/// The limit that ended a run, if one did: the next run like it would wait for that, too.
#[must_use]
pub fn ended_by(run: &RunRecord) -> Option<Limit> {
    let Ok(evidence) = &run.observed else {
        return None;
    };
    let stopped = |actor: &ActorEvidence| matches!(actor.exit, Exit::Stopped(_));
    match evidence.ended {
        Ended::DeadlineExceeded { .. } => Some(Limit::Time),
        Ended::LimitHit { .. } | Ended::ClockRanOut { .. } => Some(Limit::Count),
        Ended::AllExited | Ended::Stuck { .. } => {
            evidence.actors.iter().any(stopped).then_some(Limit::Count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_half_of_all_runs_at_most_and_more_for_each_where_few_fail() {
        let check = |runs, failing, expect: &[usize]| {
            assert_eq!(shares(runs, failing), expect, "{failing} of {runs} failed");
        };
        check(20, 0, &[]);
        check(1, 1, &[4]);
        check(20, 1, &[4]);
        check(20, 3, &[3, 3, 3]);
        check(20, 6, &[1; 6]);
        check(12, 8, &[1, 1, 1, 1, 1, 1, 0, 0]);
        check(6, 6, &[1, 1, 1, 1, 0, 0]);
    }
}
