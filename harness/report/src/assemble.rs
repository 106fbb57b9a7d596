//! From what the stages before found out to a [`Report`]: here points are added up, once.

use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, Level};
use ipclab_judge::{Finding, Part, Verdict};
use ipclab_spec::{Case, Spec, Tier};

use crate::parting::parting;
use crate::{
    Block, CaseReport, Conversation, Diff, FindingReport, Line, PartReport, Place, Places, Program,
    Report, Schema, Score, TierScore,
};
use crate::{cause, excerpts};

/// What a report says of the check itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The submission's name.
    pub submission: String,
    /// How the programs were kept apart.
    pub isolation: Level,
    /// What this level could not give here.
    pub isolation_notes: Vec<String>,
    /// The command that repeats the whole check, word by word: `ipclab check DIR --lab L`.
    pub command: Vec<String>,
    /// The student's files, by name, as far as lines of them may be named.
    pub sources: BTreeMap<String, String>,
}

/// One case with its outcome.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The case as the spec has it.
    pub case: &'a Case,
    /// Its outcome.
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// The same for each aspect, where points are split.
    pub parts: &'a [Part],
    /// What became of each expectation, causes first.
    pub findings: &'a [Finding],
    /// What was observed in the run that the findings speak of; `None`: it did not run.
    pub evidence: Option<&'a Evidence>,
    /// What the references did in the student's places with the same plan, where they played it.
    pub reference: Option<&'a Evidence>,
    /// What is to be known about its runs.
    pub notes: Vec<String>,
    /// The number of the cause of each finding, in their order; findings of one cause have one number in all cases.
    pub causes: Vec<Option<u32>>,
    /// Where each finding shows, in their order, where that is known better than by the finding.
    pub places: Vec<Places>,
}

