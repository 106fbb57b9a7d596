//! The end of a run: from the lines of `results.jsonl` to what people and other systems read.

use std::fs::File;
use std::io::{self, Write};

use ipclab_report::{Class, ClassCase, ClassSchema, Line, Member, Standing, Student};
use serde::{Deserialize, Serialize};

use super::key::{Settings, has_settings};
use super::pages;
use super::results::{self, Results, StoredResult};
use super::shard::Shard;
use crate::finished::Finished;
use crate::results_folder::ResultsFolder;
use ipclab_grade::grade::Grader;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::import;
use ipclab_intake::show::path as display;

/// How a folder of results was made: what `merge` compares.
pub(super) const RUN: &str = "run.json";
/// The class in short.
pub(super) const CLASS: &str = "class.json";
/// Results of submissions that are no longer there.
const LEFT_OUT: &str = "left-out.jsonl";

/// How a folder of results was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    pub(super) schema: String,
    /// Version of the tool.
    pub(super) tool: String,
    /// The lab's name.
    pub(super) lab: String,
    /// By what was graded, as a digest.
    pub(super) settings: String,
    /// Where the class came from.
    pub(super) system: String,
    /// How many submissions the class has, those of other parts included.
    pub(super) submissions: usize,
    /// The part that was graded; `None`: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard: Option<String>,
}

/// Version of [`Run`].
pub(super) const RUN_SCHEMA: &str = "ipclab/run/v1";

/// What there is to finish.
pub(super) struct Finish<'a> {
    pub(super) out: &'a ResultsFolder,
    pub(super) grader: &'a Grader<'a>,
    pub(super) settings: &'a Settings,
    pub(super) class: &'a import::Class,
    pub(super) shard: Option<Shard>,
    pub(super) kept: usize,
    pub(super) spared: usize,
}

/// Writes everything, and says what came of it.
///
/// # Errors
/// The disk's.
pub(super) fn finish(run: &Finish<'_>) -> Result<Finished, Failure> {
    let out = run.out;
    let lab = run.grader.lab;
    let results = Results::read_only(&out.path(""))?;
    let (present, gone): (Vec<_>, Vec<_>) = results.all().partition(|(id, _)| {
        let mut found = run.class.found.iter();
        found.any(|found| found.who.id.as_str() == id.as_str())
    });
    let note = leave_out(out, &results, &gone)?;
    out.write_by(results::NAME, |file| copy(&results, &present, file))?;

    let results = Results::read_only(&out.path(""))?;
    let cases = run.grader.cases()?;
    let mut class = Class {
        schema: ClassSchema,
        lab: Line::new(&lab.spec.lab),
        title: Line::new(&lab.spec.title),
        unit: lab.spec.unit.iter().map(|text| Line::new(text)).collect(),
        max: cases.iter().map(|case| case.points.max()).sum(),
        cases: cases.iter().map(|case| ClassCase::of(case)).collect(),
        submissions: Vec::new(),
        missing: run.class.missing.clone(),
        notes: run.class.notes.iter().map(|note| Line::new(note)).collect(),
    };
    let about = Run {
        schema: RUN_SCHEMA.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        lab: lab.spec.lab.clone(),
        settings: run.settings.as_str().to_owned(),
        system: run.class.system.name().to_owned(),
        submissions: run.class.found.len(),
        shard: run.shard.map(|shard| shard.to_string()),
    };
    write(out, &results, &mut class, &about)?;

    let mine = |found: &&import::Found| run.shard.is_none_or(|shard| shard.has(&found.who.id));
    let expected = run.class.found.iter().filter(mine).count();
    let summary = Summary {
        out,
        class: &class,
        expected,
        kept: run.kept,
        spared: run.spared,
    };
    Ok(Finished {
        notes: note.into_iter().collect(),
        text: summary.text(),
        exit_code: summary.exit_code(),
    })
}

