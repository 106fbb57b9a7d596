//! The list of causes, from cases whose findings have the numbers of theirs.
//!
//! It is made anew when cases are taken out for a reader: what only these showed is gone then, and nothing that is left comes
//! from them, neither a number nor an example.

use std::collections::BTreeMap;

use ipclab_judge::{Mistake, MistakeKind, Verdict};
use ipclab_spec::{Aspect, Tier};

use crate::{CaseReport, CauseReport, FindingReport, Line};

/// Kind and program of each cause, by its number.
pub(crate) type Natures = BTreeMap<u32, (Line, Option<Line>)>;

/// Kinds and programs as the judge's mistakes have them. The first mistake of a number decides.
pub(crate) fn natures<'a>(
    mistakes: impl Iterator<Item = (&'a Option<u32>, Option<&'a Mistake>)>,
) -> Natures {
    let mut natures = Natures::new();
    for (number, mistake) in mistakes {
        if let (Some(number), Some(mistake)) = (number, mistake) {
            natures.entry(*number).or_insert_with(|| {
                let program = mistake.program.as_deref().map(Line::new);
                (Line::new(mistake.kind.name()), program)
            });
        }
    }
    natures
}

/// The same of a list that was made already.
pub(crate) fn natures_of(causes: &[CauseReport]) -> Natures {
    let nature = |cause: &CauseReport| (cause.number, (cause.kind.clone(), cause.program.clone()));
    causes.iter().map(nature).collect()
}

/// Lists the causes of these cases, that first which gives back most points in the lowest tier, and numbers them from 1 in
/// that order, in the findings, too.
pub(crate) fn list(cases: &mut [CaseReport], natures: &Natures) -> Vec<CauseReport> {
    for case in &mut *cases {
        mark_followers(case);
    }
    let mut found: BTreeMap<u32, Found<'_>> = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        let mut first = None;
        for (at, finding) in case.findings.iter().enumerate() {
            let Some(number) = finding.cause else {
                continue;
            };
            let cause = found.entry(number).or_default();
            if cause.cases.last() != Some(&place) {
                cause.cases.push(place);
            }
            cause.graded |= finding.graded;
            if finding.graded && first.is_none() {
                first = Some(number);
                cause.lost(case);
            }
            let guilty = natures
                .get(&number)
                .and_then(|(_, program)| program.as_ref());
            cause.consider(Shown {
                place,
                at,
                case,
                finding,
                names_it: names_end(natures.get(&number).map(|(kind, _)| kind), finding),
                whose: match (guilty, played(case, finding)) {
                    (Some(guilty), Some(program)) if guilty == program => Whose::Guilty,
                    (Some(_), Some(_)) => Whose::Another,
                    // An object of the kernel is as the program has made it.
                    (Some(_), None) if finding.actor.is_none() && !finding.lines.is_empty() => {
                        Whose::Guilty
                    }
                    (None, _) | (_, None) => Whose::Ours,
                },
            });
        }
    }
    let mut sorted: Vec<(u32, Found<'_>)> = found.into_iter().collect();
    sorted.sort_by_key(|(number, cause)| cause.order(*number));
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    let mut causes = Vec::new();
    for (number, cause) in sorted {
        let next = u32::try_from(causes.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let nature = natures.get(&number).cloned().unwrap_or_default();
        if let Some(report) = cause.report(next, nature, cases) {
            numbers.insert(number, next);
            causes.push(report);
        }
    }
    for finding in cases.iter_mut().flat_map(|case| &mut case.findings) {
        finding.cause = finding
            .cause
            .and_then(|number| numbers.get(&number).copied());
    }
    causes
}

/// Of the findings of a case that have one cause the first says what happened; the others follow.
fn mark_followers(case: &mut CaseReport) {
    let mut seen = Vec::new();
    let skipped = case.verdict == Verdict::Skipped;
    for finding in &mut case.findings {
        if let Some(number) = finding.cause {
            finding.follows = skipped || seen.contains(&number);
            seen.push(number);
        }
    }
}

/// What is known of a cause so far.
#[derive(Default)]
struct Found<'a> {
    cases: Vec<usize>,
    /// Points by tier that cases lost of which it is the first cause.
    points: BTreeMap<Tier, u32>,
    shown: Option<Shown<'a>>,
    /// The finding that knows best where it shows.
    placed: Option<Shown<'a>>,
    /// A finding of it can cost points.
    graded: bool,
}

/// A finding that may speak for a cause.
#[derive(Clone, Copy)]
struct Shown<'a> {
    place: usize,
    at: usize,
    case: &'a CaseReport,
    finding: &'a FindingReport,
    whose: Whose,
    /// It says itself what the mistake is.
    names_it: bool,
}

/// What a finding is about, that first which says most of a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// The program that has the mistake.
    Guilty,
    /// A program of ours that had to do with it, or none at all.
    Ours,
    /// Another program of the student's, which suffers from it.
    Another,
}

