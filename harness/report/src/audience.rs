//! The reader of a report, and what is taken out of it for them.
//!
//! A spec can keep cases to the staff, or to the staff until the deadline. What a reader may not see is taken out of the
//! report before any renderer gets it: none of them has to remember to.

use ipclab_judge::Verdict;
use ipclab_spec::Visibility;

use crate::assemble::score;
use crate::{CaseReport, FindingReport, Line, Report, Withheld};
use crate::{cause, excerpts};

/// The reader of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The staff that sets the lab: everything.
    Staff,
    /// Students, before the deadline.
    Students,
    /// Students, once the deadline has passed.
    StudentsAfterDeadline,
}

impl Audience {
    /// Whether this reader may see cases of that visibility.
    #[must_use]
    pub fn sees(self, visibility: Visibility) -> bool {
        match (self, visibility) {
            (Self::Staff, _) | (_, Visibility::Visible) => true,
            (Self::StudentsAfterDeadline, Visibility::AfterDeadline) => true,
            (Self::Students, Visibility::AfterDeadline)
            | (Self::Students | Self::StudentsAfterDeadline, Visibility::Hidden) => false,
        }
    }
}

impl Report {
    /// The report as this reader may see it. The score counts what is left, since a sum over everything would tell what
    /// became of the rest; how many cases are not shown, and what they are worth, is told.
    #[must_use]
    pub fn seen_by(&self, audience: Audience) -> Self {
        let (shown, withheld): (Vec<&CaseReport>, Vec<&CaseReport>) = self
            .cases
            .iter()
            .partition(|case| audience.sees(case.visibility));
        let mut seen = self.clone();
        if withheld.is_empty() {
            return seen;
        }
        seen.cases = shown.into_iter().cloned().collect();
        for case in &mut seen.cases {
            for finding in &mut case.findings {
                unname(finding, &withheld);
            }
        }
        seen.score = score(&seen.cases);
        // Numbers, points and examples come anew from what is shown.
        let natures = cause::natures_of(&self.causes);
        seen.causes = cause::list(&mut seen.cases, &natures);
        seen.code = excerpts::still_named(&self.code, &seen.cases);
        let earlier = self.withheld.unwrap_or(Withheld { cases: 0, max: 0 });
        let max = withheld
            .iter()
            .map(|case| case.max)
            .fold(earlier.max, u32::saturating_add);
        let cases = u32::try_from(withheld.len()).unwrap_or(u32::MAX);
        seen.withheld = Some(Withheld {
            cases: earlier.cases.saturating_add(cases),
            max,
        });
        seen
    }
}

/// A case that waits for one that is not shown says so by its name: `secret failed`.
fn unname(finding: &mut FindingReport, withheld: &[&CaseReport]) {
    match finding.verdict {
        Verdict::Skipped | Verdict::Unknown => {}
        Verdict::Pass | Verdict::Fail => return,
    }
    for case in withheld {
        let rest = finding.message.strip_prefix(case.id.as_str());
        if let Some(rest) = rest.filter(|rest| rest.starts_with(' ')) {
            finding.message = Line::new(&format!("a case that is not shown here{rest}"));
            return;
        }
    }
}