/// Gathers the members of a class from its lines, one after another since whole reports are large, and writes everything
/// that is made of the lines.
///
/// # Errors
/// The disk's.
pub(super) fn write(
    out: &ResultsFolder,
    results: &Results,
    class: &mut Class,
    about: &Run,
) -> Result<(), Failure> {
    for (_, kept) in results.all() {
        if has_settings(&about.settings, &kept.key) {
            class.submissions.push(results.line(kept)?.entry.member());
        }
    }
    out.write(CLASS, &json(class))?;
    pages::write(out, results, class, &about.settings)?;
    out.write(RUN, &json(about))
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and lists: there is nothing that JSON cannot say.
    let mut text = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    text.push('\n');
    text
}

/// Writes lines, in this order.
pub(super) fn copy(
    results: &Results,
    kept: &[(&String, &StoredResult)],
    file: &mut dyn Write,
) -> io::Result<()> {
    for (_, kept) in kept {
        file.write_all(&results.bytes(kept)?)?;
    }
    Ok(())
}

/// Puts results aside whose submissions are no longer there: nothing that was graded is thrown away. Gives what is to be
/// said about it.
fn leave_out(
    out: &ResultsFolder,
    results: &Results,
    gone: &[(&String, &StoredResult)],
) -> Result<Option<String>, Failure> {
    if gone.is_empty() {
        return Ok(None);
    }
    let path = out.path(LEFT_OUT);
    let file = File::options().create(true).append(true).open(&path);
    file.and_then(|mut file| {
        copy(results, gone, &mut file)?;
        file.sync_data()
    })
    .map_err(|error| Failure::unable(format!("writing {}: {}", display(&path), reason(&error))))?;
    let names: Vec<String> = gone.iter().take(5).map(|(id, _)| (*id).clone()).collect();
    let more = if gone.len() > 5 { ", ..." } else { "" };
    Ok(Some(format!(
        "note: results of submissions that are no longer there were moved to {}: {}{more}",
        out.display(LEFT_OUT),
        names.join(", ")
    )))
}

/// The last words of a run.
pub(super) struct Summary<'a> {
    pub(super) out: &'a ResultsFolder,
    pub(super) class: &'a Class,
    /// How many submissions there should be results of.
    pub(super) expected: usize,
    /// How many of them were not graded again.
    pub(super) kept: usize,
    /// How many runs were those of another submission with the same program.
    pub(super) spared: usize,
}

impl Summary<'_> {
    /// Submissions without a mark that stands.
    fn open(&self) -> Vec<&Member> {
        let open = |member: &&Member| match &member.standing {
            Standing::NotGraded(_) => true,
            Standing::Graded(summary) => summary.cases.iter().any(|cell| match cell.verdict {
                ipclab_judge::Verdict::Unknown => true,
                ipclab_judge::Verdict::Pass
                | ipclab_judge::Verdict::Fail
                | ipclab_judge::Verdict::Skipped => false,
            }),
        };
        self.class.submissions.iter().filter(open).collect()
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let class = self.class;
        let open = self.open();
        let graded = class.submissions.len() - open.len();
        let kept = match self.kept {
            0 => String::new(),
            kept => format!(" ({kept} as before, not graded again)"),
        };
        let mut text = format!(
            "{} · {}\n  graded      {graded} of {}{kept}\n",
            class.lab, class.title, self.expected
        );
        let mut points: Vec<u32> = class.submissions.iter().filter_map(points).collect();
        points.sort_unstable();
        if let (Some(least), Some(most)) = (points.first(), points.last()) {
            let sum: u64 = points.iter().copied().map(u64::from).sum();
            let tenths = (sum * 10 + points.len() as u64 / 2) / points.len() as u64;
            let median = points[points.len() / 2];
            text.push_str(&format!(
                "  points      {}.{} on average, median {median}, from {least} to {most} of {}\n",
                tenths / 10,
                tenths % 10,
                class.max
            ));
        }
        let late = class.submissions.iter();
        let late = late.filter(|member| member.who.late == Some(true)).count();
        if late > 0 {
            text.push_str(&format!("  late        {late}\n"));
        }
        if self.spared > 0 {
            let runs = if self.spared == 1 { "run" } else { "runs" };
            text.push_str(&format!(
                "  alike       {} {runs} of programs that somebody else had handed in, too\n",
                self.spared
            ));
        }
        if !class.missing.is_empty() {
            text.push_str(&format!(
                "  missing     {} of the roster\n",
                class.missing.len()
            ));
        }
        text.push_str(&format!("  results in  {}\n", self.out.name()));
        text.push_str(&format!(
            "  to read     {}\n",
            self.out.display(pages::CLASS)
        ));
        let yet = self.expected.saturating_sub(class.submissions.len());
        if yet > 0 {
            text.push_str(&format!("\nNot graded yet: {yet}\n"));
        }
        if !open.is_empty() {
            text.push_str("\nWithout a mark that stands:\n");
            for member in open.iter().take(20) {
                text.push_str(&format!("  {}: {}\n", member.who.id, why(member)));
            }
            if open.len() > 20 {
                text.push_str(&format!(
                    "  ... and {} more, all in {CLASS}\n",
                    open.len() - 20
                ));
            }
        }
        text
    }

    /// 0: all students have a mark. 3: a student has none.
    pub(super) fn exit_code(&self) -> u8 {
        let all = self.open().is_empty() && self.class.submissions.len() >= self.expected;
        if all { 0 } else { 3 }
    }
}

