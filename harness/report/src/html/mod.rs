//! Pages for people: of one submission, of a class, and of which programs work together in it.
//!
//! A page is one file: no network, style and pictures within, and no script but the class's, which sorts and filters. What
//! students wrote goes through the template engine's escaping, through [`escape`] in pictures, or as JSON that holds no `<`
//! to the script, which makes text of it and never markup.

mod class;
mod code;
mod escape;
mod interop;
mod lines;
mod svg;
mod view;

use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use escape::escape;

use crate::by_hand::{settled_for_staff, settled_for_students};
use crate::{Class, Line, Member, Outcome, Report, SourceFile, Who, words};

pub use class::class;
pub use interop::interop;

const STYLE: &str = include_str!("templates/style.css");
const LAYOUT: &str = include_str!("templates/layout.html");
const SUBMISSION: &str = include_str!("templates/submission.html");
const CLASS: &str = include_str!("templates/class.html");
const CLASS_SCRIPT: &str = include_str!("templates/class.js");
const INTEROP: &str = include_str!("templates/interop.html");

/// The reader of a submission's page.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// The staff, who see the rest of the class and the code.
    Staff {
        /// The address of the class's page.
        class_page: &'a str,
        /// What was handed in.
        code: &'a [SourceFile],
    },
    /// Its student.
    Student,
}

/// A page of one submission.
#[must_use]
pub fn render(report: &Report) -> String {
    page(report, report.submission.as_str(), &Frame::default())
}

/// A page of a submission of a class.
#[must_use]
pub fn submission(class: &Class, member: &Member, outcome: &Outcome, reader: Reader<'_>) -> String {
    let who = &member.who;
    let name = words::called(who);
    let frame = Frame::of(class, member, outcome, reader);
    match outcome {
        Outcome::Report(report) => page(report, &name, &frame),
        Outcome::NotGraded(why) => {
            let remedy = if why.ours {
                "This costs no points. The author of the lab will look into it."
            } else {
                "Hand it in again as the lab's text says."
            };
            fill(
                "submission.html",
                context! {
                    style => style(), lab => class.lab.as_str(), title => "Not graded", name,
                    class_page => frame.class_page, neighbours => &frame.neighbours,
                    not_graded => context! { why => why.why.as_str(), remedy },
                    details => frame.details,
                    settled => frame.settled, counts => frame.counts,
                    code => Value::from(Serde(&frame.code)),
                },
            )
        }
    }
}

/// What stands around a report on the page of a class's submission.
#[derive(Default)]
struct Frame<'a> {
    class_page: Option<&'a str>,
    /// The submissions before and behind it, for staff: `Previous`, the page and the name.
    neighbours: Vec<(&'static str, String, String)>,
    details: Vec<(String, String)>,
    /// What was said by hand, and what being late costs.
    settled: Vec<String>,
    /// The mark with all of that.
    counts: Option<String>,
    code: Vec<code::FileView>,
}

impl<'a> Frame<'a> {
    fn of(class: &Class, member: &Member, outcome: &Outcome, reader: Reader<'a>) -> Self {
        let mark = member.mark().map(|mark| format!("{mark} of {}", class.max));
        let (settled, counts) = match reader {
            _ if member.settled.is_nothing() => (Vec::new(), None),
            Reader::Staff { .. } => (settled_for_staff(member), mark),
            // Where something is kept from students, a sum over everything would tell what became of it.
            Reader::Student => {
                let whole = match outcome {
                    Outcome::Report(report) => report.withheld.is_none(),
                    Outcome::NotGraded(_) => true,
                };
                (settled_for_students(class, member), mark.filter(|_| whole))
            }
        };
        let (class_page, code) = match reader {
            Reader::Staff { class_page, code } => (Some(class_page), code::views(code, outcome)),
            Reader::Student => (None, Vec::new()),
        };
        Self {
            class_page,
            neighbours: match reader {
                Reader::Staff { .. } => neighbours(class, member),
                Reader::Student => Vec::new(),
            },
            details: details(&member.who),
            settled,
            counts,
            code,
        }
    }
}

