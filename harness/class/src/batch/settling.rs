//! What counts for a class beside what was graded: its rules, and what its instructor says by hand.

use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_report::{Class, Lateness, Line, Override};

use super::overrides;
use super::rules::{RULES, Rules};

/// How many of a kind are named one by one.
const NAMED: usize = 5;

/// What the instructor wrote into a folder of results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settling {
    /// `class.toml`
    pub(crate) rules: Rules,
    /// `overrides.toml`, `overrides.csv`
    overrides: Vec<Override>,
}

impl Settling {
    /// Reads what there is.
    ///
    /// # Errors
    /// A file cannot be read, or says what cannot be.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            rules: Rules::read(folder)?,
            overrides: overrides::read(folder)?,
        })
    }

    /// Puts it beside what was graded. Gives what the instructor has to look at; the class's page says it, too.
    pub(crate) fn settle(&self, class: &mut Class) -> Vec<String> {
        let mut told = class.settle(&self.overrides, self.rules.late.as_ref());
        if let Some(points) = class.not_handed_in
            && class.max > 0
            && points > class.max
        {
            class.not_handed_in = None;
            told.push(format!(
                "not-handed-in = {points} of {RULES} is not applied: it is more than the {} points that there are",
                class.max
            ));
        }
        told.extend(self.unclear(class));
        class.notes.retain(|note| !note.starts_with(MARK));
        let notes = told.iter().map(|told| Line::new(&format!("{MARK}{told}")));
        class.notes.extend(notes);
        told
    }

    /// Submissions of which it is not known how late they are.
    fn unclear(&self, class: &Class) -> Vec<String> {
        let Some(rule) = &self.rules.late else {
            return Vec::new();
        };
        let members = class.submissions.iter();
        let unread: Vec<String> = members
            .clone()
            .filter_map(|member| {
                let text = rule.unread(&member.who)?;
                Some(format!("{} ({text})", member.who.id))
            })
            .collect();
        let open: Vec<String> = members
            .clone()
            .filter(|member| {
                let late = member.settled.late.as_ref();
                let is_open = late.is_some_and(|late| late.least != late.most);
                is_open && rule.lateness(&member.who) == Lateness::Unknown
            })
            .map(|member| member.who.id.to_string())
            .collect();
        let silent = members.filter(|member| {
            let who = &member.who;
            rule.deadline.is_some() && who.late.is_none() && who.timing.is_unknown()
        });
        let silent = silent.count();
        let mut told = Vec::new();
        if !unread.is_empty() {
            told.push(format!(
                "what is said of when these came cannot be read: {}; say it in the roster's columns \"handed in\" \
                 (2026-03-01 13:00), \"late by\" (2 days 3 hours) or \"extension\", or with late-days in overrides.toml",
                some(&unread)
            ));
        }
        if !open.is_empty() {
            told.push(format!(
                "late, and it is not known by how much, so that there is no final mark: {}; \
                 a roster can say it in a column \"handed in\" or \"late by\", and overrides.toml with late-days",
                some(&open)
            ));
        }
        if silent > 0 {
            told.push(format!(
                "nothing says when {silent} submissions were handed in: they are taken to be in time"
            ));
        }
        told
    }
}

/// Before notes on the class's page that are made anew each time.
const MARK: &str = "by hand and by rule: ";

fn some(all: &[String]) -> String {
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", all[..all.len().min(NAMED)].join(", "))
}
