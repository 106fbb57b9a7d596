//! Words that options take, and what they stand for in the rest of the tool.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use ipclab_class::diff;
use ipclab_class::export::{self, FeedbackFor};
use ipclab_intake::import::System;
use ipclab_prove::certify;
use ipclab_report::Audience;
use ipclab_sandbox::LevelChoice;
use ipclab_spec::Tier;

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// CI systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    /// GitHub Actions
    Github,
    /// GitLab CI/CD
    Gitlab,
}

/// A mark that is enough: points, or a share of those that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassMark {
    Points(u32),
    Percent(u32),
}

impl PassMark {
    /// Whether so many points are enough.
    pub(crate) fn is_reached(self, earned: u32, max: u32) -> bool {
        match self {
            Self::Points(points) => earned >= points,
            Self::Percent(percent) => {
                u64::from(earned) * 100 >= u64::from(max) * u64::from(percent)
            }
        }
    }
}

impl FromStr for PassMark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no mark: write points like 24, or a share like 80%");
        match text.strip_suffix('%') {
            Some(percent) => match percent.parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                Ok(_) | Err(_) => Err(wrong()),
            },
            None => text.parse().map(Self::Points).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for PassMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Points(points) => write!(f, "{points}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// An address that stands in a workflow as it is: no character of it means anything to a shell or to YAML.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let schemes = ["https://", "http://", "ssh://", "file:///"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let plain = |c: char| c.is_ascii_alphanumeric() || "._~:/@%+-".contains(c);
    match rest {
        Some(rest) if !rest.is_empty() && rest.chars().all(plain) => {
            let text = text.trim_end_matches('/');
            Ok(text.strip_suffix(".git").unwrap_or(text).to_owned())
        }
        Some(_) | None => Err(format!(
            "{text:?} is no address like https://HOST/OWNER/ipclab"
        )),
    }
}

/// A checksum, as `sha256sum` writes it.
pub(crate) fn sha256(text: &str) -> Result<String, String> {
    let digits = text.chars().all(|c| c.is_ascii_hexdigit());
    match digits && text.len() == 64 {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("it has 64 hexadecimal digits, as `sha256sum FILE` prints them".to_owned()),
    }
}

/// What a class can be exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// Canvas's gradebook, filled
    Canvas,
    /// Moodle's grading worksheet, filled
    Moodle,
    /// A zip of feedback for Canvas's students
    CanvasFeedback,
    /// A zip of feedback for Moodle's students
    MoodleFeedback,
    /// A table for spreadsheets
    Csv,
    /// The page of the class
    Html,
}

/// Forms of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffForm {
    /// For people: causes first, then every student
    Text,
    /// A row for each case that differs
    Csv,
}

impl From<DiffForm> for diff::Form {
    fn from(form: DiffForm) -> Self {
        match form {
            DiffForm::Text => Self::Text,
            DiffForm::Csv => Self::Csv,
        }
    }
}

impl From<ExportForm> for export::Form {
    fn from(form: ExportForm) -> Self {
        match form {
            ExportForm::Canvas => Self::Canvas,
            ExportForm::Moodle => Self::Moodle,
            ExportForm::CanvasFeedback => Self::Feedback(FeedbackFor::Canvas),
            ExportForm::MoodleFeedback => Self::Feedback(FeedbackFor::Moodle),
            ExportForm::Csv => Self::Csv,
            ExportForm::Html => Self::Html,
        }
    }
}

/// Forms of a report about one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people, on a terminal
    Text,
    /// For programs: ipclab/report/v1
    Json,
    /// A page, self-contained, with diagrams
    Html,
    /// For comments and summaries
    Markdown,
    /// JUnit XML, for CI systems
    Junit,
    /// A table of the cases
    Csv,
    /// Test Anything Protocol 14
    Tap,
    /// Common Test Report Format, for dashboards
    Ctrf,
    /// Gradescope's results.json
    Gradescope,
    /// Annotations and step summary of GitHub Actions
    Github,
    /// Classroom 50's result.json
    Classroom50,
}

