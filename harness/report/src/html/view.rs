//! What a student's page shows, as the template takes it: every word chosen, nothing left to decide there.

use ipclab_evidence::Level;
use ipclab_judge::Verdict;
use ipclab_spec::Tier;
use minijinja::Value;
use serde::Serialize;

use super::svg;
use crate::diff::visible_end;
use crate::place::described;
use crate::{
    Block, CaseReport, CauseReport, CompilerMessage, Conversation, Diff, DiffRow, FindingReport,
    Line, Place, Problem, Program, Report, TierScore, words,
};

/// A verdict: its class in the style sheet, its mark, and its word for a reader who sees no mark.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Mark {
    class: &'static str,
    mark: &'static str,
    word: &'static str,
}

/// Points of a tier, with a bar.
#[derive(Serialize)]
pub(super) struct TierView {
    name: &'static str,
    earned: u32,
    max: u32,
    unknown: u32,
    /// Widths in percent.
    good: u64,
    open: u64,
}

/// A program and how its build went.
#[derive(Serialize)]
pub(super) struct ProgramView {
    name: String,
    mark: Mark,
    sources: String,
    command: Option<String>,
    problem: Option<ProblemView>,
    warnings: Vec<String>,
    compiler: Vec<MessageView>,
}

#[derive(Serialize)]
struct ProblemView {
    message: String,
    errors: Vec<MessageView>,
    log: Vec<String>,
    found: String,
    remedy: Vec<String>,
}

#[derive(Serialize)]
struct MessageView {
    place: Option<String>,
    severity: &'static str,
    message: String,
    excerpt: Vec<String>,
}

/// A line of the student's file and those around it.
#[derive(Serialize)]
struct CodeView {
    /// `at`, `comes from`
    label: &'static str,
    /// `iserver.c:48`, `helper.c:12, called at iserver.c:48`
    at: String,
    lines: Vec<CodeLineView>,
}

#[derive(Serialize)]
struct CodeLineView {
    number: u32,
    text: String,
    marked: bool,
}

/// A mistake, and where to read about it.
#[derive(Serialize)]
pub(super) struct CauseView {
    message: String,
    at: String,
    /// `comes from iserver.c:31`
    from: Option<String>,
    worth: String,
    case: String,
    /// Of the finding that shows it, where it is on the page.
    anchor: Option<String>,
}

/// Cases of a tier.
#[derive(Serialize)]
pub(super) struct GroupView {
    heading: &'static str,
    earned: u32,
    max: u32,
    cases: Vec<CaseView>,
}

/// A case.
#[derive(Serialize)]
pub(super) struct CaseView {
    anchor: String,
    id: String,
    title: String,
    tag: &'static str,
    mark: Mark,
    earned: String,
    max: u32,
    parts: Vec<PartView>,
    /// Whether it has a section of its own below.
    is_explained: bool,
    /// Why it was skipped.
    why: String,
    /// What was right in a case that passed, by aspect.
    right: Vec<String>,
    /// The sections before and behind its own.
    before: Option<LinkView>,
    next: Option<LinkView>,
    findings: Vec<FindingView>,
    as_expected: String,
    notes: Vec<Vec<String>>,
    picture: Option<Value>,
    sentences: Vec<String>,
    hints: Vec<HintView>,
    covers: String,
    repeat: String,
}

/// A hint, and what can be opened behind it.
#[derive(Clone, Serialize)]
struct HintView {
    text: Vec<String>,
    next: Vec<Vec<String>>,
}

#[derive(Clone, Serialize)]
struct LinkView {
    anchor: String,
    id: String,
}

#[derive(Serialize)]
struct PartView {
    aspect: &'static str,
    earned: u32,
    max: u32,
    lost: bool,
}

#[derive(Serialize)]
struct FindingView {
    anchor: String,
    mark: Mark,
    aspect: &'static str,
    text: String,
    remark: bool,
    /// Where it shows, then the lines that it comes from.
    code: Vec<CodeView>,
    sides: Vec<SideView>,
    diff: Vec<DiffView>,
    byte: Option<ByteView>,
}

