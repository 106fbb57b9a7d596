//! Scheduling policy: whose turn it is, where threads go on one at a time.
//!
//! Nothing here knows a process from a number: which thread waits for a turn and what for is handed in, and which goes on is a
//! function of that, the order and what went before. So the same plan takes the same turns again.

use std::collections::{BTreeMap, HashMap};

use ipclab_evidence::{Order, SourceLine, Steps, Touch};

use ipclab_kernel::Pid;

use crate::steered::Steered;

/// Calls that a thread makes in one turn without touching shared memory, when others wait: one that asks again and
/// again whether something has happened may not keep those waiting that would make it happen.
const MAX_CALLS: u32 = 24;
/// Accesses of one turn that change nothing: one that looks at a place until another writes there, likewise.
const MAX_UNCHANGED_ACCESSES: u32 = 24;
/// How many turns of others a thread waits at most, whatever the order: those others may be waiting for what it is about to write.
const MAX_TURNS_WAITED: u64 = 48;

/// What a thread waits for a turn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// What is delivered when it goes on.
    pub(crate) signal: i32,
    /// It is about to write to shared memory.
    pub(crate) writes: bool,
    /// It is about to write where it has read before.
    pub(crate) late: bool,
    /// It is about to make an access or a call that others could notice, and waits for a step of its own.
    pub(crate) at_point: bool,
}

/// The turns of one case.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    order: Option<Order>,
    /// Whose turn it is.
    runner: Option<Pid>,
    /// Who had the last one.
    former: Option<Pid>,
    /// Calls since the last access of this turn.
    calls: u32,
    /// Accesses since the last one of this turn that changed something.
    unchanged_accesses: u32,
    /// The runner said that others may have the turn.
    yielded: bool,
    waiting: BTreeMap<Pid, Waiting>,
    /// How many threads there have been, and which of them each is.
    numbers: HashMap<Pid, u64>,
    /// When each had its last turn, and began to wait.
    last: HashMap<Pid, u64>,
    since: HashMap<Pid, u64>,
    turns: u64,
    drawn: u64,
    /// Where turns are steps that are steered.
    steered: Option<Steered>,
}

impl Schedule {
    /// `None`: no thread ever waits.
    pub(crate) fn new(order: Option<Order>) -> Self {
        let drawn = match order {
            Some(Order::Drawn(seed)) => seed,
            _ => 0,
        };
        let steered = match &order {
            Some(Order::Steered(steering)) => Some(Steered::new(steering)),
            _ => None,
        };
        Self {
            order,
            drawn,
            steered,
            ..Self::default()
        }
    }

    /// Whether turns are taken.
    pub(crate) fn is_on(&self) -> bool {
        self.order.is_some()
    }

    /// From here on every thread goes on as the machine lets it. Gives those that waited.
    pub(crate) fn end(&mut self) -> BTreeMap<Pid, Waiting> {
        self.order = None;
        self.runner = None;
        std::mem::take(&mut self.waiting)
    }

    /// A new thread of an actor, and of a process that knows itself by this number.
    pub(crate) fn added(&mut self, tid: Pid, actor: usize, own_pid: u32) {
        let count = self.numbers.len() as u64;
        self.numbers.insert(tid, count);
        if let Some(steered) = &mut self.steered {
            steered.added(tid, actor, own_pid);
        }
    }

    /// Whether turns are steps that are steered.
    pub(crate) fn is_steered(&self) -> bool {
        matches!(self.order, Some(Order::Steered(_)))
    }

    /// Whether it is this thread's step, and it may make the access or call that it comes to.
    pub(crate) fn take_grant(&mut self, tid: Pid) -> bool {
        let own = self.is_turn_of(tid);
        own && self.steered.as_mut().is_some_and(Steered::take_grant)
    }

    /// Which of its actor's threads one is, where turns are steered.
    pub(crate) fn nth(&self, tid: Pid) -> Option<u16> {
        self.steered.as_ref()?.nth(tid)
    }

