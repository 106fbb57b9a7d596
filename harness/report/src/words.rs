//! Wording that every renderer shares, so that all of them say the same about the same thing.

use std::collections::BTreeSet;

use ipclab_judge::Verdict;
use ipclab_spec::{Aspect, Tier, Visibility};

use crate::conversation::{Act, Column, Conversation, Delivery, Parting, Role, Row, Strayed, Turn};
use crate::place::places;
use crate::{CaseReport, CauseReport, FindingReport, Mark, Place, Problem, Report, Student, Who};

/// What became of a case, in words.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Unknown => "could not be graded",
        Verdict::Skipped => "skipped",
    }
}

/// A tier as a heading.
pub(crate) fn heading(tier: Tier) -> &'static str {
    match tier {
        Tier::Core => "Core",
        Tier::Robust => "Robust",
        Tier::Stretch => "Stretch",
    }
}

/// Behind the title of a case that not all readers see.
pub(crate) fn tag(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Visible => "",
        Visibility::Hidden => "hidden",
        Visibility::AfterDeadline => "after the deadline",
    }
}

/// `3 cases`, `1 case`
pub(crate) fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Behind points that are no mark: some of the others could not be graded.
pub(crate) fn certain(report: &Report) -> &'static str {
    match report.mark() {
        Mark::Final(_) => "",
        Mark::Range { .. } => " for certain",
    }
}

/// Points that a case earned, and `?` for one that could not be graded.
pub(crate) fn earned(case: &CaseReport) -> String {
    let points = case.points();
    points.map_or("?".to_owned(), |points| points.to_string())
}

/// What a report keeps from its reader: `2 cases, 5 points, are not shown here`.
pub(crate) fn withheld(report: &Report) -> Option<String> {
    let withheld = report.withheld?;
    let cases = count(withheld.cases as usize, "case");
    let points = count(withheld.max as usize, "point");
    let are = if withheld.cases == 1 { "is" } else { "are" };
    Some(format!("{cases}, {points}, {are} not shown here"))
}

