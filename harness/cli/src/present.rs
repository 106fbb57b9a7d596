//! Presenting a report: in the form that was asked for, to the reader that it is for, where it is to go.
//!
//! Renderers are pure; what a form needs of the world beside the report (the workflow's environment, the time, a number
//! that a submission cannot guess) is looked up here.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use ipclab_report::{
    Audience, Report, classroom50, csv, ctrf, github, gradescope, html, json, junit, markdown, tap,
    terminal, watching,
};

use crate::args::shared::Presentation;
use crate::args::values::{PassMark, ReportFormat, When};
use crate::output;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_intake::whole_file;

/// Renders a report and writes it; the exit status says the same as what was shown.
///
/// # Errors
/// The output cannot be written, or the workflow's environment is not what the form needs.
pub(crate) fn present(
    report: &Report,
    how: &Presentation,
    folder: &Path,
    color: When,
) -> Result<ExitCode, Failure> {
    let seen = report
        .seen_by(Audience::from(how.audience))
        .with_hints(how.hint.into());
    let text = match how.format {
        ReportFormat::Text => {
            let style = match &how.output {
                None => output::style(color),
                Some(_) => terminal::Style::default(),
            };
            if how.all || seen.cases.len() == 1 {
                terminal::render(&seen, &style)
            } else {
                terminal::render_short(&seen, &style)
            }
        }
        ReportFormat::Json => json::render(&seen),
        ReportFormat::Html => html::render(&seen),
        ReportFormat::Markdown => markdown::render(&seen),
        ReportFormat::Junit => junit::render(&seen),
        ReportFormat::Csv => csv::render(&seen),
        ReportFormat::Tap => tap::render(&seen),
        ReportFormat::Ctrf => ctrf::render(&seen),
        // Gradescope itself shows each case to whom and when it may be seen.
        ReportFormat::Gradescope => gradescope::render(report),
        ReportFormat::Classroom50 => classroom50::render(&seen, &classroom()),
        ReportFormat::Github => {
            step_summary(&seen)?;
            github::render(&seen, &run(folder)?)
        }
    };
    match &how.output {
        None => output::print(&text).map(drop)?,
        Some(file) => whole_file::write(file, &text)?,
    };
    Ok(ExitCode::from(match how.format {
        // What is rendered of the whole report is as good as the whole of it.
        ReportFormat::Gradescope => status(report, how.pass_mark),
        // Points that were lost are no trouble of the grader's there: any other status than 0 says that it broke.
        ReportFormat::Classroom50 => match seen.exit_code() {
            0 | 1 => 0,
            trouble => trouble,
        },
        ReportFormat::Text
        | ReportFormat::Json
        | ReportFormat::Html
        | ReportFormat::Markdown
        | ReportFormat::Junit
        | ReportFormat::Csv
        | ReportFormat::Tap
        | ReportFormat::Ctrf
        | ReportFormat::Github => status(&seen, how.pass_mark),
    }))
}

/// Shows a student who is mending a submission what the last save changed, and the first mistake that is left.
///
/// # Errors
/// The terminal cannot be written.
pub(crate) fn present_change(
    before: Option<&Report>,
    report: &Report,
    how: &Presentation,
    color: When,
) -> Result<ExitCode, Failure> {
    let audience = Audience::from(how.audience);
    let seen = report.seen_by(audience).with_hints(how.hint.into());
    let mut text = output::clear().to_owned();
    let changed = before.and_then(|before| watching::changed(&before.seen_by(audience), &seen));
    if let Some(changed) = changed {
        text.push_str(&format!("{changed}\n\n"));
    }
    text.push_str(&terminal::render_first(&seen, &output::style(color)));
    output::print(&text)?;
    Ok(ExitCode::from(status(&seen, how.pass_mark)))
}

/// The exit status: lost points do not count where those that were earned are enough.
fn status(report: &Report, pass_mark: Option<PassMark>) -> u8 {
    let score = &report.score;
    let enough = pass_mark.is_some_and(|mark| mark.is_reached(score.earned, score.max));
    match report.exit_code() {
        1 if enough => 0,
        code => code,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The step's summary, where GitHub says where it goes.
fn step_summary(report: &Report) -> Result<(), Failure> {
    let Some(file) = variable("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let there = fs::metadata(&file).map_or(0, |about| about.len());
    let room = markdown::SUMMARY_MAX.saturating_sub(usize::try_from(there).unwrap_or(usize::MAX));
    let text = markdown::render_within(report, room.saturating_sub(1));
    let appended = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    appended.map_err(|error| Failure::disk("writing the step's summary", &error))
}

fn run(folder: &Path) -> Result<github::Run, Failure> {
    let mut random = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut random))
        .map_err(|error| Failure::unable(format!("reading /dev/urandom: {}", reason(&error))))?;
    let top = variable("GITHUB_WORKSPACE").map(fs::canonicalize);
    let folder = match (top, fs::canonicalize(folder)) {
        (Some(Ok(top)), Ok(folder)) => match folder.strip_prefix(&top) {
            Ok(inner) if !inner.as_os_str().is_empty() => format!("{}/", show::path(inner)),
            Ok(_) | Err(_) => String::new(),
        },
        (Some(_) | None, _) => String::new(),
    };
    Ok(github::Run {
        token: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        folder,
    })
}

fn classroom() -> classroom50::About {
    let known = |name| variable(name).unwrap_or_default();
    let usernames = known("USERNAME");
    classroom50::About {
        classroom: known("CLASSROOM"),
        assignment: known("ASSIGNMENT"),
        usernames: usernames
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        submission: known("SUBMISSION_TAG"),
        commit: known("COMMIT_URL"),
        release: known("RELEASE_URL"),
        review: known("REVIEW_URL"),
        datetime: rfc3339(SystemTime::now()),
    }
}

/// A time in UTC as RFC 3339 writes it.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March, so that the leap day is the last one; 719468 days lie between 0000-03-01 and 1970.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::rfc3339;

    #[test]
    fn a_time_as_others_write_it() {
        // Said by `date -u -d @N +%FT%TZ`.
        let check = |seconds, expected: &str| {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(951_868_800, "2000-03-01T00:00:00Z");
        check(1_798_761_599, "2026-12-31T23:59:59Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }
}