    /// What the step that is being taken touches.
    pub(crate) fn touches(&mut self, touches: impl IntoIterator<Item = Touch>) {
        if let Some(steered) = &mut self.steered {
            steered.touches(touches);
        }
    }

    /// What it read or wrote in memory, and in which line of the program itself.
    pub(crate) fn saw(&mut self, value: Option<i64>, lines: &[SourceLine]) {
        if let Some(steered) = &mut self.steered {
            steered.saw(value, lines);
        }
    }

    /// The runner's call brought nothing, and did not wait.
    pub(crate) fn in_vain(&mut self) {
        if let Some(steered) = &mut self.steered {
            steered.in_vain();
        }
    }

    /// The case's clock went on.
    pub(crate) fn time_passed(&mut self) {
        if let Some(steered) = &mut self.steered {
            steered.time_passed();
        }
    }

    /// What makes a run that is steered depend on more than its steps.
    pub(crate) fn unwatched(&mut self, what: &str) {
        if let Some(steered) = &mut self.steered {
            steered.unwatched(what);
        }
    }

    /// What a program did by which the memory of its threads is not watched any more.
    pub(crate) fn given_up(&mut self, what: &str) {
        if let Some(steered) = &mut self.steered {
            steered.given_up(what);
        }
    }

    /// The steps that were taken, where they were steered.
    pub(crate) fn finish(self) -> Option<Steps> {
        self.steered.map(Steered::finish)
    }

    /// Whether it is this thread's turn.
    pub(crate) fn is_turn_of(&self, tid: Pid) -> bool {
        self.runner == Some(tid)
    }

    /// Whose turn it is.
    pub(crate) fn runner(&self) -> Option<Pid> {
        self.runner
    }

    /// No thread has the turn.
    pub(crate) fn free(&mut self) {
        self.former = self.runner.take().or(self.former);
    }

    /// Whether this thread waits for a turn.
    pub(crate) fn waits(&self, tid: Pid) -> bool {
        self.waiting.contains_key(&tid)
    }

    /// Whether any thread does.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A thread stops until it is its turn.
    pub(crate) fn wait(&mut self, tid: Pid, waiting: Waiting) {
        if self.is_turn_of(tid) {
            self.free();
        }
        self.since.insert(tid, self.turns);
        self.waiting.insert(tid, waiting);
    }

    /// Something else happened to a thread: it is no longer where it waited.
    pub(crate) fn forget(&mut self, tid: Pid) {
        self.waiting.remove(&tid);
    }

    /// A thread is no more.
    pub(crate) fn dead(&mut self, tid: Pid) {
        self.forget(tid);
        if self.is_turn_of(tid) {
            self.free();
        }
    }

    /// The runner has accessed shared memory, and changed it or not.
    pub(crate) fn accessed(&mut self, changed: bool) {
        self.calls = 0;
        self.unchanged_accesses = if changed {
            0
        } else {
            self.unchanged_accesses + 1
        };
    }

    /// Whether the runner may go on at an access.
    pub(crate) fn may_access(&self) -> bool {
        let goes_on = matches!(self.order, Some(Order::OldestFirst | Order::NewestFirst));
        // A step goes on to where the next one begins.
        self.is_steered() || goes_on && self.unchanged_accesses <= MAX_UNCHANGED_ACCESSES
    }

    /// The runner has made a call: whether it may go on.
    pub(crate) fn may_call(&mut self) -> bool {
        self.calls += 1;
        self.calls <= MAX_CALLS || self.waiting.is_empty() || self.is_steered()
    }

    /// The runner gives its turn up by itself, `sched_yield(2)`.
    pub(crate) fn yielded(&mut self) {
        self.yielded = true;
        if let (Some(steered), Some(runner)) = (&mut self.steered, self.runner) {
            steered.yields(runner);
        }
    }

