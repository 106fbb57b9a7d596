//! Sanitizers: memory errors that AddressSanitizer and UndefinedBehaviorSanitizer reported on stderr, data races that
//! ThreadSanitizer did, one finding a program.
//!
//! What they write is a page of addresses that differ in every run. A finding says of it what a student can act on and what
//! is the same every time: what kind of error, in which call, in which line of the student's own file, on which input.

use ipclab_evidence::{Arg, Direction, Exit, SANITIZER_WITNESS};
use ipclab_spec::{Aspect, Sanitizers};

use crate::facts::Facts;
use crate::finding::{Finding, Verdict};
use crate::frames::{frame, is_own, own_frames, site, source_line};
use crate::page::Page;
use crate::quote::{count, escaped_line, quoted};
use crate::races;

use ipclab_evidence::SANITIZER_STATUS as EXIT_STATUS;

/// What a sanitizer wrote first.
enum Found<'a> {
    Error(Report<'a>),
    Race(races::Race<'a>),
}

/// What the sanitizers found.
pub(crate) struct Reports {
    /// One for each student's program that runs sanitized.
    pub(crate) findings: Vec<Finding>,
    /// A sanitizer ended a program: what else went wrong in this run may come of that.
    ended: Option<String>,
}

/// Reads what the sanitizers wrote.
pub(crate) fn judge(facts: Facts<'_>) -> Reports {
    let mut reports = Reports {
        findings: Vec::new(),
        ended: None,
    };
    let Some(sanitizers) = facts.case.sanitize else {
        return reports;
    };
    let error = sanitizers.error();
    for index in 0..facts.evidence.actors.len() {
        if !facts.is_student(index) {
            continue;
        }
        let Some(actor) = facts.actor(index) else {
            continue;
        };
        let page = Page::of(&actor.stderr);
        let report = match sanitizers {
            Sanitizers::Memory => Report::read(&page).map(Found::Error),
            Sanitizers::Threads => races::first(&page).map(Found::Race),
        };
        // The tracer has seen a report begin, whatever became of it.
        let witnessed = facts.calls(index).find(|call| {
            call.name == "kill"
                && call.args.first().and_then(Arg::number) == Some(SANITIZER_WITNESS.into())
        });
        let begun = witnessed.is_some() || actor.report_begun;
        let ended = begun && report.is_none()
            || actor.exit == Exit::Code(EXIT_STATUS)
            || matches!(&report, Some(Found::Error(report)) if report.address)
                && !matches!(actor.exit, Exit::Code(0) | Exit::Running { .. });
        let who = facts.who(index);
        let finding = match &report {
            Some(Found::Error(report)) => memory_error(facts, index, report),
            Some(Found::Race(race)) => race.finding(who.as_str(), &actor.name),
            None if matches!(actor.exit, Exit::NotStarted | Exit::NotExecuted(_)) => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!("{who} never ran, so that nothing is known of its memory"),
            ),
            None if actor.other_options => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!(
                    "that {who} has no {error} is not proved: it started a program with other options for the sanitizer"
                ),
            ),
            None if let Some(path) = actor.made_code.first() => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!(
                    "that {who} has no {error} is not proved: it ran {}, which was made during the case, and no sanitizer is in that",
                    escaped_line(&path.to_text())
                ),
            ),
            None if let Some(why) = facts.holes(&[index]) => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!("that {who} ran without a {error} is not proved: {why}"),
            ),
            None if let Some(call) = witnessed => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!(
                    "{who} has a {error}: a sanitizer's report began at #{}, and it is not on stderr",
                    call.n
                ),
            )
            .citing([call.n]),
            None if begun => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!(
                    "{who} has a {error}: a sanitizer's report began, and it is not on stderr"
                ),
            ),
            None if ended => Finding::fail(
                Aspect::Memory,
                Some(&actor.name),
                format!("{who} was ended by a sanitizer, whose report is not on its stderr"),
            ),
            None => {
                let passed = format!("{who} ran without a {error}");
                let passed = Finding::pass(Aspect::Memory, Some(&actor.name), passed);
                match sanitizers {
                    Sanitizers::Memory => passed,
                    // What its threads would have done behind the place where they stand is not known.
                    Sanitizers::Threads => facts.at_the_end("that it has no data race", passed),
                }
            }
        };
        if ended {
            reports.ended.get_or_insert_with(|| match sanitizers {
                Sanitizers::Memory => format!("{who} was ended by a memory error"),
                Sanitizers::Threads => format!("{who} has a data race"),
            });
        }
        reports.findings.push(finding);
    }
    reports
}

