//! What is said beside the lines of the student's code: the mistakes that come from a line, and those that show in it.

use std::collections::BTreeMap;

use crate::{CauseReport, Line, Place, Report, words};

/// A mistake, beside a line that has to do with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remark<'a> {
    /// The mistake.
    pub(crate) cause: &'a CauseReport,
    /// The line.
    place: &'a Place,
    /// Whether it comes from this line; otherwise it shows here.
    pub(crate) is_origin: bool,
    /// The line before, at which it is said already.
    before: Option<Before<'a>>,
}

/// A line at which a mistake is said in full.
#[derive(Clone, Copy, Debug)]
struct Before<'a> {
    place: &'a Place,
    is_origin: bool,
}

/// A line, and what is said beside it.
#[derive(Clone, Debug)]
pub(crate) struct LineBeside<'a> {
    pub(crate) number: u32,
    pub(crate) text: &'a Line,
    /// Whether lines before it are left out.
    pub(crate) follows_gap: bool,
    pub(crate) remarks: Vec<Remark<'a>>,
}

impl Remark<'_> {
    /// As [`Self::text`] to who reads a page from its top: what a line before said is not said again.
    pub(crate) fn text_in_order(&self, report: &Report) -> String {
        let Some(before) = self.before else {
            return self.text(report);
        };
        let of = match before.place.file == self.place.file {
            true => format!("line {}", before.place.line),
            false => before.place.to_string(),
        };
        match (self.is_origin, before.is_origin) {
            (true, true) => format!("the mistake of {of} comes from here, too"),
            (true, false) => format!("the mistake of {of} comes from here"),
            (false, _) => format!("the mistake of {of} shows here"),
        }
    }

    /// The mistake, and where its other end is: `server used port 14640 instead of 12345 (comes from iserver.c:31)`.
    pub(crate) fn text(&self, report: &Report) -> String {
        let message = words::cause(report, self.cause);
        match (self.is_origin, self.cause.lines.first()) {
            (true, Some(shows)) => format!("{message} (comes from here, shows in {shows})"),
            (true, None) => format!("{message} (comes from here)"),
            (false, _) => match words::from(&self.cause.from) {
                Some(from) => format!("{message} ({from})"),
                None => message,
            },
        }
    }
}

/// The remarks of a report by their lines, those of a line in the order of the causes.
pub(crate) fn remarks(report: &Report) -> BTreeMap<&Place, Vec<Remark<'_>>> {
    let mut remarks: BTreeMap<&Place, Vec<Remark<'_>>> = BTreeMap::new();
    for cause in &report.causes {
        let origins = cause.from.iter().map(|place| (place, true));
        let shows = cause.lines.first();
        let shows = shows.filter(|line| !cause.from.contains(line));
        for (place, is_origin) in origins.chain(shows.map(|place| (place, false))) {
            let remark = Remark {
                cause,
                place,
                is_origin,
                before: None,
            };
            remarks.entry(place).or_default().push(remark);
        }
    }
    say_once(report, &mut remarks);
    remarks
}

/// Has each mistake refer to the first line that it is said at; a line that is not shown says nothing.
fn say_once<'a>(report: &Report, remarks: &mut BTreeMap<&'a Place, Vec<Remark<'a>>>) {
    let mut said: Vec<(&CauseReport, Before<'a>)> = Vec::new();
    for (place, remarks) in remarks {
        for remark in remarks {
            let known = said
                .iter()
                .find(|(cause, _)| std::ptr::eq(*cause, remark.cause));
            remark.before = known.map(|(_, before)| *before);
            if known.is_none() && report.excerpt(place).is_some() {
                let is_origin = remark.is_origin;
                said.push((remark.cause, Before { place, is_origin }));
            }
        }
    }
}

/// The lines that something is said beside, and those around them, by files.
pub(crate) fn files(report: &Report) -> BTreeMap<&Line, Vec<LineBeside<'_>>> {
    let mut remarks = remarks(report);
    let mut texts: BTreeMap<&Line, BTreeMap<u32, &Line>> = BTreeMap::new();
    for excerpt in remarks.keys().filter_map(|place| report.excerpt(place)) {
        let lines = texts.entry(&excerpt.place.file).or_default();
        lines.extend(excerpt.numbered());
    }
    let mut files: BTreeMap<&Line, Vec<LineBeside<'_>>> = BTreeMap::new();
    for (file, texts) in texts {
        let mut before = None;
        let lines = files.entry(file).or_default();
        for (number, text) in texts {
            let place = Place {
                file: file.clone(),
                line: number,
            };
            let last = before.replace(number);
            lines.push(LineBeside {
                number,
                text,
                follows_gap: last.is_some_and(|last| last + 1 < number),
                remarks: remarks.remove(&place).unwrap_or_default(),
            });
        }
    }
    files
}
