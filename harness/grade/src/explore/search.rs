//! Searching: many schedules of one input, each a run of its own, until one fails or the strategy has no more.
//!
//! Which schedule comes next is decided by [`ipclab_schedule`] from the steps of those before. One run stands for all of them:
//! the first that fails, shortened; or the one in which no process lost its turn, with how far the search came.

use ipclab_evidence::{Reach, Searched, Steering, Step, Steps, Strategy, ThreadId};
use ipclab_judge::Verdict;
use ipclab_plan::Variant;
use ipclab_schedule::dependence::preemptions;
use ipclab_schedule::pct::Pct;
use ipclab_schedule::search::{Reduction, Search};
use ipclab_schedule::shrink::{schedule, shrink};
use ipclab_verdict::judged::JudgedRun;

use super::Explorer;

/// How many schedules are tried to shorten one.
const SHRINK_RUNS: u32 = 40;
/// How many are tried where no claim can be made any more: a fault that there is shows in one of the first.
const RUNS_WITHOUT_CLAIM: u64 = 50;

/// A search that goes on.
enum Strategic {
    Bounded { search: Search, runs: u64 },
    Drawn(Pct),
}

/// What a run brings to a search.
enum Seen {
    /// Its steps.
    Known,
    /// No claim can be made any more.
    NoClaim(String),
    /// Nor can the search go on: what comes after some steps is not the same each time.
    Diverged(String),
}

impl Strategic {
    fn new(strategy: Strategy, seed: u64) -> Self {
        match strategy {
            Strategy::Preemptions { most, runs } => Self::Bounded {
                search: Search::new(most, Reduction::PartialOrder),
                runs: runs.into(),
            },
            Strategy::Pct { depth, runs } => Self::Drawn(Pct::new(depth, runs, seed)),
        }
    }

    fn next(&self) -> Option<Steering> {
        match self {
            Self::Bounded { search, runs } => {
                let next = search.next().filter(|_| search.tried() < *runs);
                next.map(Steering::along)
            }
            Self::Drawn(pct) => pct.next(),
        }
    }

    /// Takes in what a run did.
    fn seen(&mut self, steps: &Steps) -> Seen {
        let follows = match self {
            Self::Bounded { search, .. } => search.seen(&steps.steps).is_ok(),
            Self::Drawn(pct) => {
                pct.seen(steps);
                true
            }
        };
        if !follows || steps.diverged.is_some() {
            let why = "the same schedule did not give the same steps again";
            return Seen::Diverged(why.to_owned());
        }
        let cut = steps.cut.then(|| "a run had too many steps".to_owned());
        match steps.unwatched.clone().or(cut) {
            Some(why) => Seen::NoClaim(why),
            None => Seen::Known,
        }
    }

    fn tried(&self) -> u64 {
        match self {
            Self::Bounded { search, .. } => search.tried(),
            Self::Drawn(pct) => pct.tried().into(),
        }
    }

    fn reach(&self) -> Reach {
        match self {
            Self::Bounded { search, .. } => match search.left() {
                0 => Reach::All,
                left => Reach::Cut { left },
            },
            Self::Drawn(pct) => pct.reach(),
        }
    }
}

impl Explorer<'_> {
    /// Tries schedules of a variant.
    ///
    /// # Errors
    /// The case cannot be planned.
    pub(super) fn search(
        &mut self,
        variant: &Variant,
        strategy: Strategy,
    ) -> Result<JudgedRun, String> {
        if let Some(schedule) = self.context.schedule {
            return self.run_one(&labelled(
                variant,
                schedule.to_vec(),
                "along the given schedule",
            ));
        }
        let mut search = Strategic::new(strategy, self.context.seed);
        let mut stands_for_all: Option<JudgedRun> = None;
        let mut no_claim: Option<String> = None;
        while let Some(steering) = search.next() {
            let run = self.run_one(&variant.steered(steering))?;
            let Some(steps) = steps_of(&run).cloned() else {
                return Ok(run);
            };
            match run.verdict() {
                Verdict::Unknown => return Ok(run),
                Verdict::Fail => {
                    search.seen(&steps);
                    let tried = search.tried();
                    return self.failing(variant, strategy, steps.steps, tried, run);
                }
                Verdict::Pass | Verdict::Skipped => {}
            }
            stands_for_all.get_or_insert(run);
            match search.seen(&steps) {
                Seen::Known => {}
                Seen::NoClaim(why) => {
                    no_claim.get_or_insert(why);
                }
                Seen::Diverged(why) => {
                    no_claim.get_or_insert(why);
                    break;
                }
            }
            if no_claim.is_some() && search.tried() >= RUNS_WITHOUT_CLAIM {
                break;
            }
        }
        let run = stands_for_all.ok_or("no schedule was tried")?;
        let reach = no_claim.map_or_else(|| search.reach(), Reach::None);
        let searched = Searched {
            tried: search.tried(),
            strategy,
            reach,
        };
        Ok(self.with_searched(&run, searched))
    }

    /// A schedule fails: the shortest that does, which is what is reported and followed again.
    fn failing(
        &mut self,
        variant: &Variant,
        strategy: Strategy,
        steps: Vec<Step>,
        tried: u64,
        run: JudgedRun,
    ) -> Result<JudgedRun, String> {
        let fails = run.failing_parts(self.case);
        let budget = match strategy {
            // Those with fewer preemptions were tried before.
            Strategy::Preemptions { .. } => 0,
            Strategy::Pct { .. } => SHRINK_RUNS,
        };
        let mut trouble = None;
        let least = shrink(steps, budget, |schedule| {
            let run = self.run_one(&variant.steered(Steering::along(schedule)));
            match run {
                Ok(run) => {
                    let steps = steps_of(&run).map(|steps| steps.steps.clone());
                    steps.filter(|_| run.failing_parts(self.case) == fails)
                }
                Err(why) => {
                    trouble = Some(why);
                    None
                }
            }
        });
        if let Some(why) = trouble {
            return Err(why);
        }
        let count = preemptions(&least);
        let label = match count {
            0 => "in an order in which no process loses its turn while it can go on".to_owned(),
            1 => "in a schedule in which a process loses its turn once".to_owned(),
            count => format!("in a schedule in which processes lose their turns {count} times"),
        };
        let label = format!("{label} (schedule {tried} of those that were tried)");
        let again = self.run_one(&labelled(variant, schedule(&least), &label))?;
        let searched = Searched {
            tried,
            strategy,
            reach: Reach::Failed { preemptions: count },
        };
        // A run that failed counts, whatever comes of its schedule the next time.
        let reported = match again.failing_parts(self.case) == fails {
            true => again,
            false => {
                let mut record = run.run().clone();
                record.about.label = Some(label);
                JudgedRun::judge(self.case, record)
            }
        };
        Ok(self.with_searched(&reported, searched))
    }

    /// The same run with what came of all schedules, judged by that, too.
    fn with_searched(&self, run: &JudgedRun, searched: Searched) -> JudgedRun {
        let mut record = run.run().clone();
        if let Ok(evidence) = &mut record.observed
            && let Some(sharing) = &mut evidence.sharing
        {
            sharing.searched = Some(searched);
        }
        JudgedRun::judge(self.case, record)
    }
}

fn steps_of(run: &JudgedRun) -> Option<&Steps> {
    let evidence = run.run().observed.as_ref().ok()?;
    evidence.sharing.as_ref()?.steps.as_ref()
}

fn labelled(variant: &Variant, schedule: Vec<ThreadId>, label: &str) -> Variant {
    let mut steered = variant.steered(Steering::along(schedule));
    steered.label = Some(label.to_owned());
    steered
}
