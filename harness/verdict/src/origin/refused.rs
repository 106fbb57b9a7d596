//! What should have been refused, and was not.

use ipclab_evidence::{Exit, SourceLine, canonical};
use ipclab_spec::{Aspect, Player};

use super::look::{Look, Spot, at};
use super::origins::WEATHER;
use super::source::{Function, Source};

impl<'a> Look<'a> {
    /// What was wrong with what it was given, and it did its work: where it looks at how many arguments there are, and at what
    /// they are.
    pub(super) fn not_refused(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        const SAID: [&str; 7] = [
            " never ended although ",
            "printed nothing on stderr",
            "found nothing wrong",
            "its first process counts",
            "a program that cannot do its work",
            "did not print `usage",
            "did not print `Usage",
        ];
        let said = SAID.iter().any(|text| self.says(text));
        let main = self.main_spot();
        // Of what it printed all the same only the number of arguments says why.
        let printed = || {
            let counts = main.is_some_and(|spot| self.is_count(spot));
            self.says(", which must not be there") && counts
        };
        let ended_well = self.actor.is_some_and(|(_, actor)| match actor.exit {
            Exit::Code(status) => status == 0 || actor.processes > 1,
            Exit::Running { .. } => true,
            Exit::NotStarted | Exit::NotExecuted(_) | Exit::Signal { .. } | Exit::Stopped(_) => {
                false
            }
        });
        let complained = self
            .actor
            .is_some_and(|(_, actor)| !actor.stderr.head.0.is_empty());
        let is_it = self.must_fail && self.is_own && ended_well && (said || printed());
        if !is_it || complained || self.has_failed() {
            return Vec::new();
        }
        let Some(spot) = main else {
            return Vec::new();
        };
        let counted = self.counted(spot);
        let taken = self.given_values(spot);
        match self.is_count(spot) {
            true => counted.into_iter().chain(taken).collect(),
            false => taken.into_iter().chain(counted).collect(),
        }
    }

    /// It had done a part of its work before it refused what it was given: what looks at that, and what it does then.
    pub(super) fn refused_late(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Memory && self.says("does not hold");
        if !self.must_fail || !is_it || self.has_failed() {
            return Vec::new();
        }
        let Some(spot) = self.main_spot() else {
            return Vec::new();
        };
        let looks = self.looks_at_converted(spot);
        let does = looks.as_ref().and_then(|line| {
            let spot = self.spot(line)?;
            let mut controls = spot.source.controls(spot.function).into_iter();
            let control = controls.find(|it| spot.source.line(it.at) == Some(spot.line))?;
            let open = spot.source.is(control.body.start, "{");
            spot.source.place(control.body.start + usize::from(open))
        });
        looks.into_iter().chain(does).collect()
    }

    /// A number that it was given is too small or too great, and it took it: where a function of its own gives back what it made of
    /// a text, and looks at the text alone.
    pub(super) fn out_of_range(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_accepted =
            self.says(", which must not be there") || self.says("found nothing wrong");
        let is_it = self.must_fail && self.is_own && is_accepted && !self.has_failed();
        let Some(spot) = self.main_spot().filter(|_| is_it) else {
            return Vec::new();
        };
        if !self.is_given_numbers() || self.is_count(spot) {
            return Vec::new();
        }
        let mut functions = spot.source.functions.iter();
        let gives = functions.find_map(|function| gives_back_converted(spot.source, function));
        let Some(gives) = gives else {
            return Vec::new();
        };
        let uses = self.inputs().into_iter().next_back();
        std::iter::once(gives).chain(uses).collect()
    }

    /// Whether all that it was given is digits.
    fn is_given_numbers(&self) -> bool {
        let role = self
            .actor
            .and_then(|(_, actor)| self.case.role(&actor.name));
        let Some(Player::Student { args, .. }) = role.map(|role| &role.player) else {
            return false;
        };
        let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        !args.is_empty() && args.iter().all(|arg| arg.as_text().is_some_and(is_number))
    }

    /// Whether a call of the program failed, or was made to.
    pub(super) fn has_failed(&self) -> bool {
        let everyday = ["access", "open", "stat", "readlink", "ioctl", "exec"];
        self.finding.message.starts_with("when ")
            || self.calls().any(|call| {
                let name = canonical(&call.name, false);
                let errno = call.errno().and_then(|errno| errno.name()).unwrap_or("");
                // What came of going on is no reason to have gone on.
                let is_weather = WEATHER.contains(&errno);
                let failed = call.errno().is_some();
                failed && (call.tampered.is_some() || !(everyday.contains(&name) || is_weather))
            })
    }

    /// Whether it has another number of arguments than it reads.
    pub(super) fn is_count(&self, spot: Spot<'a>) -> bool {
        let source = spot.source;
        let body = spot.function.body.clone();
        let read = body.filter_map(|token| {
            let is_it = source.is_argv(token) && source.is(token + 1, "[");
            let number = source.tokens.get(token + 2).filter(|_| is_it)?.value()?;
            source.is(token + 3, "]").then_some(number)
        });
        let read = read.max().filter(|most| *most > 0);
        let given = self
            .arguments
            .map(|given| i64::try_from(given).unwrap_or(0));
        match (given, read) {
            (Some(given), Some(read)) => given != read,
            (Some(given), None) => given == 0,
            (None, _) => false,
        }
    }