#[derive(Serialize)]
struct SideView {
    name: &'static str,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct DiffView {
    class: &'static str,
    sign: &'static str,
    /// For readers who see no colour.
    word: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ByteView {
    offset: usize,
    expected: Vec<String>,
    seen: Vec<String>,
    /// Blanks up to a caret under the first difference.
    caret: Option<String>,
}

pub(super) fn mark(verdict: Verdict) -> Mark {
    let (class, mark) = match verdict {
        Verdict::Pass => ("pass", "✓"),
        Verdict::Fail => ("fail", "✗"),
        Verdict::Unknown => ("unknown", "?"),
        Verdict::Skipped => ("skipped", "–"),
    };
    Mark {
        class,
        mark,
        word: words::verdict(verdict),
    }
}

pub(super) fn tier(tier: Tier, score: &TierScore) -> TierView {
    let percent = |points: u32| match score.max {
        0 => 0,
        max => u64::from(points) * 100 / u64::from(max),
    };
    let good = percent(score.earned).min(100);
    TierView {
        name: tier.name(),
        earned: score.earned,
        max: score.max,
        unknown: score.unknown,
        good,
        open: percent(score.unknown).min(100 - good),
    }
}

/// What may have spoilt the result; nothing where each case had a world of its own.
pub(super) fn isolation(report: &Report) -> &'static str {
    match report.isolation {
        Level::Namespaces => "",
        Level::Shared => {
            "These programs shared the machine with everything else that ran on it (isolation: shared)."
        }
    }
}

pub(super) fn causes(report: &Report) -> Vec<CauseView> {
    let view = |cause: &CauseReport| CauseView {
        message: words::cause(report, cause),
        at: described(&cause.lines),
        from: words::from(&cause.from),
        worth: words::worth(cause),
        case: cause.case.to_string(),
        anchor: cause_anchor(report, cause),
    };
    report.causes.iter().map(view).collect()
}

/// Of the finding that shows a mistake, where it is on the page.
pub(super) fn cause_anchor(report: &Report, cause: &CauseReport) -> Option<String> {
    let mut cases = report.cases.iter().enumerate();
    let (at, case) = cases.find(|(_, case)| case.id == cause.case)?;
    match case.verdict {
        Verdict::Fail | Verdict::Unknown => Some(finding_anchor(at, cause.finding as usize)),
        // What kept a case from running is a program that was not built.
        Verdict::Skipped => Some("programs".to_owned()),
        Verdict::Pass => None,
    }
}

/// The name of a case's section.
fn anchor(at: usize) -> String {
    format!("case-{}", at + 1)
}

/// The name of a finding in it.
fn finding_anchor(case: usize, finding: usize) -> String {
    format!("{}-finding-{}", anchor(case), finding + 1)
}

pub(super) fn groups(report: &Report) -> Vec<GroupView> {
    let numbered: Vec<(usize, &CaseReport)> = report.cases.iter().enumerate().collect();
    let mut groups: Vec<GroupView> = report
        .score
        .tiers
        .iter()
        .map(|(tier, score)| GroupView {
            heading: words::heading(*tier),
            earned: score.earned,
            max: score.max,
            cases: numbered
                .iter()
                .filter(|(_, case)| case.tier == *tier)
                .map(|(at, one)| case(report, *at, one))
                .collect(),
        })
        .collect();
    chain(&mut groups);
    groups
}

/// Leads from each section to the one before and the next, as they stand on the page.
fn chain(groups: &mut [GroupView]) {
    let mut before: Option<&mut CaseView> = None;
    let cases = groups.iter_mut().flat_map(|group| &mut group.cases);
    for case in cases.filter(|case| case.is_explained) {
        let link = |case: &CaseView| LinkView {
            anchor: case.anchor.clone(),
            id: case.id.clone(),
        };
        if let Some(before) = before {
            case.before = Some(link(before));
            before.next = Some(link(case));
        }
        before = Some(case);
    }
}

