//! The marks of a class that stand in a folder of results, and what may take their place.
//!
//! Only whole marks are the class's: by every case of the tiers that it is graded on, and all by one spec. What a run looks
//! at beside them goes into a folder of its own in `looks/`. Whole marks by another spec, another build of the tool or
//! other options are a proposal in `gradings/`, until they have been compared and the instructor takes them over.

use std::collections::BTreeSet;
use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_report::{
    Changes, Class, ClassCase, ClassSchema, Held, Line, Mark, Outcome, Regrade, csv,
};

use super::finish::{self, grading};
use super::key::{Settings, tiers};
use super::manifest::{self, How, Role, Run, read_class};
use super::results::{self, Results};
use super::rules::Rules;
use super::settling::Settling;
use super::unfinished::unfinished;
use crate::results_folder::ResultsFolder;

/// How many members are shown whose marks would change.
pub(super) const SHOWN: usize = 40;

/// What the last grading that took the place of another one changed.
const CHANGES: &str = "changes.csv";

/// The class's marks, as a folder of results has them.
pub(super) struct Marks {
    /// Digest of what they were graded by.
    pub(super) settings: String,
    /// The tiers that they are of.
    tiers: Vec<String>,
    /// As the run that made them wrote it.
    pub(super) run: Run,
    /// In short.
    pub(super) class: Class,
}

impl Marks {
    /// Reads them; `None`: no run has finished here.
    ///
    /// # Errors
    /// A file cannot be read, or another version of the tool wrote it.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let Some(run) = Run::read(folder)? else {
            return Ok(None);
        };
        if !folder.join(results::NAME).exists() {
            return Ok(None);
        }
        let results = Results::read_only(folder, &run.settings)?;
        let settings = Self::settings(&run, &results);
        let results = results.by(&settings);
        let class = class_of(&results)?;
        Ok(Some(Self {
            tiers: match &run.how {
                Some(how) if settings == run.settings => how.tiers.clone(),
                Some(_) | None => tiers(class.cases.iter().map(|case| case.tier)),
            },
            settings,
            run,
            class,
        }))
    }

    /// The settings of which most submissions have a result. The first version of this tool let a look at one case take
    /// the place of a class's marks; the other results are in the file all the same. And a run that was killed while it
    /// put results in their place has not said so in `run.json` yet.
    fn settings(run: &Run, results: &Results) -> String {
        let counts = results.settings();
        let known = counts.contains_key(run.settings.as_str());
        if run.how.is_some() && known {
            return run.settings.clone();
        }
        let most = counts
            .iter()
            .max_by_key(|(settings, count)| (**count, **settings == run.settings));
        most.map_or(run.settings.clone(), |(settings, _)| (*settings).to_owned())
    }

    /// Whether there is a mark to lose.
    fn has_any(&self) -> bool {
        let mut members = self.class.submissions.iter();
        members.any(|member| member.final_mark().is_some())
    }

    /// The class with what the instructor says of it now.
    pub(super) fn settled(&self, settling: &Settling) -> Class {
        let mut class = self.class.clone();
        settling.settle(&mut class);
        class
    }

    /// How they were graded, where that is known.
    fn how(&self) -> Option<&How> {
        let how = self.run.how.as_ref()?;
        (self.run.settings == self.settings).then_some(how)
    }

    /// What other settings differ in, in words.
    pub(super) fn differs(&self, settings: &Settings) -> String {
        match self.how() {
            Some(how) => how.differs(&settings.how).join(", "),
            None => "another build of this tool".to_owned(),
        }
    }

    /// Copies them into a folder of their own, from where they can be taken over again.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn keep_apart(
        &self,
        top: &ResultsFolder,
        settling: &Settling,
    ) -> Result<(), Failure> {
        let apart = top.part(&grading(&self.settings))?;
        let results = Results::read_only(&top.path(""), &self.settings)?;
        finish::set_apart(top, &results)?;
        copy(&results, &apart)?;
        let results = Results::read_only(&apart.path(""), &self.settings)?;
        let mut class = Class {
            submissions: Vec::new(),
            ..self.class.clone()
        };
        let about = Run {
            schema: manifest::SCHEMA.to_owned(),
            settings: self.settings.clone(),
            how: self.how().map(|how| How {
                role: Role::Replaced,
                ..how.clone()
            }),
            ..self.run.clone()
        };
        finish::write(&apart, &results, &mut class, &about, settling)?;
        Ok(())
    }
}

/// Writes results into another folder.
fn copy(results: &Results, into: &ResultsFolder) -> Result<(), Failure> {
    let all: Vec<_> = results.all().collect();
    into.write_by(results::NAME, |file| finish::copy(results, &all, file))
}