/// Readers of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AudienceArg {
    /// Cases that are hidden, or shown after the deadline, are left out and not counted
    Students,
    /// Only hidden cases are left out
    StudentsAfterDeadline,
    /// Everything
    Staff,
}

impl From<AudienceArg> for Audience {
    fn from(audience: AudienceArg) -> Self {
        match audience {
            AudienceArg::Students => Self::Students,
            AudienceArg::StudentsAfterDeadline => Self::StudentsAfterDeadline,
            AudienceArg::Staff => Self::Staff,
        }
    }
}

/// Forms of other results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: ipclab/report/v1
    Json,
}

/// Forms of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Text,
    /// For documents
    Markdown,
    /// For programs: ipclab/coverage/v1
    Json,
}

/// Tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierArg {
    /// What the unit's own listings do
    Core,
    /// What a careful engineer adds
    Robust,
    /// What the unit promises beyond its listings
    Stretch,
}

impl From<TierArg> for Tier {
    fn from(tier: TierArg) -> Self {
        match tier {
            TierArg::Core => Self::Core,
            TierArg::Robust => Self::Robust,
            TierArg::Stretch => Self::Stretch,
        }
    }
}

/// Levels of isolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Namespaces where they work
    Auto,
    /// A world of its own for each case
    Namespaces,
    /// This machine's own world, one case after another
    Shared,
}

impl From<Isolation> for LevelChoice {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Auto => Self::Auto,
            Isolation::Namespaces => Self::Namespaces,
            Isolation::Shared => Self::Shared,
        }
    }
}

/// Where a class can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SystemArg {
    /// Canvas: "Download Submissions"
    Canvas,
    /// Moodle: "Download all submissions"
    Moodle,
    /// Gradescope: "Export Submissions"
    Gradescope,
    /// Clones of GitHub Classroom or Classroom 50
    Github,
    /// A folder with a folder, an archive or a .c file for each student
    Folders,
}

impl From<SystemArg> for System {
    fn from(system: SystemArg) -> Self {
        match system {
            SystemArg::Canvas => Self::Canvas,
            SystemArg::Moodle => Self::Moodle,
            SystemArg::Gradescope => Self::Gradescope,
            SystemArg::Github => Self::Github,
            SystemArg::Folders => Self::Folders,
        }
    }
}

/// How runs are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WayArg {
    /// The machine left alone
    Idle,
    /// Twice as many busy threads as processors beside it
    Loaded,
    /// Every box on the same processor
    OneCore,
    /// Seeded delays at the calls
    Delays,
}

impl From<WayArg> for certify::Way {
    fn from(way: WayArg) -> Self {
        match way {
            WayArg::Idle => Self::Idle,
            WayArg::Loaded => Self::Loaded,
            WayArg::OneCore => Self::OneCore,
            WayArg::Delays => Self::Delays,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_mark_is_points_or_a_share() {
        let check = |text: &str, earned, expected: Option<bool>| {
            let mark = text.parse::<PassMark>().ok();
            assert_eq!(
                mark.map(|mark| mark.is_reached(earned, 30)),
                expected,
                "{text}"
            );
            if let Some(mark) = mark {
                assert_eq!(mark.to_string(), text);
            }
        };
        check("24", 23, Some(false));
        check("24", 24, Some(true));
        check("80%", 23, Some(false));
        check("80%", 24, Some(true));
        check("100%", 29, Some(false));
        for wrong in ["", "%", "0%", "101%", "-1", "half", "8 0"] {
            check(wrong, 30, None);
        }
    }

    #[test]
    fn an_address_cannot_break_out_of_a_workflow() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(address(text).ok().as_deref(), expected, "{text}");
        };
        check("https://a.org/b/ipclab.git", Some("https://a.org/b/ipclab"));
        check(
            "https://a.org:8443/b/ipclab/",
            Some("https://a.org:8443/b/ipclab"),
        );
        check("file:///srv/x.tar.gz", Some("file:///srv/x.tar.gz"));
        for wrong in [
            "",
            "https://",
            "a.org/b",
            "https://a/$(id)",
            "https://a/\"b",
            "https://a/b c",
            "https://a/b\nc",
        ] {
            check(wrong, None);
        }
    }
}
