//! PCT: priorities drawn at random, with a bound on the probability that a fault is missed (Burckhardt, Kothari, Musuvathi,
//! Nagarakatte: *A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010).
//!
//! Of the threads that can go on, the one of the highest priority does. At `depth - 1` steps, drawn among all, the thread that
//! would go on falls below all others. A fault that shows when `depth` pairs of steps come in an order of their own is then met
//! by one run with a probability of at least `1 / (threads * steps^(depth - 1))`.

use std::collections::BTreeMap;

use ipclab_evidence::{Reach, Steering, Steps, Then, ThreadId};

/// The priorities of one run.
#[derive(Clone, Debug)]
pub(crate) struct Priorities {
    random: Random,
    /// At which steps the thread that would go on falls, and below which others: the later, the lower in the paper's numbers.
    changes: BTreeMap<usize, u64>,
    of_thread: BTreeMap<ThreadId, u64>,
    depth: u64,
}

impl Priorities {
    pub(crate) fn draw(seed: u64, depth: u32, steps: u32) -> Self {
        let mut random = Random(seed);
        let mut changes = BTreeMap::new();
        for number in 1..u64::from(depth) {
            changes.insert(random.below(u64::from(steps.max(1))) as usize, number);
        }
        Self {
            random,
            changes,
            of_thread: BTreeMap::new(),
            depth: u64::from(depth),
        }
    }

    /// The thread that takes step number `taken`, from 0.
    pub(crate) fn choose(&mut self, ready: &[ThreadId], taken: usize) -> Option<ThreadId> {
        for thread in ready {
            // Any number at or above the depth is above all that have fallen.
            let drawn = self.random.next().max(self.depth);
            self.of_thread.entry(*thread).or_insert(drawn);
        }
        let highest = |of_thread: &BTreeMap<ThreadId, u64>| {
            let first = ready.iter().max_by_key(|thread| of_thread.get(thread));
            first.copied()
        };
        if let Some(number) = self.changes.remove(&taken)
            && let Some(falls) = highest(&self.of_thread)
        {
            self.of_thread.insert(falls, self.depth - number);
        }
        highest(&self.of_thread)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// The least probability that one run meets a fault of this depth.
#[must_use]
pub fn bound(threads: u32, steps: u32, depth: u32) -> f64 {
    let steps = f64::from(steps.max(1)).powi(depth.saturating_sub(1) as i32);
    1.0 / (f64::from(threads.max(1)) * steps)
}

/// The runs of one case: how many threads and steps they have is fixed by the first one, which takes no turns by chance.
#[derive(Clone, Debug)]
pub struct Pct {
    depth: u32,
    runs: u32,
    seed: u64,
    threads: u32,
    steps: u32,
    /// Runs that were drawn among at least as many steps as any run had.
    counted: u32,
    tried: u32,
}

impl Pct {
    /// No run was made yet.
    #[must_use]
    pub fn new(depth: u32, runs: u32, seed: u64) -> Self {
        Self {
            depth,
            runs,
            seed,
            threads: 0,
            steps: 0,
            counted: 0,
            tried: 0,
        }
    }

    /// The next run; `None`: all were made.
    #[must_use]
    pub fn next(&self) -> Option<Steering> {
        self.ahead(1).pop()
    }

    /// So many runs at most, the next one first: those that come after it, if none has more threads or steps than is known now.
    #[must_use]
    pub fn ahead(&self, most: usize) -> Vec<Steering> {
        let most = match self.tried {
            0 => 1,
            _ => most,
        };
        let numbers = self.tried..=self.runs;
        numbers.take(most).map(|run| self.number(run)).collect()
    }

    fn number(&self, run: u32) -> Steering {
        let then = match run {
            0 => Then::GoOn,
            run => Then::Priorities {
                seed: self.seed ^ (u64::from(run) << 32),
                depth: self.depth,
                steps: self.steps,
            },
        };
        Steering {
            schedule: Vec::new(),
            then,
        }
    }

    /// What the run showed. A run with more threads or steps than the bound was computed from starts the count anew.
    pub fn seen(&mut self, run: &Steps) {
        self.tried += 1;
        let mut threads: Vec<ThreadId> = run.steps.iter().map(|step| step.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let (threads, steps) = (threads.len() as u32, run.steps.len() as u32);
        let larger = threads > self.threads || steps > self.steps;
        if larger {
            // A quarter more than was seen, so that it is not anew each time.
            self.threads = self.threads.max(threads);
            self.steps = self.steps.max(steps + steps / 4);
            self.counted = 0;
        } else {
            self.counted += 1;
        }
    }

    /// How many were tried.
    #[must_use]
    pub fn tried(&self) -> u32 {
        self.tried
    }

    /// With which probability a fault of the depth would have been met.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let missed_by_one = 1.0 - bound(self.threads, self.steps, self.depth);
        Reach::Met {
            probability: 1.0 - missed_by_one.powi(self.counted as i32),
            threads: self.threads,
            steps: self.steps,
        }
    }
}