    /// The next turn: which thread has it.
    pub(crate) fn next(&mut self, before_call: u32) -> Option<(Pid, Waiting)> {
        let order = self.order.as_ref()?;
        if let (Order::Steered(_), Some(steered)) = (order, &mut self.steered) {
            let waiting = self.waiting.iter();
            let waiting = waiting.map(|(tid, waiting)| (*tid, waiting.at_point));
            let tid = steered.next(waiting, before_call)?;
            self.runner = Some(tid);
            return Some((tid, self.waiting.remove(&tid)?));
        }
        let former = self.former;
        let spent = self.yielded
            || self.calls > MAX_CALLS
            || self.unchanged_accesses > MAX_UNCHANGED_ACCESSES;
        let last = |tid: &Pid| self.last.get(tid).copied().unwrap_or(0);
        let number = |tid: &Pid| self.numbers.get(tid).copied().unwrap_or(u64::MAX);
        // All in turn: the one that has waited longest since its last one, and of those the one that was made first.
        let in_turn = |tid: &Pid| (last(tid), number(tid));
        let since = |tid: &Pid| self.since.get(tid).copied().unwrap_or(0);
        let longest = self
            .waiting
            .keys()
            .min_by_key(|tid| (since(tid), number(tid)));
        let longest = longest.filter(|tid| self.turns - since(tid) > MAX_TURNS_WAITED);
        let chosen = match order {
            Order::LateWriters | Order::ReadersFirst if longest.is_some() => {
                longest.and_then(|tid| self.waiting.get_key_value(tid))
            }
            Order::LateWriters => {
                let first = self.waiting.iter();
                first.min_by_key(|(tid, waiting)| (waiting.late, in_turn(tid)))
            }
            Order::ReadersFirst => {
                let first = self.waiting.iter();
                first.min_by_key(|(tid, waiting)| (waiting.writes, in_turn(tid)))
            }
            Order::OldestFirst | Order::NewestFirst if spent => {
                self.waiting.iter().min_by_key(|(tid, _)| in_turn(tid))
            }
            Order::OldestFirst => self
                .waiting
                .iter()
                .min_by_key(|(tid, _)| (former != Some(**tid), number(tid))),
            Order::NewestFirst => self
                .waiting
                .iter()
                .min_by_key(|(tid, _)| (former != Some(**tid), std::cmp::Reverse(number(tid)))),
            Order::Drawn(_) => {
                self.drawn = mixed(self.drawn);
                let mut all: Vec<_> = self.waiting.iter().collect();
                all.sort_by_key(|(tid, _)| number(tid));
                let at = self.drawn as usize % all.len().max(1);
                all.get(at).copied()
            }
            Order::Steered(_) => None,
        };
        let (tid, waiting) = chosen.map(|(tid, waiting)| (*tid, *waiting))?;
        self.waiting.remove(&tid);
        if former != Some(tid) || spent {
            (self.calls, self.unchanged_accesses) = (0, 0);
        }
        self.yielded = false;
        self.turns += 1;
        self.last.insert(tid, self.turns);
        self.runner = Some(tid);
        Some((tid, waiting))
    }
}