/// The class that the lines of a file make. Every line by the same settings has the same cases.
pub(super) fn class_of(results: &Results) -> Result<Class, Failure> {
    let mut class = Class {
        schema: ClassSchema,
        lab: Line::default(),
        title: Line::default(),
        unit: Vec::new(),
        max: 0,
        cases: Vec::new(),
        submissions: Vec::new(),
        missing: Vec::new(),
        not_handed_in: None,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    };
    for (_, kept) in results.all() {
        let entry = results.line(kept)?.entry;
        if let (Outcome::Report(report), true) = (&entry.outcome, class.cases.is_empty()) {
            class.lab = report.lab.clone();
            class.title = report.title.clone();
            class.unit = report.unit.clone();
            class.max = report.score.max;
            class.cases = report.cases.iter().map(ClassCase::of_report).collect();
        }
        class.submissions.push(entry.member());
    }
    Ok(class)
}

/// Where the results of a run go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// They are the class's marks, or go on with them.
    Marks,
    /// They could be the class's marks.
    Proposal,
    /// They are of some cases or tiers only.
    Look,
}

impl Place {
    /// By what a run grades, what the class's own file says, and what there is. `lab` has the tiers of the spec.
    pub(super) fn of(
        settings: &Settings,
        lab: &[String],
        rules: &Rules,
        marks: Option<&Marks>,
    ) -> Self {
        let how = &settings.how;
        let graded: BTreeSet<&String> = how.tiers.iter().collect();
        let of_lab = |tiers: &[String]| -> BTreeSet<String> {
            let known = tiers.iter().filter(|tier| lab.contains(tier));
            known.cloned().collect()
        };
        let whole = match (rules.tiers.is_empty(), marks) {
            (false, _) => {
                let ruled = of_lab(&tiers(rules.tiers.iter().copied()));
                ruled.iter().eq(graded.iter().copied())
            }
            (true, Some(marks)) => {
                let counted = of_lab(&marks.tiers);
                counted.iter().all(|tier| graded.contains(tier))
            }
            (true, None) => true,
        };
        if !how.cases.is_empty() || !whole {
            return Self::Look;
        }
        match marks {
            Some(marks) if marks.settings != settings.as_str() && marks.has_any() => Self::Proposal,
            Some(_) | None => Self::Marks,
        }
    }

    /// The part that the results play for the class.
    pub(super) fn role(self) -> Role {
        match self {
            Self::Marks => Role::Marks,
            Self::Proposal => Role::Proposal,
            Self::Look => Role::Look,
        }
    }

    /// The folder in the folder of results; `None`: the folder itself.
    pub(super) fn folder(self, settings: &Settings) -> Option<String> {
        match self {
            Self::Marks => None,
            Self::Proposal => Some(grading(settings.as_str())),
            Self::Look => {
                let how = &settings.how;
                let (what, names) = match how.cases.is_empty() {
                    true => ("tier", &how.tiers),
                    false => ("case", &how.cases),
                };
                let mut name = format!("{what}-{}", names.join("+"));
                name.truncate(80);
                let digest: String = settings.as_str().chars().take(8).collect();
                Some(format!("looks/{name}-{digest}"))
            }
        }
    }
}

/// What became of a proposal.
pub(super) enum Decision {
    /// It has the place of the class's marks now.
    Taken(String),
    /// The class's marks are as they were.
    Left {
        /// What is to be known.
        notes: Vec<String>,
        /// Whether the machine's trouble is the reason.
        trouble: bool,
    },
}

/// Compares a proposal with the class's marks, and takes it over where nothing changes, or the instructor wants it.
///
/// # Errors
/// The disk's.
pub(super) fn decide(
    top: &ResultsFolder,
    marks: &Marks,
    settings: &Settings,
    settling: &Settling,
    proposal: &finish::Outcome,
    consent: &mut dyn FnMut(&str) -> bool,
) -> Result<Decision, Failure> {
    let mut changes = Changes::between(&marks.settled(settling), &proposal.class);
    let differs = marks.differs(settings);
    let folder = top.display(&grading(settings.as_str()));
    let untried = super::summary::is_not_yet;
    let members = &proposal.class.submissions;
    let untried: BTreeSet<&Line> = members
        .iter()
        .filter(|member| untried(member))
        .map(|member| &member.who.id)
        .collect();
    let kept_back = changes.of_marks().filter(|change| change.loses_the_mark());
    let kept_back: Vec<String> = kept_back
        .filter(|change| !untried.contains(&change.who.id))
        .map(|change| change.who.id.to_string())
        .collect();
    let waits = {
        let before = changes.of_marks();
        before
            .filter(|change| untried.contains(&change.who.id))
            .count()
    };
    changes
        .members
        .retain(|change| !untried.contains(&change.who.id));
    let changed = changes.of_marks().next().is_some() || changes.max.0 != changes.max.1;
    let shown = format!(
        "graded by {differs}; beside the class's marks:\n{}",
        changes.text(SHOWN)
    );
    let regrade = Regrade {
        by: Line::new(&differs),
        taken: false,
        changes,
    };
    if waits > 0 || !kept_back.is_empty() {
        show(top, settings, proposal, regrade)?;
        let mut notes = vec![shown];
        if waits > 0 {
            notes.push(format!(
                "The class's marks are as they were: {waits} of them have no mark by this grading yet.\n\
                 Grade the whole class by it (without --only) to compare all; what is graded by now is in {folder}"
            ));
        }
        if !kept_back.is_empty() {
            notes.push(format!(
                "The class's marks are as they were: these have a mark, and by this grading they would have none: {}.\n\
                 Mend what kept them from being graded, and run the same command again",
                kept_back.join(", ")
            ));
        }
        return Ok(Decision::Left {
            notes,
            trouble: !kept_back.is_empty(),
        });
    }
    if changed && !consent(&shown) {
        show(top, settings, proposal, regrade)?;
        return Ok(Decision::Left {
            notes: vec![
                shown,
                format!(
                    "The class's marks are as they were. To put these in their place: the same command with --replace.\n\
                     Pages and tables of this grading are in {folder}"
                ),
            ],
            trouble: false,
        });
    }
    take(top, marks, settings, settling, proposal, regrade)?;
    let note = match changed {
        false => format!("note: graded anew by {differs}: no mark of the class has changed"),
        true => format!(
            "note: {shown}The marks of before are in {}",
            top.display(&grading(&marks.settings))
        ),
    };
    Ok(Decision::Taken(note))
}