fn case(report: &Report, at: usize, case: &CaseReport) -> CaseView {
    let (is_explained, why) = match case.verdict {
        Verdict::Pass => (false, String::new()),
        Verdict::Fail | Verdict::Unknown => (true, String::new()),
        // The reason is all there is to say.
        Verdict::Skipped => {
            let why = words::first_message(case).map(words::finding);
            (false, why.unwrap_or_default())
        }
    };
    let conversation = case.conversation.as_ref().filter(|_| is_explained);
    let title = format!(
        "Sequence diagram of {}: the list below says the same",
        case.id
    );
    let picture = conversation
        .and_then(|conversation| svg::sequence(conversation, &words::cited(case), &title));
    CaseView {
        anchor: anchor(at),
        id: case.id.to_string(),
        title: case.title.to_string(),
        tag: words::tag(case.visibility),
        mark: mark(case.verdict),
        earned: words::earned(case),
        max: case.max,
        parts: case
            .parts
            .iter()
            .map(|part| PartView {
                aspect: part.aspect.name(),
                earned: part.earned,
                max: part.max,
                lost: part.earned < part.max,
            })
            .collect(),
        is_explained,
        why,
        right: match case.verdict {
            Verdict::Pass => case.findings.iter().map(right).collect(),
            Verdict::Fail | Verdict::Unknown | Verdict::Skipped => Vec::new(),
        },
        before: None,
        next: None,
        findings: findings(report, at, case),
        as_expected: words::as_expected(case).join(", "),
        notes: case.notes.iter().map(lines).collect(),
        picture: picture.map(Value::from_safe_string),
        sentences: conversation.map_or_else(Vec::new, sentences),
        hints: case
            .hints()
            .into_iter()
            .map(|hint| HintView {
                text: lines(hint.text),
                next: hint.next.iter().map(lines).collect(),
            })
            .collect(),
        covers: joined(&case.covers),
        repeat: case.repeat.to_string(),
    }
}

/// The findings that did not pass, each under the number that it has in the report.
fn findings(report: &Report, at: usize, case: &CaseReport) -> Vec<FindingView> {
    let numbered = case.findings.iter().enumerate();
    numbered
        .filter(|(_, finding)| finding.verdict != Verdict::Pass)
        .enumerate()
        .map(|(place, (number, shown))| finding(report, finding_anchor(at, number), place, shown))
        .collect()
}

/// `output: server printed 3 lines as expected`
fn right(finding: &FindingReport) -> String {
    format!("{}: {}", finding.aspect.name(), finding.message)
}

/// The rows as sentences, and where they leave the reference's.
fn sentences(conversation: &Conversation) -> Vec<String> {
    let rows = conversation.rows.iter();
    let mut sentences: Vec<String> = rows.map(|row| words::sentence(conversation, row)).collect();
    if let Some(parting) = &conversation.parting {
        let at = parting.row.min(sentences.len());
        sentences.insert(at, words::parting(parting));
    }
    sentences
}

/// A remark costs nothing and so is faint, unless it is the cause itself, which comes first.
fn finding(report: &Report, anchor: String, place: usize, finding: &FindingReport) -> FindingView {
    let sides = match &finding.diff {
        // A diff shows both sides already.
        Some(_) => Vec::new(),
        None => [
            ("expected", &finding.expected),
            (words::seen(finding), &finding.seen),
        ]
        .into_iter()
        .filter_map(|(name, text)| {
            let lines = text.as_ref()?.lines();
            let lines = lines.iter().map(|line| visible_end(line, '·')).collect();
            Some(SideView { name, lines })
        })
        .collect(),
    };
    let (diff, byte) = match &finding.diff {
        None => (Vec::new(), None),
        Some(Diff::Lines(rows)) => (rows.iter().map(diff_row).collect(), None),
        Some(
            diff @ Diff::Byte {
                offset,
                expected,
                seen,
            },
        ) => {
            let byte = ByteView {
                offset: *offset,
                expected: lines(expected),
                seen: lines(seen),
                caret: diff.parts_at().map(|at| " ".repeat(at)),
            };
            (Vec::new(), Some(byte))
        }
    };
    FindingView {
        anchor,
        mark: if finding.graded {
            mark(finding.verdict)
        } else {
            Mark {
                class: "remark",
                mark: "·",
                word: "a remark",
            }
        },
        aspect: finding.aspect.name(),
        text: words::finding(finding),
        remark: !finding.graded && place > 0,
        code: code(report, finding),
        sides,
        diff,
        byte,
    }
}

