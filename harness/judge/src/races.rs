//! What ThreadSanitizer reports: a variable that two threads use with nothing to keep them apart, and mutexes that are misused.
//!
//! Which of several races is met first is the machine's choice. So all that a program has shown are read, and the first in its
//! source is told.

use ipclab_spec::Aspect;

use crate::finding::Finding;
use crate::frames::{own_frames, site, source_line};
use crate::page::Page;
use crate::quote::{escaped_line, quoted};

/// How a report begins.
const BEGINS: &str = "WARNING: ThreadSanitizer: ";
/// What it calls a race.
const RACE: &str = "data race";

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Race<'a> {
    /// The two sides, the earlier line first; of a mutex the one.
    sides: Vec<Side<'a>>,
    /// `data race`, `double lock of a mutex`
    what: String,
    /// The global variable that it is about.
    variable: Option<&'a str>,
}

/// What one thread does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Side<'a> {
    /// The student's line, where it is known; those come first.
    unknown: bool,
    file: String,
    line: u32,
    /// The function there.
    function: &'a str,
    place: &'a str,
    /// It writes, or reads: `writes`.
    does: &'static str,
}

/// The first report of a page in the order of the source.
pub(crate) fn first(page: &Page) -> Option<Race<'_>> {
    let lines = page.lines.iter().enumerate();
    let reports = lines.filter_map(|(at, line)| {
        let (_, what) = line.split_once(BEGINS)?;
        let rest = page.lines.get(at + 1..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|line| line.starts_with("=====") || line.contains(BEGINS));
        Some(Race::read(
            what,
            rest.get(..end.unwrap_or(rest.len())).unwrap_or_default(),
        ))
    });
    reports.min()
}

impl<'a> Race<'a> {
    fn read(what: &str, lines: &'a [String]) -> Self {
        let what = what.split(" (pid=").next().unwrap_or(what).to_owned();
        let is_race = what.starts_with(RACE);
        let mut sides: Vec<Side<'a>> = Vec::new();
        let mut variable = None;
        for (at, line) in lines.iter().enumerate() {
            let words = line.trim_start();
            if let Some(rest) = words.strip_prefix("Location is global '") {
                variable = rest.split('\'').next();
            }
            let Some(does) = does(words) else { continue };
            let stack = lines.get(at + 1..).unwrap_or_default();
            let end = stack.iter().position(|line| line.trim().is_empty());
            sides.push(Side::of(
                does,
                stack.get(..end.unwrap_or(stack.len())).unwrap_or_default(),
            ));
        }
        if !is_race {
            // The first stack is where it was done.
            let end = lines.iter().position(|line| line.trim().is_empty());
            sides = vec![Side::of(
                "does it",
                lines.get(..end.unwrap_or(lines.len())).unwrap_or_default(),
            )];
        }
        sides.sort();
        Self {
            sides,
            what,
            variable,
        }
    }

    /// As a finding about a program: what it is called in sentences, and by its actor.
    pub(crate) fn finding(&self, who: &str, actor: &str) -> Finding {
        let mut message = match self.what.starts_with(RACE) {
            true => {
                let variable = self.variable.map_or("the same memory".to_owned(), quoted);
                format!(
                    "{who} has a data race: two threads use {variable} and nothing keeps them apart"
                )
            }
            false => format!(
                "{who} misuses what keeps threads apart: {}",
                escaped_line(&self.what)
            ),
        };
        let told: Vec<String> = self.sides.iter().filter_map(Side::told).collect();
        if !told.is_empty() {
            message += &format!(" ({})", told.join("; "));
        }
        let line = self.sides.iter().find_map(|side| source_line(side.place));
        let seen = std::iter::once(escaped_line(&self.what)).chain(told);
        Finding::fail(Aspect::Memory, Some(actor), message)
            .expecting("no data race", seen.collect::<Vec<_>>().join("\n"))
            .at(line.map(|line| vec![line]))
    }
}

