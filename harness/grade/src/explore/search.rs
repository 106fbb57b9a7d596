//! Searching: many schedules of one input, each a run of its own, until one fails or the strategy has no more.
//!
//! Which schedule comes next is decided by [`ipclab_schedule`] from the steps of those before. One run stands for all of them:
//! the first that fails, shortened; or the one in which no process lost its turn, with how far the search came.

use std::collections::HashMap;

use ipclab_evidence::{
    Access, Reach, Searched, Steering, Step, Steps, Strategy, Thing, ThreadId, Touch, Unordered,
    Way,
};
use ipclab_judge::Verdict;
use ipclab_plan::Variant;
use ipclab_schedule::dependence::{conflict, preemptions};
use ipclab_schedule::pct::Pct;
use ipclab_schedule::races::{Race, agree_by_hand, races_in_lines};
use ipclab_schedule::search::{Reduction, Search};
use ipclab_schedule::shrink::{schedule, shrink};
use ipclab_verdict::judged::JudgedRun;

use super::Explorer;
use crate::pool::each;

/// How many schedules are tried to shorten one.
const SHRINK_RUNS: u32 = 40;
/// How many are tried where no claim can be made any more. As many as a program with a fault would need to be found out in,
/// or it would be worth a student's while to make claims impossible.
const RUNS_WITHOUT_CLAIM: u64 = 200;
/// How many where runs have more steps than are kept, and take a second each.
const LONG_RUNS: u64 = 50;

/// How many runs are made for each sandbox before it is known that all of them are needed.
const RUNS_AHEAD: usize = 3;

/// Races that are kept of one run.
const RACES_MAX: usize = 8;

/// A search that goes on.
enum Strategic {
    Bounded { search: Search, runs: u64 },
    Drawn(Pct),
}

/// Runs that were made before it was their turn.
type RunsAhead = HashMap<Steering, Result<JudgedRun, String>>;

/// The first run that failed, its steps, how many were tried, and whether threads agree by hand in one of them.
struct Failing {
    run: JudgedRun,
    steps: Vec<Step>,
    tried: u64,
    by_hand: bool,
}

/// What a run brings to a search.
enum Seen {
    /// Its steps.
    Known,
    /// No claim can be made any more; so many schedules are tried nevertheless.
    NoClaim { why: String, most: u64 },
    /// Nor can schedules be put together from the steps of earlier runs: what comes after some steps is not the same each time.
    Diverged,
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

    /// The next runs, so many at most: the first one is next, the others may come after it.
    fn ahead(&self, most: usize) -> Vec<Steering> {
        match self {
            Self::Bounded { search, runs } => {
                let left = runs.saturating_sub(search.tried());
                let most = most.min(usize::try_from(left).unwrap_or(most));
                let ahead = search.ahead(most).into_iter().take(most);
                ahead.map(Steering::along).collect()
            }
            Self::Drawn(pct) => pct.ahead(most),
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
            return Seen::Diverged;
        }
        if steps.cut {
            let why = "a run had too many steps".to_owned();
            let most = LONG_RUNS;
            return Seen::NoClaim { why, most };
        }
        match steps.unwatched.clone() {
            Some(why) => Seen::NoClaim {
                why,
                most: RUNS_WITHOUT_CLAIM,
            },
            None => Seen::Known,
        }
    }

    /// What can be tried of a program that does something else each time: turns by chance, which need no earlier run.
    fn drawn(strategy: Strategy, seed: u64) -> Self {
        let depth = match strategy {
            // With so many preemptions, one pair of steps more comes in an order of its own.
            Strategy::Preemptions { most, .. } => most + 1,
            Strategy::Pct { depth, .. } => depth,
        };
        Self::Drawn(Pct::new(depth, RUNS_WITHOUT_CLAIM as u32, seed))
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
        let mut most = u64::MAX;
        // Schedules of a search that had to be given up.
        let mut before = 0;
        let mut by_hand = false;
        let mut ahead = RunsAhead::default();
        while let Some(run) = self.next_run(variant, &search, &mut ahead) {
            let run = run?;
            let Some(steps) = steps_of(&run).cloned() else {
                return Ok(run);
            };
            by_hand |= agree_by_hand(&steps.steps);
            match run.verdict() {
                Verdict::Unknown => return Ok(run),
                Verdict::Fail => {
                    search.seen(&steps);
                    let tried = before + search.tried();
                    let start = Failing {
                        run,
                        steps: steps.steps,
                        tried,
                        by_hand,
                    };
                    return self.failing(variant, strategy, start);
                }
                Verdict::Pass | Verdict::Skipped => {}
            }
            stands_for_all.get_or_insert(run);
            match search.seen(&steps) {
                Seen::Known => {}
                Seen::NoClaim { why, most: fewer } => {
                    no_claim.get_or_insert(why);
                    most = most.min(fewer);
                }
                Seen::Diverged => {
                    let why = "the same schedule did not give the same steps again";
                    no_claim.get_or_insert_with(|| why.to_owned());
                    before += search.tried();
                    search = Strategic::drawn(strategy, self.context.seed);
                }
            }
            if before + search.tried() >= most {
                break;
            }
        }
        let run = stands_for_all.ok_or("no schedule was tried")?;
        let reach = no_claim.map_or_else(|| search.reach(), Reach::None);
        let searched = Searched {
            tried: before + search.tried(),
            strategy,
            reach,
            races: Vec::new(),
        };
        Ok(self.with_searched(&run, searched, by_hand))
    }

