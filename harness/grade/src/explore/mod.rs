//! Exploring a case: doing what the policy says ([`ipclab_verdict::policy`]) until everything there is to know is known.
//!
//! Each run is judged once, when its evidence arrives. What is found is evidence like any other: it goes into the record,
//! and nothing of it turns a fail into a pass.

mod reference_runs;
mod run_cache;
mod search;
mod shrink;
#[cfg(test)]
mod test_data;
mod without_files;

use ipclab_evidence::{Level, Plan, ThreadId};
use ipclab_judge::Verdict;
use ipclab_sandbox::Sandbox;
use ipclab_spec::{Case, Spec};

pub use reference_runs::ReferenceRuns;
pub use run_cache::RunCache;

use crate::pool::PoolSlice;
use crate::progress::Progress;
use ipclab_plan::{self as plan, Programs, Variant};
use ipclab_verdict as verdict;
use ipclab_verdict::judged::JudgedRun;
use ipclab_verdict::policy::{self, Limit, Next, Policy};
use ipclab_verdict::record::CaseRecord;
use ipclab_verdict::run::{AboutRun, Observed, RunRecord};
use reference_runs::Unkept;
use shrink::{Values, shrink};

/// How many inputs are tried to find a smaller one.
const INPUTS_MAX: u32 = 60;
/// The same where each of them waits for a limit.
const SLOW_INPUTS_MAX: u32 = 6;

/// What all cases of a check are explored with.
pub struct ExploreContext<'a> {
    /// The lab.
    pub spec: &'a Spec,
    /// What plays.
    pub programs: &'a Programs,
    /// The references in the student's places.
    pub substitutes: &'a Programs,
    /// What the references did with the same plans before.
    pub reference_runs: &'a ReferenceRuns,
    /// What students' programs did with the same plans before, where the very same one is not to be tried again.
    pub run_cache: Option<&'a RunCache>,
    /// Seed of what is drawn.
    pub seed: u64,
    /// The one schedule that cases follow which would try many.
    pub schedule: Option<&'a [ThreadId]>,
    /// Whether failing runs are looked into; the verdicts are the same either way, but for what is our own mistake.
    pub look_into: bool,
}

/// Runs a case, and gives what was observed and the verdict so far. A search of schedules uses the sandboxes `beside` it, too:
/// what it finds does not depend on how many there are.
pub fn explore(
    case: &Case,
    context: &ExploreContext<'_>,
    sandbox: &mut Sandbox,
    beside: &mut [Sandbox],
) -> (CaseRecord, Verdict) {
    let mut explorer = Explorer {
        case,
        context,
        sandbox,
        beside,
    };
    let mut record = CaseRecord {
        id: case.id.clone(),
        ..CaseRecord::default()
    };
    if let Err(why) = explorer.follow_policy(&mut record) {
        record.unable = Some(why);
        return (record, Verdict::Unknown);
    }
    record.run_count = record.runs.len();
    let verdict = verdict::settled_runs(case, &record, context.seed)
        .outcome
        .verdict;
    (record, verdict)
}

/// Repeats what failed when all cases have been run, to tell mistakes from races.
pub fn repeat_failing(
    cases: &[&Case],
    records: &mut [CaseRecord],
    context: &ExploreContext<'_>,
    pool: &mut PoolSlice<'_>,
    progress: &dyn Progress,
) {
    let tasks = policy::repetitions(cases, records);
    progress.stage("running again what failed", tasks.len());
    let known = &*records;
    let repeated = pool.each(&tasks, |sandbox, (case, run, times)| {
        let mut explorer = Explorer {
            case: cases[*case],
            context,
            sandbox,
            beside: &mut [],
        };
        let mut run = known[*case].runs[*run].clone();
        explorer.repeat(&mut run, *times);
        progress.step();
        run
    });
    for ((case, run, _), repeated) in tasks.into_iter().zip(repeated) {
        records[case].runs[run] = repeated;
    }
}

/// Runs one variant of a case once, its plan changed by `adjust`, beside the references where the case is compared with
/// them: those play the plan as it was.
///
/// # Errors
/// The case cannot be planned.
pub fn once(
    case: &Case,
    context: &ExploreContext<'_>,
    variant: &Variant,
    sandbox: &mut Sandbox,
    adjust: impl FnOnce(&mut Plan),
) -> Result<RunRecord, String> {
    let mut explorer = Explorer {
        case,
        context,
        sandbox,
        beside: &mut [],
    };
    let (run, _) = explorer.run_adjusted(variant, adjust)?;
    Ok(run)
}

struct Explorer<'a> {
    case: &'a Case,
    context: &'a ExploreContext<'a>,
    sandbox: &'a mut Sandbox,
    beside: &'a mut [Sandbox],
}

