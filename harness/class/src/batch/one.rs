//! Grading one submission of a class, whatever it does: nothing that is wrong with it reaches the others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use ipclab_report::{Entry, Line as Text, NotGraded, Outcome, SourceFile, Who};

use super::code;
use super::key::Settings;
use super::print::{Print, Starter};
use super::results::{Line, StoredResult};
use ipclab_grade::grade::{self, Grader};
use ipclab_grade::pool::PoolSlice;
use ipclab_grade::progress::Silent;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::{self, Found};
use ipclab_verdict as verdict;

/// What all submissions of a class share.
pub(super) struct Context<'a> {
    pub(super) grader: &'a Grader<'a>,
    pub(super) settings: &'a Settings,
    /// What the starter has, which says nothing about who wrote it.
    pub(super) starter: &'a Starter,
}

/// What became of one.
pub(super) enum Graded {
    /// It is as it was, and so is its result; its student may be known better.
    Unchanged { who: Box<Who> },
    /// It was graded now.
    Now { line: Box<Line> },
}

/// Why there is no report.
struct Ungraded {
    why: String,
    ours: bool,
}

/// Grades a submission, unless `stored` is its result already.
pub(super) fn grade(
    context: &Context<'_>,
    pool: &mut PoolSlice<'_>,
    found: &Found,
    stored: Option<&StoredResult>,
) -> Graded {
    let began = Instant::now();
    let mut who = found.who.clone();
    let (result, panicked) = caught(|| attempt(context, pool, found, stored, &mut who));
    let renewed = pool.renew(panicked);
    let done = match result {
        Ok(Attempt::Unchanged) => return Graded::Unchanged { who: Box::new(who) },
        Ok(Attempt::Graded(done)) => *done,
        Err(hindered) => Done {
            key: context.settings.key_of_nothing(),
            outcome: not_graded(hindered),
            code: Vec::new(),
            print: Print::default(),
        },
    };
    let outcome = match renewed {
        Ok(()) => done.outcome,
        Err(failure) => not_graded(Ungraded::by(&failure)),
    };
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let entry = Entry { who, outcome };
    let mut line = Line::new(&context.grader.lab.spec.lab, done.key, took_ms, entry);
    line.by = context.settings.manifest.clone();
    line.code = done.code;
    line.print = done.print;
    Graded::Now {
        line: Box::new(line),
    }
}

/// Does it. A mistake of ours that one submission brings to light must not end the batch; whether there was one is the
/// second thing to know.
fn caught<T>(work: impl FnOnce() -> Result<T, Ungraded>) -> (Result<T, Ungraded>, bool) {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => (result, false),
        Err(cause) => {
            let why = format!("this tool failed: {}", text_of(cause.as_ref()));
            (Err(Ungraded { why, ours: true }), true)
        }
    }
}

enum Attempt {
    Unchanged,
    Graded(Box<Done>),
}

/// What grading brought.
struct Done {
    key: String,
    outcome: Outcome,
    code: Vec<SourceFile>,
    print: Print,
}

fn attempt(
    context: &Context<'_>,
    pool: &mut PoolSlice<'_>,
    found: &Found,
    stored: Option<&StoredResult>,
    who: &mut Who,
) -> Result<Attempt, Ungraded> {
    // Everything of this submission goes when it is done, not when the batch is.
    let store = context
        .grader
        .store
        .part("one")
        .map_err(|failure| Ungraded::by(&failure))?;
    let submission = import::take_in(found, &store, &mut who.notes).map_err(Ungraded::from)?;
    let key = context.settings.key(&submission);
    if stored.is_some_and(|stored| stored.graded && stored.key == key) {
        return Ok(Attempt::Unchanged);
    }
    let grader = Grader {
        store: &store,
        ..*context.grader
    };
    let record = grade::grade_by(pool, &grader, &submission, &Silent)
        .map_err(|failure| Ungraded::by(&failure))?;
    let report = verdict::report(&context.grader.lab.spec, &record);
    let code = code::of(&submission, &report);
    Ok(Attempt::Graded(Box::new(Done {
        key,
        print: Print::of(&code, &record, context.grader.lab, context.starter),
        code,
        outcome: Outcome::Report(Box::new(report)),
    })))
}

fn not_graded(hindered: Ungraded) -> Outcome {
    Outcome::NotGraded(NotGraded {
        why: Text::new(&hindered.why),
        ours: hindered.ours,
    })
}

impl Ungraded {
    /// The exit code tells trouble of the submission from trouble of the machine.
    fn by(failure: &Failure) -> Self {
        let remedy = failure.remedy.as_deref().filter(|_| failure.code == 3);
        Self {
            why: match remedy {
                Some(remedy) => format!("{} ({remedy})", failure.message),
                None => failure.message.clone(),
            },
            ours: failure.code == 3,
        }
    }
}

impl From<import::Nothing> for Ungraded {
    fn from(nothing: import::Nothing) -> Self {
        match nothing {
            import::Nothing::HandedIn(why) => Self { why, ours: false },
            import::Nothing::Ours(failure) => Self::by(&failure),
        }
    }
}

fn text_of(cause: &(dyn std::any::Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_of_ours_is_one_submissions_trouble() {
        let (result, panicked) = caught::<()>(|| panic!("index {} of {}", 3, 2));
        let hindered = result.err().unwrap();
        assert!(panicked && hindered.ours);
        assert_eq!(hindered.why, "this tool failed: index 3 of 2");
        let (result, panicked) = caught(|| Ok(5));
        assert_eq!((result.ok(), panicked), (Some(5), false));
    }
}