fn page(report: &Report, name: &str, frame: &Frame<'_>) -> String {
    let groups = view::groups(report);
    let tiers: Vec<_> = report
        .score
        .tiers
        .iter()
        .map(|(tier, score)| view::tier(*tier, score))
        .collect();
    let unit: Vec<&str> = report.unit.iter().map(Line::as_str).collect();
    let programs: Vec<_> = report.programs.iter().map(view::program).collect();
    let causes = view::causes(report);
    // Where the whole code is, the mistakes stand beside its lines.
    let lines = match frame.code.is_empty() {
        true => lines::files(report),
        false => Vec::new(),
    };
    fill(
        "submission.html",
        context! {
            style => style(),
            lab => report.lab.as_str(),
            title => report.title.as_str(),
            unit => unit.join(", "),
            name,
            class_page => frame.class_page,
            neighbours => &frame.neighbours,
            details => &frame.details,
            settled => &frame.settled,
            counts => &frame.counts,
            code => Value::from(Serde(&frame.code)),
            isolation => view::isolation(report),
            isolation_notes => report.isolation_notes.iter().map(Line::to_string).collect::<Vec<_>>(),
            certain => words::certain(report),
            earned => report.score.earned,
            max => report.score.max,
            unknown => report.score.unknown,
            withheld => words::withheld(report),
            tiers => Value::from(Serde(&tiers)),
            programs => Value::from(Serde(&programs)),
            causes => Value::from(Serde(&causes)),
            lines => Value::from(Serde(&lines)),
            groups => Value::from(Serde(&groups)),
        },
    )
}

/// The submissions before and behind one, by id.
fn neighbours(class: &Class, member: &Member) -> Vec<(&'static str, String, String)> {
    let members = &class.submissions;
    let Ok(at) = members.binary_search_by(|one| one.who.id.cmp(&member.who.id)) else {
        return Vec::new();
    };
    let before = at.checked_sub(1).map(|at| ("Previous", at));
    let both = before.into_iter().chain([("Next", at + 1)]);
    let link = |(label, at): (&'static str, usize)| {
        let who = &members.get(at)?.who;
        Some((label, format!("./{}.html", who.page), words::called(who)))
    };
    both.filter_map(link).collect()
}

/// What is known of how a submission came, as pairs of name and value.
fn details(who: &Who) -> Vec<(String, String)> {
    let mut details = Vec::new();
    if words::called(who) != who.id.as_str() {
        details.push(("handed in as".to_owned(), who.id.to_string()));
    }
    match who.late {
        Some(true) => details.push(("when".to_owned(), "late".to_owned())),
        Some(false) => details.push(("when".to_owned(), "in time".to_owned())),
        None => {}
    }
    let handed_in = "handed in";
    if let Some(at) = &who.timing.handed_in
        && !who.about.keys().any(|name| name.as_str() == handed_in)
    {
        details.push((handed_in.to_owned(), at.to_string()));
    }
    for (name, value) in &who.about {
        details.push((name.to_string(), value.to_string()));
    }
    for note in &who.notes {
        details.push(("note".to_owned(), note.to_string()));
    }
    details
}

fn style() -> Value {
    Value::from_safe_string(STYLE.to_owned())
}

/// The templates, parsed once: a class has thousands of pages.
fn pages() -> Result<&'static Environment<'static>, &'static minijinja::Error> {
    static PAGES: OnceLock<Result<Environment<'static>, minijinja::Error>> = OnceLock::new();
    let parsed = || {
        let mut pages = Environment::new();
        pages.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        pages.set_auto_escape_callback(|_| AutoEscape::Html);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        pages.set_syntax(syntax);
        pages.add_template("layout.html", LAYOUT)?;
        pages.add_template("submission.html", SUBMISSION)?;
        pages.add_template("class.html", CLASS)?;
        pages.add_template("interop.html", INTEROP)?;
        Ok(pages)
    };
    PAGES.get_or_init(parsed).as_ref()
}

/// Fills a template. They are part of the tool and tested with every kind of report, so an error is a mistake of ours:
/// it is told on the page instead of ending the tool.
fn fill(template: &str, context: Value) -> String {
    let filled = || {
        let pages = pages().map_err(|error| format!("{error:#}"))?;
        let template = pages.get_template(template);
        let page = template.and_then(|template| template.render(context));
        page.map_err(|error| format!("{error:#}"))
    };
    let mut page = match filled() {
        Ok(page) => page,
        Err(error) => format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>No page</title>\n<p>This page could not be made: {}</p>\n</html>",
            escape(&error)
        ),
    };
    page.push('\n');
    page
}