impl Reports {
    /// Takes the blame out of what else went wrong in a run that a sanitizer ended: it is one mistake, and it is named.
    /// What could not be shown there is not earned either.
    pub(crate) fn excuse(&self, others: &mut [Finding]) {
        let Some(ended) = &self.ended else { return };
        for finding in others {
            if finding.verdict == Verdict::Fail {
                finding.verdict = Verdict::Skipped;
                finding.message = format!("not judged, since {ended}: {}", finding.message);
            }
        }
    }
}

/// What a sanitizer found, as a finding.
fn memory_error(facts: Facts<'_>, index: usize, report: &Report<'_>) -> Finding {
    let who = facts.who(index);
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    let mut message = format!("{who} has a memory error: {}", escaped_line(&report.what));
    let called = report
        .called
        .map(|call| format!("{}()", escaped_line(call)));
    match (&called, &report.access) {
        (Some(call), Some(access)) => {
            message.push_str(&format!(", {call} {}", escaped_line(access)))
        }
        (None, Some(access)) => message.push_str(&format!(", it {}", escaped_line(access))),
        (Some(call), None) => message.push_str(&format!(", in {call}")),
        (None, None) => {}
    }
    if let Some((variable, line)) = report.variable {
        message.push_str(&format!(
            " beyond {} of line {}",
            quoted(variable),
            escaped_line(line)
        ));
    }
    if let Some((function, place)) = report.own {
        message.push_str(&format!(" ({})", site(function, place)));
    }
    let input = last_input(facts, index);
    if let Some((input, _)) = &input {
        message.push_str(&format!(", {input}"));
    }
    let mut seen = vec![escaped_line(&report.what)];
    seen.extend(called.map(|call| format!("in {call}")));
    if let Some((function, place)) = report.own {
        let verb = if seen.len() > 1 { "called by" } else { "in" };
        seen.push(format!("{verb} {}", site(function, place)));
    }
    Finding::fail(Aspect::Memory, name, message)
        .expecting("no memory error", seen.join("\n"))
        .at(report
            .own
            .and_then(|(_, place)| source_line(place))
            .map(|line| vec![line]))
        .citing(input.and_then(|(_, n)| n))
}

/// What the program had been given last: bytes from a socket, else its stdin.
fn last_input(facts: Facts<'_>, index: usize) -> Option<(String, Option<u32>)> {
    let received = facts
        .transfers(&[index], Direction::Received)
        .filter(|(_, transfer)| transfer.bytes > 0)
        .last();
    if let Some((call, transfer)) = received {
        let input = format!(
            "after {} had brought {} (#{})",
            Facts::name(call),
            count(transfer.bytes, "byte"),
            call.n
        );
        return Some((input, Some(call.n)));
    }
    let stdin = facts.role(index)?.stdin.as_ref()?;
    let bytes = facts.text(stdin, Some(index)).ok()?.len() as u64;
    (bytes > 0).then(|| (format!("with {} on its stdin", count(bytes, "byte")), None))
}

/// A report, taken apart.
#[derive(Debug, PartialEq)]
struct Report<'a> {
    /// `stack-buffer-overflow`, or what UBSan says.
    what: String,
    /// AddressSanitizer's, which ends the program; UBSan's lets it go on.
    address: bool,
    /// `reads 101 bytes`
    access: Option<String>,
    /// The C library's function that the student's code called: `printf`.
    called: Option<&'a str>,
    /// The innermost function of the student's own, and its place: `main`, `iserver.c:42`.
    own: Option<(&'a str, &'a str)>,
    /// The variable that was left, and the line that declares it.
    variable: Option<(&'a str, &'a str)>,
}

impl<'a> Report<'a> {
    /// The first report on a page.
    fn read(page: &'a Page) -> Option<Self> {
        page.lines.iter().enumerate().find_map(|(at, line)| {
            let after = page.lines.get(at + 1..).unwrap_or_default();
            if let Some((_, what)) = line.split_once("ERROR: AddressSanitizer: ") {
                return Some(Self::of_address(what, after));
            }
            let (place, what) = line.split_once(": runtime error: ")?;
            Some(Self {
                what: what.to_owned(),
                address: false,
                access: None,
                called: None,
                own: own_frames(after).next().or(Some(("", place))).map(
                    // UBSan's own place is the more exact one, with a column.
                    |(function, _)| (function, place),
                ),
                variable: None,
            })
        })
    }

