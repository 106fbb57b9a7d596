//! What formats that list tests have in common: one for each program that had to be built, one for each case.
//!
//! A case whose program could not be built is skipped, and most formats take a skipped test for a harmless one: without a
//! test of the build itself a submission that does not compile would look like success.

use ipclab_judge::Verdict;

use crate::terminal::{self, Style};
use crate::{CaseReport, Place, Program, Report, words};

/// One test.
pub(crate) struct Test<'a> {
    /// `echo-one`, `build iserver`
    pub(crate) name: String,
    /// `your server echoes one message to our client`
    pub(crate) title: String,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// One line about what is wrong; empty when nothing is.
    pub(crate) message: String,
    /// Everything about what is wrong, as text; empty when nothing is.
    pub(crate) details: String,
    /// The case, where it is one.
    pub(crate) case: Option<&'a CaseReport>,
}

impl Test<'_> {
    /// The line of the student's files where it shows that it did not pass.
    pub(crate) fn place(&self) -> Option<&Place> {
        let finding = self.case.and_then(words::first_message)?;
        finding.lines.first()
    }

    /// The lines that bring it about.
    pub(crate) fn from(&self) -> &[Place] {
        let finding = self.case.and_then(words::first_message);
        finding.map_or(&[], |finding| &finding.from)
    }
}

/// Everything of a report that passes or fails, builds first.
pub(crate) fn tests(report: &Report) -> Vec<Test<'_>> {
    let builds = report.programs.iter().map(build);
    builds.chain(report.cases.iter().map(case)).collect()
}

fn build(program: &Program) -> Test<'_> {
    let name = format!("build {}", program.name);
    let title = format!("{} can be built", program.name);
    let Some(problem) = &program.problem else {
        return Test {
            name,
            title,
            verdict: Verdict::Pass,
            message: String::new(),
            details: String::new(),
            case: None,
        };
    };
    let mut details = vec![problem.message.to_string()];
    for error in &problem.errors {
        let place = error.place().map_or(String::new(), |place| place + ": ");
        details.push(format!(
            "{place}{}: {}",
            error.severity.name(),
            error.message
        ));
        let excerpt = error.excerpt.iter().flat_map(|excerpt| excerpt.lines());
        details.extend(excerpt.map(|line| line.to_string()));
    }
    let log = problem.log.iter().flat_map(|log| log.lines());
    details.extend(log.map(|line| line.to_string()));
    if !problem.found.is_empty() {
        let found: Vec<&str> = problem.found.iter().map(|name| name.as_str()).collect();
        details.push(format!("there is: {}", found.join(", ")));
    }
    let remedy = problem.remedy.iter().flat_map(|remedy| remedy.lines());
    details.extend(remedy.map(|line| line.to_string()));
    Test {
        name,
        title,
        verdict: if problem.ours {
            Verdict::Unknown
        } else {
            Verdict::Fail
        },
        message: problem.message.to_string(),
        details: details.join("\n"),
        case: None,
    }
}

fn case(case: &CaseReport) -> Test<'_> {
    let details = match case.verdict {
        Verdict::Pass => String::new(),
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => terminal::render_case(
            case,
            &Style {
                width: 100,
                ..Style::default()
            },
        ),
    };
    let message = match case.verdict {
        Verdict::Pass => String::new(),
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => words::first_message(case)
            .map_or_else(
                || words::verdict(case.verdict).to_owned(),
                |finding| format!("{}: {}", finding.aspect.name(), words::finding(finding)),
            ),
    };
    Test {
        name: case.id.to_string(),
        title: case.title.to_string(),
        verdict: case.verdict,
        message,
        details,
        case: Some(case),
    }
}