    /// The next run of a search; `None`: there is none left. Where there are several sandboxes, those that come after it are made
    /// beside it. Which one is taken next is decided when those before it were taken in, as with a single sandbox.
    fn next_run(
        &mut self,
        variant: &Variant,
        search: &Strategic,
        known: &mut RunsAhead,
    ) -> Option<Result<JudgedRun, String>> {
        let next = search.ahead(1).pop()?;
        if let Some(run) = known.remove(&next) {
            return Some(run);
        }
        let ahead = match self.beside.len() {
            0 => 1,
            others => RUNS_AHEAD * (others + 1),
        };
        let steerings = search.ahead(ahead);
        let left: Vec<Steering> = steerings
            .into_iter()
            .filter(|steering| !known.contains_key(steering))
            .collect();
        for (steering, run) in left.iter().zip(self.run_beside(variant, &left)) {
            known.insert(steering.clone(), run);
        }
        known.remove(&next)
    }

    /// Makes runs, as many at a time as there are sandboxes.
    fn run_beside(
        &mut self,
        variant: &Variant,
        steerings: &[Steering],
    ) -> Vec<Result<JudgedRun, String>> {
        let (case, context) = (self.case, self.context);
        let boxes = std::iter::once(&mut *self.sandbox).chain(self.beside.iter_mut());
        each(boxes, steerings, |sandbox, steering| {
            let mut explorer = Explorer {
                case,
                context,
                sandbox,
                beside: &mut [],
            };
            explorer.run_one(&variant.steered(steering.clone()))
        })
    }

    /// A schedule fails: the shortest that does, which is what is reported and followed again.
    fn failing(
        &mut self,
        variant: &Variant,
        strategy: Strategy,
        start: Failing,
    ) -> Result<JudgedRun, String> {
        let Failing {
            run,
            steps,
            tried,
            by_hand,
        } = start;
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
        let one = self.case.takes_turns();
        let label = match count {
            0 => format!("in an order in which no {one} loses its turn while it can go on"),
            1 => format!("in a schedule in which a {one} loses its turn once"),
            count => format!("in a schedule in which a {one} loses its turn {count} times"),
        };
        let label = format!("{label} (schedule {tried} of those that were tried)");
        let again = self.run_one(&labelled(variant, schedule(&least), &label))?;
        let searched = Searched {
            tried,
            strategy,
            reach: Reach::Failed { preemptions: count },
            races: Vec::new(),
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
        Ok(self.with_searched(&reported, searched, by_hand))
    }

    /// The same run with what came of all schedules, judged by that, too. `by_hand`: threads of some run agree by hand.
    fn with_searched(&self, run: &JudgedRun, mut searched: Searched, by_hand: bool) -> JudgedRun {
        if let Some(steps) = steps_of(run).filter(|_| !by_hand) {
            searched.races = unordered(steps);
        }
        let mut record = run.run().clone();
        if let Ok(evidence) = &mut record.observed
            && let Some(sharing) = &mut evidence.sharing
        {
            sharing.searched = Some(searched);
        }
        JudgedRun::judge(self.case, record)
    }
}

/// The races of a run, as evidence.
fn unordered(steps: &Steps) -> Vec<Unordered> {
    let races = races_in_lines(&steps.steps);
    let as_evidence = |race: Race| {
        let (first, second) = (&steps.steps[race.first], &steps.steps[race.second]);
        let touch = race.touch;
        let Thing::Memory(memory) = touch.thing else {
            return None;
        };
        let of_threads = Thing::Memory(memory).is_of_threads();
        // Where not all is watched, threads may agree unseen.
        if of_threads && steps.unwatched.is_some() {
            return None;
        }
        let access = |step: &Step, n: usize| Access {
            n: n as u64 + 1,
            pid: steps.processes.get(&step.thread).copied().unwrap_or(0),
            thread: of_threads.then_some(step.thread.nth),
            before_call: step.before_call,
            value: step.value,
            lines: step.lines.clone(),
        };
        let writes = |step: &Step| {
            let changes = |other: &Touch| {
                conflict(
                    &Touch {
                        way: Way::Write,
                        ..touch.clone()
                    },
                    other,
                )
            };
            step.touches
                .iter()
                .any(|other| other.way != Way::Read && changes(other))
        };
        Some(Unordered {
            actor: usize::from(first.thread.actor),
            memory,
            offset: touch.from,
            first: access(first, race.first),
            first_writes: writes(first),
            second: access(second, race.second),
            second_actor: usize::from(second.thread.actor),
            second_writes: writes(second),
        })
    };
    races
        .into_iter()
        .filter_map(as_evidence)
        .take(RACES_MAX)
        .collect()
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
