//! Mappings: which files and which shared memory an actor's processes mapped, how, and what of it they kept.

use std::collections::BTreeMap;

use ipclab_evidence::{HeldMapping, MappedObject, Moment, Process, ProcessEnd, SourceLine};
use ipclab_spec::{Aspect, MappingsExpectation, MappingsOf};

use super::seen::{names, not_seen};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{count, escaped_line};
use crate::range::{Range, no_number};

/// So many are listed in a message.
const LISTED_MAX: usize = 4;

/// One finding for each count that the spec names, with that name.
pub(super) fn judge(
    facts: Facts<'_>,
    index: usize,
    wanted: &MappingsExpectation,
) -> Vec<(String, Finding)> {
    let counts = wanted.counts().into_iter();
    let counts = counts.filter_map(|(name, count)| Some((name, count.as_ref()?)));
    counts
        .map(|(name, count)| {
            let aspect = match name {
                "at_wait" | "at_end" => Aspect::Cleanup,
                _ => Aspect::Calls,
            };
            let missing = not_seen(facts, index, aspect).or_else(|| crowd(facts, index, aspect));
            let finding = missing.unwrap_or_else(|| {
                let Some(range) = Range::of(count) else {
                    return no_number(aspect);
                };
                let asked = Asked {
                    facts,
                    index,
                    of: &wanted.of,
                    range,
                };
                match name {
                    "shared" => asked.mapped(SHARED),
                    "private" => asked.mapped(PRIVATE),
                    "writable" => asked.mapped(WRITABLE),
                    "at_once" => asked.at_once(),
                    "at_wait" => asked.held(Moment::Wait),
                    _ => asked.held(Moment::End),
                }
            });
            (name.to_owned(), finding)
        })
        .collect()
}

/// A process with so many mappings that it was not looked at all of them is not proved to have done right.
fn crowd(facts: Facts<'_>, index: usize, aspect: Aspect) -> Option<Finding> {
    let mut all = processes(facts, index);
    let crowd = all.find_map(|process| process.mappings.crowd)?;
    let who = facts.who(index);
    let text = format!(
        "what {who} has mapped is not proved: it had {} at once, so that they were not looked at after {}",
        count(crowd.mappings, "mapping"),
        count(crowd.unseen, "call")
    );
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    Some(
        Finding::fail(aspect, name, text)
            .expecting("all mappings seen", count(crowd.mappings, "mapping")),
    )
}

fn processes(facts: Facts<'_>, index: usize) -> impl Iterator<Item = &Process> {
    let all = facts.evidence.objects.processes.iter();
    all.filter(move |process| process.actor == index)
}

/// A way in which something can be mapped: in words, as a call has it, and the call by which an object was.
#[derive(Clone, Copy)]
struct Way {
    words: &'static str,
    flag: &'static str,
    by: fn(&MappedObject) -> Option<u32>,
}

const SHARED: Way = Way {
    words: "for sharing",
    flag: "MAP_SHARED",
    by: |object| object.shared,
};
const PRIVATE: Way = Way {
    words: "as a copy",
    flag: "MAP_PRIVATE",
    by: |object| object.private,
};
const WRITABLE: Way = Way {
    words: "for writing",
    flag: "PROT_WRITE",
    by: |object| object.writable,
};

/// What is asked of whom.
#[derive(Clone, Copy)]
struct Asked<'a> {
    facts: Facts<'a>,
    index: usize,
    of: &'a MappingsOf,
    range: Range,
}

