//! Exploring a case: all its runs, and where one fails, what there is to know about it.
//!
//! ```text
//! each run            the student's programs; with an oracle the references in their places, too
//! a run that fails    the references in the student's places, to tell the student's mistake from ours
//! a varied one        if it fails every time: smaller and smaller inputs, as long as they fail the same way
//! all cases done      the first failing run of each again, to tell a mistake from a race, and then often enough to count
//! ```
//!
//! Nothing that is found here turns a fail into a pass. What is found is evidence like any other: it goes into the record,
//! and what it means is decided where records are judged ([`ipclab_verdict`]).

mod oracles;
mod run_cache;
mod shrink;
#[cfg(test)]
mod test_data;

use std::collections::BTreeSet;

use ipclab_evidence::{ActorEvidence, Ended, Exit, Level, Plan};
use ipclab_judge::{Verdict, judge};
use ipclab_sandbox::Sandbox;
use ipclab_spec::{Aspect, Case, Spec};

pub use oracles::Oracles;
pub use run_cache::RunCache;

use crate::pool::PoolSlice;
use crate::progress::Progress;
use ipclab_plan::{self as plan, Programs, Variant};
use ipclab_verdict as verdict;
use ipclab_verdict::record::{AboutRun, CaseRecord, Observed, RunRecord};
use shrink::{Values, shrink};

/// How often a run is repeated that was seen to fail and not to fail: enough to say how often it does.
const AGAIN_RACE: usize = 4;
/// How often a failing run of a varied case is repeated: what comes of it is shrunk, and that needs a failure that stays.
const AGAIN_VARIED: usize = 3;
/// All repetitions together are at most so many of a submission's runs: one in two. Whoever fails everything is graded in
/// less than twice the time, and a program that fails once is repeated often enough to show most races.
const AGAIN_SHARE: usize = 2;
/// How many inputs are tried to find a smaller one.
const INPUTS_MAX: u32 = 60;
/// The same where each of them waits for a limit.
const SLOW_INPUTS_MAX: u32 = 6;

/// What all cases of a check are explored with.
pub struct Scene<'a> {
    /// The lab.
    pub spec: &'a Spec,
    /// What plays.
    pub programs: &'a Programs,
    /// The references in the student's places.
    pub stand_ins: &'a Programs,
    /// What the references did with the same plans before.
    pub oracles: &'a Oracles,
    /// What students' programs did with the same plans before, where the very same one is not to be tried again.
    pub run_cache: Option<&'a RunCache>,
    /// Seed of what is drawn.
    pub seed: u64,
    /// Whether failing runs are looked into; the verdicts are the same either way, but for what is our own mistake.
    pub look_into: bool,
}

/// Runs a case, and gives what was observed and the verdict so far.
pub fn explore(case: &Case, scene: &Scene<'_>, sandbox: &mut Sandbox) -> (CaseRecord, Verdict) {
    let mut explorer = Explorer {
        case,
        scene,
        sandbox,
    };
    let mut record = CaseRecord {
        id: case.id.clone(),
        ..CaseRecord::default()
    };
    let failing = match explorer.runs(&mut record) {
        Ok(failing) => failing,
        Err(why) => {
            record.unable = Some(why);
            return (record, Verdict::Unknown);
        }
    };
    if scene.look_into {
        for (n, variant) in &failing {
            explorer.excuse(&mut record.runs[*n], variant);
        }
        if let (false, Some((n, variant))) = (case.vary.is_empty(), failing.last()) {
            if is_own(case, &record.runs[*n]) {
                record.runs[*n].again = explorer.again(&record.runs[*n], AGAIN_VARIED);
            }
            let smallest = explorer.smallest(&record.runs[*n], variant);
            (record.smallest, record.smallest_of) = smallest.unzip();
        }
    }
    record.run_count = record.runs.len();
    let verdict = verdict::settled_runs(case, &record, scene.seed)
        .outcome
        .verdict;
    (record, verdict)
}

