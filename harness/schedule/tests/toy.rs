//! A machine in memory: threads with a handful of instructions, stepped as the tracer steps processes. A thread stops before
//! each instruction that others could notice; one that has to wait is woken by the one that gives what it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ipclab_evidence::{Steering, Step, Steps, Thing, ThreadId, Touch, Way};
use ipclab_schedule::choose::Chooser;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    /// Reads a variable into the register.
    Read(u64),
    /// Writes the register plus this into a variable.
    Write(u64, i64),
    /// Writes this into a variable.
    Set(u64, i64),
    /// Adds one as one.
    Add(u64),
    /// Takes a semaphore, waiting for it.
    Take(i32),
    /// Gives it back.
    Give(i32),
    /// Makes a thread: the program's thread of this number.
    Fork(u16),
    /// Waits for a child that has ended and was not waited for.
    Wait,
    /// Goes back so many instructions unless the register is this.
    Until(i64, usize),
    /// Fails in any case.
    Fail,
    /// Goes on after so many instructions when the register is this.
    Skip(i64, usize),
}

/// Threads, the first of which begins; the values that semaphores begin with.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) threads: Vec<Vec<Do>>,
    pub(crate) semaphores: Vec<i64>,
    /// Those that are there from the start.
    pub(crate) begin: Vec<u16>,
}

impl Program {
    /// Threads that are all there from the start.
    pub(crate) fn of(threads: Vec<Vec<Do>>, semaphores: Vec<i64>) -> Self {
        let begin = (0..threads.len() as u16).collect();
        Self {
            threads,
            semaphores,
            begin,
        }
    }

    /// A first thread that makes all the others, and waits for them.
    pub(crate) fn forked(children: Vec<Vec<Do>>, semaphores: Vec<i64>) -> Self {
        let numbers = 1..=children.len() as u16;
        let mut first: Vec<Do> = numbers.clone().map(Do::Fork).collect();
        first.extend(numbers.map(|_| Do::Wait));
        // In which order it heard of them, and what they left.
        first.extend([Do::Write(9, 0), Do::Read(0)]);
        let mut threads = vec![first];
        threads.extend(children);
        Self {
            threads,
            semaphores,
            begin: vec![0],
        }
    }
}

/// Where a thread is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Unborn,
    Begins,
    Runs,
    Blocked,
    Woken,
    Ended,
    Reaped,
}

#[derive(Clone, Debug)]
pub(crate) struct Machine<'a> {
    program: &'a Program,
    states: Vec<State>,
    at: Vec<usize>,
    registers: Vec<i64>,
    parents: Vec<Option<usize>>,
    variables: BTreeMap<u64, i64>,
    semaphores: Vec<i64>,
    queues: Vec<VecDeque<usize>>,
    failed: bool,
}

/// What a run left: variables, registers, where threads are, and whether an assertion failed.
pub(crate) type Outcome = (BTreeMap<u64, i64>, Vec<i64>, Vec<bool>, bool);