    /// Where `main` looks at how many arguments there are; else where it first speaks of them; else where it begins.
    pub(super) fn counted(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let source = spot.source;
        let controls = source.controls(spot.function).into_iter();
        let counts = controls
            .filter(|control| source.names(control.header.clone()).contains(&"argc"))
            .map(|control| control.at)
            .next();
        let mut body = spot.function.body.clone();
        let spoken = || body.find(|token| source.is(*token, "argc") || source.is_argv(*token));
        let line = counts.or_else(spoken).and_then(|token| source.line(token));
        Some(at(source, line.unwrap_or(spot.function.line)))
    }

    /// Where what it was given is looked at: a number beside the one that was given stands there; what follows a number; else
    /// any place.
    pub(super) fn given_values(&self, spot: Spot<'a>) -> Vec<SourceLine> {
        let inputs = self.inputs();
        let given: Vec<String> = self
            .finding
            .message
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let number = given.iter().find_map(|text| text.parse::<i64>().ok());
        let mut found = Vec::new();
        for source in self
            .sources
            .iter()
            .filter(|source| source.name == spot.source.name)
        {
            for function in &source.functions {
                for control in source.controls(function) {
                    let mut header = control.header.clone();
                    let beside = number.is_some_and(|number| {
                        header.clone().any(|token| {
                            let value = source.tokens.get(token).and_then(|token| token.value());
                            value.is_some_and(|value| value > 1 && value.abs_diff(number) <= 1)
                        })
                    });
                    let behind = number.is_none()
                        && !given.is_empty()
                        && header.any(|token| {
                            source
                                .tokens
                                .get(token)
                                .is_some_and(|token| token.text == "'\\0'")
                        });
                    let names = source.names(control.header.clone());
                    let compares = number.is_none()
                        && !given.is_empty()
                        && names.contains(&"argv")
                        && !names.contains(&"argc");
                    if beside || behind || compares {
                        found.extend(source.place(control.at));
                    }
                }
                let gives = function
                    .body
                    .clone()
                    .rfind(|token| source.is(*token, "return"));
                let converts = function.body.clone().any(|token| {
                    source.word(token).is_some_and(|name| {
                        name.starts_with("strto") || name == "sscanf" || name.starts_with("ato")
                    })
                });
                if let (true, true, Some(gives)) = (
                    number.is_none() && !given.is_empty(),
                    converts && function.name != "main",
                    gives,
                ) {
                    found.extend(source.place(gives));
                }
            }
        }
        if number.is_none() && !given.is_empty() {
            let converted = self.looks_at_converted(spot);
            found.splice(0..0, converted);
        }
        found.dedup();
        found.truncate(2);
        let went_on = self.looked_and_went_on(&inputs);
        match (found.is_empty(), went_on.is_empty()) {
            (false, _) => found,
            (true, false) => went_on,
            (true, true) => inputs,
        }
    }

    /// What looks at a number that was made of an argument.
    fn looks_at_converted(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let source = spot.source;
        source.functions.iter().find_map(|function| {
            let mut body = function.body.clone();
            let converts = body.find(|token| {
                let name = source.word(*token).filter(|_| source.is(token + 1, "("));
                name.is_some_and(|name| name.starts_with("strto") || name.starts_with("ato"))
            })?;
            let equals = converts.checked_sub(1)?;
            let name = source
                .is(equals, "=")
                .then(|| source.name_before(equals))??;
            let mut controls = source.controls(function).into_iter();
            let looks = controls.find(|control| {
                control.at > converts && source.names(control.header.clone()).contains(&name)
            })?;
            source.place(looks.at)
        })
    }

    /// It used an argument that was not there.
    pub(super) fn without_arguments(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let crashed = self
            .actor
            .is_some_and(|(_, actor)| matches!(actor.exit, Exit::Signal { .. }));
        let outermost = lines.last().and_then(|line| self.spot(line));
        let Some(spot) = outermost.filter(|spot| crashed && spot.function.name == "main") else {
            return Vec::new();
        };
        let reads =
            spot.function.body.clone().any(|token| {
                spot.source.is_argv(token) && spot.source.line(token) == Some(spot.line)
            });
        match reads && self.is_count(spot) {
            true => self.counted(spot).into_iter().collect(),
            false => Vec::new(),
        }
    }
}

/// The `return` of a number that a function made of a text, where no statement before it looks at that number.
fn gives_back_converted(source: &Source<'_>, function: &Function<'_>) -> Option<SourceLine> {
    let mut body = function.body.clone();
    let converts = body.find(|token| {
        let name = source.word(*token).filter(|_| source.is(token + 1, "("));
        name.is_some_and(|name| name.starts_with("strto") || name.starts_with("ato"))
    })?;
    let equals = converts.checked_sub(1).filter(|at| source.is(*at, "="))?;
    let name = source.name_before(equals)?;
    let mut controls = source.controls(function).into_iter();
    if controls.any(|control| source.names(control.header.clone()).contains(&name)) {
        return None;
    }
    let gives = body.find(|token| {
        let end = (*token..function.body.end).find(|at| source.is(*at, ";"));
        source.is(*token, "return")
            && end.is_some_and(|end| source.names(*token + 1..end).contains(&name))
    })?;
    source.place(gives)
}
