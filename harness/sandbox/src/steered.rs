//! Steered turns: a thread's turn is one step, which goes to where it is about to touch something that others share; a schedule
//! or the strategy of the plan says whose step is next, and what each step touched is recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ipclab_evidence::{SourceLine, Steering, Step, Steps, ThreadId, Touch};
use ipclab_kernel::Pid;
use ipclab_schedule::choose::Chooser;

/// Steps that are kept of one run. One that has more is none of which all schedules could be tried.
const STEPS_MAX: usize = 10_000;

/// The steps of one case.
#[derive(Debug)]
pub(crate) struct Steered {
    chooser: Chooser,
    ids: HashMap<Pid, ThreadId>,
    /// How many threads each actor has had.
    made: BTreeMap<u16, u16>,
    /// The step that is being taken, and whether its thread may still make the one access or call that it waited to make.
    step: Option<Step>,
    granted: bool,
    in_vain: bool,
    /// How many accesses to memory it has made.
    accesses: u32,
    /// Who waited when the last step was chosen; since then time has passed; who goes on since time had passed.
    waited: BTreeSet<ThreadId>,
    time_passed: bool,
    by_time: BTreeSet<ThreadId>,
    record: Steps,
}

impl Steered {
    pub(crate) fn new(steering: &Steering) -> Self {
        Self {
            chooser: Chooser::new(steering),
            ids: HashMap::new(),
            made: BTreeMap::new(),
            step: None,
            granted: false,
            in_vain: false,
            accesses: 0,
            waited: BTreeSet::new(),
            time_passed: false,
            by_time: BTreeSet::new(),
            record: Steps::default(),
        }
    }

    /// A new thread of an actor, and of a process that knows itself by this number.
    pub(crate) fn added(&mut self, tid: Pid, actor: usize, own_pid: u32) {
        let actor = actor as u16;
        let made = self.made.entry(actor).or_default();
        let id = ThreadId { actor, nth: *made };
        *made += 1;
        self.ids.insert(tid, id);
        self.record.processes.insert(id, own_pid);
    }

    /// Which of its actor's threads one is.
    pub(crate) fn nth(&self, tid: Pid) -> Option<u16> {
        self.ids.get(&tid).map(|id| id.nth)
    }

    /// Chooses whose step is next, of threads that wait and whether they do right before an access or a call.
    pub(crate) fn next(
        &mut self,
        waiting: impl Iterator<Item = (Pid, bool)>,
        before_call: u32,
    ) -> Option<Pid> {
        self.end_step();
        let waiting: BTreeMap<ThreadId, (Pid, bool)> = waiting
            .filter_map(|(tid, at_point)| Some((*self.ids.get(&tid)?, (tid, at_point))))
            .collect();
        let now: BTreeSet<ThreadId> = waiting.keys().copied().collect();
        if std::mem::take(&mut self.time_passed) {
            self.by_time.extend(now.difference(&self.waited));
        }
        let choice = self.chooser.choose(&now)?;
        self.waited = now;
        self.waited.remove(&choice.thread);
        let (tid, at_point) = waiting[&choice.thread];
        self.granted = at_point;
        self.step = Some(Step {
            thread: choice.thread,
            ready: choice.ready,
            polling: choice.polling,
            touches: Vec::new(),
            by_time: self.by_time.remove(&choice.thread),
            before_call,
            value: None,
            lines: Vec::new(),
        });
        self.accesses = 0;
        Some(tid)
    }

    fn end_step(&mut self) {
        let Some(mut step) = self.step.take() else {
            return;
        };
        step.touches.sort_unstable();
        step.touches.dedup();
        let in_vain = std::mem::take(&mut self.in_vain);
        self.chooser.stepped(&step.touches, step.value, in_vain);
        if self.record.steps.len() < STEPS_MAX {
            self.record.steps.push(step);
        } else {
            self.record.cut = true;
        }
    }

    /// Whether the thread whose step it is may make the access or call that it comes to: it waited to make this one.
    pub(crate) fn take_grant(&mut self) -> bool {
        std::mem::take(&mut self.granted)
    }

    /// What the step touches.
    pub(crate) fn touches(&mut self, touches: impl IntoIterator<Item = Touch>) {
        if let Some(step) = &mut self.step {
            step.touches.extend(touches);
        }
    }

    /// What was read or written in memory, and in which line of the program itself.
    pub(crate) fn saw(&mut self, value: Option<i64>, lines: &[SourceLine]) {
        if let Some(step) = &mut self.step {
            step.value = value;
            self.accesses += 1;
            step.lines = match self.accesses {
                1 => lines.to_vec(),
                // Which of them is where, the step does not tell.
                _ => Vec::new(),
            };
        }
    }

    /// A call brought nothing, and did not wait.
    pub(crate) fn in_vain(&mut self) {
        self.in_vain = true;
    }

    /// A thread lets others go first.
    pub(crate) fn yields(&mut self, tid: Pid) {
        if let Some(id) = self.ids.get(&tid) {
            self.chooser.yields(*id);
        }
    }

    /// The case's clock went on.
    pub(crate) fn time_passed(&mut self) {
        self.time_passed = true;
    }

    /// What makes the run depend on more than its steps.
    pub(crate) fn unwatched(&mut self, what: &str) {
        self.record.unwatched.get_or_insert_with(|| what.to_owned());
    }

    /// What a program did by which the memory of its threads is not watched any more.
    pub(crate) fn given_up(&mut self, what: &str) {
        self.record.given_up.get_or_insert_with(|| what.to_owned());
    }

    /// What was recorded.
    pub(crate) fn finish(mut self) -> Steps {
        self.end_step();
        self.record.diverged = self.chooser.diverged();
        self.record
    }
}