impl Report {
    /// Assembles a report. Cases keep the order that they are given in.
    #[must_use]
    pub fn new(spec: &Spec, about: &About, programs: Vec<Program>, judged: &[Judged<'_>]) -> Self {
        let mut cases: Vec<CaseReport> = judged.iter().map(|case| assemble(case, about)).collect();
        let mistakes = judged.iter().flat_map(|case| {
            let mistakes = case.findings.iter().map(|finding| finding.mistake.as_ref());
            case.causes.iter().zip(mistakes)
        });
        let causes = cause::list(&mut cases, &cause::natures(mistakes));
        Self {
            schema: Schema,
            lab: Line::new(&spec.lab),
            title: Line::new(&spec.title),
            unit: spec
                .unit
                .iter()
                .map(|question| Line::new(question))
                .collect(),
            submission: Line::new(&about.submission),
            isolation: about.isolation,
            counted_by: judged
                .iter()
                .find_map(|case| Some(Line::new(&case.evidence?.isolation.counted_by))),
            isolation_notes: about
                .isolation_notes
                .iter()
                .map(|note| Line::new(note))
                .collect(),
            score: score(&cases),
            withheld: None,
            programs,
            causes,
            code: excerpts::excerpts(&cases, &about.sources),
            cases,
        }
    }
}

fn assemble(judged: &Judged<'_>, about: &About) -> CaseReport {
    let case = judged.case;
    // Passed cases carry no conversation: a report of full marks is the same on every run, pids and all.
    let evidence = match judged.verdict {
        Verdict::Pass => None,
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => judged.evidence,
    };
    let mut command = about.command.clone();
    command.extend(["--case".to_owned(), case.id.clone()]);
    CaseReport {
        id: Line::new(&case.id),
        title: Line::new(&case.title),
        tier: case.tier,
        verdict: judged.verdict,
        earned: judged.earned,
        max: judged.max,
        parts: judged.parts.iter().map(PartReport::from).collect(),
        hint: case.hint.as_deref().map(Block::new),
        next_hints: case
            .next_hints
            .iter()
            .map(|hint| Block::new(hint))
            .collect(),
        covers: case.questions().into_iter().map(Line::new).collect(),
        visibility: case.visibility,
        findings: judged
            .findings
            .iter()
            .enumerate()
            .map(|(at, finding)| FindingReport {
                cause: judged.causes.get(at).copied().flatten(),
                lines: match judged.places.get(at) {
                    Some(Places { lines, .. }) => lines.clone(),
                    None => finding.lines.iter().map(Place::from).collect(),
                },
                from: judged
                    .places
                    .get(at)
                    .map_or(Vec::new(), |places| places.from.clone()),
                ours: finding
                    .actor
                    .as_deref()
                    .and_then(|name| case.role(name))
                    .is_some_and(|role| !role.is_student()),
                ..hinted(case, finding)
            })
            .collect(),
        notes: judged.notes.iter().map(|note| Block::new(note)).collect(),
        conversation: evidence.map(|evidence| {
            let mut own = Conversation::new(case, evidence);
            let reference = judged.reference.map(|it| Conversation::new(case, it));
            own.parting = reference.and_then(|reference| parting(&own, &reference));
            own
        }),
        repeat: shell_line(&command).into(),
    }
}

pub(crate) fn score(cases: &[CaseReport]) -> Score {
    let mut tiers: BTreeMap<Tier, TierScore> = BTreeMap::new();
    for case in cases {
        let tier = tiers.entry(case.tier).or_default();
        tier.earned = tier.earned.saturating_add(case.earned);
        tier.max = tier.max.saturating_add(case.max);
        let unknown = match case.verdict {
            Verdict::Unknown => case.max.saturating_sub(case.earned),
            Verdict::Pass | Verdict::Fail | Verdict::Skipped => 0,
        };
        tier.unknown = tier.unknown.saturating_add(unknown);
    }
    let sum = |part: fn(&TierScore) -> u32| tiers.values().map(part).fold(0, u32::saturating_add);
    Score {
        earned: sum(|tier| tier.earned),
        max: sum(|tier| tier.max),
        unknown: sum(|tier| tier.unknown),
        tiers,
    }
}

/// A finding with the hint for its kind of cause or its aspect, if the lab has one.
fn hinted(case: &Case, finding: &Finding) -> FindingReport {
    let cause = finding.mistake.as_ref().map(|mistake| mistake.kind.name());
    let mut steps = match finding.verdict {
        Verdict::Fail => case.hint_for(cause, finding.aspect),
        Verdict::Pass | Verdict::Unknown | Verdict::Skipped => &[],
    }
    .iter();
    FindingReport {
        hint: steps.next().map(|step| Block::new(step)),
        next_hints: steps.map(|step| Block::new(step)).collect(),
        ..FindingReport::from(finding)
    }
}

impl From<&Part> for PartReport {
    fn from(part: &Part) -> Self {
        Self {
            aspect: part.aspect,
            earned: part.earned,
            max: part.max,
        }
    }
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        Self {
            aspect: finding.aspect,
            verdict: finding.verdict,
            message: Line::new(&finding.message),
            graded: finding.graded,
            actor: finding.actor.as_deref().map(Line::new),
            expected: finding.expected.as_deref().map(Block::new),
            seen: finding.seen.as_deref().map(Block::new),
            diff: finding.difference.as_ref().map(Diff::from),
            cites: finding.cites.clone(),
            lines: Vec::new(),
            from: Vec::new(),
            cause: None,
            ours: false,
            follows: false,
            hint: None,
            next_hints: Vec::new(),
            comes_from: finding
                .mistake
                .as_ref()
                .and_then(|mistake| mistake.says.as_deref())
                .map(Line::new),
        }
    }
}

/// Words as a shell takes them. A name that cannot be shown as it is becomes `$'..'`, which bash, zsh and ksh read.
fn shell_line(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    quoted.join(" ")
}

fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if Line::new(word).as_str() == word {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in word.chars() {
        let alone = Line::new(c.encode_utf8(&mut [0; 4]));
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if alone.chars().eq([c]) => out.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        let check = |word: &str, expected: &str| assert_eq!(shell_word(word), expected);
        check("submissions/a-1", "submissions/a-1");
        check("", "''");
        check("my lab", "'my lab'");
        check("it's", r"'it'\''s'");
        check("$(reboot)", "'$(reboot)'");
        check("a\nb\x1b[1m", r"$'a\x0ab\x1b[1m'");
        check("\u{202e}'\\", r"$'\xe2\x80\xae\'\\'");
    }
}