/// Where a finding shows and the lines that it comes from, with what stands there. What follows from another finding comes
/// from where that one does.
fn code(report: &Report, finding: &FindingReport) -> Vec<CodeView> {
    let shows = finding.lines.first();
    let shows = shows.map(|first| code_at(report, "at", described(&finding.lines), first));
    let from = finding.from.iter().filter(|_| !finding.follows);
    let from = from.map(|place| code_at(report, "comes from", place.to_string(), place));
    shows.into_iter().chain(from).collect()
}

fn code_at(report: &Report, label: &'static str, at: String, place: &Place) -> CodeView {
    let excerpt = report.excerpt(place).into_iter();
    CodeView {
        label,
        at,
        lines: excerpt
            .flat_map(|excerpt| excerpt.numbered())
            .map(|(number, text)| CodeLineView {
                number,
                text: text.to_string(),
                marked: number == place.line,
            })
            .collect(),
    }
}

fn diff_row(row: &DiffRow) -> DiffView {
    let (class, sign, word, text) = match row {
        DiffRow::Same(line) => ("same", " ", "", line.to_string()),
        DiffRow::Missing(line) => ("missing", "-", "expected: ", visible_end(line, '·')),
        DiffRow::Extra(line) => ("extra", "+", "seen: ", visible_end(line, '·')),
        DiffRow::Elided(lines) => ("elided", "⋮", "", words::count(*lines, "line")),
    };
    DiffView {
        class,
        sign,
        word,
        text,
    }
}

pub(super) fn program(program: &Program) -> ProgramView {
    let verdict = match &program.problem {
        None => Verdict::Pass,
        Some(problem) if problem.ours => Verdict::Unknown,
        Some(_) => Verdict::Fail,
    };
    let word = match verdict {
        Verdict::Pass => "built",
        Verdict::Unknown => "could not be built here",
        Verdict::Fail | Verdict::Skipped => "not built",
    };
    ProgramView {
        name: program.name.to_string(),
        mark: Mark {
            word,
            ..mark(verdict)
        },
        sources: joined(&program.sources),
        command: program.command.as_ref().map(Line::to_string),
        problem: program.problem.as_ref().map(problem),
        warnings: program.warnings.iter().map(Line::to_string).collect(),
        compiler: program.compiler.iter().map(message).collect(),
    }
}

fn problem(problem: &Problem) -> ProblemView {
    ProblemView {
        message: problem.message.to_string(),
        errors: problem.errors.iter().map(message).collect(),
        log: problem.log.as_ref().map_or_else(Vec::new, lines),
        found: joined(&problem.found),
        remedy: problem.remedy.as_ref().map_or_else(Vec::new, lines),
    }
}

fn message(message: &CompilerMessage) -> MessageView {
    MessageView {
        place: message.place(),
        severity: message.severity.name(),
        message: message.message.to_string(),
        excerpt: message.excerpt.as_ref().map_or_else(Vec::new, lines),
    }
}

fn lines(block: &Block) -> Vec<String> {
    block.lines().iter().map(Line::to_string).collect()
}

fn joined(lines: &[Line]) -> String {
    let lines: Vec<&str> = lines.iter().map(Line::as_str).collect();
    lines.join(", ")
}