/// A finding in one line: its message, the calls that it does not name itself, and whether it costs anything.
pub(crate) fn finding(finding: &FindingReport) -> String {
    let mut text = finding.message.to_string();
    // Many messages name their calls themselves.
    let mentioned = |cite: &String| {
        finding.message.match_indices(cite.as_str()).any(|(at, _)| {
            !finding.message[at + cite.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let cites: Vec<String> = finding
        .cites
        .iter()
        .map(|n| format!("#{n}"))
        .filter(|cite| !mentioned(cite))
        .collect();
    if !cites.is_empty() {
        text.push_str(&format!(" ({})", cites.join(", ")));
    }
    if !finding.graded {
        text.push_str(" (costs nothing here)");
    }
    text
}

/// What a case did to the student's calls on purpose, in the order of the run: `fork() #7 is made to fail with EAGAIN`. `None`:
/// nothing, or the mistake names it.
pub(crate) fn injected(case: &CaseReport, cause: &CauseReport) -> Option<String> {
    /// One is an example, and what happens to every call is the same.
    const NAMED: usize = 2;
    let drawn = case.conversation.as_ref()?;
    let mut said: Vec<String> = Vec::new();
    for row in &drawn.rows {
        let (
            Some(fault),
            Act::Step { actor, text }
            | Act::Connect {
                from: actor, text, ..
            },
        ) = (&row.fault, &row.act)
        else {
            continue;
        };
        let column = drawn.actors.get(*actor);
        let is_own = column.is_some_and(|column| column.role == Role::Student);
        if !is_own || cause.message.contains(fault.as_str()) {
            continue;
        }
        let call = text.split('(').next().unwrap_or_default();
        let number = row.n.map_or(String::new(), |n| format!(" #{n}"));
        let is_errno = fault.starts_with('E') && fault.chars().all(|c| c.is_ascii_alphanumeric());
        let sentence = match fault.as_str() {
            _ if is_errno => format!("{call}(){number} is made to fail with {fault}"),
            signal if signal.starts_with("SIG") => format!("{signal} comes at {call}(){number}"),
            other => format!("{call}(){number}: {other}"),
        };
        if said.len() < NAMED && !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    (!said.is_empty()).then(|| said.join(", "))
}

/// The message with which a mistake begins: `its second message: the first was right`. `None`: the first was wrong, or the mistake
/// is not about messages of that actor.
pub(crate) fn when(case: &CaseReport, finding: &FindingReport) -> Option<String> {
    let drawn = case.conversation.as_ref()?;
    let turn = drawn.parting.as_ref()?.turn?;
    let column = drawn.actors.get(turn.from)?;
    if finding.actor.as_ref() != Some(&column.name) {
        return None;
    }
    // Counts of bytes name the calls that sent them.
    let is_cited = |row: &Row| row.n.is_some_and(|n| finding.cites.contains(&n));
    let mut receivers = BTreeSet::from([turn.to]);
    let mut is_about = false;
    for row in &drawn.rows {
        if let Act::Message { from, to, .. } = &row.act
            && *from == turn.from
        {
            receivers.insert(*to);
            is_about |= *to == turn.to && is_cited(row);
        }
    }
    let to = match receivers.len() {
        1 => String::new(),
        _ => format!(" to {}", drawn.actors.get(turn.to)?.name),
    };
    is_about.then(|| which(turn, &to))
}

/// `its second message, which never came: the first was right`
fn which(turn: Turn, to: &str) -> String {
    const ORDINALS: [&str; 6] = ["second", "third", "fourth", "fifth", "sixth", "seventh"];
    const NUMBERS: [&str; 6] = ["", "two ", "three ", "four ", "five ", "six "];
    let at = turn.right.saturating_sub(1) as usize;
    let message = match ORDINALS.get(at) {
        Some(ordinal) => format!("its {ordinal} message"),
        None => format!("its message {}", turn.right.saturating_add(1)),
    };
    let before = match (turn.right, NUMBERS.get(at)) {
        (1, _) => "the first was right".to_owned(),
        (_, Some(number)) => format!("the first {number}were right"),
        (right, None) => format!("the first {right} were right"),
    };
    let strayed = match turn.strayed {
        Strayed::Other => "",
        Strayed::Missing => ", which never came",
        Strayed::TooMany => ", one too many",
    };
    format!("{message}{to}{strayed}: {before}")
}

/// `19 points in 7 cases`
pub(crate) fn worth(cause: &CauseReport) -> String {
    format!(
        "{} in {}",
        count(cause.points as usize, "point"),
        count(cause.cases.len(), "case")
    )
}

/// The program whose build failed, where that is the cause.
pub(crate) fn failed_build<'a>(
    report: &'a Report,
    cause: &CauseReport,
) -> Option<(&'a str, &'a Problem)> {
    let named = report
        .programs
        .iter()
        .filter(|program| Some(&program.name) == cause.program.as_ref());
    let mut problems =
        named.filter_map(|program| Some((program.name.as_str(), program.problem.as_ref()?)));
    problems.next().filter(|_| cause.kind.as_str() == "build")
}

/// What a cause says.
pub(crate) fn cause(report: &Report, cause: &CauseReport) -> String {
    match failed_build(report, cause) {
        Some((name, problem)) => format!("{name} does not build: {}", problem.message),
        None => cause.message.to_string(),
    }
}

/// `comes from iserver.c:31`; `None`: no line of the student's is known that brings it about.
pub(crate) fn from(from: &[Place]) -> Option<String> {
    places(from).map(|places| format!("comes from {places}"))
}

/// The name of the side that was seen: the student's own only where the finding is about a program of theirs.
pub(crate) fn seen(finding: &FindingReport) -> &'static str {
    match &finding.actor {
        Some(_) if !finding.ours => "yours",
        Some(_) | None => "seen",
    }
}

/// The findings to show: what was not as expected, causes first.
pub(crate) fn not_passed(case: &CaseReport) -> impl Iterator<Item = &FindingReport> {
    case.findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
}

/// What was all as expected: `output, exit`.
pub(crate) fn as_expected(case: &CaseReport) -> Vec<&'static str> {
    Aspect::ALL
        .into_iter()
        .filter(|aspect| {
            let mut of_aspect = case
                .findings
                .iter()
                .filter(|finding| finding.aspect == *aspect)
                .peekable();
            of_aspect.peek().is_some() && of_aspect.all(|finding| finding.verdict == Verdict::Pass)
        })
        .map(Aspect::name)
        .collect()
}

/// The first thing to say about a case that did not pass.
pub(crate) fn first_message(case: &CaseReport) -> Option<&FindingReport> {
    let graded = not_passed(case).find(|finding| finding.graded);
    graded.or_else(|| not_passed(case).next())
}

/// Calls of the trace that findings of a case cite.
pub(crate) fn cited(case: &CaseReport) -> BTreeSet<u32> {
    not_passed(case)
        .flat_map(|finding| finding.cites.iter().copied())
        .collect()
}

/// The number to show for a row: that of the receive, when a finding cites it and not the send.
pub(crate) fn number(row: &Row, cited: &BTreeSet<u32>) -> Option<u32> {
    match (row.n, row.taken) {
        (Some(n), Some(taken)) if cited.contains(&taken) && !cited.contains(&n) => Some(taken),
        (n, _) => n,
    }
}

/// What plays an actor.
pub(crate) fn role(column: &Column) -> String {
    match (column.role, &column.program) {
        (Role::Student, Some(program)) => format!("your {program}"),
        (Role::Student, None) => "yours".to_owned(),
        (Role::Reference, Some(program)) => format!("our {program}"),
        (Role::Reference, None) => "ours".to_owned(),
        (Role::Peer, _) => "a script".to_owned(),
    }
}

/// What there is to say about bytes that did not simply arrive.
pub(crate) fn fate(delivery: Delivery) -> Option<String> {
    match delivery {
        Delivery::Received | Delivery::Portions | Delivery::Unseen => None,
        Delivery::Partly(bytes) => Some(format!("only {bytes} of them were ever received")),
        Delivery::Cut(bytes) => Some(format!("cut to {bytes}: the buffer there was too short")),
        Delivery::Never => Some("never received".to_owned()),
    }
}

/// What a row that stands for many says.
pub(crate) fn left_out(act: &Act) -> String {
    match act {
        // How much it was differs from run to run, and reports of one program do not.
        Act::Passed {
            by_machine: true, ..
        } => "time passes, by this machine's clock".to_owned(),
        Act::Passed { us, .. } => time_passed(*us),
        Act::Dropped { calls } => format!("{calls} calls that were counted and not kept"),
        Act::Elided { rows } => format!("{rows} more"),
        Act::Step { .. } | Act::Connect { .. } | Act::Message { .. } => String::new(),
    }
}

/// `5 s pass`
pub(crate) fn time_passed(us: u64) -> String {
    // Asking what time it is takes some of it, so that what was a second is a little less.
    let ms = (us + 500) / 1_000;
    match (ms, ms % 1_000) {
        (1_000, _) => "1 s passes".to_owned(),
        (300_000.., _) => format!("{} min pass", ms / 60_000),
        (10_000.., _) | (_, 0) => format!("{} s pass", ms / 1_000),
        (1_001.., rest) => format!("{}.{:03} s pass", ms / 1_000, rest),
        (1, _) => "1 ms passes".to_owned(),
        _ => format!("{ms} ms pass"),
    }
}

/// `49 bytes`
pub(crate) fn counted(bytes: u64) -> String {
    if bytes == 1 {
        "1 byte".to_owned()
    } else {
        format!("{bytes} bytes")
    }
}

/// A row as a sentence, for those who cannot see the picture.
pub(crate) fn sentence(conversation: &Conversation, row: &Row) -> String {
    let name = |actor: usize| {
        conversation
            .actors
            .get(actor)
            .map_or("somebody", |column| column.name.as_str())
    };
    let mut text = match &row.act {
        Act::Step { actor, text } => format!("{}: {text}", name(*actor)),
        Act::Connect { from, to, text } => {
            format!("{} connects to {}: {text}", name(*from), name(*to))
        }
        Act::Message {
            from,
            to,
            bytes,
            text,
            whole,
            delivery,
        } => {
            let more = if *whole { "" } else { " and more" };
            let fate = fate(*delivery).map_or(String::new(), |fate| format!(", {fate}"));
            format!(
                "{} sends {} to {}: \"{text}\"{more}{fate}",
                name(*from),
                counted(*bytes),
                name(*to)
            )
        }
        Act::Passed { .. } | Act::Dropped { .. } | Act::Elided { .. } => left_out(&row.act),
    };
    if row.times > 1 {
        text.push_str(&format!(", {} times", row.times));
    }
    if let Some(fault) = &row.fault {
        text.push_str(&format!(" (we injected: {fault})"));
    }
    if let Some(line) = &row.line {
        text.push_str(&format!(", at {line}"));
    }
    match row.n {
        Some(n) => format!("#{n} {text}"),
        None => text,
    }
}

/// Where a conversation leaves that of the reference, as a sentence.
pub(crate) fn parting(parting: &Parting) -> String {
    match &parting.reference {
        Some(what) => format!("Here it leaves the reference's way. There {what}"),
        None => "Here it leaves the reference's way. There nothing more is sent".to_owned(),
    }
}

/// Where a row's call was made, to stand behind it: `  iserver.c:48`.
pub(crate) fn at(row: &Row) -> String {
    let line = row.line.as_ref();
    line.map_or(String::new(), |line| format!("  {line}"))
}

/// The students that handed a submission in, else what the submission is called.
#[must_use]
pub fn called(who: &Who) -> String {
    let names: Vec<String> = who.students.iter().map(student).collect();
    if names.is_empty() {
        who.id.to_string()
    } else {
        names.join(", ")
    }
}

/// A student's name, else what else they are known by.
pub(crate) fn student(student: &Student) -> String {
    match (&student.name, student.ids.values().next()) {
        (Some(name), _) => name.to_string(),
        (None, Some(id)) => id.to_string(),
        (None, None) => "somebody".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::time_passed;

    #[test]
    fn time_is_in_the_unit_that_a_person_would_choose() {
        for (us, expect) in [
            (1_000, "1 ms passes"),
            (300_000, "300 ms pass"),
            (1_000_000, "1 s passes"),
            (1_500_000, "1.500 s pass"),
            (5_000_000, "5 s pass"),
            (4_999_700, "5 s pass"),
            (4_999_400, "4.999 s pass"),
            (12_345_000, "12 s pass"),
            (600_000_000, "10 min pass"),
        ] {
            assert_eq!(time_passed(us), expect);
        }
    }
}