    fn of_address(what: &str, after: &'a [String]) -> Self {
        let what = what.split([' ', ':']).next().unwrap_or(what);
        let access = after.iter().find_map(|line| {
            let (verb, rest) = line
                .strip_prefix("READ of size ")
                .map(|rest| ("reads", rest))
                .or_else(|| Some(("writes", line.strip_prefix("WRITE of size ")?)))?;
            let size: u64 = rest.split(' ').next()?.parse().ok()?;
            Some(format!("{verb} {}", count(size, "byte")))
        });
        // The first stack is that of the error; those after it tell where memory came from.
        let end = after
            .iter()
            .position(|line| line.trim().is_empty())
            .unwrap_or(after.len());
        let stack = after.get(..end).unwrap_or_default();
        let own = own_frames(stack).next();
        let called = stack
            .iter()
            .filter_map(|line| frame(line))
            .take_while(|(_, place)| !is_own(place))
            .map(|(function, _)| function)
            .last()
            .filter(|_| own.is_some())
            .map(|function| {
                let name = function.trim_start_matches("__interceptor_");
                name.strip_prefix("__interceptor_trampoline_")
                    .unwrap_or(name)
            })
            .filter(|name| !name.starts_with("__asan"));
        let variable = after.iter().find_map(|line| {
            if !line.contains("overflows this variable") || line.contains("underflows") {
                return None;
            }
            let (_, rest) = line.split_once('\'')?;
            let (name, rest) = rest.split_once('\'')?;
            let (_, rest) = rest.split_once("(line ")?;
            Some((name, rest.split_once(')')?.0))
        });
        Self {
            what: what.to_owned(),
            address: true,
            access,
            called,
            own,
            variable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_taken_apart() {
        let text = "=====\n\
            ==4001==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7ffff4fe4994 at pc 0x7f36 bp 0x7f sp 0x7f\n\
            READ of size 101 at 0x7ffff4fe4994 thread T0\n    \
            #0 0x7f367ac72b5d in printf_common ../../../../src/libsanitizer/sanitizer_common/x_format.inc:553\n    \
            #1 0x7f367ac732d6 in __interceptor_printf ../../../../src/libsanitizer/sanitizer_common/x.inc:1715\n    \
            #2 0x562cd7f9d818 in serve Unit V/Q6 tcp/IServer.c:75\n    \
            #3 0x562cd7f9d818 in main Unit V/Q6 tcp/IServer.c:99\n    \
            #4 0x7f367a245249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58\n\
            \n\
            Address 0x7ffff4fe4994 is located in stack of thread T0 at offset 180 in frame\n    \
            #0 0x562cd7f9d2f8 in serve Unit V/Q6 tcp/IServer.c:10\n\
            \n    [80, 180) 'text' (line 12) <== Memory access at offset 180 overflows this variable\n";
        let page = Page::of_text(text);
        assert_eq!(
            Report::read(&page),
            Some(Report {
                what: "stack-buffer-overflow".to_owned(),
                address: true,
                access: Some("reads 101 bytes".to_owned()),
                called: Some("printf"),
                own: Some(("serve", "Unit V/Q6 tcp/IServer.c:75")),
                variable: Some(("text", "12")),
            })
        );
    }

    #[test]
    fn an_error_in_ones_own_line_names_no_other_call() {
        let text = "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x6 at pc 0x5\n\
            WRITE of size 1 at 0x6 thread T0\n    \
            #0 0x55a8 in main a.c:5:3\n\n\
            freed by thread T0 here:\n    #0 0x7f in __interceptor_free ../x.cpp:52\n    #1 0x55 in drop a.c:4\n";
        let page = Page::of_text(text);
        let report = Report::read(&page).unwrap();
        assert_eq!(report.called, None);
        assert_eq!(report.own, Some(("main", "a.c:5:3")));
        assert_eq!(report.access.as_deref(), Some("writes 1 byte"));
    }

    #[test]
    fn undefined_behaviour_has_its_place() {
        let text = "chatter\nuc_server.c:51:9: runtime error: index 10 out of bounds for type 'char [10]'\n    \
            #0 0x55 in upper uc_server.c:51\n    #1 0x55 in main uc_server.c:80\n";
        let page = Page::of_text(text);
        let report = Report::read(&page).unwrap();
        assert_eq!(report.what, "index 10 out of bounds for type 'char [10]'");
        assert_eq!(report.own, Some(("upper", "uc_server.c:51:9")));
        assert!(!report.address);
    }

    #[test]
    fn whatever_a_program_prints_is_no_report() {
        for text in [
            "",
            "ERROR: nothing",
            "a: runtime error",
            "#0 in",
            "==1==ERROR: AddressSan",
        ] {
            assert_eq!(Report::read(&Page::of_text(text)), None, "{text:?}");
        }
    }
}
