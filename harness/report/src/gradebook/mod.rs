//! Gradebooks of other systems: the file that was downloaded, with the marks filled in, to be uploaded again.
//!
//! Only the cells of marks and feedback change. A mark that is not final is not written, and students that were not found are named.

mod canvas;
mod moodle;
mod sheet;

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use ipclab_spec::Visibility;

use crate::by_hand::settled_for_students;
use crate::{Class, Line, Mark, Member, Standing, names, words};
use sheet::Sheet;

pub use canvas::fill as canvas;
pub use moodle::{Columns as MoodleColumns, fill as moodle};
pub use sheet::no_table;

/// A gradebook with marks, and what is to be known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilledGradebook {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many marks were written.
    pub written: usize,
    /// Submissions for which there is no row.
    pub no_row: Vec<String>,
    /// Rows of students who handed in nothing.
    pub no_submission: Vec<String>,
    /// Submissions whose mark is not final: their cells are as they were.
    pub not_final: Vec<String>,
    /// How many of those got the mark of what was not handed in, as the class's own file says.
    pub absent: usize,
    /// Rows that could be of several submissions.
    pub ambiguous: usize,
    /// What else should be looked at.
    pub warnings: Vec<String>,
}

/// What a row may be recognised by.
struct Row<'a> {
    /// Kinds of ids, and what the row has under each; the best first.
    ids: Vec<(&'a str, String)>,
    name: String,
}

impl FilledGradebook {
    /// Gives rows without a submission the mark that the class's own file says. A cell that has a mark keeps it, and as
    /// long as a submission has no row, a row without one may be of its student.
    fn not_handed_in(
        &mut self,
        sheet: &mut Sheet<'_>,
        column: usize,
        rows: &[usize],
        class: &Class,
    ) {
        let Some(points) = class.not_handed_in else {
            return;
        };
        let unclear = self.no_row.len() + self.ambiguous;
        if unclear > 0 && !rows.is_empty() {
            self.warnings.push(format!(
                "what was not handed in got no mark: {} could not be matched, and may be of rows without a submission",
                words::count(unclear, "submission")
            ));
            return;
        }
        for row in rows {
            let cell = sheet.cell(*row, column);
            if matches!(cell.trim(), "" | "-") {
                sheet.set(*row, column, &points.to_string());
                self.absent += 1;
            }
        }
    }
}

/// Members by what their students are known by.
struct Names<'a> {
    class: &'a Class,
    by_id: BTreeMap<(String, String), Vec<usize>>,
    by_name: BTreeMap<String, Vec<usize>>,
    /// By the names without accents, in whatever order.
    by_key: BTreeMap<String, Vec<usize>>,
    /// How many rows have a name, as it is and without accents: no mark goes to a student of the same name.
    rows: BTreeMap<String, usize>,
    found: Vec<bool>,
}

impl<'a> Names<'a> {
    /// `names`: what all rows are called.
    fn new(class: &'a Class, names: impl Iterator<Item = String>) -> Self {
        let mut rows: BTreeMap<String, usize> = BTreeMap::new();
        for name in names {
            let (plain, key) = (plain_name(&name), names::key(&name));
            if plain != key {
                *rows.entry(plain).or_default() += 1;
            }
            *rows.entry(key).or_default() += 1;
        }
        let mut by_id: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, member) in class.submissions.iter().enumerate() {
            for student in &member.who.students {
                for (key, id) in &student.ids {
                    let key = (key.to_string(), id.trim().to_lowercase());
                    by_id.entry(key).or_default().push(at);
                }
                if let Some(name) = &student.name {
                    by_name.entry(plain_name(name)).or_default().push(at);
                    by_key.entry(names::key(name)).or_default().push(at);
                }
            }
        }
        Self {
            class,
            by_id,
            by_name,
            by_key,
            rows,
            found: vec![false; class.submissions.len()],
        }
    }

    /// The submission of a row's student; an error when several could be.
    fn member(&mut self, row: &Row<'_>) -> Result<Option<&'a Member>, String> {
        for (key, id) in &row.ids {
            let id = id.trim().to_lowercase();
            if id.is_empty() {
                continue;
            }
            match self.by_id.get(&((*key).to_owned(), id)).map(Vec::as_slice) {
                Some([one]) => {
                    self.found[*one] = true;
                    return Ok(self.class.submissions.get(*one));
                }
                Some(several) => {
                    let found = &mut self.found;
                    return Err(none_of(self.class, found, several, &row.name, "id"));
                }
                None => {}
            }
        }
        // A name as it is written counts before the same without accents.
        let (plain, key) = (plain_name(&row.name), names::key(&row.name));
        for (name, known) in [(plain, &self.by_name), (key, &self.by_key)] {
            match known.get(&name).map(Vec::as_slice) {
                Some([_]) if self.rows.get(&name).is_some_and(|rows| *rows > 1) => {
                    return Err(format!(
                        "{}: several rows are called so, so that none was taken by its name",
                        row.name
                    ));
                }
                Some([one]) => {
                    self.found[*one] = true;
                    return Ok(self.class.submissions.get(*one));
                }
                Some(several) => {
                    let found = &mut self.found;
                    return Err(none_of(self.class, found, several, &row.name, "name"));
                }
                None => {}
            }
        }
        Ok(None)
    }

    fn not_found(&self) -> Vec<String> {
        let members = self.class.submissions.iter().zip(&self.found);
        members
            .filter(|(_, found)| !**found)
            .map(|(member, _)| words::called(&member.who))
            .collect()
    }
}

