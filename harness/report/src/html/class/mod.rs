//! The page of a class: what most got wrong, by case and by cause, and the marks of all.
//!
//! The table of submissions is drawn by the page's own script, a part at a time, so that a class of thousands opens at once.
//! A reader without scripts has a list of links.

mod alike;
mod causes;
mod figures;
mod rates;
mod regrade;
mod rows;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{CLASS_SCRIPT, fill, style};
use crate::{Class, Line, Member, Standing, Summary, words};

/// A link for a reader without scripts.
#[derive(Serialize)]
struct LinkView<'a> {
    name: &'a str,
    href: String,
    mark: &'a str,
    tags: String,
}

/// The page of a class. `folder` is where the submissions' pages lie, as seen from this page: `submissions`.
#[must_use]
pub fn class(class: &Class, folder: &str) -> String {
    let graded: Vec<&Summary> = class
        .submissions
        .iter()
        .filter_map(|row| summary(row))
        .collect();
    let marks: Vec<u32> = class
        .submissions
        .iter()
        .filter_map(Member::final_mark)
        .collect();
    let causes = causes::views(class, folder);
    let rows = rows::views(class, &causes);
    let links: Vec<LinkView<'_>> = rows
        .iter()
        .map(|row| LinkView {
            name: &row.n,
            href: format!("{folder}/{}.html", row.h),
            mark: &row.m,
            tags: row.t.join(", "),
        })
        .collect();
    let missing: Vec<String> = class.missing.iter().map(words::student).collect();
    fill(
        "class.html",
        context! {
            style => style(),
            lab => class.lab.as_str(),
            title => class.title.as_str(),
            max => class.max,
            notes => class.notes.iter().map(Line::to_string).collect::<Vec<_>>(),
            figures => figures::figures(class, &graded, &marks),
            bins => Value::from(Serde(&figures::bins(class, &marks))),
            rates => Value::from(Serde(&rates::rates(class, &graded))),
            causes => Value::from(Serde(&causes)),
            regrade => Value::from(Serde(&regrade::view(class, folder))),
            pairs => Value::from(Serde(&alike::pairs(class, folder))),
            same => Value::from(Serde(&alike::same(class, folder))),
            alike => class.alike.as_ref().map(|alike| context! {
                median => alike.median, same_trace => alike.same_trace, compared => alike.compared,
            }),
            links => Value::from(Serde(&links)),
            missing,
            data => Value::from_safe_string(rows::json(class, folder, &causes, &rows)),
            script => Value::from_safe_string(CLASS_SCRIPT.to_owned()),
        },
    )
}

fn summary(row: &Member) -> Option<&Summary> {
    match &row.standing {
        Standing::Graded(summary) => Some(summary),
        Standing::NotGraded(_) => None,
    }
}