/// The next state of SplitMix64 (Steele, Lea, Flood 2014), finalised.
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOES_ON: Waiting = Waiting {
        signal: 0,
        writes: false,
        late: false,
        at_point: false,
    };
    const LATE: Waiting = Waiting {
        writes: true,
        late: true,
        ..GOES_ON
    };

    /// Three threads, of which the second is about to write where it has read; each waits again after its turn.
    fn taken(order: Order, turns: usize) -> Vec<Pid> {
        let mut all = Schedule::new(Some(order.clone()));
        for (tid, waiting) in [(7, GOES_ON), (8, LATE), (5, GOES_ON)] {
            all.added(tid, 0, 0);
            all.wait(tid, waiting);
        }
        let mut taken = Vec::new();
        for _ in 0..turns {
            let (tid, waiting) = all.next(1).unwrap();
            assert!(all.is_turn_of(tid) && !all.waits(tid));
            taken.push(tid);
            all.accessed(true);
            all.wait(tid, waiting);
        }
        taken
    }

    #[test]
    fn each_order_takes_its_turns() {
        assert_eq!(taken(Order::LateWriters, 5), [7, 5, 7, 5, 7]);
        assert_eq!(taken(Order::ReadersFirst, 5), [7, 5, 7, 5, 7]);
        assert_eq!(taken(Order::OldestFirst, 3), [7, 7, 7]);
        assert_eq!(taken(Order::NewestFirst, 3), [5, 5, 5]);
        assert_eq!(taken(Order::Drawn(1), 40), taken(Order::Drawn(1), 40));
        assert_ne!(taken(Order::Drawn(1), 40), taken(Order::Drawn(2), 40));
    }

    #[test]
    fn a_late_thread_goes_on_when_no_other_can() {
        let mut all = Schedule::new(Some(Order::LateWriters));
        all.added(3, 0, 0);
        all.wait(3, LATE);
        assert_eq!(all.next(1), Some((3, LATE)));
        assert_eq!(all.next(1), None);
    }

    #[test]
    fn repeated_calls_do_not_keep_other_threads_waiting() {
        for order in [Order::OldestFirst, Order::NewestFirst, Order::LateWriters] {
            let mut all = Schedule::new(Some(order.clone()));
            for tid in [1, 2] {
                all.added(tid, 0, 0);
                all.wait(tid, GOES_ON);
            }
            let (first, _) = all.next(1).unwrap();
            let asked = (0..1000).take_while(|_| all.may_call()).count();
            assert_eq!(asked, MAX_CALLS as usize, "{order:?}");
            all.wait(first, GOES_ON);
            assert_ne!(all.next(1).unwrap().0, first, "{order:?}");
        }
    }

    #[test]
    fn repeated_reads_do_not_keep_other_threads_waiting() {
        let mut all = Schedule::new(Some(Order::OldestFirst));
        for tid in [1, 2] {
            all.added(tid, 0, 0);
            all.wait(tid, GOES_ON);
        }
        all.next(1).unwrap();
        while all.may_access() {
            all.accessed(false);
        }
        all.wait(1, GOES_ON);
        assert_eq!(all.next(1).unwrap().0, 2);
        for _ in 0..1000 {
            all.accessed(true);
            all.accessed(false);
            assert!(all.may_access(), "who writes goes on");
        }
    }

    #[test]
    fn no_thread_waits_for_ever_for_one_that_may_wait_for_it() {
        let mut all = Schedule::new(Some(Order::LateWriters));
        for (tid, waiting) in [(1, LATE), (2, GOES_ON)] {
            all.added(tid, 0, 0);
            all.wait(tid, waiting);
        }
        let mut turns = 0;
        while all.next(1).unwrap().0 != 1 {
            all.wait(2, GOES_ON);
            turns += 1;
        }
        assert_eq!(turns, MAX_TURNS_WAITED + 1);
    }

    #[test]
    fn a_single_thread_may_call_for_ever() {
        let mut all = Schedule::new(Some(Order::OldestFirst));
        all.added(1, 0, 0);
        all.wait(1, GOES_ON);
        all.next(1).unwrap();
        assert!((0..1000).all(|_| all.may_call()));
    }

    #[test]
    fn the_dead_have_no_turn() {
        let mut all = Schedule::new(Some(Order::OldestFirst));
        for tid in [1, 2, 3] {
            all.added(tid, 0, 0);
            all.wait(tid, GOES_ON);
        }
        assert_eq!(all.next(1).unwrap().0, 1);
        all.dead(1);
        all.dead(2);
        assert_eq!(all.runner(), None);
        assert_eq!(all.next(1).unwrap().0, 3);
    }
}