fn points(member: &Member) -> Option<u32> {
    match &member.standing {
        Standing::Graded(summary) => Some(summary.score.earned),
        Standing::NotGraded(_) => None,
    }
}

fn why(member: &Member) -> String {
    match &member.standing {
        Standing::NotGraded(why) => why.why.to_string(),
        Standing::Graded(summary) => {
            let unknown: Vec<String> = summary
                .cases
                .iter()
                .filter(|cell| cell.verdict == ipclab_judge::Verdict::Unknown)
                .map(|cell| match &cell.says {
                    Some(says) => format!("{} ({says})", cell.id),
                    None => cell.id.to_string(),
                })
                .collect();
            let first = unknown.first().cloned().unwrap_or_default();
            match unknown.len() {
                0 | 1 => format!("could not be graded in {first}"),
                n => format!("could not be graded in {n} cases, such as {first}"),
            }
        }
    }
}

/// What an import found, for `--list`.
pub fn list(class: &import::Class) -> String {
    let mut text = format!(
        "{} submissions, from {}\n",
        class.found.len(),
        class.system.name()
    );
    let width = class.found.iter().map(|one| one.who.id.chars().count());
    let width = width.max().unwrap_or(0).min(40);
    for one in &class.found {
        let students: Vec<String> = one.who.students.iter().map(described).collect();
        let late = if one.who.late == Some(true) {
            "  late"
        } else {
            ""
        };
        let what = match &one.from {
            import::From::Folder(_) => "a folder".to_owned(),
            import::From::Files(files) => {
                let names: Vec<String> = files
                    .iter()
                    .map(|(_, name)| Line::new(name).to_string())
                    .collect();
                names.join(", ")
            }
            import::From::Nothing(why) => Line::new(why).to_string(),
        };
        let students = match students.is_empty() {
            true => String::new(),
            false => format!("  {}", students.join(", ")),
        };
        text.push_str(&format!(
            "  {:width$}{students}{late}  [{what}]\n",
            one.who.id
        ));
    }
    for student in &class.missing {
        text.push_str(&format!("  missing: {}\n", described(student)));
    }
    text
}

fn described(student: &Student) -> String {
    let ids: Vec<String> = student
        .ids
        .iter()
        .map(|(key, id)| format!("{key} {id}"))
        .collect();
    match (&student.name, ids.is_empty()) {
        (Some(name), true) => name.to_string(),
        (Some(name), false) => format!("{name} ({})", ids.join(", ")),
        (None, _) => ids.join(", "),
    }
}
