//! Search: every schedule with at most so many preemptions, up to the order of steps that do not touch the same thing.
//!
//! Bounded partial-order reduction (Coons, Musuvathi, McKinley: *Bounded Partial-Order Reduction*, OOPSLA 2013). Each run is
//! the evidence from which further ones follow: where two steps of different threads touch the same thing, and nothing else puts
//! them in this order, the second one's thread is to go first, too. It goes first right before the first of them, and where the
//! turn of that one's thread began: there it costs no preemption more, so that the bound does not hide what the reduction left
//! out. No sleep sets: they are not sound under a bound.
//!
//! Schedules with fewer preemptions come first, so the first one that fails has the fewest. The order in which runs are made
//! matters for nothing else: it is over when every wish has been fulfilled. The state can be stored and taken up again.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use ipclab_evidence::{Step, ThreadId};
use serde::{Deserialize, Serialize};

use crate::clocks::Clocks;
use crate::dependence::conflicts;

/// Whether schedules are left out that differ from others only in the order of steps that do not touch the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reduction {
    /// All are tried: to check what the reduction leaves out.
    None,
    /// They are left out.
    PartialOrder,
}

/// A run did not follow its schedule, or did something else than an earlier one on the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// At which step.
    pub step: usize,
}

/// A state that was reached by the same steps, whatever came after.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    parent: usize,
    depth: u32,
    /// The thread that took the step into it.
    last: Option<ThreadId>,
    /// Preemptions on the way.
    preemptions: u32,
    ready: Vec<ThreadId>,
    /// Where each thread that went on from here led to; `None`: its run is still to be made.
    next: BTreeMap<ThreadId, Option<usize>>,
    /// What the step of each that did touched, without names, which may be others each time.
    shapes: BTreeMap<ThreadId, u64>,
}

impl Node {
    fn cost(&self, thread: ThreadId) -> u32 {
        let preempts = self
            .last
            .is_some_and(|last| last != thread && self.ready.contains(&last));
        self.preemptions + u32::from(preempts)
    }
}