/// Repeats what failed when all cases have been run, to tell mistakes from races: the first failing run of each case. The
/// fewer fail, the more often each is repeated.
pub fn repeat_failing(
    cases: &[&Case],
    records: &mut [CaseRecord],
    scene: &Scene<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
) {
    let runs = records.iter().map(|record| record.runs.len()).sum();
    let mut failing = Vec::new();
    for (n, (case, record)) in cases.iter().zip(&*records).enumerate() {
        let first = record.runs.iter().position(|run| is_own(case, run));
        // What varies was repeated before it was shrunk.
        failing.extend(first.filter(|_| case.vary.is_empty()).map(|run| (n, run)));
    }
    let times = repetitions(runs, failing.len());
    let tasks: Vec<_> = failing.into_iter().zip(times).collect();
    progress.stage("running again what failed", tasks.len());
    let known = &*records;
    let repeated = pool.each(&tasks, |sandbox, ((n, run), times)| {
        let mut explorer = Explorer {
            case: cases[*n],
            scene,
            sandbox,
        };
        let again = explorer.again(&known[*n].runs[*run], *times);
        progress.step();
        again
    });
    for (((n, run), _), again) in tasks.into_iter().zip(repeated) {
        records[n].runs[run].again = again;
    }
}

/// How often each of the failing runs is repeated, when all cases together were so many.
fn repetitions(runs: usize, failing: usize) -> Vec<usize> {
    let all = (runs / AGAIN_SHARE).max(AGAIN_RACE);
    let each = (all / failing.max(1)).clamp(1, AGAIN_RACE);
    (0..failing)
        .map(|n| if n < all { each } else { 0 })
        .collect()
}

/// Whether a run failed, and not by our own mistake: what the student's program does then is of no interest.
fn is_own(case: &Case, run: &RunRecord) -> bool {
    verdict::run_verdict(case, run) == Verdict::Fail
}

/// Runs one variant of a case once, its plan changed by `adjust`, beside the references where the case is compared with
/// them: those play the plan as it was.
///
/// # Errors
/// The case cannot be planned.
pub fn once(
    case: &Case,
    scene: &Scene<'_>,
    variant: &Variant,
    sandbox: &mut Sandbox,
    adjust: impl FnOnce(&mut Plan),
) -> Result<RunRecord, String> {
    let mut explorer = Explorer {
        case,
        scene,
        sandbox,
    };
    explorer.run_adjusted(variant, adjust)
}

struct Explorer<'a> {
    case: &'a Case,
    scene: &'a Scene<'a>,
    sandbox: &'a mut Sandbox,
}

