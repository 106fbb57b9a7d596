//! The `result.json` of Classroom 50, `classroom50/result/v1`.
//!
//! Where a case could not be graded there is no `score`, which the schema demands: the result is refused, and the exit
//! status says that the grader broke.

use ipclab_judge::Verdict;
use serde::Serialize;

use crate::Report;
use crate::rows::tests;

/// What Classroom 50 says of a submission, in the environment of the grader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `CLASSROOM`
    pub classroom: String,
    /// `ASSIGNMENT`
    pub assignment: String,
    /// `USERNAME`, several parted by commas or blanks.
    pub usernames: Vec<String>,
    /// `SUBMISSION_TAG`
    pub submission: String,
    /// `COMMIT_URL`
    pub commit: String,
    /// `RELEASE_URL`
    pub release: String,
    /// `REVIEW_URL`
    pub review: String,
    /// When it was graded, RFC 3339.
    pub datetime: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ResultJson<'a> {
    schema: &'static str,
    classroom: &'a str,
    assignment: &'a str,
    usernames: &'a [String],
    submission: &'a str,
    commit: &'a str,
    release: &'a str,
    review: &'a str,
    datetime: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    max_score: u32,
    tests: Vec<One>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct One {
    test_name: String,
    passed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    max_score: u32,
}

/// Writes the result.
#[must_use]
pub fn render(report: &Report, about: &About) -> String {
    let result = ResultJson {
        schema: "classroom50/result/v1",
        classroom: &about.classroom,
        assignment: &about.assignment,
        usernames: &about.usernames,
        submission: &about.submission,
        commit: &about.commit,
        release: &about.release,
        review: &about.review,
        datetime: &about.datetime,
        score: report.mark().final_points(),
        max_score: report.score.max,
        tests: tests(report)
            .into_iter()
            .map(|test| One {
                passed: match test.verdict {
                    Verdict::Pass => true,
                    Verdict::Fail | Verdict::Unknown | Verdict::Skipped => false,
                },
                score: test.case.map_or(Some(0), crate::CaseReport::points),
                max_score: test.case.map_or(0, |case| case.max),
                test_name: match test.verdict {
                    Verdict::Unknown => format!("{} (could not be graded)", test.name),
                    Verdict::Pass | Verdict::Fail | Verdict::Skipped => test.name,
                },
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&result)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    text.push('\n');
    text
}