/// Which kinds of things a step touches, which parts of them and how: the same steps have the same shape, while pipes, terminals
/// and identifiers have other names each time.
fn shape(step: &Step) -> u64 {
    let each = step.touches.iter();
    let mut touches: Vec<_> = each
        .map(|touch| {
            let kind = std::mem::discriminant(&touch.thing);
            let mut hasher = DefaultHasher::new();
            (kind, touch.from, touch.to, touch.way).hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    touches.sort_unstable();
    let mut hasher = DefaultHasher::new();
    touches.hash(&mut hasher);
    hasher.finish()
}

/// A search of one program's schedules.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Search {
    reduction: Reduction,
    bound: u32,
    nodes: Vec<Node>,
    /// What is still to be tried: preemptions, after how many steps (early ones first), from where, and which thread goes on.
    todo: BTreeSet<(u32, u32, usize, ThreadId)>,
    tried: u64,
}

impl Search {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new(bound: u32, reduction: Reduction) -> Self {
        Self {
            reduction,
            bound,
            nodes: Vec::new(),
            todo: BTreeSet::new(),
            tried: 0,
        }
    }

    /// The schedule to follow next, to where it says no more; `None`: there is none left.
    #[must_use]
    pub fn next(&self) -> Option<Vec<ThreadId>> {
        self.ahead(1).pop()
    }

    /// So many schedules at most, the next one first: those that come after it, as far as is known now. A run may bring others
    /// that come before them, and takes none of them away.
    #[must_use]
    pub fn ahead(&self, most: usize) -> Vec<Vec<ThreadId>> {
        if self.tried == 0 {
            return vec![Vec::new()];
        }
        let bound = self.bound;
        let within = self.todo.iter().take_while(|(cost, ..)| *cost <= bound);
        let along = |(_, _, node, thread): &(u32, u32, usize, ThreadId)| {
            let mut schedule = vec![*thread];
            let mut at = *node;
            while let Some(last) = self.nodes[at].last {
                schedule.push(last);
                at = self.nodes[at].parent;
            }
            schedule.reverse();
            schedule
        };
        within.take(most).map(along).collect()
    }

    /// How many schedules were tried.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.tried
    }

    /// How many are known that are still to be tried within the bound.
    #[must_use]
    pub fn left(&self) -> u64 {
        let bound = self.bound;
        let within = self.todo.iter();
        within.take_while(|(cost, ..)| *cost <= bound).count() as u64
    }

    /// From here on more preemptions are allowed: what was tried need not be tried again.
    pub fn allow(&mut self, preemptions: u32) {
        self.bound = self.bound.max(preemptions);
    }

    /// The run that followed the last schedule had these steps.
    ///
    /// # Errors
    /// It did not follow it, so nothing can be said of this program's schedules.
    pub fn seen(&mut self, steps: &[Step]) -> Result<(), Diverged> {
        let schedule = self.next().unwrap_or_default();
        let parted = |(at, thread): (usize, &ThreadId)| {
            let taken = steps.get(at).map(|step| step.thread);
            (taken != Some(*thread)).then_some(at)
        };
        if let Some(step) = schedule.iter().enumerate().find_map(parted) {
            return Err(Diverged { step });
        }
        self.tried += 1;
        let path = self.add_path(steps)?;
        if self.reduction == Reduction::PartialOrder {
            self.add_reversals(steps, &path);
        }
        Ok(())
    }

    /// Takes in the states of a run, and gives the one before each step.
    fn add_path(&mut self, steps: &[Step]) -> Result<Vec<usize>, Diverged> {
        let mut path = Vec::new();
        let mut from: Option<(usize, ThreadId)> = None;
        for (at, step) in steps.iter().enumerate() {
            let known = match from {
                Some((parent, thread)) => self.nodes[parent].next.get(&thread).copied().flatten(),
                None => (!self.nodes.is_empty()).then_some(0),
            };
            let node = match known {
                Some(node) => node,
                None => self.add_node(from, step),
            };
            if self.nodes[node].ready != step.ready {
                return Err(Diverged { step: at });
            }
            let shape = shape(step);
            let known = self.nodes[node].shapes.insert(step.thread, shape);
            if known.is_some_and(|known| known != shape) {
                return Err(Diverged { step: at });
            }
            self.goes(node, step.thread);
            path.push(node);
            from = Some((node, step.thread));
        }
        Ok(path)
    }

    fn add_node(&mut self, from: Option<(usize, ThreadId)>, step: &Step) -> usize {
        let index = self.nodes.len();
        let node = match from {
            None => Node {
                parent: 0,
                depth: 0,
                last: None,
                preemptions: 0,
                ready: step.ready.clone(),
                next: BTreeMap::new(),
                shapes: BTreeMap::new(),
            },
            Some((parent, thread)) => {
                self.nodes[parent].next.insert(thread, Some(index));
                Node {
                    parent,
                    depth: self.nodes[parent].depth + 1,
                    last: Some(thread),
                    preemptions: self.nodes[parent].cost(thread),
                    ready: step.ready.clone(),
                    next: BTreeMap::new(),
                    shapes: BTreeMap::new(),
                }
            }
        };
        self.nodes.push(node);
        if self.reduction == Reduction::None {
            for thread in &step.ready {
                self.wish(index, *thread);
            }
        }
        index
    }

    /// A thread has gone on from a state: it need not any more.
    fn goes(&mut self, node: usize, thread: ThreadId) {
        let state = &mut self.nodes[node];
        state.next.entry(thread).or_insert(None);
        let depth = state.depth;
        let cost = state.cost(thread);
        self.todo.remove(&(cost, depth, node, thread));
    }

    /// A thread is to go on from a state, if it has not.
    fn wish(&mut self, node: usize, thread: ThreadId) {
        let state = &mut self.nodes[node];
        if state.next.contains_key(&thread) {
            return;
        }
        state.next.insert(thread, None);
        let depth = state.depth;
        let cost = state.cost(thread);
        self.todo.insert((cost, depth, node, thread));
    }

    /// A thread is to go on from a state; where it cannot, any that can.
    fn wish_any(&mut self, node: usize, thread: ThreadId) {
        if self.nodes[node].ready.contains(&thread) {
            self.wish(node, thread);
            return;
        }
        for other in self.nodes[node].ready.clone() {
            self.wish(node, other);
        }
    }

    /// Where two steps could have come in the other order, they are to.
    fn add_reversals(&mut self, steps: &[Step], path: &[usize]) {
        let clocks = Clocks::of(steps, conflicts);
        let mut began = 0;
        let block: Vec<usize> = (0..steps.len())
            .map(|at| {
                if at > 0 && steps[at].thread != steps[at - 1].thread {
                    began = at;
                }
                began
            })
            .collect();
        for (later, step) in steps.iter().enumerate() {
            for earlier in 0..later {
                let reversible = steps[earlier].thread != step.thread
                    && !clocks.is_before_already(earlier, later, steps)
                    && conflicts(&steps[earlier], step);
                if reversible {
                    self.wish_any(path[earlier], step.thread);
                    self.wish_any(path[block[earlier]], step.thread);
                }
            }
        }
    }
}