impl Explorer<'_> {
    /// All runs; of a varied case up to the first that fails, since one failing input is enough to know. Gives those that
    /// failed.
    fn runs(&mut self, record: &mut CaseRecord) -> Result<Vec<(usize, Variant)>, String> {
        let mut failing = Vec::new();
        for variant in plan::variants(&self.scene.spec.lab, self.case, self.scene.seed)? {
            let run = self.run(&variant)?;
            let verdict = verdict::run_verdict(self.case, &run);
            record.runs.push(run);
            if verdict == Verdict::Fail {
                failing.push((record.runs.len() - 1, variant));
            }
            if verdict != Verdict::Pass && !self.case.vary.is_empty() {
                break;
            }
        }
        Ok(failing)
    }

    fn run(&mut self, variant: &Variant) -> Result<RunRecord, String> {
        self.run_adjusted(variant, |_| {})
    }

    fn run_adjusted(
        &mut self,
        variant: &Variant,
        adjust: impl FnOnce(&mut Plan),
    ) -> Result<RunRecord, String> {
        let mut plan = plan::run(self.scene.spec, self.case, self.scene.programs, variant)?;
        adjust(&mut plan);
        let observed = self.observe_or_know(&plan, 0);
        let reference = if self.case.oracle {
            Some(self.reference(variant))
        } else {
            None
        };
        Ok(RunRecord {
            about: AboutRun {
                label: variant.label.clone(),
                values: variant.values.clone(),
                ..AboutRun::default()
            },
            plan,
            observed,
            again: Vec::new(),
            reference,
        })
    }

    /// What comes of a plan when it is run for the `time`th time.
    fn observe_or_know(&mut self, plan: &Plan, time: usize) -> Observed {
        match self.scene.run_cache {
            // In a world that is shared with others, what a program met is past when the next one comes.
            Some(run_cache) if self.sandbox.level() == Level::Namespaces => {
                run_cache.ask(plan, time, || self.observe(plan))
            }
            Some(_) | None => self.observe(plan),
        }
    }

    fn observe(&mut self, plan: &Plan) -> Observed {
        self.sandbox.run(plan).map_err(|error| error.to_string())
    }

    /// The same run with the references in the student's places.
    fn reference(&mut self, variant: &Variant) -> Observed {
        let plan = plan::run(self.scene.spec, self.case, self.scene.stand_ins, variant)?;
        let (case, oracles) = (self.case, self.scene.oracles);
        let filled = case.filled(&variant.values);
        let passes = |observed: &Observed| {
            let asked = observed.as_ref().map(|evidence| judge(&filled, evidence));
            asked.is_ok_and(|findings| {
                findings
                    .iter()
                    .all(|finding| finding.verdict == Verdict::Pass)
            })
        };
        oracles.ask(&plan, self.sandbox.level(), || self.observe(&plan), passes)
    }

    /// Lets the references show whether a run that failed can be passed at all.
    fn excuse(&mut self, run: &mut RunRecord, variant: &Variant) {
        if run.reference.is_none() && self.has_references() {
            run.reference = Some(self.reference(variant));
        }
    }

    /// Repeats a run that failed, so often, and oftener where it then does not. What its limits ended is repeated only where
    /// they may have come too early.
    fn again(&mut self, run: &RunRecord, times: usize) -> Vec<Observed> {
        let times = match ended_by(run) {
            Some(Net::Sure) => 0,
            Some(Net::Time) => times.min(1),
            None => times,
        };
        let mut repeated = run.clone();
        for n in 0..AGAIN_RACE.max(times) {
            if n < times || verdict::is_race(self.case, &repeated) {
                let again = self.observe_or_know(&run.plan, repeated.again.len() + 1);
                repeated.again.push(again);
            }
        }
        repeated.again
    }

    fn has_references(&self) -> bool {
        let needs = self.case.needs();
        !needs.is_empty()
            && needs
                .iter()
                .all(|name| self.scene.stand_ins.plain.contains_key(*name))
    }

    /// The smallest input that fails as this run did, if that failed every time; a race has no smallest input.
    ///
    /// The number is how many inputs were tried.
    fn smallest(&mut self, run: &RunRecord, variant: &Variant) -> Option<(RunRecord, u32)> {
        let way = self.way(run);
        if way.is_empty() || !verdict::fails_always(self.case, run) {
            return None;
        }
        let drawn = |values: &Values| -> Values {
            let vary = self.case.vary.iter();
            vary.filter_map(|variable| values.get_key_value(&variable.name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let start = drawn(&variant.values);
        let budget = if ended_by(run).is_some() {
            SLOW_INPUTS_MAX
        } else {
            INPUTS_MAX
        };
        let mut smallest = run.clone();
        let shrunk = shrink(&self.case.vary, &start, budget, |values| {
            let label = format!("with {}", plan::described(values));
            let Ok(run) = self.run(&variant.with(values, label)) else {
                return false;
            };
            let same = self.way(&run) == way;
            if same {
                smallest = run;
            }
            same
        });
        if shrunk.values != start {
            smallest.again = Vec::new();
            smallest.again = self.again(&smallest, AGAIN_VARIED);
            if !verdict::fails_always(self.case, &smallest) {
                // What stays is the input that was drawn, which failed every time.
                smallest = run.clone();
            }
        }
        Some((smallest, shrunk.tried))
    }

    /// The way in which a run fails: on which graded aspects, and who. Copies of an actor are one.
    fn way(&self, run: &RunRecord) -> BTreeSet<(Aspect, Option<String>)> {
        let findings = verdict::run_findings(self.case, run);
        findings
            .into_iter()
            .filter(|finding| finding.graded && finding.verdict == Verdict::Fail)
            .map(|finding| {
                let actor = finding.actor.map(|name| {
                    let role = self.case.role(&name).map(|role| role.name.clone());
                    role.unwrap_or(name)
                });
                (finding.aspect, actor)
            })
            .collect()
    }
}

/// A net that caught a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Net {
    /// A count of something that the program did: it would do it again.
    Sure,
    /// Time on the clock, which others use, too.
    Time,
}

/// What limit ended a run, if one did: the next run like it would wait for that, too.
fn ended_by(run: &RunRecord) -> Option<Net> {
    let Ok(evidence) = &run.observed else {
        return None;
    };
    let stopped = |actor: &ActorEvidence| matches!(actor.exit, Exit::Stopped(_));
    match evidence.ended {
        Ended::DeadlineExceeded { .. } => Some(Net::Time),
        Ended::LimitHit { .. } => Some(Net::Sure),
        Ended::AllExited | Ended::Stuck { .. } => {
            evidence.actors.iter().any(stopped).then_some(Net::Sure)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_half_of_all_runs_at_most_and_more_for_each_where_few_fail() {
        let check = |runs, failing, expect: &[usize]| {
            assert_eq!(
                repetitions(runs, failing),
                expect,
                "{failing} of {runs} failed"
            );
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
