//! The lines of the student's code that mistakes have to do with, each with what is said beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::view::cause_anchor;
use crate::beside::{self, LineBeside, Remark};
use crate::{Place, Report};

/// What is said beside a line.
#[derive(Serialize)]
pub(super) struct RemarkView {
    text: String,
    /// Of the finding that shows it, where it is on the page.
    anchor: Option<String>,
    is_origin: bool,
}

/// A file, as far as it is shown.
#[derive(Serialize)]
pub(super) struct FileView {
    name: String,
    lines: Vec<LineView>,
}

#[derive(Serialize)]
struct LineView {
    number: u32,
    text: String,
    follows_gap: bool,
    remarks: Vec<RemarkView>,
}

/// What is said beside the lines of a report, by their places.
pub(super) fn remarks(report: &Report) -> BTreeMap<&Place, Vec<RemarkView>> {
    let all = beside::remarks(report).into_iter();
    all.map(|(place, remarks)| (place, views(report, &remarks)))
        .collect()
}

/// The lines of a report that something is said beside, and those around them.
pub(super) fn files(report: &Report) -> Vec<FileView> {
    let line = |line: LineBeside<'_>| LineView {
        number: line.number,
        text: line.text.to_string(),
        follows_gap: line.follows_gap,
        remarks: views(report, &line.remarks),
    };
    let files = beside::files(report).into_iter();
    let view = |(name, lines): (&crate::Line, Vec<LineBeside<'_>>)| FileView {
        name: name.to_string(),
        lines: lines.into_iter().map(line).collect(),
    };
    files.map(view).collect()
}

fn views(report: &Report, remarks: &[Remark<'_>]) -> Vec<RemarkView> {
    let view = |remark: &Remark<'_>| RemarkView {
        text: remark.text_in_order(report),
        anchor: cause_anchor(report, remark.cause),
        is_origin: remark.is_origin,
    };
    remarks.iter().map(view).collect()
}