/// Whether a finding says itself that the end of a message is missing.
fn names_end(kind: Option<&Line>, finding: &FindingReport) -> bool {
    let is_nul = kind.is_some_and(|kind| kind.as_str() == MistakeKind::Nul.name());
    let message = &finding.message;
    (is_nul && message.contains("NUL")) || message.contains("went without its newline")
}

/// The program that the actor of a finding plays.
fn played<'a>(case: &'a CaseReport, finding: &FindingReport) -> Option<&'a Line> {
    let mut actors = case.conversation.iter().flat_map(|drawn| &drawn.actors);
    let actor = actors.find(|actor| Some(&actor.name) == finding.actor.as_ref())?;
    // What a program of ours did not do says little about the student's.
    let blames_ours = [", because our ", ": no more was sent"];
    let is_own = !finding.ours
        && !blames_ours
            .iter()
            .any(|text| finding.message.contains(text));
    actor.program.as_ref().filter(|_| is_own)
}

impl Shown<'_> {
    /// The smaller, the better it shows the cause: one that ran, that costs, in a low tier, that says the mistake
    /// itself, that is about the program that has it.
    fn order(&self) -> (bool, bool, Tier, bool, bool, Whose, [bool; 4], usize) {
        (
            self.finding.verdict == Verdict::Skipped,
            !self.finding.graded,
            self.case.tier,
            self.finding.comes_from.is_none(),
            self.lacks_call(),
            self.whose,
            [
                !self.names_it,
                // A call that was other than wanted, or an access to memory, says more than what came of it.
                !self.says_how(),
                self.finding.ours,
                self.finding.follows,
            ],
            self.place,
        )
    }

    /// It says only that a call did not follow: that is so where the program came to a stop before, too.
    fn lacks_call(&self) -> bool {
        let lacks = [", and no ", ", and it had not called "];
        let message = self.finding.message.as_str();
        self.finding.aspect == Aspect::Calls && lacks.iter().any(|lack| message.contains(lack))
    }

    fn says_how(&self) -> bool {
        match self.finding.aspect {
            Aspect::Calls => !self.finding.cites.is_empty() && !self.lacks_call(),
            Aspect::Memory => !self.finding.lines.is_empty(),
            Aspect::Build | Aspect::Output | Aspect::Bytes | Aspect::Exit | Aspect::Cleanup => {
                false
            }
        }
    }
}

impl<'a> Found<'a> {
    fn lost(&mut self, case: &CaseReport) {
        let points = self.points.entry(case.tier).or_default();
        *points = points.saturating_add(case.max.saturating_sub(case.earned));
    }

    fn consider(&mut self, new: Shown<'a>) {
        if self.shown.is_none_or(|known| new.order() < known.order()) {
            self.shown = Some(new);
        }
        // The lines of a program that only suffers lead away from the mistake.
        let by_place = |shown: &Shown<'_>| (shown.whose == Whose::Another, shown.order());
        let is_placed = !new.finding.lines.is_empty();
        if is_placed
            && self
                .placed
                .is_none_or(|known| by_place(&new) < by_place(&known))
        {
            self.placed = Some(new);
        }
    }

    /// Where it shows: by the finding that speaks for it, else by another.
    fn placed(&self, shown: Shown<'a>) -> &'a FindingReport {
        let meant = self
            .placed
            .filter(|placed| placed.whose <= shown.whose.max(Whose::Ours));
        match (shown.finding.lines.as_slice(), meant) {
            ([], Some(placed)) => placed.finding,
            _ => shown.finding,
        }
    }

    /// By the lowest tier that it costs points in, then by how many in that tier, then in all.
    fn order(&self, number: u32) -> (bool, Option<Tier>, i64, i64, u32) {
        let lowest = self.points.iter().find(|(_, points)| **points > 0);
        let all: i64 = self.points.values().map(|points| i64::from(*points)).sum();
        let in_lowest = lowest.map_or(0, |(_, points)| i64::from(*points));
        let tier = lowest.map(|(tier, _)| *tier);
        (lowest.is_none(), tier, -in_lowest, -all, number)
    }

    fn report(
        &self,
        number: u32,
        (kind, program): (Line, Option<Line>),
        cases: &[CaseReport],
    ) -> Option<CauseReport> {
        // What cost nothing anywhere is a remark.
        let shown = self.shown.filter(|_| self.graded)?;
        let said = shown.finding.comes_from.as_ref();
        let lowest = self.points.iter().find(|(_, points)| **points > 0);
        Some(CauseReport {
            number,
            kind,
            program,
            message: said.unwrap_or(&shown.finding.message).clone(),
            case: shown.case.id.clone(),
            finding: u32::try_from(shown.at).unwrap_or(u32::MAX),
            cases: self
                .cases
                .iter()
                .filter_map(|place| Some(cases.get(*place)?.id.clone()))
                .collect(),
            lines: self.placed(shown).lines.clone(),
            from: self.placed(shown).from.clone(),
            points: self.points.values().copied().fold(0, u32::saturating_add),
            tier: lowest.map_or(shown.case.tier, |(tier, _)| *tier),
        })
    }
}