/// Why a row gets no mark of several submissions. They are named here, and not among those without a row.
fn none_of(class: &Class, found: &mut [bool], several: &[usize], row: &str, how: &str) -> String {
    for at in several {
        found[*at] = true;
    }
    let ids = several
        .iter()
        .map(|at| class.submissions[*at].who.id.as_str());
    let ids: Vec<&str> = ids.collect();
    format!(
        "{row}: several submissions have this {how}, so that none was taken: {}",
        ids.join(", ")
    )
}

/// A name for comparison: `Lovelace, Ada` and `Ada LOVELACE` are one.
fn plain_name(name: &str) -> String {
    let turned = match name.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => name.to_owned(),
    };
    let words: Vec<String> = turned.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The mark that stands; an error says why there is none.
fn mark(member: &Member) -> Result<u32, String> {
    let name = words::called(&member.who);
    match (member.mark(), &member.standing) {
        (Some(Mark::Final(mark)), _) => Ok(mark),
        (None, Standing::NotGraded(why)) => Err(format!("{name}: not graded, {}", why.why)),
        (Some(mark), Standing::Graded(summary)) if summary.score.unknown > 0 => {
            let points = words::count(summary.score.unknown as usize, "point");
            Err(format!(
                "{name}: {points} could not be graded, so that the mark is {mark}"
            ))
        }
        (Some(mark @ Mark::Range { .. }), _) => {
            let late = member.settled.late.as_ref();
            let why = late.map_or("not every case was graded", |late| late.says.as_str());
            Err(format!("{name}: {why}, so that the mark is {mark}"))
        }
        (None, Standing::Graded(_)) => Err(format!("{name}: there is no mark")),
    }
}

/// What a student reads beside the mark: one line, of the cases that all may see.
fn feedback(class: &Class, member: &Member) -> String {
    let Standing::Graded(summary) = &member.standing else {
        return settled_for_students(class, member).join("; ");
    };
    let seen = |id: &Line| {
        class
            .cases
            .iter()
            .any(|case| case.id == *id && case.visibility == Visibility::Visible)
    };
    let of = |verdict: Verdict| {
        let cells = summary.cases.iter();
        let cells = cells.filter(|cell| cell.verdict == verdict && seen(&cell.id));
        cells
            .map(|cell| cell.id.to_string())
            .collect::<Vec<String>>()
    };
    let mark = member.mark().unwrap_or_else(|| summary.mark());
    let mut parts = vec![format!("{mark} of {} points", summary.score.max)];
    for program in &summary.not_built {
        parts.push(format!("{} could not be built", program.program));
    }
    for (verdict, what) in [(Verdict::Fail, "failed"), (Verdict::Skipped, "skipped")] {
        let cases = of(verdict);
        if !cases.is_empty() {
            parts.push(format!("{what}: {}", cases.join(", ")));
        }
    }
    parts.extend(settled_for_students(class, member));
    parts.join("; ")
}

/// Which column has one of these headers, whatever their case.
fn column(header: &[String], names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| {
        header
            .iter()
            .position(|title| title.trim().eq_ignore_ascii_case(name))
    })
}

/// Points that the gradebook counts to, compared with the lab's.
fn same_max(class: &Class, said: &str) -> Option<String> {
    let said = said.trim();
    let whole = said.replace(',', ".");
    let number: f64 = whole.parse().ok()?;
    (number != f64::from(class.max)).then(|| {
        format!(
            "the gradebook counts to {said} points and the lab to {}: marks are written as the lab counts them",
            class.max
        )
    })
}