impl<'a> Side<'a> {
    fn of(does: &'static str, stack: &'a [String]) -> Self {
        let (function, place) = own_frames(stack).next().unwrap_or_default();
        let place = place.strip_prefix("/lab/").unwrap_or(place);
        let line = source_line(place);
        Self {
            unknown: line.is_none(),
            file: line
                .as_ref()
                .map(|line| line.file.clone())
                .unwrap_or_default(),
            line: line.map_or(0, |line| line.line),
            function,
            place,
            does,
        }
    }

    /// `add(), counter.c:12 writes`
    fn told(&self) -> Option<String> {
        (!self.place.is_empty())
            .then(|| format!("{} {}", site(self.function, self.place), self.does))
    }
}

/// What the heading of a stack says that the thread does: `Previous write of size 4 at 0x... by thread T1:`.
fn does(heading: &str) -> Option<&'static str> {
    let is_access = heading.contains(" of size ") && heading.contains(" at 0x");
    let words = heading.to_ascii_lowercase();
    match is_access {
        true if words.contains("write of size") => Some("writes"),
        true if words.contains("read of size") => Some("reads"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACES: &str = "hello\n==================\n\
WARNING: ThreadSanitizer: data race (pid=18400)\n  \
Write of size 4 at 0x55 by thread T2 (mutexes: write M1):\n    \
#0 0x5 in later /lab/counter.c:40\n    #1 0x6 in worker /lab/counter.c:50\n\n  \
Previous write of size 4 at 0x55 by thread T1:\n    #0 0x5 in later /lab/counter.c:40\n\n  \
Location is global 'n' of size 4 at 0x5 (t+0x405c)\n\n\
SUMMARY: ThreadSanitizer: data race t.c:4 in w\n==================\n==================\n\
WARNING: ThreadSanitizer: data race (pid=18400)\n  \
Atomic write of size 4 at 0x55 by thread T2:\n    #0 0x5 in memcpy ../x.cpp:9\n    #1 0x5 in add /lab/counter.c:12\n\n  \
Previous read of size 4 at 0x55 by main thread:\n    #0 0x5 in show /lab/counter.c:9\n\n  \
Location is heap block of size 40 at 0x7 allocated by main thread:\n    #0 0x1 in malloc ../a.cpp:1\n\n\
SUMMARY: x\n==================\n";

    #[test]
    fn the_first_race_of_the_source_is_told_with_both_its_lines() {
        let page = Page::of_text(RACES);
        let finding = first(&page).unwrap().finding("counter", "counter");
        assert_eq!(
            finding.message,
            "counter has a data race: two threads use the same memory and nothing keeps them apart \
             (show(), counter.c:9 reads; add(), counter.c:12 writes)"
        );
    }

    #[test]
    fn a_global_variable_is_named() {
        let text = RACES.split("==================").nth(1).unwrap();
        let page = Page::of_text(text);
        let race = first(&page).unwrap();
        assert_eq!(race.variable, Some("n"));
        let message = race.finding("counter", "counter").message;
        assert!(message.contains("two threads use `n`"), "{message}");
    }

    #[test]
    fn a_misused_mutex_has_the_line_that_misused_it() {
        let page = Page::of_text(
            "WARNING: ThreadSanitizer: unlock of an unlocked mutex (or by a wrong thread) (pid=7)\n    \
             #0 0x1 in pthread_mutex_unlock ../x.cpp:1\n    #1 0x2 in main /lab/a.c:8\n\n  \
             Location is global 'm' of size 40 at 0x5 (t+0x4)\n",
        );
        assert_eq!(
            first(&page).unwrap().finding("counter", "counter").message,
            "counter misuses what keeps threads apart: unlock of an unlocked mutex (or by a wrong thread) \
             (main(), a.c:8 does it)"
        );
    }

    #[test]
    fn other_text_is_no_race() {
        for text in ["", "WARNING: Thread", "ERROR: ThreadSanitizer: SEGV"] {
            assert_eq!(first(&Page::of_text(text)), None, "{text:?}");
        }
    }
}