/// Shows on the page of a proposal what it would change.
fn show(
    top: &ResultsFolder,
    settings: &Settings,
    proposal: &finish::Outcome,
    regrade: Regrade,
) -> Result<(), Failure> {
    let class = Class {
        regrade: Some(regrade),
        ..proposal.class.clone()
    };
    finish::write_class(&top.part(&grading(settings.as_str()))?, &class)
}

/// The marks that were other ones before this run of the same grading: those of submissions handed in anew.
pub(super) fn news(marks: &Marks, settling: &Settling, now: &finish::Outcome) -> Option<String> {
    let mut changes = Changes::between(&marks.settled(settling), &now.class);
    let had = |held: &Held| matches!(held, Held::Mark(Mark::Final(_)));
    changes.members.retain(|change| had(&change.before));
    (!changes.is_empty()).then(|| {
        format!(
            "note: marks that this run changed:\n{}",
            changes.text(SHOWN)
        )
    })
}

/// Puts a proposal in the place of the class's marks. Killed anywhere, it leaves either the old marks or the new ones, and
/// the lines of both.
fn take(
    top: &ResultsFolder,
    marks: &Marks,
    settings: &Settings,
    settling: &Settling,
    proposal: &finish::Outcome,
    regrade: Regrade,
) -> Result<(), Failure> {
    marks.keep_apart(top, settling)?;
    let from = grading(settings.as_str());
    let results = Results::read_only(&top.path(&from), settings.as_str())?;
    copy(&results, top)?;
    let results = Results::read_only(&top.path(""), settings.as_str())?;
    let mut class = proposal.class.clone();
    class
        .submissions
        .retain(|member| results.get(&member.who.id).is_none());
    if !regrade.changes.is_empty() {
        top.write(CHANGES, &csv::changes(&regrade.changes))?;
        class.notes.push(Line::new(&format!(
            "graded anew by {}: {} (student by student in {CHANGES})",
            regrade.by,
            regrade.changes.counts()
        )));
        class.regrade = Some(Regrade {
            taken: true,
            ..regrade
        });
    }
    let about = Run {
        how: proposal.about.how.clone().map(|how| How {
            role: Role::Marks,
            ..how
        }),
        ..proposal.about.clone()
    };
    finish::write(top, &results, &mut class, &about, settling)?;
    top.remove(&from);
    Ok(())
}

/// The class of a folder of results, with the overrides and rules that stand there now, or of a class.json as it is. Marks of
/// before and proposals lie two folders below that of the class, where these are.
///
/// # Errors
/// It cannot be read, or what the instructor wrote is wrong.
pub(crate) fn settled_class(path: &Path) -> Result<Class, Failure> {
    if let Some(failure) = unfinished(path) {
        return Err(failure);
    }
    let mut class = read_class(path)?;
    if !path.is_dir() {
        return Ok(class);
    }
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let top = match Run::read(path)?.and_then(|run| run.how) {
        Some(how) if how.role != Role::Marks => whole.ancestors().nth(2).unwrap_or(path),
        Some(_) | None => path,
    };
    Settling::read(top)?.settle(&mut class);
    Ok(class)
}

/// By what a folder was graded, in brackets.
///
/// # Errors
/// Its manifest cannot be read.
pub(crate) fn graded_by(path: &Path, class: &Class) -> Result<String, Failure> {
    let run = if path.is_dir() {
        Run::read(path)?
    } else {
        None
    };
    let graded = class.submissions.len();
    Ok(match run.and_then(|run| run.how) {
        None => format!(" ({graded} submissions)"),
        Some(how) => format!(
            " ({graded} submissions, spec {}, tool {}, {}, {})",
            how.spec,
            how.tool,
            how.isolation,
            how.options()
        ),
    })
}
