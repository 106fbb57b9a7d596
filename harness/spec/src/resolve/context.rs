//! What resolving one case needs to know of the rest of the file.

use std::ops::Range;

use super::flaw::{Flaw, within};
use super::template::{Scope, Use, template};
use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::raw::At;
use crate::{After, Program, Template};

/// What resolving one case needs to know, and where it complains.
pub(crate) struct Context<'a> {
    pub(crate) programs: &'a [Program],
    pub(crate) scope: Scope,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

impl Context<'_> {
    /// Reads a template; an unreadable one has been complained about, and stands for itself.
    pub(crate) fn template(&mut self, text: &At<String>, usage: Use) -> Template {
        match template(&text.value, &self.scope, usage) {
            Ok(template) => template,
            Err(flaws) => {
                for flaw in flaws {
                    self.diagnostics.flaw(text, flaw);
                }
                Template::text(&text.value)
            }
        }
    }

    pub(crate) fn templates(&mut self, texts: &[At<String>], usage: Use) -> Vec<Template> {
        texts
            .iter()
            .map(|text| self.template(text, usage))
            .collect()
    }

    /// Checks the name of an actor.
    pub(crate) fn actor(&mut self, text: &At<String>, at: Range<usize>) -> String {
        let name = &text.value[at.clone()];
        if let Err(flaw) = known_actor(name, &self.scope.actors) {
            self.diagnostics.flaw(text, flaw.shifted(at.start));
        }
        name.to_owned()
    }

    /// Reads `"X exits"` and its kind.
    pub(crate) fn after(&mut self, text: &At<String>) -> Option<After> {
        match after(&text.value, &self.scope.actors) {
            Ok(after) => Some(after),
            Err(flaw) => {
                self.diagnostics.flaw(text, flaw);
                None
            }
        }
    }

    /// Reads a text with a small language's reader.
    pub(crate) fn read<T>(
        &mut self,
        text: &At<String>,
        reader: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        match reader(&text.value) {
            Ok(value) => Some(value),
            Err(flaw) => {
                self.diagnostics.flaw(text, flaw);
                None
            }
        }
    }

    /// Where a part of a text stands in the file.
    pub(crate) fn place(&self, text: &At<String>, part: &Range<usize>) -> Range<usize> {
        within(self.diagnostics.text(), text, part)
    }
}

/// Whether there is such an actor; one of several copies is `client.2`.
pub(crate) fn known_actor(name: &str, actors: &[String]) -> Result<(), Flaw> {
    let plain = match name.rsplit_once('.') {
        Some((plain, copy)) if copy.parse::<u32>().is_ok_and(|copy| copy > 0) => plain,
        _ => name,
    };
    if actors.iter().any(|actor| actor == plain) {
        return Ok(());
    }
    let meant = nearest(plain, actors.iter().map(String::as_str));
    let flaw = Flaw::new(
        0..plain.len(),
        format!("there is no actor `{plain}` in this case"),
    )
    .unknown();
    Err(match meant {
        Some(_) => flaw.suggest(meant),
        None if actors.is_empty() => flaw,
        None => flaw.help(format!("its actors: {}", actors.join(", "))),
    })
}

/// Reads what a start or a moment waits for: `"X exits"`, `"X waits"`, `"X listens"`, `"5s"`.
pub(crate) fn after(text: &str, actors: &[String]) -> Result<After, Flaw> {
    let trimmed = text.trim_end();
    if trimmed
        .trim_start()
        .starts_with(|c: char| c.is_ascii_digit())
    {
        return super::time::duration(text).map(After::Clock);
    }
    let Some(blank) = trimmed.rfind(char::is_whitespace) else {
        return Err(Flaw::new(
            0..text.len(),
            "this does not say what the actor must have done",
        )
        .help(
            "write \"server exits\", \"server waits\", \"server listens\", or a time of the case's clock: \"5s\"",
        ));
    };
    let (name, verb) = (trimmed[..blank].trim(), trimmed[blank..].trim_start());
    let at = text.len() - text.trim_start().len();
    known_actor(name, actors).map_err(|flaw| flaw.shifted(at))?;
    let name = name.to_owned();
    match verb {
        "exits" => Ok(After::Exits(name)),
        "waits" => Ok(After::Waits(name)),
        "listens" => Ok(After::Listens(name)),
        _ => {
            let start = trimmed.len() - verb.len();
            Err(Flaw::new(
                start..trimmed.len(),
                format!("an actor cannot be waited for until it `{verb}`"),
            )
            .suggest(nearest(verb, ["exits", "waits", "listens"]))
            .help_if_none("there are exits, waits and listens"))
        }
    }
}
