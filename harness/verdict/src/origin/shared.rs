//! Memory that processes share: who writes it where, and who is waited for.

use ipclab_evidence::{Call, SourceLine, belongs};
use ipclab_spec::Aspect;

use super::look::{Look, Spot, at};
use super::named::{Value, named_values};
use super::source::{Source, Written};

/// Places that write one name which are looked at.
const WRITES_MAX: u32 = 16;
/// Values of types that are too small for a count.
const WRAPS: [i64; 3] = [1 << 8, 1 << 16, 1 << 32];

impl<'a> Look<'a> {
    /// Of a number that was printed, and is another one than it should be: a type that is too small for it, children that were not
    /// waited for, the places that write the memory it was read from.
    pub(super) fn shared_count(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let spot = lines.first().and_then(|line| self.spot(line));
        let Some(spot) = spot.filter(|_| self.finding.aspect == Aspect::Output) else {
            return Vec::new();
        };
        let Some((seen, wanted)) = self.words().split_once(" instead of ") else {
            return Vec::new();
        };
        let number = |text: &str| match named_values(text).pop() {
            Some(Value::Number(number)) => Some(number),
            Some(Value::Text(_)) | None => None,
        };
        let names: Vec<&str> = spot
            .source
            .calls_on(spot.line)
            .iter()
            .flat_map(|call| {
                call.args
                    .iter()
                    .flat_map(|arg| spot.source.names(arg.clone()))
            })
            .collect();
        let numbers = (number(seen), number(wanted));
        if let (Some(seen), Some(wanted)) = numbers
            && seen != wanted
            && WRAPS.iter().any(|size| seen == wanted % size)
        {
            let mut declared = names.iter().filter_map(|name| declaration(spot, name));
            return declared.next().into_iter().collect();
        }
        let Some(name) = names.iter().find(|name| is_attached(spot.source, name)) else {
            return Vec::new();
        };
        let waits = self.made("wait");
        if waits.len() < self.made("fork").len()
            && let Some(wait) = waits.last()
        {
            let mut from = self.loops(&wait.lines);
            from.extend(wait.lines.first().cloned());
            return from;
        }
        stores(spot.source, name, spot)
    }

    /// The calls of a family that its first process made and that brought it another process.
    fn made(&self, family: &str) -> Vec<&'a Call> {
        let first = self.actor.and_then(|(_, actor)| actor.pid);
        let calls = self.calls().filter(|call| Some(call.pid) == first);
        calls
            .filter(|call| {
                let returned = call.returned.as_ref();
                let is_one = returned.is_some_and(|returned| returned.value > 0);
                belongs(&call.name, false, family) && is_one
            })
            .collect()
    }

    /// Of what one process read before another one wrote it: the read, and the semaphores around it.
    pub(super) fn lost_update(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let sharing = self.evidence.sharing.as_ref();
        let mut collisions = sharing.into_iter().flat_map(|sharing| &sharing.collisions);
        let index = self.actor.map(|(index, _)| index);
        let found =
            collisions.find(|found| Some(found.actor) == index && found.write.lines == lines);
        let read = found.and_then(|found| found.read.lines.first()).cloned();
        match self.says("only after it had read") {
            true => read.into_iter().collect(),
            false => Vec::new(),
        }
    }

    /// Two semaphores where there should be one: what chooses between them.
    pub(super) fn two_semaphores(&self) -> Option<SourceLine> {
        if !self.says("two different semaphores") {
            return None;
        }
        let call = self
            .calls()
            .find(|call| belongs(&call.name, false, "semop") && !call.lines.is_empty())?;
        self.operand(self.spot(call.lines.first()?)?)
    }

    /// What a data race's threads lock, in the function that shows it: a lock that is that function's own, which keeps no other
    /// thread out, or the first call that locks and the last one that unlocks.
    pub(super) fn locks_around(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says(" has a data race") {
            return Vec::new();
        }
        let Some(spot) = lines.first().and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let body = spot.function.body.clone();
        let calls: Vec<Written> = body
            .filter(|at| source.word(*at).is_some_and(locks))
            .filter_map(|at| source.call_at(at))
            .collect();
        let mut locked = calls.iter().filter_map(|call| call.args.first());
        let own = locked.find_map(|lock| {
            let mut names = source.names(lock.clone()).into_iter();
            names.find_map(|name| declared_within(spot, name))
        });
        if let Some(own) = own {
            return vec![own];
        }
        let ends = [calls.first(), calls.last()];
        let mut found: Vec<SourceLine> = ends
            .into_iter()
            .flatten()
            .filter_map(|call| source.place(call.at))
            .collect();
        found.dedup();
        found
    }
}

/// Whether a function of this name locks or unlocks, of whatever library.
fn locks(name: &str) -> bool {
    // `pthread_mutex_lock`, `pthread_rwlock_wrlock`, `unlock`; no `clock`, and nothing that blocks.
    let before = name.strip_suffix("lock");
    let locks = before.is_some_and(|before| !before.ends_with(['b', 'c']));
    locks || ["sem_wait", "sem_post"].contains(&name)
}

/// Whether a name holds the address of a segment.
pub(super) fn is_attached(source: &Source<'_>, name: &str) -> bool {
    (0..source.tokens.len()).any(|token| {
        let attaches = source.is(token, "shmat") || source.is(token, "mmap");
        attaches && {
            let first = source.statement_start(token);
            (first..token).any(|before| source.word(before) == Some(name))
        }
    })
}

/// Where other functions than that of a line write through this name, the first and the last of the places.
fn stores<'a>(source: &'a Source<'a>, name: &str, spot: Spot<'a>) -> Vec<SourceLine> {
    let mut lines: Vec<u32> = Vec::new();
    for function in source
        .functions
        .iter()
        .filter(|function| function.at != spot.function.at)
    {
        let mut before = function.body.end;
        for _ in 0..WRITES_MAX {
            let Some(write) = source.last_write(name, function, before) else {
                break;
            };
            if write.at >= before || !function.body.contains(&write.at) {
                break;
            }
            lines.extend(source.line(write.at));
            before = write.at;
        }
    }
    lines.sort_unstable();
    lines.dedup();
    let ends = [lines.first(), lines.last()];
    let mut found: Vec<SourceLine> = ends
        .into_iter()
        .flatten()
        .map(|line| at(source, *line))
        .collect();
    found.dedup();
    found
}

/// Where a name is declared in the function of a line.
fn declared_within(spot: Spot<'_>, name: &str) -> Option<SourceLine> {
    let source = spot.source;
    let mut body = spot.function.body.clone();
    let found = body.find(|token| source.word(*token) == Some(name) && source.declares(*token))?;
    source.place(found)
}

/// Where a name is declared: in the function, else in the file.
fn declaration(spot: Spot<'_>, name: &str) -> Option<SourceLine> {
    let source = spot.source;
    declared_within(spot, name).or_else(|| {
        let mut outside =
            (0..source.tokens.len()).filter(|token| source.function_of(*token).is_none());
        let found =
            outside.find(|token| source.word(*token) == Some(name) && source.declares(*token))?;
        source.place(found)
    })
}