impl<'a> Machine<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        let count = program.threads.len();
        let state = |n: usize| match program.begin.contains(&(n as u16)) {
            true => State::Begins,
            false => State::Unborn,
        };
        Self {
            program,
            states: (0..count).map(state).collect(),
            at: vec![0; count],
            registers: vec![0; count],
            parents: vec![None; count],
            variables: BTreeMap::new(),
            semaphores: program.semaphores.clone(),
            queues: vec![VecDeque::new(); program.semaphores.len()],
            failed: false,
        }
    }

    pub(crate) fn waiting(&self) -> BTreeSet<ThreadId> {
        let waits =
            |n: &usize| matches!(self.states[*n], State::Begins | State::Runs | State::Woken);
        (0..self.states.len()).filter(waits).map(id).collect()
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let ended = |state: &State| matches!(state, State::Ended | State::Reaped | State::Unborn);
        (
            self.variables.clone(),
            self.registers.clone(),
            self.states.iter().map(ended).collect(),
            self.failed,
        )
    }

    /// An assertion failed, or threads wait for each other for ever.
    pub(crate) fn fails(&self) -> bool {
        self.failed || self.states.contains(&State::Blocked)
    }

    /// Instructions that nobody notices are done at once.
    fn pass_unnoticed(&mut self, n: usize) {
        loop {
            let register = self.registers[n];
            match self.program.threads[n].get(self.at[n]) {
                Some(Do::Until(value, back)) if register != *value => self.at[n] -= back,
                Some(Do::Fail) => {
                    self.failed = true;
                    self.at[n] += 1;
                }
                Some(Do::Skip(value, count)) if register == *value => self.at[n] += count + 1,
                Some(Do::Until(..) | Do::Skip(..)) => self.at[n] += 1,
                _ => return,
            }
        }
    }

    /// One step of a thread: what it touched, and what it saw.
    pub(crate) fn step(&mut self, thread: ThreadId) -> (Vec<Touch>, Option<i64>) {
        let n = usize::from(thread.nth);
        match self.states[n] {
            State::Begins => {
                self.states[n] = State::Runs;
                self.pass_unnoticed(n);
                return (Vec::new(), None);
            }
            State::Woken => {
                self.states[n] = State::Runs;
                self.at[n] += 1;
                self.pass_unnoticed(n);
                return (Vec::new(), None);
            }
            _ => {}
        }
        let memory = |variable: u64, way: Way| Touch {
            thing: Thing::Memory(0),
            from: variable,
            to: variable + 1,
            way,
        };
        let semaphore = |s: i32| Touch::whole(Thing::Semaphores(s), Way::Write);
        let children = |n: usize| Touch::whole(Thing::Children(n as u32), Way::Write);
        let mut seen = None;
        let touches = match self.program.threads[n].get(self.at[n]).copied() {
            None => {
                self.states[n] = State::Ended;
                let Some(parent) = self.parents[n] else {
                    return (Vec::new(), None);
                };
                if self.states[parent] == State::Blocked {
                    let at = self.at[parent];
                    if self.program.threads[parent].get(at) == Some(&Do::Wait) {
                        self.states[n] = State::Reaped;
                        self.states[parent] = State::Woken;
                        self.registers[parent] = 10 * self.registers[parent] + n as i64;
                    }
                }
                return (vec![children(parent)], None);
            }
            Some(Do::Read(variable)) => {
                self.registers[n] = self.variables.get(&variable).copied().unwrap_or(0);
                seen = Some(self.registers[n]);
                vec![memory(variable, Way::Read)]
            }
            Some(Do::Write(variable, more)) => {
                self.variables.insert(variable, self.registers[n] + more);
                vec![memory(variable, Way::Write)]
            }
            Some(Do::Set(variable, value)) => {
                self.variables.insert(variable, value);
                vec![memory(variable, Way::Write)]
            }
            Some(Do::Add(variable)) => {
                *self.variables.entry(variable).or_default() += 1;
                vec![memory(variable, Way::Update)]
            }
            Some(Do::Take(s)) => {
                let touches = vec![semaphore(s)];
                if self.semaphores[s as usize] == 0 {
                    self.queues[s as usize].push_back(n);
                    self.states[n] = State::Blocked;
                    return (touches, None);
                }
                self.semaphores[s as usize] -= 1;
                touches
            }
            Some(Do::Give(s)) => {
                match self.queues[s as usize].pop_front() {
                    Some(first) => self.states[first] = State::Woken,
                    None => self.semaphores[s as usize] += 1,
                }
                vec![semaphore(s)]
            }
            Some(Do::Fork(child)) => {
                self.states[usize::from(child)] = State::Begins;
                self.parents[usize::from(child)] = Some(n);
                Vec::new()
            }
            Some(Do::Wait) => {
                let own = (0..self.states.len()).filter(|child| self.parents[*child] == Some(n));
                let ended = own
                    .into_iter()
                    .find(|child| self.states[*child] == State::Ended);
                let Some(ended) = ended else {
                    self.states[n] = State::Blocked;
                    return (vec![children(n)], None);
                };
                self.states[ended] = State::Reaped;
                self.registers[n] = 10 * self.registers[n] + ended as i64;
                vec![children(n)]
            }
            Some(Do::Until(..) | Do::Fail | Do::Skip(..)) => {
                unreachable!("done at once")
            }
        };
        self.at[n] += 1;
        self.pass_unnoticed(n);
        (touches, seen)
    }
}

fn id(n: usize) -> ThreadId {
    ThreadId {
        actor: 0,
        nth: n as u16,
    }
}

/// Runs a program as it is steered.
pub(crate) fn run<'a>(program: &'a Program, steering: &Steering) -> (Steps, Machine<'a>) {
    let mut machine = Machine::new(program);
    let mut chooser = Chooser::new(steering);
    let mut run = Steps::default();
    while let Some(choice) = chooser.choose(&machine.waiting()) {
        let (touches, value) = machine.step(choice.thread);
        chooser.stepped(&touches, value, false);
        run.steps.push(Step {
            thread: choice.thread,
            ready: choice.ready,
            polling: choice.polling,
            touches,
            by_time: false,
            before_call: 0,
            value,
            lines: Vec::new(),
        });
        assert!(run.steps.len() < 10_000, "it does not end");
    }
    run.diverged = chooser.diverged();
    (run, machine)
}

/// Every outcome of every schedule with at most so many preemptions, and how many those are: straight from the definition.
pub(crate) fn brute_force(program: &Program, preemptions: u32) -> (u64, BTreeSet<Outcome>) {
    fn go(
        machine: &Machine<'_>,
        last: Option<ThreadId>,
        left: u32,
        found: &mut (u64, BTreeSet<Outcome>),
    ) {
        let waiting = machine.waiting();
        if waiting.is_empty() {
            found.0 += 1;
            found.1.insert(machine.outcome());
            return;
        }
        for thread in &waiting {
            let preempts = last.is_some_and(|last| last != *thread && waiting.contains(&last));
            let Some(left) = left.checked_sub(u32::from(preempts)) else {
                continue;
            };
            let mut next = machine.clone();
            next.step(*thread);
            go(&next, Some(*thread), left, found);
        }
    }
    let mut found = (0, BTreeSet::new());
    go(&Machine::new(program), None, preemptions, &mut found);
    found
}