impl Explorer<'_> {
    /// # Errors
    /// The case cannot be planned.
    fn follow_policy(&mut self, record: &mut CaseRecord) -> Result<(), String> {
        let variants = plan::variants(&self.context.spec.lab, self.case, self.context.seed)?;
        let policy = Policy {
            case: self.case,
            inputs: variants.len(),
            look_into: self.context.look_into,
            has_references: self.has_references(),
        };
        loop {
            match policy.next(record) {
                Next::Run(input) => record.runs.push(self.run(&variants[input])?),
                Next::AskReference(n) => {
                    let (observed, unkept) = self.reference(&variants[n]);
                    record.runs[n].add_reference(observed);
                    keep_if_passed(unkept, &record.runs[n]);
                }
                Next::Repeat(n) => self.repeat(&mut record.runs[n], policy::VARIED_REPETITIONS),
                Next::Shrink(n) => {
                    let (smallest, tried) = self.smallest(&record.runs[n], &variants[n]);
                    (record.smallest, record.smallest_of) = (Some(smallest), Some(tried));
                }
                Next::Stop => return Ok(()),
            }
        }
    }

    fn run(&mut self, variant: &Variant) -> Result<JudgedRun, String> {
        match variant.search {
            Some(strategy) => self.search(variant, strategy),
            None => self.run_one(variant),
        }
    }

    fn run_one(&mut self, variant: &Variant) -> Result<JudgedRun, String> {
        let (run, unkept) = self.run_adjusted(variant, |_| {})?;
        let judged = JudgedRun::judge(self.case, run);
        keep_if_passed(unkept, &judged);
        Ok(judged)
    }

    fn run_adjusted(
        &mut self,
        variant: &Variant,
        adjust: impl FnOnce(&mut Plan),
    ) -> Result<(RunRecord, Option<Unkept>), String> {
        let mut plan = plan::run(self.context.spec, self.case, self.context.programs, variant)?;
        adjust(&mut plan);
        let observed = self.observe_or_know(&plan, 0);
        let (reference, unkept) = if self.case.oracle {
            let (observed, unkept) = self.reference(variant);
            (Some(observed), unkept)
        } else {
            (None, None)
        };
        let run = RunRecord {
            about: AboutRun {
                label: variant.label.clone(),
                values: variant.values.clone(),
                ..AboutRun::default()
            },
            plan,
            observed,
            again: Vec::new(),
            reference,
        };
        Ok((run, unkept))
    }

    /// What comes of a plan when it is run for the `time`th time.
    fn observe_or_know(&mut self, plan: &Plan, time: usize) -> Observed {
        match self.context.run_cache {
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
    fn reference(&mut self, variant: &Variant) -> (Observed, Option<Unkept>) {
        match plan::run(
            self.context.spec,
            self.case,
            self.context.substitutes,
            variant,
        ) {
            Ok(plan) => {
                let (reference_runs, level) = (self.context.reference_runs, self.sandbox.level());
                reference_runs.ask(&plan, level, || self.observe(&plan))
            }
            Err(why) => (Err(why), None),
        }
    }

    /// Repeats a run that failed, so many times, and more often where it then passes.
    fn repeat(&mut self, run: &mut JudgedRun, times: usize) {
        while policy::wants_repetition(run, times) {
            let time = run.run().again.len() + 1;
            let observed = self.observe_or_know(&run.run().plan, time);
            run.add_repetition(observed);
        }
    }

    fn has_references(&self) -> bool {
        let needs = self.case.needs();
        !needs.is_empty()
            && needs
                .iter()
                .all(|name| self.context.substitutes.plain.contains_key(*name))
    }

    /// The smallest input that fails as this run did, which failed every time; a race has no smallest input.
    ///
    /// The number is how many inputs were tried.
    fn smallest(&mut self, run: &JudgedRun, variant: &Variant) -> (JudgedRun, u32) {
        let fails = run.failing_parts(self.case);
        let drawn = |values: &Values| -> Values {
            let vary = self.case.vary.iter();
            vary.filter_map(|variable| values.get_key_value(&variable.name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let start = drawn(&variant.values);
        let budget = match policy::ended_by(run.run()) {
            Some(Limit::Count | Limit::Time) => SLOW_INPUTS_MAX,
            None => INPUTS_MAX,
        };
        let mut smallest = run.clone();
        let shrunk = shrink(&self.case.vary, &start, budget, |values| {
            let label = format!("with {}", plan::described(values));
            let Ok(run) = self.run(&variant.with(values, label)) else {
                return false;
            };
            let same = run.failing_parts(self.case) == fails;
            if same {
                smallest = run;
            }
            same
        });
        if shrunk.values != start {
            smallest = smallest.without_repetitions();
            self.repeat(&mut smallest, policy::VARIED_REPETITIONS);
            if !smallest.fails_always() {
                // What stays is the input that was drawn, which failed every time.
                smallest = run.clone();
            }
        }
        (smallest, shrunk.tried)
    }
}

/// Keeps what the references did for the next check, where it was as it should be.
fn keep_if_passed(unkept: Option<Unkept>, run: &JudgedRun) {
    if let (Some(unkept), Some(observed)) = (unkept, &run.run().reference)
        && run.reference_passes()
    {
        unkept.keep(observed);
    }
}