impl<'a> Asked<'a> {
    fn name(self) -> Option<&'a str> {
        self.facts
            .actor(self.index)
            .map(|actor| actor.name.as_str())
    }

    fn is_of(self, on: &str, nameless: bool) -> bool {
        match self.of {
            MappingsOf::Any => true,
            MappingsOf::Files => !nameless,
            MappingsOf::Anonymous => nameless,
            MappingsOf::File(path) => names(path, on),
        }
    }

    /// `2 files`, `no file`, `/tmp/data`
    fn things(self, number: u64) -> String {
        match self.of {
            MappingsOf::Any => count(number, "mapping"),
            MappingsOf::Files => count(number, "file"),
            MappingsOf::Anonymous if number == 1 => "1 piece of shared memory".to_owned(),
            MappingsOf::Anonymous => format!("{number} pieces of shared memory"),
            MappingsOf::File(path) => escaped_line(path),
        }
    }

    /// All that an actor's processes have mapped, of whatever kind, each object once: the first that did.
    fn objects(self) -> Vec<&'a MappedObject> {
        let all = processes(self.facts, self.index).flat_map(|process| &process.mappings.objects);
        let mut known: Vec<&MappedObject> = all.collect();
        known.sort_by(|one, other| one.on.cmp(&other.on));
        known
    }

    /// Those of this kind that were mapped in a way, by their names, with the first call that did.
    fn by_name(self, way: Way) -> BTreeMap<&'a str, u32> {
        let mut found: BTreeMap<&str, u32> = BTreeMap::new();
        for object in self.objects() {
            if let Some(by) = (way.by)(object).filter(|_| self.is_of(&object.on, object.nameless)) {
                let first = found.entry(&object.on).or_insert(by);
                *first = by.min(*first);
            }
        }
        found
    }

    fn mapped(self, way: Way) -> Finding {
        let found = self.by_name(way);
        let (who, seen) = (self.facts.who(self.index), found.len() as u64);
        let listed = found.iter().take(LISTED_MAX);
        let listed = listed.map(|(on, by)| format!("{}{}", escaped_line(on), self.line_of(*by)));
        let listed = listed.collect::<Vec<_>>().join(", ");
        let calls = found.values().copied().take(8);
        let is_file = matches!(self.of, MappingsOf::File(_));
        if self.range.has(seen) {
            let text = match (is_file, seen) {
                (true, 0) => format!("{who} did not map {} {}", self.things(0), way.words),
                (true, _) => format!("{who} mapped {listed} {}", way.words),
                (false, 0) => format!("{who} mapped {} {}", self.things(0), way.words),
                (false, _) => format!("{who} mapped {} {}: {listed}", self.things(seen), way.words),
            };
            return Finding::pass(Aspect::Calls, self.name(), text).citing(calls);
        }
        let few = self.range.least.is_some_and(|least| seen < least);
        let (instead, cite) = match few {
            true => self.instead(way),
            false => (remedy(way).to_owned(), None),
        };
        let text = match (is_file, seen) {
            (true, 0) => format!(
                "{who} did not map {} {} ({}){instead}",
                self.things(0),
                way.words,
                way.flag
            ),
            (true, _) => format!(
                "{who} mapped {listed} {} ({}){instead}",
                way.words, way.flag
            ),
            (false, 0) => format!(
                "{who} mapped {} {} ({}) instead of {}{instead}",
                self.things(0),
                way.words,
                way.flag,
                self.range.text()
            ),
            (false, _) => format!(
                "{who} mapped {} {} ({}) instead of {}: {listed}{instead}",
                self.things(seen),
                way.words,
                way.flag,
                self.range.text()
            ),
        };
        Finding::fail(Aspect::Calls, self.name(), text)
            .expecting(self.range.text(), seen.to_string())
            .citing(calls.chain(cite))
    }

    /// What a program did where it should have mapped something so, and the call.
    fn instead(self, way: Way) -> (String, Option<u32>) {
        let objects = self.objects();
        let own = |object: &&&MappedObject| self.is_of(&object.on, object.nameless);
        let shares = way.flag == SHARED.flag;
        if let Some((object, by)) = objects
            .iter()
            .filter(own)
            .find_map(|object| Some((object, object.private.filter(|_| shares)?)))
        {
            let on = match self.of {
                MappingsOf::File(_) => "it".to_owned(),
                MappingsOf::Any | MappingsOf::Files | MappingsOf::Anonymous => {
                    escaped_line(&object.on)
                }
            };
            let text = format!(
                ": {on} was mapped with MAP_PRIVATE{}; what is written there is a copy that no other process sees",
                self.line_of(by)
            );
            return (text, Some(by));
        }
        if let Some((object, by)) = objects
            .iter()
            .filter(own)
            .find_map(|object| Some((object, object.shared.or(object.private)?)))
        {
            let on = escaped_line(&object.on);
            let how = match way.flag {
                "MAP_PRIVATE" => "with MAP_SHARED",
                _ => "without PROT_WRITE",
            };
            return (
                format!(": {on} was mapped {how}{}", self.line_of(by)),
                Some(by),
            );
        }
        let other = objects
            .iter()
            .find_map(|object| Some((object, (way.by)(object)?)));
        if let Some((object, by)) = other {
            let on = escaped_line(&object.on);
            return (format!("; it mapped {on}{}", self.line_of(by)), Some(by));
        }
        let copied = match (self.of, shares) {
            (MappingsOf::Anonymous, true) => {
                "; a child has a copy of all other memory: what it writes there its parent never sees"
            }
            _ => "",
        };
        (format!("{copied}{}", self.facts.because(self.index)), None)
    }

    fn at_once(self) -> Finding {
        let who = self.facts.who(self.index);
        let mut objects = self.objects();
        objects.retain(|object| self.is_of(&object.on, object.nameless));
        let Some(most) = objects.iter().max_by_key(|object| object.most) else {
            let text = format!(
                "{who} mapped no part of {}{}",
                self.what(),
                self.facts.because(self.index)
            );
            return Finding::fail(Aspect::Calls, self.name(), text);
        };
        // With a range of both ends the one that is the furthest from it is told.
        let wrong = match self.range.has(most.most) {
            true => objects.iter().find(|object| !self.range.has(object.most)),
            false => Some(most),
        };
        let Some(wrong) = wrong else {
            let text = format!(
                "{who} had {} of {} mapped at once, at the most",
                count(most.most, "byte"),
                escaped_line(&most.on)
            );
            return Finding::pass(Aspect::Calls, self.name(), text);
        };
        let remedy = match self.range.most.is_some_and(|limit| wrong.most > limit) {
            true => "; munmap() one part before the next one is mapped",
            false => "",
        };
        let text = format!(
            "{who} had {} of {} mapped at once instead of {}{}{remedy}",
            count(wrong.most, "byte"),
            escaped_line(&wrong.on),
            self.range.text(),
            self.line_of(wrong.most_by)
        );
        Finding::fail(Aspect::Calls, self.name(), text)
            .expecting(self.range.counted("byte"), count(wrong.most, "byte"))
            .citing([wrong.most_by])
    }

    /// `/tmp/data`, `any file`
    fn what(self) -> String {
        match self.of {
            MappingsOf::Any => "any file or shared memory".to_owned(),
            MappingsOf::Files => "any file".to_owned(),
            MappingsOf::Anonymous => "any shared memory".to_owned(),
            MappingsOf::File(path) => escaped_line(path),
        }
    }

    /// What processes still had mapped each time that a moment came.
    fn held(self, moment: Moment) -> Finding {
        let who = self.facts.who(self.index);
        let (when, did) = match moment {
            Moment::Wait => ("waited for a child", "waited"),
            Moment::End => ("ended by itself", "ended"),
            Moment::Exec => ("started a program", "began"),
        };
        let mut came = false;
        for process in processes(self.facts, self.index) {
            // What the last of its threads ended with is its end only if it was not killed.
            let is_over = matches!(process.end, Some(ProcessEnd::Code(_)));
            if moment == Moment::End && !is_over {
                continue;
            }
            let held = process.mappings.held.iter();
            for held in held.filter(|held| held.moment == moment) {
                came = true;
                let mapped = held.mapped.iter();
                let left: Vec<&HeldMapping> = mapped
                    .filter(|one| self.is_of(&one.on, one.nameless))
                    .collect();
                let mut on: Vec<&str> = left.iter().map(|one| one.on.as_str()).collect();
                on.sort_unstable();
                on.dedup();
                let seen = on.len() as u64;
                if self.range.has(seen) {
                    continue;
                }
                let subject = match process.parent {
                    None => who,
                    Some(_) => format!("process {} of {who}", process.pid),
                };
                let at = held.call.map(|n| format!(" at #{n}")).unwrap_or_default();
                let is_file = matches!(self.of, MappingsOf::File(_));
                let text = match (is_file, seen) {
                    (true, 0) => format!("{subject} {did} without {} mapped{at}", self.things(0)),
                    (true, _) => format!("{subject} {did} with {}{at}", self.list(&left)),
                    (false, _) => format!(
                        "{subject} {did} with {} still mapped{at} instead of {}{}{}",
                        self.things(seen),
                        self.range.text(),
                        if left.is_empty() { "" } else { ": " },
                        self.list(&left)
                    ),
                };
                let too_many = self.range.most.is_some_and(|most| seen > most);
                let in_part = left.iter().any(|one| one.bytes < one.whole);
                let remedy = match (too_many, in_part) {
                    (false, _) => "",
                    (true, true) => "; munmap() takes the length that mmap() was given",
                    (true, false) => "; munmap() gives back what mmap() took",
                };
                let calls = left.iter().map(|one| one.by).take(8).chain(held.call);
                return Finding::fail(Aspect::Cleanup, self.name(), format!("{text}{remedy}"))
                    .expecting(self.range.text(), seen.to_string())
                    .citing(calls);
            }
        }
        if !came {
            let text = format!(
                "no process of {who} {when}{}",
                self.facts.because(self.index)
            );
            return Finding::fail(Aspect::Cleanup, self.name(), text);
        }
        let is_file = matches!(self.of, MappingsOf::File(_));
        let text = match (is_file, self.range.most) {
            (true, Some(0)) => format!(
                "no process of {who} that {when} had {} still mapped",
                self.things(0)
            ),
            (true, _) => format!(
                "each process of {who} that {when} had {} mapped",
                self.things(0)
            ),
            (false, _) => format!(
                "each process of {who} that {when} had {} {} still mapped",
                self.range.text(),
                self.things(2).trim_start_matches("2 ")
            ),
        };
        Finding::pass(Aspect::Cleanup, self.name(), text)
    }

    /// `/tmp/data still mapped (8192 bytes, mapped at copy.c:12)`
    fn list(self, left: &[&HeldMapping]) -> String {
        let is_file = matches!(self.of, MappingsOf::File(_));
        let still = if is_file { " still mapped" } else { "" };
        let listed = left.iter().take(LISTED_MAX).map(|one| {
            let line = match self.line(one.by) {
                Some(line) => format!(", mapped at {line}"),
                None => format!(", mapped at #{}", one.by),
            };
            let bytes = match one.bytes < one.whole {
                true => format!("{} of {}", one.bytes, count(one.whole, "byte")),
                false => count(one.bytes, "byte"),
            };
            format!("{}{still} ({bytes}{line})", escaped_line(&one.on))
        });
        let mut text = listed.collect::<Vec<_>>().join(", ");
        let more = left.len().saturating_sub(LISTED_MAX);
        if more > 0 {
            text += &format!(" and {more} more");
        }
        text
    }

    fn line(self, call: u32) -> Option<&'a SourceLine> {
        let mut calls = self.facts.evidence.trace.iter();
        calls.find(|one| one.n == call)?.lines.first()
    }

    /// ` at copy.c:12`, ` at #7`
    fn line_of(self, call: u32) -> String {
        match self.line(call) {
            Some(line) => format!(" at {line}"),
            None => format!(" at #{call}"),
        }
    }
}

/// What to do about what was mapped and should not have been.
fn remedy(way: Way) -> &'static str {
    match way.flag {
        "PROT_WRITE" => "; PROT_READ alone is enough to read",
        "MAP_PRIVATE" => "; with MAP_PRIVATE what is written never reaches the file",
        _ => "",
    }
}
