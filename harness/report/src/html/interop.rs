//! The page of an interoperability matrix: a heat map, and what stands out in it.

use ipclab_judge::Verdict;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{fill, style};
use crate::interop::{Interop, Meeting, Side};
use crate::{Line, words};

#[derive(Serialize)]
struct RowView<'a> {
    name: &'a str,
    works: usize,
    of: usize,
    cells: Vec<CellView<'a>>,
}

#[derive(Serialize)]
struct CellView<'a> {
    class: &'static str,
    mark: &'static str,
    /// For readers who see no colours, and for a pointer that rests on it.
    says: &'a str,
}

/// The page.
#[must_use]
pub fn interop(matrix: &Interop) -> String {
    let rows: Vec<RowView<'_>> = matrix
        .parties
        .iter()
        .zip(&matrix.meetings)
        .filter(|(_, row)| row.iter().any(Option::is_some))
        .map(|(party, row)| RowView {
            name: party.name.as_str(),
            works: works(row.iter()),
            of: row.iter().flatten().count(),
            cells: row
                .iter()
                .zip(columns(matrix))
                .filter(|(_, is)| *is)
                .map(|(meeting, _)| cell(matrix, meeting.as_ref()))
                .collect(),
        })
        .collect();
    let names = matrix
        .parties
        .iter()
        .zip(columns(matrix))
        .filter(|(_, is)| *is);
    let totals = (0..matrix.parties.len())
        .zip(columns(matrix))
        .filter(|(_, is)| *is)
        .map(|(at, _)| {
            let column = || matrix.meetings.iter().map(move |row| &row[at]);
            format!("{}/{}", works(column()), column().flatten().count())
        });
    let absent: Vec<(String, String)> = matrix
        .parties
        .iter()
        .filter(|party| !party.problems.is_empty())
        .map(|party| {
            let problems: Vec<&str> = party.problems.iter().map(Line::as_str).collect();
            (party.name.to_string(), problems.join("; "))
        })
        .collect();
    let (all, passed, failed, unknown) = matrix.counts();
    let mut figures = vec![("meetings", all), ("work", passed), ("fail", failed)];
    if unknown > 0 {
        figures.push(("not known", unknown));
    }
    fill(
        "interop.html",
        context! {
            style => style(),
            lab => matrix.lab.as_str(),
            title => matrix.title.as_str(),
            row_program => matrix.programs(Side::Row),
            column_programs => matrix.programs(Side::Column),
            cases => matrix.cases.iter().map(|case| (case.id.to_string(), case.title.to_string())).collect::<Vec<_>>(),
            figures,
            oddities => matrix.oddities.iter().map(|oddity| oddity.says.to_string()).collect::<Vec<_>>(),
            columns => names.map(|(party, _)| party.name.to_string()).collect::<Vec<_>>(),
            totals => totals.collect::<Vec<_>>(),
            rows => Value::from(Serde(&rows)),
            absent,
        },
    )
}

/// Which parties have a column: those that met another party there.
fn columns(matrix: &Interop) -> impl Iterator<Item = bool> + '_ {
    (0..matrix.parties.len())
        .map(move |at| matrix.meetings.iter().any(move |row| row[at].is_some()))
}

fn works<'a>(meetings: impl Iterator<Item = &'a Option<Meeting>>) -> usize {
    meetings
        .flatten()
        .filter(|meeting| meeting.verdict == Verdict::Pass)
        .count()
}

fn cell<'a>(matrix: &'a Interop, meeting: Option<&Meeting>) -> CellView<'a> {
    let Some(meeting) = meeting else {
        return CellView {
            class: "none",
            mark: "",
            says: "did not meet",
        };
    };
    let says = meeting.says.and_then(|at| matrix.sayings.get(at));
    let (class, mark) = match (meeting.verdict, meeting.blames.as_slice()) {
        (Verdict::Pass, _) if meeting.odd => ("pass odd", "✓"),
        (Verdict::Pass, _) => ("pass", "✓"),
        (Verdict::Fail, _) if meeting.odd => ("fail odd", "✗"),
        (Verdict::Fail, [Side::Row]) => ("fail", "←"),
        (Verdict::Fail, [Side::Column]) => ("fail", "↑"),
        (Verdict::Fail, _) => ("fail", "✗"),
        (Verdict::Unknown, _) => ("unknown", "?"),
        (Verdict::Skipped, _) => ("skipped", "–"),
    };
    CellView {
        class,
        mark,
        says: says.map_or(words::verdict(meeting.verdict), Line::as_str),
    }
}
